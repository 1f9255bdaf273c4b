//! Sums of an account's postings for its statements.

use domain::{credits::Credits, id::AccountId};
use sea_orm::{ConnectionTrait, DbErr, Statement};

/// The statement of [`changes`]: the account, the sequence number before the first transaction, and
/// that of the last one.
pub const CHANGES: &str = "SELECT kind, CAST(SUM(units) AS bigint) AS units FROM (\
     SELECT t.kind, p.units FROM transactions t \
     JOIN posting_rows p ON p.account_id = t.account_id AND p.sequence = t.sequence \
     WHERE t.account_id = $1 AND t.sequence > $2 AND t.sequence <= $3 \
     AND p.account_id = $1 AND p.sequence > $2 AND p.sequence <= $3 \
     AND p.book IN ('AVAILABLE', 'HELD') \
     UNION ALL \
     SELECT kind, available_change_units FROM transactions \
     WHERE account_id = $1 AND sequence > $2 AND sequence <= $3 AND paid_lot_id IS NOT NULL\
     ) AS moved GROUP BY kind";

/// Sums what transactions of each kind did to an account's credits, available and held together:
/// those after the sequence number `after`, up to and with `last`. Kinds are in their stored form,
/// in no particular order.
///
/// The primary keys suffice. No other index helps, and neither does reading the balances in the
/// transactions' rows instead: docs/measured.md, "Statements".
pub async fn changes(
    connection: &impl ConnectionTrait,
    account: AccountId,
    (after, last): (i64, i64),
) -> Result<Vec<(String, Credits)>, DbErr> {
    // PostgreSQL's sum has a wider type than the column, but one account's credits fit the column.
    let sums = Statement::from_sql_and_values(
        connection.get_database_backend(),
        CHANGES,
        [account.uuid().into(), after.into(), last.into()],
    );
    let rows = connection.query_all_raw(sums).await?;
    rows.iter()
        .map(|row| {
            let units = row.try_get("", "units")?;
            Ok((row.try_get("", "kind")?, Credits::from_units(units)))
        })
        .collect()
}
