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
    /// The shop or customer whose state is to be read again; null if it is about a payment.
    pub merchant: Option<String>,
    /// The payment to read again, by the provider's reference; null if it is named otherwise.
    pub reference: Option<String>,
    /// The payment to read again, by the purchase that it is for; null if it is named otherwise.
    pub purchase_id: Option<Uuid>,
    /// When it was first received, in microseconds since the epoch.
    pub received_at: i64,
    /// When to work it off, in microseconds since the epoch; null if that was done.
    pub next_at: Option<i64>,
    /// How often it was worked off in vain.
    pub attempts: i32,
}

impl ActiveModelBehavior for ActiveModel {}
