//! A message that was scheduled or sent.

use sea_orm::entity::prelude::*;

use crate::sql_enums::{Channel, Encoding, MessageStatus};

/// A message.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The list whose credits pay.
    pub list_id: Option<Uuid>,
    /// Shown to people.
    pub name: Option<String>,
    /// The text as it is sent.
    pub text: String,
    /// SMS or MMS.
    pub channel: Channel,
    /// Null for an MMS.
    pub encoding: Option<Encoding>,
    /// The most segments that any recipient gets.
    pub segment_count: i32,
    /// The recipients that the credits are for.
    pub recipients: i64,
    /// Held while scheduled, charged once sent, zero once cancelled; units of 1/10,000 credit.
    pub units: i64,
    /// Where it stands.
    pub status: MessageStatus,
    /// The rate-card version that it is priced with.
    pub rate_card_id: Uuid,
    /// When it is or was to be sent, in microseconds since the epoch.
    pub send_at: i64,
    /// When it was charged, in microseconds since the epoch.
    pub sent_at: Option<i64>,
    /// Microseconds since the epoch.
    pub created_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
