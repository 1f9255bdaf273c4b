//! A change of a scheduled message, and the plan that it was made from.
//!
//! Not here: applying it ([`super::super::perform`]).

use domain::{
    channel::Channel,
    id::{ListId, MessageId},
};
use entity::{message, message_audience};
use jiff::Timestamp;
use sea_orm::prelude::Uuid;

use super::NewMessage;

/// What a scheduled message was priced for. A command that was made from a plan is refused if the
/// message has another one by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    list: Option<Uuid>,
    channel: Channel,
    rate_card: Uuid,
    /// Its column `lines`.
    lines: String,
    media: Option<String>,
}

impl Plan {
    /// The plan of a message.
    #[must_use]
    pub fn of(row: &message::Model) -> Self {
        Self {
            list: row.list_id,
            channel: row.channel.into(),
            rate_card: row.rate_card_id,
            lines: row.lines.clone(),
            media: row.media.clone(),
        }
    }

    /// The list whose credits pay.
    #[must_use]
    pub fn list(&self) -> Option<ListId> {
        self.list.map(ListId::new)
    }
}

/// A change of a scheduled message. What is `None` stays as it is.
#[derive(Debug, Clone)]
pub struct MessageUpdate {
    /// The message.
    pub message: MessageId,
    /// The list whose credits pay, as the caller read it.
    pub list: Option<ListId>,
    /// The name shown to people.
    pub name: Option<String>,
    /// When it is to be sent.
    pub send_at: Option<Timestamp>,
    /// What it becomes, if it was priced anew.
    pub priced: Option<Priced>,
}

/// A scheduled message that was priced anew.
#[derive(Debug, Clone)]
pub struct Priced {
    /// The message with its new content, recipients and price. Its name and sendAt aren't used.
    pub new: NewMessage,
    /// What it was before.
    pub plan: Plan,
    /// Its text before.
    pub text: String,
    /// Its stored contacts before, if they were a list's.
    pub audience: Option<message_audience::Model>,
}

impl MessageUpdate {
    /// The lists that it concerns: the message's own, and the one that pays from now on.
    pub(in crate::ledger) fn lists(&self) -> Vec<ListId> {
        let next = self.priced.as_ref().and_then(|priced| priced.new.list);
        let mut lists: Vec<ListId> = self.list.into_iter().chain(next).collect();
        lists.dedup();
        lists
    }
}
