//! Erasing what is old: the sweeps, and the texts of messages.
//!
//! Here: claiming a sweep, walking an account's messages by their sending times, and erasing. Not
//! here: what is old, which [`crate::operations`] decides, and ending keys
//! ([`super::idempotency_key`]).

use domain::id::{AccountId, MessageId};
use entity::{account, erasure, message, retention_mark, retention_task, sql_enums::MessageStatus};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, UpdateMany,
    sea_query::{Expr, OnConflict},
};

use super::sql::work_queue::WorkQueue;

/// The sweep over messages and imports.
pub const TEXTS: &str = "texts";
/// The sweep over idempotency keys.
pub const KEYS: &str = "keys";

const WORK: WorkQueue = WorkQueue {
    table: "retention_tasks",
    key: "name",
    claimed_until: "claimed_until",
};

/// Claims the sweeps that are due for the caller until an instant. Two callers never claim the same
/// one.
pub async fn claim_due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<retention_task::Model>, DbErr> {
    WORK.claim_due::<retention_task::Entity>(connection, (now, until), 2)
        .await
}

/// Gives up the claim on a sweep: it is due at an instant, and goes on at a position.
pub async fn release(
    connection: &impl ConnectionTrait,
    name: &str,
    next_at: i64,
    position: &str,
) -> Result<(), DbErr> {
    use retention_task::Column;
    retention_task::Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(next_at))
        .col_expr(Column::ClaimedUntil, Expr::value(Option::<i64>::None))
        .col_expr(Column::Position, Expr::value(position))
        .filter(Column::Name.eq(name))
        .exec(connection)
        .await
        .map(drop)
}

/// Makes a sweep due at once, unless it is due already.
pub async fn hurry(
    connection: &impl ConnectionTrait,
    name: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    use retention_task::Column;
    retention_task::Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(now.as_microsecond()))
        .filter(Column::Name.eq(name))
        .filter(Column::NextAt.gt(now.as_microsecond()))
        .exec(connection)
        .await
        .map(drop)
}

/// Reads accounts after one of them in the order of ids, with the months that they have of their
/// own.
pub async fn accounts(
    connection: &impl ConnectionTrait,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<(AccountId, Option<i32>)>, DbErr> {
    let mut select = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::RetentionMonths])
        .order_by_asc(account::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(account::Column::Id.gt(after.uuid()));
    }
    let rows: Vec<(sea_orm::prelude::Uuid, Option<i32>)> =
        select.into_tuple().all(connection).await?;
    let rows = rows.into_iter();
    Ok(rows.map(|(id, own)| (AccountId::new(id), own)).collect())
}

/// How far an account's messages were walked.
pub async fn mark(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<retention_mark::Model, DbErr> {
    let found = retention_mark::Entity::find_by_id(account.uuid())
        .one(connection)
        .await?;
    Ok(found.unwrap_or(retention_mark::Model {
        account_id: account.uuid(),
        walked_to: i64::MIN,
        waiting_from: None,
    }))
}

/// Records how far an account's messages were walked.
pub async fn set_mark(
    connection: &impl ConnectionTrait,
    mark: retention_mark::Model,
) -> Result<(), DbErr> {
    use retention_mark::Column;
    let again = OnConflict::column(Column::AccountId)
        .update_columns([Column::WalkedTo, Column::WaitingFrom])
        .to_owned();
    retention_mark::Entity::insert(mark.into_active_model())
        .on_conflict(again)
        .exec_without_returning(connection)
        .await
        .map(drop)
}

/// Messages of an account with a sending time from the first instant on and before the second, in
/// microseconds since the epoch.
pub type Range = (AccountId, i64, i64);

/// The sending time of the message at a position in a range, from 0; `None` if the range has fewer.
pub async fn nth_send_at(
    connection: &impl ConnectionTrait,
    (account, from, before): Range,
    position: u64,
) -> Result<Option<i64>, DbErr> {
    use message::Column;
    message::Entity::find()
        .select_only()
        .column(Column::SendAt)
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::SendAt.gte(from))
        .filter(Column::SendAt.lt(before))
        .order_by_asc(Column::SendAt)
        .order_by_asc(Column::Id)
        .offset(position)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await
}

/// The earliest sending time of a message in a range that is still scheduled.
pub async fn first_scheduled(
    connection: &impl ConnectionTrait,
    (account, from, before): Range,
) -> Result<Option<i64>, DbErr> {
    use message::Column;
    message::Entity::find()
        .select_only()
        .column(Column::SendAt)
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::SendAt.gte(from))
        .filter(Column::SendAt.lt(before))
        .filter(Column::Status.eq(MessageStatus::Scheduled))
        .order_by_asc(Column::SendAt)
        .order_by_asc(Column::Id)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await
}

/// Erases the names and texts of the messages in a range that are not scheduled, and returns how
/// many.
pub async fn erase_range(
    connection: &impl ConnectionTrait,
    (account, from, before): Range,
    now: Timestamp,
) -> Result<u64, DbErr> {
    let done = erasing(account, now)
        .filter(message::Column::SendAt.gte(from))
        .filter(message::Column::SendAt.lt(before))
        .exec(connection)
        .await?;
    Ok(done.rows_affected)
}

/// Erases the names and texts of named messages of an account that are not scheduled, and returns
/// them as they are then.
pub async fn erase_named(
    connection: &impl ConnectionTrait,
    account: AccountId,
    messages: &[MessageId],
    now: Timestamp,
) -> Result<Vec<message::Model>, DbErr> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    erasing(account, now)
        .filter(message::Column::Id.is_in(messages.iter().map(|id| id.uuid())))
        .exec_with_returning(connection)
        .await
}

/// A message that is erased once stays as it is, so that its instant is that of the first time.
fn erasing(account: AccountId, now: Timestamp) -> UpdateMany<message::Entity> {
    use message::Column;
    message::Entity::update_many()
        .col_expr(Column::Text, Expr::value(""))
        .col_expr(Column::Name, Expr::value(Option::<String>::None))
        .col_expr(Column::Media, Expr::value(Option::<String>::None))
        .col_expr(Column::ErasedAt, Expr::value(now.as_microsecond()))
        .col_expr(Column::UpdatedAt, super::message::updated(now))
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Status.ne(MessageStatus::Scheduled))
        .filter(Column::ErasedAt.is_null())
}

/// Adds the trace of a request.
pub async fn insert_erasure(
    connection: &impl ConnectionTrait,
    row: erasure::Model,
) -> Result<(), DbErr> {
    erasure::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await
        .map(drop)
}
