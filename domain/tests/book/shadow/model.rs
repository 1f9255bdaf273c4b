//! The second book: plain lists that are searched and sorted again at every step, in wide integers.
//!
//! Here: the laws of lots, pools and holds, written a second time from their wording alone. It
//! shares nothing with the first book but the commands and the refusals. Not here: entries and
//! postings.

#[path = "model/coming.rs"]
mod coming;
#[path = "model/view.rs"]
mod view;

use std::cmp::Ordering;

use domain::{
    book::{Allocation, Command, Refusal},
    credits::Credits,
    id::{ListId, LotId, MessageId},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The most that an account may have: 10^14 credits.
const MOST: i128 = 1_000_000_000_000_000_000;

#[derive(Debug, Clone)]
struct Lot {
    id: LotId,
    left: i128,
    ends: Option<Timestamp>,
    day: Option<Date>,
    since: Timestamp,
    taken_back: bool,
}

#[derive(Debug, Clone)]
struct Pool {
    /// The unassigned pool has no owner.
    owner: Option<ListId>,
    free: i128,
}

#[derive(Debug, Clone)]
struct Hold {
    message: MessageId,
    payer: Option<ListId>,
    /// The last draw is on top.
    stack: Vec<(LotId, i128)>,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub soonest_first: bool,
    pub issued: i128,
    pub spent: i128,
    pub expired: i128,
    pub revoked: i128,
    pub debt: i128,
    lots: Vec<Lot>,
    pools: Vec<Pool>,
    holds: Vec<Hold>,
    /// When something was last written.
    written: Timestamp,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            soonest_first: false,
            issued: 0,
            spent: 0,
            expired: 0,
            revoked: 0,
            debt: 0,
            lots: Vec::new(),
            pools: vec![Pool {
                owner: None,
                free: 0,
            }],
            holds: Vec::new(),
            written: Timestamp::MIN,
        }
    }
}

fn short(needed: i128, available: i128) -> Refusal {
    let credits = |units: i128| Credits::from_units(units.min(i64::MAX.into()).try_into().unwrap());
    Refusal::Insufficient {
        needed: credits(needed),
        available: credits(available),
    }
}

fn wide(credits: Credits) -> i128 {
    credits.units().into()
}

fn refuse_unless(is_so: bool, refusal: Refusal) -> Result<(), Refusal> {
    if is_so { Ok(()) } else { Err(refusal) }
}

impl Model {
    /// Applies the command as of `now`, or changes nothing.
    pub fn apply(&mut self, command: &Command, now: Timestamp) -> Result<(), Refusal> {
        let kept = self.clone();
        let outcome = self.attempt(command, now);
        if outcome.is_err() {
            *self = kept;
        }
        outcome
    }

    fn attempt(&mut self, command: &Command, now: Timestamp) -> Result<(), Refusal> {
        self.expire(now);
        let now = self.instant(now);
        match command {
            Command::Issue {
                lot,
                source,
                credits,
                expiry,
            } => self.issue(*lot, *source, (wide(*credits), *expiry), now)?,
            Command::TakeBack { lot, credits, used } => {
                self.take_back(*lot, wide(*credits), wide(*used))?;
            }
            Command::Revoke { lot, credits } => self.revoke(*lot, wide(*credits))?,
            Command::Allocate { allocations } => {
                if !self.allocate(allocations)? {
                    return Ok(());
                }
            }
            Command::Spend { list, credits, .. } => {
                self.draw(self.payer(*list), wide(*credits))?;
                self.spent += wide(*credits);
            }
            Command::Hold {
                message,
                list,
                credits,
            } => {
                refuse_unless(self.hold_of(*message).is_err(), Refusal::AlreadyHeld)?;
                let payer = self.payer(*list);
                let hold = Hold {
                    message: *message,
                    payer,
                    stack: self.draw(payer, wide(*credits))?,
                };
                self.holds.push(hold);
            }
            Command::MoveHold {
                message,
                list,
                credits,
                ..
            } => {
                let at = self.hold_of(*message)?;
                let hold = self.holds.remove(at);
                let all = sum(&hold.stack);
                self.give_back(hold, all, now);
                let payer = self.payer(*list);
                let stack = self.draw(payer, wide(*credits))?;
                self.holds.push(Hold {
                    message: *message,
                    payer,
                    stack,
                });
            }
            Command::Settle {
                message,
                list,
                credits,
            } => self.settle(*message, *list, wide(*credits), now)?,
            Command::Cancel { message, .. } => {
                let at = self.hold_of(*message)?;
                let hold = self.holds.remove(at);
                let all = sum(&hold.stack);
                self.give_back(hold, all, now);
            }
            Command::ChangeTimeZone { time_zone } => {
                if !self.change_days(time_zone, now) {
                    return Ok(());
                }
            }
        }
        self.written = now;
        Ok(())
    }

    /// Expires lots, one instant after the other.
    pub fn expire(&mut self, now: Timestamp) {
        let now = self.instant(now);
        while let Some((instant, credits)) = self.next_expiry().filter(|next| next.0 <= now) {
            for lot in &mut self.lots {
                if lot.ends == Some(instant) {
                    lot.left = 0;
                }
            }
            self.take_from_all(credits);
            self.expired += credits;
            self.written = self.written.max(instant);
        }
    }

