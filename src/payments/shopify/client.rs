//! Requests to a shop's Admin API: one POST, its token, and what a failure means.
//!
//! Here: everything between a document and the data of its answer. Not here: the documents
//! ([`super::documents`]) and getting new tokens ([`super::tokens`]). A token is in one header of a
//! request, never in a message, a log or an address.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use url::Url;

use super::{
    App,
    shop::Shop,
    tokens::{self, ACCESS_TOKEN},
};
use crate::{
    payments::{CALL_TIMEOUT, CallError, Credentials, Merchant, MerchantTrouble, Renew, Secrets},
    telemetry::traces,
    tls,
};

/// The longest answer that is read.
const MAX_ANSWER_BYTES: usize = 1_048_576;
/// The longest text of Shopify's that is repeated in a message.
const MAX_QUOTED: usize = 200;
/// How long to wait if Shopify is busy and doesn't say how long: what a bucket of 1,000 points
/// restores in this time, at 100 points a second, is a whole query.
const BUSY: Duration = Duration::from_secs(10);
const TOKEN_HEADER: &str = "x-shopify-access-token";
const VERSION_HEADER: &str = "x-shopify-api-version";

/// Sends requests to shops. Its connections are kept open.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    app: App,
    /// Whether it was reported that Shopify serves another version than was asked for.
    is_version_reported: AtomicBool,
}

/// A shop with the credentials for it.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    /// The shop.
    shop: Shop,
    credentials: &'a dyn Credentials,
    /// The time of the call, if it is known.
    now: Option<Timestamp>,
}

impl<'a> Caller<'a> {
    /// The shop of a merchant.
    ///
    /// # Errors
    /// It has none.
    pub(super) fn new(merchant: &'a Merchant, now: Option<Timestamp>) -> Result<Self, CallError> {
        let shop = merchant.id.as_deref().and_then(Shop::parse);
        let shop = shop.ok_or(CallError::Merchant(MerchantTrouble::NotConnected))?;
        Ok(Self {
            shop,
            credentials: merchant.credentials.as_ref(),
            now,
        })
    }
}

/// A response whose body was read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

#[derive(Deserialize)]
struct Reply {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<TopError>,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Deserialize)]
struct TopError {
    message: String,
    #[serde(default)]
    extensions: ErrorExtensions,
}

#[derive(Default, Deserialize)]
struct ErrorExtensions {
    code: Option<String>,
}

#[derive(Default, Deserialize)]
struct Extensions {
    cost: Option<Cost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    requested_query_cost: f64,
    throttle_status: ThrottleStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleStatus {
    currently_available: f64,
    restore_rate: f64,
}

impl Client {
    /// A client for this app.
    ///
    /// # Errors
    /// TLS can't be set up.
    pub(super) fn new(app: App) -> Result<Self, reqwest::Error> {
        tls::install();
        let http = reqwest::Client::builder()
            // A redirect would carry the token to another host.
            .redirect(reqwest::redirect::Policy::none())
            // Whether a request may be repeated is decided by its caller.
            .retry(reqwest::retry::never())
            .timeout(CALL_TIMEOUT)
            .user_agent(concat!("message-credits/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            app,
            is_version_reported: AtomicBool::new(false),
        })
    }

    /// The app that it was made for.
    pub(super) fn app(&self) -> &App {
        &self.app
    }

    /// Sends a document and returns the data of its answer. A token that has expired or is refused
    /// is replaced once.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        caller: &Caller<'_>,
        document: &str,
        variables: Value,
    ) -> Result<T, CallError> {
        let url = self.url(
            &caller.shop,
            &format!("admin/api/{}/graphql.json", self.app.version),
        )?;
        let body = json!({ "query": document, "variables": variables });
        let mut secrets = caller.credentials.current().await?;
        let mut is_new = false;
        if tokens::is_over(&secrets, caller.now) {
            secrets = self.renewed(caller, &secrets).await?;
            is_new = true;
        }
        let mut answer = self.post(&url, &body, secrets.get(ACCESS_TOKEN)).await?;
        if answer.status == StatusCode::UNAUTHORIZED && !is_new {
            secrets = self.renewed(caller, &secrets).await?;
            answer = self.post(&url, &body, secrets.get(ACCESS_TOKEN)).await?;
        }
        self.compare_version(&answer);
        data(&answer)
    }

    async fn renewed(&self, caller: &Caller<'_>, stale: &Secrets) -> Result<Secrets, CallError> {
        let url = self.url(&caller.shop, "admin/oauth/access_token")?;
        let renew: Renew<'_> = Box::new(move |current| Box::pin(tokens::renew(self, url, current)));
        caller.credentials.renewed(stale, renew).await
    }

