//! Coalesced reads of the rows that every request needs: keys, accounts with their rate cards, and
//! lists with their head-counts. Requests that ask at the same time share one query
//! ([`crate::store::sql::coalescing`]).

use std::{collections::HashMap, hash::Hash, sync::Arc};

use domain::id::{AccountId, ApiKeyId, ListId};
use entity::{api_key, contact_list};
use sea_orm::DbErr;
use secrecy::SecretSlice;

use super::server_secret::Purpose;
use crate::{
    clock::Clock,
    store::{
        self, Store,
        account::Charged,
        balance::{FreeUnits, PoolOf},
        contact_list::Heads,
        sql::{
            bounded::Connections, coalescing::Coalescer, errors,
            lost_connections::lost_the_connection,
        },
    },
};

/// A key, and the secret that signs access tokens; `None` before the first token was made.
pub(super) type TokenKey = (api_key::Model, Option<Arc<SecretSlice<u8>>>);

/// One coalescer for each kind of row.
#[derive(Debug)]
pub(super) struct CoalescedReads {
    /// Keys by the SHA-256 of their secrets, including revoked ones.
    pub keys: Coalescer<[u8; 32], api_key::Model>,
    /// Keys by id, including revoked ones.
    pub keys_by_id: Coalescer<ApiKeyId, api_key::Model>,
    /// Keys by id, including revoked ones, with the secret that signs access tokens.
    pub token_keys: Coalescer<ApiKeyId, TokenKey>,
    /// The server's secrets by name.
    pub secrets: Coalescer<&'static str, Arc<SecretSlice<u8>>>,
    /// Accounts, with the current versions of their rate cards.
    pub accounts: Coalescer<AccountId, Charged>,
    /// Lists of any account, including archived ones.
    pub lists: Coalescer<ListId, contact_list::Model>,
    /// Head-counts of the lists of an account.
    pub heads: Coalescer<(AccountId, ListId), Heads>,
    /// The credits that a list, or an account without a list, can spend.
    pub free_units: Coalescer<PoolOf, FreeUnits>,
    /// Accounts whose books no writer has locked.
    pub free_books: Coalescer<AccountId, ()>,
}

impl CoalescedReads {
    pub(super) fn new(store: &Store, clock: &Clock) -> Self {
        let (clock, ledger_clock) = (clock.clone(), clock.clone());
        Self {
            keys: coalesced(store, |reader, hashes| async move {
                let rows = store::api_key::find_by_hash(&reader, hashes).await?;
                let hash = |row: &api_key::Model| row.secret_hash.as_slice().try_into();
                Ok(by(rows, |row| hash(row).unwrap_or_default()))
            }),
            keys_by_id: coalesced(store, |reader, ids| async move {
                let rows = store::api_key::find_all(&reader, ids).await?;
                Ok(by(rows, |row| ApiKeyId::new(row.id)))
            }),
            token_keys: coalesced(store, |reader, ids| async move {
                let secret = Purpose::AccessTokens.name();
                let rows = store::api_key::find_with_secret(&reader, ids, secret).await?;
                let rows = rows.into_iter().map(|(row, secret)| {
                    let secret = secret.map(|value| Arc::new(SecretSlice::from(value)));
                    (ApiKeyId::new(row.id), (row, secret))
                });
                Ok(rows.collect())
            }),
            secrets: coalesced(store, |reader, names: Vec<&'static str>| async move {
                let rows = store::server_secret::find_all(&reader, names.iter().copied()).await?;
                let named = |row: entity::server_secret::Model| {
                    let name = names.iter().find(|name| **name == row.name)?;
                    Some((*name, Arc::new(SecretSlice::from(row.value))))
                };
                Ok(rows.into_iter().filter_map(named).collect())
            }),
            accounts: coalesced(store, move |reader, ids| {
                let now = clock.now();
                async move {
                    let rows = store::account::find_all_charged(&reader, ids, now).await?;
                    Ok(by(rows, |(row, _)| AccountId::new(row.id)))
                }
            }),
            lists: coalesced(store, |reader, ids| async move {
                let rows = store::contact_list::find_all(&reader, ids).await?;
                Ok(by(rows, |row| ListId::new(row.id)))
            }),
            heads: coalesced(store, |reader, lists| async move {
                store::contact_list::heads(&reader, lists).await
            }),
            free_units: coalesced(store, move |reader, pools| {
                let now = ledger_clock.now();
                async move { store::balance::free_units(&reader, pools, now).await }
            }),
            free_books: coalesced(store, |reader, ids| async move {
                let free = store::balance::free_books(&reader, ids).await?;
                Ok(free.into_iter().map(|id| (id, ())).collect())
            }),
        }
    }
}

/// Reads by keys over a connection of its own. If that connection is lost, it tries once more over
/// another.
fn coalesced<K, V, F>(
    store: &Store,
    read: impl Fn(Connections, Vec<K>) -> F + Send + Sync + 'static,
) -> Coalescer<K, V>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Clone + Send + 'static,
    F: Future<Output = Result<HashMap<K, V>, DbErr>> + Send + 'static,
{
    let (store, read) = (store.clone(), Arc::new(read));
    Coalescer::new(move |keys: Vec<K>| {
        let (store, read) = (store.clone(), read.clone());
        async move {
            match read(store.lookups().clone(), keys.clone()).await {
                Err(cause) if lost_the_connection(&cause) => {
                    errors::count(&cause);
                    tracing::debug!(%cause, "a connection was lost; reading again over another one");
                    read(store.lookups().clone(), keys).await
                }
                found => found,
            }
        }
    })
}

fn by<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}
