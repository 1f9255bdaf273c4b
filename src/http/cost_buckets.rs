//! Leaky buckets of points: what each key, and each address without one, may spend on operations.
//!
//! Here: the buckets, in bounded memory. Not here: what an operation weighs, which the engine
//! computes, and rates of requests ([`super::rates`]), which are checked before an operation is
//! read. An operation's weight is an upper bound, of which the unused part is given back when it is
//! answered; the limiter of the request rates can't do that.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use entity::sql_enums::Role;

use super::rates::Rate;
use crate::graphql::engine::allowance::{Allowance, Bucket, Level};

/// Owners kept before those with a full bucket are evicted. One takes some 60 bytes, so this is 4
/// MB.
const REMEMBERED: usize = 65_536;
/// Parts of a point: a bucket refills by whole parts each microsecond, whatever its rate.
const PARTS: u64 = 1_000_000;

/// Rates of the weight of operations, in points; `None` means no limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Costs {
    /// An address without a key.
    pub address: Option<Rate>,
    /// A key of each role.
    pub keys: CostsByRole,
}

/// What the operations of a key may weigh, by its role.
#[derive(Debug, Clone, Copy, Default)]
pub struct CostsByRole {
    platform_admin: Option<Rate>,
    account_manager: Option<Rate>,
    owner: Option<Rate>,
    member: Option<Rate>,
    viewer: Option<Rate>,
    sender: Option<Rate>,
}

impl CostsByRole {
    /// The rate of each role.
    pub fn of(rate: impl Fn(Role) -> Option<Rate>) -> Self {
        Self {
            platform_admin: rate(Role::PlatformAdmin),
            account_manager: rate(Role::AccountManager),
            owner: rate(Role::Owner),
            member: rate(Role::Member),
            viewer: rate(Role::Viewer),
            sender: rate(Role::Sender),
        }
    }

    pub(super) fn rate(&self, role: Role) -> Option<Rate> {
        match role {
            Role::PlatformAdmin => self.platform_admin,
            Role::AccountManager => self.account_manager,
            Role::Owner => self.owner,
            Role::Member => self.member,
            Role::Viewer => self.viewer,
            Role::Sender => self.sender,
        }
    }
}

/// What an owner has spent.
#[derive(Debug, Clone, Copy)]
struct Spent {
    /// Parts of points that are missing from the full bucket.
    missing: u64,
    /// When that was, in microseconds after the buckets were made.
    at: u64,
}

impl Spent {
    /// What is missing at an instant, given the points that are added each second.
    fn missing(self, now: u64, per_second: u64) -> u64 {
        let passed = now.saturating_sub(self.at);
        // A point a second is a part each microsecond.
        self.missing
            .saturating_sub(passed.saturating_mul(per_second))
    }
}

#[derive(Debug)]
struct Owners<K> {
    spent: HashMap<K, Spent>,
    /// The number of owners that triggers the next eviction.
    forget_beyond: usize,
}

/// One bucket per owner. Memory is bounded by the number of owners that can spend in the time that
/// a bucket takes to refill.
#[derive(Debug)]
pub(super) struct CostBuckets<K> {
    began: Instant,
    owners: Mutex<Owners<K>>,
}

impl<K: Hash + Eq> CostBuckets<K> {
    /// Creates full buckets.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            owners: Mutex::new(Owners {
                spent: HashMap::new(),
                forget_beyond: REMEMBERED,
            }),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Changes what an owner is missing. `change` gets the parts that are missing now, and returns
    /// those that are missing afterwards.
    fn change<T>(&self, owner: K, rate: Rate, change: impl FnOnce(u64) -> (u64, T)) -> T {
        let (now, per_second) = (self.now(), u64::from(rate.per_second.get()));
        // Whoever panicked with the lock left a whole entry.
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.spent.len() >= owners.forget_beyond {
            owners
                .spent
                .retain(|_, spent| spent.missing(now, per_second) > 0);
            // Twice the rest: each scan of all owners is amortized over as many new ones.
            owners.forget_beyond = owners.spent.len().saturating_mul(2).max(REMEMBERED);
        }
        let spent = owners.spent.entry(owner);
        let spent = spent.or_insert(Spent {
            missing: 0,
            at: now,
        });
        let (missing, value) = change(spent.missing(now, per_second));
        *spent = Spent { missing, at: now };
        value
    }
}

fn parts(points: u64) -> u64 {
    points.saturating_mul(PARTS)
}

