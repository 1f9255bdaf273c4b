//! The cost of a message in one destination country.
//!
//! This is a view of the column `lines` of `messages`.

use sea_orm::entity::prelude::*;

/// One destination of a message.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_lines")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Uuid,
    /// The country, ISO 3166-1 alpha-2.
    #[sea_orm(primary_key, auto_increment = false)]
    pub country_code: String,
    /// Segments for each recipient.
    #[sea_orm(primary_key, auto_increment = false)]
    pub segment_count: i32,
    /// The number of recipients.
    pub recipients: i64,
    /// The rate in units of 1/10,000 credit; null if the destination is not served.
    pub units_per_segment: Option<i64>,
    /// recipients × segments × rate, in units of 1/10,000 credit.
    pub units: i64,
}

impl ActiveModelBehavior for ActiveModel {}
