//! Imports of contacts, and the rows that they rejected.
//!
//! Here: imports, their progress and their rejections. Not here: how they end ([`endings`]), their
//! warnings ([`warnings`]), and reading files ([`crate::imports`]).

mod endings;
mod kept_rows;
pub mod warnings;

use domain::{
    id::{AccountId, ImportId, ListId},
    private::Private,
};
use entity::{
    contact_import, contact_import_rejection as rejection,
    sql_enums::{ImportStatus, RejectionCode},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, Statement,
    sea_query::{Expr, OnConflict, Query, SelectStatement},
};

use super::sql::{
    last_change::LastChanges,
    paging::{Direction, Page, Place, Window, page},
    routes,
};
pub use endings::{cancel, end, end_unrenewed, is_running, running};
use kept_rows::Key;

/// The most bound parameters in one statement: SQLite takes 32,766.
const MAX_PARAMETERS: usize = 32_000;

/// The key of the table of rejected rows.
const KEY: Key<rejection::Column> = Key {
    account: rejection::Column::AccountId,
    import: rejection::Column::ImportId,
    place: rejection::Column::Line,
};

/// The counts of a part of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows read.
    pub rows: i64,
    /// Contacts added.
    pub imported: i64,
    /// Rows whose number the list had already.
    pub duplicates: i64,
    /// Rows that were rejected.
    pub rejected: i64,
    /// Warnings that were stored.
    pub warnings: i64,
    /// How much of the file was read by now.
    pub bytes_read: i64,
}

/// A row of a file that an import rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// The import.
    pub import: ImportId,
    /// Its line in the file, from 1; in a workbook its row.
    pub line: i64,
    /// The value of the number's column, cut to the length that is shown.
    pub value: Private<String>,
    /// Why it was rejected.
    pub reason: String,
    /// The kind of its fault; `None` for rows of earlier imports.
    pub code: Option<RejectionCode>,
    /// Its cells, a JSON array of texts; `None` if they weren't kept.
    pub cells: Private<Option<String>>,
}

impl From<rejection::Model> for RejectedRow {
    fn from(row: rejection::Model) -> Self {
        Self {
            import: ImportId::new(row.import_id),
            line: row.line,
            value: Private::new(row.value),
            reason: row.reason,
            code: row.code,
            cells: Private::new(row.cells),
        }
    }
}

impl RejectedRow {
    /// Its position among the rejections of its import.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            key: self.line,
            id: self.import.uuid(),
        }
    }
}

/// Adds an import.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: contact_import::Model,
) -> Result<(), DbErr> {
    contact_import::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Finds several imports of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ImportId>,
) -> Result<Vec<contact_import::Model>, DbErr> {
    let columns = (
        contact_import::Column::AccountId,
        contact_import::Column::Id,
    );
    let ids = ids.into_iter().map(ImportId::uuid).collect();
    routes::find(connection, contact_import::Entity::find(), ids, columns).await
}

/// Adds to a running import's counts, and records that it made progress. Returns whether it is
/// running.
pub async fn advance(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ImportId),
    progress: Progress,
    now: i64,
) -> Result<bool, DbErr> {
    use contact_import::Column;
    let plus = |column: Column, more: i64| (column, Expr::col(column).add(more));
    let mut update =
        contact_import::Entity::update_many().col_expr(Column::TouchedAt, Expr::value(now));
    update = update.col_expr(Column::BytesRead, Expr::value(progress.bytes_read));
    for (column, value) in [
        plus(Column::Rows, progress.rows),
        plus(Column::Imported, progress.imported),
        plus(Column::Duplicates, progress.duplicates),
        plus(Column::Rejected, progress.rejected),
        plus(Column::Warnings, progress.warnings),
    ] {
        update = update.col_expr(column, value);
    }
    let done = update
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::Status.eq(ImportStatus::Running))
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Renews the lease of a running import: its instant always moves, whatever the clock says.
pub async fn renew(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ImportId),
    now: i64,
) -> Result<(), DbErr> {
    use contact_import::Column;
    let later = Expr::case(Expr::col(Column::TouchedAt).lt(now), Expr::value(now))
        .finally(Expr::col(Column::TouchedAt).add(1_i64));
    contact_import::Entity::update_many()
        .col_expr(Column::TouchedAt, later.into())
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::Status.eq(ImportStatus::Running))
        .exec(connection)
        .await?;
    Ok(())
}

fn of_list(account: AccountId, list: ListId) -> Select<contact_import::Entity> {
    contact_import::Entity::find()
        .filter(contact_import::Column::AccountId.eq(account.uuid()))
        .filter(contact_import::Column::ListId.eq(list.uuid()))
}

/// The instant of an import's last change, in microseconds since the epoch: its progress, or its
/// end.
#[must_use]
pub fn updated_at(row: &contact_import::Model) -> i64 {
    row.ended_at.unwrap_or(row.touched_at)
}

/// A list's imports that last changed in this period.
fn changed(
    account: AccountId,
    list: ListId,
    changed: LastChanges,
) -> Select<contact_import::Entity> {
    let last_change = Expr::cust("COALESCE(ended_at, touched_at)");
    changed.restrict(of_list(account, list), last_change)
}

