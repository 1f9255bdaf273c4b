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
    /// The list whose credits pay; null for a message without a list.
    pub list_id: Option<Uuid>,
    /// The name that people see.
    pub name: Option<String>,
    /// The text, with its merge fields; empty once it was erased.
    pub text: String,
    /// The channel.
    pub channel: Channel,
    /// Null for an MMS.
    pub encoding: Option<Encoding>,
    /// The most segments that any recipient gets.
    pub segment_count: i32,
    /// The number of recipients.
    pub recipients: i64,
    /// The credits held while it is scheduled and charged once it is sent, and zero once it is
    /// cancelled; in units of 1/10,000 credit.
    pub units: i64,
    /// Its status.
    pub status: MessageStatus,
    /// The version of the rate card that priced it.
    pub rate_card_id: Uuid,
    /// Its sending time, in microseconds since the epoch.
    pub send_at: i64,
    /// When it was charged, in microseconds since the epoch; null if it was not.
    pub sent_at: Option<i64>,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// Its cost by destination, as JSON; [`crate::message_line`] is a view of it.
    pub lines: String,
    /// When its name and its text were erased, in microseconds since the epoch; null if they were
    /// not.
    pub erased_at: Option<i64>,
    /// The actor who made it; null for messages from before actors were recorded.
    pub actor_id: Option<i64>,
    /// When it last changed, in microseconds since the epoch; null if that was its charge, as it
    /// was made, and if earlier programs changed it last.
    pub updated_at: Option<i64>,
    /// The media as they were given, as a JSON array; null for an SMS, once they were erased with
    /// the text, and for messages from before they were kept.
    pub media: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
