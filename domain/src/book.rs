//! The ledger's state machine: one account's lots, pools and open holds, and the commands that
//! change them.
//!
//! [`Book::apply`] returns ledger entries or a refusal, and a refusal leaves the book as it was
//! (law B6). A book that contradicts itself is a [`Fault`]. A book may be loaded in part, so that a
//! spend costs the same whatever the account's history: see [`Book::needs_every_pool`]. Not here:
//! storing, ids, locks and clocks.

mod command;
mod debt;
mod draw;
mod entry;
mod holds;
mod lots;
mod pools;
mod time_zone;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use self::{
    command::{Allocation, ApplyError, Command, Refusal, Source},
    entry::{Balance, BookName, Entry, EntryKind, ExpiryChange, NextExpiry, Posting},
};
pub use crate::fault::Fault;
use crate::{
    credits::Credits,
    hold::Hold,
    id::{ListId, LotId, MessageId},
    lot::{ConsumptionOrder, Draw, Lot},
    pool::Pools,
};

/// One account's lots, pools and open holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The order in which its lots are drawn.
    pub order: ConsumptionOrder,
    /// The lots with credits left, and those that the loaded holds were drawn from.
    pub lots: BTreeMap<LotId, Lot>,
    /// The available credits of each pool; limited pools only as far as they are needed.
    pub pools: Pools,
    /// The open holds that the commands concern.
    pub holds: BTreeMap<MessageId, Hold>,
    /// The sum of all open holds, loaded or not.
    pub held: Credits,
    /// What the account owes: used credits whose payment was taken back (law R5). It is beside the
    /// balance, not a part of it.
    pub debt: Credits,
    /// When the last entry was written. A book's time never steps back.
    pub last_at: Timestamp,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            order: ConsumptionOrder::default(),
            lots: BTreeMap::new(),
            pools: Pools::default(),
            holds: BTreeMap::new(),
            held: Credits::ZERO,
            debt: Credits::ZERO,
            last_at: Timestamp::MIN,
        }
    }
}

impl Book {
    /// The most that one account can have: a hundred of the largest amounts accepted from outside,
    /// and far enough from the end of `i64` that no sum of an account's credits can overflow.
    pub const MAX_TOTAL: Credits = Credits::from_units(Credits::MAX_INPUT.units() * 100);

    /// Whether `command` needs every limited pool in [`Book::pools`], not only those of the lists
    /// it names: expired, revoked and charged-back credits are shared by all of them (law L3).
    /// `latest` is the instant of the last command that is applied to the book as loaded.
    #[must_use]
    pub fn needs_every_pool(&self, command: &Command, latest: Timestamp) -> bool {
        let comes_due = match command {
            // Some lots' days may have begun in the new zone.
            Command::Revoke { .. } | Command::TakeBack { .. } | Command::ChangeTimeZone { .. } => {
                true
            }
            Command::Issue { expiry, .. } => {
                expiry.is_some_and(|expiry| expiry.at <= self.instant(latest))
            }
            Command::Allocate { .. }
            | Command::Spend { .. }
            | Command::Hold { .. }
            | Command::MoveHold { .. }
            | Command::Settle { .. }
            | Command::Cancel { .. } => false,
        };
        comes_due || self.may_expire(latest)
    }

    /// Whether credits of a lot may expire by `latest`. Lots that a hold has emptied count if their
    /// day is still to come: one command fills them again, and a later one finds them due.
    #[must_use]
    pub fn may_expire(&self, latest: Timestamp) -> bool {
        let latest = self.instant(latest);
        let is_ahead = |lot: &Lot| lot.expiry.is_some_and(|expiry| expiry.at > self.last_at);
        self.lots
            .values()
            .any(|lot| lot.has_expired(latest) && (lot.remaining.is_positive() || is_ahead(lot)))
    }

    /// Whether a lot's day has begun and its remainder is not booked as expired yet.
    #[must_use]
    pub fn has_due_lots(&self, now: Timestamp) -> bool {
        self.lots
            .values()
            .any(|lot| lot.remaining.is_positive() && lot.has_expired(now))
    }

