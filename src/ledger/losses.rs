//! What lots lost without use: what expired, was revoked, or is owed already. Of the credits of a
//! payment that is taken back, these never become debt (law R5).
//!
//! Here: adding them up, from the stored postings and from a batch's own. Not here: what is taken
//! back ([`super::perform`]).

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{AccountId, LotId};
use entity::{purchase, sql_enums::TransactionKind};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, Iterable, QueryResult, prelude::Uuid};

use super::{request::Request, rows::Rows};
use crate::store::sql::row_set::RowSet;

/// Losses by account and lot, in units of 1/10,000 credit. A lot without any has none.
pub(super) type Losses = BTreeMap<(Uuid, Uuid), i64>;

/// Whether postings of this kind that name a lot are losses: what its remainder falls by, and what
/// becomes debt.
fn is_loss(kind: TransactionKind) -> bool {
    match kind {
        TransactionKind::Revocation | TransactionKind::Expiry | TransactionKind::Chargeback => true,
        TransactionKind::Purchase
        | TransactionKind::Recharge
        | TransactionKind::Grant
        | TransactionKind::Allocation
        | TransactionKind::Hold
        | TransactionKind::Release
        | TransactionKind::Spend
        | TransactionKind::TimeZoneChange
        | TransactionKind::DebtPayment => false,
    }
}

/// Reads the losses of the lots whose payments the requests take back. Without such requests it
/// reads nothing.
pub(super) async fn read(
    connection: &impl ConnectionTrait,
    requests: &[&Request],
    purchases: &BTreeMap<(Uuid, Uuid), purchase::Model>,
) -> Result<Losses, DbErr> {
    let lot_of = |request: &&Request| {
        let purchase = request.kind.reversed_purchase()?;
        let account = request.account.uuid();
        let row = purchases.get(&(account, purchase.uuid()))?;
        Some((account, row.lot_id?))
    };
    let lots: BTreeSet<(Uuid, Uuid)> = requests.iter().filter_map(lot_of).collect();
    if lots.is_empty() {
        return Ok(Losses::new());
    }
    let kinds = TransactionKind::iter().filter(|kind| is_loss(*kind));
    let kinds: Vec<String> = kinds.map(|kind| format!("'{}'", kind.to_value())).collect();
    // Only charges have postings without a row. The first condition on the kind is the index's own,
    // word for word.
    let condition = format!(
        "t.account_id = w.account_id AND t.kind <> 'SPEND' AND t.kind IN ({}) \
         AND p.account_id = t.account_id AND p.sequence = t.sequence AND p.lot_id = w.lot_id \
         GROUP BY p.account_id, p.lot_id",
        kinds.join(", ")
    );
    let query = (
        "p.account_id, p.lot_id, CAST(-SUM(p.units) AS BIGINT) AS units",
        "transactions t CROSS JOIN posting_rows p",
        condition.as_str(),
    );
    let read = |row: &QueryResult| {
        let lot = (row.try_get("", "account_id")?, row.try_get("", "lot_id")?);
        Ok((lot, row.try_get("", "units")?))
    };
    let found = RowSet::of_pairs(lots)
        .query(connection, &["account_id", "lot_id"], query, read)
        .await?;
    Ok(found.into_iter().collect())
}

/// The losses of a lot by entries of this batch, which aren't stored yet.
pub(super) fn of_batch(rows: &Rows, account: AccountId, lot: LotId) -> i128 {
    let own = rows.transactions.iter().filter(|row| {
        let is_own = row.account_id == account.uuid();
        is_own && is_loss(row.kind)
    });
    let entries: BTreeSet<i64> = own.map(|row| row.sequence).collect();
    let postings = rows.postings.iter().filter(|row| {
        let is_own = row.account_id == account.uuid() && row.lot_id == Some(lot.uuid());
        is_own && entries.contains(&row.sequence)
    });
    -postings.map(|row| i128::from(row.units)).sum::<i128>()
}