/// Selects the ids of a list's imports, as a subquery.
fn imports_of(account: AccountId, list: ListId) -> SelectStatement {
    Query::select()
        .column(contact_import::Column::Id)
        .from(contact_import::Entity)
        .and_where(contact_import::Column::AccountId.eq(account.uuid()))
        .and_where(contact_import::Column::ListId.eq(list.uuid()))
        .to_owned()
}

/// Reads a page of a list's imports, the newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    last_changes: LastChanges,
    window: Window,
) -> Result<Page<contact_import::Model>, DbErr> {
    let order = (
        contact_import::Column::CreatedAt,
        contact_import::Column::Id,
    );
    page(
        connection,
        changed(account, list, last_changes),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// Counts a list's imports.
pub async fn count(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    last_changes: LastChanges,
) -> Result<u64, DbErr> {
    changed(account, list, last_changes).count(connection).await
}

/// Reads the last imports of a list, the newest first, at most `most`.
pub async fn latest(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    most: u64,
) -> Result<Vec<contact_import::Model>, DbErr> {
    of_list(account, list)
        .order_by_desc(contact_import::Column::Id)
        .limit(most)
        .all(connection)
        .await
}

/// Adds rows that an import rejected.
pub async fn insert_rejections(
    connection: &impl ConnectionTrait,
    account: AccountId,
    rows: &[RejectedRow],
) -> Result<(), DbErr> {
    // A workbook may number two rows alike. One rejection is enough to find them.
    let conflict = OnConflict::columns([KEY.account, KEY.import, KEY.place])
        .do_nothing()
        .to_owned();
    let rows = rows.iter().map(|row| rejection::Model {
        account_id: account.uuid(),
        import_id: row.import.uuid(),
        line: row.line,
        value: row.value.unguarded().clone(),
        reason: row.reason.clone(),
        code: row.code,
        cells: row.cells.unguarded().clone(),
    });
    kept_rows::insert::<rejection::Entity>(connection, rows.collect(), Some(conflict)).await
}

/// Reads a page of the rows that an import rejected, in the file's order.
pub async fn rejections(
    connection: &impl ConnectionTrait,
    of: (AccountId, ImportId),
    window: Window,
) -> Result<Page<RejectedRow>, DbErr> {
    let rows = kept_rows::list::<rejection::Entity>(connection, KEY, of, window).await?;
    Ok(rows.map(RejectedRow::from))
}

/// Deletes up to `most` rows that a list's imports rejected. Returns how many it deleted.
pub async fn forget_rejections(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    most: u64,
) -> Result<u64, DbErr> {
    kept_rows::forget::<rejection::Entity>(connection, KEY, list, most).await
}

/// Deletes at most `most` rejected rows, and as many warnings, of an account's imports that began
/// before one with this id. Returns how many it deleted of the more numerous ones.
pub async fn forget_rows_before(
    connection: &impl ConnectionTrait,
    of: (AccountId, ImportId),
    most: u64,
) -> Result<u64, DbErr> {
    let refused = kept_rows::forget_before::<rejection::Entity>(connection, KEY, of, most).await?;
    let warned = warnings::forget_before(connection, of, most).await?;
    Ok(Ord::max(refused, warned))
}

/// Whether anything is kept of the files of an account's imports that began before one with this
/// id.
pub async fn keeps_before(
    connection: &impl ConnectionTrait,
    (account, before): (AccountId, ImportId),
) -> Result<bool, DbErr> {
    let tables = [
        "contact_imports t WHERE t.file_name <> '' AND t.id",
        "contact_import_rejections t WHERE t.import_id",
        "contact_import_warnings t WHERE t.import_id",
    ];
    let parts = tables
        .map(|from| format!("(SELECT 1 AS kept FROM {from} < $2 AND t.account_id = $1 LIMIT 1)"));
    let text = parts.map(|part| format!("SELECT kept FROM {part} AS q"));
    let found = Statement::from_sql_and_values(
        connection.get_database_backend(),
        text.join(" UNION ALL "),
        [account.uuid().into(), before.uuid().into()],
    );
    Ok(connection.query_one_raw(found).await?.is_some())
}

/// Erases the names and the columns of the files of an account's imports that began before one with
/// this id.
/// Returns how many it erased.
pub async fn erase_file_names(
    connection: &impl ConnectionTrait,
    (account, before): (AccountId, ImportId),
) -> Result<u64, DbErr> {
    use contact_import::Column;
    let done = contact_import::Entity::update_many()
        .col_expr(Column::FileName, Expr::value(""))
        .col_expr(Column::Columns, Expr::value(None::<String>))
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Id.lt(before.uuid()))
        .filter(Column::FileName.ne(""))
        .exec(connection)
        .await?;
    Ok(done.rows_affected)
}

/// Reads at most `most` rejected rows of an account after a place, in the order of their keys.
pub async fn rejections_after(
    connection: &impl ConnectionTrait,
    account: AccountId,
    after: Option<(ImportId, i64)>,
    most: u64,
) -> Result<Vec<RejectedRow>, DbErr> {
    let rows = kept_rows::after::<rejection::Entity>(connection, KEY, account, after, most);
    Ok(rows.await?.into_iter().map(RejectedRow::from).collect())
}

/// Deletes rejected rows of an account by their imports and lines, and returns how many.
pub async fn delete_rejections(
    connection: &impl ConnectionTrait,
    account: AccountId,
    places: &[(ImportId, i64)],
) -> Result<u64, DbErr> {
    kept_rows::delete::<rejection::Entity>(connection, KEY, account, places).await
}
