//! What was charged on one day, or for a list in one month, added up.

use sea_orm::entity::prelude::*;

use crate::sql_enums::{Channel, UsageKind};

/// The sums of a day: of all of an account, of one list of it, or to one country; or those of a list's month. In
/// one channel, at the prices of one card version.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_rollups")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// What `key` names.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: UsageKind,
    /// The first instant of the day, or of the month, in the account's time zone, in microseconds since the epoch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day_start: i64,
    /// Which list, or which country.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    /// How it travelled.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: Channel,
    /// The version that priced it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rate_card_id: Uuid,
    /// Messages.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

impl ActiveModelBehavior for ActiveModel {}
