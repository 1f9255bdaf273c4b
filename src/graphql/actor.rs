//! Who did something: the actor of a transaction, a message, a purchase, an import or a change of
//! settings.
//!
//! Here: what an actor shows to whom, and the filter by actor. Not here: the header that names whom
//! a key acts for, which HTTP reads.

use async_graphql::{Context, Enum, ID, InputObject, SimpleObject};
use domain::id::{AccountId, ApiKeyId};
use entity::{actor, sql_enums};
use futures_util::future::try_join_all;

use super::engine::{
    errors::ApiError,
    ids::PublicId,
    loaders,
    request::{optional_id, reader, viewer},
};
use crate::operations::{Path, actor::AskedActor, reader::ActorOf};

/// Who did something: an API key, a user of the OpenID provider, a job of the server, or a payment
/// provider. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[derive(Debug, SimpleObject)]
pub struct Actor {
    /// What it is.
    kind: ActorKind,
    /// The name of the API key; expiry, recharge or settlement for the server's jobs, and command
    /// for a command of its operator; the name of the payment provider; the issuer of a user's
    /// token. Null for the administrator's key of the
    /// server's configuration, for a platform's key if the viewer isn't a platform administrator,
    /// and for a platform's user if the viewer isn't the platform's.
    name: Option<String>,
    /// The id of the API key; null for other actors, and if name is hidden.
    api_key_id: Option<ID>,
    /// Whom the key acted for, as its request named them in the header On-Behalf-Of; a user's sub
    /// at the OpenID provider. Null if the key named nobody, and for a platform's key or user if
    /// the viewer isn't the platform's.
    on_behalf_of: Option<String>,
}

impl Actor {
    /// An actor that isn't a key.
    fn named(kind: ActorKind, name: Option<String>) -> Self {
        Self {
            kind,
            name,
            api_key_id: None,
            on_behalf_of: None,
        }
    }
}

/// What did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ActorKind {
    /// An API key of the account.
    AccountKey,
    /// An API key of the platform.
    PlatformKey,
    /// A user of the OpenID provider, in a role of the account.
    AccountUser,
    /// A user of the OpenID provider, in a role of the platform.
    PlatformUser,
    /// A job of the server, which settles due messages, books what expired and recharges, or a
    /// command of its operator, such as one that makes a key.
    Job,
    /// A payment provider, or a bank transfer.
    Provider,
}

/// The actors to which a list or a report is restricted. A condition that is left out doesn't
/// restrict it.
#[derive(Debug, InputObject)]
#[graphql(name = "ActorFilter")]
pub struct ActorFilterInput {
    /// Only what this API key did, which the viewer must see.
    api_key_id: Option<ID>,
    /// Only what was done on behalf of this label, or by the user with this sub at the OpenID
    /// provider: the whole text, exactly. To an account's viewer, only what the account's own keys
    /// and users did.
    on_behalf_of: Option<String>,
}

impl ActorFilterInput {
    /// Reads the condition at a path.
    pub(super) fn read_at(self, path: Path) -> AskedActor {
        AskedActor {
            key: optional_id(self.api_key_id.as_ref()),
            on_behalf_of: self.on_behalf_of,
            path,
        }
    }
}

/// The actor of a row; `None` for rows from before actors were recorded.
///
/// # Errors
/// A database fault.
pub(super) async fn of(
    ctx: &Context<'_>,
    account: uuid::Uuid,
    actor: Option<i64>,
) -> Result<Option<Actor>, ApiError> {
    let Some(actor) = actor else {
        return Ok(None);
    };
    let account = AccountId::new(account);
    match loaders::load(ctx, ActorOf { account, actor }).await? {
        Some(row) => shown(ctx, row).await.map(Some),
        None => Ok(None),
    }
}

/// The keys and users that did something in an account, as far as the viewer may know.
///
/// # Errors
/// `Invalid` at `first`; faults.
pub(super) async fn of_account(
    ctx: &Context<'_>,
    account: AccountId,
    first: i32,
) -> Result<Vec<Actor>, ApiError> {
    let reader = reader(ctx)?;
    let rows = reader.actors(account, first).await?;
    // Together, so that their keys are loaded together.
    try_join_all(rows.into_iter().map(|row| shown(ctx, row))).await
}

async fn shown(ctx: &Context<'_>, row: actor::Model) -> Result<Actor, ApiError> {
    let key = row.api_key_id.map(ApiKeyId::new);
    match row.kind {
        sql_enums::ActorKind::Job => Ok(Actor::named(ActorKind::Job, row.name)),
        sql_enums::ActorKind::Provider => Ok(Actor::named(ActorKind::Provider, row.name)),
        sql_enums::ActorKind::AccountUser => Ok(Actor {
            on_behalf_of: row.on_behalf_of,
            ..Actor::named(ActorKind::AccountUser, row.name)
        }),
        sql_enums::ActorKind::PlatformUser => {
            let is_shown = viewer(ctx)?.is_platform();
            Ok(Actor {
                on_behalf_of: row.on_behalf_of.filter(|_| is_shown),
                ..Actor::named(ActorKind::PlatformUser, row.name.filter(|_| is_shown))
            })
        }
        sql_enums::ActorKind::AdministratorKey | sql_enums::ActorKind::ApiKey => {
            // Only those who see a key learn more of it than whose it is.
            let seen = match key {
                Some(key) => loaders::load(ctx, key).await?,
                None => None,
            };
            let is_own = seen.as_ref().is_some_and(|key| key.account_id.is_some());
            let shows_label = is_own || viewer(ctx)?.is_platform();
            Ok(Actor {
                kind: if is_own {
                    ActorKind::AccountKey
                } else {
                    ActorKind::PlatformKey
                },
                api_key_id: seen.as_ref().map(|key| ApiKeyId::new(key.id).encode()),
                name: seen.map(|key| key.name),
                on_behalf_of: row.on_behalf_of.filter(|_| shows_label),
            })
        }
    }
}
