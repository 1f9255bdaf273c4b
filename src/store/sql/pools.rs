//! What the connection pools report about themselves.
//!
//! Here: open and used connections by pool, waits for one, and waits that ended without one. Not
//! here: opening pools ([`super::connection`]).

use std::{sync::LazyLock, time::Instant};

use metrics::{Counter, Histogram};
use sea_orm::{DatabaseBackend, DbErr};

use super::bounded::Connections;
use crate::telemetry::metrics::{
    POOL_CONNECTIONS, POOL_LIMIT, POOL_TIMEOUTS, POOL_WAIT_SECONDS, figure,
};

/// A pool's name in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// The ledger's writers, one connection each.
    Ledger,
    /// Other transactions that write.
    Writer,
    /// Clients' reads.
    Reader,
    /// Lookups by key.
    Lookups,
    /// The jobs' reads.
    Jobs,
    /// Downloads.
    Bulk,
    /// Reports and downloads from a replica.
    Replica,
}

pub(super) const POOLS: [Pool; 7] = [
    Pool::Ledger,
    Pool::Writer,
    Pool::Reader,
    Pool::Lookups,
    Pool::Jobs,
    Pool::Bulk,
    Pool::Replica,
];

impl Pool {
    const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Writer => "writer",
            Self::Reader => "reader",
            Self::Lookups => "lookups",
            Self::Jobs => "jobs",
            Self::Bulk => "bulk",
            Self::Replica => "replica",
        }
    }
}

struct Series {
    waits: [Histogram; POOLS.len()],
    timeouts: [Counter; POOLS.len()],
}

static SERIES: LazyLock<Series> = LazyLock::new(|| Series {
    waits: POOLS.map(|pool| POOL_WAIT_SECONDS.histogram(&[pool.name()])),
    timeouts: POOLS.map(|pool| POOL_TIMEOUTS.counter(&[pool.name()])),
});

/// Registers the series, at 0.
pub(super) fn register() {
    LazyLock::force(&SERIES);
    for pool in POOLS {
        note(pool, &[]);
    }
}

tokio::task_local! {
    /// When the current task began to wait for a connection.
    static ASKED: Instant;
}

/// When the current task began to wait for a connection: now, unless it waits already.
pub(super) fn asked() -> Instant {
    ASKED
        .try_with(|since| *since)
        .unwrap_or_else(|_| Instant::now())
}

/// Runs a future that asks a pool for one connection. The wait began at `since`, and ends when the
/// pool calls [`handed_out`].
pub(super) async fn asking<F: Future>(since: Instant, future: F) -> F::Output {
    ASKED.scope(since, future).await
}

/// Notes that a pool hands out a connection, in the task that asked for it. Connections that are
/// opened for nobody in particular aren't noted.
pub(super) fn handed_out(pool: Pool) {
    if let (Ok(since), Some(wait)) = (
        ASKED.try_with(|since| *since),
        SERIES.waits.get(pool as usize),
    ) {
        wait.record(since.elapsed());
    }
}

/// Counts a wait that ended without a connection.
pub(super) fn timed_out(pool: Pool) {
    if let Some(counter) = SERIES.timeouts.get(pool as usize) {
        counter.increment(1);
    }
}

/// Counts an error of the driver if it means that a pool had no connection in time.
pub(super) fn note_error(pool: Pool, cause: &DbErr) {
    if matches!(cause, DbErr::ConnectionAcquire(_)) {
        timed_out(pool);
    }
}