    /// Lots expire when their days begin in the zone, or now if their day has begun there. Returns
    /// whether any lot's expiry moved.
    fn change_days(&mut self, zone: &TimeZone, now: Timestamp) -> bool {
        let (mut moved, mut lost) = (false, 0);
        for lot in &mut self.lots {
            let (Some(ends), Some(day)) = (lot.ends, lot.day) else {
                continue;
            };
            let begins = day.to_zoned(zone.clone()).unwrap().timestamp();
            if ends <= now || begins == ends {
                continue;
            }
            moved = true;
            lot.ends = Some(begins);
            if begins <= now {
                lost += lot.left;
                lot.left = 0;
            }
        }
        self.take_from_all(lost);
        self.expired += lost;
        moved
    }

    fn revoke(&mut self, id: Option<LotId>, credits: i128) -> Result<(), Refusal> {
        refuse_unless(credits > 0, Refusal::NotPositive)?;
        match id {
            Some(id) => {
                let lot = self.lots.iter_mut().find(|lot| lot.id == id);
                let lot = lot.ok_or(Refusal::UnknownLot)?;
                refuse_unless(credits <= lot.left, short(credits, lot.left))?;
                lot.left -= credits;
            }
            None => {
                let all = self.available();
                refuse_unless(credits <= all, short(credits, all))?;
                self.draw_from_lots(credits);
            }
        }
        self.take_from_all(credits);
        self.revoked += credits;
        Ok(())
    }

    /// Returns whether any credits moved.
    fn allocate(&mut self, allocations: &[Allocation]) -> Result<bool, Refusal> {
        let had = self.pool(None).free;
        let mut moved = false;
        for Allocation { list, limit } in allocations {
            refuse_unless(
                limit.is_none_or(|limit| wide(limit) >= 0),
                Refusal::NotPositive,
            )?;
            let old = self.pools.iter().position(|pool| pool.owner == Some(*list));
            let old = old.map_or(0, |at| self.pools.remove(at).free);
            let new = limit.map_or(0, wide);
            if limit.is_some() {
                self.pools.push(Pool {
                    owner: Some(*list),
                    free: new,
                });
            }
            self.pool(None).free += old - new;
            moved |= old != new;
        }
        let left = self.pool(None).free;
        refuse_unless(left >= 0, short(had - left, had))?;
        Ok(moved)
    }

    fn settle(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        charge: i128,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        refuse_unless(charge >= 0, Refusal::NotPositive)?;
        let at = self.hold_of(message)?;
        let held = sum(&self.holds[at].stack);
        if charge > held {
            self.draw(self.payer(list), charge - held)?;
        }
        let hold = self.holds.remove(at);
        self.give_back(hold, (held - charge).max(0), now);
        self.spent += charge;
        Ok(())
    }

    fn draw(
        &mut self,
        payer: Option<ListId>,
        credits: i128,
    ) -> Result<Vec<(LotId, i128)>, Refusal> {
        refuse_unless(credits >= 0, Refusal::NotPositive)?;
        let free = self.pool(payer).free;
        refuse_unless(credits <= free, short(credits, free))?;
        self.pool(payer).free -= credits;
        Ok(self.draw_from_lots(credits))
    }

    fn draw_from_lots(&mut self, mut credits: i128) -> Vec<(LotId, i128)> {
        let mut drawn = Vec::new();
        let soonest_first = self.soonest_first;
        while credits > 0 {
            let open = self.lots.iter_mut().filter(|lot| lot.left > 0);
            let first = open.min_by(|a, b| compare(a, b, soonest_first)).unwrap();
            let part = first.left.min(credits);
            first.left -= part;
            credits -= part;
            drawn.push((first.id, part));
        }
        drawn
    }

    /// The unassigned pool pays first. Each list then pays its part rounded down, and the missing
    /// units come one by one from those that lost most by the rounding.
    fn take_from_all(&mut self, credits: i128) {
        let unassigned = self.pool(None);
        let first = credits.min(unassigned.free);
        unassigned.free -= first;
        let rest = credits - first;
        let mut limited: Vec<_> = (self.pools.iter_mut())
            .filter(|pool| pool.owner.is_some())
            .collect();
        let total: i128 = limited.iter().map(|pool| pool.free).sum();
        let mut short = rest;
        let lost = |pool: &Pool| (rest * pool.free) % total;
        limited.sort_by_key(|pool| pool.owner);
        if rest > 0 {
            limited.sort_by_key(|pool| -lost(pool));
            for pool in &limited {
                short -= rest * pool.free / total;
            }
            for pool in limited {
                let more = short.min(1);
                short -= more;
                pool.free -= rest * pool.free / total + more;
            }
        }
        assert_eq!(short, 0, "the pools have less than the lots");
    }

    /// The list itself if it has a limit of its own.
    fn payer(&self, list: Option<ListId>) -> Option<ListId> {
        list.filter(|_| self.pools.iter().any(|pool| pool.owner == list))
    }

    fn pool(&mut self, owner: Option<ListId>) -> &mut Pool {
        let mut pools = self.pools.iter_mut();
        pools.find(|pool| pool.owner == owner).unwrap()
    }

    fn hold_of(&self, message: MessageId) -> Result<usize, Refusal> {
        let at = self.holds.iter().position(|hold| hold.message == message);
        at.ok_or(Refusal::NotHeld)
    }
}

fn sum(stack: &[(LotId, i128)]) -> i128 {
    stack.iter().map(|(_, units)| units).sum()
}

/// Which of two lots is drawn first.
fn compare(a: &Lot, b: &Lot, soonest_first: bool) -> Ordering {
    let by_end = match (a.ends, b.ends) {
        (Some(a), Some(b)) => a.cmp(&b),
        (None, None) => Ordering::Equal,
        (None, Some(_)) if soonest_first => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) if soonest_first => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    };
    by_end
        .then_with(|| a.since.cmp(&b.since))
        .then_with(|| a.id.cmp(&b.id))
}
