//! A one-time payment for a package.

use sea_orm::entity::prelude::*;

use crate::sql_enums::PurchaseStatus;

/// A payment and the package it buys, as it was offered when the purchase started.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "purchases")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The purchase.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its status.
    pub status: PurchaseStatus,
    /// The package.
    pub package_id: Uuid,
    /// Units of 1/10,000 credit.
    pub credits_units: i64,
    /// The price in the currency's minor unit.
    pub price_minor: i64,
    /// The currency, an ISO 4217 code.
    pub currency_code: String,
    /// Days from the day of payment to the expiration day; null if the credits never expire.
    pub validity_days: Option<i32>,
    /// Whether automatic recharge started it.
    pub automatic: bool,
    /// The payment provider.
    pub provider: String,
    /// The provider's reference for the payment. It grants nothing: of a token that grants access,
    /// only the hash is stored.
    #[sea_orm(unique)]
    pub provider_reference: Option<String>,
    /// The provider's page on which the owner approves the charge, after signing in there. Null for
    /// the sandbox, whose addresses grant access and are made on request.
    pub confirmation_url: Option<String>,
    /// The address that the buyer is sent back to.
    pub return_url: Option<String>,
    /// How many packages it buys. Credits and price are those of all of them.
    pub package_count: i32,
    /// Why it was declined or failed, in the provider's words.
    pub reason: Option<String>,
    /// When the provider was first asked to take the payment, in microseconds since the epoch: from
    /// then on it may have been taken.
    pub called_at: Option<i64>,
    /// When a job carries on with it, in microseconds since the epoch; null once it is decided.
    pub next_at: Option<i64>,
    /// Until when a process works on it, in microseconds since the epoch.
    pub claimed_until: Option<i64>,
    /// How often a job asked the provider since its last news.
    pub attempts: i32,
    /// The lot that it bought; null until it is paid.
    pub lot_id: Option<Uuid>,
    /// What the provider took back of the price, in the currency's minor unit.
    pub reversed_minor: i64,
    /// The credits that were taken back for it, in units of 1/10,000 credit.
    pub reversed_units: i64,
    /// The reference that a person confirmed the payment with, such as a bank's.
    pub confirmed_with: Option<String>,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When it was paid, declined or closed, in microseconds since the epoch; null while it is
    /// pending.
    pub decided_at: Option<i64>,
    /// The actor who made it; null for purchases from before actors were recorded.
    pub actor_id: Option<i64>,
    /// When it last changed, in microseconds since the epoch; null for purchases that have not
    /// changed since this was recorded.
    pub updated_at: Option<i64>,
    /// When it was canceled, in microseconds since the epoch. Its status is then that of a declined
    /// purchase, unless it was paid afterwards.
    pub canceled_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
