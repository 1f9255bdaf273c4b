//! API keys.
//!
//! Here: finding, listing and writing keys. Only the hash of a secret is stored. Not here: making
//! and checking secrets ([`crate::operations`]).

use domain::id::{AccountId, ApiKeyId};
use entity::api_key;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryResult, QuerySelect, Select, UpdateMany,
    sea_query::{Expr, ExprTrait},
};

use super::sql::{
    joined,
    last_change::{LastChanges, record},
    paging::{Direction, Key, Page, Window, page},
    routes,
    row_set::RowSet,
};

/// Finds a key, also if it is revoked.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: ApiKeyId,
) -> Result<Option<api_key::Model>, DbErr> {
    api_key::Entity::find_by_id(id.uuid()).one(connection).await
}

/// Finds a key and locks it until the end of the transaction, also if it is revoked.
pub async fn locked(
    transaction: &impl ConnectionTrait,
    id: ApiKeyId,
) -> Result<Option<api_key::Model>, DbErr> {
    api_key::Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .one(transaction)
        .await
}

/// Finds several keys, revoked ones too, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ApiKeyId>,
) -> Result<Vec<api_key::Model>, DbErr> {
    RowSet::of_ids(ids.into_iter().map(ApiKeyId::uuid))
        .find::<api_key::Entity>(connection, &["id"], "")
        .await
}

fn of(account: Option<AccountId>) -> Select<api_key::Entity> {
    let keys = api_key::Entity::find();
    match account {
        Some(account) => keys.filter(api_key::Column::AccountId.eq(account.uuid())),
        None => keys.filter(api_key::Column::AccountId.is_null()),
    }
}

/// The orders of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiKeySort {
    /// The newest first.
    #[default]
    CreatedAt,
    /// By name, ignoring the case of ASCII letters.
    Name,
    /// The one that changed longest ago first.
    UpdatedAt,
}

impl ApiKeySort {
    /// The key of a row's place.
    #[must_use]
    pub fn key(self, row: &api_key::Model) -> i64 {
        match self {
            Self::CreatedAt => row.created_at,
            Self::Name => 0,
            Self::UpdatedAt => updated_at(row),
        }
    }
}

/// The keys to list, revoked ones too.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeyFilter {
    /// Keys of this account, or the platform's own.
    pub account: Option<AccountId>,
    /// Only keys that last changed in this period.
    pub changed: LastChanges,
    /// The order.
    pub sort: ApiKeySort,
}

/// The instant of a key's last change, in microseconds since the epoch. Its use is no change.
#[must_use]
pub fn updated_at(row: &api_key::Model) -> i64 {
    let recorded = row.updated_at.or(row.revoked_at);
    recorded.unwrap_or(row.created_at)
}

/// The same of a row in the database.
fn last_change() -> Expr {
    Expr::cust("COALESCE(updated_at, revoked_at, created_at)")
}

fn select(filter: &ApiKeyFilter) -> Select<api_key::Entity> {
    filter.changed.restrict(of(filter.account), last_change())
}

/// Reads a page of keys.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &ApiKeyFilter,
    window: Window,
) -> Result<Page<api_key::Model>, DbErr> {
    use api_key::Column::{CreatedAt, Id, Name};
    let (key, direction) = match filter.sort {
        ApiKeySort::CreatedAt => (CreatedAt.into(), Direction::Descending),
        // An account has few keys, and no index of their names.
        ApiKeySort::Name => {
            let backend = connection.get_database_backend();
            let key = Key::name(backend, (Name, Id), of(filter.account));
            (key, Direction::Ascending)
        }
        ApiKeySort::UpdatedAt => (Key::number(last_change()), Direction::Ascending),
    };
    page(connection, select(filter), (key, Id), direction, window).await
}

/// Counts the keys of a list.
pub async fn count(connection: &impl ConnectionTrait, filter: &ApiKeyFilter) -> Result<u64, DbErr> {
    select(filter).count(connection).await
}

/// Finds keys by the SHA-256 of their secrets, revoked ones too, in no particular order.
pub async fn find_by_hash(
    connection: &impl ConnectionTrait,
    hashes: impl IntoIterator<Item = [u8; 32]>,
) -> Result<Vec<api_key::Model>, DbErr> {
    let rows = RowSet::of(hashes.into_iter().map(|hash| [hash.to_vec().into()]))
        .find::<api_key::Entity>(connection, &["secret_hash"], "")
        .await?;
    routes::meet_all(rows.iter().filter_map(|row| row.account_id));
    Ok(rows)
}

