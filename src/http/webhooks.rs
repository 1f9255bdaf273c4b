//! Webhooks of payment providers: `POST /webhooks/{provider}`.
//!
//! Here: reading the body as it was signed, within limits, and the answer; each outcome is counted.
//! Nothing of a body is logged. There is no key and no CORS: the signature says who sends. Not
//! here: signatures ([`crate::payments`]), and what a webhook leads to
//! ([`crate::operations::webhook`]).

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    extract::{Path, Request, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::{
    Server, Shared,
    address::Address,
    api::cost,
    rates::retry_after_seconds,
    shares::{Caller, Denied},
};
use crate::{
    operations::{
        OperationError,
        webhook::{self, Received, WebhookError},
    },
    payments::Rejected,
};

/// The largest body. Those that providers send have a few kilobytes.
const MAX_BODY_BYTES: usize = 256 * 1_024;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long the rest of a body is read that is too large: a client that is still sending may not
/// see the answer.
const DISCARD_TIME: Duration = Duration::from_secs(2);
/// How long storing may take. Providers wait five seconds for an answer and send again later.
const STORE_TIME: Duration = Duration::from_secs(3);

/// What became of a request.
enum Outcome {
    Accepted,
    Duplicate,
    UnknownProvider,
    Unsigned,
    Stale,
    Unreadable,
    Oversized,
    Slow,
    Denied(Denied),
    Failed,
}

impl Outcome {
    /// The label of the counter.
    fn label(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::UnknownProvider => "unknown_provider",
            Self::Unsigned => "unsigned",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
            Self::Oversized => "oversized",
            Self::Slow => "slow",
            Self::Denied(_) => "denied",
            Self::Failed => "failed",
        }
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let status = |status: StatusCode, text: &'static str| (status, text).into_response();
        match self {
            Self::Accepted | Self::Duplicate => status(StatusCode::OK, "received\n"),
            Self::UnknownProvider => status(
                StatusCode::NOT_FOUND,
                "No payment provider of this name sends webhooks here.\n",
            ),
            Self::Unsigned => status(
                StatusCode::UNAUTHORIZED,
                "The signature is missing or wrong.\n",
            ),
            Self::Stale => status(
                StatusCode::UNAUTHORIZED,
                "The signature's time is too far from this server's.\n",
            ),
            Self::Unreadable => status(StatusCode::BAD_REQUEST, "The body can't be read.\n"),
            Self::Oversized => status(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body has more than 262,144 bytes.\n",
            ),
            Self::Slow => status(
                StatusCode::REQUEST_TIMEOUT,
                "The body took more than 10 seconds.\n",
            ),
            Self::Denied(denied) => {
                denied.count();
                let code = match denied {
                    Denied::Share | Denied::Subscriptions | Denied::Rate(_) => {
                        StatusCode::TOO_MANY_REQUESTS
                    }
                    Denied::Full => StatusCode::SERVICE_UNAVAILABLE,
                };
                let wait = retry_after_seconds(denied.retry_after()).to_string();
                (code, [(header::RETRY_AFTER, wait)], denied.message()).into_response()
            }
            Self::Failed => (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "5")],
                "The webhook was not stored; send it again.\n",
            )
                .into_response(),
        }
    }
}

/// Takes a webhook.
pub(super) async fn receive(
    State(server): State<Server>,
    provider: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let shared = &server.0;
    let name = provider.map(|Path(name)| name).unwrap_or_default();
    // Labels are bounded: strangers can write any name.
    let known = shared.services.webhook_provider(&name);
    let outcome = match known {
        Some(provider) => taken(shared, provider, request)
            .await
            .unwrap_or_else(Outcome::Denied),
        None => pay(shared, &request)
            .err()
            .map_or(Outcome::UnknownProvider, Outcome::Denied),
    };
    webhook::count(known, outcome.label());
    outcome.into_response()
}

fn size(request: &Request) -> usize {
    let bytes = request.body().size_hint().upper();
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.unwrap_or(MAX_BODY_BYTES).min(MAX_BODY_BYTES)
}

/// Charges the request to its address.
fn pay(shared: &Shared, request: &Request) -> Result<Caller, Denied> {
    let caller = Caller::new(None, Address::noted(request.extensions()));
    shared.shares.pay(&caller, cost(size(request)))?;
    Ok(caller)
}

async fn taken(
    shared: &Shared,
    provider: &'static str,
    request: Request,
) -> Result<Outcome, Denied> {
    let caller = pay(shared, &request)?;
    let _room = shared.shares.body(&caller, size(&request)).await?;
    let (head, body) = request.into_parts();
    let body = match whole(body).await {
        Ok(body) => body,
        Err(outcome) => return Ok(outcome),
    };
    let receiving = shared
        .services
        .receive_webhook(provider, &head.headers, &body);
    Ok(match timeout(STORE_TIME, receiving).await {
        Ok(Ok(Received::Stored)) => Outcome::Accepted,
        Ok(Ok(Received::Again)) => Outcome::Duplicate,
        Ok(Err(WebhookError::UnknownProvider)) => Outcome::UnknownProvider,
        Ok(Err(WebhookError::Rejected(Rejected::Signature))) => Outcome::Unsigned,
        Ok(Err(WebhookError::Rejected(Rejected::Stale))) => Outcome::Stale,
        Ok(Err(WebhookError::Rejected(Rejected::Unreadable | Rejected::NotSupported))) => {
            Outcome::Unreadable
        }
        Ok(Err(WebhookError::Failed(cause))) => failed(provider, &cause),
        Err(_) => {
            tracing::warn!(provider, "storing a webhook took too long");
            Outcome::Failed
        }
    })
}

fn failed(provider: &str, cause: &OperationError) -> Outcome {
    tracing::error!(provider, ?cause, "a webhook could not be stored");
    Outcome::Failed
}

/// The whole body, or why there is none.
async fn whole(body: Body) -> Result<BytesMut, Outcome> {
    let announced = body.size_hint().lower();
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    let reading = async {
        if announced > MAX_BODY_BYTES as u64 {
            return Err(Outcome::Oversized);
        }
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Outcome::Unreadable)?;
            if whole.len().saturating_add(chunk.len()) > MAX_BODY_BYTES {
                return Err(Outcome::Oversized);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(())
    };
    match timeout(BODY_TIME, reading).await {
        Ok(Ok(())) => Ok(whole),
        Ok(Err(outcome)) => {
            let rest = async { while let Some(Ok(_)) = chunks.next().await {} };
            drop(timeout(DISCARD_TIME, rest).await);
            Err(outcome)
        }
        Err(_) => Err(Outcome::Slow),
    }
}
