//! The ledger's answers.
//!
//! Not here: how an answer is stored with its key ([`super::stored_answer`]).

use domain::{book, id::TransactionId};
use entity::message;
use jiff::Timestamp;
use uuid::Uuid;

use super::fault::Fault;
use crate::clock::whole_micros;

/// The answer to a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether the command's key had been used before, so that nothing was done now. Then the
    /// answer names the rows of the command that used it, and has no balance: they may have changed
    /// since (law B4).
    pub replayed: bool,
    /// The command's own transaction; none if no credits had to move.
    pub transaction: Option<Uuid>,
    /// The new lot.
    pub lot: Option<Uuid>,
    /// The purchase that was begun.
    pub purchase: Option<Uuid>,
    /// The message that the command added or changed.
    pub message: Option<Uuid>,
    /// The list whose credits were held before, if the command moved the message to another one.
    pub previous_list: Option<Uuid>,
    /// The message's row as the command wrote it.
    pub row: Option<Box<message::Model>>,
    /// The balance after the command.
    pub balance: Option<BalanceAnswer>,
}

/// The balance after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
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
