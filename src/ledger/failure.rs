//! What a database error means for a batch: whether it was committed, and whether to retry.

use std::collections::BTreeMap;

use sea_orm::DbErr;

use super::fault::Fault;
use crate::store::sql::lost_connections::{error_code, lost_the_connection};

/// Why a batch has no outcome.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was written.
    Before(DbErr),
    /// The commit itself failed: the batch may have been committed.
    AtCommit(DbErr),
    /// Commands met faults. Nothing was written, for the other commands neither.
    Faults(Faults),
}

/// Faults by the position of their requests in the batch.
pub(super) type Faults = BTreeMap<usize, Fault>;

impl From<DbErr> for Failure {
    fn from(cause: DbErr) -> Self {
        Self::Before(cause)
    }
}

impl Failure {
    /// The database's error, if it was one.
    pub(super) fn cause(&self) -> Option<&DbErr> {
        match self {
            Self::Before(cause) | Self::AtCommit(cause) => Some(cause),
            Self::Faults(_) => None,
        }
    }

    /// Whether the same batch may be retried at once: nothing was written, and the obstacle is
    /// likely to be gone.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Before(cause) => lost_a_race(cause) || lost_the_connection(cause),
            Self::AtCommit(cause) => lost_a_race(cause),
            Self::Faults(_) => false,
        }
    }
}

/// Whether a part of the batch would fail like the whole: the database couldn't be reached, or a
/// lock or a statement took too long.
pub(super) fn is_out_of_reach(cause: &DbErr) -> bool {
    matches!(cause, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || lost_the_connection(cause)
        || matches!(error_code(cause).as_deref(), Some("55P03" | "57014"))
}

/// Whether the database rolled the transaction back only because another one was in its way: a
/// serialization failure or a deadlock on PostgreSQL, a busy lock on SQLite. Nothing was written.
fn lost_a_race(cause: &DbErr) -> bool {
    matches!(
        error_code(cause).as_deref(),
        Some("40001" | "40P01" | "5" | "6" | "261" | "517")
    )
}
