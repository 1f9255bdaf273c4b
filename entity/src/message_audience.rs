//! Scheduled messages to the stored contacts of a list, and the point of the list's history that each was priced at.
//! The row goes when the message is settled or cancelled.

use sea_orm::entity::prelude::*;

/// Whom a scheduled message is for: the contacts whose revision is not after its own.
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
    /// When it is to be sent, in microseconds since the epoch. Who leaves from then on has been sent it.
    pub send_at: i64,
    /// Whether its text has merge fields, so that contacts get different numbers of segments.
    pub personal: bool,
    /// Whether smart encoding was asked for.
    pub smart_encoding: bool,
    /// Whether accents may be taken off.
    pub strip_accents: bool,
}

impl ActiveModelBehavior for ActiveModel {}
