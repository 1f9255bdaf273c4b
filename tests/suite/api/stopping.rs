//! A stop in two steps: first the server isn't ready, and still serves; then it drains.

use std::time::Duration;

use reqwest::{StatusCode, header};
use serde_json::json;

use crate::support::process::{self, ADMIN_KEY, Process};

/// A server on a SQLite file of its own, with a pause before it closes.
fn start(folder: &tempfile::TempDir, delay: &str) -> Process {
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("stop.db").display()
    );
    Process::start(&["--database-url", &url, "--stop-delay", delay])
}

/// Waits until the server says that it isn't ready.
async fn leaves(server: &Process, client: &reqwest::Client) {
    for _ in 0..1_000 {
        let answer = client
            .get(format!("{}/readyz", server.base))
            .send()
            .await
            .unwrap();
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            let text = answer.text().await.unwrap();
            assert!(text.contains("stopping"), "{text}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("/readyz never fails");
}

#[tokio::test]
async fn a_stopping_server_is_not_ready_and_still_serves() {
    let folder = tempfile::tempdir().unwrap();
    // Far longer than the test: only the second signal can end it.
    let server = start(&folder, "10m");
    let client = reqwest::Client::new();
    let (url, ask) = (
        format!("{}/graphql", server.base),
        json!({ "query": "{ viewer { role } }" }),
    );
    let asked = || client.post(&url).bearer_auth(ADMIN_KEY).json(&ask).send();
    let before = asked().await.unwrap();
    assert_eq!(before.headers().get(header::CONNECTION), None);
    drop(before.bytes().await.unwrap());

    server.ask_to_end();
    leaves(&server, &client).await;
    // On connections from before and on new ones; each is closed after its answer.
    for _ in 0..3 {
        let answer = asked().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONNECTION], "close");
        drop(answer.bytes().await.unwrap());
    }
    let alive = client
        .get(format!("{}/healthz", server.base))
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status(), StatusCode::OK);
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let checked = process::output(&["healthcheck", "--listen", &address]);
    assert_eq!(checked.status.code(), Some(1));

    assert_eq!(server.terminate(), Some(0));
    assert!(asked().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn without_a_delay_a_server_stops_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder, "0s");
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    // A connection that is open and idle doesn't keep it.
    let idle = tokio::net::TcpStream::connect(address).await.unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(server.terminate(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    drop(idle);
}
