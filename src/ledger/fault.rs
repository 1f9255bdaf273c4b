//! Faults: what the ledger relies on and what turns out not to hold.
//!
//! The command that meets a fault fails with it, and nothing is written for it. Here: their names.
//! Not here: refusals ([`super::request::Refused`]), and the rest of a batch ([`super::commit`]).

use std::fmt::Display;

use domain::{
    credits::Credits,
    id::{AccountId, ListId, LotId, MessageId, PurchaseId},
};
use type_safe_id::{DynamicType, TypeSafeId};

/// A broken invariant that a command met. Either stored rows are wrong, or the code is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The account's book contradicts itself.
    #[error(transparent)]
    Book(#[from] domain::fault::Fault),
    /// A stored row of the account's book can't be read.
    #[error("its book can't be read: {0}")]
    UnsoundBook(String),
    /// The batch did not load the account's book.
    #[error("its book is not in the batch")]
    MissingBook,
    /// A lot of the book has no row.
    #[error("lot {} has no row", .0.uuid())]
    MissingLotRow(LotId),
    /// The batch did not load the list, or the list is gone.
    #[error("list {} has no row", .0.uuid())]
    MissingList(ListId),
    /// A hold has no message.
    #[error("the hold of message {} has no message", .0.uuid())]
    MissingMessage(MessageId),
    /// A hold is to end as the sending service reported, without a report.
    #[error("message {} ends as reported, without a report", .0.uuid())]
    MissingReport(MessageId),
    /// A message costs more for the contacts still on the list than for all of its contacts.
    #[error("message {} costs {credits} credits for those who stayed, and holds {held}", .message.uuid())]
    CostsMoreForFewer {
        /// The message.
        message: MessageId,
        /// What it costs for the remaining contacts.
        credits: Credits,
        /// What it holds.
        held: Credits,
    },
    /// A line or a departure of a message can't be read.
    #[error("a line of message {} can't be read: {cause}", .message.uuid())]
    UnsoundLine {
        /// The message.
        message: MessageId,
        /// What is wrong with it.
        cause: String,
    },
    /// The remainder of a message without its departures can't be computed.
    #[error("message {} without those who left: {cause}", .message.uuid())]
    Departures {
        /// The message.
        message: MessageId,
        /// Why not.
        cause: domain::departures::DepartureError,
    },
    /// The account's time zone, or the one that it changes to, has no IANA name that is known.
    #[error("{0:?} is no time zone")]
    UnknownTimeZone(String),
    /// A purchase's credits would be valid for a number of days that leads to no day.
    #[error("purchase {} is valid for {days} days", .purchase.uuid())]
    Validity {
        /// The purchase.
        purchase: PurchaseId,
        /// The stored number of days.
        days: i32,
    },
    /// A purchase, its lot and its postings contradict each other, so that it can't be said what to
    /// take back.
    #[error("purchase {} can't be taken back: {cause}", .purchase.uuid())]
    Reversal {
        /// The purchase.
        purchase: PurchaseId,
        /// What is wrong with it.
        cause: String,
    },
    /// A count doesn't fit its column.
    #[error("{value} {what} don't fit a stored row")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many.
        value: u64,
    },
    /// An answer can't be written, or a stored one can't be read.
    #[error("the answer to an idempotency key is no answer: {0}")]
    UnsoundAnswer(String),
    /// A change of settings has no JSON form.
    #[error("a change of settings has no JSON form: {0}")]
    UnsoundChange(String),
    /// A command was answered without the balance that it left.
    #[error("a command was answered without a balance")]
    MissingBalance,
    /// Usage by day can't be added up.
    #[error("its usage by day can't be added up: {0}")]
    Usage(String),
    /// Applying the command panicked.
    #[error("a command panicked: {0}")]
    Panicked(String),
}

/// An account as clients know it.
pub(super) fn public_id(account: AccountId) -> impl Display {
    match DynamicType::new(AccountId::PREFIX) {
        Ok(prefix) => TypeSafeId::from_type_and_uuid(prefix, account.uuid()).to_string(),
        Err(_) => account.uuid().to_string(),
    }
}
