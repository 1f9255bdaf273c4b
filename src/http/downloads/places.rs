//! How many files are generated at once, in total and for one account, and when a slow client has
//! to yield its place.
//!
//! Here: the limits and the required pace. Not here: the queue itself ([`crate::fair`]), and
//! generating files.

use std::time::Duration;

use domain::id::AccountId;

pub(super) use crate::fair::Full;
use crate::fair::{self, Bounds, Line};

/// Files that are generated at once, unless the operator sets another number. Each takes a database
/// connection, up to three threads and up to ten megabytes (`cargo xtask bench reports -- --only
/// exports`) while it lasts, and more at once would not finish sooner; the rest of the server needs
/// its share.
pub const MAX_AT_ONCE: usize = 6;
/// Files of one account that are generated at once, unless the operator sets another number: a
/// third of all places, so that two accounts
/// leave room for others.
pub const MAX_PER_ACCOUNT: usize = 2;
/// Files of one account that wait for a place.
pub const MAX_WAITING_PER_ACCOUNT: usize = 2;
/// Files that wait for a place in total.
const MAX_WAITING: usize = 64;
/// How long a file waits for a place: longer than it takes to disconnect a slow client.
const PATIENCE: Duration = Duration::from_secs(15);
/// What a client must read in a second while others wait for a place: half a megabit, which any
/// mobile line carries.
const LEAST_BYTES_PER_SECOND: u128 = 64 * 1024;
/// The time spent waiting for a client after which its pace is judged. The first seconds fill
/// buffers on the way, so a client that reads nothing is detected by the second judgement.
const JUDGED_AFTER: Duration = Duration::from_secs(3);

/// The available places. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Places {
    line: Line<AccountId>,
    share: usize,
}

/// A place that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    line: Line<AccountId>,
    _place: fair::Place<AccountId>,
}

impl Places {
    /// Places for this many files at once, and for so many of one account.
    pub(super) fn new(at_once: usize, per_account: usize) -> Self {
        Self {
            line: Line::new(Bounds {
                places: at_once,
                reserved: 0,
                share: per_account,
                waiting: MAX_WAITING,
                waiting_share: MAX_WAITING_PER_ACCOUNT,
                patience: PATIENCE,
            }),
            share: per_account,
        }
    }

    /// Files of one account that are generated at once.
    pub(super) fn share(&self) -> usize {
        self.share
    }

    /// Waits for a place for an account's file.
    pub(super) async fn take(&self, account: AccountId) -> Result<Place, Full> {
        Ok(Place {
            _place: self.line.take(account).await?,
            line: self.line.clone(),
        })
    }
}

impl Place {
    /// Whether others are waiting for a place.
    pub(super) fn is_wanted(&self) -> bool {
        self.line.waiting() > 0
    }
}

/// How fast a client reads its file. Only the time that the server spent waiting for the client
/// counts: a slow database is not the client's fault.
#[derive(Debug, Default)]
pub(super) struct Pace {
    bytes: u64,
    waited: Duration,
}

impl Pace {
    /// Records that a client read this many bytes, and how long the server waited for it.
    pub(super) fn note(&mut self, bytes: usize, waited: Duration) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.waited = self.waited.saturating_add(waited);
        if self.waited >= JUDGED_AFTER && !self.is_slow() {
            *self = Self::default();
        }
    }

    /// Whether the client reads too slowly to keep a place that others wait for.
    pub(super) fn is_slow(&self) -> bool {
        let least = self.waited.as_millis() * LEAST_BYTES_PER_SECOND / 1_000;
        self.waited >= JUDGED_AFTER && u128::from(self.bytes) < least
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::id::AccountId;
    use uuid::Uuid;

    use super::{
        Full, MAX_AT_ONCE, MAX_PER_ACCOUNT, MAX_WAITING_PER_ACCOUNT, PATIENCE, Pace, Place, Places,
    };

    fn account(number: usize) -> AccountId {
        AccountId::new(Uuid::from_u128(number as u128))
    }

    #[tokio::test(start_paused = true)]
    async fn one_account_cannot_take_every_place() {
        let places = Places::new(MAX_AT_ONCE, MAX_PER_ACCOUNT);
        let mut held: Vec<Place> = Vec::new();
        for _ in 0..MAX_PER_ACCOUNT {
            held.push(places.take(account(0)).await.unwrap());
        }
        let line: Vec<_> = (0..MAX_WAITING_PER_ACCOUNT)
            .map(|_| {
                let places = places.clone();
                tokio::spawn(async move { places.take(account(0)).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(held[0].is_wanted());
        assert_eq!(places.take(account(0)).await.unwrap_err(), Full::Owner);
        // The others still have room.
        for number in MAX_PER_ACCOUNT..MAX_AT_ONCE {
            held.push(places.take(account(number)).await.unwrap());
        }
        let begun = tokio::time::Instant::now();
        assert_eq!(places.take(account(1)).await.unwrap_err(), Full::All);
        assert!(begun.elapsed() >= PATIENCE);
        for waited in line {
            assert_eq!(waited.await.unwrap().unwrap_err(), Full::Owner);
        }
        assert!(!held[0].is_wanted());
    }

    #[test]
    fn a_pace_counts_only_time_spent_waiting_for_the_client() {
        let seconds = Duration::from_secs;
        let mut pace = Pace::default();
        // Filling the buffers on the way takes no time.
        pace.note(8 << 20, seconds(0));
        pace.note(0, seconds(3));
        assert!(!pace.is_slow());
        pace.note(0, seconds(2));
        assert!(!pace.is_slow(), "too early to say");
        pace.note(64 * 1024, seconds(1));
        assert!(pace.is_slow());
        // It has caught up.
        pace.note(1 << 20, seconds(0));
        assert!(!pace.is_slow());
    }
}
