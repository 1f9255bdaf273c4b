//! The fields of all stored contacts of a list, for texts with merge fields.
//!
//! Here: a scan over a whole list. Not here: single contacts, and adding and removing them
//! ([`super::contact`]).

use domain::id::{AccountId, ListId};
use entity::contact::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::{Store, sql::bulk::Scan};

/// The number of cells in a row of [`scan`]: the country code, the fields as JSON, and the revision
/// of the list with which the contact was added.
pub const CELLS: usize = 3;

/// Reads the country, the fields and the revision of every contact of a list from one snapshot, in
/// no particular order.
#[must_use]
pub fn scan(store: &Store, account: AccountId, list: ListId) -> Scan {
    let select = Entity::find()
        .select_only()
        .columns([Column::CountryCode, Column::Fields, Column::Revision])
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ListId.eq(list.uuid()));
    let select = match store.backend() {
        // The rows are stored roughly in the order of the primary key. In the order of numbers,
        // each row would be on another page of the file.
        sea_orm::DatabaseBackend::Sqlite => select.order_by_asc(Column::Id),
        _ => select,
    };
    store.scan(select.as_query())
}
