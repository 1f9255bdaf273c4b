//! The accounts that a version of a rate card prices: `RateCard.accounts`.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::update,
    on_both_databases,
    rate_card::{charge_by, publish},
};

const ACCOUNTS: &str = "query($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on RateCard {
    accounts(first: $first, after: $after) { totalCount nodes { id } pageInfo { endCursor hasNextPage } } } } }";
const PUBLISH: &str = "mutation($input: PublishRateCardInput!) { publishRateCard(input: $input) {
    rateCard { id accounts(first: 10) { nodes { id rateCard { id version } balance { value { amount } } } } }
    userErrors { code } } }";

/// The ids of the accounts that a version prices, and their number.
async fn priced(server: &Server, key: &str, card: &Value) -> (Vec<Value>, Value) {
    let variables = json!({ "id": card["id"], "first": 100 });
    let mut data = server.data(key, ACCOUNTS, variables).await;
    let page = data["node"]["accounts"].take();
    let nodes = page["nodes"].as_array().unwrap().iter();
    (
        nodes.map(|node| node["id"].clone()).collect(),
        page["totalCount"].clone(),
    )
}

fn ids(tenants: &[&Tenant]) -> (Vec<Value>, Value) {
    let ids: Vec<_> = tenants.iter().map(|tenant| json!(tenant.id)).collect();
    (ids, json!(tenants.len()))
}

on_both_databases! {
    async fn a_version_names_the_accounts_that_it_prices(server: Server) {
        let (one, two) = (server.account("One").await, server.account("Two").await);
        let (three, other) = (server.account("Three").await, server.account("Other").await);
        let rates = json!([{ "countryCode": "IT", "sms": "1" }]);
        let first = publish(&server, "gold", rates.clone()).await;
        let admin = server.admin_key();
        assert_eq!(priced(&server, admin, &first).await, ids(&[]));
        for tenant in [&one, &two, &three] {
            charge_by(&server, tenant, &first).await;
            server.grant(tenant, "100").await;
        }
        let all = ids(&[&one, &two, &three]);
        assert_eq!(priced(&server, admin, &first).await, all);
        let default = server.data(&other.owner, "{ account { rateCard { id } } }", json!({})).await;
        let default = &default["account"]["rateCard"];
        assert_eq!(priced(&server, admin, default).await, ids(&[&other]));

        // Page by page.
        let mut walked = Vec::new();
        let mut after = Value::Null;
        loop {
            let variables = json!({ "id": first["id"], "first": 1, "after": after });
            let data = server.data(admin, ACCOUNTS, variables).await;
            let page = &data["node"]["accounts"];
            walked.push(page["nodes"][0]["id"].clone());
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(walked, all.0);

        // A new version answers with what it changed, and the one before prices nobody.
        server.set_time("2026-11-22T09:00:00Z");
        let input = json!({ "code": "gold", "creditValue": { "amount": "0.02", "currencyCode": "EUR" }, "rates": rates });
        let payload = server.done(admin, PUBLISH, input).await;
        let second = &payload["rateCard"];
        let account = |tenant: &Tenant| json!({ "id": tenant.id, "rateCard": { "id": second["id"], "version": 2 },
            "balance": { "value": { "amount": "2.00" } } });
        assert_eq!(second["accounts"]["nodes"], json!([account(&one), account(&two), account(&three)]));
        assert_eq!(priced(&server, admin, &first).await, ids(&[]));
        // An account that changes to another card and one that comes back, later.
        server.set_time("2026-11-23T08:00:00Z");
        update(&server, admin, &two, "rateCardId", default["id"].clone()).await;
        assert_eq!(priced(&server, admin, second).await, ids(&[&one, &three]));
        assert_eq!(priced(&server, admin, default).await, ids(&[&two, &other]));
        server.set_time("2026-11-24T08:00:00Z");
        charge_by(&server, &two, &first).await;
        assert_eq!(priced(&server, admin, second).await, all);
        assert_eq!(priced(&server, admin, default).await, ids(&[&other]));
    }

    async fn only_the_platform_sees_which_accounts_a_card_prices(server: Server) {
        let shop = server.account("Shop").await;
        let manager = server.done(
            server.admin_key(),
            "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret userErrors { code } } }",
            json!({ "role": "ACCOUNT_MANAGER", "name": "Support" }),
        ).await;
        let card = server.data(&shop.owner, "{ account { rateCard { id } } }", json!({})).await;
        let card = &card["account"]["rateCard"];
        let manager = manager["secret"].as_str().unwrap();
        assert_eq!(priced(&server, manager, card).await, ids(&[&shop]));
        for role in ["OWNER", "MEMBER", "VIEWER", "SENDER"] {
            let key = server.key(&shop, role).await;
            let answer = server.graphql(Some(&key), ACCOUNTS, json!({ "id": card["id"], "first": 1 })).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{role}: {answer}");
        }
        // A cursor of another card's accounts is none of these.
        let other = publish(&server, "gold", json!([{ "countryCode": "IT", "sms": "1" }])).await;
        charge_by(&server, &shop, &other).await;
        let data = server.data(manager, ACCOUNTS, json!({ "id": other["id"], "first": 1 })).await;
        let after = &data["node"]["accounts"]["pageInfo"]["endCursor"];
        let answer = server.graphql(Some(manager), ACCOUNTS, json!({ "id": card["id"], "first": 1, "after": after })).await;
        assert_eq!(answer["errors"][0]["extensions"]["field"], json!(["after"]), "{answer}");
    }
}
