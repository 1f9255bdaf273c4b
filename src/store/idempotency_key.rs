//! Idempotency keys that were used, with the answers that their repetitions get.

use domain::id::AccountId;
use entity::idempotency_key;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};

/// A key that was used in an account.
///
/// # Errors
/// What the database says.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
    key: &str,
) -> Result<Option<idempotency_key::Model>, DbErr> {
    idempotency_key::Entity::find_by_id((account.uuid(), key.to_owned()))
        .one(connection)
        .await
}

/// Notes that a key was used. The account's book must be locked, and the key not be used yet.
///
/// # Errors
/// What the database says.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: idempotency_key::Model,
) -> Result<(), DbErr> {
    idempotency_key::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
