//! Warnings of imports.
//!
//! Here: adding, listing and deleting them. Not here: rejected rows (the parent), which are deleted
//! together with them.

use std::collections::BTreeMap;

use domain::{
    id::{AccountId, ImportId, ListId},
    private::Private,
};
use entity::contact_import_warning as warning;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, prelude::Uuid,
};

use super::{MAX_PARAMETERS, imports_of};
use crate::store::sql::paging::{Direction, Page, Place, Window, page};

/// A part of a file that an import left out, or that may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportWarning {
    /// The import.
    pub import: ImportId,
    /// Its position among the import's warnings, from 0, in the order in which the file was read.
    pub position: i64,
    /// The row's line in the file, from 1; in a workbook its row. `None` if it is about the whole
    /// file.
    pub line: Option<i64>,
    /// The header of the column, cut to the length that is shown; `None` if it is not about a
    /// column.
    pub column: Private<Option<String>>,
    /// The warning. It may name other headers.
    pub reason: Private<String>,
}

impl ImportWarning {
    /// Its position among the warnings of its import.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            key: self.position,
            id: self.import.uuid(),
        }
    }
}

/// Adds warnings of an import.
pub async fn insert(
    connection: &impl ConnectionTrait,
    account: AccountId,
    warnings: &[ImportWarning],
) -> Result<(), DbErr> {
    const COLUMNS: usize = 6;
    for chunk in warnings.chunks(MAX_PARAMETERS / COLUMNS) {
        let rows = chunk.iter().map(|one| warning::Model {
            account_id: account.uuid(),
            import_id: one.import.uuid(),
            position: one.position,
            line: one.line,
            header: one.column.unguarded().clone(),
            reason: one.reason.unguarded().clone(),
        });
        warning::Entity::insert_many(rows.map(IntoActiveModel::into_active_model))
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

/// Reads a page of an import's warnings, in the order in which its file was read.
pub async fn list(
    connection: &impl ConnectionTrait,
    (account, import): (AccountId, ImportId),
    window: Window,
) -> Result<Page<ImportWarning>, DbErr> {
    let of_import = warning::Entity::find()
        .filter(warning::Column::AccountId.eq(account.uuid()))
        .filter(warning::Column::ImportId.eq(import.uuid()));
    let order = (warning::Column::Position, warning::Column::ImportId);
    let found = page(connection, of_import, order, Direction::Ascending, window);
    let Page {
        rows,
        has_next,
        has_previous,
    } = found.await?;
    let row = |row: warning::Model| ImportWarning {
        import,
        position: row.position,
        line: row.line,
        column: Private::new(row.header),
        reason: Private::new(row.reason),
    };
    Ok(Page {
        rows: rows.into_iter().map(row).collect(),
        has_next,
        has_previous,
    })
}

/// Deletes up to `most` warnings of a list's imports. Returns how many it deleted.
pub async fn forget(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    most: u64,
) -> Result<u64, DbErr> {
    use warning::Column;
    let keys: Vec<(Uuid, i64)> = warning::Entity::find()
        .select_only()
        .columns([Column::ImportId, Column::Position])
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ImportId.in_subquery(imports_of(account, list)))
        .order_by_asc(Column::ImportId)
        .order_by_asc(Column::Position)
        .limit(most)
        .into_tuple()
        .all(connection)
        .await?;
    // The keys are in order, so for each import all rows up to its last key are deleted.
    let last: BTreeMap<Uuid, i64> = keys.into_iter().collect();
    let mut gone = 0;
    for (import, position) in last {
        let done = warning::Entity::delete_many()
            .filter(Column::AccountId.eq(account.uuid()))
            .filter(Column::ImportId.eq(import))
            .filter(Column::Position.lte(position))
            .exec(connection)
            .await?;
        gone += done.rows_affected;
    }
    Ok(gone)
}
