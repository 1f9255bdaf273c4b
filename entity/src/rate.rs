//! The rate of one channel in one area of one version of a rate card.

use sea_orm::entity::prelude::*;

use crate::sql_enums::Channel;

/// What one segment costs. A channel without a row is not served in the area.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rates")]
pub struct Model {
    /// The card's version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rate_card_id: Uuid,
    /// ISO 3166-1 alpha-2, or `*` for every country without a row of its own.
    #[sea_orm(primary_key, auto_increment = false)]
    pub country_code: String,
    /// The channel.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: Channel,
    /// Units of 1/10,000 credit for a segment.
    pub units: i64,
}

impl ActiveModelBehavior for ActiveModel {}
