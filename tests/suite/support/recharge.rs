//! Automatic recharges over HTTP: setting one, spending below its threshold, and how it stands.

use entity::{payment_connection, sql_enums::ConnectionStatus};
use message_credits::payments;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use super::{
    Server, Tenant, account,
    message::{send, to_italians},
    purchase::package,
    sending,
};

/// Changes the settings.
pub const UPDATE: &str = "mutation($input: UpdateAutoRechargeInput!) { updateAutoRecharge(input: $input) {
    autoRecharge { enabled threshold package { id } monthlyLimit { amount currencyCode } suspendedReason
        confirmationUrl }
    userErrors { field code message } } }";
const READ: &str = "{ account {
    autoRecharge { enabled threshold package { id } monthlyLimit { amount } spentThisMonth { amount }
        remainingThisMonth { amount } suspendedReason heldBack nextAttemptAt confirmationUrl
        inFlight { id status automatic credits } providerLimit { cap { amount } used { amount } periodEnd } }
    balance { available }
    purchases(first: 100) { nodes { id status automatic credits price { amount } } } } }";

/// An account with 50 credits for 50.00 EUR whenever it falls below 20, at most 300.00 EUR a month.
pub struct Shop {
    pub tenant: Tenant,
    pub package: String,
}

/// A shop with these credits, whose recharge is on.
pub async fn shop(server: &Server, credits: &str) -> Shop {
    let shop = quiet_shop(server, credits).await;
    let limit = json!({ "amount": "300.00", "currencyCode": "EUR" });
    set(
        server,
        &shop,
        json!({ "enabled": true, "threshold": "20", "packageId": shop.package, "monthlyLimit": limit }),
    )
    .await;
    shop
}

/// The same without a recharge.
pub async fn quiet_shop(server: &Server, credits: &str) -> Shop {
    let tenant = server.account("Shop").await;
    server.grant(&tenant, credits).await;
    let package = package(server, 50, 5_000, |_| {}).await;
    Shop { tenant, package }
}

/// Changes the settings of a shop, which must not be refused.
pub async fn set(server: &Server, shop: &Shop, input: Value) -> Value {
    let mut payload = server.done(&shop.tenant.owner, UPDATE, input).await;
    payload["autoRecharge"].take()
}

/// How a shop's account stands.
pub async fn look(server: &Server, shop: &Shop) -> Value {
    let mut data = server.data(&shop.tenant.owner, READ, json!({})).await;
    data["account"].take()
}

/// Spends credits, which must not be refused.
pub async fn spend(server: &Server, shop: &Shop, credits: i64) {
    send(server, &shop.tenant, to_italians(credits)).await;
}

/// The available credits.
pub async fn available(server: &Server, shop: &Shop) -> String {
    let balance = account::balance(server, &shop.tenant).await;
    balance["available"].as_str().unwrap().to_owned()
}

/// The statuses of the automatic purchases, the oldest first.
pub fn automatic(account: &Value) -> Vec<&str> {
    let nodes = account["purchases"]["nodes"].as_array().unwrap().iter();
    let automatic = nodes.filter(|node| node["automatic"] == true);
    let statuses = automatic.map(|node| node["status"].as_str().unwrap());
    statuses.rev().collect()
}

/// Connects a shop to the sandbox with a rehearsal.
pub async fn rehearse(server: &Server, shop: &Shop, rehearsal: &str) {
    connect(server, shop, payments::DEMO, rehearsal).await;
}

/// Connects a shop to a provider that takes no credentials.
pub async fn connect(server: &Server, shop: &Shop, provider: &str, merchant: &str) {
    let writer = server.services().store.writer();
    let account_id = sending::account(&shop.tenant).uuid();
    let provider = provider.to_owned();
    payment_connection::Entity::delete_by_id((account_id, provider.clone()))
        .exec(writer)
        .await
        .unwrap();
    let row = payment_connection::Model {
        account_id,
        provider,
        merchant: merchant.to_owned(),
        status: ConnectionStatus::Active,
        secret_key_id: None,
        secrets: None,
        renewing_until: None,
        mandate: None,
        connected_at: 0,
        updated_at: 0,
    };
    payment_connection::Entity::insert(row.into_active_model())
        .exec_without_returning(writer)
        .await
        .unwrap();
}
