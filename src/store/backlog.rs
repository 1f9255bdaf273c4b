//! What is due and open in the whole database, for metrics.
//!
//! Here: one statement that counts it. Not here: doing it, which the jobs do.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, Statement};

/// Rows that are counted of one kind at most, so that a large backlog doesn't take long to count.
/// Each part reads a partial index; 10,000 of its entries take some milliseconds.
pub const MOST: u64 = 10_000;

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Scheduled messages that the server settles, and that are due.
    Settlements,
    /// Scheduled messages whose time has come and whose sending service has not reported yet.
    Unreported,
    /// Lots whose expiration day has come.
    Lots,
    /// Payments to ask their provider about.
    Payments,
    /// Webhooks to work off.
    Webhooks,
    /// Automatic recharges to decide about.
    Recharges,
    /// Sweeps over what is old.
    Retention,
    /// Scheduled messages in all.
    Scheduled,
    /// Payments that nobody decided yet.
    Pending,
    /// Payments whose provider didn't say what became of them.
    Unknown,
    /// Automatic recharges that are suspended.
    HeldBack,
}

/// Everything that is counted, with its rows: `at` is when a row is due, in microseconds.
const PARTS: [(Counted, &str); 11] = [
    (
        Counted::Settlements,
        "SELECT send_at AS at FROM messages WHERE status = 'SCHEDULED' AND send_at <= $1 AND EXISTS \
         (SELECT 1 FROM accounts WHERE accounts.id = messages.account_id AND settlement = 'AUTOMATIC') \
         ORDER BY send_at",
    ),
    (
        Counted::Unreported,
        "SELECT send_at AS at FROM messages WHERE status = 'SCHEDULED' AND send_at <= $1 AND EXISTS \
         (SELECT 1 FROM accounts WHERE accounts.id = messages.account_id AND settlement <> 'AUTOMATIC') \
         ORDER BY send_at",
    ),
    (
        Counted::Lots,
        "SELECT expires_at AS at FROM lots WHERE is_open AND expires_at IS NOT NULL \
         AND expires_at <= $1 ORDER BY expires_at",
    ),
    (
        Counted::Payments,
        "SELECT next_at AS at FROM purchases WHERE next_at IS NOT NULL AND next_at <= $1 \
         AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY next_at",
    ),
    (
        Counted::Webhooks,
        "SELECT next_at AS at FROM webhook_deliveries WHERE next_at IS NOT NULL AND next_at <= $1 \
         ORDER BY next_at",
    ),
    (
        Counted::Recharges,
        "SELECT next_at AS at FROM due_recharges WHERE next_at IS NOT NULL AND next_at <= $1 \
         AND (claimed_until IS NULL OR claimed_until <= $1) ORDER BY next_at",
    ),
    (
        Counted::Retention,
        "SELECT next_at AS at FROM retention_tasks WHERE next_at > 0 AND next_at <= $1 ORDER BY next_at",
    ),
    (
        Counted::Scheduled,
        "SELECT send_at AS at FROM messages WHERE status = 'SCHEDULED' ORDER BY send_at",
    ),
    (
        Counted::Pending,
        "SELECT created_at AS at FROM purchases WHERE next_at IS NOT NULL AND status = 'PENDING'",
    ),
    (
        Counted::Unknown,
        "SELECT created_at AS at FROM purchases WHERE next_at IS NOT NULL AND status = 'UNKNOWN'",
    ),
    (
        Counted::HeldBack,
        "SELECT updated_at AS at FROM auto_recharges WHERE enabled AND held_back IS NOT NULL",
    ),
];

/// How many there are of one kind, and since when the oldest is due, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// What was counted.
    pub what: Counted,
    /// How many, at most [`MOST`].
    pub rows: u64,
    /// When the oldest of them was due.
    pub oldest: Option<i64>,
}

/// Counts everything as of one instant, in one statement.
pub async fn read(connection: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<Count>, DbErr> {
    let parts = PARTS.iter().enumerate().map(|(number, (_, rows))| {
        format!(
            "SELECT {number} AS what, count(*) AS n, min(at) AS oldest FROM ({rows} LIMIT {MOST}) AS t{number}"
        )
    });
    let parts: Vec<String> = parts.collect();
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        parts.join(" UNION ALL "),
        [now.as_microsecond().into()],
    );
    let mut counts = Vec::with_capacity(PARTS.len());
    for row in connection.query_all_raw(statement).await? {
        let number: i32 = row.try_get("", "what")?;
        let part = usize::try_from(number)
            .ok()
            .and_then(|part| PARTS.get(part));
        let Some((what, _)) = part else {
            continue;
        };
        let rows: i64 = row.try_get("", "n")?;
        counts.push(Count {
            what: *what,
            rows: u64::try_from(rows).unwrap_or_default(),
            oldest: row.try_get("", "oldest")?,
        });
    }
    Ok(counts)
}
