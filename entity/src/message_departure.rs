//! How many recipients have left a list since a message was scheduled for its contacts, and before its sendAt.

use sea_orm::entity::prelude::*;

/// Departed recipients of a message in one country who were to get one number of segments.
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
    /// ISO 3166-1 alpha-2.
    #[sea_orm(primary_key, auto_increment = false)]
    pub country_code: String,
    /// Segments that each was to get; 0 if that is not known.
    #[sea_orm(primary_key, auto_increment = false)]
    pub segment_count: i32,
    /// The head-count.
    pub recipients: i64,
}

impl ActiveModelBehavior for ActiveModel {}
