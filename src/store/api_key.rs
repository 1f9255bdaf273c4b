//! API keys, of which only the hash is kept.

use domain::id::ApiKeyId;
use entity::api_key;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr,
};

use super::set::Set;

/// One key, revoked or not.
///
/// # Errors
/// What the database says.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: ApiKeyId,
) -> Result<Option<api_key::Model>, DbErr> {
    api_key::Entity::find_by_id(id.uuid()).one(connection).await
}

/// The keys whose secrets have these SHA-256, revoked or not; in no order.
///
/// # Errors
/// What the database says.
pub async fn find_by_hash(
    connection: &impl ConnectionTrait,
    hashes: impl IntoIterator<Item = [u8; 32]>,
) -> Result<Vec<api_key::Model>, DbErr> {
    Set::of(hashes.into_iter().map(|hash| [hash.to_vec().into()]))
        .find::<api_key::Entity>(connection, &["secret_hash"], "")
        .await
}

/// Adds a key.
///
/// # Errors
/// What the database says.
pub async fn insert(connection: &impl ConnectionTrait, row: api_key::Model) -> Result<(), DbErr> {
    api_key::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Stops a key from working; one that was stopped before keeps its instant.
///
/// # Errors
/// What the database says.
pub async fn revoke(
    connection: &impl ConnectionTrait,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<(), DbErr> {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(at.as_microsecond()))
        .filter(api_key::Column::Id.eq(id.uuid()))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec(connection)
        .await?;
    Ok(())
}
