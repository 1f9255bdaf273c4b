//! The commands on a book, and why it may refuse them.

use jiff::tz::TimeZone;

use crate::{
    credits::Credits,
    fault::Fault,
    id::{ListId, LotId, MessageId},
    lot::Expiry,
};

/// Why credits come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A package that the owner paid for.
    Purchase,
    /// A package that the automatic recharge bought.
    AutoRecharge,
    /// Granted without payment.
    Grant,
}

/// What a list has available after an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// The list.
    pub list: ListId,
    /// `Some`: a limit of its own, with this much available. `None`: it shares the unassigned pool.
    pub limit: Option<Credits>,
}

/// A change of one account's credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Credits come in as a new lot, unassigned (law P1).
    Issue {
        /// The new lot's id. It was never used before; a partly loaded book can't check this.
        lot: LotId,
        /// Why they come in.
        source: Source,
        /// The amount; more than zero.
        credits: Credits,
        /// When they expire, if they do.
        expiry: Option<Expiry>,
    },
    /// Credits are taken back (law L4).
    Revoke {
        /// Only from this lot; from all lots in draw order if `None`.
        lot: Option<LotId>,
        /// The amount; more than zero.
        credits: Credits,
    },
    /// The payment for a lot is taken back, and its credits with it: first what is left of the lot,
    /// then what was used of it, which becomes the account's debt (law R5).
    TakeBack {
        /// The lot that the payment bought.
        lot: LotId,
        /// How many; zero or more.
        credits: Credits,
        /// The credits that left the lot without expiring or being revoked, less those that an
        /// earlier command made debt: at most these are owed. Zero or more.
        used: Credits,
    },
    /// Lists get limits of their own or lose them, all or none (law P2). If a list is named twice,
    /// the last entry counts.
    Allocate {
        /// The new state of each list.
        allocations: Vec<Allocation>,
    },
    /// A message is charged at once.
    Spend {
        /// The message.
        message: MessageId,
        /// The list whose credits pay.
        list: Option<ListId>,
        /// The amount; zero is allowed, for a destination that costs nothing.
        credits: Credits,
    },
    /// A message is scheduled (law H1).
    Hold {
        /// The message; its id was never used before.
        message: MessageId,
        /// The list whose credits pay.
        list: Option<ListId>,
        /// The amount; zero is allowed, as for a spend.
        credits: Credits,
    },
    /// A scheduled message is planned anew (law H4): its hold is released as by a cancellation,
    /// and the new amount is held, both or neither.
    MoveHold {
        /// The message.
        message: MessageId,
        /// Its list so far.
        from: Option<ListId>,
        /// The list whose credits pay from now on.
        list: Option<ListId>,
        /// The new amount; zero is allowed, as for a hold.
        credits: Credits,
    },
    /// A scheduled message is charged for what was sent (law H2).
    Settle {
        /// The message.
        message: MessageId,
        /// The list that pays for what exceeds the hold.
        list: Option<ListId>,
        /// The amount; zero if nothing was sent.
        credits: Credits,
    },
    /// A scheduled message is cancelled: its whole hold is released.
    Cancel {
        /// The message.
        message: MessageId,
        /// Its list.
        list: Option<ListId>,
    },
    /// The account's days begin at other instants: lots keep their days, and expire at the first
    /// instant of those days in this zone (law L2).
    ChangeTimeZone {
        /// The zone from now on.
        time_zone: TimeZone,
    },
}

/// Why a command was refused. A refused command changes nothing (law B6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The pool, or the lot, has less than is needed.
    #[error("{needed} credits are needed and {available} are available")]
    Insufficient {
        /// The amount needed.
        needed: Credits,
        /// The amount available.
        available: Credits,
    },
    /// There is no such lot in the account.
    #[error("there is no such lot")]
    UnknownLot,
    /// The message has no hold: it was settled or cancelled before, or never scheduled (law H3).
    #[error("the message is not scheduled any more")]
    NotHeld,
    /// The message has a hold already.
    #[error("the message is scheduled already")]
    AlreadyHeld,
    /// The amount is below zero, or zero for a command that needs more.
    #[error("must be more than zero")]
    NotPositive,
    /// The account would have, or owe, more than [`super::Book::MAX_TOTAL`].
    #[error(
        "the account would have or owe more than {} credits",
        super::Book::MAX_TOTAL
    )]
    TooMany,
    /// An expiration day has no first instant in the zone: it is beyond the calendar's end.
    #[error("a lot's expiration day is outside the calendar of the time zone")]
    NoSuchDay,
}

/// Why a command was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The book refuses it, and is unchanged.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The book contradicts itself. It must not be used any more.
    #[error(transparent)]
    Fault(#[from] Fault),
}
