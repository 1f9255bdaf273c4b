//! The audience of a scheduled message to the stored contacts of a list: the list's revision at
//! which it was priced. The row is deleted when the message is settled or cancelled.

use sea_orm::entity::prelude::*;

/// The audience of a scheduled message: the contacts whose revision is at most its own.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_audiences")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list_id: Uuid,
    /// The scheduled message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Uuid,
    /// The list's revision when the message was priced.
    pub revision: i64,
    /// Its sending time, in microseconds since the epoch. Contacts who leave later were sent the
    /// message.
    pub send_at: i64,
    /// Whether its text has merge fields, so that contacts get different numbers of segments.
    pub personal: bool,
    /// Whether smart encoding was requested.
    pub smart_encoding: bool,
    /// Whether accents may be removed.
    pub strip_accents: bool,
}

impl ActiveModelBehavior for ActiveModel {}
