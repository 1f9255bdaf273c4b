//! What a provider took back of a payment.

use sea_orm::entity::prelude::*;

/// What a provider has taken back of a payment so far, each time that it was more than before.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_reversals")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The purchase.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_id: Uuid,
    /// All that was taken back of its price until then, in the currency's minor unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub minor: i64,
    /// When the provider first reported it, in microseconds since the epoch.
    pub reported_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
