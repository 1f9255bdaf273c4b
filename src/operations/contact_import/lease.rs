//! The leases of running imports: the server that runs an import renews it, and any server ends an
//! import whose lease isn't renewed any more, because its own server is gone.
//!
//! Here: renewing, and ending. Not here: how an import is shown until then ([`super::history`]).
//!
//! No two machines' clocks are compared: a lease is renewed if its instant has moved, and a server
//! measures by its own clock how long it hasn't.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::id::{AccountId, ImportId, ListId};
use uuid::Uuid;

use super::history::CUT_OFF;
use crate::{
    operations::{OperationError, Services, changes::Topic},
    store,
};

/// How often a running import is renewed.
const RENEW: Duration = Duration::from_secs(2);
/// How often a running import looks whether it was cancelled: a cancelled one gives its place back
/// within a second. Nothing is added after the cancellation, however long that takes.
const LOOK: Duration = Duration::from_millis(500);
/// An import that wasn't renewed for this long is ended: four renewals have failed, or its server
/// is gone.
const LEASE: Duration = Duration::from_secs(10);
/// The most imports that one pass looks at. A process runs a few at a time.
const MOST: u64 = 1_000;

/// Running imports of every process, as this one saw them last: the instant of each renewal, and
/// when it was first seen.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<Uuid, (i64, Instant)>>);

impl Leases {
    /// The imports that weren't renewed for too long, of all that run now.
    fn lapsed<T>(&self, running: Vec<T>, of: impl Fn(&T) -> (Uuid, i64), now: Instant) -> Vec<T> {
        // No code that holds the lock can panic.
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *seen);
        let mut lapsed = Vec::new();
        for import in running {
            let (id, renewed_at) = of(&import);
            let first = match before.get(&id) {
                Some((known, first)) if *known == renewed_at => *first,
                _ => now,
            };
            seen.insert(id, (renewed_at, first));
            if now.saturating_duration_since(first) >= LEASE {
                lapsed.push(import);
            }
        }
        lapsed
    }
}

impl Services {
    /// Renews the lease of an import as long as the future is polled, and returns when the import
    /// doesn't run any more, because it was cancelled or ended, here or in another process.
    pub(super) async fn attend_import(&self, of: (AccountId, ImportId)) {
        let mut renewed_at = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            match store::contact_import::is_running(self.store().lookups(), of).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(cause) => tracing::warn!(%cause, "an import can't be looked at now"),
            }
            if renewed_at.elapsed() < RENEW {
                continue;
            }
            renewed_at = Instant::now();
            let now = self.clock().now().as_microsecond();
            let renewed = store::contact_import::renew(self.store().writer(), of, now).await;
            if let Err(cause) = renewed {
                tracing::warn!(%cause, "an import can't be renewed now");
            }
        }
    }

    /// Ends the imports whose servers are gone. Returns their number.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_lost_imports(&self) -> Result<usize, OperationError> {
        let running = store::contact_import::running(self.store().reader(), MOST).await?;
        let of = |row: &entity::contact_import::Model| (row.id, row.touched_at);
        let lapsed = self.imports().leases.lapsed(running, of, Instant::now());
        let mut ended = 0;
        for row in lapsed {
            let writer = self.store().writer();
            if store::contact_import::end_unrenewed(writer, &row, CUT_OFF).await? {
                self.changes()
                    .tell(Topic::Imports(ListId::new(row.list_id)));
                ended += 1;
            }
        }
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use uuid::Uuid;

    use super::{LEASE, Leases};

    #[test]
    fn only_leases_that_stand_still_lapse() {
        let (leases, start) = (Leases::default(), Instant::now());
        let (alive, dead) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let check = |running: &[(Uuid, i64)], now, expected: &[(Uuid, i64)]| {
            let lapsed = leases.lapsed(running.to_vec(), |import| *import, now);
            assert_eq!(lapsed, expected);
        };
        check(&[(alive, 5), (dead, 5)], start, &[]);
        // An instant that moved back was moved all the same.
        check(&[(alive, 4), (dead, 5)], start + LEASE / 2, &[]);
        check(&[(alive, 4), (dead, 5)], start + LEASE, &[(dead, 5)]);
        check(&[(alive, 6)], start + LEASE * 2, &[]);
        // One that was gone is seen for the first time again.
        check(&[(dead, 5), (alive, 6)], start + LEASE * 2, &[]);
    }
}
