//! What watches the server: is it alive, is it ready, and its metrics.
//!
//! Here: what those are told who run it. Not here: which of it strangers are shown, which the router knows.

use std::time::Duration;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::{sync::Mutex, time::Instant};

use super::Server;
use crate::store;

/// How long an answer of the database stands for the next who ask. Supervisors ask every few seconds, and strangers
/// may ask as often as they like: the database is asked once a second at most.
const FRESH: Duration = Duration::from_secs(1);

/// Alive: the process answers.
pub(super) async fn alive() -> &'static str {
    "alive"
}

/// What was last known of the database.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Database)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Database {
    Ready,
    OtherSchema,
    NoAnswer,
}

impl Readiness {
    /// What is known, asked again if it is too old. Those who ask meanwhile wait for that answer.
    async fn known(&self, ask: impl AsyncFnOnce() -> Database) -> Database {
        let mut known = self.0.lock().await;
        if let Some((at, state)) = *known
            && at.elapsed() < FRESH
        {
            return state;
        }
        let state = ask().await;
        *known = Some((Instant::now(), state));
        state
    }
}

/// Ready: the database answers, and its schema is this version's. It says, too, if credits are given for nothing.
pub(super) async fn ready(State(server): State<Server>) -> Response {
    let services = &server.0.services;
    let failed = |text: &'static str| (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    let ask = async || match store::is_ready(&services.store).await {
        Ok(true) => Database::Ready,
        Ok(false) => Database::OtherSchema,
        Err(cause) => {
            tracing::error!(%cause, "not ready");
            Database::NoAnswer
        }
    };
    match server.0.readiness.known(ask).await {
        Database::Ready if services.sells_for_nothing() => {
            "ready\npayments: sandbox (nobody is charged, and the credits are real)\n"
                .into_response()
        }
        Database::Ready => "ready".into_response(),
        Database::OtherSchema => failed("the database's schema is not this version's"),
        Database::NoAnswer => failed("the database does not answer"),
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

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use futures_util::future::join_all;

    use super::{Database, FRESH, Readiness};

    #[tokio::test(start_paused = true)]
    async fn the_database_is_asked_once_a_second_whoever_asks() {
        let readiness = Readiness::default();
        let asked = AtomicUsize::new(0);
        let known = |state: Database| {
            let asked = &asked;
            readiness.known(async move || {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
                state
            })
        };
        let answers = join_all((0..100).map(|_| known(Database::Ready))).await;
        assert!(answers.iter().all(|answer| *answer == Database::Ready));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(FRESH - Duration::from_millis(1)).await;
        assert_eq!(known(Database::NoAnswer).await, Database::Ready);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(known(Database::NoAnswer).await, Database::NoAnswer);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
