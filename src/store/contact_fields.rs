//! What is known of a list's stored contacts, to read whole: for texts that address each of them.
//!
//! Not here: contacts one by one, and how they come and go.

use domain::id::{AccountId, ListId};
use entity::contact::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::{Store, sql::bulk::Scan};

/// Cells of a row of [`scan`]: the country's code, the fields as JSON, and the list's revision that the contact came
/// in with.
pub const CELLS: usize = 3;

/// Reads the country, the fields and the revision of every contact of a list, as of one instant and in no order.
#[must_use]
pub fn scan(store: &Store, account: AccountId, list: ListId) -> Scan {
    let select = Entity::find()
        .select_only()
        .columns([Column::CountryCode, Column::Fields, Column::Revision])
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ListId.eq(list.uuid()));
    let select = match store.backend() {
        // By the primary key, beside whose order the rows lie: by their numbers each would be a page of its own.
        sea_orm::DatabaseBackend::Sqlite => select.order_by_asc(Column::Id),
        _ => select,
    };
    store.scan(select.as_query())
}
