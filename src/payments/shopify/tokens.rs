//! Access tokens that expire after an hour, and the refresh tokens that new ones are got with.
//!
//! Here: when a token is over, and the request for a new one, as Shopify's own library sends it
//! (`refreshToken` of @shopify/shopify-api: JSON to `/admin/oauth/access_token`). Not here: that
//! one process renews and all others wait for it, which is [`crate::payments::Credentials`].

use axum::http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimeParser};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::client::{Answer, Client, success, unreadable};
use crate::payments::{CallError, Credential, MerchantTrouble, Secrets};

/// The token that requests carry.
pub(super) const ACCESS_TOKEN: &str = "accessToken";
/// The token that a new access token is got with. Apps whose tokens don't expire have none.
const REFRESH_TOKEN: &str = "refreshToken";
/// When the access token expires, in RFC 3339.
const EXPIRES_AT: &str = "expiresAt";

/// The credentials of a shop.
pub(super) const CREDENTIALS: &[Credential] = &[
    Credential {
        name: ACCESS_TOKEN,
        is_optional: false,
    },
    Credential {
        name: REFRESH_TOKEN,
        is_optional: true,
    },
    Credential {
        name: EXPIRES_AT,
        is_optional: true,
    },
];

/// A token is replaced this long before it expires, so that it doesn't expire on its way.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// The answer to a refresh.
#[derive(Deserialize)]
struct Renewed {
    access_token: String,
    refresh_token: Option<String>,
    /// In seconds.
    expires_in: Option<u32>,
}

/// Whether an access token has expired and can be replaced. A time that can't be read says nothing:
/// Shopify refuses the token if it has expired.
pub(super) fn is_over(secrets: &Secrets, now: Option<Timestamp>) -> bool {
    let expires_at = secrets
        .get(EXPIRES_AT)
        .and_then(|at| at.expose_secret().trim().parse::<Timestamp>().ok());
    match (expires_at, now) {
        (Some(at), Some(now)) => {
            secrets.contains_key(REFRESH_TOKEN) && at.duration_since(now) <= MARGIN
        }
        (None, _) | (_, None) => false,
    }
}

/// Gets new tokens for a refresh token. If the answer is lost, the same refresh token works again:
/// Shopify keeps it until its replacement is used.
///
/// # Errors
/// `Unauthorized` if there is no refresh token, or Shopify doesn't accept it.
pub(super) async fn renew(
    client: &Client,
    url: Url,
    mut current: Secrets,
) -> Result<Secrets, CallError> {
    let refused = CallError::Merchant(MerchantTrouble::Unauthorized);
    let Some(refresh_token) = current.get(REFRESH_TOKEN) else {
        return Err(refused);
    };
    let app = client.app();
    let body = json!({
        "client_id": app.client_id,
        "client_secret": app.secret.expose_secret(),
        "grant_type": "refresh_token",
        "refresh_token": refresh_token.expose_secret(),
    });
    let answer = client.post(&url, &body, None).await?;
    // The status of OAuth for a token that isn't valid (RFC 6749, section 5.2).
    if answer.status == StatusCode::BAD_REQUEST {
        return Err(refused);
    }
    success(&answer)?;
    let new: Renewed = serde_json::from_slice(&answer.body).map_err(|cause| unreadable(&cause))?;
    current.insert(ACCESS_TOKEN.to_owned(), new.access_token.into());
    if let Some(refresh_token) = new.refresh_token {
        current.insert(REFRESH_TOKEN.to_owned(), refresh_token.into());
    }
    match new.expires_in.and_then(|seconds| expiry(&answer, seconds)) {
        Some(at) => current.insert(EXPIRES_AT.to_owned(), at.to_string().into()),
        None => current.remove(EXPIRES_AT),
    };
    Ok(current)
}

/// When a new token expires, by Shopify's clock.
fn expiry(answer: &Answer, seconds: u32) -> Option<Timestamp> {
    let date = answer.headers.get(header::DATE)?.to_str().ok()?;
    let date = DateTimeParser::new().parse_timestamp(date).ok()?;
    date.checked_add(SignedDuration::from_secs(seconds.into()))
        .ok()
}
