//! Rate cards over HTTP: publishing them, and charging an account by one.

use serde_json::{Value, json};

use super::{Server, Tenant, account::update};

/// Publishes a version of a card.
pub const PUBLISH: &str =
    "mutation($input: PublishRateCardInput!) { publishRateCard(input: $input) {
    rateCard { id code version publishedAt description creditValue { amount currencyCode }
        rates { countryCode sms mms } }
    userErrors { field code } } }";

/// Publishes a version of a card; the whole version.
pub async fn publish(server: &Server, code: &str, rates: Value) -> Value {
    let worth = json!({ "amount": "0.013", "currencyCode": "EUR" });
    publish_worth(server, code, worth, rates).await
}

/// Publishes a version of a card whose credits have this value; the whole version.
pub async fn publish_worth(server: &Server, code: &str, worth: Value, rates: Value) -> Value {
    let input = json!({ "code": code, "creditValue": worth, "rates": rates });
    let mut payload = server.done(server.admin_key(), PUBLISH, input).await;
    payload["rateCard"].take()
}

/// Lets a card price an account's messages.
pub async fn charge_by(server: &Server, tenant: &Tenant, card: &Value) {
    let id = card["id"].clone();
    update(server, server.admin_key(), tenant, "rateCardId", id).await;
}