/// Finds keys by id, revoked ones too, each with the server's secret of this name, in one
/// statement. The secret is `None` if there is none yet.
pub async fn find_with_secret(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ApiKeyId>,
    secret: &'static str,
) -> Result<Vec<(api_key::Model, Option<Vec<u8>>)>, DbErr> {
    let select = format!(
        "{}, (SELECT s.value FROM server_secrets s WHERE s.name = '{secret}') AS server_secret",
        joined::all::<api_key::Column>("t")
    );
    let read = |row: &QueryResult| {
        let key = api_key::Model::from_query_result(row, "")?;
        Ok((key, row.try_get("", "server_secret")?))
    };
    let query = (select.as_str(), "api_keys t", "t.id = w.id");
    let rows = RowSet::of_ids(ids.into_iter().map(ApiKeyId::uuid))
        .query(connection, &["id"], query, read)
        .await?;
    routes::meet_all(rows.iter().filter_map(|(row, _)| row.account_id));
    Ok(rows)
}

/// Counts the keys of an account that are not revoked.
pub async fn working(connection: &impl ConnectionTrait, account: AccountId) -> Result<u64, DbErr> {
    api_key::Entity::find()
        .filter(api_key::Column::AccountId.eq(account.uuid()))
        .filter(api_key::Column::RevokedAt.is_null())
        .count(connection)
        .await
}

/// Adds a key.
pub async fn insert(connection: &impl ConnectionTrait, row: api_key::Model) -> Result<(), DbErr> {
    api_key::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Revokes a key, and returns it; `None` if it is revoked already, or if there is none.
pub async fn revoke(
    connection: &impl ConnectionTrait,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<Option<api_key::Model>, DbErr> {
    let revoked = revoked(at)
        .filter(api_key::Column::Id.eq(id.uuid()))
        .exec_with_returning(connection)
        .await?;
    Ok(revoked.into_iter().next())
}

/// An update that revokes keys that aren't revoked.
fn revoked(at: Timestamp) -> UpdateMany<api_key::Entity> {
    let update = api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(at.as_microsecond()))
        .filter(api_key::Column::RevokedAt.is_null());
    record(update, api_key::Column::UpdatedAt, at)
}

/// Has a key expire at an instant, and returns it; `None` if it expires earlier or is revoked.
pub async fn expire(
    connection: &impl ConnectionTrait,
    id: ApiKeyId,
    (at, now): (Timestamp, Timestamp),
) -> Result<Option<api_key::Model>, DbErr> {
    let at = at.as_microsecond();
    let later = api_key::Column::ExpiresAt
        .is_null()
        .or(api_key::Column::ExpiresAt.gt(at));
    let update = api_key::Entity::update_many()
        .col_expr(api_key::Column::ExpiresAt, Expr::value(at))
        .filter(api_key::Column::Id.eq(id.uuid()))
        .filter(api_key::Column::RevokedAt.is_null())
        .filter(later);
    let expired = record(update, api_key::Column::UpdatedAt, now)
        .exec_with_returning(connection)
        .await?;
    Ok(expired.into_iter().next())
}

/// Revokes all keys of an account or of the platform except `kept`. Returns those that it revoked.
pub async fn revoke_others(
    connection: &impl ConnectionTrait,
    account: Option<AccountId>,
    kept: &[ApiKeyId],
    at: Timestamp,
) -> Result<Vec<api_key::Model>, DbErr> {
    let of_whom = match account {
        Some(account) => api_key::Column::AccountId.eq(account.uuid()),
        None => api_key::Column::AccountId.is_null(),
    };
    revoked(at)
        .filter(of_whom)
        .filter(api_key::Column::Id.is_not_in(kept.iter().map(|id| id.uuid())))
        .exec_with_returning(connection)
        .await
}

/// Records when keys were last used, unless a later instant is recorded already.
pub async fn used(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ApiKeyId>,
    at: Timestamp,
) -> Result<(), DbErr> {
    let at = at.as_microsecond();
    let earlier = api_key::Column::LastUsedAt
        .is_null()
        .or(api_key::Column::LastUsedAt.lt(at));
    api_key::Entity::update_many()
        .col_expr(api_key::Column::LastUsedAt, Expr::value(at))
        .filter(api_key::Column::Id.is_in(ids.into_iter().map(ApiKeyId::uuid)))
        .filter(earlier)
        .exec(connection)
        .await?;
    Ok(())
}

/// Revokes the keys of demos. Returns those that it revoked.
pub async fn revoke_demo(
    connection: &impl ConnectionTrait,
    at: Timestamp,
) -> Result<Vec<api_key::Model>, DbErr> {
    revoked(at)
        .filter(api_key::Column::Demo.eq(true))
        .exec_with_returning(connection)
        .await
}
