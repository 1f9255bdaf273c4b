//! Sums of lists by month, recalculated from their days.
//!
//! Here: adding days to months, and checking months. Not here: the days ([`super::history`]).

use domain::id::AccountId;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, FromQueryResult, Statement};

use super::{
    COLUMNS,
    history::{Chunk, Difference, Period, different, periods, values},
};

/// SQL for the sums by the months `$2` of the days of account `$1` at or after `$3` and before
/// `$4`.
///
/// SQLite joins the tables of a CROSS JOIN in their order, so each month's days are looked up.
fn expected(backend: DatabaseBackend) -> String {
    let count = |name: &str| format!("CAST(SUM(u.{name}) AS BIGINT) AS {name}");
    format!(
        "SELECT 'LIST_MONTH' AS kind, m.period_start AS day_start, u.key, u.channel, u.rate_card_id, \
         {}, {}, {}, {} FROM ({}) AS m CROSS JOIN usage_rollups u \
         WHERE u.account_id = $1 AND u.kind = 'LIST' AND u.day_start >= $3 AND u.day_start < $4 \
         AND u.day_start >= m.period_start AND u.day_start < m.period_end GROUP BY 1, 2, 3, 4, 5",
        count("messages"),
        count("recipients"),
        count("segments"),
        count("units"),
        periods(backend)
    )
}

/// Adds the days of a chunk, which have rows, to their months.
pub(super) async fn add(
    connection: &impl ConnectionTrait,
    chunk: &Chunk,
    months: &[Period],
) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let added = ["messages", "recipients", "segments", "units"]
        .map(|name| format!("{name} = usage_rollups.{name} + excluded.{name}"));
    // Without a WHERE, SQLite would parse ON CONFLICT as the condition of a join.
    let text = format!(
        "INSERT INTO usage_rollups ({COLUMNS}) SELECT CAST($1 AS {}), r.* FROM ({}) AS r WHERE true \
         ON CONFLICT (account_id, kind, day_start, key, channel, rate_card_id) DO UPDATE SET {}",
        match backend {
            DatabaseBackend::Postgres => "UUID",
            _ => "BLOB",
        },
        expected(backend),
        added.join(", ")
    );
    let values = values(chunk.account, months, &chunk.days);
    let statement = Statement::from_sql_and_values(backend, text, values);
    connection.execute_raw(statement).await.map(drop)
}

/// Finds rows of consecutive months, the oldest first, that differ from the sums of their days.
pub async fn month_differences(
    connection: &impl ConnectionTrait,
    account: AccountId,
    months: &[Period],
) -> Result<Vec<Difference>, DbErr> {
    let backend = connection.get_database_backend();
    let text = different(
        &expected(backend),
        "SELECT kind, day_start, key, channel, rate_card_id, messages, recipients, segments, units \
         FROM usage_rollups WHERE account_id = $1 AND kind = 'LIST_MONTH' \
         AND day_start >= $3 AND day_start < $4",
    );
    let values = values(account, months, months);
    let statement = Statement::from_sql_and_values(backend, text, values);
    Difference::find_by_statement(statement)
        .all(connection)
        .await
}

/// Finds the first instant at or after `from` at which a day of a list with rows, or a month,
/// begins.
pub async fn first_month(
    connection: &impl ConnectionTrait,
    account: AccountId,
    from: i64,
) -> Result<Option<i64>, DbErr> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT MIN(f.first_at) AS first_at FROM (\
         SELECT MIN(day_start) AS first_at FROM usage_rollups WHERE account_id = $1 \
           AND kind = 'LIST' AND day_start >= $2 \
         UNION ALL SELECT MIN(day_start) FROM usage_rollups WHERE account_id = $1 \
           AND kind = 'LIST_MONTH' AND day_start >= $2) AS f",
        [account.uuid().into(), from.into()],
    );
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(None), |row| row.try_get("", "first_at"))
}
