//! What a balance is told from: the transaction that left it; and what a pool has free.

use domain::{
    book::{Balance, NextExpiry},
    credits::Credits,
    id::{AccountId, ListId},
    lot::Expiry,
};
use entity::{book, transaction};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement, prelude::Uuid,
};

use super::book::day;
use crate::clock::whole_micros;

/// An account's last transaction.
///
/// # Errors
/// What the database says.
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

/// An account's last transaction at an instant, among those that are committed.
///
/// # Errors
/// What the database says.
pub async fn last_at(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: Timestamp,
) -> Result<Option<transaction::Model>, DbErr> {
    transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account.uuid()))
        .filter(transaction::Column::CreatedAt.lte(at.as_microsecond()))
        .order_by_desc(transaction::Column::CreatedAt)
        .order_by_desc(transaction::Column::Sequence)
        .one(connection)
        .await
}

/// The instant of an account's last committed transaction: nothing will ever be booked before it.
///
/// # Errors
/// What the database says.
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

/// Waits until nobody else holds the account's book, and keeps writers, not readers, from it until the
/// transaction ends. It reads nothing, as [`super::book::lock`].
///
/// # Errors
/// What the database says.
pub async fn wait_for_book(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<(), DbErr> {
    book::Entity::find_by_id(account.uuid())
        .select_only()
        .column(book::Column::AccountId)
        .lock_shared()
        .into_tuple::<Uuid>()
        .one(connection)
        .await?;
    Ok(())
}

/// The balance that a transaction left.
///
/// # Errors
/// Where the row holds what it never should.
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

/// What a pool has free, as one statement tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeUnits {
    /// So many units of a credit.
    Of(i64),
    /// Lots are due whose expiry nobody has booked yet: only the whole book tells.
    AfterExpiry,
    /// There is no such account.
    NoBook,
}

/// What a list's own pool has free, or the unassigned one where the list has no limit, in one look: what every
/// quote asks.
///
/// # Errors
/// What the database says.
pub async fn free_units(
    connection: &impl ConnectionTrait,
    account: AccountId,
    list: Option<ListId>,
    now: Timestamp,
) -> Result<FreeUnits, DbErr> {
    let backend = connection.get_database_backend();
    let mark = |number: usize| match backend {
        DatabaseBackend::Postgres => format!("${number}"),
        _ => format!("?{number}"),
    };
    let (account_id, list_id, now_at) = (mark(1), mark(2), mark(3));
    let sql = format!(
        "SELECT COALESCE(p.free_units, b.unassigned_units) AS free_units, EXISTS (SELECT 1 FROM lots l \
         WHERE l.account_id = b.account_id AND l.remaining_units > 0 AND l.expires_at <= {now_at}) AS is_due \
         FROM books b LEFT JOIN pools p ON p.account_id = b.account_id AND p.list_id = {list_id} \
         WHERE b.account_id = {account_id}"
    );
    let values = [
        account.uuid().into(),
        list.map(ListId::uuid).into(),
        now.as_microsecond().into(),
    ];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let Some(row) = connection.query_one_raw(statement).await? else {
        return Ok(FreeUnits::NoBook);
    };
    if row.try_get::<bool>("", "is_due")? {
        return Ok(FreeUnits::AfterExpiry);
    }
    Ok(FreeUnits::Of(row.try_get("", "free_units")?))
}