/// States the connections of a pool, which may consist of several.
pub(super) fn note(pool: Pool, parts: &[&Connections]) {
    let (mut open, mut idle, mut limit) = (0_u64, 0_u64, 0_u64);
    for part in parts {
        let part = part.unbounded();
        let (size, free, most) = match part.get_database_backend() {
            DatabaseBackend::Postgres => {
                let own = part.get_postgres_connection_pool();
                (
                    own.size(),
                    own.num_idle(),
                    own.options().get_max_connections(),
                )
            }
            _ => {
                let own = part.get_sqlite_connection_pool();
                (
                    own.size(),
                    own.num_idle(),
                    own.options().get_max_connections(),
                )
            }
        };
        open += u64::from(size);
        idle += free as u64;
        limit += u64::from(most);
    }
    let name = pool.name();
    let used = open.saturating_sub(idle);
    POOL_CONNECTIONS.gauge(&[name, "used"]).set(figure(used));
    POOL_CONNECTIONS.gauge(&[name, "idle"]).set(figure(idle));
    POOL_LIMIT.gauge(&[name]).set(figure(limit));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::{ConnectionTrait, Statement};

    use super::POOLS;
    use crate::{
        store::sql::{connection::Store, reader::Owner, settings::Settings},
        telemetry::metrics,
    };

    /// A file with the table that pinned snapshots read first.
    async fn store(folder: &tempfile::TempDir) -> Store {
        let file = folder.path().join("waits.db");
        let mut settings = Settings::of(&format!("sqlite://{}?mode=rwc", file.display()));
        settings.acquire_timeout = Duration::from_secs(1);
        let store = Store::open(&settings).await.unwrap();
        let table = "CREATE TABLE accounts (id INTEGER)";
        store.writer().execute_unprepared(table).await.unwrap();
        store
    }

    /// The value of a series of a pool.
    fn value(name: &str, pool: &str) -> f64 {
        let series = format!("message_credits_database_{name}{{pool=\"{pool}\"}} ");
        let text = metrics::render();
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap().parse().unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn waits_for_a_connection_are_measured_in_every_pool() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let one = || Statement::from_string(store.backend(), "SELECT 1 FROM accounts");
        store.reader().query_one_raw(one()).await.unwrap();
        store.lookups().query_one_raw(one()).await.unwrap();
        let of_jobs = Owner::Jobs.reads(store.reader().query_one_raw(one()));
        of_jobs.await.unwrap();
        let (reads, pinned) = store.pin().await.unwrap();
        drop(pinned);
        reads.rollback().await.unwrap();
        for pool in ["reader", "lookups", "jobs", "bulk"] {
            let count = value("wait_seconds_count", pool);
            assert!((count - 1.0).abs() < f64::EPSILON, "{pool}: {count}");
        }

        // SQLite's only writer is used by one transaction after the other.
        let (count, waited) = (
            value("wait_seconds_count", "writer"),
            value("wait_seconds_sum", "writer"),
        );
        let first = store.begin().await.unwrap();
        let second = tokio::spawn({
            let store = store.clone();
            async move { store.begin().await.unwrap().rollback().await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        // A statement of a transaction has its connection, and waits for none.
        first.query_one_raw(one()).await.unwrap();
        first.rollback().await.unwrap();
        second.await.unwrap().unwrap();
        let counted = value("wait_seconds_count", "writer") - count;
        assert!((counted - 2.0).abs() < f64::EPSILON, "{counted}");
        let waited = value("wait_seconds_sum", "writer") - waited;
        assert!((0.05..1.0).contains(&waited), "{waited} s");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn waits_that_end_without_a_connection_are_counted_in_every_pool() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let jobs = Owner::Jobs.reads(async {
            let _held = (
                store.snapshot().await.unwrap(),
                store.snapshot().await.unwrap(),
            );
            store.snapshot().await.unwrap_err();
        });
        let writes = async {
            let _held = store.begin().await.unwrap();
            store.begin().await.unwrap_err();
            let write = store.writer().execute_unprepared("DELETE FROM accounts");
            write.await.unwrap_err();
        };
        tokio::join!(jobs, writes);
        for (pool, expected) in [("jobs", 1.0), ("writer", 2.0), ("reader", 0.0)] {
            let count = value("wait_timeouts_total", pool);
            assert!((count - expected).abs() < f64::EPSILON, "{pool}: {count}");
        }
    }

    #[test]
    fn pools_are_found_by_their_number() {
        for (number, pool) in POOLS.into_iter().enumerate() {
            assert_eq!(pool as usize, number);
        }
    }
}
