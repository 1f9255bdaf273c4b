//! Packages stored for sale, and beginning to buy one.
//!
//! Not here: packages that are put up for sale over HTTP ([`super::credit_package`]).

use domain::id::{LotId, PackageId, PurchaseId};
use entity::{credit_package, purchase, sql_enums::PurchaseStatus};
use jiff::Timestamp;
use message_credits::{clock::id_at, graphql::engine::ids::PublicId, ledger::RequestKind};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use super::{
    Server, Tenant, new_key,
    sending::{account, submit},
};

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
        position: None,
        updated_at: None,
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

/// Begins a purchase of a package by bank transfer; the purchase as its owner sees it.
pub async fn begin_transfer(server: &Server, tenant: &Tenant, package: &str) -> Value {
    let input =
        json!({ "packageId": package, "method": "BANK_TRANSFER", "idempotencyKey": new_key() });
    let mut payload = server.done(&tenant.owner, PURCHASE, input).await;
    payload["purchase"].take()
}

/// A purchase of a package as it was paid at an instant, stored and credited straight through the
/// ledger; by the automatic recharge if `automatic`.
pub async fn paid_at(
    server: &Server,
    tenant: &Tenant,
    (package, credits, price_minor): (&str, i64, i64),
    automatic: bool,
    at: Timestamp,
) -> PurchaseId {
    let id = id_at(at);
    let row = purchase::Model {
        account_id: account(tenant).uuid(),
        id,
        status: PurchaseStatus::Pending,
        package_id: PackageId::decode(package).unwrap().uuid(),
        credits_units: credits * 10_000,
        price_minor,
        currency_code: "EUR".to_owned(),
        validity_days: None,
        automatic,
        provider: "sandbox".to_owned(),
        provider_reference: None,
        confirmation_url: None,
        return_url: None,
        package_count: 1,
        reason: None,
        called_at: None,
        next_at: None,
        claimed_until: None,
        attempts: 0,
        lot_id: None,
        reversed_minor: 0,
        reversed_units: 0,
        confirmed_with: None,
        created_at: at.as_microsecond(),
        decided_at: None,
        actor_id: None,
        updated_at: None,
        canceled_at: None,
    };
    purchase::Entity::insert(row.into_active_model())
        .exec_without_returning(server.services().store.writer())
        .await
        .unwrap();
    let credit = RequestKind::Credit {
        purchase: PurchaseId::new(id),
        lot: LotId::new(id_at(at)),
        is_confirmed: true,
    };
    submit(server, tenant, at, credit).await;
    PurchaseId::new(id)
}
