//! Sums of charged messages by day, and of lists by month.

use sea_orm::entity::prelude::*;

use crate::sql_enums::{Channel, UsageKind};

/// The sums of a day, for a whole account, one list or one country, or the sums of a list's month;
/// on one channel, at the prices of one version of a rate card.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_rollups")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// What the sums are of.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: UsageKind,
    /// The first instant of the day or the month in the account's time zone, in microseconds since
    /// the epoch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day_start: i64,
    /// The list or the country; empty for a whole account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    /// The channel of the messages.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: Channel,
    /// The version of the rate card that priced the messages.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rate_card_id: Uuid,
    /// Messages charged.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

impl ActiveModelBehavior for ActiveModel {}
