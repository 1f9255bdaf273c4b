//! Token buckets: rate limits for each key, account or address.
//!
//! Here: buckets for any kind of owner, in bounded memory. Not here: who the owners are, and what a
//! request costs.

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

/// Owners kept before those with a full bucket are evicted. One takes some 60 bytes, so this is 4
/// MB.
const REMEMBERED: usize = 65_536;
/// The number of owners is checked once in this many calls: counting them locks every shard of the
/// map.
const LOOK_EVERY: usize = 1_024;

/// How fast a bucket refills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens added each second.
    pub per_second: NonZeroU32,
    /// Tokens in a full bucket: the largest burst.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A rate whose bucket holds the tokens of this many seconds; `None`, meaning no limit, if it
    /// is 0.
    #[must_use]
    pub fn holding(per_second: u32, seconds: u32) -> Option<Self> {
        let per_second = NonZeroU32::new(per_second)?;
        let burst = per_second.saturating_mul(NonZeroU32::new(seconds)?);
        Some(Self { per_second, burst })
    }
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, MonotonicClock>;

/// One bucket per owner. If there are many owners, those with a full bucket are evicted, so memory
/// is bounded by the number of owners that can spend in the time a bucket takes to refill.
pub struct Buckets<K: Hash + Eq + Clone> {
    limiter: Limiter<K>,
    burst: NonZeroU32,
    payments: AtomicUsize,
    /// The number of owners that triggers the next eviction.
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
    /// Creates full buckets.
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

    /// Takes tokens out of an owner's bucket. A cost beyond the bucket's size counts as a full
    /// bucket.
    ///
    /// # Errors
    /// The time until enough tokens are available; nothing was taken.
    pub fn spend(&self, owner: &K, cost: u32) -> Result<(), Duration> {
        if self.payments.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1 {
            self.forget_idle();
        }
        let cost = NonZeroU32::new(cost)
            .unwrap_or(NonZeroU32::MIN)
            .min(self.burst);
        match self.limiter.check_key_n(owner, cost) {
            Ok(Err(not_until)) => Err(not_until.wait_time_from(MonotonicClock.now())),
            // The cost is capped, so it never exceeds the bucket.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// The number of owners in memory.
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
        // Twice the rest: each scan of all owners is amortized over as many new ones.
        let next = self.owners().saturating_mul(2).max(REMEMBERED);
        self.forget_beyond.store(next, Ordering::Relaxed);
    }
}

/// A wait as a `Retry-After` value: whole seconds, at least one.
#[must_use]
pub fn retry_after_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.as_secs() == 0))
}

#[cfg(test)]
mod tests {
    use super::{Buckets, LOOK_EVERY, REMEMBERED, Rate, retry_after_seconds};
    use std::time::Duration;

    #[test]
    fn a_bucket_holds_its_burst_and_reports_the_wait_for_more() {
        let buckets = Buckets::new(Rate::holding(1, 10).unwrap());
        assert_eq!(buckets.spend(&"a", 4), Ok(()));
        assert_eq!(buckets.spend(&"a", 6), Ok(()));
        let wait = buckets.spend(&"a", 5).unwrap_err();
        assert!(
            (Duration::from_secs(3)..=Duration::from_secs(5)).contains(&wait),
            "{wait:?}"
        );
        // Owners have separate buckets, and a cost beyond the bucket's size empties it.
        assert_eq!(buckets.spend(&"b", 1_000), Ok(()));
        assert!(buckets.spend(&"b", 1).is_err());
        assert_eq!(Rate::holding(0, 10), None);
    }

    #[test]
    fn idle_owners_are_evicted() {
        // The bucket refills within a microsecond, so each is full at the next check.
        let buckets = Buckets::new(Rate::holding(1_000_000_000, 1).unwrap());
        for owner in 0..REMEMBERED + 2 * LOOK_EVERY {
            assert_eq!(buckets.spend(&owner, 1), Ok(()));
        }
        assert!(buckets.owners() <= REMEMBERED, "{}", buckets.owners());
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_500, 60)] {
            assert_eq!(retry_after_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
