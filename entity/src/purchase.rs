//! A one-time payment for a package.

use sea_orm::entity::prelude::*;

use crate::sql_enums::PurchaseStatus;

/// A payment and what it buys, as it was offered when it began.
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
    /// Where it stands.
    pub status: PurchaseStatus,
    /// What was bought.
    pub package_id: Uuid,
    /// Units of 1/10,000 credit.
    pub credits_units: i64,
    /// The price in the currency's minor unit.
    pub price_minor: i64,
    /// ISO 4217.
    pub currency_code: String,
    /// Days from the day of payment to the expiration day; null where the credits never expire.
    pub validity_days: Option<i32>,
    /// Whether the server began it by itself.
    pub automatic: bool,
    /// Which payment provider.
    pub provider: String,
    /// What the provider calls the payment. It is no permission: of a token that is one there is only the hash.
    #[sea_orm(unique)]
    pub provider_reference: Option<String>,
    /// Where the owner approves the charge, if that is at the provider, which asks who does. Null for the sandbox,
    /// whose addresses are permissions and are made when they are asked for.
    pub confirmation_url: Option<String>,
    /// Where the buyer goes afterwards.
    pub return_url: Option<String>,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// When it was paid, declined or given up, in microseconds since the epoch.
    pub decided_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
