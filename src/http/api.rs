//! The `/graphql` route: identifies the caller, applies its limits, and runs the GraphQL request.
//!
//! Here: requests over HTTP. Not here: WebSockets ([`socket`]), subscriptions as event streams
//! ([`subscription`]), and sending large responses ([`answer`]).

mod answer;
mod socket;
mod subscription;

use std::{sync::Arc, time::Duration};

use async_graphql::{Pos, Request};
use axum::{
    body::HttpBody,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use self::{answer::on_its_way, socket::socket, subscription::subscribe};
use super::{
    Server, Shared,
    address::Address,
    connections::Place,
    graphql::{
        BodyLimits, Denied as Barred, Gate, Read, language_of,
        media::{Accepted, Media, negotiate},
        problem::Problem,
    },
    on_behalf_of::acting_for,
    rates::retry_after_seconds,
    shares::{Caller, Denied},
    viewer::{Authentication, authenticate, may_run},
};
use crate::{
    fair::{self, Full, Line},
    graphql::engine::{
        errors::{ApiError, code},
        loaders,
        persisted::MayRun,
    },
    localization::Language,
    operations::{OperationError, Viewer, policy, viewer::Owner},
    telemetry::metrics::{Running, UPLOADS},
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
    let accepted = negotiate(request.headers());
    let media = accepted.best.unwrap_or(Media::Json);
    let address = Address::noted(request.extensions());
    let viewer = match authenticate(&shared.services, request.headers(), address).await {
        Ok(Authentication::Valid(viewer)) => match acting_for(viewer, request.headers()) {
            Ok(viewer) => Some(viewer),
            Err(wrong) => {
                return Problem::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, wrong)
                    .respond(media);
            }
        },
        Ok(Authentication::Anonymous) => None,
        Ok(Authentication::InvalidKey) => return invalid_key(shared, address, media),
        Ok(Authentication::Elsewhere) => {
            let language = language_of(request.headers());
            return elsewhere(shared, address, language, media);
        }
        Err(error) => return failed(&error, media),
    };
    let caller = Caller::new(viewer.as_ref(), address);
    if let Some(place) = request.extensions().get::<Place>()
        && !caller.is_anonymous()
    {
        place.belongs_to(caller.owner);
    }
    let uploads = is_upload(request.headers());
    if viewer.is_none() && uploads {
        // Files are kept on disk while they are read, which needs an account to count them against.
        return unauthenticated(
            "Uploads need authentication: send an API key in the header Authorization: Bearer <key>.",
            media,
        );
    }
    let answered = if uploads {
        upload(shared, request, accepted, caller, viewer).await
    } else {
        answer(shared, request, accepted, caller, viewer).await
    };
    answered.unwrap_or_else(|denied| denied_response(&denied, media))
}

/// Handles a request without files. It reserves room for its body before reading it, and a place
/// among the running requests only when the body is complete, so that a client that sends nothing
/// takes no place.
async fn answer(
    shared: &Arc<Shared>,
    request: axum::extract::Request,
    accepted: Accepted,
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
    let gate = Uploads::of(shared, viewer.clone());
    match shared
        .endpoint
        .read(request, accepted, most_bytes, &gate)
        .await
    {
        Ok(read) if read.is_subscription() => subscribe(shared, read, caller, viewer),
        Ok(read) => run(shared, read, caller, viewer, shared.capacity.request_time).await,
        Err(answer) => Ok(*answer),
    }
}

/// Handles a request with files, which has limits of its own.
async fn upload(
    shared: &Shared,
    request: axum::extract::Request,
    accepted: Accepted,
    caller: Caller,
    viewer: Option<Viewer>,
) -> Result<Response, Denied> {
    shared.shares.pay(&caller, 1)?;
    let gate = Uploads::of(shared, viewer.clone());
    let answered = async {
        let read = shared.endpoint.read(request, accepted, usize::MAX, &gate);
        match read.await {
            Ok(read) => run(shared, read, caller, viewer, shared.capacity.upload_time).await,
            Err(answer) => Ok(*answer),
        }
    };
    let answered = tokio::time::timeout(shared.capacity.upload_time, answered).await;
    answered.unwrap_or_else(|_| Ok(timed_out(accepted.best.unwrap_or(Media::Json))))
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
    let (is_mutation, media) = (read.is_mutation(), read.media());
    let kept = Arc::clone(&place);
    let answer = shared.endpoint.run(&shared.schema, read, |request| {
        with_viewer(request, shared, &caller, viewer).data(kept)
    });
    match tokio::time::timeout(most, answer).await {
        Ok(response) => match on_its_way(&shared.shares, caller, response).await {
            Ok(response) => Ok(response),
            // A mutation may have taken effect, so the response must not suggest a plain retry.
            Err(_) if is_mutation => Ok(timed_out(media)),
            Err(denied) => Err(denied),
        },
        Err(_) => Ok(timed_out(media)),
    }
}

