//! The ledger's state machine: one account's lots, pools and open holds, and the commands that change them.
//!
//! [`Book::apply`] gives ledger entries or a refusal; it can't fail otherwise, and a refusal leaves the
//! book as it was (law B6). A book may be loaded in part, so that a spend costs the same whatever the
//! account's history: see [`Book::needs_every_pool`]. Not here: storing, ids, locks and clocks.

mod command;
mod entry;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::entry::{moved, settled};
pub use self::{
    command::{Allocation, Command, Refusal, Source},
    entry::{Balance, BookName, Entry, EntryKind, NextExpiry, Posting},
};
use crate::{
    credits::Credits,
    hold::Hold,
    id::{ListId, LotId, MessageId},
    lot::{ConsumptionOrder, Draw, Lot},
    pool::{Pool, Pools},
};

/// One account's lots, pools and open holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// In which order its lots are drawn.
    pub order: ConsumptionOrder,
    /// The lots that have something left, and those that the loaded holds came from.
    pub lots: BTreeMap<LotId, Lot>,
    /// What each pool has free; the limited ones as far as they are needed.
    pub pools: Pools,
    /// The open holds that the commands concern.
    pub holds: BTreeMap<MessageId, Hold>,
    /// What all open holds set aside, loaded or not.
    pub held: Credits,
    /// When the last entry was written. Time never steps back in a book.
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
            last_at: Timestamp::MIN,
        }
    }
}

impl Book {
    /// The most that one account can have: a hundred of the largest amounts taken from outside, far
    /// enough from the end of `i64` that no sum of an account's credits can overflow.
    pub const MAX_TOTAL: Credits = Credits::from_units(Credits::MAX_INPUT.units() * 100);

    /// Whether `command` at `now` needs every limited pool in [`Book::pools`], rather than those of the
    /// lists it names: what expires or is revoked is shared by all of them (law L3).
    #[must_use]
    pub fn needs_every_pool(&self, command: &Command, now: Timestamp) -> bool {
        matches!(command, Command::Revoke { .. }) || self.has_due_lots(now)
    }

    /// Whether a lot's day has come and its remainder is not booked as expired yet.
    #[must_use]
    pub fn has_due_lots(&self, now: Timestamp) -> bool {
        self.lots
            .values()
            .any(|lot| lot.remaining.is_positive() && lot.has_expired(now))
    }

    /// The balance as the lots and pools stand. At an instant of interest, [`Book::expire`] comes first.
    #[must_use]
    pub fn balance(&self) -> Balance {
        let mut next: Option<NextExpiry> = None;
        for lot in self.lots.values().filter(|lot| lot.remaining.is_positive()) {
            let Some(expiry) = lot.expiry else { continue };
            match &mut next {
                Some(soonest) if soonest.expiry.at < expiry.at => {}
                Some(soonest) if soonest.expiry.at == expiry.at => {
                    soonest.credits = plus(soonest.credits, lot.remaining);
                }
                _ => {
                    next = Some(NextExpiry {
                        credits: lot.remaining,
                        expiry,
                    })
                }
            }
        }
        Balance {
            available: self.available(),
            held: self.held,
            unassigned: self.pools.unassigned,
            next_expiry: next,
        }
    }

    /// The instant as of which a command that arrives at `now` is booked: a clock that steps back does
    /// not reorder the ledger.
    #[must_use]
    pub fn instant(&self, now: Timestamp) -> Timestamp {
        now.max(self.last_at)
    }

