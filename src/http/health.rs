//! Health checks: whether the server is alive, whether it is ready, and its metrics.
//!
//! Here: the responses for operators. Not here: which of them the public may see, which the router
//! decides.

use std::time::Duration;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sea_orm::DbErr;
use tokio::{sync::Mutex, time::Instant};

use super::Server;
use crate::{
    operations::Standing,
    telemetry::{self, episode::DATABASE},
};

/// How long the database's state is cached. Supervisors check every few seconds, and anonymous
/// clients as often as they like: the database is queried at most once a second.
const FRESH: Duration = Duration::from_secs(1);
/// How long the database may take to answer. Supervisors give up after a few seconds, and take that
/// for a process that hangs.
const PATIENCE: Duration = Duration::from_secs(2);

/// Liveness: the process responds.
pub(super) async fn alive() -> &'static str {
    "alive"
}

/// The last known state of the database.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Database)>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Database {
    Ready,
    /// Ready, though newer programs have extended the schema.
    Newer,
    /// Ready, though a part of the cluster is missing: the accounts elsewhere are served.
    Incomplete(String),
    OtherSchema,
    ReadOnly,
    NoAnswer,
}

impl Readiness {
    /// The cached state, refreshed if it is stale. Concurrent callers wait for the same refresh.
    async fn known(&self, ask: impl AsyncFnOnce() -> Database) -> Database {
        let mut known = self.0.lock().await;
        if let Some((at, state)) = &*known
            && at.elapsed() < FRESH
        {
            return state.clone();
        }
        let state = ask().await;
        *known = Some((Instant::now(), state.clone()));
        state
    }
}

/// Readiness: the server isn't stopping, the database responds, can be written, and has a schema
/// that this version serves. The response also says if the schema is newer, and if payments are
/// sandboxed.
pub(super) async fn ready(State(server): State<Server>) -> Response {
    let services = &server.0.services;
    let failed = |text: &'static str| (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    if server.0.leaving.is_cancelled() {
        return failed("this server is stopping: send requests to another one");
    }
    let standing = async || {
        let standing = services.standing().await?;
        let missing = match standing {
            Standing::Current | Standing::Newer(_) => services.missing_parts().await?,
            Standing::Older(_) | Standing::Outdated(_) | Standing::ReadOnly => Vec::new(),
        };
        Ok::<_, DbErr>((standing, missing.join("; ")))
    };
    let ask = async || match tokio::time::timeout(PATIENCE, standing()).await {
        Ok(Ok((standing, missing))) => match standing {
            Standing::Current | Standing::Newer(_) if !missing.is_empty() => {
                Database::Incomplete(missing)
            }
            Standing::Current => Database::Ready,
            Standing::Newer(_) => Database::Newer,
            Standing::Older(_) | Standing::Outdated(_) => Database::OtherSchema,
            Standing::ReadOnly => Database::ReadOnly,
        },
        Ok(Err(cause)) => {
            DATABASE.failed(&cause);
            Database::NoAnswer
        }
        Err(_) => {
            DATABASE.failed(&"it did not answer in time");
            Database::NoAnswer
        }
    };
    let state = server.0.readiness.known(ask).await;
    let mut text = String::from("ready");
    match state {
        Database::Ready => {}
        Database::Newer => text.push_str("\nschema: newer than this program, which can serve it"),
        Database::Incomplete(missing) => text.push_str(&format!("\ncluster: {missing}")),
        Database::OtherSchema => return failed("the database's schema is of another version"),
        Database::ReadOnly => return failed("the database can only be read"),
        Database::NoAnswer => return failed("the database does not respond"),
    }
    if let Some(name) = services.free_provider() {
        text.push_str(&format!(
            "\npayments: {name} (nobody is charged, and the credits are real)\n"
        ));
    }
    text.into_response()
}

/// Metrics in Prometheus's text format.
pub(super) async fn metrics(State(server): State<Server>) -> impl IntoResponse {
    server.0.services.note_figures().await;
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        telemetry::render(),
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
    async fn the_database_is_queried_at_most_once_a_second() {
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
