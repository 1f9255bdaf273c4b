//! Faults: invariants of an account's book that turn out to be broken.
//!
//! Here: their names and what they report. Not here: refusals, which a caller can do something
//! about ([`crate::book::Refusal`]), and who checks what ([`crate::book`]).

use crate::{
    credits::Credits,
    id::{ListId, LotId},
};

/// A broken invariant of a book. Either the rows that it was loaded from are wrong, or the code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A draw, a hold or a change of time zone names a lot that isn't in the book.
    #[error("lot {} is not in the book", .0.uuid())]
    MissingLot(LotId),
    /// A list is paid from, or paid back to, a pool that isn't in the book.
    #[error("list {} has no pool in the book", .0.uuid())]
    MissingPool(ListId),
    /// A lot would fall below zero.
    #[error("lot {} has {remaining} credits left, and {taken} are taken", .lot.uuid())]
    LotOverdrawn {
        /// The lot.
        lot: LotId,
        /// What it has left.
        remaining: Credits,
        /// What is taken.
        taken: Credits,
    },
    /// A pool would fall below zero.
    #[error("{} has {free} credits free, and {taken} are taken", pool_name(.list))]
    PoolOverdrawn {
        /// The list with the limit; `None` for the unassigned pool.
        list: Option<ListId>,
        /// What it has free.
        free: Credits,
        /// What is taken.
        taken: Credits,
    },
    /// Holds have more than the account holds in all.
    #[error("all holds have {held} credits, and {taken} are taken from them")]
    HoldsOverdrawn {
        /// What the account holds in all.
        held: Credits,
        /// What is taken.
        taken: Credits,
    },
    /// The account owes less than nothing.
    #[error("the account's debt is {0} credits, below zero")]
    DebtBelowZero(Credits),
    /// Lots and pools are two cuts of one total, and one of them can't pay what the other one can.
    #[error("the lots have {lots} credits for a draw of {draw}, the pools {pools}")]
    CutsDiffer {
        /// What is drawn.
        draw: Credits,
        /// What the lots have for it.
        lots: Credits,
        /// What the pools have for it.
        pools: Credits,
    },
    /// More is unassigned than is available.
    #[error("{unassigned} credits are unassigned, and {available} are available")]
    UnassignedBeyondAvailable {
        /// The unassigned pool.
        unassigned: Credits,
        /// What all lots have left.
        available: Credits,
    },
    /// The postings of an entry don't add up to zero (law B1).
    #[error("the postings of an entry add up to {sum} ten-thousandths of a credit")]
    Unbalanced {
        /// Their sum, in units of 1/10,000 credit.
        sum: i128,
    },
    /// A sum of credits leaves the range of `i64`.
    #[error("{units} ten-thousandths of a credit are out of range")]
    OutOfRange {
        /// The sum, in units of 1/10,000 credit.
        units: i128,
    },
}

fn pool_name(list: &Option<ListId>) -> String {
    match list {
        Some(list) => format!("the pool of list {}", list.uuid()),
        None => "the unassigned pool".to_owned(),
    }
}
