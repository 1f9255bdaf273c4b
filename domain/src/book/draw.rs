//! Choosing the lots that pay, and taking credits out of lots and pools together.
//!
//! Here: the draw order (law L1), spending at once, and sharing what leaves all pools (law L3). Not
//! here: how one amount is divided among pools, which is [`crate::pool`].

use jiff::Timestamp;

use super::{
    ApplyError, Book, BookName, Entry, EntryKind, Fault, Posting, Refusal,
    entry::{Sign, moved, settled},
    minus, plus, sum,
};
use crate::{
    credits::Credits,
    id::{ListId, LotId, MessageId},
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
    ) -> Result<Entry, Fault> {
        let pool = self.pools.of(list);
        let mut postings = moved(BookName::Available, pool, draws, Sign::Out)?;
        postings.extend(settled(BookName::Spent, pool.list(), draws)?);
        self.entry(EntryKind::Spend, at, list, Some(message), postings)
    }

    /// Takes `credits` out of a pool and out of the lots in draw order.
    pub(super) fn draw(&mut self, pool: Pool, credits: Credits) -> Result<Vec<Draw>, ApplyError> {
        let draws = self.choose(self.pools.free(pool)?, credits)?;
        self.take_from_lots(&draws)?;
        self.take_from_pool(pool, credits)?;
        Ok(draws)
    }

    /// The lots that pay `credits`, in draw order, if `available` may be spent.
    pub(super) fn choose(
        &self,
        available: Credits,
        credits: Credits,
    ) -> Result<Vec<Draw>, ApplyError> {
        if credits < Credits::ZERO {
            return Err(Refusal::NotPositive.into());
        }
        if credits > available {
            return Err(ApplyError::Refused(Refusal::Insufficient {
                needed: credits,
                available,
            }));
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
            left = minus(left, taken)?;
            draws.push(Draw {
                lot: lot.id,
                credits: taken,
            });
        }
        if left.is_zero() {
            Ok(draws)
        } else {
            Err(ApplyError::Fault(Fault::CutsDiffer {
                draw: credits,
                lots: minus(credits, left)?,
                pools: available,
            }))
        }
    }

    /// Takes what left the lots out of the pools by law L3 and returns the postings. The draws and
    /// the shares are walked side by side, so that each posting names its lot and its pool.
    pub(super) fn take_by_shares(
        &mut self,
        draws: &[Draw],
        into: BookName,
    ) -> Result<Vec<Posting>, Fault> {
        let mut postings = Vec::new();
        let total = sum(draws)?;
        let mut shares = self.pools.shares(total)?.into_iter();
        let mut share = shares.next();
        for draw in draws {
            let mut left = draw.credits;
            while left.is_positive() {
                let Some((pool, credits)) = share else {
                    return Err(Fault::CutsDiffer {
                        draw: total,
                        lots: total,
                        pools: self.pools.total()?,
                    });
                };
                let part = credits.min(left);
                left = minus(left, part)?;
                self.take_from_pool(pool, part)?;
                let draw = Draw {
                    lot: draw.lot,
                    credits: part,
                };
                postings.extend(moved(BookName::Available, pool, &[draw], Sign::Out)?);
                postings.extend(settled(into, pool.list(), &[draw])?);
                let rest = minus(credits, part)?;
                share = if rest.is_positive() {
                    Some((pool, rest))
                } else {
                    shares.next()
                };
            }
        }
        Ok(postings)
    }

    pub(super) fn take_from_lots(&mut self, draws: &[Draw]) -> Result<(), Fault> {
        for draw in draws {
            let lot = self.lot_mut(draw.lot)?;
            if draw.credits > lot.remaining {
                return Err(Fault::LotOverdrawn {
                    lot: draw.lot,
                    remaining: lot.remaining,
                    taken: draw.credits,
                });
            }
            lot.remaining = minus(lot.remaining, draw.credits)?;
        }
        Ok(())
    }

    pub(super) fn give_to_lots(&mut self, draws: &[Draw]) -> Result<(), Fault> {
        for draw in draws {
            let lot = self.lot_mut(draw.lot)?;
            lot.remaining = plus(lot.remaining, draw.credits)?;
        }
        Ok(())
    }

    pub(super) fn lot(&self, id: LotId) -> Result<&Lot, Fault> {
        self.lots.get(&id).ok_or(Fault::MissingLot(id))
    }

    pub(super) fn lot_mut(&mut self, id: LotId) -> Result<&mut Lot, Fault> {
        self.lots.get_mut(&id).ok_or(Fault::MissingLot(id))
    }

    pub(super) fn take_from_pool(&mut self, pool: Pool, credits: Credits) -> Result<(), Fault> {
        let free = self.pools.free_mut(pool)?;
        if credits > *free {
            return Err(Fault::PoolOverdrawn {
                list: pool.list(),
                free: *free,
                taken: credits,
            });
        }
        *free = minus(*free, credits)?;
        Ok(())
    }

    pub(super) fn give_to_pool(&mut self, pool: Pool, credits: Credits) -> Result<(), Fault> {
        let free = self.pools.free_mut(pool)?;
        *free = plus(*free, credits)?;
        Ok(())
    }
}
