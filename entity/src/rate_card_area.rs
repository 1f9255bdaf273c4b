//! One area of one version of a rate card: a country, or every country without a row of its own.

use sea_orm::entity::prelude::*;

/// An area that a card has a row for, and what its carriers do with an SMS. An area without any
/// rate is closed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_card_areas")]
pub struct Model {
    /// The card's version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rate_card_id: Uuid,
    /// ISO 3166-1 alpha-2, or `*` for every country without a row of its own.
    #[sea_orm(primary_key, auto_increment = false)]
    pub country_code: String,
    /// The languages whose shift tables phones and carriers know, by name with a space between two.
    pub national_languages: String,
    /// Bits of the reference number that joins the segments of one SMS: 8 or 16.
    pub reference_bits: i32,
}

impl ActiveModelBehavior for ActiveModel {}
