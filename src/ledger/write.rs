//! Writes a batch's rows as sets: a handful of statements, however many commands there were.

use std::collections::BTreeMap;

use domain::id::AccountId;
use entity::{book, contact_list, hold_draw, lot, message, message_line, pool, purchase};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    Iterable, QueryFilter,
    prelude::Uuid,
    sea_query::{IntoIden, OnConflict},
};

use super::rows::{Changes, Rows};
use crate::store::book::Head;

/// Bound parameters in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const MAX_PARAMETERS: usize = 32_000;

/// Writes everything that a batch came to.
pub(super) async fn all(
    connection: &impl ConnectionTrait,
    heads: &BTreeMap<AccountId, Head>,
    rows: Rows,
    changes: Changes,
) -> Result<(), DbErr> {
    if rows.transactions.is_empty()
        && rows.ended.is_empty()
        && rows.archived.is_empty()
        && rows.keys.is_empty()
        && changes.is_empty()
    {
        return Ok(());
    }
    upsert(
        connection,
        written_books(heads, &rows),
        &[book::Column::AccountId],
        &[
            book::Column::Sequence,
            book::Column::HeadHash,
            book::Column::HeldUnits,
            book::Column::UnassignedUnits,
            book::Column::LastAt,
        ],
    )
    .await?;
    upsert(
        connection,
        changes.lots,
        &[lot::Column::AccountId, lot::Column::Id],
        &[lot::Column::RemainingUnits],
    )
    .await?;
    write_pools(connection, changes.pools, &changes.pools_gone).await?;
    write_holds(connection, changes.holds, &changes.holds_gone).await?;
    insert(connection, rows.transactions).await?;
    insert(connection, rows.postings).await?;
    insert(connection, rows.messages).await?;
    upsert(
        connection,
        rows.ended,
        &[message::Column::AccountId, message::Column::Id],
        &[
            message::Column::Status,
            message::Column::Units,
            message::Column::Recipients,
            message::Column::SentAt,
        ],
    )
    .await?;
    if !rows.lines_gone.is_empty() {
        message_line::Entity::delete_many()
            .filter(pairs(
                message_line::Column::AccountId,
                message_line::Column::MessageId,
                &rows.lines_gone,
            ))
            .exec(connection)
            .await?;
    }
    insert(connection, rows.lines).await?;
    upsert(
        connection,
        rows.purchases,
        &[purchase::Column::AccountId, purchase::Column::Id],
        &[purchase::Column::Status, purchase::Column::DecidedAt],
    )
    .await?;
    upsert(
        connection,
        rows.archived,
        &[contact_list::Column::AccountId, contact_list::Column::Id],
        &[contact_list::Column::ArchivedAt],
    )
    .await?;
    insert(connection, rows.keys).await
}

/// The heads of the accounts in which something was written.
fn written_books(heads: &BTreeMap<AccountId, Head>, rows: &Rows) -> Vec<book::Model> {
    let written: std::collections::BTreeSet<Uuid> =
        rows.transactions.iter().map(|row| row.account_id).collect();
    heads
        .iter()
        .filter(|(id, _)| written.contains(&id.uuid()))
        .map(|(id, head)| book::Model {
            account_id: id.uuid(),
            sequence: head.sequence,
            head_hash: head.hash.clone(),
            held_units: head.book.held.units(),
            unassigned_units: head.book.pools.unassigned.units(),
            last_at: head.book.last_at.as_microsecond(),
        })
        .collect()
}

async fn write_pools(
    connection: &impl ConnectionTrait,
    rows: Vec<pool::Model>,
    gone: &[(Uuid, Uuid)],
) -> Result<(), DbErr> {
    if !gone.is_empty() {
        pool::Entity::delete_many()
            .filter(pairs(pool::Column::AccountId, pool::Column::ListId, gone))
            .exec(connection)
            .await?;
    }
    upsert(
        connection,
        rows,
        &[pool::Column::AccountId, pool::Column::ListId],
        &[pool::Column::FreeUnits],
    )
    .await
}

async fn write_holds(
    connection: &impl ConnectionTrait,
    rows: Vec<hold_draw::Model>,
    gone: &[(Uuid, Uuid)],
) -> Result<(), DbErr> {
    if !gone.is_empty() {
        hold_draw::Entity::delete_many()
            .filter(pairs(
                hold_draw::Column::AccountId,
                hold_draw::Column::MessageId,
                gone,
            ))
            .exec(connection)
            .await?;
    }
    insert(connection, rows).await
}

/// Rows of these accounts with these ids. Ids are unique across accounts, so the pairs need not match.
fn pairs<C: ColumnTrait>(account: C, id: C, of: &[(Uuid, Uuid)]) -> Condition {
    Condition::all()
        .add(account.is_in(of.iter().map(|(account, _)| *account)))
        .add(id.is_in(of.iter().map(|(_, id)| *id)))
}

async fn insert<M, A>(connection: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait + Send,
{
    for chunk in chunks::<M, A>(rows) {
        <A::Entity as EntityTrait>::insert_many(chunk)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

async fn upsert<M, A, C>(
    connection: &impl ConnectionTrait,
    rows: Vec<M>,
    key: &[C],
    changed: &[C],
) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait + Send,
    C: ColumnTrait + IntoIden,
{
    for chunk in chunks::<M, A>(rows) {
        let conflict = OnConflict::columns(key.iter().copied())
            .update_columns(changed.iter().copied())
            .to_owned();
        <A::Entity as EntityTrait>::insert_many(chunk)
            .on_conflict(conflict)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

fn chunks<M, A>(rows: Vec<M>) -> Vec<Vec<A>>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    let columns = <<A::Entity as EntityTrait>::Column as Iterable>::iter()
        .count()
        .max(1);
    let mut rows = rows
        .into_iter()
        .map(IntoActiveModel::into_active_model)
        .peekable();
    let mut chunks = Vec::new();
    while rows.peek().is_some() {
        chunks.push(rows.by_ref().take(MAX_PARAMETERS / columns).collect());
    }
    chunks
}
