//! The rate of one destination country in one version of a rate card.

use sea_orm::entity::prelude::*;

/// The price of one segment to a country.
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
    /// Units of 1/10,000 credit for an SMS segment; null if SMS is not served.
    pub sms_units: Option<i64>,
    /// Units of 1/10,000 credit for an MMS segment; null if MMS is not served.
    pub mms_units: Option<i64>,
    /// The languages whose shift tables phones and carriers in the country support, by name, separated by
    /// spaces.
    pub national_languages: String,
    /// Bits of the reference number that joins the segments of an SMS in the country: 8 or 16.
    pub reference_bits: i32,
}

impl ActiveModelBehavior for ActiveModel {}
