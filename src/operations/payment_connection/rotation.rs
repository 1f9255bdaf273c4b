//! Moving secrets from one key to another, while servers run.
//!
//! Here: the command's work, and which keys are missing. Not here: the keys ([`crate::vault`]).

use std::collections::BTreeMap;

use domain::id::AccountId;
use entity::payment_connection;

use super::{
    super::{OperationError, Services},
    credentials::{opened, sealed},
};
use crate::{
    store::{self, Store},
    vault::Vault,
};

/// Connections read at a time.
const PAGE: u64 = 100;
/// How often a row is tried whose secrets a server renews meanwhile.
const TRIES: u32 = 10;

/// What became of all secrets.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Secrets that were encrypted anew.
    pub moved: u64,
    /// Secrets that had the first key already.
    pub current: u64,
    /// Secrets that can't be decrypted, by the id of their key: it isn't configured, or they were
    /// altered.
    pub unreadable: BTreeMap<String, u64>,
}

/// Encrypts all secrets with the vault's first key. Servers may run meanwhile, and a second run
/// continues an interrupted one. `tell` is called with the number of connections after each page.
///
/// # Errors
/// The database's error, or a fault without keys; what was moved until then stays so.
pub async fn rotate(
    store: &Store,
    vault: &Vault,
    tell: impl Fn(u64),
) -> Result<Rotated, OperationError> {
    let key = vault
        .current_key()
        .ok_or_else(|| OperationError::broken("there is no key to encrypt with"))?;
    let (mut done, mut count, mut last) = (Rotated::default(), 0_u64, None);
    loop {
        let rows =
            store::payment_connection::page_with_secrets(store.writer(), last.as_ref(), PAGE)
                .await?;
        let Some(end) = rows.last() else {
            return Ok(done);
        };
        last = Some((end.account_id, end.provider.clone()));
        count = count.saturating_add(rows.len() as u64);
        for row in rows {
            if row.secret_key_id.as_deref() == Some(key) {
                done.current += 1;
            } else {
                let of = row.secret_key_id.clone().unwrap_or_default();
                match rotate_one(store, vault, row).await? {
                    true => done.moved += 1,
                    false => *done.unreadable.entry(of).or_default() += 1,
                }
            }
        }
        tell(count);
    }
}

/// Encrypts the secrets of one connection anew. Returns whether they are encrypted with the first
/// key now, or are gone.
async fn rotate_one(
    store: &Store,
    vault: &Vault,
    mut row: payment_connection::Model,
) -> Result<bool, OperationError> {
    let account = AccountId::new(row.account_id);
    for _ in 0..TRIES {
        let Ok(secrets) = opened(vault, &row) else {
            return Ok(false);
        };
        let sealed = sealed(vault, account, &row.provider, &secrets)?;
        if store::payment_connection::swap_secrets(store.writer(), &row, sealed, false).await? {
            return Ok(true);
        }
        // A server renewed them meanwhile, or the account was connected anew or disconnected.
        let now = store::payment_connection::find(store.writer(), account, &row.provider).await?;
        match now {
            Some(now)
                if now.secrets.is_some() && now.secret_key_id.as_deref() != vault.current_key() =>
            {
                row = now;
            }
            Some(_) | None => return Ok(true),
        }
    }
    Err(OperationError::NotDone)
}

impl Services {
    /// The ids of keys that stored secrets are encrypted with and that aren't configured, and the
    /// number of secrets of each.
    ///
    /// # Errors
    /// The database's error.
    pub async fn missing_secret_keys(&self) -> Result<Vec<(String, i64)>, OperationError> {
        let found = store::payment_connection::key_ids(self.store().reader()).await?;
        let mut missing = found;
        missing.retain(|(id, _)| !self.vault().has_key(id));
        Ok(missing)
    }
}
