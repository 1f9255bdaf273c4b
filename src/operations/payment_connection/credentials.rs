//! The credentials of a connection: encrypted in its row, and renewed by one caller at a time.
//!
//! Here: opening and sealing them, and their renewal. Not here: the encryption ([`crate::vault`])
//! and how a provider renews ([`crate::payments`]).
//!
//! A provider may accept each renewal once, so that two callers who renew the same credentials can
//! lose both. In one process a lock per connection lets one in; over all processes a reservation in
//! the row does, for half a minute in case its holder dies. The others find the new credentials.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use domain::id::AccountId;
use entity::payment_connection;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretSlice};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use super::super::{OperationError, Services};
use crate::{
    payments::{CallError, Credentials, MerchantTrouble, Renew, Secrets},
    store,
    telemetry::context::carried,
    vault::{Sealed, Vault, VaultError},
};

/// How long a renewal is left to the process that reserved it. A call takes at most 10 seconds.
const RESERVED: SignedDuration = SignedDuration::from_secs(30);
/// How often a process looks whether another's renewal has ended.
const LOOK: Duration = Duration::from_millis(100);
/// How long a call waits for another process's renewal. The call has 10 seconds in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// After this time a call is made again that found no result of another's renewal, or no database.
const AGAIN: Duration = Duration::from_secs(5);
/// How often new credentials are written again if the database fails or the row has changed: they
/// can't be asked for a second time.
const WRITES: u32 = 10;
/// The wait before they are written again.
const WRITE_WAIT: Duration = Duration::from_millis(500);

/// The credentials of an account that has no connection.
#[derive(Debug)]
pub(super) struct NoCredentials;

#[async_trait::async_trait]
impl Credentials for NoCredentials {
    async fn current(&self) -> Result<Secrets, CallError> {
        Ok(Secrets::new())
    }

    async fn renewed(&self, _: &Secrets, _: Renew<'_>) -> Result<Secrets, CallError> {
        Err(CallError::Merchant(MerchantTrouble::NotConnected))
    }
}

/// The credentials of a connection.
#[derive(Clone)]
pub(super) struct KeptCredentials {
    services: Services,
    account: AccountId,
    provider: String,
}

impl fmt::Debug for KeptCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptCredentials")
            .field("account", &self.account)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

type Connected = (AccountId, String);

/// The renewals that this process makes or waits for, by connection.
#[derive(Debug, Default)]
pub struct Renewals(Mutex<HashMap<Connected, Weak<AsyncMutex<()>>>>);

impl Renewals {
    fn of(&self, connected: Connected) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        let known = locks.get(&connected).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let lock = Arc::default();
            locks.insert(connected, Arc::downgrade(&lock));
            lock
        })
    }
}

impl KeptCredentials {
    pub(super) fn new(services: &Services, account: AccountId, provider: &str) -> Self {
        Self {
            services: services.clone(),
            account,
            provider: provider.to_owned(),
        }
    }

    /// The row and the credentials in it.
    async fn read(&self) -> Result<(payment_connection::Model, Secrets), CallError> {
        let reader = self.services.store().reader();
        let found = store::payment_connection::find(reader, self.account, &self.provider).await;
        let row = found
            .map_err(|cause| self.not_read(&cause))?
            .ok_or(CallError::Merchant(MerchantTrouble::NotConnected))?;
        let secrets = opened(self.services.vault(), &row).map_err(|cause| {
            let (account, provider) = (self.account.uuid(), &self.provider);
            tracing::error!(%account, provider, ?cause, "an account's credentials can't be decrypted");
            CallError::Merchant(MerchantTrouble::Unauthorized)
        })?;
        Ok((row, secrets))
    }

    /// Nothing was asked of the provider, so the call is made again later.
    fn not_read(&self, cause: &sea_orm::DbErr) -> CallError {
        let (account, provider) = (self.account.uuid(), &self.provider);
        tracing::error!(%account, provider, %cause, "an account's credentials can't be read or written");
        CallError::Busy(AGAIN)
    }

