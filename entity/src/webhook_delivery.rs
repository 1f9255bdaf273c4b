//! A webhook that was delivered, so that each is worked off once.

use sea_orm::entity::prelude::*;

/// A webhook that was delivered.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// The payment provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// The provider's id of the delivery.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery: String,
    /// What it is about, in the provider's words.
    pub topic: String,
    /// The shop or customer at the provider.
    pub merchant: Option<String>,
    /// The provider's reference of the payment.
    pub reference: Option<String>,
    /// When it was first received, in microseconds since the epoch.
    pub received_at: i64,
    /// When to work it off, in microseconds since the epoch; null if that was done.
    pub next_at: Option<i64>,
    /// How often its payment was looked for.
    pub attempts: i32,
}

impl ActiveModelBehavior for ActiveModel {}
