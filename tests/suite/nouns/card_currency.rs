//! An account's rate card is in its currency (law Q7): what is refused at every place that assigns
//! a card, and accounts from before that was checked.

use message_credits::store;
use serde_json::{Value, json};

use crate::support::{
    Server,
    message::to_italians,
    on_both_databases,
    quote::quote,
    rate_card::{PUBLISH, charge_by, publish, publish_worth},
    sending,
};

const CREATE: &str = "mutation($input: CreateAccountInput!) { createAccount(input: $input) {
    account { currencyCode rateCard { code creditValue { currencyCode } } }
    userErrors { field message code } } }";
const UPDATE: &str = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
    account { name rateCard { code } } userErrors { field message code } } }";

async fn create(server: &Server, input: Value) -> Value {
    let mut answer = server
        .graphql(Some(server.admin_key()), CREATE, json!({ "input": input }))
        .await;
    answer["data"]["createAccount"].take()
}

/// Publishes a card in a currency, whose SMS cost one credit everywhere.
async fn card_in(server: &Server, code: &str, currency: &str) -> Value {
    let worth = json!({ "amount": "0.011", "currencyCode": currency });
    publish_worth(server, code, worth, json!([{ "sms": "1" }])).await
}

/// Asserts that a mutation's payload is refused at a field of the input, with a message that
/// contains all of these.
fn assert_refused(payload: &Value, field: &[&str], words: &[&str]) {
    let path: Vec<_> = ["input"].iter().chain(field).collect();
    assert_eq!(payload["userErrors"][0]["field"], json!(path), "{payload}");
    assert_eq!(payload["userErrors"][0]["code"], "INVALID", "{payload}");
    let message = payload["userErrors"][0]["message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "{word}: {message}");
    }
}

on_both_databases! {
    /// A new account's card is in its currency, whether it is named or not; otherwise nothing is
    /// created, and the refusal says what to publish.
    async fn a_new_account_has_a_card_in_its_currency(server: Server) {
        let dollars = |card: &Value| json!({ "name": "Shop", "currencyCode": "USD", "rateCardId": card });
        let refused = create(&server, dollars(&Value::Null)).await;
        assert_eq!(refused["account"], Value::Null);
        assert_refused(&refused, &["currencyCode"], &["USD", "\"default-usd\"", "rateCardId"]);
        let euros = publish(&server, "euros", json!([{ "sms": "1" }])).await;
        let refused = create(&server, dollars(&euros["id"])).await;
        assert_eq!(refused["account"], Value::Null);
        assert_refused(&refused, &["rateCardId"], &["\"euros\" is in EUR", "pays in USD"]);
        let accounts = server.data(server.admin_key(), "{ accounts { totalCount } }", json!({})).await;
        assert_eq!(accounts["accounts"]["totalCount"], 0);

        let own = card_in(&server, "american", "USD").await;
        let created = create(&server, dollars(&own["id"])).await;
        assert_eq!(created["account"], json!({
            "currencyCode": "USD", "rateCard": { "code": "american", "creditValue": { "currencyCode": "USD" } },
        }));
        card_in(&server, "default-usd", "USD").await;
        let created = create(&server, dollars(&Value::Null)).await;
        assert_eq!(created["account"]["rateCard"]["code"], "default-usd", "{created}");
        // The name alone decides nothing.
        card_in(&server, "default-jpy", "EUR").await;
        let refused = create(&server, json!({ "name": "Shop", "currencyCode": "JPY" })).await;
        assert_refused(&refused, &["currencyCode"], &["JPY"]);
    }

    /// An account keeps its card if it is given one in another currency.
    async fn a_foreign_card_is_not_assigned(server: Server) {
        let tenant = server.account("Shop").await;
        let foreign = card_in(&server, "american", "USD").await;
        let input = json!({ "accountId": tenant.id, "name": "Renamed", "rateCardId": foreign["id"] });
        let answer = server.graphql(Some(server.admin_key()), UPDATE, json!({ "input": input })).await;
        let refused = &answer["data"]["updateAccount"];
        assert_eq!(refused["account"], Value::Null);
        assert_refused(refused, &["rateCardId"], &["\"american\" is in USD", "pays in EUR"]);
        let read = "{ account { name rateCard { code } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data["account"], json!({ "name": "Shop", "rateCard": { "code": "default" } }));
        let own = publish(&server, "euros", json!([{ "sms": "2" }])).await;
        charge_by(&server, &tenant, &own).await;
        assert_eq!(quote(&server, &tenant, to_italians(10)).await["credits"], "20");
    }

    /// A card stays in its currency, also if two first versions race.
    async fn a_card_stays_in_its_currency(server: Server) {
        let input = |code: &str, currency: &str| json!({ "input": {
            "code": code, "creditValue": { "amount": "0.01", "currencyCode": currency }, "rates": [{ "sms": "5" }],
        } });
        let admin = Some(server.admin_key());
        let publish = "mutation($input: PublishRateCardInput!) { publishRateCard(input: $input) {
            rateCard { version } userErrors { field message code } } }";
        let answer = server.graphql(admin, publish, input("default", "USD")).await;
        let refused = &answer["data"]["publishRateCard"];
        assert_eq!(refused["rateCard"], Value::Null);
        assert_refused(refused, &["creditValue", "currencyCode"], &["\"default\" is in EUR", "in USD"]);
        let cards = "{ rateCards { totalCount } }";
        assert_eq!(server.data(server.admin_key(), cards, json!({})).await["rateCards"]["totalCount"], 2);

        let both = ["GBP", "CHF", "GBP", "CHF"].map(|currency| {
            server.graphql(admin, PUBLISH, input("race", currency))
        });
        let answers = futures_util::future::join_all(both).await;
        let published: Vec<_> = answers
            .iter()
            .map(|answer| &answer["data"]["publishRateCard"]["rateCard"])
            .filter(|card| !card.is_null())
            .collect();
        assert_eq!(published.len(), 2, "{answers:?}");
        assert_eq!(published[0]["creditValue"], published[1]["creditValue"]);
    }

    /// Accounts whose card was in another currency before that was refused are charged by it as
    /// before, say so, and can be given a card in their own.
    async fn accounts_with_foreign_cards_go_on(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        card_in(&server, "american", "USD").await;
        let (writer, now) = (server.services().store.writer(), server.services().clock.now());
        store::account::set_rate_card(writer, sending::account(&tenant), "american", now)
            .await
            .unwrap();
        let quoted = quote(&server, &tenant, to_italians(10)).await;
        assert_eq!(quoted["cost"], json!({ "amount": "0.11", "currencyCode": "USD" }));
        card_in(&server, "american", "USD").await;
        server.set_time("2026-11-22T09:00:00Z");
        let read = "{ account { currencyCode rateCard { version creditValue { currencyCode } } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data["account"], json!({
            "currencyCode": "EUR", "rateCard": { "version": 2, "creditValue": { "currencyCode": "USD" } },
        }));
        let input = json!({ "accountId": tenant.id, "name": "Renamed" });
        let done = server.done(server.admin_key(), UPDATE, input).await;
        assert_eq!(done["account"], json!({ "name": "Renamed", "rateCard": { "code": "american" } }));
        let own = publish(&server, "euros", json!([{ "sms": "2" }])).await;
        charge_by(&server, &tenant, &own).await;
        let quoted = quote(&server, &tenant, to_italians(10)).await;
        assert_eq!(quoted["cost"], json!({ "amount": "0.26", "currencyCode": "EUR" }));
    }
}