    /// Reserves the renewal of credentials, or finds those that another renewed meanwhile.
    async fn reserve(&self, stale: &Secrets) -> Result<Reserved, CallError> {
        let (start, clock) = (Instant::now(), self.services.clock());
        let writer = self.services.store().writer();
        loop {
            let (row, secrets) = self.read().await?;
            if !same(&secrets, stale) {
                return Ok(Reserved::Not(secrets));
            }
            let now = clock.now();
            let until = now.checked_add(RESERVED).unwrap_or(now);
            let reserved =
                store::payment_connection::reserve_renewal(writer, &row, now, until).await;
            if reserved.map_err(|cause| self.not_read(&cause))? {
                return Ok(Reserved::Until(Box::new(row), until));
            }
            if start.elapsed() > PATIENCE {
                return Err(CallError::Busy(AGAIN));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Stores renewed credentials, unless the account was connected anew meanwhile.
    async fn keep(
        self,
        mut row: payment_connection::Model,
        stale: Secrets,
        renewed: Secrets,
    ) -> Result<Secrets, CallError> {
        let writer = self.services.store().writer();
        for _ in 0..WRITES {
            let sealed = sealed(
                self.services.vault(),
                self.account,
                &self.provider,
                &renewed,
            )
            .map_err(|cause| {
                tracing::error!(?cause, "renewed credentials can't be encrypted");
                CallError::Merchant(MerchantTrouble::Unauthorized)
            })?;
            match store::payment_connection::swap_secrets(writer, &row, sealed, true).await {
                Ok(true) => return Ok(renewed),
                Ok(false) => {
                    let (now, current) = self.read().await?;
                    if !same(&current, &stale) {
                        return Ok(current);
                    }
                    // They were encrypted with another key meanwhile.
                    row = now;
                }
                Err(cause) => {
                    drop(self.not_read(&cause));
                    tokio::time::sleep(WRITE_WAIT).await;
                }
            }
        }
        Err(CallError::Busy(AGAIN))
    }
}

/// Whether a caller may renew.
enum Reserved {
    /// It may, until then.
    Until(Box<payment_connection::Model>, Timestamp),
    /// Another did; these are the new credentials.
    Not(Secrets),
}

#[async_trait::async_trait]
impl Credentials for KeptCredentials {
    async fn current(&self) -> Result<Secrets, CallError> {
        Ok(self.read().await?.1)
    }

    async fn renewed(&self, stale: &Secrets, renew: Renew<'_>) -> Result<Secrets, CallError> {
        let connected = (self.account, self.provider.clone());
        let lock = self.services.renewals().of(connected);
        let _alone = lock.lock().await;
        let (row, until) = match self.reserve(stale).await? {
            Reserved::Not(current) => return Ok(current),
            Reserved::Until(row, until) => (row, until),
        };
        match renew(stale.clone()).await {
            Ok(renewed) => {
                // The caller may give up, but the provider has forgotten the old ones already.
                let kept = self.clone().keep(*row, stale.clone(), renewed);
                let kept = tokio::spawn(carried(kept));
                kept.await.unwrap_or(Err(CallError::Busy(AGAIN)))
            }
            Err(error) => {
                let writer = self.services.store().writer();
                store::payment_connection::release_renewal(writer, &row, until)
                    .await
                    .map_err(|cause| self.not_read(&cause))?;
                Err(error)
            }
        }
    }
}

/// The owner that encrypted credentials are bound to: they can't be moved to another row.
fn owner<'a>(account: &'a [u8; 16], provider: &'a str) -> [&'a [u8]; 3] {
    [b"payment connection", account, provider.as_bytes()]
}

/// Encrypts credentials.
pub(super) fn sealed(
    vault: &Vault,
    account: AccountId,
    provider: &str,
    secrets: &Secrets,
) -> Result<Sealed, OperationError> {
    let exposed: BTreeMap<&str, &str> = secrets
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose_secret()))
        .collect();
    let bytes = serde_json::to_vec(&exposed)
        .map_err(|_| OperationError::broken("credentials can't be written as JSON"))?;
    vault
        .seal(
            &owner(account.uuid().as_bytes(), provider),
            &SecretSlice::from(bytes),
        )
        .map_err(|cause| OperationError::broken(cause.to_string()))
}

/// Decrypts the credentials of a row; none if it has none.
pub(super) fn opened(
    vault: &Vault,
    row: &payment_connection::Model,
) -> Result<Secrets, VaultError> {
    let (Some(key), Some(bytes)) = (&row.secret_key_id, &row.secrets) else {
        return Ok(Secrets::new());
    };
    let owner = owner(row.account_id.as_bytes(), &row.provider);
    let bytes = vault.open(&owner, key, bytes)?;
    let secrets: BTreeMap<String, String> =
        serde_json::from_slice(bytes.expose_secret()).map_err(|_| VaultError::Altered)?;
    Ok(secrets
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect())
}

fn same(one: &Secrets, other: &Secrets) -> bool {
    let pair = |(name, value): (&String, &secrecy::SecretString)| {
        let other = other.get(name).map(|other| other.expose_secret());
        other == Some(value.expose_secret())
    };
    one.len() == other.len() && one.iter().all(pair)
}
