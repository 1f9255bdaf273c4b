//! One version of a rate card.

use sea_orm::entity::prelude::*;

/// One version of a rate card. It never changes once published.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_cards")]
pub struct Model {
    /// Primary key: one version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What all versions of the card share.
    pub code: String,
    /// 1 for the first.
    pub version: i32,
    /// Microseconds since the epoch.
    pub published_at: i64,
    /// What one credit is worth, in 10^-9 of the currency's major unit.
    pub credit_value_nano: i64,
    /// ISO 4217.
    pub currency_code: String,
    /// What people should know of this version.
    pub description: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
