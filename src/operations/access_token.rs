//! Access tokens: what a page in a browser shows instead of an API key, for an hour at most.
//!
//! A token carries signed claims: the key that made it, an account, a role, whom it acts for, and
//! its expiry. Nothing is stored for it, and it stops working with its key. Here: making tokens and
//! authenticating them. Not here: keys ([`super::api_key`]), tokens of an OpenID provider
//! ([`super::identity`]), and what only keys may do ([`super::policy::KEYS_ONLY`]).

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::id::{AccountId, ApiKeyId};
use entity::{api_key, sql_enums::Role};
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::{
    OperationError, Path, Services, Viewer,
    api_key::works,
    input,
    server_secret::{Purpose, keyed},
    together::Together,
};
use crate::{
    clock::{later, whole_micros},
    openid::LEEWAY,
};

/// The prefix of every token, by which scanners recognise a leaked one.
pub const PREFIX: &str = "mct_";
/// The most minutes that a token works. A page asks its server for another one in time.
pub const MAX_MINUTES: u32 = 60;
/// The longest token that is checked. The longest that is made has 787 bytes, for a name of 100
/// characters with four bytes each.
const MAX_BYTES: usize = 1_024;
/// The most by which the clocks of an installation's processes may differ: a token that one process
/// just made must work at the others.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(1);

/// An access token, and how long it works.
#[derive(Debug, Clone)]
pub struct Token {
    text: Arc<SecretString>,
    expires_at: Timestamp,
    issuer: Option<Arc<str>>,
}

impl Token {
    /// The token, for the header `Authorization: Bearer`.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.expose_secret()
    }

    /// A token of an OpenID provider.
    pub(super) fn of_provider(text: &str, expires_at: Timestamp, issuer: Arc<str>) -> Self {
        Self {
            text: Arc::new(SecretString::from(text)),
            expires_at,
            issuer: Some(issuer),
        }
    }

    /// The OpenID provider that made it; `None` if this server did.
    #[must_use]
    pub fn issuer(&self) -> Option<&Arc<str>> {
        self.issuer.as_ref()
    }

    /// The instant from which it no longer works.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The instant from which it is refused: one of an OpenID provider is accepted a little longer,
    /// because clocks differ.
    #[must_use]
    pub fn refused_from(&self) -> Timestamp {
        match self.issuer {
            Some(_) => later(self.expires_at, LEEWAY),
            None => self.expires_at,
        }
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Token {}

/// The input of `createAccessToken`.
#[derive(Debug)]
pub struct CreateAccessToken {
    /// The account that the token opens; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The role of the token.
    pub role: Role,
    /// Whom the token acts for.
    pub name: String,
    /// How long it works.
    pub minutes: i32,
}

/// The signed content of a token.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The key that made the token. `None` for the server's own admin key, whose hash is part of
    /// the signature.
    key: Option<Uuid>,
    account: Uuid,
    role: TokenRole,
    name: String,
    /// Microseconds since the epoch.
    expires_at: i64,
}

/// The roles of tokens: people's roles in an account.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum TokenRole {
    Owner,
    Member,
    Viewer,
}

impl TokenRole {
    fn of(role: Role) -> Option<Self> {
        match role {
            Role::Owner => Some(Self::Owner),
            Role::Member => Some(Self::Member),
            Role::Viewer => Some(Self::Viewer),
            Role::PlatformAdmin | Role::AccountManager | Role::Sender => None,
        }
    }

    fn role(self) -> Role {
        match self {
            Self::Owner => Role::Owner,
            Self::Member => Role::Member,
            Self::Viewer => Role::Viewer,
        }
    }
}

