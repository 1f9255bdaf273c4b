//! Sums of past days, recalculated from the messages.
//!
//! Here: filling in rows of past days, and checking rows. The ledger reaches the same sums in
//! another way, by adding to the rows as it charges, so each way checks the other. Not here:
//! months, which are recalculated from the days ([`super::months`]).

use domain::id::AccountId;
use entity::{message, sql_enums::Channel, sql_enums::MessageStatus};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, Statement, Value, prelude::Uuid,
};

use super::COLUMNS;
use crate::store::message_line::{self, COUNTRY, IS_SERVED, RECIPIENTS, SEGMENTS, UNITS};

/// A day or a month: its first instant, and the first instant of the next one.
pub type Period = (Timestamp, Timestamp);

/// Consecutive days of an account, the oldest first.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The account.
    pub account: AccountId,
    /// The days, at least one.
    pub days: Vec<Period>,
}

impl Chunk {
    /// The parameters `$1` to `$4` of [`expected`].
    fn values(&self) -> [Value; 4] {
        values(self.account, &self.days, &self.days)
    }
}

/// The account, `periods` as JSON, and the first and the last instant of `bounds`.
pub(super) fn values(account: AccountId, periods: &[Period], bounds: &[Period]) -> [Value; 4] {
    let periods: Vec<String> = periods
        .iter()
        .map(|(start, end)| format!("[{},{}]", start.as_microsecond(), end.as_microsecond()))
        .collect();
    let start = bounds.first().map_or(0, |first| first.0.as_microsecond());
    let end = bounds.last().map_or(0, |last| last.1.as_microsecond());
    [
        account.uuid().into(),
        format!("[{}]", periods.join(",")).into(),
        start.into(),
        end.into(),
    ]
}

/// SQL that turns the periods of [`values`] into rows.
pub(super) fn periods(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Postgres => {
            "SELECT CAST(d ->> 0 AS BIGINT) AS period_start, CAST(d ->> 1 AS BIGINT) AS period_end \
             FROM json_array_elements($2::json) AS d"
        }
        _ => "SELECT value ->> 0 AS period_start, value ->> 1 AS period_end FROM json_each($2)",
    }
}

/// SQL for the rows that the messages of account `$1` add up to on the days `$2`, which begin at
/// `$3` and end before `$4`.
///
/// Each step is materialized, and SQLite joins the tables of a CROSS JOIN in their order. So a
/// day's messages are looked up by their instants, with any planner settings.
fn expected(backend: DatabaseBackend) -> String {
    let days = periods(backend);
    let lines = message_line::elements(backend, "c.lines");
    let (list, country, empty) = match backend {
        DatabaseBackend::Postgres => (
            "COALESCE(uuid_send(list_id), CAST('' AS BYTEA))",
            "convert_to(country_code, 'UTF8')",
            "CAST('' AS BYTEA)",
        ),
        _ => (
            "COALESCE(list_id, x'')",
            "CAST(country_code AS BLOB)",
            "x''",
        ),
    };
    let sums = |kind: &str, key: &str, of: &str| {
        format!(
            "SELECT '{kind}' AS kind, day_start, {key} AS key, channel, rate_card_id, \
             CAST(SUM(messages) AS BIGINT) AS messages, \
             CAST(SUM(recipients) AS BIGINT) AS recipients, \
             CAST(SUM(segments) AS BIGINT) AS segments, \
             CAST(SUM(units) AS BIGINT) AS units FROM {of} GROUP BY 1, 2, 3, 4, 5"
        )
    };
    format!(
        "WITH days AS MATERIALIZED ({days}), \
         counted AS MATERIALIZED (\
           SELECT d.period_start AS day_start, m.id, m.list_id, m.channel, m.rate_card_id, m.units, m.lines \
           FROM days d CROSS JOIN messages m \
           WHERE m.account_id = $1 AND m.status = 'SENT' \
           AND m.sent_at >= d.period_start AND m.sent_at < d.period_end \
           AND d.period_start >= $3 AND d.period_start < $4), \
         legs AS MATERIALIZED (\
           SELECT c.day_start, c.id, c.list_id, c.channel, c.rate_card_id, {COUNTRY} AS country_code, \
           1 AS messages, CAST(SUM({RECIPIENTS}) AS BIGINT) AS recipients, \
           CAST(SUM({RECIPIENTS} * {SEGMENTS}) AS BIGINT) AS segments, \
           CAST(SUM({UNITS}) AS BIGINT) AS units \
           FROM counted c CROSS JOIN {lines} AS l WHERE {IS_SERVED} \
           GROUP BY c.day_start, c.id, c.list_id, c.channel, c.rate_card_id, {COUNTRY}), \
         wholes AS MATERIALIZED (\
           SELECT day_start, list_id, channel, rate_card_id, \
           1 AS messages, 0 AS recipients, 0 AS segments, units FROM counted \
           UNION ALL SELECT day_start, list_id, channel, rate_card_id, \
           0, recipients, segments, 0 FROM legs) \
         {} UNION ALL {} UNION ALL {}",
        sums("ALL", empty, "wholes"),
        sums("LIST", list, "wholes"),
        sums("COUNTRY", country, "legs"),
    )
}

