//! What erasePerson answers: what it erased, by name.
//!
//! Not here: that nothing of the person is left, and that no figure changes
//! ([`crate::laws::retention`]).

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{send, to_italians},
    on_both_databases,
};

const ERASE: &str = "mutation($input: ErasePersonInput!) { erasePerson(input: $input) {
    contactCount removedContactIds lists { id archived contactCount recipientCount }
    messageCount messages { id name text erasedAt } nextAccountId userErrors { field code } } }";
const NUMBER: &str = "+393401230001";

/// A list with the person and one other; its id, and the person's contact there.
async fn list_with(server: &Server, tenant: &Tenant, name: &str) -> (String, Value) {
    let list = server.list(tenant, name, json!([])).await;
    let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
        contacts { id } userErrors { field code } } }";
    let contacts = json!([{ "phoneNumber": NUMBER }, { "phoneNumber": "+393401230002" }]);
    let added = server
        .done(
            &tenant.owner,
            add,
            json!({ "listId": list, "contacts": contacts }),
        )
        .await;
    (list, added["contacts"][0]["id"].clone())
}

fn sorted(values: &Value) -> Vec<String> {
    let mut texts: Vec<_> = values
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    texts.sort();
    texts
}

on_both_databases! {
    async fn an_erasure_names_what_it_erased(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let (first, in_first) = list_with(&server, &shop, "A").await;
        let (second, in_second) = list_with(&server, &shop, "B").await;
        let (elsewhere, in_elsewhere) = list_with(&server, &other, "C").await;
        server.list(&shop, "Without", json!([])).await;
        server.grant(&shop, "100").await;
        let mut about = to_italians(1);
        about["name"] = json!("To Ann");
        let about = send(&server, &shop, about).await["message"]["id"].take();

        let person = json!({ "phoneNumber": NUMBER, "messageIds": [about] });
        let erased = server.done(&shop.owner, ERASE, person.clone()).await;
        assert_eq!((&erased["contactCount"], &erased["messageCount"]), (&json!(2), &json!(1)));
        assert_eq!(sorted(&erased["removedContactIds"]), sorted(&json!([in_first, in_second])));
        let left = |id: &str| json!({ "id": id, "archived": false, "contactCount": 1, "recipientCount": 1 });
        assert_eq!(sorted(&erased["lists"]), sorted(&json!([left(&first), left(&second)])));
        let message = &erased["messages"][0];
        assert_eq!((&message["id"], &message["name"], &message["text"]), (&about, &Value::Null, &Value::Null));
        assert!(message["erasedAt"].is_string(), "{erased}");

        // Again there is nothing to name.
        let erased = server.done(&shop.owner, ERASE, person).await;
        assert_eq!(erased, json!({ "contactCount": 0, "removedContactIds": [], "lists": [],
            "messageCount": 0, "messages": [], "nextAccountId": null, "userErrors": [] }));
        // In all accounts.
        let erased = server.done(server.admin_key(), ERASE, json!({ "phoneNumber": NUMBER })).await;
        assert_eq!(erased["removedContactIds"], json!([in_elsewhere]));
        assert_eq!(erased["lists"], json!([left(&elsewhere)]));
        // A refused one names nothing.
        let answer = server.graphql(Some(&shop.owner), ERASE, json!({ "input": { "phoneNumber": "12" } })).await;
        let refused = &answer["data"]["erasePerson"];
        assert_eq!((&refused["removedContactIds"], &refused["lists"], &refused["messages"]), (&json!([]), &json!([]), &json!([])));
        assert_eq!(refused["userErrors"][0]["field"], json!(["input", "phoneNumber"]), "{answer}");
    }
}
