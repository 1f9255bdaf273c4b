//! Files in GraphQL requests, by the multipart request specification.

use serde_json::{Value, json};

use super::{Server, field_paths};

/// Imports a file into a list; returns the fields that tests read.
pub const IMPORT: &str = "mutation($list: ID!, $country: CountryCode, $update: Boolean! = false, $file: Upload!,
        $phone: String, $columns: [ImportColumnInput!]) {
    importContacts(input: { listId: $list, defaultCountry: $country, updateExisting: $update, file: $file,
            phoneColumn: $phone, columns: $columns }) {
        list { id recipientCount destinations { countryCode recipientCount } }
        importedCount duplicateCount rejected { line value reason } warnings { line column reason }
        import { id status reason rowCount importedCount duplicateCount rejectedCount warningCount fileName createdAt endedAt }
        userErrors { field message code } } }";

/// Previews a file; returns all fields of a preview.
pub const PREVIEW: &str = "query($file: Upload!) { contactImportPreview(file: $file) {
    delimiter encoding sheet columns { header mergeField isPhoneColumn } phoneColumn problem
    rows { line cells } warnings { line column reason } } }";

/// An operation with a file in the variable `file`: the content type and the body of its request.
pub fn multipart(
    query: &str,
    mut variables: Value,
    (name, content): (&str, impl AsRef<[u8]>),
) -> (&'static str, Vec<u8>) {
    variables["file"] = Value::Null;
    let operations = json!({ "query": query, "variables": variables });
    let part = |name: &str, content: &[u8]| {
        let head = format!("--cut_here\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].concat()
    };
    let file = format!("0\"; filename=\"{name}");
    let body = [
        part("operations", operations.to_string().as_bytes()),
        part("map", br#"{"0":["variables.file"]}"#),
        part(&file, content.as_ref()),
        b"--cut_here--\r\n".to_vec(),
    ];
    ("multipart/form-data; boundary=cut_here", body.concat())
}

impl Server {
    /// Sends an operation with a file in the variable `file`.
    pub async fn upload(
        &self,
        key: Option<&str>,
        query: &str,
        variables: Value,
        file: (&str, impl AsRef<[u8]>),
    ) -> Value {
        let (content_type, body) = multipart(query, variables, file);
        let mut request = self
            .http()
            .post(self.url("/graphql"))
            .header("content-type", content_type)
            .header("graphql-require-preflight", "1")
            .body(body);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.unwrap().json().await.unwrap();
        field_paths::assert_resolve(query, &answer);
        answer
    }

    /// Imports a file; returns the payload, errors included.
    #[track_caller]
    pub fn import<'a>(
        &'a self,
        key: &'a str,
        list: &'a str,
        content: impl AsRef<[u8]> + 'a,
    ) -> impl Future<Output = Value> + 'a {
        self.import_with(
            key,
            json!({ "list": list, "country": "IT" }),
            ("contacts.csv", content),
        )
    }

    /// Imports a file with these variables; returns the payload, errors included.
    #[track_caller]
    pub fn import_with<'a>(
        &'a self,
        key: &'a str,
        variables: Value,
        file: (&'a str, impl AsRef<[u8]> + 'a),
    ) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut response = self.upload(Some(key), IMPORT, variables, file).await;
            assert!(response.get("errors").is_none(), "{caller}: {response:#}");
            response["data"]["importContacts"].take()
        }
    }
}
