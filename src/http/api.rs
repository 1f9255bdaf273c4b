//! The `/graphql` route: identifies the caller, applies its limits, and runs the GraphQL request.
//!
//! Here: requests over HTTP. Not here: WebSockets ([`socket`]), and sending large responses
//! ([`answer`]).

mod answer;
mod socket;

use std::{sync::Arc, time::Duration};

use async_graphql::{Pos, Request};
use axum::{
    Json,
    body::HttpBody,
    extract::State,
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use self::{answer::on_its_way, socket::socket};
use super::{
    Server, Shared,
    address::Address,
    connections::Place,
    graphql::{BodyLimits, Denied as Barred, Gate, Read},
    rates::retry_after_seconds,
    shares::{Caller, Denied},
    viewer::{Authentication, authenticate},
};
use crate::{
    fair::{self, Full, Line},
    graphql::engine::{
        errors::{ApiError, code},
        loaders,
    },
    operations::{OperationError, Services, Viewer, policy, viewer::Owner},
};

/// Handles a POST.
pub(super) async fn post(
    State(server): State<Server>,
    request: axum::extract::Request,
) -> Response {
    respond(&server, request).await
}

/// Handles a GET: a query, or the handshake of a WebSocket.
pub(super) async fn get(State(server): State<Server>, request: axum::extract::Request) -> Response {
    let upgrades = request.headers().get(header::UPGRADE);
    if upgrades.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return socket(&server, request).await;
    }
    respond(&server, request).await
}

async fn respond(server: &Server, request: axum::extract::Request) -> Response {
    let shared = &server.0;
    let viewer = match authenticate(&shared.services, request.headers()).await {
        Ok(Authentication::Valid(viewer)) => Some(viewer),
        Ok(Authentication::Anonymous) => None,
        Ok(Authentication::InvalidKey) => return invalid_key(shared, request.extensions()),
        Err(error) => return failed(&error),
    };
    let caller = Caller::new(viewer.as_ref(), Address::noted(request.extensions()));
    if let Some(place) = request.extensions().get::<Place>()
        && !caller.is_anonymous()
    {
        place.belongs_to(caller.owner);
    }
    let uploads = is_upload(request.headers());
    if viewer.is_none() && uploads {
        // Files are kept on disk while they are read, which needs an account to count them against.
        return refused(
            StatusCode::UNAUTHORIZED,
            code::UNAUTHENTICATED,
            "Uploads need authentication: send an API key in the header Authorization: Bearer <key>.",
        );
    }
    let answered = if uploads {
        upload(shared, request, caller, viewer).await
    } else {
        answer(shared, request, caller, viewer).await
    };
    answered.unwrap_or_else(|denied| denied_response(&denied))
}

/// Handles a request without files. It reserves room for its body before reading it, and a place
/// among the running requests only when the body is complete, so that a client that sends nothing
/// takes no place.
async fn answer(
    shared: &Shared,
    request: axum::extract::Request,
    caller: Caller,
    viewer: Option<Viewer>,
) -> Result<Response, Denied> {
    let most_bytes = if caller.is_anonymous() {
        ANONYMOUS_JSON_BYTES
    } else {
        usize::MAX
    };
    let bytes = body_bytes(&request);
    shared.shares.pay(&caller, cost(bytes))?;
    let _body = shared.shares.body(&caller, bytes.min(most_bytes)).await?;
    let gate = Uploads::of(shared, viewer);
    match shared.endpoint.read(request, most_bytes, &gate).await {
        Ok(read) => run(shared, read, caller, viewer, shared.capacity.request_time).await,
        Err(answer) => Ok(*answer),
    }
}

/// Handles a request with files, which has limits of its own.
async fn upload(
    shared: &Shared,
    request: axum::extract::Request,
    caller: Caller,
    viewer: Option<Viewer>,
) -> Result<Response, Denied> {
    shared.shares.pay(&caller, 1)?;
    let gate = Uploads::of(shared, viewer);
    let answered = async {
        match shared.endpoint.read(request, usize::MAX, &gate).await {
            Ok(read) => run(shared, read, caller, viewer, shared.capacity.upload_time).await,
            Err(answer) => Ok(*answer),
        }
    };
    let answered = tokio::time::timeout(shared.capacity.upload_time, answered).await;
    answered.unwrap_or_else(|_| Ok(timed_out()))
}

/// Runs a request that was read, when it is its turn.
async fn run(
    shared: &Shared,
    read: Read<impl Send>,
    caller: Caller,
    viewer: Option<Viewer>,
    most: Duration,
) -> Result<Response, Denied> {
    // The request keeps its place for as long as it runs: a mutation continues after its caller has
    // gone.
    let place = Arc::new(shared.shares.request(&caller).await?);
    let services = &shared.services;
    let is_mutation = read.is_mutation();
    let kept = Arc::clone(&place);
    let answer = shared.endpoint.run(&shared.schema, read, |request| {
        with_viewer(request, services, viewer).data(kept)
    });
    match tokio::time::timeout(most, answer).await {
        Ok(response) => match on_its_way(&shared.shares, caller, response).await {
            Ok(response) => Ok(response),
            // A mutation may have taken effect, so the response must not suggest a plain retry.
            Err(_) if is_mutation => Ok(timed_out()),
            Err(denied) => Err(denied),
        },
        Err(_) => Ok(timed_out()),
    }
}

