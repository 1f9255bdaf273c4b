//! GraphQL over HTTP: POST as JSON, POST as a multipart form with files, GET for what changes
//! nothing.
//!
//! Here: the GraphQL-over-HTTP specification, for any schema. Not here: authentication, which the
//! caller does before and passes in through `prepare`; what the fields return.
//!
//! Cross-site request forgery: a browser sends forms and plain text to any site without a
//! preflight. It does not do so for JSON, and no other content type is read as JSON; multipart
//! forms need an extra header, and GET runs no mutations.

mod body;
mod file_name;
pub(crate) mod media;
mod multipart;
mod parameters;
pub(crate) mod problem;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, ServerError};
use async_graphql_axum::GraphQLResponse;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::BoxStream;
use tower_http::request_id::RequestId;

use body::Body;
use media::{Accepted, Media};
use multipart::Form;
pub(crate) use parameters::Parameters;
use problem::Problem;

use crate::graphql::engine::allowance::retry_after;
use crate::graphql::engine::budget::{self, Unwritten};
use crate::graphql::engine::documents::Documents;
use crate::graphql::engine::execution::{Answer, Stage, execute};
use crate::graphql::engine::persisted::MayRun;
use crate::graphql::engine::uploads::Taker;
use crate::http::event_stream;
use crate::http::events::{self, Event};
use crate::localization::Language;

/// How much of a request is read.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Size of a JSON body, and of the `operations` part of a form.
    pub json_bytes: usize,
    /// Size of a whole form.
    pub form_bytes: usize,
    /// Size of one file.
    pub file_bytes: usize,
    /// Files in one form.
    pub files: usize,
}

impl BodyLimits {
    /// Limits for files of this size. A form may have a mebibyte beside them.
    #[must_use]
    pub fn for_files(file_bytes: usize) -> Self {
        Self {
            form_bytes: file_bytes.saturating_add(1024 * 1024),
            file_bytes,
            ..Self::default()
        }
    }
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            json_bytes: 1024 * 1024,
            form_bytes: 257 * 1024 * 1024,
            // Two million rows of a hundred bytes each; the concurrent uploads times this size fit
            // any disk.
            file_bytes: 256 * 1024 * 1024,
            files: 4,
        }
    }
}

/// A request that was read and may run.
pub struct Read<P> {
    request: async_graphql::Request,
    kind: OperationType,
    media: Media,
    request_id: String,
    /// Held until the request is answered, if it has files.
    place: Option<P>,
}

impl<P> Read<P> {
    /// Whether it is a mutation, whose effect is unknown if its response is lost.
    #[must_use]
    pub fn is_mutation(&self) -> bool {
        self.kind == OperationType::Mutation
    }

    /// The media type of its response.
    pub(crate) fn media(&self) -> Media {
        self.media
    }

    /// Whether it is a subscription, whose response is an event stream.
    #[must_use]
    pub fn is_subscription(&self) -> bool {
        self.kind == OperationType::Subscription
    }

    /// Starts a subscription. `prepare` adds what resolvers need.
    pub(super) fn subscribe<E: Executor>(
        self,
        executor: &E,
        prepare: impl FnOnce(async_graphql::Request) -> async_graphql::Request,
    ) -> BoxStream<'static, Event> {
        events::subscription(executor, prepare(self.request), self.request_id)
    }
}

/// Decides whose files and which documents are accepted; the endpoint's caller knows the viewer.
pub trait Gate: Sync {
    /// Held until the request is answered.
    type Place: Send;

    /// Admits a request with files for these root fields, before the first byte of a file is read.
    fn admit(
        &self,
        fields: &[&'static str],
    ) -> impl Future<Output = Result<Self::Place, Denied>> + Send;

    /// Which documents the caller may run.
    fn may_run(&self) -> MayRun {
        MayRun::Any
    }
}

/// Why a request with files is not admitted.
#[derive(Debug)]
pub enum Denied {
    /// The viewer may not use the field.
    Refused(ServerError),
    /// Too many uploads at the moment; the text says which limit.
    Busy(&'static str),
}

/// The endpoint: its limits, and a cache of documents. One per process, shared.
pub struct Endpoint {
    documents: Arc<Documents>,
    limits: BodyLimits,
    takers: &'static [Taker],
    /// Numbers requests without an id of the router's; unique in this process, as its log is.
    unnamed: AtomicU64,
}

impl Endpoint {
    /// An endpoint with these documents and limits of bodies, for a schema in which the fields
    /// `takers` take files.
    #[must_use]
    pub fn new(documents: Documents, bodies: BodyLimits, takers: &'static [Taker]) -> Self {
        Self {
            documents: Arc::new(documents),
            limits: bodies,
            takers,
            unnamed: AtomicU64::new(1),
        }
    }

    /// The document cache, for the WebSocket side to share.
    #[must_use]
    pub fn documents(&self) -> Arc<Documents> {
        Arc::clone(&self.documents)
    }

