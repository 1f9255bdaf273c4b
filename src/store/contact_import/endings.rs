//! How imports end.
//!
//! Here: at their files' end, because they were cancelled, or because their servers are gone. Each
//! ends only a running import, so that the first ending stays.

use domain::id::{AccountId, ImportId};
use entity::{contact_import, sql_enums::ImportStatus};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

/// Finds running imports of any accounts, at most `most`.
pub async fn running(
    connection: &impl ConnectionTrait,
    most: u64,
) -> Result<Vec<contact_import::Model>, DbErr> {
    contact_import::Entity::find()
        .filter(contact_import::Column::Status.eq(ImportStatus::Running))
        .order_by_asc(contact_import::Column::AccountId)
        .limit(most)
        .all(connection)
        .await
}

/// Ends an import whose lease was not renewed since its row was read. Returns whether it did.
pub async fn end_unrenewed(
    connection: &impl ConnectionTrait,
    row: &contact_import::Model,
    reason: &str,
) -> Result<bool, DbErr> {
    use contact_import::Column;
    let done = contact_import::Entity::update_many()
        .col_expr(Column::Status, Expr::value(ImportStatus::Failed))
        .col_expr(Column::Reason, Expr::value(Some(reason.to_owned())))
        .col_expr(Column::EndedAt, Expr::value(row.touched_at))
        .filter(Column::AccountId.eq(row.account_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Status.eq(ImportStatus::Running))
        .filter(Column::TouchedAt.eq(row.touched_at))
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Ends a running import.
pub async fn end(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ImportId),
    status: ImportStatus,
    reason: Option<&str>,
    now: i64,
) -> Result<(), DbErr> {
    use contact_import::Column;
    let read = match status {
        ImportStatus::Done => Column::ByteCount,
        ImportStatus::Running | ImportStatus::Failed => Column::BytesRead,
    };
    contact_import::Entity::update_many()
        .col_expr(Column::BytesRead, Expr::col(read))
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::Reason, Expr::value(reason.map(str::to_owned)))
        .col_expr(Column::TouchedAt, Expr::value(now))
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::Status.eq(ImportStatus::Running))
        .exec(connection)
        .await?;
    Ok(())
}

/// Cancels a running import. Returns whether it did: nothing is added to it from then on.
pub async fn cancel(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ImportId),
    reason: &str,
    now: i64,
) -> Result<bool, DbErr> {
    use contact_import::Column;
    let done = contact_import::Entity::update_many()
        .col_expr(Column::Status, Expr::value(ImportStatus::Failed))
        .col_expr(Column::Reason, Expr::value(Some(reason.to_owned())))
        .col_expr(Column::EndedAt, Expr::value(now))
        .col_expr(Column::CanceledAt, Expr::value(now))
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::Status.eq(ImportStatus::Running))
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Whether an import is running.
pub async fn is_running(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ImportId),
) -> Result<bool, DbErr> {
    use contact_import::Column;
    let found = contact_import::Entity::find()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::Status.eq(ImportStatus::Running))
        .count(connection)
        .await?;
    Ok(found > 0)
}
