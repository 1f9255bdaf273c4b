//! Contacts by their last change over HTTP: what a client fetches that has a copy of a list.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, on_both_databases};

const PAGE: &str = "query($id: ID!, $from: DateTime, $to: DateTime, $search: String, $first: Int, $after: String) {
    node(id: $id) { ... on ContactList {
        contacts(updatedFrom: $from, updatedTo: $to, search: $search, first: $first, after: $after) {
            nodes { id phoneNumber updatedAt createdAt } totalCount pageInfo { hasNextPage endCursor } } } } }";
const ADD: &str = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
    contacts { id updatedAt } userErrors { field message } } }";
const UPDATE: &str = "mutation($input: UpdateContactInput!) { updateContact(input: $input) {
    contact { id updatedAt } userErrors { field message } } }";

async fn page(server: &Server, shop: &Tenant, list: &str, mut variables: Value) -> Value {
    variables["id"] = json!(list);
    let mut data = server.data(&shop.owner, PAGE, variables).await;
    data["node"]["contacts"].take()
}

fn ids(page: &Value) -> Vec<Value> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes.map(|node| node["id"].clone()).collect()
}

async fn add(
    server: &Server,
    shop: &Tenant,
    list: &str,
    number: &str,
    name: &str,
    existing: bool,
) -> Value {
    let row = json!({ "phoneNumber": number, "fields": [{ "name": "name", "value": name }] });
    let input = json!({ "listId": list, "contacts": [row], "updateExisting": existing });
    server.done(&shop.owner, ADD, input).await["contacts"][0].take()
}

on_both_databases! {
    /// A contact that was added, or whose fields or number changed, is found by the instant; one
    /// that was given what it has already is not.
    async fn changed_contacts_are_found(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "List", json!([])).await;
        server.set_time("2026-11-23T09:00:00Z");
        let mut made = Vec::new();
        for (number, name) in [("+393401234567", "Ada"), ("+393401234568", "Bea"), ("+393401234569", "Cleo")] {
            made.push(add(&server, &shop, &list, number, name, false).await["id"].clone());
        }
        let [ada, bea, cleo] = <[Value; 3]>::try_from(made).unwrap();
        let all = page(&server, &shop, &list, json!({})).await;
        for node in all["nodes"].as_array().unwrap() {
            assert_eq!(node["updatedAt"], node["createdAt"]);
        }
        let changed = async |from: &str| {
            let found = page(&server, &shop, &list, json!({ "from": from })).await;
            assert_eq!(found["totalCount"], ids(&found).len());
            ids(&found)
        };
        assert_eq!(changed("2026-11-23T09:00:00Z").await.len(), 3);
        assert!(changed("2026-11-23T09:00:00.000001Z").await.is_empty());
        server.set_time("2026-11-23T10:00:00Z");
        let same = add(&server, &shop, &list, "+393401234567", "Ada", true).await;
        assert_eq!(same["updatedAt"], "2026-11-23T09:00:00Z");
        let other = add(&server, &shop, &list, "+393401234568", "Berta", true).await;
        assert_eq!(other["updatedAt"], "2026-11-23T10:00:00Z");
        assert_eq!(changed("2026-11-23T10:00:00Z").await, std::slice::from_ref(&bea));
        server.set_time("2026-11-23T11:00:00Z");
        let input = json!({ "contactId": cleo, "fields": [{ "name": "name", "value": "Clea" }] });
        assert_eq!(server.done(&shop.owner, UPDATE, input).await["contact"]["updatedAt"], "2026-11-23T11:00:00Z");
        assert_eq!(changed("2026-11-23T11:00:00Z").await, std::slice::from_ref(&cleo));
        server.set_time("2026-11-23T12:00:00Z");
        let input = json!({ "contactId": ada, "phoneNumber": "+393401234560" });
        assert_eq!(server.done(&shop.owner, UPDATE, input).await["contact"]["updatedAt"], "2026-11-23T12:00:00Z");
        assert_eq!(changed("2026-11-23T12:00:00Z").await, std::slice::from_ref(&ada));
        let node = &page(&server, &shop, &list, json!({ "from": "2026-11-23T12:00:00Z" })).await["nodes"][0];
        assert_eq!((&node["createdAt"], &node["phoneNumber"]), (&json!("2026-11-23T09:00:00Z"), &json!("+393401234560")));
        for (variables, expected) in [
            (json!({ "to": "2026-11-23T11:00:00Z" }), vec![&bea]),
            (json!({ "from": "2026-11-23T11:00:00Z", "search": "clea" }), vec![&cleo]),
            (json!({ "from": "2026-11-23T11:00:00Z", "search": "+39340123456" }), vec![&ada, &cleo]),
            (json!({ "from": "2026-11-23T11:00:00Z", "first": 1 }), vec![&cleo]),
        ] {
            let found = page(&server, &shop, &list, variables.clone()).await;
            assert_eq!(ids(&found).iter().collect::<Vec<_>>(), expected, "{variables}");
        }
        let refused = server.graphql(Some(&shop.owner), PAGE, json!({ "id": list, "from": "1970-01-01T00:00:00Z" })).await;
        assert_eq!(refused["errors"][0]["extensions"]["field"], json!(["updatedFrom"]), "{refused}");
    }
}
