//! What a command writes: entries of the ledger, each with postings that add up to zero.

use jiff::Timestamp;

use super::{minus, sum};
use crate::{
    credits::Credits,
    fault::Fault,
    id::{ListId, LotId, MessageId},
    lot::{Draw, Expiry},
    pool::Pool,
};

/// The books that postings move credits between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BookName {
    /// The source of all credits: it falls as they come in.
    Issued,
    /// What can be spent.
    Available,
    /// What is set aside for scheduled messages.
    Held,
    /// What messages have cost.
    Spent,
    /// Remainders of lots on their expiration day.
    Expired,
    /// Credits taken back by a correction, or with their payment.
    Revoked,
    /// What the account owes, as a negative amount: used credits whose payment was taken back.
    Debt,
}

/// Why credits moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A package was paid for.
    Purchase,
    /// A package was bought by the automatic recharge.
    Recharge,
    /// Credits were granted.
    Grant,
    /// A balance was corrected downward.
    Revocation,
    /// Credits moved between pools.
    Allocation,
    /// Credits were set aside for a scheduled message.
    Hold,
    /// Credits came back from a hold.
    Release,
    /// A message was charged.
    Spend,
    /// A lot expired.
    Expiry,
    /// The account's time zone changed, and lots expire at other instants.
    TimeZoneChange,
    /// A payment was taken back, and its credits with it.
    Chargeback,
    /// Credits that came in, or came back from a hold, paid the account's debt.
    DebtPayment,
}

/// Credits put into a book (positive) or taken out of it (negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The book.
    pub book: BookName,
    /// The limited list whose pool it concerns; `None` for the unassigned pool.
    pub list: Option<ListId>,
    /// The lot whose remainder changes, or whose used credits become debt; `None` if there is none,
    /// as in an allocation.
    pub lot: Option<LotId>,
    /// How much, signed.
    pub credits: Credits,
}

/// The instant at which a lot expires, before and after a change of time zone. Its day stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryChange {
    /// The lot.
    pub lot: LotId,
    /// The first instant of its day in the zone before.
    pub from: Timestamp,
    /// The first instant of its day in the zone after.
    pub to: Timestamp,
}

/// One entry of the ledger. Its postings add up to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Why.
    pub kind: EntryKind,
    /// The instant that it is booked at. Never before the account's previous entry.
    pub at: Timestamp,
    /// The list of the message, or the only list of an allocation.
    pub list: Option<ListId>,
    /// The message that is paid for or released, also of what the release leads to.
    pub message: Option<MessageId>,
    /// What it moves.
    pub postings: Vec<Posting>,
    /// The lots whose expiry it changes, by id; empty except for a change of time zone.
    pub expiry_changes: Vec<ExpiryChange>,
    /// The account's balance after it.
    pub balance: Balance,
}

impl Entry {
    /// Checks that the postings add up to zero (law B1). Every writer of an entry calls this first.
    ///
    /// # Errors
    /// The sum, if it isn't zero.
    pub fn check_sum(&self) -> Result<(), Fault> {
        let units = self.postings.iter().map(|posting| posting.credits.units());
        match units.map(i128::from).sum() {
            0 => Ok(()),
            sum => Err(Fault::Unbalanced { sum }),
        }
    }

    /// What the entry did to the available credits.
    #[must_use]
    pub fn available(&self) -> Credits {
        let available = self
            .postings
            .iter()
            .filter(|posting| posting.book == BookName::Available);
        // Each posting is a part of one account's credits, and so is their sum.
        Credits::from_units(available.map(|posting| posting.credits.units()).sum())
    }
}

/// An account's balance at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Credits that any list can spend.
    pub available: Credits,
    /// What is set aside for scheduled messages.
    pub held: Credits,
    /// The part of `available` that no list has for itself.
    pub unassigned: Credits,
    /// The credits that expire next, if any do.
    pub next_expiry: Option<NextExpiry>,
}

/// The credits that expire next, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextExpiry {
    /// The amount.
    pub credits: Credits,
    /// When.
    pub expiry: Expiry,
}

impl Balance {
    /// available + held (law H1).
    #[must_use]
    pub fn total(&self) -> Credits {
        // Both are bounded together by the book's limit.
        Credits::from_units(self.available.units() + self.held.units())
    }

    /// The part of `available` that limited lists have for themselves.
    #[must_use]
    pub fn assigned(&self) -> Credits {
        // The unassigned pool is a part of what is available.
        Credits::from_units(self.available.units() - self.unassigned.units())
    }
}

/// Whether credits go into a book or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    In,
    Out,
}

/// Postings that take draws out of a pool of one book, or put them back.
pub(super) fn moved(
    book: BookName,
    pool: Pool,
    draws: &[Draw],
    sign: Sign,
) -> Result<Vec<Posting>, Fault> {
    let posting = |draw: &Draw| {
        Ok(Posting {
            book,
            list: pool.list(),
            lot: Some(draw.lot),
            credits: match sign {
                Sign::In => draw.credits,
                Sign::Out => minus(Credits::ZERO, draw.credits)?,
            },
        })
    };
    draws.iter().map(posting).collect()
}

/// One posting that puts the sum of draws into a final book.
pub(super) fn settled(
    book: BookName,
    list: Option<ListId>,
    draws: &[Draw],
) -> Result<Option<Posting>, Fault> {
    let credits = sum(draws)?;
    Ok((!credits.is_zero()).then_some(Posting {
        book,
        list,
        lot: None,
        credits,
    }))
}
