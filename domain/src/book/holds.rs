//! Holds: credits set aside for a scheduled message, charged or released when it ends.
//!
//! Here: laws H1 to H4 over lots and pools. Not here: what a hold remembers and how it is divided,
//! which is [`crate::hold`].

use jiff::Timestamp;

use super::{
    ApplyError, Book, BookName, Entry, EntryKind, Fault, Refusal,
    entry::{Sign, moved, settled},
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
    ) -> Result<Vec<Entry>, ApplyError> {
        if self.holds.contains_key(&message) {
            return Err(Refusal::AlreadyHeld.into());
        }
        let pool = self.pools.of(list);
        let draws = self.draw(pool, credits)?;
        let mut postings = moved(BookName::Available, pool, &draws, Sign::Out)?;
        postings.extend(moved(BookName::Held, pool, &draws, Sign::In)?);
        self.held = plus(self.held, credits)?;
        self.holds.insert(message, Hold { pool, draws });
        Ok(vec![self.entry(
            EntryKind::Hold,
            at,
            list,
            Some(message),
            postings,
        )?])
    }

    /// Releases the hold of a message and holds another amount for it. What comes back is available
    /// for the new hold at once, and nothing can be booked in between (law H4).
    pub(super) fn move_hold(
        &mut self,
        message: MessageId,
        (from, list): (Option<ListId>, Option<ListId>),
        credits: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        // A refusal of the new hold must leave the old one (law B6).
        let mut after = self.clone();
        let mut entries = after.cancel(message, from, at)?;
        entries.extend(after.hold(message, list, credits, at)?);
        *self = after;
        Ok(entries)
    }

    pub(super) fn settle(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        charge: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        if charge < Credits::ZERO {
            return Err(Refusal::NotPositive.into());
        }
        let hold = self.holds.get(&message).ok_or(Refusal::NotHeld)?.clone();
        let beyond = minus(charge, sum(&hold.draws)?)?.max(Credits::ZERO);
        let pool = self.pools.of(list);
        let more = self.draw(pool, beyond)?;
        let (charged, returned) = hold.divide(charge);

        self.holds.remove(&message);
        self.take_from_holds(sum(&charged)?)?;
        let mut postings = moved(BookName::Held, hold.pool, &charged, Sign::Out)?;
        postings.extend(settled(BookName::Spent, hold.pool.list(), &charged)?);
        postings.extend(moved(BookName::Available, pool, &more, Sign::Out)?);
        postings.extend(settled(BookName::Spent, pool.list(), &more)?);
        let mut entries = vec![self.entry(EntryKind::Spend, at, list, Some(message), postings)?];
        entries.extend(self.release(message, list, hold.pool, &returned, at)?);
        Ok(entries)
    }

    pub(super) fn cancel(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        let hold = self.holds.remove(&message).ok_or(Refusal::NotHeld)?;
        if hold.draws.is_empty() {
            // A hold of zero credits: the entry still records that the message was cancelled.
            return Ok(vec![self.entry(
                EntryKind::Release,
                at,
                list,
                Some(message),
                Vec::new(),
            )?]);
        }
        Ok(self.release(message, list, hold.pool, &hold.draws, at)?)
    }

    fn take_from_holds(&mut self, credits: Credits) -> Result<(), Fault> {
        if credits > self.held {
            return Err(Fault::HoldsOverdrawn {
                held: self.held,
                taken: credits,
            });
        }
        self.held = minus(self.held, credits)?;
        Ok(())
    }

    /// Returns draws of a hold to their lots and pool. Credits that return to a lot whose payment
    /// was taken back pay the account's debt at once (law R5), and others that return to a lot
    /// whose day has passed expire at once (law H2), both from that pool. If the list shares again
    /// by now, its pool is the unassigned one.
    fn release(
        &mut self,
        message: MessageId,
        list: Option<ListId>,
        from: Pool,
        draws: &[Draw],
        at: Timestamp,
    ) -> Result<Vec<Entry>, Fault> {
        if draws.is_empty() {
            return Ok(Vec::new());
        }
        let pool = self.pools.of(from.list());
        let credits = sum(draws)?;
        self.give_to_lots(draws)?;
        self.give_to_pool(pool, credits)?;
        self.take_from_holds(credits)?;
        let mut postings = moved(BookName::Held, from, draws, Sign::Out)?;
        postings.extend(moved(BookName::Available, pool, draws, Sign::In)?);
        let mut entries =
            vec![self.entry(EntryKind::Release, at, list, Some(message), postings)?];

        let (mut owing, mut kept): (Vec<Draw>, Vec<Draw>) = (Vec::new(), Vec::new());
        for draw in draws {
            if self.lot(draw.lot)?.taken_back {
                owing.push(*draw);
            } else {
                kept.push(*draw);
            }
        }
        let (payment, unneeded) = self.pay_debt(pool, &owing, (list, Some(message)), at)?;
        entries.extend(payment);
        kept.extend(unneeded);
        let mut late: Vec<Draw> = Vec::new();
        for draw in kept {
            if self.lot(draw.lot)?.has_expired(at) {
                late.push(draw);
            }
        }
        if !late.is_empty() {
            self.take_from_lots(&late)?;
            self.take_from_pool(pool, sum(&late)?)?;
            let mut postings = moved(BookName::Available, pool, &late, Sign::Out)?;
            postings.extend(settled(BookName::Expired, pool.list(), &late)?);
            entries.push(self.entry(EntryKind::Expiry, at, list, Some(message), postings)?);
        }
        Ok(entries)
    }
}
