//! One version of a rate card.

use sea_orm::entity::prelude::*;

/// One version of a rate card. It never changes once published.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_cards")]
pub struct Model {
    /// The id of the version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The card's code, which all its versions share.
    pub code: String,
    /// The version number, from 1.
    pub version: i32,
    /// When it was published, in microseconds since the epoch.
    pub published_at: i64,
    /// The value of one credit, in 10^-9 of the currency's major unit.
    pub credit_value_nano: i64,
    /// The currency, an ISO 4217 code.
    pub currency_code: String,
    /// A description of this version for people.
    pub description: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
