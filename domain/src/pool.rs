//! Pools: *who* may spend. Each account has an unassigned pool, and one for each list with its own
//! limit.
//!
//! Here: the pools' free credits, and taking an amount from all of them (law L3). Not here: the
//! lots that the credits belong to ([`crate::lot`]).

use std::collections::BTreeMap;

use crate::{credits::Credits, id::ListId, proportion::split};

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
            _ => Pool::Unassigned,
        }
    }

    /// The free credits of a pool; zero if it does not exist.
    #[must_use]
    pub fn free(&self, pool: Pool) -> Credits {
        match pool {
            Pool::Unassigned => self.unassigned,
            Pool::Limited(list) => self.limited.get(&list).copied().unwrap_or_default(),
        }
    }

    /// The free credits of a pool, to change; `None` if it does not exist.
    pub(crate) fn free_mut(&mut self, pool: Pool) -> Option<&mut Credits> {
        match pool {
            Pool::Unassigned => Some(&mut self.unassigned),
            Pool::Limited(list) => self.limited.get_mut(&list),
        }
    }

    /// Divides `amount` among the pools (law L3): the unassigned pool first, and the rest among the
    /// lists with a limit in proportion to their free credits, by largest remainder, ties by id.
    /// The parts add up exactly to `amount`, or to all free credits if they are less.
    #[must_use]
    pub fn shares(&self, amount: Credits) -> Vec<(Pool, Credits)> {
        let from_unassigned = amount.min(self.unassigned);
        let mut shares = vec![(Pool::Unassigned, from_unassigned)];
        let weights: Vec<_> = self
            .limited
            .iter()
            .filter_map(|(list, free)| Some((*list, u64::try_from(free.units()).ok()?)))
            .collect();
        // All free credits of the pools together fit i64.
        let total: u64 = weights.iter().map(|(_, free)| free).sum();
        let rest = i128::from(amount.units()) - i128::from(from_unassigned.units());
        let rest = u64::try_from(rest).unwrap_or_default().min(total);
        let free: Vec<u64> = weights.iter().map(|(_, free)| *free).collect();
        let parts = split(rest, &free);
        shares.extend(weights.into_iter().zip(parts).map(|((list, _), units)| {
            // A part is at most the free credits of its list, which are an i64.
            let units = i64::try_from(units).unwrap_or(i64::MAX);
            (Pool::Limited(list), Credits::from_units(units))
        }));
        shares.retain(|(_, credits)| credits.is_positive());
        shares
    }
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
            let shares = pools(unassigned, limited).shares(Credits::from_units(amount));
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
            let shares = pools.shares(amount);
            prop_assert_eq!(shares.iter().map(|(_, credits)| credits.units()).sum::<i64>(), amount.units());
            for (pool, credits) in &shares {
                prop_assert!(*credits <= pools.free(*pool));
            }
            let lists_pay = shares.iter().any(|(pool, _)| *pool != Pool::Unassigned);
            let unassigned_pays = shares.iter().find(|(pool, _)| *pool == Pool::Unassigned);
            if lists_pay && unassigned > 0 {
                prop_assert_eq!(unassigned_pays.map(|(_, credits)| credits.units()), Some(unassigned));
            }
        }
    }
}
