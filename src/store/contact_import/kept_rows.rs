//! The rows that an import keeps: rejected rows and warnings. Both tables are written, read and
//! emptied the same way; their keys are account, import and place in the file.
//!
//! Here: the statements. Not here: what the rows hold (`super`, [`super::warnings`]).

use std::collections::BTreeMap;

use domain::id::{AccountId, ImportId, ListId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    Iterable, ModelTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
    sea_query::OnConflict,
};

use super::{MAX_PARAMETERS, imports_of};
use crate::store::sql::paging::{Direction, Page, Window, page};

/// The columns of the key.
pub(super) struct Key<C> {
    pub account: C,
    pub import: C,
    /// The place of a row among those of its import, in the order of the file.
    pub place: C,
}

/// Adds rows, as many in a statement as its parameters allow.
pub(super) async fn insert<E>(
    connection: &impl ConnectionTrait,
    rows: Vec<E::Model>,
    conflict: Option<OnConflict>,
) -> Result<(), DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let most = MAX_PARAMETERS / E::Column::iter().count().max(1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(most);
        let mut statement = E::insert_many(chunk.map(IntoActiveModel::into_active_model));
        if let Some(conflict) = &conflict {
            statement = statement.on_conflict(conflict.clone());
        }
        statement.exec_without_returning(connection).await?;
    }
    Ok(())
}

/// A page of the rows of an import, in the order of the file.
pub(super) async fn list<E>(
    connection: &impl ConnectionTrait,
    key: Key<E::Column>,
    (account, import): (AccountId, ImportId),
    window: Window,
) -> Result<Page<E::Model>, DbErr>
where
    E: EntityTrait,
    E::Model: ModelTrait + FromQueryResult + Send + Sync,
{
    let rows = E::find()
        .filter(key.account.eq(account.uuid()))
        .filter(key.import.eq(import.uuid()));
    let order = (key.place, key.import);
    page(connection, rows, order, Direction::Ascending, window).await
}

/// Deletes at most `most` rows of a list's imports, and returns how many.
pub(super) async fn forget<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    key: Key<E::Column>,
    (account, list): (AccountId, ListId),
    most: u64,
) -> Result<u64, DbErr> {
    let keys: Vec<(Uuid, i64)> = E::find()
        .select_only()
        .columns([key.import, key.place])
        .filter(key.account.eq(account.uuid()))
        .filter(key.import.in_subquery(imports_of(account, list)))
        .order_by_asc(key.import)
        .order_by_asc(key.place)
        .limit(most)
        .into_tuple()
        .all(connection)
        .await?;
    delete_up_to::<E>(connection, key, account, keys).await
}

/// Deletes at most `most` rows of an account's imports that began before one with this id, and
/// returns how many. Ids sort by time.
pub(super) async fn forget_before<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    key: Key<E::Column>,
    (account, before): (AccountId, ImportId),
    most: u64,
) -> Result<u64, DbErr> {
    let keys: Vec<(Uuid, i64)> = E::find()
        .select_only()
        .columns([key.import, key.place])
        .filter(key.account.eq(account.uuid()))
        .filter(key.import.lt(before.uuid()))
        .order_by_asc(key.import)
        .order_by_asc(key.place)
        .limit(most)
        .into_tuple()
        .all(connection)
        .await?;
    delete_up_to::<E>(connection, key, account, keys).await
}

/// Deletes the rows with these keys, which are the first of each import.
async fn delete_up_to<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    key: Key<E::Column>,
    account: AccountId,
    keys: Vec<(Uuid, i64)>,
) -> Result<u64, DbErr> {
    // In the order of the key: for each import, all rows up to the last one that was read.
    let last: BTreeMap<Uuid, i64> = keys.into_iter().collect();
    let mut gone = 0;
    for (import, place) in last {
        let done = E::delete_many()
            .filter(key.account.eq(account.uuid()))
            .filter(key.import.eq(import))
            .filter(key.place.lte(place))
            .exec(connection)
            .await?;
        gone += done.rows_affected;
    }
    Ok(gone)
}

/// Reads at most `most` rows of an account's imports after a place, in the order of their keys.
pub(super) async fn after<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    key: Key<E::Column>,
    account: AccountId,
    after: Option<(ImportId, i64)>,
    most: u64,
) -> Result<Vec<E::Model>, DbErr> {
    let mut rows = E::find().filter(key.account.eq(account.uuid()));
    if let Some((import, place)) = after {
        let same = Condition::all()
            .add(key.import.eq(import.uuid()))
            .add(key.place.gt(place));
        let later = Condition::any().add(key.import.gt(import.uuid())).add(same);
        rows = rows.filter(later);
    }
    rows.order_by_asc(key.import)
        .order_by_asc(key.place)
        .limit(most)
        .all(connection)
        .await
}

/// Deletes rows by their imports and places, and returns how many.
pub(super) async fn delete<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    key: Key<E::Column>,
    account: AccountId,
    places: &[(ImportId, i64)],
) -> Result<u64, DbErr> {
    let mut gone = 0;
    for (import, place) in places {
        let done = E::delete_many()
            .filter(key.account.eq(account.uuid()))
            .filter(key.import.eq(import.uuid()))
            .filter(key.place.eq(*place))
            .exec(connection)
            .await?;
        gone += done.rows_affected;
    }
    Ok(gone)
}
