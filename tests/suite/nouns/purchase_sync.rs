//! Purchases by their last change over HTTP: what a client fetches that has a copy of them.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, on_both_databases,
    purchase::{begin, begin_transfer, package},
};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $reverse: Boolean!,
        $filter: PurchaseFilter) { account {
    purchases(first: $first, after: $after, last: $last, before: $before, reverse: $reverse,
        filter: $filter, sortKey: UPDATED_AT) {
        nodes { id status updatedAt } totalCount pageInfo { hasNextPage startCursor endCursor } } } }";
const CANCEL: &str = "mutation($input: CancelPurchaseInput!) { cancelPurchase(input: $input) {
    purchase { id updatedAt } userErrors { message } } }";

async fn page(server: &Server, shop: &Tenant, mut variables: Value) -> Value {
    if variables["reverse"].is_null() {
        variables["reverse"] = json!(false);
    }
    let mut data = server.data(&shop.owner, PAGE, variables).await;
    data["account"]["purchases"].take()
}

fn ids(page: &Value) -> Vec<Value> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes.map(|node| node["id"].clone()).collect()
}

/// Three purchases that were begun an hour apart, at 9, 10 and 11.
async fn three(server: &Server, shop: &Tenant, is_transfer: bool) -> [Value; 3] {
    let package = package(server, 100, 1_000, |_| {}).await;
    let mut begun = Vec::new();
    for hour in ["09", "10", "11"] {
        server.set_time(&format!("2026-11-23T{hour}:00:00Z"));
        let purchase = match is_transfer {
            true => begin_transfer(server, shop, &package).await,
            false => begin(server, shop, &package).await,
        };
        begun.push(purchase["id"].clone());
    }
    begun.try_into().unwrap()
}

/// All pages of one purchase, from the start.
async fn walk(server: &Server, shop: &Tenant) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let found = page(server, shop, json!({ "first": 1, "after": after })).await;
        all.extend(ids(&found));
        if found["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = found["pageInfo"]["endCursor"].clone();
    }
}

on_both_databases! {
    /// The purchase that changed longest ago comes first, and the filter bounds the last change.
    async fn changed_purchases_are_found(server: Server) {
        let shop = server.account("Shop").await;
        let [a, b, c] = three(&server, &shop, true).await;
        server.set_time("2026-11-23T12:00:00Z");
        server.done(&shop.owner, CANCEL, json!({ "purchaseId": a })).await;
        let all = page(&server, &shop, json!({})).await;
        assert_eq!(ids(&all), [b.clone(), c.clone(), a.clone()]);
        assert_eq!(all["totalCount"], 3);
        assert_eq!(walk(&server, &shop).await, ids(&all));
        let reversed = page(&server, &shop, json!({ "reverse": true, "first": 2 })).await;
        assert_eq!(ids(&reversed), [a.clone(), c.clone()]);
        let last = page(&server, &shop, json!({ "last": 1 })).await;
        let before = &last["pageInfo"]["startCursor"];
        let rest = page(&server, &shop, json!({ "last": 5, "before": before })).await;
        assert_eq!(ids(&rest), [b.clone(), c.clone()]);
        for (filter, expected) in [
            (json!({ "updatedFrom": "2026-11-23T11:00:00Z" }), vec![&c, &a]),
            (json!({ "updatedFrom": "2026-11-23T11:00:00.000001Z" }), vec![&a]),
            (json!({ "updatedTo": "2026-11-23T12:00:00Z" }), vec![&b, &c]),
            (json!({ "updatedFrom": "2026-11-23T11:00:00Z", "updatedTo": "2026-11-23T12:00:00Z" }), vec![&c]),
            (json!({ "updatedFrom": "2026-11-23T13:00:00Z" }), vec![]),
        ] {
            let found = page(&server, &shop, json!({ "filter": filter })).await;
            assert_eq!(ids(&found).iter().collect::<Vec<_>>(), expected, "{filter}");
            assert_eq!(found["totalCount"], expected.len(), "{filter}");
        }
        let other = server.account("Other").await;
        assert_eq!(page(&server, &other, json!({})).await["totalCount"], 0);
        let early = json!({ "reverse": false, "filter": { "updatedTo": "1970-01-01T00:00:00Z" } });
        let refused = server.graphql(Some(&shop.owner), PAGE, early).await;
        let error = &refused["errors"][0]["extensions"];
        assert_eq!(error["field"], json!(["filter", "updatedTo"]), "{refused}");
        assert_eq!(error["code"], "BAD_USER_INPUT");
    }

    /// A purchase that changes after its page comes again on a later one.
    async fn a_change_during_a_sync_is_not_missed(server: Server) {
        let shop = server.account("Shop").await;
        let [a, b, c] = three(&server, &shop, true).await;
        let first = page(&server, &shop, json!({ "first": 1 })).await;
        assert_eq!(ids(&first), std::slice::from_ref(&a));
        server.set_time("2026-11-23T12:00:00Z");
        for purchase in [&b, &a] {
            server.done(&shop.owner, CANCEL, json!({ "purchaseId": purchase })).await;
        }
        let after = &first["pageInfo"]["endCursor"];
        let rest = page(&server, &shop, json!({ "after": after })).await;
        let mut changed = ids(&rest);
        assert_eq!(changed.remove(0), c);
        assert_eq!((changed.len(), changed.contains(&a), changed.contains(&b)), (2, true, true));
    }

    /// Purchases from before changes were recorded have the place of their last state, also those
    /// that expire while nobody stores it.
    async fn earlier_purchases_have_a_place(server: Server) {
        let shop = server.account("Shop").await;
        let begun = three(&server, &shop, false).await;
        let writer = server.services().store.writer();
        writer.execute_unprepared("UPDATE purchases SET updated_at = NULL").await.unwrap();
        assert_eq!(walk(&server, &shop).await, begun);
        server.set_time("2026-11-27T09:00:00Z");
        let all = page(&server, &shop, json!({})).await;
        assert!(all["nodes"].as_array().unwrap().iter().all(|node| node["status"] == "EXPIRED"), "{all}");
        assert_eq!(walk(&server, &shop).await, begun);
    }
}
