//! What can be asked of a book, and why it may refuse.

use jiff::tz::TimeZone;

use crate::{
    credits::Credits,
    fault::Fault,
    id::{ListId, LotId, MessageId},
    lot::Expiry,
};

/// How credits come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A package that the owner paid for.
    Purchase,
    /// A package that the automatic recharge bought.
    AutoRecharge,
    /// Given without payment.
    Grant,
}

/// What a list shall have free after an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Which list.
    pub list: ListId,
    /// `Some`: a limit of its own, with that much free. `None`: it shares the unassigned pool.
    pub limit: Option<Credits>,
}

/// A change of one account's credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Credits come in as a new lot, unassigned (law P1).
    Issue {
        /// The new lot's id. It was never used before: a book that is loaded in part can't tell.
        lot: LotId,
        /// Why they come in.
        source: Source,
        /// How many; more than zero.
        credits: Credits,
        /// Until when they can be used.
        expiry: Option<Expiry>,
    },
    /// Credits are taken back (law L4).
    Revoke {
        /// Only from this lot; from all in draw order where `None`.
        lot: Option<LotId>,
        /// How many; more than zero.
        credits: Credits,
    },
    /// Lists get limits of their own or lose them, all or none (law P2). Where a list is named twice,
    /// its last mention holds.
    Allocate {
        /// What each list shall have.
        allocations: Vec<Allocation>,
    },
    /// A message is charged at once.
    Spend {
        /// The message.
        message: MessageId,
        /// The list whose credits pay.
        list: Option<ListId>,
        /// How many; zero is allowed, for a destination that costs nothing.
        credits: Credits,
    },
    /// A message is scheduled (law H1).
    Hold {
        /// The message; its id was never used before.
        message: MessageId,
        /// The list whose credits pay.
        list: Option<ListId>,
        /// How many; zero is allowed, as for a spend.
        credits: Credits,
    },
    /// A scheduled message is charged for what was sent (law H2).
    Settle {
        /// The message.
        message: MessageId,
        /// The list whose credits pay for what goes beyond the hold.
        list: Option<ListId>,
        /// How many; zero where nothing was sent.
        credits: Credits,
    },
    /// A scheduled message is given up: everything goes back.
    Cancel {
        /// The message.
        message: MessageId,
        /// Its list.
        list: Option<ListId>,
    },
    /// The account's days begin at other instants: lots keep their days, and expire at the first instants
    /// that those have in this zone (law L2).
    ChangeTimeZone {
        /// The zone from now on.
        time_zone: TimeZone,
    },
}

/// Why a command was refused. A refused command changes nothing (law B6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The pool, or the lot, has less than is asked.
    #[error("{needed} credits are needed and {available} are available")]
    Insufficient {
        /// What was asked.
        needed: Credits,
        /// What there is.
        available: Credits,
    },
    /// There is no such lot in the account.
    #[error("there is no such lot")]
    UnknownLot,
    /// The message holds nothing: it was settled or cancelled already, or never scheduled (law H3).
    #[error("the message is not scheduled any more")]
    NotHeld,
    /// The message holds credits already.
    #[error("the message is scheduled already")]
    AlreadyHeld,
    /// The amount is less than zero, or zero where that moves nothing.
    #[error("must be more than zero")]
    NotPositive,
    /// The account would have more than [`super::Book::MAX_TOTAL`].
    #[error("the account would have more than {} credits", super::Book::MAX_TOTAL)]
    TooMany,
    /// An expiration day has no first instant in the zone: it reaches beyond the calendar's end.
    #[error("a lot's expiration day is outside the calendar of the time zone")]
    NoSuchDay,
}

/// Why a command was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The book refuses it, and is as it was.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The book contradicts itself. It must not be used any more.
    #[error(transparent)]
    Fault(#[from] Fault),
}
