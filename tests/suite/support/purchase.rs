//! Packages stored for sale, and beginning to buy one.
//!
//! Not here: packages that are put up for sale over HTTP ([`super::credit_package`]).

use domain::id::PackageId;
use entity::credit_package;
use message_credits::graphql::engine::ids::PublicId;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use super::{Server, Tenant, new_key};

/// Begins a purchase.
pub const PURCHASE: &str = "mutation($input: PurchaseCreditsInput!) {
    purchaseCredits(input: $input) {
        purchase { id status package { name } credits price { amount currencyCode } confirmationUrl automatic
            createdAt decidedAt }
        userErrors { field code } } }";

/// A package for sale, stored straight in the database; its id.
pub async fn package(
    server: &Server,
    credits: i64,
    price_minor: i64,
    change: impl FnOnce(&mut credit_package::Model),
) -> String {
    let id = uuid::Uuid::from_bytes(message_credits::entropy::bytes());
    let mut row = credit_package::Model {
        id,
        code: new_key(),
        name: "Starter <pack>".to_owned(),
        credits_units: credits * 10_000,
        price_minor,
        currency_code: "EUR".to_owned(),
        validity_days: None,
        created_at: 0,
        archived_at: None,
    };
    change(&mut row);
    credit_package::Entity::insert(row.into_active_model())
        .exec_without_returning(server.services().store.writer())
        .await
        .unwrap();
    PackageId::new(id).encode().to_string()
}

/// Begins a purchase of a package; the purchase as its owner sees it.
pub async fn begin(server: &Server, tenant: &Tenant, package: &str) -> Value {
    let input = json!({ "packageId": package, "idempotencyKey": new_key() });
    let mut payload = server.done(&tenant.owner, PURCHASE, input).await;
    payload["purchase"].take()
}
