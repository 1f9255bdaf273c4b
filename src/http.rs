//! HTTP: routing, and the limits and headers that apply to every response.
//!
//! Here: routes, timeouts and response headers. Not here: what GraphQL fields return.

pub mod address;
mod api;
pub mod capacity;
pub mod checkout;
pub mod connections;
pub mod cors;
mod cost_buckets;
pub mod downloads;
mod event_stream;
mod events;
pub mod graphql;
mod health;
mod hosts;
mod observed;
mod on_behalf_of;
mod pages;
pub mod rates;
pub mod shares;
mod viewer;
mod webhooks;
pub mod websocket;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware,
    routing::{get, post},
};
use tokio_util::sync::CancellationToken;
use tower::util::{MapRequestLayer, option_layer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    sensitive_headers::SetSensitiveRequestHeadersLayer,
    set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};
use url::Url;

use self::{
    capacity::Capacity,
    connections::Stopping,
    cors::CorsOrigins,
    graphql::{BodyLimits, Endpoint},
    health::Readiness,
    hosts::Hosts,
    shares::{Rates, Shares},
    viewer::WrongKeys,
    websocket::{SocketLimits, Sockets},
};
use crate::{
    clock::Clock,
    config::serving::Shown,
    fair::{Bounds, Line},
    graphql::{
        engine::{
            documents::Documents, limits::Limits, measured, persisted::Trusted, uploads::TAKERS,
        },
        schema::Schema,
    },
    operations::{Services, viewer::Owner},
};

/// Requests with files that run at once, their imports included, unless the operator sets another
/// number: each keeps up to 256 MiB on disk. An account may hold as many as it may have imports
/// running and queued, so it takes two other accounts to fill the rest.
const UPLOADS: Bounds = Bounds {
    places: 12,
    reserved: 0,
    share: 4,
    waiting: 64,
    waiting_share: 4,
    patience: Duration::from_secs(5),
};
/// After one response over TLS, browsers use TLS only for this host name for a year. Subdomains are
/// not included: they may belong to somebody else.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// The header that carries a request's id, in both directions.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// State shared by all routes.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    services: Services,
    schema: Schema,
    endpoint: Endpoint,
    wrong_keys: WrongKeys,
    sockets: Sockets,
    readiness: Readiness,
    shown: Shown,
    demo_key: Option<String>,
    /// Cancelled when the server is about to stop.
    leaving: CancellationToken,
    capacity: Capacity,
    /// What each account, key and address may use.
    shares: Shares,
    /// Requests with files in progress.
    uploads: Line<Owner>,
}

impl Server {
    /// Shared state over these operations. `demo_key` is offered in the browser under a demo's host
    /// names only; requests may name documents of `trusted`; `rates` limits how fast each client
    /// may send requests, and `capacity` what all of them may do at once.
    #[must_use]
    pub fn new(
        services: Services,
        schema: Schema,
        stopping: impl Into<Stopping>,
        shown: Shown,
        demo_key: Option<String>,
        trusted: Trusted,
        (rates, capacity): (Rates, Capacity),
    ) -> Self {
        let Stopping { leaving, draining } = stopping.into();
        let limits = Limits {
            introspection: shown.introspection,
            ..Limits::default()
        };
        let documents = Documents::with(limits, trusted);
        let bodies = BodyLimits::for_files(capacity.file_bytes);
        let endpoint = Endpoint::new(documents, bodies, TAKERS);
        let sockets = Sockets {
            documents: endpoint.documents(),
            limits: SocketLimits::default(),
            drain: draining,
        };
        measured::register();
        observed::register();
        Self(Arc::new(Shared {
            services,
            schema,
            endpoint,
            wrong_keys: WrongKeys::default(),
            sockets,
            readiness: Readiness::default(),
            shown,
            demo_key,
            leaving,
            capacity,
            shares: Shares::new(rates, capacity.requests),
            uploads: Line::new(Bounds {
                places: capacity.uploads,
                ..UPLOADS
            }),
        }))
    }
}

