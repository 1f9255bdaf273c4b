//! Kinds of database errors, for metrics.
//!
//! Here: which kind an error is of. Not here: what is done about it, which its meaning for a batch
//! or an operation decides.

use std::sync::LazyLock;

use sea_orm::DbErr;

use super::lost_connections::{error_code, lost_the_connection};
use crate::telemetry::metrics::{Counters, DATABASE_ERRORS};

const KINDS: [&str; 9] = [
    "no_connection",
    "lost",
    "conflict",
    "lock_timeout",
    "cancelled",
    "full",
    "read_only",
    "constraint",
    "other",
];

static SERIES: LazyLock<Counters> = LazyLock::new(|| Counters::of(&DATABASE_ERRORS, &[], KINDS));

/// Registers the series, at 0.
pub(super) fn register() {
    LazyLock::force(&SERIES);
}

/// Counts an error that an operation or a batch met.
pub fn count(cause: &DbErr) {
    SERIES.add(kind(cause), 1);
}

fn kind(cause: &DbErr) -> &'static str {
    if matches!(cause, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return "no_connection";
    }
    let code = error_code(cause);
    // A connection to a server that can't be written is of no use either.
    if code.as_deref() != Some("25006") && lost_the_connection(cause) {
        return "lost";
    }
    match code.as_deref() {
        // Of PostgreSQL: serialization, deadlock; of SQLite: busy and locked.
        Some("40001" | "40P01" | "5" | "6" | "261" | "517") => "conflict",
        Some("55P03") => "lock_timeout",
        Some("57014") => "cancelled",
        Some("53100" | "13") => "full",
        Some("25006" | "8" | "1544" | "264" | "520" | "776" | "1032") => "read_only",
        // Class 23; of SQLite the extended codes of SQLITE_CONSTRAINT.
        Some(code) if code.len() == 5 && code.starts_with("23") => "constraint",
        Some(code) if code.parse::<u32>().is_ok_and(|code| code % 256 == 19) => "constraint",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};

    use super::{KINDS, kind};

    #[test]
    fn errors_have_kinds_of_the_list() {
        let lost = sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
        let lost = DbErr::Query(RuntimeErr::SqlxError(Arc::new(lost)));
        let none = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        let other = DbErr::RecordNotFound("an account".to_owned());
        for (cause, expected) in [(lost, "lost"), (none, "no_connection"), (other, "other")] {
            assert_eq!(kind(&cause), expected);
            assert!(KINDS.contains(&expected));
        }
    }
}
