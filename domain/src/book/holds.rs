//! Holds: credits set aside for a scheduled message, charged or given back when it ends.
//!
//! Here: laws H1 to H3 over lots and pools. Not here: what a hold remembers and how it is divided,
//! which is [`crate::hold`].

use jiff::Timestamp;

use super::{
    Book, BookName, Entry, EntryKind, Refusal,
    entry::{moved, settled},
    minus, plus, sum,
};
use crate::{
    credits::Credits,
    hold::Hold,
    id::{ListId, MessageId},
    lot::Draw,
    pool::Pool,
};

impl Book {
    pub(super) fn hold(
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

    pub(super) fn settle(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        charge: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        if charge < Credits::ZERO {
            return Err(Refusal::NotPositive);
        }
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

    pub(super) fn cancel(
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
}
