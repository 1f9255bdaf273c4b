//! The provider's public keys.
//!
//! Here: fetching them, and for how long they count. The provider is asked when a token names a key
//! that isn't known, and when the known ones were fetched some minutes ago; never more than every
//! half minute, because anybody can make up a token. Not here: reading a key
//! ([`super::signature`]).

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::{Settings, Unreachable, signature::Key};
use crate::telemetry::episode::Episode;

/// How long the provider may take to answer: requests wait for it.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// The time between two attempts to fetch the keys.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// How long keys count before the provider is asked again: so long a key that it withdrew may work.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// How long keys count while the provider doesn't answer: an outage of a day stops nobody's work.
const USABLE: SignedDuration = SignedDuration::from_hours(24);
/// The longest answer. 100 RSA keys of 4,096 bits have some 80 KiB.
const MAX_BYTES: usize = 256 * 1024;
/// The most keys that are kept. Providers have two or three.
const MAX_KEYS: usize = 100;

/// The provider's keys can't be fetched.
static OUTAGE: Episode = Episode::new("the OpenID provider");

/// The keys that are known, and how to fetch them. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    source: Arc<Source>,
    known: Arc<RwLock<Known>>,
    /// Held while the provider is asked: when it was asked last.
    asked: Arc<Mutex<Option<Timestamp>>>,
}

#[derive(Debug)]
struct Source {
    client: Client,
    issuer: String,
    keys_url: Option<Url>,
}

/// Keys with the time at which they were fetched; `None` before the first were.
#[derive(Debug, Clone, Default)]
struct Known {
    keys: Vec<Arc<Key>>,
    fetched: Option<Timestamp>,
}

/// What is read of the provider's description.
#[derive(Debug, Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

#[derive(Debug, Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Known {
    fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.keys.iter().find(|key| key.id() == id).cloned()
    }

    /// Whether the keys were fetched less than `limit` ago.
    fn is_within(&self, limit: SignedDuration, now: Timestamp) -> bool {
        self.fetched.is_some_and(|at| is_within(at, limit, now))
    }
}

/// Whether it is less than `limit` since `at`. A clock that was set back counts as later.
fn is_within(at: Timestamp, limit: SignedDuration, now: Timestamp) -> bool {
    let since = now.duration_since(at);
    !since.is_negative() && since < limit
}

impl Keys {
    pub(super) fn new(client: Client, settings: &Settings) -> Self {
        Self {
            source: Arc::new(Source {
                client,
                issuer: settings.issuer.clone(),
                keys_url: settings.keys_url.clone(),
            }),
            known: Arc::default(),
            asked: Arc::default(),
        }
    }

    /// The key of this id; `None` if the provider has none.
    ///
    /// # Errors
    /// [`Unreachable`] if the keys can't be fetched and there are none that count.
    pub(super) async fn find(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Key>>, Unreachable> {
        let known = self.known();
        let found = known.find(id);
        if found.is_some() && known.is_within(FRESH, now) {
            return Ok(found);
        }
        let asked = match Arc::clone(&self.asked).try_lock_owned() {
            Ok(asked) => Some(asked),
            // Another request is asking. Those whose key is known needn't wait for it.
            Err(_) if found.is_some() && known.is_within(USABLE, now) => return Ok(found),
            Err(_) => None,
        };
        let mut asked = match asked {
            Some(asked) => asked,
            None => Arc::clone(&self.asked).lock_owned().await,
        };
        if !asked.is_some_and(|at| is_within(at, PAUSE, now)) {
            *asked = Some(now);
            let keys = self.clone();
            // In a task of its own: whoever leaves doesn't keep others from the keys.
            let fetched = tokio::spawn(async move {
                keys.fetch(now).await;
                drop(asked);
            });
            // A panic is logged by its hook.
            let _ = fetched.await;
        }
        let known = self.known();
        if known.is_within(USABLE, now) {
            Ok(known.find(id))
        } else {
            Err(Unreachable)
        }
    }

    async fn fetch(&self, now: Timestamp) {
        match self.source.keys().await {
            Ok(keys) => {
                OUTAGE.worked();
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known {
                    keys,
                    fetched: Some(now),
                };
            }
            Err(cause) => OUTAGE.failed(&cause),
        }
    }

    fn known(&self) -> Known {
        // A panic can't corrupt it: it is replaced as a whole.
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }
}

impl Source {
    async fn keys(&self) -> Result<Vec<Arc<Key>>, String> {
        let url = match &self.keys_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let set: KeySet = self.get(url).await?;
        let keys = set.keys.into_iter().filter_map(Key::read);
        let keys: Vec<_> = keys.take(MAX_KEYS).map(Arc::new).collect();
        if keys.is_empty() {
            return Err("it has no key that checks signatures of tokens".to_owned());
        }
        Ok(keys)
    }

    /// The address of the keys in the provider's description (OpenID Connect Discovery 1.0).
    async fn discover(&self) -> Result<Url, String> {
        let issuer = self.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let url = url.parse().map_err(|cause| format!("{url}: {cause}"))?;
        let description: Description = self.get(url).await?;
        if description.issuer != self.issuer {
            return Err(format!(
                "its description is of the issuer {:?}",
                description.issuer.chars().take(200).collect::<String>()
            ));
        }
        let keys_url: Option<Url> = description.jwks_uri.parse().ok();
        keys_url
            .filter(super::is_safe)
            .ok_or_else(|| "its description names keys that aren't at an https address".to_owned())
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, String> {
        let failed = |cause: reqwest::Error| {
            let source = std::error::Error::source(&cause).map(ToString::to_string);
            format!("{cause}: {}", source.unwrap_or_default())
        };
        let mut response = self.client.get(url.clone()).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(format!("{url} answered {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len().saturating_add(chunk.len()) > MAX_BYTES {
                return Err(format!("{url} has more than {MAX_BYTES} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|cause| format!("{url}: {cause}"))
    }
}