    /// Books the expiry of every lot whose day has come, one entry for each instant, as of that instant
    /// (law L2). The credits come off the pools by law L3.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Entry> {
        let now = self.instant(now);
        let mut due: BTreeMap<Timestamp, Vec<Draw>> = BTreeMap::new();
        for lot in self.lots.values().filter(|lot| lot.remaining.is_positive()) {
            if let Some(expiry) = lot.expiry.filter(|expiry| expiry.at <= now) {
                let draw = Draw {
                    lot: lot.id,
                    credits: lot.remaining,
                };
                due.entry(expiry.at).or_default().push(draw);
            }
        }
        due.into_iter()
            .map(|(at, draws)| self.expire_at(at, &draws))
            .collect()
    }

    fn expire_at(&mut self, at: Timestamp, draws: &[Draw]) -> Entry {
        self.take_from_lots(draws);
        let postings = self.take_by_shares(draws, BookName::Expired);
        self.entry(EntryKind::Expiry, at, None, None, postings)
    }

    /// Applies a command as of `now`, after the expiries that are due by then.
    ///
    /// # Errors
    /// A [`Refusal`], and then the book is as it was.
    pub fn apply(&mut self, command: &Command, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
        if self.has_due_lots(self.instant(now)) {
            let mut after = self.clone();
            let mut entries = after.expire(now);
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
                };
                self.issue(lot, *source, at)
            }
            Command::Revoke { lot, credits } => self.revoke(*lot, *credits, at),
            Command::Allocate { allocations } => self.allocate(allocations, at),
            Command::Spend {
                message,
                list,
                credits,
            } => {
                let draws = self.draw(self.pools.of(*list), *credits)?;
                Ok(vec![self.spend(*message, *list, &draws, at)])
            }
            Command::Hold {
                message,
                list,
                credits,
            } => self.hold(*message, *list, *credits, at),
            Command::Settle {
                message,
                list,
                credits,
            } => self.settle(*message, *list, *credits, at),
            Command::Cancel { message, list } => self.cancel(*message, *list, at),
        }
    }

    fn issue(&mut self, lot: Lot, source: Source, at: Timestamp) -> Result<Vec<Entry>, Refusal> {
        if !lot.remaining.is_positive() {
            return Err(Refusal::NotPositive);
        }
        let total = lot
            .remaining
            .checked_add(self.balance().total())
            .ok_or(Refusal::TooMany)?;
        if total > Self::MAX_TOTAL {
            return Err(Refusal::TooMany);
        }
        let kind = match source {
            Source::Purchase => EntryKind::Purchase,
            Source::AutoRecharge => EntryKind::Recharge,
            Source::Grant => EntryKind::Grant,
        };
        self.lots.insert(lot.id, lot);
        self.pools.unassigned = plus(self.pools.unassigned, lot.remaining);
        let posting = |book, credits| Posting {
            book,
            list: None,
            lot: Some(lot.id),
            credits,
        };
        let postings = vec![
            posting(BookName::Issued, minus(Credits::ZERO, lot.remaining)),
            posting(BookName::Available, lot.remaining),
        ];
        let mut entries = vec![self.entry(kind, at, None, None, postings)];
        // A lot that comes in on or after its own day (a date in the past) expires as it comes.
        entries.extend(self.expire_late(&[lot.id], at));
        Ok(entries)
    }

    /// Books the remainder of lots whose day passed before they came (back) in, as of `at`.
    fn expire_late(&mut self, lots: &[LotId], at: Timestamp) -> Option<Entry> {
        let draws: Vec<Draw> = lots
            .iter()
            .filter_map(|lot| self.lots.get(lot))
            .filter(|lot| lot.remaining.is_positive() && lot.has_expired(at))
            .map(|lot| Draw {
                lot: lot.id,
                credits: lot.remaining,
            })
            .collect();
        (!draws.is_empty()).then(|| self.expire_at(at, &draws))
    }

    fn revoke(
        &mut self,
        lot: Option<LotId>,
        credits: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        if !credits.is_positive() {
            return Err(Refusal::NotPositive);
        }
        let draws = match lot {
            None => self.choose(self.available(), credits)?,
            Some(lot) => {
                let available = self.lots.get(&lot).ok_or(Refusal::UnknownLot)?.remaining;
                if available < credits {
                    return Err(Refusal::Insufficient {
                        needed: credits,
                        available,
                    });
                }
                vec![Draw { lot, credits }]
            }
        };
        self.take_from_lots(&draws);
        let postings = self.take_by_shares(&draws, BookName::Revoked);
        Ok(vec![self.entry(
            EntryKind::Revocation,
            at,
            None,
            None,
            postings,
        )])
    }

    fn allocate(
        &mut self,
        allocations: &[Allocation],
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        let mut pools = self.pools.clone();
        let mut postings = Vec::new();
        for Allocation { list, limit } in allocations {
            let had = pools.free(Pool::Limited(*list));
            let change = minus(limit.unwrap_or_default(), had);
            match limit {
                Some(limit) => pools.limited.insert(*list, *limit),
                None => pools.limited.remove(list),
            };
            pools.unassigned = minus(pools.unassigned, change);
            let posting = |list, credits| Posting {
                book: BookName::Available,
                list,
                lot: None,
                credits,
            };
            if !change.is_zero() {
                postings.push(posting(Some(*list), change));
                postings.push(posting(None, minus(Credits::ZERO, change)));
            }
        }
        if pools.unassigned < Credits::ZERO {
            let needed = minus(self.pools.unassigned, pools.unassigned);
            return Err(Refusal::Insufficient {
                needed,
                available: self.pools.unassigned,
            });
        }
        self.pools = pools;
        if postings.is_empty() {
            return Ok(Vec::new());
        }
        let list = match allocations {
            [only] => Some(only.list),
            _ => None,
        };
        Ok(vec![self.entry(
            EntryKind::Allocation,
            at,
            list,
            None,
            postings,
        )])
    }

    fn hold(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        credits: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        if self.holds.contains_key(&message) {
            return Err(Refusal::AlreadyHeld);
        }
        let pool = self.pools.of(list);
        let draws = self.draw(pool, credits)?;
        let mut postings = moved(BookName::Available, pool, &draws, -1);
        postings.extend(moved(BookName::Held, pool, &draws, 1));
        self.held = plus(self.held, credits);
        self.holds.insert(message, Hold { pool, draws });
        Ok(vec![self.entry(
            EntryKind::Hold,
            at,
            list,
            Some(message),
            postings,
        )])
    }

    fn settle(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        charge: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        let hold = self.holds.get(&message).ok_or(Refusal::NotHeld)?.clone();
        let beyond = minus(charge, hold.credits()).max(Credits::ZERO);
        let pool = self.pools.of(list);
        let more = self.draw(pool, beyond)?;
        let (charged, returned) = hold.divide(charge);

        self.holds.remove(&message);
        self.held = minus(self.held, sum(&charged));
        let mut postings = moved(BookName::Held, hold.pool, &charged, -1);
        postings.extend(settled(BookName::Spent, hold.pool.list(), &charged));
        postings.extend(moved(BookName::Available, pool, &more, -1));
        postings.extend(settled(BookName::Spent, pool.list(), &more));
        let mut entries = vec![self.entry(EntryKind::Spend, at, list, Some(message), postings)];
        entries.extend(self.release(message, list, hold.pool, &returned, at));
        Ok(entries)
    }

    fn cancel(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        let hold = self.holds.remove(&message).ok_or(Refusal::NotHeld)?;
        if hold.draws.is_empty() {
            // A hold of nothing: the entry still says that the message was given up.
            return Ok(vec![self.entry(
                EntryKind::Release,
                at,
                list,
                Some(message),
                Vec::new(),
            )]);
        }
        Ok(self.release(message, list, hold.pool, &hold.draws, at))
    }

    /// Puts draws of a hold back into their lots and pool; what goes back to a lot whose day has passed
    /// expires at once, from that pool (law H2). The pool of a list that shares again is the unassigned
    /// one by now.
    fn release(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        from: Pool,
        draws: &[Draw],
        at: Timestamp,
    ) -> Vec<Entry> {
        if draws.is_empty() {
            return Vec::new();
        }
        let pool = self.pools.of(from.list());
        for draw in draws {
            if let Some(lot) = self.lots.get_mut(&draw.lot) {
                lot.remaining = plus(lot.remaining, draw.credits);
            }
        }
        self.add_to_pool(pool, sum(draws));
        self.held = minus(self.held, sum(draws));
        let mut postings = moved(BookName::Held, from, draws, -1);
        postings.extend(moved(BookName::Available, pool, draws, 1));
        let mut entries = vec![self.entry(EntryKind::Release, at, list, Some(message), postings)];

        let is_late = |draw: &&Draw| {
            self.lots
                .get(&draw.lot)
                .is_some_and(|lot| lot.has_expired(at))
        };
        let late: Vec<Draw> = draws.iter().filter(is_late).copied().collect();
        if !late.is_empty() {
            self.take_from_lots(&late);
            self.add_to_pool(pool, minus(Credits::ZERO, sum(&late)));
            let mut postings = moved(BookName::Available, pool, &late, -1);
            postings.extend(settled(BookName::Expired, pool.list(), &late));
            entries.push(self.entry(EntryKind::Expiry, at, list, Some(message), postings));
        }
        entries
    }

    fn spend(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        draws: &[Draw],
        at: Timestamp,
    ) -> Entry {
        let pool = self.pools.of(list);
        let mut postings = moved(BookName::Available, pool, draws, -1);
        postings.extend(settled(BookName::Spent, pool.list(), draws));
        self.entry(EntryKind::Spend, at, list, Some(message), postings)
    }

    /// Takes `credits` out of a pool and out of the lots in draw order.
    fn draw(&mut self, pool: Pool, credits: Credits) -> Result<Vec<Draw>, Refusal> {
        let draws = self.choose(self.pools.free(pool), credits)?;
        self.take_from_lots(&draws);
        self.add_to_pool(pool, minus(Credits::ZERO, credits));
        Ok(draws)
    }

    /// Which lots pay `credits`, in draw order, where `available` may be spent.
    fn choose(&self, available: Credits, credits: Credits) -> Result<Vec<Draw>, Refusal> {
        let refusal = Refusal::Insufficient {
            needed: credits,
            available,
        };
        if credits < Credits::ZERO {
            return Err(Refusal::NotPositive);
        }
        if credits > available {
            return Err(refusal);
        }
        let mut lots: Vec<&Lot> = self
            .lots
            .values()
            .filter(|lot| lot.remaining.is_positive())
            .collect();
        lots.sort_by_key(|lot| lot.draw_key(self.order));
        let mut draws = Vec::new();
        let mut left = credits;
        for lot in lots {
            if left.is_zero() {
                break;
            }
            let taken = left.min(lot.remaining);
            left = minus(left, taken);
            draws.push(Draw {
                lot: lot.id,
                credits: taken,
            });
        }
        // Lots and pools are two cuts of one total, so this is a guard that does not fire.
        if left.is_zero() {
            Ok(draws)
        } else {
            Err(refusal)
        }
    }

    /// Takes what left the lots out of the pools by law L3 and gives the postings of both cuts: the
    /// draws and the shares are walked side by side, so that each posting names its lot and its pool.
    fn take_by_shares(&mut self, draws: &[Draw], into: BookName) -> Vec<Posting> {
        let mut postings = Vec::new();
        let mut shares = self.pools.shares(sum(draws)).into_iter();
        let mut share = shares.next();
        for draw in draws {
            let mut left = draw.credits;
            while let Some((pool, credits)) = share.filter(|_| left.is_positive()) {
                let part = credits.min(left);
                left = minus(left, part);
                self.add_to_pool(pool, minus(Credits::ZERO, part));
                let draw = Draw {
                    lot: draw.lot,
                    credits: part,
                };
                postings.extend(moved(BookName::Available, pool, &[draw], -1));
                postings.extend(settled(into, pool.list(), &[draw]));
                let rest = minus(credits, part);
                share = if rest.is_positive() {
                    Some((pool, rest))
                } else {
                    shares.next()
                };
            }
        }
        postings
    }

    fn take_from_lots(&mut self, draws: &[Draw]) {
        for draw in draws {
            if let Some(lot) = self.lots.get_mut(&draw.lot) {
                lot.remaining = minus(lot.remaining, draw.credits);
            }
        }
    }

    fn add_to_pool(&mut self, pool: Pool, credits: Credits) {
        if let Some(free) = self.pools.free_mut(pool) {
            *free = plus(*free, credits);
        }
    }

    fn available(&self) -> Credits {
        Credits::from_units(self.lots.values().map(|lot| lot.remaining.units()).sum())
    }

    fn entry(
        &mut self,
        kind: EntryKind,
        at: Timestamp,
        list: Option<ListId>,
        message: Option<MessageId>,
        postings: Vec<Posting>,
    ) -> Entry {
        let at = self.instant(at);
        self.last_at = at;
        Entry {
            kind,
            at,
            list,
            message,
            postings,
            balance: self.balance(),
        }
    }
}

/// A sum of one account's credits: [`Book::MAX_TOTAL`] keeps it far from the end of `i64`.
fn plus(a: Credits, b: Credits) -> Credits {
    Credits::from_units(a.units() + b.units())
}

/// A difference of one account's credits.
fn minus(a: Credits, b: Credits) -> Credits {
    Credits::from_units(a.units() - b.units())
}

fn sum(draws: &[Draw]) -> Credits {
    Credits::from_units(draws.iter().map(|draw| draw.credits.units()).sum())
}
