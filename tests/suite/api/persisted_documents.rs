//! Persisted documents of the program itself: the operator's file, and a server that runs nothing
//! else.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::process::{ADMIN_KEY, Process, output};

/// A folder with a database and a file of trusted documents.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(documents: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Self { folder };
        fs::write(files.documents(), documents.to_string()).unwrap();
        files
    }

    fn documents(&self) -> PathBuf {
        self.folder.path().join("persisted-documents.json")
    }

    fn start(&self, more: &[&str]) -> Process {
        let database = self.folder.path().join("documents.db");
        let url = format!("sqlite://{}?mode=rwc", database.display());
        let documents = self.documents();
        let documents = documents.to_str().unwrap();
        let all = ["--database-url", &url, "--trusted-documents", documents];
        Process::start(&[&all, more].concat())
    }
}

const ROLE: &str = "query Role { viewer { role } }";
const ROLE_ID: &str = "5b1c";

/// The role that an answer shows, or the code of its error.
async fn sent(server: &Process, body: Value) -> String {
    let client = reqwest::Client::new();
    let answer = client
        .post(format!("{}/graphql", server.base))
        .bearer_auth(ADMIN_KEY)
        .json(&body)
        .send()
        .await
        .unwrap();
    shown(&answer.json().await.unwrap())
}

fn shown(answer: &Value) -> String {
    let found = answer["data"]["viewer"]["role"].as_str();
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    let text = found.or(code);
    text.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn a_trusted_document_is_named_as_every_client_names_it() {
    let files = Files::new(&json!({ ROLE_ID: ROLE }));
    let server = files.start(&[]);
    for body in [
        json!({ "documentId": ROLE_ID }),
        json!({ "documentId": format!("sha256:{ROLE_ID}"), "operationName": "Role" }),
        json!({ "id": ROLE_ID, "variables": {} }),
        json!({ "doc_id": ROLE_ID }),
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": ROLE_ID } } }),
        json!({ "query": null, "documentId": ROLE_ID }),
        json!({ "query": "{ viewer { role } }" }),
    ] {
        assert_eq!(
            sent(&server, body.clone()).await,
            "PLATFORM_ADMIN",
            "{body}"
        );
    }
    let unknown = json!({ "documentId": "sha256:0" });
    assert_eq!(sent(&server, unknown).await, "PERSISTED_QUERY_NOT_FOUND");
    let by_get = reqwest::Client::new()
        .get(format!("{}/graphql?documentId={ROLE_ID}", server.base))
        .bearer_auth(ADMIN_KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(shown(&by_get.json().await.unwrap()), "PLATFORM_ADMIN");
}

#[tokio::test]
async fn a_server_of_trusted_documents_runs_nothing_else() {
    let manifest = json!({
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{ "id": ROLE_ID, "name": "Role", "type": "query", "body": ROLE }],
    });
    let files = Files::new(&manifest);
    let server = files.start(&["--documents", "trusted"]);
    let check = async |body: Value, expected: &str| {
        assert_eq!(sent(&server, body.clone()).await, expected, "{body}");
    };
    check(json!({ "documentId": ROLE_ID }), "PLATFORM_ADMIN").await;
    check(json!({ "query": ROLE }), "PLATFORM_ADMIN").await;
    check(
        json!({ "query": format!("{ROLE} ") }),
        "QUERY_NOT_IN_SAFELIST",
    )
    .await;
    let introspection = json!({ "query": "{ __schema { queryType { name } } }" });
    check(introspection, "QUERY_NOT_IN_SAFELIST").await;
    check(json!({ "documentId": "0" }), "PERSISTED_QUERY_NOT_IN_LIST").await;
}

#[test]
fn documents_that_cannot_be_served_are_named_before_the_start() {
    let broken = Files::new(&json!({ "77": "query {" }));
    let path = broken.documents();
    let path = path.to_str().unwrap();
    for (words, told) in [
        (
            vec!["--trusted-documents", path],
            "the document 77 can't be served",
        ),
        (vec!["--documents", "trusted"], "--trusted-documents"),
    ] {
        let checked = output(&[&["config", "check"], words.as_slice()].concat());
        assert_eq!(checked.status.code(), Some(1), "{words:?}");
        let text = String::from_utf8_lossy(&checked.stdout).into_owned()
            + &String::from_utf8_lossy(&checked.stderr);
        assert!(text.contains(told), "{text}");
    }
}
