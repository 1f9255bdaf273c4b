//! The ledger entries of a message over HTTP.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{CANCEL, scheduled, send, to_italians},
    new_key, on_both_databases,
};

const READ: &str = "query($id: ID!, $first: Int, $after: String, $reverse: Boolean!) { node(id: $id) { ... on Message {
    transactions(first: $first, after: $after, reverse: $reverse) { nodes { kind credits message { id } } totalCount
        pageInfo { hasNextPage endCursor } } } } }";
const ALL: &str = "{ account { messages(first: 50) { nodes { id transactions(first: 5) { nodes { kind message { id } } } } } } }";
const UPDATE: &str = "mutation($input: UpdateMessageInput!) { updateMessage(input: $input) {
    message { id } userErrors { message } } }";
const AT: &str = "2026-11-25T08:00:00Z";

/// The kinds and credits of a message's transactions, the newest first, all on one page.
async fn entries(server: &Server, shop: &Tenant, id: &Value) -> Vec<(String, String)> {
    let data = server
        .data(&shop.owner, READ, json!({ "id": id, "reverse": false }))
        .await;
    let page = &data["node"]["transactions"];
    let nodes = page["nodes"].as_array().unwrap();
    assert_eq!(page["totalCount"], nodes.len());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    nodes
        .iter()
        .map(|node| {
            assert_eq!(node["message"]["id"], *id);
            (text(&node["kind"]), text(&node["credits"]))
        })
        .collect()
}

fn entry(kind: &str, credits: &str) -> (String, String) {
    (kind.to_owned(), credits.to_owned())
}

on_both_databases! {
    /// A message's entries are found whether one lot paid or several, and whether it was held,
    /// changed, canceled or settled; those of other messages at the same instant are not among
    /// them.
    async fn each_message_has_its_own_entries(server: Server) {
        let shop = server.account("Shop").await;
        server.grant_until(&shop, "10", Some("2026-12-01")).await;
        server.grant_until(&shop, "1000", Some("2026-12-20")).await;
        let beside: Vec<Value> = futures_util::future::join_all((0..3).map(|_| send(&server, &shop, to_italians(1)))).await;
        let one = send(&server, &shop, to_italians(3)).await["message"]["id"].clone();
        let two = send(&server, &shop, to_italians(20)).await["message"]["id"].clone();
        let held = scheduled(&server, &shop, AT, to_italians(5)).await;
        let canceled = scheduled(&server, &shop, AT, to_italians(6)).await;
        assert_eq!(entries(&server, &shop, &one).await, [entry("SPEND", "-3")]);
        assert_eq!(entries(&server, &shop, &two).await, [entry("SPEND", "-20")]);
        assert_eq!(entries(&server, &shop, &held).await, [entry("HOLD", "-5")]);
        for sent in &beside {
            assert_eq!(entries(&server, &shop, &sent["message"]["id"]).await, [entry("SPEND", "-1")]);
        }
        let change = json!({ "messageId": held, "idempotencyKey": new_key(),
            "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 9 }] } });
        server.done(&shop.owner, UPDATE, change).await;
        server.done(&shop.owner, CANCEL, json!({ "messageId": canceled, "idempotencyKey": new_key() })).await;
        assert_eq!(entries(&server, &shop, &canceled).await, [entry("RELEASE", "6"), entry("HOLD", "-6")]);
        let moved = [entry("HOLD", "-9"), entry("RELEASE", "5"), entry("HOLD", "-5")];
        assert_eq!(entries(&server, &shop, &held).await, moved);
        server.set_time("2026-11-25T08:00:01Z");
        server.run_workers().await;
        let settled = [entry("SPEND", "0"), entry("HOLD", "-9"), entry("RELEASE", "5"), entry("HOLD", "-5")];
        assert_eq!(entries(&server, &shop, &held).await, settled);

        let (mut walked, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "id": held, "first": 1, "after": after, "reverse": true });
            let data = server.data(&shop.owner, READ, variables).await;
            let page = &data["node"]["transactions"];
            walked.push(page["nodes"][0]["kind"].clone());
            if page["pageInfo"]["hasNextPage"] == false { break; }
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(walked, ["HOLD", "RELEASE", "HOLD", "SPEND"]);
        let all = server.data(&shop.owner, ALL, json!({})).await;
        let nodes = all["account"]["messages"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 7);
        for node in nodes {
            let of = node["transactions"]["nodes"].as_array().unwrap();
            assert!(!of.is_empty() && of.iter().all(|entry| entry["message"]["id"] == node["id"]), "{node}");
        }
        let sender = server.key(&shop, "SENDER").await;
        let refused = server.graphql(Some(&sender), READ, json!({ "id": one, "reverse": false })).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
        let other = server.account("Other").await;
        assert!(server.data(&other.owner, READ, json!({ "id": one, "reverse": false })).await["node"].is_null());
    }

    /// A message that is settled late has its entries, also if another one was charged in between.
    async fn entries_of_a_late_settlement_are_found(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "100").await;
        let held = scheduled(&server, &shop, AT, to_italians(4)).await;
        server.set_time("2026-11-26T08:00:00Z");
        send(&server, &shop, to_italians(2)).await;
        server.run_workers().await;
        assert_eq!(entries(&server, &shop, &held).await, [entry("SPEND", "0"), entry("HOLD", "-4")]);
    }
}
