//! Accounts over HTTP: creating them, their settings, and who sees them.

use serde_json::json;

use crate::support::on_both_databases;

const CREATE: &str = "mutation($input: CreateAccountInput!) {
    createAccount(input: $input) {
        account { id name timeZone currencyCode consumptionOrder settlement
            balance { total held available assigned unassigned value { amount currencyCode } nextExpiry { credits } } }
        userErrors { field message code } } }";

on_both_databases! {
    /// A new account has Italian time and no credits.
    async fn an_account_begins_empty(server: Server) {
        let mut payload = server.done(server.admin_key(), CREATE, json!({ "name": "Shop" })).await;
        payload["account"]["id"].take();
        assert_eq!(payload["account"], json!({
            "id": null,
            "name": "Shop",
            "timeZone": "Europe/Rome",
            "currencyCode": "EUR",
            "consumptionOrder": "NON_EXPIRING_FIRST",
            "settlement": "AUTOMATIC",
            "balance": {
                "total": "0", "held": "0", "available": "0", "assigned": "0", "unassigned": "0",
                "value": { "amount": "0.00", "currencyCode": "EUR" },
                "nextExpiry": null,
            },
        }));
    }

    /// Each invalid input is named, and nothing is created.
    async fn bad_accounts_are_refused(server: Server) {
        for (input, field) in [
            (json!({ "name": "  " }), "name"),
            (json!({ "name": "x".repeat(10_000) }), "name"),
            (json!({ "name": "Shop", "timeZone": "Mars/Olympus" }), "timeZone"),
            (json!({ "name": "Shop", "currencyCode": "EURO" }), "currencyCode"),
            (json!({ "name": "Shop", "rateCardId": "card_00000000000000000000000009" }), "rateCardId"),
        ] {
            let response = server.graphql(Some(server.admin_key()), CREATE, json!({ "input": input })).await;
            let refused = &response["data"]["createAccount"];
            assert_eq!(refused["account"], json!(null), "{response}");
            assert_eq!(refused["userErrors"][0]["field"], json!(["input", field]), "{response}");
        }
        let accounts = server.data(server.admin_key(), "{ accounts { totalCount } }", json!({})).await;
        assert_eq!(accounts["accounts"]["totalCount"], 0);
    }

    /// Another account answers as if it did not exist.
    async fn accounts_do_not_see_each_other(server: Server) {
        let (one, other) = (server.account("One").await, server.account("Other").await);
        let read = "query($id: ID!) { account(id: $id) { name } node(id: $id) { id } }";
        let own = server.data(&one.owner, read, json!({ "id": one.id })).await;
        assert_eq!(own["account"]["name"], "One");
        let foreign = server.data(&one.owner, read, json!({ "id": other.id })).await;
        assert_eq!(foreign, json!({ "account": null, "node": null }));
    }
}

/// A query that nests lists and their accounts, and would return millions of nodes, is refused
/// before it runs.
#[tokio::test]
async fn a_deeply_nested_query_is_refused() {
    let server = crate::support::Server::on_sqlite().await;
    let tenant = server.account("Shop").await;
    let mut query = "{ id }".to_owned();
    for _ in 0..3 {
        query = format!("{{ lists(first: 1000) {{ nodes {{ account {query} }} }} }}");
    }
    let answer = server
        .graphql(
            Some(&tenant.owner),
            &format!("{{ account {query} }}"),
            json!({}),
        )
        .await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "OUTPUT_TOO_LARGE",
        "{answer}"
    );
}
