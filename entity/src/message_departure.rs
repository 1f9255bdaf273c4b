//! The number of recipients who left a list after a message to its contacts was scheduled and
//! before its sendAt.

use sea_orm::entity::prelude::*;

/// Departed recipients of a message in one country, for one number of segments.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_departures")]
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
    /// Segments priced for each of these recipients; 0 if not known.
    #[sea_orm(primary_key, auto_increment = false)]
    pub segment_count: i32,
    /// The number of recipients.
    pub recipients: i64,
}

impl ActiveModelBehavior for ActiveModel {}
