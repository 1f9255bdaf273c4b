//! HTTP to Stripe, and what its answers mean for the caller.
//!
//! Here: one request, bounded in time and size, and the classes of errors. Not here: which requests
//! a payment needs. No redirect is followed, and neither the key nor a body is ever logged.

use std::{fmt::Display, time::Duration};

use reqwest::{
    Client, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use super::objects::{ApiError, Refusal};
use crate::{
    payments::{CALL_TIMEOUT, CallError, MerchantTrouble, SettingsError},
    telemetry::traces,
    tls,
};

/// The longest answer. A page of 100 payments has some 300 KiB.
const MAX_BYTES: usize = 1024 * 1024;
/// How long connecting may take: a server that is there answers within a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The wait if Stripe is asked too often and names none.
const BUSY: Duration = Duration::from_secs(5);
/// The wait if another call with the same idempotency key is under way.
const IN_USE: Duration = Duration::from_secs(2);
/// Whether the answer is that of the first request with the same idempotency key.
const REPLAYED: &str = "idempotent-replayed";

/// Parameters of a request, in Stripe's notation: `metadata[purchase_id]`.
pub(super) type Parameters<'a> = [(&'a str, &'a str)];

/// Stripe's API with a key.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base_url: Url,
}

/// Why a request has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// It can't be known whether it had an effect, or it can be repeated later.
    Call(CallError),
    /// The bank declined the payment.
    Declined(Box<ApiError>),
    /// The idempotency key was used for a request with other parameters, which may have had an
    /// effect.
    KeyReused,
    /// The first request with this idempotency key ended in an error of Stripe's, and every other
    /// one will be answered the same.
    Broken(String),
    /// Something that the request names doesn't exist. Nothing was done.
    Missing(Box<ApiError>),
    /// The request was refused. Nothing was done.
    Refused(Box<ApiError>),
}

impl Failure {
    /// The failure of a request that only reads, which never decides about a payment.
    pub(super) fn while_reading(self) -> CallError {
        match self {
            Self::Call(error) => error,
            Self::Broken(cause) => CallError::NoAnswer(cause),
            Self::KeyReused => no_answer("the idempotency key was used before"),
            Self::Declined(error) | Self::Missing(error) | Self::Refused(error) => {
                no_answer(message(&error))
            }
        }
    }
}

/// An error that leaves the payment's state unknown.
pub(super) fn no_answer(cause: impl Display) -> CallError {
    CallError::NoAnswer(format!("Stripe: {cause}"))
}

/// Stripe's own words, at most 200 characters of them.
pub(super) fn message(error: &ApiError) -> String {
    let text = error.message.as_deref().or(error.code.as_deref());
    text.unwrap_or("no reason was given")
        .chars()
        .take(200)
        .collect()
}

impl Api {
    /// Stripe's API at an address, with a secret key.
    ///
    /// # Errors
    /// The key or the version can't be sent in a header, or no TLS is available.
    pub(super) fn new(
        key: &SecretString,
        version: &str,
        base_url: Url,
    ) -> Result<Self, SettingsError> {
        let wrong = |cause: &dyn Display| SettingsError::Wrong(format!("Stripe: {cause}"));
        tls::install();
        let authorization = format!("Bearer {}", key.expose_secret());
        let mut authorization =
            HeaderValue::try_from(authorization).map_err(|cause| wrong(&cause))?;
        authorization.set_sensitive(true);
        let version = HeaderValue::from_str(version).map_err(|cause| wrong(&cause))?;
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (HeaderName::from_static("stripe-version"), version),
        ]);
        let client = Client::builder()
            .user_agent(concat!("message-credits/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .build()
            .map_err(|cause| wrong(&cause))?;
        Ok(Self { client, base_url })
    }

    /// Reads an object or a list.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Parameters<'_>,
    ) -> Result<T, Failure> {
        let request = self.client.get(self.url(path)?).query(query);
        let request = request.headers(traces::passed_on());
        answer(request.send().await).await
    }

    /// Asks for an effect, at most once for one idempotency key.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        form: &Parameters<'_>,
        key: Option<&str>,
    ) -> Result<T, Failure> {
        let mut request = self.client.post(self.url(path)?).form(form);
        request = request.headers(traces::passed_on());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        answer(request.send().await).await
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = self.base_url.clone();
        url.path_segments_mut()
            .map_err(|()| Failure::Call(no_answer("its address can't be used")))?
            .pop_if_empty()
            .push("v1")
            .extend(path);
        Ok(url)
    }
}

async fn answer<T: DeserializeOwned>(sent: reqwest::Result<Response>) -> Result<T, Failure> {
    let response = sent.map_err(unreachable)?;
    let status = response.status();
    let wait = seconds(response.headers());
    let is_replayed = response
        .headers()
        .get(REPLAYED)
        .is_some_and(|value| value == "true");
    if status.is_server_error() {
        let cause = format!("Stripe: it answered {status}");
        return Err(if is_replayed {
            Failure::Broken(cause)
        } else {
            Failure::Call(CallError::NoAnswer(cause))
        });
    }
    let body = body(response).await?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|cause| {
            let (line, column) = (cause.line(), cause.column());
            let text = format!("its answer can't be read, at {line}:{column}");
            Failure::Call(no_answer(text))
        });
    }
    Err(refusal(status, wait, &body))
}

/// What a status that isn't a success means.
fn refusal(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Failure {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            tracing::error!(
                %status,
                "Stripe refuses the secret key: check STRIPE_SECRET_KEY and the permissions of a restricted key"
            );
            return Failure::Call(CallError::Merchant(MerchantTrouble::Unauthorized));
        }
        StatusCode::CONFLICT => return Failure::Call(CallError::Busy(wait.unwrap_or(IN_USE))),
        StatusCode::TOO_MANY_REQUESTS => {
            return Failure::Call(CallError::Busy(wait.unwrap_or(BUSY)));
        }
        _ => {}
    }
    let Ok(Refusal { error }) = serde_json::from_slice(body) else {
        return Failure::Call(no_answer(format!("it answered {status} without a reason")));
    };
    let error = Box::new(error);
    if error.kind.as_deref() == Some("idempotency_error") {
        return Failure::KeyReused;
    }
    let is_missing = error.code.as_deref() == Some("resource_missing");
    match status {
        StatusCode::PAYMENT_REQUIRED => Failure::Declined(error),
        StatusCode::NOT_FOUND => Failure::Missing(error),
        StatusCode::BAD_REQUEST if is_missing => Failure::Missing(error),
        StatusCode::BAD_REQUEST => Failure::Refused(error),
        _ => Failure::Call(no_answer(format!("it answered {status}"))),
    }
}

/// The wait that the answer asks for.
fn seconds(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

async fn body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > MAX_BYTES {
            let text = format!("its answer has more than {MAX_BYTES} bytes");
            return Err(Failure::Call(no_answer(text)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Without the address, which names the customer.
fn unreachable(error: reqwest::Error) -> Failure {
    let timed_out = error.is_timeout();
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    Failure::Call(if timed_out {
        no_answer("its answer takes too long")
    } else {
        no_answer(format!("{error}: {}", cause.unwrap_or_default()))
    })
}
