//! Credit packages over HTTP: putting one up for sale.
//!
//! Not here: packages stored straight in the database ([`super::purchase`]).

use serde_json::{Value, json};

use super::Server;

/// Creates a package.
pub const CREATE: &str =
    "mutation($input: CreateCreditPackageInput!) { createCreditPackage(input: $input) {
    package { id code name credits price { amount currencyCode } validityDays archived }
    userErrors { field code } } }";

/// Creates a package; its id.
pub async fn sell(server: &Server, code: &str, credits: &str) -> String {
    let payload = server
        .done(server.admin_key(), CREATE, new_package(code, credits))
        .await;
    payload["package"]["id"].as_str().unwrap().to_owned()
}

/// The input of a new package, at 49.90 EUR.
pub fn new_package(code: &str, credits: &str) -> Value {
    let price = json!({ "amount": "49.90", "currencyCode": "EUR" });
    json!({ "code": code, "name": "Starter", "credits": credits, "price": price })
}
