//! Lists and reports restricted to an actor, and the actors to choose from, as far as the viewer
//! may know who did what.
//!
//! An account learns nothing of the platform's keys and staff, and so can't ask for them either: a
//! filter that matches would say who they are. Not here: the actor itself
//! ([`crate::store::actor`]).

use domain::id::{AccountId, ApiKeyId};
use entity::actor;

use super::{OperationError, Path, ViewerReader, input, together::Together};
use crate::store::{self, actor::ActorFilter};

/// The most actors of one answer.
const MAX_ACTORS: u64 = 500;

/// The actor to which a list or a report is restricted, as asked for. Each condition narrows it.
#[derive(Debug)]
pub struct AskedActor {
    /// This key.
    pub key: Option<ApiKeyId>,
    /// Acting for whom this label names.
    pub on_behalf_of: Option<String>,
    /// The path to the filter.
    pub path: Path,
}

impl ViewerReader {
    /// The condition for a list of an account's rows, or for its usage.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the key; `Invalid` for a text that is no label.
    pub(super) async fn actor_filter(
        &self,
        account: AccountId,
        asked: Option<AskedActor>,
    ) -> Result<Option<ActorFilter>, OperationError> {
        let Some(asked) = asked else { return Ok(None) };
        let path = asked.path;
        let label = asked.on_behalf_of.as_deref();
        let own_users = asked.key.is_none() && !self.viewer().is_platform();
        let on_behalf_of = label.map(|label| input::label(label, &path.at("onBehalfOf")));
        let is_there = match asked.key {
            Some(key) => self.by_key(key).await?.map(drop),
            None => Some(()),
        };
        let is_there = is_there.ok_or_else(|| path.at("apiKeyId").not_found(text!("key")));
        let ((), on_behalf_of) = (is_there, on_behalf_of.transpose()).together()?;
        let keys = match (asked.key, &on_behalf_of) {
            (None, None) => return Ok(None),
            (Some(key), _) => Some(vec![key]),
            (None, Some(_)) if self.viewer().is_platform() => None,
            (None, Some(label)) => Some(self.own_keys_for(account, label).await?),
        };
        Ok(Some(ActorFilter {
            keys,
            own_users,
            on_behalf_of,
        }))
    }

    /// The keys and users that did something in an account, each key with whom it acted for, the
    /// newest keys first. To the account's viewers, only its own keys and users.
    ///
    /// # Errors
    /// `Invalid` for a number of actors that isn't allowed.
    pub async fn actors(
        &self,
        account: AccountId,
        first: i32,
    ) -> Result<Vec<actor::Model>, OperationError> {
        let limit = u64::try_from(first)
            .ok()
            .filter(|limit| (1..=MAX_ACTORS).contains(limit))
            .ok_or_else(|| {
                Path::argument("first")
                    .invalid(text!("Must be between 1 and {limit}.", limit = MAX_ACTORS))
            })?;
        let reader = self.services().store().reader();
        let own = !self.viewer().is_platform();
        Ok(store::actor::keys(reader, account, own, limit).await?)
    }

    /// The account's own keys that acted for whom a label names.
    async fn own_keys_for(
        &self,
        account: AccountId,
        label: &str,
    ) -> Result<Vec<ApiKeyId>, OperationError> {
        let reader = self.services().store().reader();
        let keys = store::actor::keys_acting_for(reader, account, label).await?;
        let rows = store::api_key::find_all(reader, keys).await?;
        let own = rows
            .into_iter()
            .filter(|row| row.account_id == Some(account.uuid()));
        Ok(own.map(|row| ApiKeyId::new(row.id)).collect())
    }
}