    fn url(&self, shop: &Shop, path: &str) -> Result<Url, CallError> {
        let text = match &self.app.base_url {
            None => format!("https://{shop}/{path}"),
            Some(base) => format!("{}/{shop}/{path}", base.as_str().trim_end_matches('/')),
        };
        text.parse()
            .map_err(|cause| no_answer(format!("{text} is no address: {cause}")))
    }

    /// Posts JSON and reads the answer, whatever its status.
    pub(super) async fn post(
        &self,
        url: &Url,
        body: &Value,
        token: Option<&SecretString>,
    ) -> Result<Answer, CallError> {
        let mut request = self
            .http
            .post(url.clone())
            .header(header::ACCEPT, "application/json")
            .headers(traces::passed_on())
            .json(body);
        if let Some(token) = token {
            let mut token = HeaderValue::from_str(token.expose_secret())
                .map_err(|_| CallError::Merchant(MerchantTrouble::Unauthorized))?;
            token.set_sensitive(true);
            request = request.header(TOKEN_HEADER, token);
        }
        let mut response = request.send().await.map_err(|error| unsent(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unsent(&error))? {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER_BYTES {
                return Err(no_answer(format!(
                    "Shopify's answer is longer than {MAX_ANSWER_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body,
        })
    }

    /// Reports once if Shopify serves another version, because it no longer has the one asked for.
    fn compare_version(&self, answer: &Answer) {
        let served = answer.headers.get(VERSION_HEADER);
        let served = served.and_then(|version| version.to_str().ok());
        if let Some(served) = served
            && served != self.app.version
            && !self.is_version_reported.swap(true, Ordering::Relaxed)
        {
            let asked = &self.app.version;
            tracing::warn!(asked, served, "Shopify serves another version of its API");
        }
    }
}

/// What an answer's status means, unless it is a success.
pub(super) fn success(answer: &Answer) -> Result<(), CallError> {
    let trouble = match answer.status {
        status if status.is_success() => return Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => MerchantTrouble::Unauthorized,
        // The bill isn't paid, or the shop is locked for another reason.
        StatusCode::PAYMENT_REQUIRED | StatusCode::LOCKED => MerchantTrouble::Frozen,
        StatusCode::NOT_FOUND => MerchantTrouble::Uninstalled,
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(CallError::Busy(
                retry_after(&answer.headers).unwrap_or(BUSY),
            ));
        }
        status => return Err(no_answer(format!("Shopify answered with status {status}"))),
    };
    Err(CallError::Merchant(trouble))
}

fn data<T: DeserializeOwned>(answer: &Answer) -> Result<T, CallError> {
    success(answer)?;
    let reply: Reply = serde_json::from_slice(&answer.body).map_err(|cause| unreadable(&cause))?;
    if let Some(error) = reply.errors.first() {
        return Err(match error.extensions.code.as_deref() {
            Some("THROTTLED") => CallError::Busy(reply.extensions.wait().unwrap_or(BUSY)),
            Some("ACCESS_DENIED") => CallError::Merchant(MerchantTrouble::Unauthorized),
            Some("SHOP_INACTIVE") => CallError::Merchant(MerchantTrouble::Frozen),
            _ => no_answer(format!("Shopify reported: {}", quoted(&error.message))),
        });
    }
    let data = reply.data.unwrap_or_default();
    serde_json::from_value(data)
        .map_err(|cause| no_answer(format!("Shopify's answer: {}", quoted(&cause.to_string()))))
}

impl Extensions {
    /// How long it takes to restore the points that the query lacked.
    fn wait(&self) -> Option<Duration> {
        let cost = self.cost.as_ref()?;
        let bucket = &cost.throttle_status;
        let missing = cost.requested_query_cost - bucket.currently_available;
        Duration::try_from_secs_f64((missing / bucket.restore_rate).max(0.0)).ok()
    }
}

/// The time to wait, in seconds such as "2.0".
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    Duration::try_from_secs_f64(seconds.trim().parse().ok()?).ok()
}

/// An answer that didn't come, or can't be used: the call may have had its effect.
pub(super) fn no_answer(cause: String) -> CallError {
    CallError::NoAnswer(cause)
}

/// An answer that isn't what was asked for. Its text isn't repeated: it may have a token.
pub(super) fn unreadable(cause: &serde_json::Error) -> CallError {
    let (line, column) = (cause.line(), cause.column());
    no_answer(format!(
        "Shopify's answer can't be read at line {line}, column {column}"
    ))
}

/// A text of Shopify's, cut for a message.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(MAX_QUOTED).collect()
}

fn unsent(error: &reqwest::Error) -> CallError {
    let mut text = if error.is_timeout() {
        "Shopify did not answer in time".to_owned()
    } else {
        "the connection to Shopify failed".to_owned()
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    no_answer(text)
}

#[cfg(test)]
mod tests;
