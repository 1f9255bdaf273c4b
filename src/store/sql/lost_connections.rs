//! Finds connections to PostgreSQL that were lost, before they are used.
//!
//! Here: which errors mean a lost connection, and which connections of a pool are tested. A test
//! takes a round trip, as much as a small query, so only connections are tested that may be lost:
//! those that were idle for a while, and, after any loss, all that have been idle since before it.
//! When PostgreSQL stops, it closes every connection, even if it is back at once. Not here: the
//! pools ([`super::connection`]), and retries.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{
        self, Connection, PgConnection,
        pool::{PoolConnectionMetadata, PoolOptions},
    },
};

/// The idle time after which a connection is tested. Also the time after a loss in which
/// connections are tested that were used since, because a server that stops closes one connection
/// after the other.
const TEST_AFTER: Duration = Duration::from_secs(1);

/// When a connection was last found to be lost, in any pool of this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses(Arc<Mutex<Option<Instant>>>);

impl Losses {
    /// Records a loss if the error means one.
    pub(super) fn record_error(&self, cause: &DbErr) {
        if lost_the_connection(cause) {
            self.record(Instant::now());
        }
    }

    /// Makes a pool test connections that may be lost before it hands them out.
    pub(super) fn test_in(self, pool: PoolOptions<sqlx::Postgres>) -> PoolOptions<sqlx::Postgres> {
        pool.test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                let losses = self.clone();
                Box::pin(async move { losses.test(connection, &idle).await })
            })
    }

    async fn test(
        &self,
        connection: &mut PgConnection,
        idle: &PoolConnectionMetadata,
    ) -> Result<bool, sqlx::Error> {
        if self.may_be_lost(idle.idle_for, Instant::now()) {
            // The pool replaces a connection that fails here.
            connection
                .ping()
                .await
                .inspect_err(|_| self.record(Instant::now()))?;
        }
        Ok(true)
    }

    fn may_be_lost(&self, idle: Duration, now: Instant) -> bool {
        // No code that holds the lock can panic.
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle_since_before =
            |last: Instant| now.saturating_duration_since(last) <= idle.saturating_add(TEST_AFTER);
        idle >= TEST_AFTER || last.is_some_and(idle_since_before)
    }

    fn record(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

/// Whether an error means that the connection broke, or that the database is shutting down.
#[must_use]
pub fn lost_the_connection(cause: &DbErr) -> bool {
    match sqlx_error(cause) {
        Some(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_)) => true,
        _ => matches!(
            error_code(cause).as_deref(),
            Some("57P01" | "57P02" | "57P03" | "08006" | "08003")
        ),
    }
}

/// The database's code of an error: SQLSTATE, or SQLite's extended result code.
#[must_use]
pub fn error_code(cause: &DbErr) -> Option<Cow<'_, str>> {
    match sqlx_error(cause)? {
        sqlx::Error::Database(cause) => cause.code(),
        _ => None,
    }
}

fn sqlx_error(cause: &DbErr) -> Option<&sqlx::Error> {
    match cause {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc, time::Instant};

    use sea_orm::{DbErr, RuntimeErr, sqlx};

    use super::{Losses, TEST_AFTER};

    #[test]
    fn only_connections_idle_since_before_a_loss_are_tested() {
        let losses = Losses::default();
        let start = Instant::now() + TEST_AFTER;
        let briefly = TEST_AFTER / 2;
        assert!(!losses.may_be_lost(briefly, start), "nothing was lost");
        assert!(losses.may_be_lost(TEST_AFTER, start), "idle for long");
        losses.record(start);
        // Idle since just before the loss, and since the second after it, in which the server may
        // still have been closing connections.
        assert!(losses.may_be_lost(briefly, start + TEST_AFTER / 4));
        assert!(losses.may_be_lost(briefly, start + TEST_AFTER));
        assert!(
            !losses.may_be_lost(briefly, start + TEST_AFTER * 2),
            "used after the server was back"
        );
    }

    #[test]
    fn only_errors_of_lost_connections_are_recorded() {
        let losses = Losses::default();
        let briefly = TEST_AFTER / 2;
        losses.record_error(&DbErr::RecordNotFound("an account".to_owned()));
        assert!(!losses.may_be_lost(briefly, Instant::now()));
        let cause = sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
        let lost = DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause)));
        losses.record_error(&lost);
        assert!(losses.may_be_lost(briefly, Instant::now()));
    }
}
