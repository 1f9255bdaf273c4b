//! Accounts over HTTP: their balance and their settings.

use serde_json::{Value, json};

use super::{Server, Tenant};

const UPDATE: &str = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
    account { timeZone settlement } userErrors { field message } } }";

/// The balance of a tenant.
pub async fn balance(server: &Server, tenant: &Tenant) -> Value {
    let read = "{ account { balance { total available held unassigned } } }";
    let mut data = server.data(&tenant.owner, read, json!({})).await;
    data["account"]["balance"].take()
}

/// Changes one setting of an account, which must not be refused; the account.
pub async fn update(
    server: &Server,
    key: &str,
    tenant: &Tenant,
    field: &str,
    value: impl Into<Value>,
) -> Value {
    let input = json!({ "accountId": tenant.id, field: value.into() });
    server.done(key, UPDATE, input).await["account"].take()
}

/// Changes an account's zone.
pub async fn set_zone(server: &Server, tenant: &Tenant, zone: &str) {
    update(server, &tenant.owner, tenant, "timeZone", zone).await;
}

/// Lets the server settle (`AUTOMATIC`), or the sending service (`REPORTED`).
pub async fn set_settlement(server: &Server, tenant: &Tenant, settlement: &str) {
    let account = update(server, server.admin_key(), tenant, "settlement", settlement).await;
    assert_eq!(account["settlement"], settlement);
}
