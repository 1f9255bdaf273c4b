//! The rate of one destination country in one version of a rate card.

use sea_orm::entity::prelude::*;

/// What one segment to a country costs.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rates")]
pub struct Model {
    /// The card's version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rate_card_id: Uuid,
    /// ISO 3166-1 alpha-2, or `*` for every country not named.
    #[sea_orm(primary_key, auto_increment = false)]
    pub country_code: String,
    /// Units of 1/10,000 credit for an SMS segment; null where SMS is not served.
    pub sms_units: Option<i64>,
    /// Units of 1/10,000 credit for an MMS segment; null where MMS is not served.
    pub mms_units: Option<i64>,
    /// The languages whose shift tables phones and carriers there know, by name with a space between each two.
    pub national_languages: String,
    /// Bits of the number that segments of one SMS are joined by there: 8 or 16.
    pub reference_bits: i32,
}

impl ActiveModelBehavior for ActiveModel {}
