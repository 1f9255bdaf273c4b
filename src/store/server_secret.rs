//! Secrets that all processes of an installation share.
//!
//! Not here: making them, and their uses ([`crate::operations`]).

use entity::server_secret;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::OnConflict,
};

/// Finds the secret with a name, or stores `fresh` if there is none. If several processes do so at
/// once, one wins, and all get its secret.
pub async fn find_or_insert(
    connection: &impl ConnectionTrait,
    name: &str,
    fresh: &[u8],
) -> Result<Vec<u8>, DbErr> {
    let find = || server_secret::Entity::find_by_id(name.to_owned()).one(connection);
    if let Some(kept) = find().await? {
        return Ok(kept.value);
    }
    let row = server_secret::Model {
        name: name.to_owned(),
        value: fresh.to_vec(),
    };
    let others_win = OnConflict::column(server_secret::Column::Name)
        .do_nothing()
        .to_owned();
    server_secret::Entity::insert(row.into_active_model())
        .on_conflict(others_win)
        .try_insert()
        .exec_without_returning(connection)
        .await?;
    let kept = find().await?.map(|row| row.value);
    kept.ok_or_else(|| DbErr::RecordNotFound(format!("the secret {name:?}")))
}

/// Finds the secrets with several names, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    names: impl IntoIterator<Item = &'static str>,
) -> Result<Vec<server_secret::Model>, DbErr> {
    server_secret::Entity::find()
        .filter(server_secret::Column::Name.is_in(names))
        .all(connection)
        .await
}

/// Replaces the secret with a name by `fresh`.
pub async fn replace(
    connection: &impl ConnectionTrait,
    name: &str,
    fresh: &[u8],
) -> Result<(), DbErr> {
    let row = server_secret::Model {
        name: name.to_owned(),
        value: fresh.to_vec(),
    };
    let replaced = OnConflict::column(server_secret::Column::Name)
        .update_column(server_secret::Column::Value)
        .to_owned();
    server_secret::Entity::insert(row.into_active_model())
        .on_conflict(replaced)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
