//! What watches the server: is it alive, is it ready, and its metrics.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};

use super::Server;
use crate::store;

/// Alive: the process answers.
pub(super) async fn alive() -> &'static str {
    "alive"
}

/// Ready: the database answers, and its schema is this version's.
pub(super) async fn ready(State(server): State<Server>) -> impl IntoResponse {
    match store::is_ready(&server.0.services.store).await {
        Ok(true) => (StatusCode::OK, "ready"),
        Ok(false) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database's schema is not this version's",
        ),
        Err(cause) => {
            tracing::error!(%cause, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer",
            )
        }
    }
}

/// Metrics in Prometheus's text format.
pub(super) async fn metrics(State(server): State<Server>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        server.0.metrics.render(),
    )
}
