//! Idempotency keys that were used, with the answers that retries get.
//!
//! Not here: comparing a retry with the first request ([`crate::ledger`]).

use domain::id::AccountId;
use entity::idempotency_key;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};

/// Finds a key that was used in an account.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
    key: &str,
) -> Result<Option<idempotency_key::Model>, DbErr> {
    idempotency_key::Entity::find_by_id((account.uuid(), key.to_owned()))
        .one(connection)
        .await
}

/// Records a key. The caller holds the lock on the account's book, and the key must be unused.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: idempotency_key::Model,
) -> Result<(), DbErr> {
    idempotency_key::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
