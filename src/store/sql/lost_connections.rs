//! Finds connections to PostgreSQL that were lost, before they are used.
//!
//! Here: which errors mean a lost connection, and which connections of a pool are tested. A test
//! takes a round trip, as much as a small query, so only connections are tested that may be lost:
//! those that were idle for a while, and, after any loss, all that have been idle since before it.
//! When PostgreSQL stops, it closes every connection, even if it is back at once. If its address
//! moves, nobody closes anything, and connections fall silent: a test has a second. Not here: the
//! pools ([`super::connection`]), replacing them ([`super::renewal`]), and retries.

use std::{
    borrow::Cow,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, Connection, PgConnection, pool::PoolOptions},
};

use super::pools;

/// The idle time after which a connection is tested. Also the time after a loss in which
/// connections are tested that were used since, because a server that stops closes one connection
/// after the other.
const TEST_AFTER: Duration = Duration::from_secs(1);

/// How long a test may take. A server that is this slow is as good as none.
const TEST_TIME: Duration = Duration::from_secs(1);

/// What is known about lost connections, in all pools of this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses(Arc<Mutex<Known>>);

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// When a connection was last found to be lost.
    lost: Option<Instant>,
    /// Pools that were opened before this instant lead to a silent server, or to the wrong one.
    moved: Option<Instant>,
}

impl Losses {
    /// Records a loss if the error of a statement means one, and a move if the server can't be
    /// written any more: then another one can. The statement began at `since`.
    pub(super) fn record_error(&self, cause: &DbErr, since: Instant) {
        if lost_the_connection(cause) {
            self.record_loss();
        }
        if leads_nowhere(cause) {
            self.record_move(since);
        }
    }

    /// Records that pools must be replaced that were opened before `since`: they lead to a server
    /// that was silent from then on, or can't be written.
    pub(super) fn record_move(&self, since: Instant) {
        let mut known = self.lock();
        known.lost = Some(Instant::now());
        known.moved = known.moved.max(Some(since));
    }

    /// Pools that were opened before this instant must be replaced; `None` if no server moved.
    pub(super) fn moved(&self) -> Option<Instant> {
        self.lock().moved
    }

    /// Makes a pool test connections that may be lost before it hands them out.
    /// Then the wait for one ends, as which pool it is measured.
    pub(super) fn test_in(
        self,
        pool: PoolOptions<sqlx::Postgres>,
        measured: Option<pools::Pool>,
    ) -> PoolOptions<sqlx::Postgres> {
        pool.test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                let losses = self.clone();
                Box::pin(async move {
                    if losses.must_test(idle.idle_for, Instant::now()) {
                        // The pool replaces a connection that fails here.
                        losses.test(connection).await?;
                    }
                    if let Some(pool) = measured {
                        pools::handed_out(pool);
                    }
                    Ok(true)
                })
            })
    }

    async fn test(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let since = Instant::now();
        match tokio::time::timeout(TEST_TIME, connection.ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => {
                tracing::debug!(%cause, "a connection was lost; it is replaced");
                self.record_loss();
                Err(cause)
            }
            Err(_) => {
                self.record_move(since);
                Err(silence(TEST_TIME))
            }
        }
    }

    fn must_test(&self, idle: Duration, now: Instant) -> bool {
        let lost = self.lock().lost;
        let idle_since_before =
            |at: Instant| now.saturating_duration_since(at) <= idle.saturating_add(TEST_AFTER);
        idle >= TEST_AFTER || lost.is_some_and(idle_since_before)
    }

    fn record_loss(&self) {
        self.lock().lost = Some(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // No code that holds the lock can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a connection that has been silent for too long.
pub(super) fn silence(limit: Duration) -> sqlx::Error {
    let seconds = limit.as_secs();
    let text = format!("PostgreSQL gave no answer within {seconds} s");
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, text))
}

/// Whether an error means that the connection broke, that the database is shutting down, or that
/// the connection leads nowhere, because another database has taken over.
#[must_use]
pub fn lost_the_connection(cause: &DbErr) -> bool {
    match sqlx_error(cause) {
        Some(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_)) => true,
        _ => {
            leads_nowhere(cause)
                || matches!(
                    error_code(cause).as_deref(),
                    Some("25P03" | "57P01" | "57P02" | "57P03" | "08006" | "08003")
                )
        }
    }
}

/// Whether a connection answers, but is of no use any more: its server can only be read, or it has
/// prepared a statement whose result has other columns since a migration.
fn leads_nowhere(cause: &DbErr) -> bool {
    matches!(error_code(cause).as_deref(), Some("25006" | "0A000"))
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
    use std::{
        io,
        sync::Arc,
        time::{Duration, Instant},
    };

    use sea_orm::{DbErr, RuntimeErr, sqlx};

    use super::{Losses, TEST_AFTER};

    fn lost() -> DbErr {
        let cause = sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
        DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause)))
    }

    #[test]
    fn only_connections_idle_since_before_a_loss_are_tested() {
        let losses = Losses::default();
        let start = Instant::now() + TEST_AFTER;
        let briefly = TEST_AFTER / 2;
        assert!(!losses.must_test(briefly, start), "no loss");
        assert!(losses.must_test(TEST_AFTER, start), "idle for long");
        losses.lock().lost = Some(start);
        // Idle since just before the loss, and since the second after it, in which the server may
        // still have been closing connections.
        for later in [TEST_AFTER / 4, TEST_AFTER] {
            assert!(losses.must_test(briefly, start + later));
        }
        assert!(
            !losses.must_test(briefly, start + TEST_AFTER * 2),
            "used after the server was back"
        );
    }

    #[test]
    fn the_last_move_counts() {
        let losses = Losses::default();
        assert_eq!(losses.moved(), None);
        let (first, second) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        for at in [first, second, first] {
            losses.record_move(at);
        }
        assert_eq!(losses.moved(), Some(second));
    }

    #[test]
    fn only_errors_of_lost_connections_are_recorded() {
        let losses = Losses::default();
        let now = Instant::now();
        losses.record_error(&DbErr::RecordNotFound("an account".to_owned()), now);
        assert!(losses.lock().lost.is_none());
        losses.record_error(&lost(), now);
        assert!(losses.lock().lost.is_some());
        assert!(losses.moved().is_none());
    }
}
