//! What a database error means for a batch: whether it was committed, and whether to try again.

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// Why a batch has no outcome.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was written.
    Before(DbErr),
    /// The commit itself failed: it may have been done.
    AtCommit(DbErr),
}

impl Failure {
    /// Whether the same batch may be tried again at once: nothing was written, and what was in the way is
    /// likely to be gone.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Before(cause) => lost_a_race(cause) || lost_the_connection(cause),
            Self::AtCommit(cause) => lost_a_race(cause),
        }
    }
}

/// Whether a part of the batch would fare no better than the whole: the database could not be reached,
/// or kept a lock or a statement too long.
pub(super) fn is_out_of_reach(cause: &DbErr) -> bool {
    matches!(cause, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || lost_the_connection(cause)
        || matches!(code(cause).as_deref(), Some("55P03" | "57014"))
}

/// Whether the database rolled the transaction back only because another one was in its way: a
/// serialization failure or a deadlock on PostgreSQL, a lock held too long on SQLite. Nothing was written.
fn lost_a_race(cause: &DbErr) -> bool {
    matches!(
        code(cause).as_deref(),
        Some("40001" | "40P01" | "5" | "6" | "261" | "517")
    )
}

/// Whether the connection broke, or the database said that it is going down.
fn lost_the_connection(cause: &DbErr) -> bool {
    match sqlx_error(cause) {
        Some(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_)) => true,
        _ => matches!(
            code(cause).as_deref(),
            Some("57P01" | "57P02" | "57P03" | "08006" | "08003")
        ),
    }
}

/// The database's own code of an error: SQLSTATE, or SQLite's extended result code.
fn code(cause: &DbErr) -> Option<String> {
    match sqlx_error(cause)? {
        sqlx::Error::Database(cause) => cause.code().map(|code| code.into_owned()),
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
