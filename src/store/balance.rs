//! What a balance is told from: the transaction that left it.

use domain::{
    book::{Balance, NextExpiry},
    credits::Credits,
    id::AccountId,
    lot::Expiry,
};
use entity::{book, transaction};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
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