/// A mutation continues in the background: repeating it with its idempotency key returns the
/// outcome.
fn timed_out(media: Media) -> Response {
    let problem = Problem::new(
        StatusCode::GATEWAY_TIMEOUT,
        code::UNAVAILABLE,
        "The request timed out. A mutation may still take effect; send it again with the same idempotencyKey to get its result.",
    );
    problem.respond(media)
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

/// Admits the documents that a viewer's key may run, and files of viewers who may use the fields
/// that take them: a few at once, shared fairly by account.
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
    type Place = (fair::Place<Owner>, Running);

    fn may_run(&self) -> MayRun {
        self.viewer.as_ref().map(may_run).unwrap_or_default()
    }

    async fn admit(&self, fields: &[&'static str]) -> Result<Self::Place, Barred> {
        for field in fields {
            policy::authorise(self.viewer.as_ref(), field).map_err(|error| {
                let error = async_graphql::Error::from(ApiError::from(error));
                Barred::Refused(error.into_server_error(Pos::default()))
            })?;
        }
        let owner = self.viewer.as_ref();
        let owner = owner.map_or(Owner::Nobody, Viewer::reads_as);
        let place = self.line.take(owner).await;
        let place = place.map(|place| (place, Running::one(&UPLOADS.gauge(&[]))));
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
fn denied_response(denied: &Denied, media: Media) -> Response {
    denied.count();
    let status = match denied {
        Denied::Share | Denied::Subscriptions | Denied::Rate(_) => StatusCode::TOO_MANY_REQUESTS,
        Denied::Full => StatusCode::SERVICE_UNAVAILABLE,
    };
    let wait = retry_after_seconds(denied.retry_after()).to_string();
    let body = Problem::new(status, code::RATE_LIMITED, denied.message()).respond(media);
    ([(header::RETRY_AFTER, wait)], body).into_response()
}

/// The response to a request that needs a key and has none that works.
fn unauthenticated(message: &str, media: Media) -> Response {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    let mut response = problem.respond(media);
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

/// Adds what a request needs: the bucket that it is paid from, and for resolvers the viewer and
/// loaders.
fn with_viewer(
    request: Request,
    shared: &Shared,
    caller: &Caller,
    viewer: Option<Viewer>,
) -> Request {
    let services = &shared.services;
    let request = match shared.shares.allowance(caller, viewer.as_ref()) {
        Some(allowance) => request.data(allowance),
        None => request,
    };
    match viewer {
        None => request,
        Some(viewer) => request
            .data(viewer.clone())
            .data(loaders::for_viewer(services, viewer)),
    }
}

/// The response to a key that does not work.
fn invalid_key(shared: &Shared, address: Address, media: Media) -> Response {
    match shared.wrong_keys.count(address) {
        Ok(()) => unauthenticated(
            "The API key or access token is invalid: it is wrong, revoked or expired.",
            media,
        ),
        Err(wait) => too_many_wrong_keys(wait, media),
    }
}

/// The response to a key that is bound to other networks. It counts as a wrong key, because whoever
/// shows it may have stolen it, and doesn't say which networks they are.
fn elsewhere(shared: &Shared, address: Address, language: Language, media: Media) -> Response {
    if let Err(wait) = shared.wrong_keys.count(address) {
        return too_many_wrong_keys(wait, media);
    }
    let message = text!(
        "The API key or access token doesn't work from {address}; use it from one of the key's allowedAddresses.",
        address = address,
    );
    let message = message.in_language(language);
    Problem::new(StatusCode::FORBIDDEN, code::FORBIDDEN, message).respond(media)
}

fn too_many_wrong_keys(wait: Duration, media: Media) -> Response {
    let seconds = retry_after_seconds(wait);
    let message = format!(
        "The API key is invalid, and this address has sent too many invalid keys; wait {seconds} s."
    );
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED, message);
    let body = problem.respond(media);
    ([(header::RETRY_AFTER, seconds.to_string())], body).into_response()
}

fn failed(error: &OperationError, media: Media) -> Response {
    match error {
        // The outage of the database has its own line.
        OperationError::Unavailable | OperationError::Lost => {
            tracing::debug!(?error, "the caller's key can't be checked");
        }
        other => tracing::error!(error = ?other, "the caller's key can't be checked"),
    }
    let message = "The service is temporarily unavailable; try again later.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, message).respond(media)
}
