//! Errors of requests that are not valid GraphQL-over-HTTP.
//!
//! Here: status, code and text of each mistake in HTTP. Not here: errors in a document, which are
//! part of a GraphQL response.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::headers;
use super::media::Media;
use crate::graphql::engine::errors::{Code, code, coded};
use crate::graphql::engine::execution::Answer;
use crate::http::event_stream;

/// A request that is refused before anything runs.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Code,
    message: String,
    /// The allowed methods, if the method was wrong.
    allow: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            allow: None,
        }
    }

    /// The response, as GraphQL in the client's media type.
    ///
    /// A client of an event stream can't read the body of a failed response, and repeats the
    /// request. So it gets the error as an event, unless repeating is what it should do.
    pub(crate) fn respond(self, media: Media) -> Response {
        let answer = Answer::refused(coded(self.code, self.message));
        let is_final =
            self.status.is_client_error() && self.status != StatusCode::TOO_MANY_REQUESTS;
        if media == Media::EventStream && is_final {
            return event_stream::answer(&answer);
        }
        let media = match media {
            Media::EventStream => Media::Json,
            Media::Json | Media::GraphqlResponse => media,
        };
        // Texts and codes always serialize.
        let body = serde_json::to_vec(&answer).unwrap_or_default();
        let mut response = (self.status, headers(media), body).into_response();
        if let Some(allow) = self.allow {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

pub(super) fn bad_request(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message)
}

pub(super) fn batching() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        code::BATCHING_NOT_SUPPORTED,
        "Batches are not supported: send one operation per request; its document may select many fields.",
    )
}

pub(super) fn too_large(what: &str, limit_bytes: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        code::PAYLOAD_TOO_LARGE,
        format!("{what} has more than {limit_bytes} bytes."),
    )
}

pub(super) fn too_slow(silence: Duration) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        code::REQUEST_TIMEOUT,
        format!("No data arrived for {} seconds.", silence.as_secs()),
    )
}

pub(super) fn too_long(what: &str, limit: Duration) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        code::REQUEST_TIMEOUT,
        format!("{what} took more than {} seconds.", limit.as_secs()),
    )
}

pub(super) fn too_little(bytes: usize, within: Duration) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        code::REQUEST_TIMEOUT,
        format!(
            "The files arrived too slowly: at least {bytes} bytes are expected every {} seconds.",
            within.as_secs()
        ),
    )
}

pub(super) fn busy(message: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code::RATE_LIMITED, message)
}

pub(super) fn unsupported_type() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code::UNSUPPORTED_MEDIA_TYPE,
        "Send application/json in UTF-8, or multipart/form-data to upload files.",
    )
}

pub(super) fn preflight_missing() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        code::PREFLIGHT_REQUIRED,
        "A form needs the header GraphQL-Require-Preflight with any value, so that no other site's page can send it.",
    )
}

pub(super) fn not_acceptable() -> Problem {
    Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        code::NOT_ACCEPTABLE,
        "Responses are application/graphql-response+json, application/json or text/event-stream; accept one of them.",
    )
}

pub(super) fn method_not_allowed() -> Problem {
    Problem {
        allow: Some("GET, POST"),
        ..Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            code::METHOD_NOT_ALLOWED,
            "Send a POST, or a GET for a query.",
        )
    }
}

pub(super) fn mutation_by_get() -> Problem {
    Problem {
        allow: Some("POST"),
        ..Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            code::METHOD_NOT_ALLOWED,
            "Send a mutation by POST.",
        )
    }
}

pub(super) fn subscription_over_http() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        code::SUBSCRIPTION_NOT_SUPPORTED,
        "Subscribe with Accept: text/event-stream, or over a WebSocket at this address with the subprotocol graphql-transport-ws.",
    )
}

pub(super) fn storage_failed() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        code::INTERNAL_SERVER_ERROR,
        "The file could not be stored; try again later.",
    )
}
