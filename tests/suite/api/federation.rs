//! Entities of a federated graph: found for those who see them, by the same rules as every node.

use serde_json::{Value, json};

use crate::support::on_both_databases;

const ENTITIES: &str = "query($all: [_Any!]!) { _entities(representations: $all) {
    __typename ... on Account { id } ... on ContactList { id name } ... on Message { id } } }";

fn representation(type_name: &str, id: &Value) -> Value {
    json!({ "__typename": type_name, "id": id })
}

on_both_databases! {
    async fn entities_are_null_unless_the_viewer_sees_them(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let rows = json!([{ "countryCode": "IT", "recipientCount": 10 }]);
        let list = json!(server.list(&shop, "List", rows).await);
        let account = json!(shop.id);
        let all = json!([
            representation("Account", &account),
            representation("ContactList", &list),
            // Of another type than its id, of a type that has no entities, and unknown.
            representation("Message", &list),
            representation("CreditLot", &account),
            representation("Account", &json!("acct_unknown")),
        ]);
        let asks = async |key: &str| {
            let data = server.data(key, ENTITIES, json!({ "all": all }));
            data.await["_entities"].take()
        };
        let found = json!([
            { "__typename": "Account", "id": account },
            { "__typename": "ContactList", "id": list, "name": "List" },
            null,
            null,
            null,
        ]);
        let manager = server.admin_key();
        for key in [&shop.owner, &server.key(&shop, "SENDER").await, manager] {
            assert_eq!(asks(key).await, found);
        }
        assert_eq!(asks(&other.owner).await, json!([null, null, null, null, null]));
        let none = server.graphql(None, ENTITIES, json!({ "all": all })).await;
        assert_eq!(none["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }

    async fn representations_are_bounded_and_checked(server: Server) {
        let shop = server.account("Shop").await;
        let asks = async |all: Value| {
            let answer = server.graphql(Some(&shop.owner), ENTITIES, json!({ "all": all }));
            answer.await["errors"][0]["extensions"]["code"].clone()
        };
        let one = representation("Account", &json!(shop.id));
        assert_eq!(asks(json!(vec![&one; 1_000])).await, Value::Null);
        assert_eq!(asks(json!(vec![&one; 1_001])).await, "BAD_USER_INPUT");
        for malformed in [json!([1]), json!([{ "id": shop.id }]), json!([{ "__typename": "Account" }])] {
            assert_eq!(asks(malformed).await, "BAD_USER_INPUT");
        }
    }
}

#[test]
fn the_schema_of_the_subgraph_names_its_entities() {
    let sdl = message_credits::graphql::federation::subgraph_sdl();
    assert!(
        sdl.contains("https://specs.apollo.dev/federation/v2"),
        "{sdl}"
    );
    for name in ["Account", "ContactList", "Message"] {
        let entity = format!("type {name} implements Node @key(fields: \"id\")");
        assert!(sdl.contains(&entity), "{name}");
    }
    assert_eq!(sdl.matches("@key(").count(), 3);
    for own in ["_service", "_entities", "_Any", "Subscription"] {
        assert!(
            !sdl.contains(&format!("{own}(")) && !sdl.contains(&format!("{own}:")),
            "{own}"
        );
    }
}