/// Adds the rows of days that have none. The caller holds the lock on the account's book.
pub(super) async fn add(connection: &impl ConnectionTrait, chunk: &Chunk) -> Result<(), DbErr> {
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

/// A row that differs from the sum of the messages.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Difference {
    /// Its kind: of the whole account, of a list, or to a country.
    pub kind: String,
    /// The first instant of its day, in microseconds since the epoch.
    pub day_start: i64,
    /// The list or the country.
    pub key: Vec<u8>,
    /// The channel.
    pub channel: Channel,
    /// The version of the rate card that priced the messages.
    pub rate_card_id: Uuid,
    /// Messages, recalculated; 0 if no message belongs to such a row.
    pub expected_messages: i64,
    /// Recipients, recalculated.
    pub expected_recipients: i64,
    /// Segments, recalculated.
    pub expected_segments: i64,
    /// Units of 1/10,000 credit, recalculated.
    pub expected_units: i64,
    /// Messages in the row; 0 if the row is missing.
    pub messages: i64,
    /// Recipients in the row.
    pub recipients: i64,
    /// Segments in the row.
    pub segments: i64,
    /// Units of 1/10,000 credit in the row.
    pub units: i64,
}

/// SQL that turns the recent usage in the book of account `$1` into rows, for days that begin at or
/// after `$3` and before `$4`.
fn recent(backend: DatabaseBackend) -> String {
    let count = |place: usize, name: &str| match backend {
        DatabaseBackend::Postgres => format!("CAST(e -> 5 ->> {place} AS BIGINT) AS {name}"),
        _ => format!("e.value ->> '$[5][{place}]' AS {name}"),
    };
    let counts = ["messages", "recipients", "segments", "units"]
        .into_iter()
        .enumerate()
        .map(|(place, name)| count(place, name))
        .collect::<Vec<_>>()
        .join(", ");
    match backend {
        DatabaseBackend::Postgres => format!(
            "SELECT e ->> 0 AS kind, CAST(e ->> 1 AS BIGINT) AS day_start, \
             CASE e ->> 0 WHEN 'COUNTRY' THEN convert_to(e ->> 2, 'UTF8') ELSE decode(e ->> 2, 'hex') END AS key, \
             e ->> 3 AS channel, CAST(e ->> 4 AS UUID) AS rate_card_id, {counts} \
             FROM books b CROSS JOIN LATERAL json_array_elements(CAST(b.recent_usage AS JSON)) AS e \
             WHERE b.account_id = $1 \
             AND CAST(e ->> 1 AS BIGINT) >= $3 AND CAST(e ->> 1 AS BIGINT) < $4"
        ),
        _ => format!(
            "SELECT e.value ->> 0 AS kind, e.value ->> 1 AS day_start, \
             CASE e.value ->> 0 WHEN 'COUNTRY' THEN CAST(e.value ->> 2 AS BLOB) ELSE unhex(e.value ->> 2) END AS key, \
             e.value ->> 3 AS channel, unhex(e.value ->> 4) AS rate_card_id, {counts} \
             FROM books b CROSS JOIN json_each(b.recent_usage) AS e WHERE b.account_id = $1 \
             AND e.value ->> 1 >= $3 AND e.value ->> 1 < $4"
        ),
    }
}

