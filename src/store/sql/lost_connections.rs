//! Whether a connection to PostgreSQL is sound, and what tells that one was lost.
//!
//! Asking a connection takes a round trip, as much as a small query does, and so only those are asked that may have
//! been lost: those that lay idle for a while, and, once any is found to be lost, all that lay idle since before.
//! PostgreSQL that stops takes all of them along, however soon it is back.

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

/// How long a connection lies idle before it is asked whether it is sound; and how long after a loss those that
/// were used meanwhile are asked too, since a server that stops hangs up on one after the other.
const IDLE: Duration = Duration::from_secs(1);

/// When a connection was last found to be lost, for all pools of a process.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses(Arc<Mutex<Option<Instant>>>);

impl Losses {
    /// Takes note of an error.
    pub(super) fn notice(&self, cause: &DbErr) {
        if lost_the_connection(cause) {
            self.note(Instant::now());
        }
    }

    /// Lets a pool ask its connections before it hands them out.
    pub(super) fn watch(self, pool: PoolOptions<sqlx::Postgres>) -> PoolOptions<sqlx::Postgres> {
        pool.test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                let losses = self.clone();
                Box::pin(async move { losses.ask(connection, &idle).await })
            })
    }

    async fn ask(
        &self,
        connection: &mut PgConnection,
        idle: &PoolConnectionMetadata,
    ) -> Result<bool, sqlx::Error> {
        if self.may_be_lost(idle.idle_for, Instant::now()) {
            // The pool replaces a connection that fails here.
            connection
                .ping()
                .await
                .inspect_err(|_| self.note(Instant::now()))?;
        }
        Ok(true)
    }

    fn may_be_lost(&self, idle: Duration, now: Instant) -> bool {
        // Nothing that holds the lock can panic.
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle_since_before =
            |last: Instant| now.saturating_duration_since(last) <= idle.saturating_add(IDLE);
        idle >= IDLE || last.is_some_and(idle_since_before)
    }

    fn note(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

/// Whether an error says that the connection broke, or that the database is going down.
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

/// The database's own code of an error: SQLSTATE, or SQLite's extended result code.
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

    use super::{IDLE, Losses};

    #[test]
    fn who_lay_idle_since_before_a_loss_is_asked_and_nobody_else() {
        let losses = Losses::default();
        let start = Instant::now() + IDLE;
        assert!(!losses.may_be_lost(IDLE / 2, start), "nothing was lost");
        assert!(losses.may_be_lost(IDLE, start), "idle for long");
        losses.note(start);
        // Idle since just before the loss, and since the second after it, when the server may still have been
        // hanging up.
        assert!(losses.may_be_lost(IDLE / 2, start + IDLE / 4));
        assert!(losses.may_be_lost(IDLE / 2, start + IDLE));
        assert!(
            !losses.may_be_lost(IDLE / 2, start + IDLE * 2),
            "used since it was over"
        );
    }

    #[test]
    fn only_a_lost_connection_is_taken_note_of() {
        let losses = Losses::default();
        losses.notice(&DbErr::RecordNotFound("an account".to_owned()));
        assert!(!losses.may_be_lost(IDLE / 2, Instant::now()));
        let cause = sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
        let lost = DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause)));
        losses.notice(&lost);
        assert!(losses.may_be_lost(IDLE / 2, Instant::now()));
    }
}