/// Every route of the server. Pages from `cors_origins` may call the API and download files.
pub fn router(server: Server, cors_origins: &CorsOrigins) -> Router {
    let services = server.0.services.clone();
    let clock = services.clock().clone();
    let (shown, is_demo) = (server.0.shown, server.0.demo_key.is_some());
    let capacity = server.0.capacity;
    let mut timed = Router::new()
        .route("/", get(pages::managers))
        .route("/assets/{*path}", get(pages::asset))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/webhooks/{provider}", post(webhooks::receive));
    if shown.graphiql {
        timed = timed.route("/graphiql", get(pages::graphiql));
    }
    if shown.metrics {
        timed = timed.route("/metrics", get(health::metrics));
    }
    let api = Router::new()
        .route("/graphql", get(api::get).post(api::post))
        .layer(option_layer(cors_origins.layer()));
    let routes = Router::new()
        .merge(api)
        .merge(timed.layer(timeout(capacity.request_time)))
        .with_state(server)
        .merge(
            checkout::routes()
                .with_state(services.clone())
                .layer(timeout(capacity.request_time)),
        )
        .merge(
            downloads::routes(&capacity)
                .with_state(services.clone())
                .layer(option_layer(cors_origins.layer())),
        );
    let routes = guarded(routes, services.public_url(), is_demo);
    routes
        // The GraphQL endpoint enforces its own limits, whose errors say what is wrong.
        .layer(DefaultBodyLimit::disable())
        .layer(CompressionLayer::new().compress_when(
            // Workbooks are already compressed, and compression would delay a stream's first bytes.
            DefaultPredicate::new().and(NotForContentType::const_new("application/vnd.")),
        ))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(observed::observe))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId(clock)))
        .layer(MapRequestLayer::new(without_odd_id))
        .layer(SetSensitiveRequestHeadersLayer::new([
            header::AUTHORIZATION,
        ]))
}

/// Adds the security headers of every response, and a demo's check of host names.
fn guarded(routes: Router, public_url: &Url, is_demo: bool) -> Router {
    let fixed = |name, value| SetResponseHeaderLayer::if_not_present(name, value);
    let mut routes = routes
        .layer(fixed(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(fixed(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ))
        // No page of another origin shares a window or a process with these responses. A payment
        // page leads back by a redirect, which needs neither.
        .layer(fixed(
            OPENER_POLICY,
            HeaderValue::from_static("same-origin"),
        ))
        .layer(fixed(
            RESOURCE_POLICY,
            HeaderValue::from_static("same-origin"),
        ));
    if public_url.scheme() == "https" {
        routes = routes.layer(fixed(
            header::STRICT_TRANSPORT_SECURITY,
            STRICT_TRANSPORT_SECURITY,
        ));
    }
    if is_demo {
        let hosts = Hosts::of(public_url.clone());
        routes = routes.layer(middleware::from_fn_with_state(hosts, hosts::check));
    }
    routes
}

/// Routes for the operators, on a listener of its own, so that a flood on the public one can't
/// delay them.
pub fn administration(server: Server) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .layer(timeout(server.0.capacity.request_time))
        .layer(CatchPanicLayer::new())
        .with_state(server)
}

fn timeout(most: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, most)
}

/// The longest request id that is accepted from a caller: longer than any in common use, and far
/// below the size of response headers that proxies allow.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// Drops an id with unusual characters, so that the request gets a generated one: the id is echoed
/// in the response and written to logs.
fn without_odd_id<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    let is_plain = |id: &HeaderValue| {
        let is_sign =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(is_sign)
    };
    let headers = request.headers_mut();
    let mut ids = headers.get_all(REQUEST_ID).iter();
    let is_fit = ids.next().is_none_or(is_plain) && ids.next().is_none();
    if !is_fit {
        headers.remove(REQUEST_ID);
    }
    request
}

/// Generates ids for requests without one.
#[derive(Debug, Clone)]
struct NewRequestId(Clock);

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _request: &axum::http::Request<B>) -> Option<RequestId> {
        // A UUID has only characters that are valid in a header.
        HeaderValue::from_str(&self.0.new_id().to_string())
            .ok()
            .map(RequestId::new)
    }
}
