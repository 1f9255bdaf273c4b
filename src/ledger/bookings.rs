//! The batches in progress, by the instants they book at.
//!
//! Here: when a past instant can no longer change through this process, which a reader waits for in
//! memory, so that no reader takes a lock that a writer needs. Not here: other processes
//! ([`crate::operations`] asks the database about those), and what a batch does ([`super::batch`]).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::Clock;

/// The batches of this process that have read the clock and have not ended.
#[derive(Debug, Default)]
pub(super) struct Bookings {
    open: Mutex<Open>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct Open {
    begun: u64,
    batches: BTreeMap<u64, Timestamp>,
}

/// A batch that has read the clock. It ends when this is dropped, which must be after its commit.
#[derive(Debug)]
pub(super) struct Booking {
    bookings: Arc<Bookings>,
    number: u64,
    /// The instant that its commands are booked at.
    pub at: Timestamp,
}

impl Bookings {
    /// Begins a batch: reads the clock and records the instant in one step, so that every reader
    /// that saw an earlier time knows of the batch.
    pub(super) fn begin(self: &Arc<Self>, clock: &Clock) -> Booking {
        let mut open = self.lock();
        let at = clock.now();
        open.begun += 1;
        let number = open.begun;
        open.batches.insert(number, at);
        drop(open);
        Booking {
            bookings: self.clone(),
            number,
            at,
        }
    }

    /// Waits until no batch is in progress that books at or before an instant that is past. A batch
    /// that begins later books later.
    pub(super) async fn passed(&self, at: Timestamp) {
        let awaited: Vec<u64> = {
            let open = self.lock();
            let early = open.batches.iter().filter(|(_, booked)| **booked <= at);
            early.map(|(number, _)| *number).collect()
        };
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // Before the check, so that a batch that ends after it is noticed.
            ended.as_mut().enable();
            let is_open = {
                let open = self.lock();
                awaited
                    .iter()
                    .any(|number| open.batches.contains_key(number))
            };
            if !is_open {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing that holds the lock can panic between two states.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        self.bookings.lock().batches.remove(&self.number);
        self.bookings.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use jiff::{SignedDuration, Timestamp};

    use super::Bookings;
    use crate::clock::Clock;

    #[tokio::test]
    async fn readers_wait_for_the_batches_of_an_instant() {
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let (bookings, clock) = (Arc::new(Bookings::default()), Clock::fixed(at(10)));
        bookings.passed(at(10)).await;

        let first = bookings.begin(&clock);
        assert_eq!(first.at, at(10));
        // A batch books at its own instant, and not before it.
        bookings.passed(at(9)).await;
        let mut waiting = Box::pin(bookings.passed(at(10)));
        assert!((&mut waiting).now_or_never().is_none());

        // A batch that begins during the wait books later, and is not waited for.
        clock.set(at(11));
        let second = bookings.begin(&clock);
        drop(first);
        waiting.now_or_never().expect("the only early batch ended");

        let mut waiting = Box::pin(bookings.passed(at(12)));
        assert!((&mut waiting).now_or_never().is_none());
        drop(second);
        waiting.now_or_never().expect("every batch ended");
    }
}