    /// The balance according to lots and pools. For the balance at an instant, call
    /// [`Book::expire`] first.
    ///
    /// # Errors
    /// A lot, the holds or the debt are below zero, the lots' sum is out of range, or more is
    /// unassigned than is available.
    pub fn balance(&self) -> Result<Balance, Fault> {
        let mut next: Option<NextExpiry> = None;
        for lot in self.lots.values().filter(|lot| lot.remaining.is_positive()) {
            let Some(expiry) = lot.expiry else { continue };
            match &mut next {
                Some(soonest) if soonest.expiry.at < expiry.at => {}
                Some(soonest) if soonest.expiry.at == expiry.at => {
                    soonest.credits = plus(soonest.credits, lot.remaining)?;
                }
                Some(_) | None => {
                    next = Some(NextExpiry {
                        credits: lot.remaining,
                        expiry,
                    });
                }
            }
        }
        if self.held < Credits::ZERO {
            return Err(Fault::HoldsOverdrawn {
                held: self.held,
                taken: Credits::ZERO,
            });
        }
        if self.debt < Credits::ZERO {
            return Err(Fault::DebtBelowZero(self.debt));
        }
        let (available, unassigned) = (self.available()?, self.pools.unassigned);
        if unassigned > available {
            return Err(Fault::UnassignedBeyondAvailable {
                unassigned,
                available,
            });
        }
        Ok(Balance {
            available,
            held: self.held,
            unassigned,
            next_expiry: next,
        })
    }

    /// The instant that a command arriving at `now` is booked at: a clock that steps back doesn't
    /// reorder the ledger.
    #[must_use]
    pub fn instant(&self, now: Timestamp) -> Timestamp {
        now.max(self.last_at)
    }

    /// Applies a command as of `now`, after the expiries that are due by then.
    ///
    /// # Errors
    /// A [`Refusal`], which leaves the book unchanged; or a [`Fault`], after which the book must
    /// not be used.
    pub fn apply(&mut self, command: &Command, now: Timestamp) -> Result<Vec<Entry>, ApplyError> {
        if self.has_due_lots(self.instant(now)) {
            let mut after = self.clone();
            let mut entries = after.expire(now)?;
            entries.extend(after.apply(command, now)?);
            *self = after;
            return Ok(entries);
        }
        let at = self.instant(now);
        match command {
            Command::Issue {
                lot,
                source,
                credits,
                expiry,
            } => {
                let lot = Lot {
                    id: *lot,
                    remaining: *credits,
                    expiry: *expiry,
                    created_at: at,
                    taken_back: false,
                };
                self.issue(lot, *source, at)
            }
            Command::Revoke { lot, credits } => self.revoke(*lot, *credits, at),
            Command::TakeBack { lot, credits, used } => self.take_back(*lot, *credits, *used, at),
            Command::Allocate { allocations } => self.allocate(allocations, at),
            Command::Spend {
                message,
                list,
                credits,
            } => {
                let draws = self.draw(self.pools.of(*list), *credits)?;
                Ok(vec![self.spend(*message, *list, &draws, at)?])
            }
            Command::Hold {
                message,
                list,
                credits,
            } => self.hold(*message, *list, *credits, at),
            Command::MoveHold {
                message,
                from,
                list,
                credits,
            } => self.move_hold(*message, (*from, *list), *credits, at),
            Command::Settle {
                message,
                list,
                credits,
            } => self.settle(*message, *list, *credits, at),
            Command::Cancel { message, list } => self.cancel(*message, *list, at),
            Command::ChangeTimeZone { time_zone } => self.change_time_zone(time_zone, at),
        }
    }

    fn available(&self) -> Result<Credits, Fault> {
        let mut available = Credits::ZERO;
        for lot in self.lots.values() {
            if lot.remaining < Credits::ZERO {
                return Err(Fault::LotOverdrawn {
                    lot: lot.id,
                    remaining: lot.remaining,
                    taken: Credits::ZERO,
                });
            }
            available = plus(available, lot.remaining)?;
        }
        Ok(available)
    }

    fn entry(
        &mut self,
        kind: EntryKind,
        at: Timestamp,
        list: Option<ListId>,
        message: Option<MessageId>,
        postings: Vec<Posting>,
    ) -> Result<Entry, Fault> {
        let at = self.instant(at);
        self.last_at = at;
        Ok(Entry {
            kind,
            at,
            list,
            message,
            postings,
            expiry_changes: Vec::new(),
            balance: self.balance()?,
        })
    }
}

/// A sum of one account's credits. [`Book::MAX_TOTAL`] keeps it far from the end of `i64`.
fn plus(a: Credits, b: Credits) -> Result<Credits, Fault> {
    a.checked_add(b).ok_or(Fault::OutOfRange {
        units: i128::from(a.units()) + i128::from(b.units()),
    })
}

/// A difference of one account's credits.
fn minus(a: Credits, b: Credits) -> Result<Credits, Fault> {
    a.checked_sub(b).ok_or(Fault::OutOfRange {
        units: i128::from(a.units()) - i128::from(b.units()),
    })
}

fn sum(draws: &[Draw]) -> Result<Credits, Fault> {
    let mut draws = draws.iter();
    draws.try_fold(Credits::ZERO, |sum, draw| plus(sum, draw.credits))
}