/// Finds rows of some days that, together with recent usage, differ from the sums of the messages.
pub async fn differences(
    connection: &impl ConnectionTrait,
    chunk: &Chunk,
) -> Result<Vec<Difference>, DbErr> {
    let backend = connection.get_database_backend();
    let kept = format!(
        "SELECT kind, day_start, key, channel, rate_card_id, messages, recipients, segments, units \
         FROM usage_rollups WHERE account_id = $1 AND kind <> 'LIST_MONTH' \
         AND day_start >= $3 AND day_start < $4 UNION ALL {}",
        recent(backend)
    );
    let text = different(&expected(backend), &kept);
    Difference::find_by_statement(Statement::from_sql_and_values(
        backend,
        text,
        chunk.values(),
    ))
    .all(connection)
    .await
}

/// SQL for the rows in which two queries differ. Several rows of `kept` with the same key are added
/// up.
pub(super) fn different(wanted: &str, kept: &str) -> String {
    const COUNTS: [&str; 4] = ["messages", "recipients", "segments", "units"];
    let join = |each: &dyn Fn(&str) -> String, between: &str| COUNTS.map(each).join(between);
    // One side's sums are subtracted from the other's. Rows with a remainder differ.
    let side = |of: &str| {
        let own = join(&|name| format!("{name} AS {of}_{name}"), ", ");
        let (other, sign) = match of {
            "wanted" => ("kept", "1 AS wanted, 0 AS kept"),
            _ => ("wanted", "0 AS wanted, 1 AS kept"),
        };
        let nothing = join(&|name| format!("0 AS {other}_{name}"), ", ");
        (own, nothing, sign)
    };
    let ((wanted_own, kept_nothing, wanted_sign), (kept_own, wanted_nothing, kept_sign)) =
        (side("wanted"), side("kept"));
    let key = "kind, day_start, key, channel, rate_card_id";
    let sums = join(
        &|name| {
            format!(
                "CAST(SUM(wanted_{name}) AS BIGINT) AS expected_{name}, \
                 CAST(SUM(kept_{name}) AS BIGINT) AS {name}"
            )
        },
        ", ",
    );
    let differ = join(
        &|name| format!("SUM(kept_{name}) <> SUM(wanted_{name})"),
        " OR ",
    );
    format!(
        "SELECT {key}, {sums} FROM (\
         SELECT {key}, {wanted_own}, {kept_nothing}, {wanted_sign} FROM ({wanted}) AS w \
         UNION ALL SELECT {key}, {wanted_nothing}, {kept_own}, {kept_sign} FROM ({kept}) AS k) AS b \
         GROUP BY {key} HAVING MAX(wanted) <> MAX(kept) OR {differ} ORDER BY day_start, kind, key"
    )
}

/// Finds the instant of the `count`th charged message before `before`, or of the first message if
/// there are fewer; `None` if none was charged before.
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

/// Finds the first instant at or after `from` at which a message was charged, or a day with rows
/// begins.
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

/// Finds the first day of an account with rows, even if no report reads them.
pub async fn first_kept(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<i64>, DbErr> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT MIN(day_start) AS first_at FROM usage_rollups WHERE account_id = $1 \
         AND kind <> 'LIST_MONTH'",
        [account.uuid().into()],
    );
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(None), |row| row.try_get("", "first_at"))
}
