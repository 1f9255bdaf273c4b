//! Balances: the transaction that left each, the free credits of a pool, and debts.
//!
//! Not here: waiting for batches that may still be booked at a past instant
//! ([`crate::operations`]).

use std::collections::{BTreeSet, HashMap};

use domain::{
    book::{Balance, NextExpiry},
    credits::Credits,
    id::{AccountId, ListId},
    lot::Expiry,
};
use entity::{book, transaction};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, prelude::Uuid,
};

use super::{
    book::{day, lock_rows},
    sql::{joined, row_set::RowSet},
    transaction::last_by,
};
use crate::clock::whole_micros;

/// Finds an account's last transaction.
pub async fn last(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<transaction::Model>, DbErr> {
    transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account.uuid()))
        .order_by_desc(transaction::Column::Sequence)
        .one(connection)
        .await
}

/// Finds the last transactions of several accounts. Accounts without any are left out.
pub async fn last_of(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<HashMap<AccountId, transaction::Model>, DbErr> {
    let columns = joined::all::<transaction::Column>("t");
    let query = (
        columns.as_str(),
        "books b JOIN transactions t ON t.account_id = b.account_id AND t.sequence = b.sequence",
        "b.account_id = w.account_id",
    );
    let read = |row: &QueryResult| transaction::Model::from_query_result(row, "");
    let ids: BTreeSet<Uuid> = accounts.into_iter().map(AccountId::uuid).collect();
    let rows = RowSet::of_ids(ids)
        .query(connection, &["account_id"], query, read)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (AccountId::new(row.account_id), row))
        .collect())
}

/// Finds an account's last committed transaction at or before an instant.
pub async fn last_at(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: Timestamp,
) -> Result<Option<transaction::Model>, DbErr> {
    let sequence = last_by(connection, account, at.as_microsecond()).await?;
    transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account.uuid()))
        .filter(transaction::Column::Sequence.eq(sequence))
        .one(connection)
        .await
}

/// Reads the instant of an account's last committed transaction. No transaction will ever be booked
/// before it.
pub async fn booked_until(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<Timestamp>, DbErr> {
    let micros: Option<i64> = book::Entity::find_by_id(account.uuid())
        .select_only()
        .column(book::Column::LastAt)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(micros.map(whole_micros))
}

/// Reads what accounts owe. Accounts without a book are left out.
pub async fn debts(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<HashMap<AccountId, Credits>, DbErr> {
    let rows: Vec<(Uuid, i64)> = book::Entity::find()
        .select_only()
        .columns([book::Column::AccountId, book::Column::DebtUnits])
        .filter(book::Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .into_tuple()
        .all(connection)
        .await?;
    let debt = |(id, units)| (AccountId::new(id), Credits::from_units(units));
    Ok(rows.into_iter().map(debt).collect())
}

/// Finds the accounts whose books no writer has locked. It doesn't wait, and blocks writers only
/// for the duration of the statement.
pub async fn free_books(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<BTreeSet<AccountId>, DbErr> {
    lock_rows(connection, accounts, "FOR SHARE SKIP LOCKED").await
}

/// Returns the balance after a transaction.
///
/// # Errors
/// If the row's expiration day is not a day.
pub fn after(row: &transaction::Model) -> Result<Balance, DbErr> {
    let next_expiry = match (
        row.next_expiry_units,
        row.next_expiry_at,
        &row.next_expiry_on,
    ) {
        (Some(units), Some(at), Some(on)) => Some(NextExpiry {
            credits: Credits::from_units(units),
            expiry: Expiry {
                at: whole_micros(at),
                on: day(on)?,
            },
        }),
        _ => None,
    };
    Ok(Balance {
        available: Credits::from_units(row.available_units),
        held: Credits::from_units(row.held_units),
        unassigned: Credits::from_units(row.unassigned_units),
        next_expiry,
    })
}

/// The free credits of a pool, as far as one statement can read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeUnits {
    /// Units of 1/10,000 credit.
    Of(i64),
    /// Lots have expired whose expiry is not booked yet, so the whole book has to be read.
    AfterExpiry,
}

/// Whose credits: a list's, or the unassigned ones of an account.
pub type PoolOf = (AccountId, Option<ListId>);

/// Reads the free credits of the pools that lists use, and of the unassigned pools of accounts that
/// are given without a list. A list without a limit uses the unassigned pool. Accounts that don't
/// exist are left out. Every quote reads them.
pub async fn free_units(
    connection: &impl ConnectionTrait,
    pools: impl IntoIterator<Item = PoolOf>,
    now: Timestamp,
) -> Result<HashMap<PoolOf, FreeUnits>, DbErr> {
    let pools: Vec<PoolOf> = pools.into_iter().collect();
    let rows = pools.iter().map(|(account, list)| {
        // An array of PostgreSQL's driver holds no nulls. No list has the nil id.
        let list = list.map_or_else(Uuid::nil, ListId::uuid);
        let now = now.as_microsecond();
        [account.uuid().into(), list.into(), now.into()]
    });
    let query = (
        "b.account_id, b.unassigned_units, p.list_id, p.free_units, EXISTS (SELECT 1 FROM lots l \
         WHERE l.account_id = w.account_id AND l.is_open AND l.expires_at <= w.now_at) \
         AS is_due",
        "books b LEFT JOIN pools p ON p.account_id = w.account_id AND p.list_id = w.list_id",
        "b.account_id = w.account_id",
    );
    let read = |row: &QueryResult| {
        let account = AccountId::new(row.try_get("", "account_id")?);
        let list: Option<Uuid> = row.try_get("", "list_id")?;
        let own: Option<i64> = row.try_get("", "free_units")?;
        let unassigned = row.try_get("", "unassigned_units")?;
        Ok(match row.try_get("", "is_due")? {
            true => [(account, None), (account, list.map(ListId::new))]
                .map(|pool| (pool, FreeUnits::AfterExpiry)),
            false => [
                ((account, None), FreeUnits::Of(unassigned)),
                (
                    (account, list.map(ListId::new)),
                    FreeUnits::Of(own.unwrap_or(unassigned)),
                ),
            ],
        })
    };
    let rows = RowSet::of(rows).query(
        connection,
        &["account_id", "list_id", "now_at"],
        query,
        read,
    );
    let found: HashMap<PoolOf, FreeUnits> = rows.await?.into_iter().flatten().collect();
    let of = |pool: PoolOf| {
        // A list without a pool of its own.
        let units = found.get(&pool).or_else(|| found.get(&(pool.0, None)))?;
        Some((pool, *units))
    };
    Ok(pools.into_iter().filter_map(of).collect())
}
