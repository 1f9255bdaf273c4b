//! Warnings of imports.
//!
//! Here: adding, listing and deleting them. Not here: rejected rows (the parent), which are deleted
//! together with them.

use domain::{
    id::{AccountId, ImportId, ListId},
    private::Private,
};
use entity::contact_import_warning as warning;
use sea_orm::{ConnectionTrait, DbErr};

use super::kept_rows::{self, Key};
use crate::store::sql::paging::{Page, Place, Window};

/// The key of the table of warnings.
const KEY: Key<warning::Column> = Key {
    account: warning::Column::AccountId,
    import: warning::Column::ImportId,
    place: warning::Column::Position,
};

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
    let rows = warnings.iter().map(|one| warning::Model {
        account_id: account.uuid(),
        import_id: one.import.uuid(),
        position: one.position,
        line: one.line,
        header: one.column.unguarded().clone(),
        reason: one.reason.unguarded().clone(),
    });
    kept_rows::insert::<warning::Entity>(connection, rows.collect(), None).await
}

/// Reads a page of an import's warnings, in the order in which its file was read.
pub async fn list(
    connection: &impl ConnectionTrait,
    of: (AccountId, ImportId),
    window: Window,
) -> Result<Page<ImportWarning>, DbErr> {
    let rows = kept_rows::list::<warning::Entity>(connection, KEY, of, window).await?;
    Ok(rows.map(|row| ImportWarning {
        import: of.1,
        position: row.position,
        line: row.line,
        column: Private::new(row.header),
        reason: Private::new(row.reason),
    }))
}

/// Deletes up to `most` warnings of a list's imports. Returns how many it deleted.
pub async fn forget(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    most: u64,
) -> Result<u64, DbErr> {
    kept_rows::forget::<warning::Entity>(connection, KEY, list, most).await
}

/// Deletes at most `most` warnings of an account's imports that began before one with this id.
/// Returns how many it deleted.
pub(super) async fn forget_before(
    connection: &impl ConnectionTrait,
    of: (AccountId, ImportId),
    most: u64,
) -> Result<u64, DbErr> {
    kept_rows::forget_before::<warning::Entity>(connection, KEY, of, most).await
}

/// Reads at most `most` warnings of an account after a place, in the order of their keys.
pub async fn after(
    connection: &impl ConnectionTrait,
    account: AccountId,
    after: Option<(ImportId, i64)>,
    most: u64,
) -> Result<Vec<ImportWarning>, DbErr> {
    let rows = kept_rows::after::<warning::Entity>(connection, KEY, account, after, most);
    let rows = rows.await?.into_iter().map(|row| ImportWarning {
        import: ImportId::new(row.import_id),
        position: row.position,
        line: row.line,
        column: Private::new(row.header),
        reason: Private::new(row.reason),
    });
    Ok(rows.collect())
}

/// Deletes warnings of an account by their imports and positions, and returns how many.
pub async fn delete(
    connection: &impl ConnectionTrait,
    account: AccountId,
    places: &[(ImportId, i64)],
) -> Result<u64, DbErr> {
    kept_rows::delete::<warning::Entity>(connection, KEY, account, places).await
}
