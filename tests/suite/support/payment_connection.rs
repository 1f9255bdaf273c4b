//! Connecting accounts to their payment provider, and keys for their credentials.

use domain::id::AccountId;
use entity::payment_connection;
use message_credits::{graphql::engine::ids::PublicId, store, vault::Vault};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Server, Tenant};

/// Connects an account.
pub const CONNECT: &str = "mutation($input: ConnectPaymentsInput!) {
    connectPayments(input: $input) {
        paymentConnection { provider merchantId status connectedAt }
        userErrors { field message code } } }";
/// Two keys for secrets, from `openssl rand -base64 32`.
pub const KEYS: [&str; 2] = [
    "first:kq2sLZUUfa9JCpWl8gXBG5pJGqqI2bZCRk4FJ5ufnCM=",
    "second:7rUuEwZ3pXg3pOS8B2wS0iK2bq7PqgkG1xyqSg0b8hM=",
];

/// These keys for secrets, the first of which encrypts.
pub fn vault(keys: &[&str]) -> Vault {
    Vault::parse(&SecretString::from(keys.join(","))).unwrap()
}

/// The input that connects an account to a merchant with an access token.
pub fn with_token(tenant: &Tenant, merchant: &str, token: &str) -> Value {
    json!({
        "accountId": tenant.id,
        "merchantId": merchant,
        "credentials": [
            { "name": "accessToken", "value": token },
            { "name": "refreshToken", "value": format!("refresh-{token}") },
        ],
    })
}

/// An account's connection to a provider, as it is stored.
pub async fn stored(
    server: &Server,
    tenant: &Tenant,
    provider: &str,
) -> Option<payment_connection::Model> {
    let account = AccountId::decode(&tenant.id).unwrap();
    let writer = server.services().store.writer();
    store::payment_connection::find(writer, account, provider)
        .await
        .unwrap()
}