    /// Reads one request, and validates its document as far as possible without the schema. A JSON
    /// body may have `json_bytes`, and no more than the endpoint's own limit; `gate` admits files.
    /// `accepted` is what the client's `Accept` header says.
    ///
    /// # Errors
    /// The response, if there is nothing to run.
    pub async fn read<G: Gate>(
        &self,
        request: Request,
        accepted: Accepted,
        json_bytes: usize,
        gate: &G,
    ) -> Result<Read<G::Place>, Box<Response>> {
        let Some(media) = accepted.best else {
            return Err(Box::new(problem::not_acceptable().respond(Media::Json)));
        };
        let request_id = self.request_id(&request);
        let language = language_of(request.headers());
        let method = request.method().clone();
        let limits = BodyLimits {
            json_bytes: json_bytes.min(self.limits.json_bytes),
            ..self.limits
        };
        let refused = |problem: Problem| Box::new(problem.respond(media));
        let (mut request, place) = match body::read(request, &limits).await.map_err(refused)? {
            Body::Whole(request) => (request, None),
            Body::Form(mut form) => match self.admit(&mut form, gate).await {
                Ok(place) => (form.files().await.map_err(refused)?, Some(place)),
                Err(denied) => {
                    form.pass_over();
                    return Err(match denied {
                        Denied::Refused(error) => Box::new(encode(Answer::not_run(error), media)),
                        Denied::Busy(message) => refused(problem::busy(message)),
                    });
                }
            },
        };
        let kind = match self.documents.prepare(&mut request, gate.may_run()) {
            Ok(kind) => kind,
            Err(error) => return Err(Box::new(encode(Answer::not_run(error), media))),
        };
        match kind {
            OperationType::Mutation if method == Method::GET => {
                Err(refused(problem::mutation_by_get()))
            }
            OperationType::Subscription if !accepted.events => {
                Err(refused(problem::subscription_over_http()))
            }
            kind => Ok(Read {
                request: request.data(language),
                kind,
                media,
                request_id,
                place,
            }),
        }
    }

    /// Runs a request that was read. `prepare` adds what resolvers need: the viewer, the loaders.
    pub async fn run<E: Executor, P>(
        &self,
        executor: &E,
        read: Read<P>,
        prepare: impl FnOnce(async_graphql::Request) -> async_graphql::Request + Send,
    ) -> Response {
        let Read {
            request,
            kind,
            media,
            request_id,
            place: _place,
        } = read;
        encode(
            execute(executor, prepare(request), kind, &request_id).await,
            media,
        )
    }

    /// Reads a request and runs it.
    #[cfg(test)]
    async fn respond<E: Executor>(
        &self,
        executor: &E,
        request: Request,
        prepare: impl FnOnce(async_graphql::Request) -> async_graphql::Request + Send,
        gate: &impl Gate,
    ) -> Response {
        let accepted = media::negotiate(request.headers());
        match self.read(request, accepted, usize::MAX, gate).await {
            Ok(read) => self.run(executor, read, prepare).await,
            Err(answer) => *answer,
        }
    }

    async fn admit<G: Gate>(&self, form: &mut Form, gate: &G) -> Result<G::Place, Denied> {
        let resolved = self.documents.resolve(&mut form.request, gate.may_run());
        resolved.map_err(Denied::Refused)?;
        let fields = self
            .documents
            .judge_uploads(&form.request, self.takers, &form.paths())
            .map_err(Denied::Refused)?;
        gate.admit(&fields).await
    }

    fn request_id(&self, request: &Request) -> String {
        request
            .extensions()
            .get::<RequestId>()
            .and_then(|id| id.header_value().to_str().ok())
            // An id may come from outside; it is written to the log and the response, so its length
            // is bounded.
            .filter(|id| (1..=128).contains(&id.len()))
            .map_or_else(
                || format!("unnamed-{}", self.unnamed.fetch_add(1, Ordering::Relaxed)),
                str::to_owned,
            )
    }
}

/// Per the specification: with the new media type the status reports the outcome; with plain JSON
/// it is 200 for every well-formed GraphQL request, and 500 only for a crash.
fn encode(mut answer: Answer, media: Media) -> Response {
    let wait = answer.response.errors.first().and_then(retry_after);
    if let Some(seconds) = wait
        && answer.stage == Stage::Refused
    {
        return rate_limited(answer, media, seconds);
    }
    if media == Media::EventStream {
        let extra = std::mem::take(&mut answer.response.http_headers);
        let mut response = event_stream::answer(&answer);
        response.headers_mut().extend(extra);
        return response;
    }
    let status = match (answer.stage, media) {
        (Stage::Executed, _) | (Stage::Refused, Media::Json) => StatusCode::OK,
        (Stage::Refused, Media::GraphqlResponse | Media::EventStream) => StatusCode::BAD_REQUEST,
        (Stage::Crashed, _) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    if answer.stage == Stage::Executed && budget::surely_fits(&answer.response) {
        let mut response = GraphQLResponse::from(answer.response).into_response();
        response.headers_mut().extend(headers(media));
        return response;
    }
    let extra = std::mem::take(&mut answer.response.http_headers);
    match budget::to_json(&answer) {
        Ok(body) => {
            let mut response = (status, headers(media), body).into_response();
            response.headers_mut().extend(extra);
            response
        }
        Err(Unwritten::TooLarge) => encode(Answer::refused(budget::too_many_bytes()), media),
        Err(Unwritten::NoJson(error)) => {
            tracing::error!(cause = %error, "a response can't be serialized as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The answer to an operation that its caller can't pay yet: its body can't be an event, because
/// clients of event streams repeat what failed, which is what they should do here.
fn rate_limited(answer: Answer, media: Media, seconds: u64) -> Response {
    let media = match media {
        Media::EventStream => Media::Json,
        Media::Json | Media::GraphqlResponse => media,
    };
    // Texts and codes always serialize.
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    let wait = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
    (StatusCode::TOO_MANY_REQUESTS, wait, headers(media), body).into_response()
}

/// The language that the caller prefers; English if it doesn't say.
pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let preferred = headers.get(header::ACCEPT_LANGUAGE);
    preferred
        .and_then(|value| value.to_str().ok())
        .map(Language::preferred)
        .unwrap_or_default()
}

/// Responses depend on the caller and on what it accepts: no shared cache may store them.
pub(super) fn headers(media: Media) -> HeaderMap {
    HeaderMap::from_iter([
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(media.content_type()),
        ),
        (
            header::VARY,
            HeaderValue::from_static("accept, accept-language, authorization"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ])
}

#[cfg(test)]
mod tests;
