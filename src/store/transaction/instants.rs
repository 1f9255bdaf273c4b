//! Where an instant is in an account's chain.
//!
//! Here: the search by halves. Instants only rise along a chain, so that sequence numbers find them
//! in two dozen steps of one statement among ten million transactions. An index by instant would
//! find them in one, and every charge would have to write it. Not here: what is read from there on.

use domain::id::AccountId;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

/// Finds the number of an account's last transaction at or before an instant, in microseconds since
/// the epoch; 0 if there is none.
///
/// # Errors
/// A database error, or a transaction that the search meets is missing.
pub async fn last_by(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: i64,
) -> Result<i64, DbErr> {
    const MIDDLE: &str = "SELECT t.sequence, t.created_at FROM transactions t \
                          WHERE t.account_id = $1 AND t.sequence = (s.low + s.high + 1) / 2";
    let backend = connection.get_database_backend();
    let middle = match backend {
        // OFFSET keeps the planner from joining the whole table.
        DatabaseBackend::Postgres => format!("LATERAL ({MIDDLE} OFFSET 0) t WHERE"),
        // SQLite never reorders a CROSS JOIN.
        _ => "transactions t WHERE t.account_id = $1 \
              AND t.sequence = (s.low + s.high + 1) / 2 AND"
            .to_owned(),
    };
    let sql = format!(
        "WITH RECURSIVE search(low, high) AS ( \
         SELECT CAST(0 AS BIGINT), b.sequence FROM books b WHERE b.account_id = $1 \
         UNION ALL SELECT \
         CASE WHEN t.created_at <= $2 THEN t.sequence ELSE s.low END, \
         CASE WHEN t.created_at <= $2 THEN s.high ELSE t.sequence - 1 END \
         FROM search s CROSS JOIN {middle} s.low < s.high) \
         SELECT low, high FROM search ORDER BY high - low LIMIT 1"
    );
    let values = [account.uuid().into(), at.into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let Some(row) = connection.query_one_raw(statement).await? else {
        // An account without a book has no transactions.
        return Ok(0);
    };
    let (low, high): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    if low == high {
        return Ok(low);
    }
    let account = account.uuid();
    Err(DbErr::Custom(format!(
        "account {account} lacks a transaction between {low} and {high}"
    )))
}
