//! Lists restricted to an actor, as far as the viewer may know who did what.
//!
//! An account learns nothing of the platform's keys and staff, and so can't ask for them either: a
//! filter that matches would say who they are. Not here: the actor itself
//! ([`crate::store::actor`]).

use domain::id::{AccountId, ApiKeyId};

use super::{OperationError, Path, ViewerReader, input};
use crate::store::{self, actor::ActorFilter};

/// The actor to which a list is restricted, as asked for. Each condition narrows it.
#[derive(Debug)]
pub struct AskedActor {
    /// This key.
    pub key: Option<ApiKeyId>,
    /// Acting for whom this label names.
    pub on_behalf_of: Option<String>,
}

impl ViewerReader {
    /// The condition for a list of an account's rows.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the key; `Invalid` for a text that is no label.
    pub(super) async fn actor_filter(
        &self,
        account: AccountId,
        asked: Option<AskedActor>,
    ) -> Result<Option<ActorFilter>, OperationError> {
        let Some(asked) = asked else { return Ok(None) };
        let path = Path::argument("filter").at("actor");
        let label = asked.on_behalf_of.as_deref();
        let on_behalf_of = label
            .map(|label| input::label(label, &path.at("onBehalfOf")))
            .transpose()?;
        let keys = match (asked.key, &on_behalf_of) {
            (None, None) => return Ok(None),
            (Some(key), _) => {
                let row = self.by_key(key).await?;
                row.ok_or_else(|| path.at("apiKeyId").not_found(text!("key")))?;
                Some(vec![key])
            }
            (None, Some(_)) if self.viewer().is_platform() => None,
            (None, Some(label)) => Some(self.own_keys_for(account, label).await?),
        };
        Ok(Some(ActorFilter { keys, on_behalf_of }))
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