impl Services {
    /// Makes a token for an account, which its owners may do for their own and platform
    /// administrators for any. It works no longer than the key that makes it.
    ///
    /// # Errors
    /// An invalid role, name or number of minutes, and an unknown account, each at its field.
    pub async fn create_access_token(
        &self,
        viewer: &Viewer,
        new: CreateAccessToken,
    ) -> Result<Token, OperationError> {
        let path = Path::input("accountId");
        let account = self.account_for(viewer, new.account, &path).await;
        let role = TokenRole::of(new.role).ok_or_else(|| {
            Path::input("role").invalid(text!(
                "Must be a role in the account: OWNER, MEMBER or VIEWER."
            ))
        });
        let minutes = u32::try_from(new.minutes)
            .ok()
            .filter(|minutes| (1..=MAX_MINUTES).contains(minutes))
            .ok_or_else(|| {
                Path::input("minutes").invalid(text!(
                    "Must be from 1 to {limit} minutes; got {got}.",
                    limit = MAX_MINUTES,
                    got = new.minutes,
                ))
            });
        let name = input::label(&new.name, &Path::input("name"));
        let (account, role, name, minutes) = (account, role, name, minutes).together()?;
        let expires_at = self
            .clock()
            .now()
            .checked_add(SignedDuration::from_mins(i64::from(minutes)))
            .map_err(|_| OperationError::broken("the clock is at its end"))?;
        let key_ends = match viewer.key {
            Some(key) => self.0.reads.keys_by_id.load(key).await?,
            None => None,
        };
        let key_ends = key_ends.and_then(|row| row.expires_at).map(whole_micros);
        let expires_at = key_ends.map_or(expires_at, |end| end.min(expires_at));
        let claims = Claims {
            key: viewer.key.map(ApiKeyId::uuid),
            account: account.id,
            role,
            name,
            expires_at: expires_at.as_microsecond(),
        };
        let by_admin = claims.key.is_none();
        let claims = serde_json::to_vec(&claims).map_err(|cause| {
            OperationError::broken(format!("a token has no JSON form: {cause}"))
        })?;
        let signer = self.signer(Purpose::AccessTokens).await?;
        let signature = self.signed(signer, &claims, by_admin).finalize();
        let text = format!(
            "{PREFIX}{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(&claims),
            BASE64_URL_SAFE_NO_PAD.encode(signature.into_bytes())
        );
        Ok(Token {
            text: Arc::new(SecretString::from(text)),
            expires_at: whole_micros(expires_at.as_microsecond()),
            issuer: None,
        })
    }

    /// The viewer who was given this token, with the row of the key that made it; `None` if this
    /// server didn't sign it, or it has expired, or its key doesn't work any more. Takes one
    /// statement, as a key does.
    pub(super) async fn authenticate_token(
        &self,
        text: &str,
    ) -> Result<Option<(Viewer, Option<api_key::Model>)>, OperationError> {
        let Some((signed, signature)) = parts(text) else {
            return Ok(None);
        };
        // The signature is checked below: these say which key to read.
        let Ok(claims) = serde_json::from_slice::<Claims>(&signed) else {
            return Ok(None);
        };
        let (key, secret) = match claims.key {
            Some(key) => match self.0.reads.token_keys.load(ApiKeyId::new(key)).await? {
                Some((row, secret)) => (Some(row), secret),
                None => return Ok(None),
            },
            None => {
                let name = Purpose::AccessTokens.name();
                (None, self.0.reads.secrets.load(name).await?)
            }
        };
        let Some(secret) = secret else {
            return Ok(None);
        };
        let expected = self.signed(keyed(&secret)?, &signed, claims.key.is_none());
        if expected.verify_slice(&signature).is_err() {
            return Ok(None);
        }
        let (now, expires_at) = (self.clock().now(), whole_micros(claims.expires_at));
        // No token is made to last longer, so a later expiry is refused even with a valid
        // signature.
        let validity = SignedDuration::from_mins(i64::from(MAX_MINUTES)) + CLOCKS_DIFFER;
        let too_long = now
            .checked_add(validity)
            .is_ok_and(|longest| expires_at > longest);
        if now >= expires_at || too_long {
            return Ok(None);
        }
        if key.as_ref().is_some_and(|row| !works(row, now)) {
            return Ok(None);
        }
        let viewer = Viewer {
            key: claims.key.map(ApiKeyId::new),
            role: claims.role.role(),
            account: Some(AccountId::new(claims.account)),
            on_behalf_of: Some(claims.name.into()),
            token: Some(Token {
                text: Arc::new(SecretString::from(text)),
                expires_at,
                issuer: None,
            }),
            trusted_documents_only: key.as_ref().is_some_and(|key| key.trusted_documents_only),
        };
        Ok(Some((viewer, key)))
    }

    /// Whether what a viewer was authenticated by still works: its token, or else its key.
    pub async fn still_works(&self, viewer: &Viewer) -> Result<bool, OperationError> {
        match (&viewer.token, viewer.key) {
            (Some(token), _) if token.issuer.is_some() => {
                Ok(self.identify(token.text()).await?.is_some())
            }
            (Some(token), _) => Ok(self.authenticate_token(token.text()).await?.is_some()),
            (None, Some(key)) => self.key_works(key).await,
            // The server's own admin key works for as long as the server runs.
            (None, None) => Ok(true),
        }
    }

    /// The MAC of a token's claims. For the admin key it includes that key's hash, so tokens stop
    /// working when the key changes.
    fn signed(&self, mut signer: Hmac<Sha256>, claims: &[u8], by_admin: bool) -> Hmac<Sha256> {
        signer.update(&(claims.len() as u64).to_be_bytes());
        signer.update(claims);
        if by_admin {
            let hash = self.admin_key_hash().copied().unwrap_or_default();
            signer.update(b"admin");
            signer.update(hash.as_slice());
        }
        signer
    }
}

/// The claims and the signature of a token.
fn parts(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let (claims, signature) = text.strip_prefix(PREFIX)?.split_once('.')?;
    Some((decode(claims)?, decode(signature)?))
}
