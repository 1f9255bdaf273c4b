//! What is logged and counted of every request: its id for log lines, its span, its status and its
//! time.
//!
//! Here: requests as HTTP. Not here: GraphQL operations ([`crate::graphql::engine::measured`]), and
//! the metrics' names ([`crate::telemetry::metrics`]).

use std::{sync::LazyLock, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use metrics::Histogram;
use tracing::{Instrument, Span, field};

use super::REQUEST_ID;
use crate::telemetry::{
    context,
    logs::ACCESS,
    metrics::{Counters, RESPONSE_SECONDS, RESPONSES, UPLOADS},
    traces,
};

/// Every route, for the label of metrics. A path is never one: those of downloads and checkouts
/// contain tokens that grant access.
const ROUTES: [&str; 11] = [
    "/graphql",
    "/",
    "/assets/{*path}",
    "/graphiql",
    "/downloads/{token}/{file_name}",
    "/checkout/{token}",
    "/webhooks/{provider}",
    "/healthz",
    "/readyz",
    "/metrics",
    NO_ROUTE,
];
const NO_ROUTE: &str = "none";

/// The statuses that the server answers with.
const STATUSES: [&str; 24] = [
    "200", "101", "204", "206", "301", "302", "303", "304", "400", "401", "403", "404", "405",
    "406", "408", "410", "413", "415", "421", "429", "500", "503", "504", OTHER,
];
const OTHER: &str = "other";

struct Series {
    statuses: Counters,
    routes: Vec<(&'static str, Histogram)>,
}

static SERIES: LazyLock<Series> = LazyLock::new(|| Series {
    statuses: Counters::of(&RESPONSES, &[], STATUSES),
    routes: ROUTES
        .iter()
        .map(|route| (*route, RESPONSE_SECONDS.histogram(&[route])))
        .collect(),
});

/// Registers every series, at 0.
pub(super) fn register() {
    LazyLock::force(&SERIES);
    drop(UPLOADS.gauge(&[]));
}

/// Runs a request, and notes its response.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or(NO_ROUTE, MatchedPath::as_str);
    let known = SERIES.routes.iter().find(|(route, _)| *route == path);
    let route = known.map_or(NO_ROUTE, |(route, _)| *route);
    let id = request.headers().get(REQUEST_ID);
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or("unnamed");
    let method = name(request.method());
    let about = context::Request::new(id, method, route);
    // It names the route instead of the path.
    let span = traces::span!(
        "request",
        otel.kind = "server",
        otel.name = route,
        request_id = id,
        method,
        http.response.status_code = field::Empty
    );
    traces::accept(&span, request.headers());
    let answered = async {
        let response = next.run(request).await;
        note(&response, began, known.map(|(_, seconds)| seconds));
        response
    };
    about.run(answered.instrument(span)).await
}

fn note(response: &Response, began: Instant, seconds: Option<&Histogram>) {
    let took = began.elapsed();
    if let Some(seconds) = seconds {
        seconds.record(took);
    }
    let status = response.status();
    let text = status.as_str();
    let is_known = SERIES.statuses.knows(text);
    SERIES.statuses.add(if is_known { text } else { OTHER }, 1);
    let code = status.as_u16();
    Span::current().record("http.response.status_code", code);
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(target: ACCESS, status = code, milliseconds, "answered");
    if status == StatusCode::SERVICE_UNAVAILABLE {
        // A limit at work, or a fault that was already logged at its origin.
        tracing::debug!(milliseconds, "a request was answered 503");
    } else if status.is_server_error() {
        tracing::error!(status = code, milliseconds, "a request failed");
    }
}

/// A method's name; a client may invent one.
fn name(method: &Method) -> &'static str {
    let known = [
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let names = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"];
    let found = known.iter().zip(names).find(|(known, _)| *known == method);
    found.map_or("other", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{OTHER, SERIES};

    #[test]
    fn every_status_has_a_series() {
        for status in ["200", "503", OTHER] {
            assert!(SERIES.statuses.knows(status), "{status}");
        }
        assert!(!SERIES.statuses.knows("418"));
    }
}
