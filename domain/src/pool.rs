//! Pools: *who* may spend. One unassigned pool an account, and one for each list with a limit of its own.
//!
//! Here: the pools' free credits and how an amount is taken from all of them (law L3). Not here: which
//! lots the credits belong to, which is [`crate::lot`].

use std::collections::BTreeMap;

use crate::{credits::Credits, id::ListId, proportion::split};

/// Names a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// What every list without a limit shares.
    Unassigned,
    /// What one limited list has for itself.
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

/// What each pool has free.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pools {
    /// The unassigned pool.
    pub unassigned: Credits,
    /// The lists with a limit of their own. A list that is not here shares the unassigned pool.
    pub limited: BTreeMap<ListId, Credits>,
}

impl Pools {
    /// The pool that a message of `list` is paid from (law P1).
    #[must_use]
    pub fn of(&self, list: Option<ListId>) -> Pool {
        match list {
            Some(list) if self.limited.contains_key(&list) => Pool::Limited(list),
            _ => Pool::Unassigned,
        }
    }

    /// What a pool has free; nothing where there is no such pool.
    #[must_use]
    pub fn free(&self, pool: Pool) -> Credits {
        match pool {
            Pool::Unassigned => self.unassigned,
            Pool::Limited(list) => self.limited.get(&list).copied().unwrap_or_default(),
        }
    }

    /// A pool's free credits, to change. `None` where there is no such pool.
    pub(crate) fn free_mut(&mut self, pool: Pool) -> Option<&mut Credits> {
        match pool {
            Pool::Unassigned => Some(&mut self.unassigned),
            Pool::Limited(list) => self.limited.get_mut(&list),
        }
    }

    /// How `amount` comes off the pools (law L3): the unassigned pool first; what it lacks off the
    /// limited lists in proportion to what they have free, by largest remainder, ties by id. The
    /// parts add up exactly to `amount`, or to everything there is where that is less.
    #[must_use]
    pub fn shares(&self, amount: Credits) -> Vec<(Pool, Credits)> {
        let from_unassigned = amount.min(self.unassigned);
        let mut shares = vec![(Pool::Unassigned, from_unassigned)];
        let weights: Vec<_> = self
            .limited
            .iter()
            .filter_map(|(list, free)| Some((*list, u64::try_from(free.units()).ok()?)))
            .collect();
        // What the pools have free fits i64 in all.
        let total: u64 = weights.iter().map(|(_, free)| free).sum();
        let rest = i128::from(amount.units()) - i128::from(from_unassigned.units());
        let rest = u64::try_from(rest).unwrap_or_default().min(total);
        let free: Vec<u64> = weights.iter().map(|(_, free)| *free).collect();
        let parts = split(rest, &free);
        shares.extend(weights.into_iter().zip(parts).map(|((list, _), units)| {
            // A part is at most what its list has free, which is an i64.
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
