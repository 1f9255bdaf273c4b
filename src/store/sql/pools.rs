//! What the connection pools report about themselves.
//!
//! Here: open and used connections by pool, waits for one, and waits that ended without one. Not
//! here: opening pools ([`super::connection`]).

use std::{sync::LazyLock, time::Instant};

use metrics::{Counter, Histogram};
use sea_orm::{DatabaseBackend, DbErr, RuntimeErr};

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
}

pub(super) const POOLS: [Pool; 6] = [
    Pool::Ledger,
    Pool::Writer,
    Pool::Reader,
    Pool::Lookups,
    Pool::Jobs,
    Pool::Bulk,
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
        }
    }
}

struct Series {
    reader_wait: Histogram,
    writer_wait: Histogram,
    timeouts: [Counter; POOLS.len()],
}

static SERIES: LazyLock<Series> = LazyLock::new(|| Series {
    reader_wait: POOL_WAIT_SECONDS.histogram(&["reader"]),
    writer_wait: POOL_WAIT_SECONDS.histogram(&["writer"]),
    timeouts: POOLS.map(|pool| POOL_TIMEOUTS.counter(&[pool.name()])),
});

/// Registers the series, at 0.
pub(super) fn register() {
    LazyLock::force(&SERIES);
    for pool in POOLS {
        note(pool, &[]);
    }
}

/// Notes how long a reader waited for its turn.
pub(super) fn reader_waited(since: Instant) {
    SERIES.reader_wait.record(since.elapsed());
}

/// Notes how long a transaction waited until it had begun.
pub(super) fn writer_waited(since: Instant) {
    SERIES.writer_wait.record(since.elapsed());
}

/// Counts a wait that ended without a connection.
pub(super) fn timed_out(pool: Pool) {
    if let Some(counter) = SERIES.timeouts.get(pool as usize) {
        counter.increment(1);
    }
}

/// Counts an error if it means that no connection was free.
pub fn note_error(pool: Pool, cause: &DbErr) {
    if matches!(
        cause,
        DbErr::ConnectionAcquire(_) | DbErr::Conn(RuntimeErr::Internal(_))
    ) {
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
    use super::POOLS;

    #[test]
    fn pools_are_found_by_their_number() {
        for (number, pool) in POOLS.into_iter().enumerate() {
            assert_eq!(pool as usize, number);
        }
    }
}
