//! Writes a batch's rows as row sets: a few statements, however many commands there were.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::AccountId;
use entity::{actor, book, contact_list, due_recharge, hold_draw, lot, message, pool, purchase};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, Value, prelude::Uuid};

use super::rows::{Changes, Rows};
use crate::store::{
    account, actor as store_actor,
    book::Head,
    message_change, monthly_report,
    sql::{
        row_set::RowSet,
        table_rows::{self, TableRows},
    },
    usage_rollup,
};

/// Writes all rows of a batch.
pub(super) async fn all(
    connection: &impl ConnectionTrait,
    heads: &BTreeMap<AccountId, Head>,
    rows: Rows,
    (changes, actors): (Changes, Vec<actor::Model>),
) -> Result<(), DbErr> {
    // Deletions come first, because inserted rows may have the same keys.
    remove(connection, "pools", "list_id", changes.pools_gone).await?;
    remove(connection, "hold_draws", "message_id", changes.holds_gone).await?;
    let audiences_gone = rows.audiences_gone.into_iter();
    RowSet::of(audiences_gone.map(|key| key.map(Value::from)))
        .delete(
            connection,
            "message_audiences",
            &["account_id", "list_id", "message_id"],
        )
        .await?;
    remove(
        connection,
        "message_departures",
        "message_id",
        rows.departures_gone,
    )
    .await?;
    RowSet::of_ids(changes.recharges_gone)
        .delete(connection, "due_recharges", &["account_id"])
        .await?;
    for (account, (zone, at)) in &rows.time_zones {
        change_days(connection, *account, (zone, *at)).await?;
    }
    let books = written_books(heads, &rows.transactions);
    // One statement can't change a row twice.
    let mut updated = rows.updated;
    let mut ended = rows.ended;
    ended.retain(|row| match updated.get_mut(&(row.account_id, row.id)) {
        Some(updated) => {
            updated.clone_from(row);
            false
        }
        None => true,
    });
    // Most messages are SMS that are charged as they are made. They write neither changes nor
    // media.
    let (plain, other): (Vec<_>, Vec<_>) = (rows.messages.into_iter())
        .partition(|row| row.updated_at.is_none() && row.media.is_none());
    let writes = [
        store_actor::missing(actors),
        TableRows::upsert(
            books,
            &[book::Column::AccountId],
            &[
                book::Column::Sequence,
                book::Column::HeadHash,
                book::Column::HeldUnits,
                book::Column::UnassignedUnits,
                book::Column::LastAt,
                book::Column::RecentUsage,
                book::Column::DebtUnits,
            ],
        ),
        TableRows::upsert(
            changes.lots,
            &[lot::Column::AccountId, lot::Column::Id],
            &[
                lot::Column::RemainingUnits,
                lot::Column::ExpiresAt,
                lot::Column::TakenBack,
                lot::Column::UpdatedAt,
            ],
        )
        // The database sets it.
        .without(&[lot::Column::IsOpen]),
        TableRows::upsert(
            changes.pools,
            &[pool::Column::AccountId, pool::Column::ListId],
            &[pool::Column::FreeUnits],
        ),
        // The database's default is null.
        TableRows::insert(changes.holds).without(&[hold_draw::Column::ChangedAt]),
        TableRows::insert_missing(changes.due_recharges, &[due_recharge::Column::AccountId]),
        TableRows::insert(rows.transactions),
        TableRows::insert(rows.postings),
        TableRows::insert(rows.expiry_changes),
        // A message that the ledger writes is not erased.
        TableRows::insert(plain).without(&[
            message::Column::ErasedAt,
            message::Column::UpdatedAt,
            message::Column::Media,
        ]),
        TableRows::insert(other).without(&[message::Column::ErasedAt]),
        TableRows::upsert(
            ended,
            &[message::Column::AccountId, message::Column::Id],
            &[
                message::Column::Status,
                message::Column::Units,
                message::Column::Recipients,
                message::Column::SentAt,
                message::Column::Lines,
                message::Column::UpdatedAt,
            ],
        )
        .without(&[message::Column::ErasedAt]),
        TableRows::upsert(
            updated.into_values().collect(),
            &[message::Column::AccountId, message::Column::Id],
            &[
                message::Column::ListId,
                message::Column::Name,
                message::Column::Text,
                message::Column::Media,
                message::Column::Channel,
                message::Column::Encoding,
                message::Column::SegmentCount,
                message::Column::Recipients,
                message::Column::Units,
                message::Column::Status,
                message::Column::RateCardId,
                message::Column::SendAt,
                message::Column::SentAt,
                message::Column::Lines,
                message::Column::UpdatedAt,
            ],
        )
        .without(&[message::Column::ErasedAt]),
        TableRows::insert(rows.audiences),
        TableRows::upsert(
            rows.purchases,
            &[purchase::Column::AccountId, purchase::Column::Id],
            &[
                purchase::Column::Status,
                purchase::Column::Reason,
                purchase::Column::DecidedAt,
                purchase::Column::NextAt,
                purchase::Column::LotId,
                purchase::Column::ReversedMinor,
                purchase::Column::ReversedUnits,
                purchase::Column::UpdatedAt,
            ],
        ),
        TableRows::upsert(
            rows.archived,
            &[contact_list::Column::AccountId, contact_list::Column::Id],
            &[
                contact_list::Column::ArchivedAt,
                contact_list::Column::UpdatedAt,
            ],
        ),
        TableRows::insert(rows.setting_changes),
        TableRows::insert(rows.keys),
        usage_rollup::added(rows.rollups),
    ];
    table_rows::write(connection, writes).await?;
    for (of, at) in rows.unmoved {
        message_change::record_unmoved(connection, of, at).await?;
    }
    Ok(())
}

/// Switches an account's usage to the days of another zone, and deletes the sums by the old zone's
/// days and months.
async fn change_days(
    connection: &impl ConnectionTrait,
    account: AccountId,
    (zone, at): (&str, Timestamp),
) -> Result<(), DbErr> {
    account::set_time_zone(connection, account, (zone, at)).await?;
    usage_rollup::forget(connection, account).await?;
    monthly_report::reconsider(connection, account).await
}

/// The heads of the accounts whose books changed.
fn written_books(
    heads: &BTreeMap<AccountId, Head>,
    transactions: &[entity::transaction::Model],
) -> Vec<book::Model> {
    let written: BTreeSet<Uuid> = transactions.iter().map(|row| row.account_id).collect();
    heads
        .iter()
        .filter(|(id, _)| written.contains(&id.uuid()))
        .map(|(id, head)| book::Model {
            account_id: id.uuid(),
            sequence: head.sequence,
            head_hash: head.hash.clone(),
            held_units: head.book.held.units(),
            unassigned_units: head.book.pools.unassigned.units(),
            last_at: head.book.last_at.as_microsecond(),
            recent_usage: head.recent_usage.clone(),
            debt_units: head.book.debt.units(),
            recharge_below_units: head.recharge_below_units,
        })
        .collect()
}

/// Deletes the rows of a table with these account ids and these values of the column `id`.
async fn remove(
    connection: &impl ConnectionTrait,
    table: &str,
    id: &str,
    gone: Vec<(Uuid, Uuid)>,
) -> Result<(), DbErr> {
    RowSet::of_pairs(gone)
        .delete(connection, table, &["account_id", id])
        .await
}
