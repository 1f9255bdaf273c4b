//! What a file shows of actors to who made its link.

use domain::id::AccountId;
use entity::sql_enums::Role;
use sea_orm::ConnectionTrait;

use super::super::OperationError;
use crate::{
    reports::actors::{Actors, SeenKey},
    store,
};

/// What a role may know of an account's actors, as in the API: an account sees its own keys, an
/// account manager those of accounts, and a platform administrator all. Links of earlier programs
/// don't say their role, and show what an account sees.
pub(super) async fn seen_actors(
    connection: &impl ConnectionTrait,
    account: AccountId,
    role: Option<Role>,
) -> Result<Actors, OperationError> {
    let sees_platform_keys = role == Some(Role::PlatformAdmin);
    let keys = store::actor::keys_in(connection, account).await?;
    let keys = store::api_key::find_all(connection, keys).await?;
    let seen = keys.into_iter().filter_map(|key| {
        let is_own = key.account_id == Some(account.uuid());
        let name = key.name;
        (is_own || sees_platform_keys).then_some((key.id, SeenKey { name, is_own }))
    });
    Ok(Actors {
        keys: seen.collect(),
        shows_staff: matches!(role, Some(Role::PlatformAdmin | Role::AccountManager)),
    })
}
