//! Cursors: each belongs to one list, and is refused by every other.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, message, on_both_databases};

const FIELDS: &str =
    r#"query($type: String!) { __type(name: $type) { fields { name type { ofType { name } } } } }"#;
const ADD: &str = "mutation($input: AddContactsInput!) {
    addContacts(input: $input) { contacts { id } userErrors { message } } }";

/// The fields of a type that are connections.
async fn connections(server: &Server, of: &str) -> Vec<String> {
    let data = server.data(server.admin_key(), FIELDS, json!({ "type": of }));
    let data = data.await;
    let fields = data["__type"]["fields"].as_array().unwrap();
    let is_connection = |field: &&Value| {
        let name = field["type"]["ofType"]["name"].as_str();
        name.is_some_and(|name| name.ends_with("Connection"))
    };
    let names = fields.iter().filter(is_connection);
    names
        .map(|field| field["name"].as_str().unwrap().to_owned())
        .collect()
}

/// A page of a connection of a node, or of the account if there is none.
async fn page(server: &Server, tenant: &Tenant, list: &List, after: Option<&str>) -> Value {
    let after = after.map(|cursor| format!(r#", after: "{cursor}""#));
    let field = format!(
        "{}(first: 1{}) {{ edges {{ cursor }} }}",
        list.field,
        after.unwrap_or_default()
    );
    let query = match &list.node {
        None => format!("{{ account {{ {field} }} }}"),
        Some(id) => format!(r#"{{ node(id: "{id}") {{ ... on ContactList {{ {field} }} }} }}"#),
    };
    server
        .graphql(Some(&tenant.owner), &query, Value::Null)
        .await
}

#[derive(Debug, PartialEq, Eq)]
struct List {
    node: Option<String>,
    field: String,
}

on_both_databases! {
    async fn a_cursor_of_another_list_is_refused(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let destinations = json!([{ "countryCode": "IT", "recipientCount": 2 }]);
        let mut lists: Vec<List> = Vec::new();
        let mut nodes = vec![None];
        for name in ["One", "Two"] {
            let counted = server.list(&tenant, &format!("{name} counted"), destinations.clone()).await;
            message::send(&server, &tenant, message::to_list(&counted, "Ciao")).await;
            let stored = server.list(&tenant, name, json!([])).await;
            let contacts = json!([{ "phoneNumber": "+393351234567" }, { "phoneNumber": "+393351234568" }]);
            server.done(&tenant.owner, ADD, json!({ "listId": stored, "contacts": contacts })).await;
            nodes.extend([Some(counted), Some(stored)]);
        }
        for node in nodes {
            let of = if node.is_some() { "ContactList" } else { "Account" };
            for field in connections(&server, of).await {
                lists.push(List { node: node.clone(), field });
            }
        }
        let mut cursors = Vec::new();
        for list in &lists {
            let answer = page(&server, &tenant, list, None).await;
            let data = answer["data"].as_object().unwrap().values().next().unwrap();
            if let Some(cursor) = data[&list.field]["edges"][0]["cursor"].as_str() {
                cursors.push((list, cursor.to_owned()));
            }
        }
        // Lists, lots, messages, transactions and keys of the account; messages of two lists and
        // contacts of two.
        assert!(cursors.len() >= 9, "{cursors:?}");
        for list in &lists {
            for (of, cursor) in &cursors {
                let answer = page(&server, &tenant, list, Some(cursor)).await;
                if *of == list {
                    assert!(answer.get("errors").is_none(), "{list:?}: {answer}");
                } else {
                    let refused = &answer["errors"][0];
                    assert_eq!(refused["extensions"]["code"], "BAD_USER_INPUT", "{list:?} {of:?}: {answer}");
                    assert_eq!(refused["extensions"]["field"], json!(["after"]), "{answer}");
                }
            }
        }
    }
}
