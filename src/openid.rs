//! Tokens of an OpenID provider: who shows one, in which role and for which account.
//!
//! Here: the settings, and the order of the checks. Not here: the form of a token and its claims
//! ([`token`]), the provider's keys ([`keys`]), and what becomes of the account that a token names
//! ([`crate::operations`]).

mod keys;
mod signature;
mod token;

use std::sync::Arc;

use entity::sql_enums::Role;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, redirect::Policy};
use url::Url;

pub use self::signature::Algorithm;
use self::{keys::Keys, token::Token};
use crate::tls;

/// By how much the clocks of the provider and of this server may differ.
pub const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// Which tokens are accepted, and what their claims mean.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The provider, exactly as tokens name it in `iss`.
    pub issuer: String,
    /// This server's name at the provider, which tokens have in `aud`.
    pub audience: String,
    /// Where the provider's keys are; found by discovery if `None`.
    pub keys_url: Option<Url>,
    /// The algorithms that tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// The claim that says the role.
    pub role_claim: String,
    /// Values of that claim and their roles. If a token has several, the first here counts.
    pub roles: Vec<(String, Role)>,
    /// The claim that says the account.
    pub account_claim: String,
}

/// Who shows a token that is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider's name for whoever shows it.
    pub subject: Arc<str>,
    /// The role.
    pub role: Role,
    /// The account's id as the token writes it; `None` if the token has no such claim.
    pub account: Option<String>,
    /// The instant at which the token expires. It is accepted for [`LEEWAY`] longer.
    pub expires_at: Timestamp,
}

/// The provider's keys can't be fetched, and there are none that are recent enough.
#[derive(Debug, Clone, Copy)]
pub struct Unreachable;

/// An OpenID provider whose tokens are accepted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Provider(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    settings: Settings,
    issuer: Arc<str>,
    keys: Keys,
}

impl Provider {
    /// A provider with these settings. Its keys are fetched when the first token arrives.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        tls::install();
        let client = Client::builder()
            .user_agent(concat!("message-credits/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(keys::TIMEOUT)
            .build()?;
        let keys = Keys::new(client, &settings);
        Ok(Self(Arc::new(Inside {
            issuer: settings.issuer.as_str().into(),
            settings,
            keys,
        })))
    }

    /// The provider's name, as tokens have it in `iss`.
    #[must_use]
    pub fn issuer(&self) -> &Arc<str> {
        &self.0.issuer
    }

    /// Who shows this token at `now`; `None` if it isn't one of the provider's for this server, is
    /// not valid now, or says no role that is mapped.
    ///
    /// # Errors
    /// [`Unreachable`] if that can't be decided.
    pub async fn identify(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Identity>, Unreachable> {
        let settings = &self.0.settings;
        // The claims are checked first, so that tokens of others cost no fetch of keys; nothing
        // that they say counts before the signature is checked.
        let Some(token) = Token::read(text) else {
            return Ok(None);
        };
        let Some(identity) = token.identity(settings, now) else {
            return Ok(None);
        };
        let Some(algorithm) = token.algorithm(&settings.algorithms) else {
            return Ok(None);
        };
        let key = self.0.keys.find(token.key_id(), now).await?;
        let is_signed = key.is_some_and(|key| {
            key.verifies(algorithm, token.signed().as_bytes(), token.signature())
        });
        Ok(is_signed.then_some(identity))
    }
}

/// Whether what comes from this address can be trusted: nobody in between can change it.
#[must_use]
pub fn is_safe(url: &Url) -> bool {
    match url.host() {
        _ if url.scheme() == "https" => true,
        Some(url::Host::Domain(name)) => url.scheme() == "http" && name == "localhost",
        Some(url::Host::Ipv4(address)) => url.scheme() == "http" && address.is_loopback(),
        Some(url::Host::Ipv6(address)) => url.scheme() == "http" && address.is_loopback(),
        None => false,
    }
}
