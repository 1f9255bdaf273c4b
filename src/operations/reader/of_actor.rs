//! Actors, read for many rows at once.

use std::collections::HashMap;

use domain::id::AccountId;
use entity::actor;
use sea_orm::DbErr;

use super::{Keyed, ViewerReader};
use crate::{operations::viewer::Visibility, store};

/// Asks for an actor of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActorOf {
    /// The account.
    pub account: AccountId,
    /// The actor's id in the account.
    pub actor: i64,
}

impl Keyed for ActorOf {
    type Value = actor::Model;

    fn visibility(&self, _: Option<&actor::Model>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, actor::Model>, DbErr> {
        let wanted = keys.iter().map(|key| (key.account, key.actor));
        let found = store::actor::find_all(reader.services().store().reader(), wanted).await?;
        let keyed = found.into_iter().map(|row| {
            let key = Self {
                account: AccountId::new(row.account_id),
                actor: row.id,
            };
            (key, row)
        });
        Ok(keyed.collect())
    }
}
