//! Pools: *who* may spend. Each account has an unassigned pool, and one for each list with its own
//! limit.
//!
//! Here: the pools' free credits, and taking an amount from all of them (law L3). Not here: the
//! lots that the credits belong to ([`crate::lot`]).

use std::collections::BTreeMap;

use crate::{credits::Credits, fault::Fault, id::ListId, proportion::split};

/// A pool of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// The pool that all lists without a limit share.
    Unassigned,
    /// The pool of one list with a limit.
    Limited(ListId),
}

impl Pool {
    /// The list that the pool belongs to; `None` for the unassigned pool.
    #[must_use]
    pub fn list(self) -> Option<ListId> {
        match self {
            Self::Unassigned => None,
            Self::Limited(list) => Some(list),
        }
    }
}

/// The free credits of each pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pools {
    /// Free credits of the unassigned pool.
    pub unassigned: Credits,
    /// Free credits of lists with a limit. A list that is not here shares the unassigned pool.
    pub limited: BTreeMap<ListId, Credits>,
}

impl Pools {
    /// The pool that pays for a message to `list` (law P1).
    #[must_use]
    pub fn of(&self, list: Option<ListId>) -> Pool {
        match list {
            Some(list) if self.limited.contains_key(&list) => Pool::Limited(list),
            Some(_) | None => Pool::Unassigned,
        }
    }

    /// A pool's free credits.
    ///
    /// # Errors
    /// The pool is below zero, or there is none: [`Pools::of`] only returns pools that there are.
    pub fn free(&self, pool: Pool) -> Result<Credits, Fault> {
        let free = match pool {
            Pool::Unassigned => self.unassigned,
            Pool::Limited(list) => {
                let free = self.limited.get(&list).copied();
                free.ok_or(Fault::MissingPool(list))?
            }
        };
        whole(pool.list(), free).map(|_| free)
    }

    /// A pool's free credits, to change.
    pub(crate) fn free_mut(&mut self, pool: Pool) -> Result<&mut Credits, Fault> {
        match pool {
            Pool::Unassigned => Ok(&mut self.unassigned),
            Pool::Limited(list) => {
                let free = self.limited.get_mut(&list);
                free.ok_or(Fault::MissingPool(list))
            }
        }
    }

    /// What all pools have free together.
    pub(crate) fn total(&self) -> Result<Credits, Fault> {
        let units: i128 = (self.limited.values().chain([&self.unassigned]))
            .map(|free| i128::from(free.units()))
            .sum();
        from_units(units)
    }

    /// How `amount` comes off the pools (law L3): the unassigned pool first; what it lacks off the
    /// limited lists in proportion to what they have free, by largest remainder, ties by id. The
    /// parts add up exactly to `amount`, or to everything there is if that is less.
    ///
    /// # Errors
    /// A pool is below zero, or a sum is out of range.
    pub fn shares(&self, amount: Credits) -> Result<Vec<(Pool, Credits)>, Fault> {
        let unassigned = whole(None, self.unassigned)?;
        let mut weights = Vec::with_capacity(self.limited.len());
        for (list, free) in &self.limited {
            weights.push(whole(Some(*list), *free)?);
        }
        let limited: u128 = weights.iter().map(|free| u128::from(*free)).sum();
        let amount = u64::try_from(amount.units()).map_err(|_| Fault::OutOfRange {
            units: amount.units().into(),
        })?;
        let from_unassigned = amount.min(unassigned);
        let rest = amount - from_unassigned;
        // The lists have no more than they have, and `rest` is a `u64`.
        let rest = u64::try_from(limited).map_or(rest, |limited| rest.min(limited));
        let parts = split(rest, &weights);
        let pools = [(Pool::Unassigned, from_unassigned)].into_iter();
        let lists = self.limited.keys().map(|list| Pool::Limited(*list));
        pools
            .chain(lists.zip(parts))
            .filter(|(_, units)| *units > 0)
            .map(|(pool, units)| Ok((pool, from_units(units.into())?)))
            .collect()
    }
}

fn from_units(units: i128) -> Result<Credits, Fault> {
    let fits = i64::try_from(units).map_err(|_| Fault::OutOfRange { units })?;
    Ok(Credits::from_units(fits))
}

/// A pool's free credits in units, which are never below zero.
fn whole(list: Option<ListId>, free: Credits) -> Result<u64, Fault> {
    u64::try_from(free.units()).map_err(|_| Fault::PoolOverdrawn {
        list,
        free,
        taken: Credits::ZERO,
    })
}

#[cfg(test)]
mod tests {
    use super::{Pool, Pools};
    use crate::{credits::Credits, id::ListId};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn pools(unassigned: i64, limited: &[i64]) -> Pools {
        Pools {
            unassigned: Credits::from_units(unassigned),
            limited: (1_u128..)
                .zip(limited)
                .map(|(id, units)| {
                    (
                        ListId::new(Uuid::from_u128(id)),
                        Credits::from_units(*units),
                    )
                })
                .collect(),
        }
    }

    #[test]
    fn the_unassigned_pool_pays_first_and_the_lists_in_proportion() {
        let check = |unassigned, limited: &[i64], amount, expected: &[i64]| {
            let shares = pools(unassigned, limited)
                .shares(Credits::from_units(amount))
                .unwrap();
            let units: Vec<i64> = shares.iter().map(|(_, credits)| credits.units()).collect();
            assert_eq!(units, expected, "{amount} off {unassigned} and {limited:?}");
        };
        check(50, &[30, 10], 20, &[20]);
        check(10, &[30, 10], 30, &[10, 15, 5]);
        check(0, &[1, 1, 1], 2, &[1, 1]);
        check(0, &[10, 10, 10], 10, &[4, 3, 3]);
        check(5, &[0, 7], 12, &[5, 7]);
        check(5, &[], 12, &[5]);
    }

    proptest! {
        #[test]
        fn shares_add_up_and_never_overdraw(
            unassigned in 0_i64..1_000,
            limited in prop::collection::vec(0_i64..1_000, 0..8),
            part in 0_i64..10_000,
        ) {
            let pools = pools(unassigned, &limited);
            let total = unassigned + limited.iter().sum::<i64>();
            let amount = Credits::from_units(part % (total + 1));
            let shares = pools.shares(amount).unwrap();
            prop_assert_eq!(shares.iter().map(|(_, credits)| credits.units()).sum::<i64>(), amount.units());
            for (pool, credits) in &shares {
                prop_assert!(*credits <= pools.free(*pool).unwrap());
            }
            let lists_pay = shares.iter().any(|(pool, _)| *pool != Pool::Unassigned);
            let unassigned_pays = shares.iter().find(|(pool, _)| *pool == Pool::Unassigned);
            if lists_pay && unassigned > 0 {
                prop_assert_eq!(unassigned_pays.map(|(_, credits)| credits.units()), Some(unassigned));
            }
        }
    }
}
