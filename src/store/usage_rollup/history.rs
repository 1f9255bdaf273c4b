//! What the rows of past days must be, by the messages: to fill them in, and to check them.
//!
//! This is another way to the same sums than the ledger's own, which adds to the rows as it charges, so that
//! each is a check of the other.

use domain::id::AccountId;
use entity::{message, sql_enums::Channel, sql_enums::MessageStatus};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, Statement, Value, prelude::Uuid,
};

use super::COLUMNS;

/// A day by its first instant and the next day's.
type Day = (Timestamp, Timestamp);

/// Some days of an account, the oldest first, without a gap.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Whose.
    pub account: AccountId,
    /// At least one.
    pub days: Vec<Day>,
}

impl Chunk {
    /// `$1` to `$4` of [`expected`].
    fn values(&self) -> [Value; 4] {
        let days: Vec<String> = self
            .days
            .iter()
            .map(|(start, end)| format!("[{},{}]", start.as_microsecond(), end.as_microsecond()))
            .collect();
        let start = self.days.first().map_or(0, |day| day.0.as_microsecond());
        let end = self.days.last().map_or(0, |day| day.1.as_microsecond());
        [
            self.account.uuid().into(),
            format!("[{}]", days.join(",")).into(),
            start.into(),
            end.into(),
        ]
    }
}

/// The rows that the messages of account `$1` come to on the days `$2`, which begin at `$3` and end before `$4`.
fn expected(backend: DatabaseBackend) -> String {
    let (days, list, country) = match backend {
        DatabaseBackend::Postgres => (
            "SELECT CAST(d ->> 0 AS BIGINT) AS day_start, CAST(d ->> 1 AS BIGINT) AS day_end \
             FROM json_array_elements($2::json) AS d",
            "COALESCE(uuid_send(c.list_id), CAST('' AS BYTEA))",
            "convert_to(g.country_code, 'UTF8')",
        ),
        _ => (
            "SELECT value ->> 0 AS day_start, value ->> 1 AS day_end FROM json_each($2)",
            "COALESCE(c.list_id, x'')",
            "CAST(g.country_code AS BLOB)",
        ),
    };
    let empty = match backend {
        DatabaseBackend::Postgres => "CAST('' AS BYTEA)",
        _ => "x''",
    };
    let of_messages = |kind: &str, key: &str| {
        format!(
            "SELECT '{kind}' AS kind, c.day_start AS day_start, {key} AS key, c.channel AS channel, \
             c.rate_card_id AS rate_card_id, COUNT(*) AS messages, \
             CAST(COALESCE(SUM(w.recipients), 0) AS BIGINT) AS recipients, \
             CAST(COALESCE(SUM(w.segments), 0) AS BIGINT) AS segments, \
             CAST(SUM(c.units) AS BIGINT) AS units \
             FROM counted c LEFT JOIN wholes w ON w.id = c.id GROUP BY 1, 2, 3, 4, 5"
        )
    };
    format!(
        "WITH days AS ({days}), \
         counted AS (SELECT d.day_start, m.id, m.list_id, m.channel, m.rate_card_id, m.units \
           FROM messages m JOIN days d ON m.sent_at >= d.day_start AND m.sent_at < d.day_end \
           WHERE m.account_id = $1 AND m.status = 'SENT' AND m.sent_at >= $3 AND m.sent_at < $4), \
         legs AS (SELECT c.id, l.country_code, SUM(l.recipients) AS recipients, \
           SUM(l.recipients * l.segment_count) AS segments, SUM(l.units) AS units \
           FROM counted c JOIN message_lines l ON l.account_id = $1 AND l.message_id = c.id \
           AND l.units_per_segment IS NOT NULL GROUP BY c.id, l.country_code), \
         wholes AS (SELECT id, SUM(recipients) AS recipients, SUM(segments) AS segments \
           FROM legs GROUP BY id) \
         {} UNION ALL {} UNION ALL \
         SELECT 'COUNTRY', c.day_start, {country}, c.channel, c.rate_card_id, COUNT(*), \
           CAST(SUM(g.recipients) AS BIGINT), CAST(SUM(g.segments) AS BIGINT), \
           CAST(SUM(g.units) AS BIGINT) \
           FROM legs g JOIN counted c ON c.id = g.id GROUP BY 1, 2, 3, 4, 5",
        of_messages("ALL", empty),
        of_messages("LIST", list),
    )
}

/// Fills in the rows of days that have none. The caller holds the lock on the account's book.
///
/// # Errors
/// What the database says.
pub async fn add_days(connection: &impl ConnectionTrait, chunk: &Chunk) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let text = format!(
        "INSERT INTO usage_rollups ({COLUMNS}) SELECT CAST($1 AS {}), r.* FROM ({}) AS r",
        match backend {
            DatabaseBackend::Postgres => "UUID",
            _ => "BLOB",
        },
        expected(backend)
    );
    let statement = Statement::from_sql_and_values(backend, text, chunk.values());
    connection.execute_raw(statement).await.map(drop)
}

