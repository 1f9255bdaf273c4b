//! Token buckets: how much each key, account or address may ask for in a while.
//!
//! Here: buckets of any owner, in bounded memory. Not here: who the owners are, and what a request costs.

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    state::keyed::DashMapStateStore,
};

/// Owners that are remembered before those with a full bucket are forgotten. One takes some 60 bytes, so this is
/// 4 MB.
const REMEMBERED: usize = 65_536;
/// The number of owners is looked at once in so many payments: counting them locks every shard of the map.
const LOOK_EVERY: usize = 1_024;

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come in each second.
    pub per_second: NonZeroU32,
    /// Tokens that a full bucket holds: what may be asked for at once.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A rate whose bucket holds what comes in during so many seconds; `None`, for no limit, if it is 0.
    #[must_use]
    pub fn holding(per_second: u32, seconds: u32) -> Option<Self> {
        let per_second = NonZeroU32::new(per_second)?;
        let burst = per_second.saturating_mul(NonZeroU32::new(seconds)?);
        Some(Self { per_second, burst })
    }
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, MonotonicClock>;

/// One bucket for each owner. An owner whose bucket is full again is forgotten when there are many, so that memory is
/// bounded by how many owners can spend in the time that a bucket takes to fill.
pub struct Buckets<K: Hash + Eq + Clone> {
    limiter: Limiter<K>,
    burst: NonZeroU32,
    payments: AtomicUsize,
    /// Owners beyond which those with a full bucket are forgotten.
    forget_beyond: AtomicUsize,
}

impl<K: Hash + Eq + Clone> std::fmt::Debug for Buckets<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buckets")
            .field("owners", &self.owners())
            .finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Buckets that are full.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            limiter: RateLimiter::dashmap_with_clock(quota, MonotonicClock),
            burst: rate.burst,
            payments: AtomicUsize::new(0),
            forget_beyond: AtomicUsize::new(REMEMBERED),
        }
    }

    /// Takes tokens out of an owner's bucket. A cost beyond what a bucket holds counts as a full one.
    ///
    /// # Errors
    /// There are not so many: they will have come in after this time. Nothing was taken.
    pub fn spend(&self, owner: &K, cost: u32) -> Result<(), Duration> {
        if self.payments.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1 {
            self.forget_idle();
        }
        let cost = NonZeroU32::new(cost)
            .unwrap_or(NonZeroU32::MIN)
            .min(self.burst);
        match self.limiter.check_key_n(owner, cost) {
            Ok(Err(not_until)) => Err(not_until.wait_time_from(MonotonicClock.now())),
            // No cost is beyond what a bucket holds.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Owners that are remembered.
    #[must_use]
    pub fn owners(&self) -> usize {
        self.limiter.len()
    }

    fn forget_idle(&self) {
        if self.owners() <= self.forget_beyond.load(Ordering::Relaxed) {
            return;
        }
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
        // Twice what is left: each look at all of them is paid for by as many newcomers.
        let next = self.owners().saturating_mul(2).max(REMEMBERED);
        self.forget_beyond.store(next, Ordering::Relaxed);
    }
}

/// A wait as `Retry-After` says it: whole seconds, at least one.
#[must_use]
pub fn retry_after_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.as_secs() == 0))
}

#[cfg(test)]
mod tests {
    use super::{Buckets, LOOK_EVERY, REMEMBERED, Rate, retry_after_seconds};
    use std::time::Duration;

    #[test]
    fn a_bucket_holds_its_burst_and_says_when_there_is_more() {
        let buckets = Buckets::new(Rate::holding(1, 10).unwrap());
        assert_eq!(buckets.spend(&"a", 4), Ok(()));
        assert_eq!(buckets.spend(&"a", 6), Ok(()));
        let wait = buckets.spend(&"a", 5).unwrap_err();
        assert!(
            (Duration::from_secs(3)..=Duration::from_secs(5)).contains(&wait),
            "{wait:?}"
        );
        // Another owner's bucket is its own, and a cost beyond a bucket is a full one.
        assert_eq!(buckets.spend(&"b", 1_000), Ok(()));
        assert!(buckets.spend(&"b", 1).is_err());
        assert_eq!(Rate::holding(0, 10), None);
    }

    #[test]
    fn owners_that_ask_for_nothing_are_forgotten() {
        // A bucket that fills within a microsecond, so that each is full again when it is looked at.
        let buckets = Buckets::new(Rate::holding(1_000_000_000, 1).unwrap());
        for owner in 0..REMEMBERED + 2 * LOOK_EVERY {
            assert_eq!(buckets.spend(&owner, 1), Ok(()));
        }
        assert!(buckets.owners() <= REMEMBERED, "{}", buckets.owners());
    }

    #[test]
    fn a_wait_is_whole_seconds() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_500, 60)] {
            assert_eq!(retry_after_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