/// One owner's bucket.
#[derive(Debug)]
struct Own<K> {
    buckets: Arc<CostBuckets<K>>,
    owner: K,
    rate: Rate,
}

impl<K> Own<K> {
    fn full(&self) -> u64 {
        parts(u64::from(self.rate.burst.get()))
    }
}

impl<K: Hash + Eq + Copy + std::fmt::Debug + Send + Sync> Bucket for Own<K> {
    fn spend(&self, points: u64) -> Result<(), Duration> {
        let full = self.full();
        // A weight beyond the bucket's size empties it.
        let wanted = parts(points).min(full);
        self.buckets.change(self.owner, self.rate, |missing| {
            let after = missing.saturating_add(wanted);
            if after <= full {
                return (after, Ok(()));
            }
            let wait = (after - full).div_ceil(u64::from(self.rate.per_second.get()));
            (missing, Err(Duration::from_micros(wait)))
        })
    }

    fn give_back(&self, points: u64) {
        self.buckets.change(self.owner, self.rate, |missing| {
            (missing.saturating_sub(parts(points)), ())
        });
    }

    fn charge(&self, points: u64) {
        let full = self.full();
        self.buckets.change(self.owner, self.rate, |missing| {
            (missing.saturating_add(parts(points)).min(full), ())
        });
    }

    fn level(&self) -> Level {
        let full = self.full();
        let missing = self
            .buckets
            .change(self.owner, self.rate, |missing| (missing, missing));
        Level {
            maximum: full / PARTS,
            available: full.saturating_sub(missing) / PARTS,
            restore_rate: u64::from(self.rate.per_second.get()),
        }
    }
}

/// An owner's bucket, for its operations.
pub(super) fn allowance<K>(buckets: &Arc<CostBuckets<K>>, owner: K, rate: Rate) -> Allowance
where
    K: Hash + Eq + Copy + std::fmt::Debug + Send + Sync + 'static,
{
    Allowance(Arc::new(Own {
        buckets: Arc::clone(buckets),
        owner,
        rate,
    }))
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use proptest::prelude::*;

    use super::{CostBuckets, REMEMBERED, Rate, allowance};

    #[test]
    fn a_weight_is_paid_and_its_rest_given_back() {
        let buckets = Arc::new(CostBuckets::new());
        let rate = Rate::holding(1, 100).unwrap();
        let own = allowance(&buckets, 1, rate).0;
        assert_eq!(own.spend(90), Ok(()));
        let wait = own.spend(20).unwrap_err();
        let expected = Duration::from_secs(9)..=Duration::from_secs(10);
        assert!(expected.contains(&wait), "{wait:?}");
        own.give_back(80);
        assert_eq!(own.spend(20), Ok(()));
        assert_eq!(own.level().available, 70);
        // Used up beyond what is there.
        own.charge(500);
        assert_eq!(own.level().available, 0);
        // Others have buckets of their own, and more than a bucket empties it.
        let other = allowance(&buckets, 2, rate).0;
        assert_eq!(other.spend(500), Ok(()));
        assert!(other.spend(1).is_err());
    }

    #[test]
    fn owners_with_full_buckets_are_evicted() {
        let buckets = Arc::new(CostBuckets::new());
        let rate = Rate::holding(1_000_000_000, 1).unwrap();
        for owner in 0..3 * REMEMBERED {
            assert_eq!(allowance(&buckets, owner, rate).0.spend(1), Ok(()));
        }
        let kept = buckets.owners.lock().unwrap().spent.len();
        assert!(kept <= REMEMBERED, "{kept}");
    }

    proptest! {
        /// Whatever is spent, given back and charged, a bucket never has more than its maximum, and
        /// what is refused changes nothing.
        #[test]
        fn a_bucket_is_never_fuller_than_full(steps in prop::collection::vec((0_u8..3, any::<u64>()), 0..40)) {
            let rate = Rate::holding(1, 1_000).unwrap();
            let own = allowance(&Arc::new(CostBuckets::new()), (), rate).0;
            for (step, points) in steps {
                let points = points % 3_000;
                let before = own.level();
                match step {
                    0 => match own.spend(points) {
                        Ok(()) => prop_assert!(own.level().available <= before.available + 1),
                        Err(wait) => {
                            prop_assert!(!wait.is_zero());
                            prop_assert!(own.level().available >= before.available);
                        }
                    },
                    1 => own.give_back(points),
                    _ => own.charge(points),
                }
                prop_assert!(own.level().available <= 1_000);
            }
        }
    }
}
