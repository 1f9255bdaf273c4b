//! Lots of credits by their last change over HTTP: what a client fetches that has a copy of them.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{scheduled, send, to_italians},
    new_key, on_both_databases,
};

const PAGE: &str = "query($first: Int, $after: String, $filter: CreditLotFilter, $state: CreditLotState) { account {
    lots(first: $first, after: $after, filter: $filter, state: $state, sortKey: UPDATED_AT) {
        nodes { id remaining held used updatedAt createdAt } totalCount pageInfo { hasNextPage endCursor } } } }";
const REVOKE: &str = "mutation($input: RevokeCreditsInput!) { revokeCredits(input: $input) {
    transaction { id } userErrors { message } } }";
const ZONE: &str = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
    account { timeZone } userErrors { message } } }";

async fn page(server: &Server, shop: &Tenant, variables: Value) -> Value {
    let mut data = server.data(&shop.owner, PAGE, variables).await;
    data["account"]["lots"].take()
}

fn ids(page: &Value) -> Vec<Value> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes.map(|node| node["id"].clone()).collect()
}

on_both_databases! {
    /// Each change of a lot is found by its instant: a charge, a hold, its settlement, which moves
    /// held credits alone, an expiry, a revocation, and a new first instant of its day.
    async fn every_change_of_a_lot_has_an_instant(server: Server) {
        let shop = server.account("Shop").await;
        for (hour, credits, expires_on) in [("09", "100", Some("2026-11-28")), ("10", "50", Some("2026-12-20")), ("11", "10", None)] {
            server.set_time(&format!("2026-11-23T{hour}:00:00Z"));
            server.grant_until(&shop, credits, expires_on).await;
        }
        let all = page(&server, &shop, json!({})).await;
        let [soon, later, never] = <[Value; 3]>::try_from(ids(&all)).unwrap();
        for node in all["nodes"].as_array().unwrap() {
            assert_eq!(node["updatedAt"], node["createdAt"]);
        }
        // The lots that changed at or after an instant, in the order of their changes.
        let changed = async |from: &str| {
            let found = page(&server, &shop, json!({ "filter": { "updatedFrom": from } })).await;
            assert_eq!(found["totalCount"], ids(&found).len());
            ids(&found)
        };
        server.set_time("2026-11-24T09:00:00Z");
        send(&server, &shop, to_italians(15)).await;
        let mut two = changed("2026-11-24T09:00:00Z").await;
        two.sort_by_key(Value::to_string);
        let mut expected = vec![soon.clone(), never.clone()];
        expected.sort_by_key(Value::to_string);
        assert_eq!(two, expected, "the lot without an expiration is drawn first");
        server.set_time("2026-11-24T10:00:00Z");
        scheduled(&server, &shop, "2026-11-25T08:00:00Z", to_italians(20)).await;
        assert_eq!(changed("2026-11-24T10:00:00Z").await, std::slice::from_ref(&soon));
        server.set_time("2026-11-25T08:00:00Z");
        server.run_workers().await;
        let settled = page(&server, &shop, json!({ "filter": { "updatedFrom": "2026-11-25T08:00:00Z" } })).await;
        assert_eq!(ids(&settled), std::slice::from_ref(&soon));
        let node = &settled["nodes"][0];
        assert_eq!((&node["remaining"], &node["held"], &node["used"]), (&json!("75"), &json!("0"), &json!("25")));
        server.set_time("2026-11-25T09:00:00Z");
        let input = json!({ "accountId": shop.id, "lotId": later, "credits": "1", "note": "x", "idempotencyKey": new_key() });
        server.done(server.admin_key(), REVOKE, input).await;
        assert_eq!(changed("2026-11-25T09:00:00Z").await, std::slice::from_ref(&later));
        server.set_time("2026-11-26T09:00:00Z");
        server.done(&shop.owner, ZONE, json!({ "accountId": shop.id, "timeZone": "America/New_York" })).await;
        let mut moved = changed("2026-11-26T09:00:00Z").await;
        moved.sort_by_key(Value::to_string);
        let mut expected = vec![soon.clone(), later.clone()];
        expected.sort_by_key(Value::to_string);
        assert_eq!(moved, expected);
        // The expiry is booked as of the day's first instant, and found by that of the booking.
        server.set_time("2026-11-28T12:00:00Z");
        server.run_workers().await;
        assert_eq!(changed("2026-11-28T12:00:00Z").await, std::slice::from_ref(&soon));
        let expired = page(&server, &shop, json!({ "state": "EXPIRED", "filter": { "updatedTo": "2026-11-28T12:00:00.000001Z" } })).await;
        assert_eq!(ids(&expired), std::slice::from_ref(&soon));
        let (mut walked, mut after) = (Vec::new(), Value::Null);
        loop {
            let one = page(&server, &shop, json!({ "first": 1, "after": after })).await;
            walked.extend(ids(&one));
            if one["pageInfo"]["hasNextPage"] == false { break; }
            after = one["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(walked, [never, later, soon]);
        let refused = server.graphql(Some(&shop.owner), PAGE, json!({ "filter": { "updatedFrom": "1970-01-01T00:00:00Z" } })).await;
        let error = &refused["errors"][0]["extensions"];
        assert_eq!(error["field"], json!(["filter", "updatedFrom"]), "{refused}");
    }
}