/// A row that is not what the messages come to.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Difference {
    /// What it sums.
    pub kind: String,
    /// The first instant of its day, in microseconds since the epoch.
    pub day_start: i64,
    /// Which list or country.
    pub key: Vec<u8>,
    /// How it travelled.
    pub channel: Channel,
    /// The version that priced it.
    pub rate_card_id: Uuid,
    /// By the messages; nothing where they come to no such row.
    pub expected_messages: i64,
    /// By the messages.
    pub expected_recipients: i64,
    /// By the messages.
    pub expected_segments: i64,
    /// By the messages.
    pub expected_units: i64,
    /// As it is kept; nothing where there is no such row.
    pub messages: i64,
    /// As it is kept.
    pub recipients: i64,
    /// As it is kept.
    pub segments: i64,
    /// As it is kept.
    pub units: i64,
}

/// The rows of some days that are not what the messages come to.
///
/// # Errors
/// What the database says.
pub async fn differences(
    connection: &impl ConnectionTrait,
    chunk: &Chunk,
) -> Result<Vec<Difference>, DbErr> {
    let backend = connection.get_database_backend();
    let both = |name: &str, kept: &str, expected: &str| {
        let sum = |what: &str| format!("CAST(SUM({what}) AS BIGINT)");
        format!(
            "{} AS expected_{name}, {} AS {name}",
            sum(expected),
            sum(kept)
        )
    };
    // Each row's own sums against it: whatever is left of either side differs.
    let columns = ["messages", "recipients", "segments", "units"];
    let sums: Vec<String> = columns
        .iter()
        .map(|name| both(name, &format!("kept_{name}"), &format!("wanted_{name}")))
        .collect();
    let differ: Vec<String> = columns
        .iter()
        .map(|name| format!("SUM(kept_{name}) <> SUM(wanted_{name})"))
        .collect();
    let text = format!(
        "SELECT kind, day_start, key, channel, rate_card_id, {} FROM (\
         SELECT kind, day_start, key, channel, rate_card_id, \
           messages AS wanted_messages, recipients AS wanted_recipients, \
           segments AS wanted_segments, units AS wanted_units, \
           0 AS kept_messages, 0 AS kept_recipients, 0 AS kept_segments, 0 AS kept_units, \
           1 AS wanted, 0 AS kept FROM ({}) AS e \
         UNION ALL SELECT kind, day_start, key, channel, rate_card_id, 0, 0, 0, 0, \
           messages, recipients, segments, units, 0, 1 FROM usage_rollups \
           WHERE account_id = $1 AND day_start >= $3 AND day_start < $4) AS b \
         GROUP BY kind, day_start, key, channel, rate_card_id \
         HAVING SUM(wanted) <> SUM(kept) OR {} ORDER BY day_start, kind, key",
        sums.join(", "),
        expected(backend),
        differ.join(" OR "),
    );
    Difference::find_by_statement(Statement::from_sql_and_values(
        backend,
        text,
        chunk.values(),
    ))
    .all(connection)
    .await
}

/// The instant of the message that, counted back from `before`, is the `count`th or the first of all; `None`
/// where none was charged before.
///
/// # Errors
/// What the database says.
pub async fn last_charge(
    connection: &impl ConnectionTrait,
    account: AccountId,
    before: i64,
    count: u64,
) -> Result<Option<i64>, DbErr> {
    let charged = || {
        message::Entity::find()
            .select_only()
            .column(message::Column::SentAt)
            .filter(message::Column::AccountId.eq(account.uuid()))
            .filter(message::Column::SentAt.lt(before))
            .filter(message::Column::Status.eq(MessageStatus::Sent))
    };
    let counted: Option<Option<i64>> = charged()
        .order_by_desc(message::Column::SentAt)
        .offset(count.saturating_sub(1))
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    if let Some(found) = counted {
        return Ok(found);
    }
    let first: Option<Option<i64>> = charged()
        .order_by_asc(message::Column::SentAt)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(first.flatten())
}

/// The first instant from `from` on at which a message was charged or a kept day begins.
///
/// # Errors
/// What the database says.
pub async fn first_day(
    connection: &impl ConnectionTrait,
    account: AccountId,
    from: i64,
) -> Result<Option<i64>, DbErr> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT MIN(f.first_at) AS first_at FROM (\
         SELECT MIN(sent_at) AS first_at FROM messages \
           WHERE account_id = $1 AND sent_at >= $2 AND status = 'SENT' \
         UNION ALL SELECT MIN(day_start) FROM usage_rollups WHERE account_id = $1 AND kind = 'ALL' \
           AND day_start >= $2 \
         UNION ALL SELECT MIN(day_start) FROM usage_rollups WHERE account_id = $1 AND kind = 'LIST' \
           AND day_start >= $2 \
         UNION ALL SELECT MIN(day_start) FROM usage_rollups WHERE account_id = $1 \
           AND kind = 'COUNTRY' AND day_start >= $2) AS f",
        [account.uuid().into(), from.into()],
    );
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(None), |row| row.try_get("", "first_at"))
}

/// The first day that is kept of an account, whether or not anything reads it.
///
/// # Errors
/// What the database says.
pub async fn first_kept(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<i64>, DbErr> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT MIN(day_start) AS first_at FROM usage_rollups WHERE account_id = $1",
        [account.uuid().into()],
    );
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(None), |row| row.try_get("", "first_at"))
}