/// A mutation continues in the background: repeating it with its idempotency key returns the
/// outcome.
fn timed_out() -> Response {
    refused(
        StatusCode::GATEWAY_TIMEOUT,
        code::UNAVAILABLE,
        "The request timed out. A mutation may still take effect; send it again with the same idempotencyKey to get its result.",
    )
}

/// The largest JSON body without a key: six bytes for each of the 39,015 characters of the longest
/// text.
const ANONYMOUS_JSON_BYTES: usize = 256 * 1024;
/// A body costs one request for every this many bytes.
const BYTES_A_TOKEN: usize = 16 * 1024;

/// A body's size as declared by the request.
fn body_bytes(request: &axum::extract::Request) -> usize {
    let hint = request.body().size_hint();
    let bytes = hint
        .upper()
        .unwrap_or(BodyLimits::default().json_bytes as u64);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// A request's cost: one token, and more for a large body.
pub(super) fn cost(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_A_TOKEN).map_or(u32::MAX, |tokens| tokens.saturating_add(1))
}

/// Admits files of viewers who may use the fields that take them: a few at once, shared fairly by
/// account.
struct Uploads<'a> {
    viewer: Option<Viewer>,
    line: &'a Line<Owner>,
}

impl<'a> Uploads<'a> {
    fn of(shared: &'a Shared, viewer: Option<Viewer>) -> Self {
        Self {
            viewer,
            line: &shared.uploads,
        }
    }
}

impl Gate for Uploads<'_> {
    type Place = fair::Place<Owner>;

    async fn admit(&self, fields: &[&'static str]) -> Result<Self::Place, Barred> {
        for field in fields {
            policy::authorise(self.viewer.as_ref(), field).map_err(|error| {
                let error = async_graphql::Error::from(ApiError::from(error));
                Barred::Refused(error.into_server_error(Pos::default()))
            })?;
        }
        let owner = self
            .viewer
            .map_or(Owner::Nobody, |viewer| viewer.reads_as());
        let place = self.line.take(owner).await;
        place.map_err(|full| {
            Barred::Busy(match full {
                Full::All => "The server is handling as many uploads as it can; try again later.",
                Full::Owner => {
                    "An account may have at most 4 uploads at a time; try again when one is done."
                }
            })
        })
    }
}

fn is_upload(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes());
    kind.and_then(|kind| kind.get(..10))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"))
}

/// The response to a client that has used up its share or its rate.
fn denied_response(denied: &Denied) -> Response {
    denied.count();
    let status = match denied {
        Denied::Share | Denied::Rate(_) => StatusCode::TOO_MANY_REQUESTS,
        Denied::Full => StatusCode::SERVICE_UNAVAILABLE,
    };
    let wait = retry_after_seconds(denied.retry_after()).to_string();
    let body = refused(status, code::RATE_LIMITED, &denied.message());
    ([(header::RETRY_AFTER, wait)], body).into_response()
}

/// An error from before GraphQL, in GraphQL's form.
fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    (status, Json(body)).into_response()
}

/// Adds what resolvers need: the viewer, and loaders for this request.
fn with_viewer(request: Request, services: &Services, viewer: Option<Viewer>) -> Request {
    match viewer {
        None => request,
        Some(viewer) => request
            .data(viewer)
            .data(loaders::for_viewer(services, viewer)),
    }
}

/// The response to a key that does not work.
fn invalid_key(shared: &Shared, extensions: &Extensions) -> Response {
    if let Err(wait) = shared.wrong_keys.count(Address::noted(extensions)) {
        let seconds = retry_after_seconds(wait);
        let message = format!(
            "The API key is invalid, and this address has sent too many invalid keys; wait {seconds} s."
        );
        let body = refused(StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED, &message);
        return ([(header::RETRY_AFTER, seconds.to_string())], body).into_response();
    }
    let message = "The API key is invalid: it is wrong, revoked or expired.";
    let body = refused(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    ([(header::WWW_AUTHENTICATE, "Bearer")], body).into_response()
}

fn failed(error: &OperationError) -> Response {
    match error {
        // The outage of the database has its own line.
        OperationError::Unavailable | OperationError::Lost => {
            tracing::debug!(?error, "the caller's key can't be checked");
        }
        other => tracing::error!(error = ?other, "the caller's key can't be checked"),
    }
    let message = "The service is temporarily unavailable; try again later.";
    refused(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, message)
}
