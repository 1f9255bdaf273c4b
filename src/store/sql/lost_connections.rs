//! Finds connections to PostgreSQL that were lost, before they are used.
//!
//! Here: which errors mean a lost connection, and which connections of a pool are tested or
//! replaced. A test takes a round trip, as much as a small query, so only connections are tested
//! that may be lost: those that were idle for a while, and, after any loss, all that have been idle
//! since before it. When PostgreSQL stops, it closes every connection, even if it is back at once.
//! If its address moves, nobody closes anything, and connections fall silent: a test has a second.
//! Not here: the pools ([`super::connection`]), and retries.

use std::{
    borrow::Cow,
    io,
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

/// How long a test may take. A server that is this slow is as good as none.
const TEST_TIME: Duration = Duration::from_secs(1);
/// How long after a loss the connections that are returned to a pool are tested with a time limit.
/// Requests that were waiting for the lost server are given up within this time.
const WARY: Duration = Duration::from_secs(60);

/// What is known about lost connections, in all pools of this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses(Arc<Mutex<Known>>);

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// When a connection was last found to be lost.
    lost: Option<Instant>,
    /// Connections that were opened before this instant lead to the wrong place.
    moved: Option<Instant>,
}

/// What to do with an idle connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Use,
    Test,
    Replace,
}

impl Losses {
    /// Records a loss if the error means one, and a move if the server can't be written any more:
    /// then another one can.
    pub(super) fn record_error(&self, cause: &DbErr) {
        if lost_the_connection(cause) {
            self.change(|known, now| known.lost = Some(now));
        }
        if leads_nowhere(cause) {
            self.record_move();
        }
    }

    /// Records that all connections must be replaced: they lead to a server that is silent, or
    /// can't be written.
    pub(super) fn record_move(&self) {
        self.change(|known, now| {
            *known = Known {
                lost: Some(now),
                moved: Some(now),
            };
        });
    }

    /// Makes a pool test connections that may be lost before it hands them out, and after they
    /// come back: each one if `every` is true. The pool itself tests what comes back without a time
    /// limit, so that a connection which falls silent just then keeps its place for good. A pool
    /// whose places are few can't afford that.
    pub(super) fn test_in(
        self,
        pool: PoolOptions<sqlx::Postgres>,
        every: bool,
    ) -> PoolOptions<sqlx::Postgres> {
        let returned = self.clone();
        pool.test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                let losses = self.clone();
                Box::pin(async move { losses.admit(connection, &idle).await })
            })
            .after_release(move |connection, _| {
                let losses = returned.clone();
                Box::pin(async move {
                    if every || losses.is_wary(Instant::now()) {
                        losses.test(connection).await?;
                    }
                    Ok(true)
                })
            })
    }

    async fn admit(
        &self,
        connection: &mut PgConnection,
        idle: &PoolConnectionMetadata,
    ) -> Result<bool, sqlx::Error> {
        match self.judge(idle.idle_for, idle.age, Instant::now()) {
            Verdict::Use => Ok(true),
            // The pool replaces a connection that fails here.
            Verdict::Test => self.test(connection).await.map(|()| true),
            Verdict::Replace => Ok(false),
        }
    }

    async fn test(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        match tokio::time::timeout(TEST_TIME, connection.ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => {
                self.change(|known, now| known.lost = Some(now));
                Err(cause)
            }
            Err(_) => {
                self.record_move();
                Err(silence(TEST_TIME))
            }
        }
    }

    fn judge(&self, idle: Duration, age: Duration, now: Instant) -> Verdict {
        let Known { lost, moved } = self.known();
        let since = |at: Instant| now.saturating_duration_since(at);
        if moved.is_some_and(|at| since(at) < age) {
            return Verdict::Replace;
        }
        let idle_since_before = |at: Instant| since(at) <= idle.saturating_add(TEST_AFTER);
        match idle >= TEST_AFTER || lost.is_some_and(idle_since_before) {
            true => Verdict::Test,
            false => Verdict::Use,
        }
    }

    fn is_wary(&self, now: Instant) -> bool {
        let lost = self.known().lost;
        lost.is_some_and(|at| now.saturating_duration_since(at) < WARY)
    }

    fn known(&self) -> Known {
        // No code that holds the lock can panic.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Known, Instant)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut known, Instant::now());
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

    use super::{Losses, TEST_AFTER, Verdict, WARY};

    const OLD: Duration = Duration::from_secs(600);

    fn lost() -> DbErr {
        let cause = sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
        DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause)))
    }

    #[test]
    fn only_connections_idle_since_before_a_loss_are_tested() {
        let losses = Losses::default();
        let start = Instant::now() + TEST_AFTER;
        let briefly = TEST_AFTER / 2;
        let judge = |losses: &Losses, idle, now| losses.judge(idle, OLD, now);
        assert_eq!(judge(&losses, briefly, start), Verdict::Use, "no loss");
        assert_eq!(
            judge(&losses, TEST_AFTER, start),
            Verdict::Test,
            "idle for long"
        );
        losses.change(|known, _| known.lost = Some(start));
        // Idle since just before the loss, and since the second after it, in which the server may
        // still have been closing connections.
        for later in [TEST_AFTER / 4, TEST_AFTER] {
            assert_eq!(judge(&losses, briefly, start + later), Verdict::Test);
        }
        assert_eq!(
            judge(&losses, briefly, start + TEST_AFTER * 2),
            Verdict::Use,
            "used after the server was back"
        );
    }

    #[test]
    fn connections_from_before_a_move_are_replaced() {
        let losses = Losses::default();
        losses.record_move();
        let later = Instant::now() + Duration::from_secs(5);
        let brief = Duration::ZERO;
        assert_eq!(losses.judge(brief, OLD, later), Verdict::Replace);
        let young = Duration::from_secs(4);
        assert_eq!(losses.judge(brief, young, later), Verdict::Use);
        assert!(losses.is_wary(later));
        assert!(!losses.is_wary(later + WARY));
    }

    #[test]
    fn only_errors_of_lost_connections_are_recorded() {
        let losses = Losses::default();
        losses.record_error(&DbErr::RecordNotFound("an account".to_owned()));
        assert!(losses.known().lost.is_none());
        losses.record_error(&lost());
        assert!(losses.known().lost.is_some());
        assert!(losses.known().moved.is_none());
    }
}
