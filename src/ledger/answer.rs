//! The ledger's answers.
//!
//! Not here: how an answer is stored with its key ([`super::stored_answer`]).

use domain::{book, id::TransactionId};
use entity::{
    message,
    sql_enums::{Channel, Encoding, MessageStatus},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::fault::Fault;
use crate::clock::whole_micros;

/// The complete answer to a command. A repetition with its key returns this again, until the key
/// ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The command's own transaction; none if no credits had to move.
    pub transaction: Option<Uuid>,
    /// The new lot.
    pub lot: Option<Uuid>,
    /// When a granted lot was to expire at that time, in microseconds since the epoch. A change of
    /// time zone moves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot_expires_at: Option<i64>,
    /// The purchase that was begun.
    pub purchase: Option<Uuid>,
    /// The message as the command left it.
    pub message: Option<MessageAnswer>,
    /// The balance after the command.
    pub balance: Option<BalanceAnswer>,
    /// The message's row as it was written. A repeated answer has it if no later command changes
    /// it.
    #[serde(skip)]
    pub row: Option<Box<message::Model>>,
}

/// The part of a message that commands change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAnswer {
    /// The message.
    pub id: Uuid,
    /// Its status.
    pub status: MessageStatus,
    /// What it held or cost at that time, in units of 1/10,000 credit.
    pub units: i64,
    /// The recipients that it was priced for.
    pub recipients: i64,
    /// When it was charged, in microseconds since the epoch.
    pub sent_at: Option<i64>,
    /// Its cost by destination, if a later command may change the rows: a settlement replaces the
    /// scheduled lines with what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<LineAnswer>>,
    /// What the message was planned as, while it is scheduled: an update changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Box<PlanAnswer>>,
}

/// The plan of a scheduled message, as it was answered. Its name and text aren't repeated: a
/// repeated answer has them as they are, which is erased in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAnswer {
    /// The list whose credits pay.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Uuid>,
    /// The channel.
    #[serde(rename = "c")]
    pub channel: Channel,
    /// The encoding; none for an MMS.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The most segments that any recipient gets.
    #[serde(rename = "s")]
    pub segments: i32,
    /// The version of the rate card that priced it.
    #[serde(rename = "r")]
    pub rate_card: Uuid,
    /// Its sending time, in microseconds since the epoch.
    #[serde(rename = "a")]
    pub send_at: i64,
    /// The list whose credits were held before, if the command moved the message to another one.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub previous_list: Option<Uuid>,
}

/// What a message cost in one destination, as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAnswer {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Segments for each recipient.
    pub segments: i32,
    /// The head-count.
    pub recipients: i64,
    /// The rate in units of 1/10,000 credit; `None` if the destination isn't served.
    pub rate: Option<i64>,
    /// The cost in units of 1/10,000 credit.
    pub units: i64,
}

/// A balance as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceAnswer {
    /// The instant of the balance, in microseconds since the epoch.
    pub at: i64,
    /// Available, in units of 1/10,000 credit.
    pub available: i64,
    /// Held, in units of 1/10,000 credit.
    pub held: i64,
    /// Unassigned, in units of 1/10,000 credit.
    pub unassigned: i64,
    /// The next expiry: units, instant in microseconds and ISO 8601 day.
    pub next_expiry: Option<(i64, i64, String)>,
}

impl Answer {
    /// An answer that says nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            transaction: None,
            lot: None,
            lot_expires_at: None,
            purchase: None,
            message: None,
            balance: None,
            row: None,
        }
    }

    /// The instant at which the command was booked.
    pub(super) fn instant(&self) -> Result<Timestamp, Fault> {
        let balance = self.balance.as_ref().ok_or(Fault::MissingBalance)?;
        Ok(whole_micros(balance.at))
    }

    /// The command's own transaction.
    #[must_use]
    pub fn transaction_id(&self) -> Option<TransactionId> {
        self.transaction.map(TransactionId::new)
    }
}

impl From<&message::Model> for MessageAnswer {
    fn from(row: &message::Model) -> Self {
        Self {
            id: row.id,
            status: row.status,
            units: row.units,
            recipients: row.recipients,
            sent_at: row.sent_at,
            lines: None,
            plan: None,
        }
    }
}

impl From<(Timestamp, book::Balance)> for BalanceAnswer {
    fn from((at, balance): (Timestamp, book::Balance)) -> Self {
        Self {
            at: at.as_microsecond(),
            available: balance.available.units(),
            held: balance.held.units(),
            unassigned: balance.unassigned.units(),
            next_expiry: balance.next_expiry.map(|next| {
                (
                    next.credits.units(),
                    next.expiry.at.as_microsecond(),
                    next.expiry.on.to_string(),
                )
            }),
        }
    }
}
