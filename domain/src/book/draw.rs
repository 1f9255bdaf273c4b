//! Choosing the lots that pay, and taking credits out of lots and pools together.
//!
//! Here: the draw order at work (law L1), spending at once, and the sharing of what leaves all pools
//! (law L3). Not here: how one amount is divided among pools, which is [`crate::pool`].

use jiff::Timestamp;

use super::{
    Book, BookName, Entry, EntryKind, Posting, Refusal,
    entry::{moved, settled},
    minus, plus, sum,
};
use crate::{
    credits::Credits,
    id::{ListId, MessageId},
    lot::{Draw, Lot},
    pool::Pool,
};

impl Book {
    pub(super) fn spend(
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
    pub(super) fn draw(&mut self, pool: Pool, credits: Credits) -> Result<Vec<Draw>, Refusal> {
        let draws = self.choose(self.pools.free(pool), credits)?;
        self.take_from_lots(&draws);
        self.add_to_pool(pool, minus(Credits::ZERO, credits));
        Ok(draws)
    }

    /// Which lots pay `credits`, in draw order, where `available` may be spent.
    pub(super) fn choose(
        &self,
        available: Credits,
        credits: Credits,
    ) -> Result<Vec<Draw>, Refusal> {
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
    pub(super) fn take_by_shares(&mut self, draws: &[Draw], into: BookName) -> Vec<Posting> {
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

    pub(super) fn take_from_lots(&mut self, draws: &[Draw]) {
        for draw in draws {
            if let Some(lot) = self.lots.get_mut(&draw.lot) {
                lot.remaining = minus(lot.remaining, draw.credits);
            }
        }
    }

    pub(super) fn add_to_pool(&mut self, pool: Pool, credits: Credits) {
        if let Some(free) = self.pools.free_mut(pool) {
            *free = plus(*free, credits);
        }
    }
}
