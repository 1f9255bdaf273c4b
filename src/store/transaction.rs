//! The ledger's transactions, to read.

use domain::{
    book::{Balance, NextExpiry},
    credits::Credits,
    id::AccountId,
    lot::Expiry,
};
use entity::transaction;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::book::day;
use crate::clock::whole_micros;

/// An account's last transaction at an instant.
///
/// # Errors
/// What the database says.
pub async fn last_at(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: jiff::Timestamp,
) -> Result<Option<transaction::Model>, DbErr> {
    transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account.uuid()))
        .filter(transaction::Column::CreatedAt.lte(at.as_microsecond()))
        .order_by_desc(transaction::Column::CreatedAt)
        .order_by_desc(transaction::Column::Sequence)
        .one(connection)
        .await
}

/// The balance that a transaction left.
///
/// # Errors
/// Where the row holds what it never should.
pub fn balance_after(row: &transaction::Model) -> Result<Balance, DbErr> {
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
