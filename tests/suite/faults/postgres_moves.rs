//! A PostgreSQL that isn't there yet, moves to another address, or is only a replica.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use super::{
    assert_verified,
    load::{Load, Order, account},
    migrate,
};
use crate::support::{
    black_hole::BlackHole,
    own_postgres::OwnPostgres,
    process::{self, ADMIN_KEY, Process},
};

const READ: &str = "{ viewer { accounts(first: 10) { nodes { name balance { available } } } } }";
/// What a moved address may cost on a slow machine. Without deadlines it takes a quarter of an
/// hour.
const SOON: Duration = Duration::from_secs(40);

async fn readiness(server: &Process) -> (StatusCode, String) {
    let response = reqwest::get(format!("{}/readyz", server.base))
        .await
        .unwrap();
    (response.status(), response.text().await.unwrap())
}

/// The address moves: no connection is closed, and none answers. Sends and reads go on over new
/// connections within seconds, and nothing is lost or doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_are_replaced_within_seconds() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    migrate(&postgres.url());
    let proxy = BlackHole::before(postgres.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    let waits = [
        "--database-lock-timeout",
        "2s",
        "--database-statement-timeout",
        "6s",
    ];
    let server = Process::start(&[&["--database-url", url.as_str()], &waits[..]].concat());
    let load = Load::start(&[&server], 8).await;
    for _ in 0..2 {
        load.goes_on(20).await;
        // Several at once, so that the readers have several connections.
        join_all((0..8).map(|_| server.graphql(ADMIN_KEY, READ, json!({})))).await;
        proxy.swallow();
        let began = Instant::now();
        load.goes_on(20).await;
        let answer = server.graphql(ADMIN_KEY, READ, json!({})).await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        let took = began.elapsed();
        assert!(took < SOON, "it took {took:?}");
        assert_eq!(readiness(&server).await.0, StatusCode::OK);
    }
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&postgres.url());
}

/// The server follows PostgreSQL to the replica that is promoted, by a URL with both hosts. Until
/// then it isn't ready, and says why within two seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_follows_a_failover_to_another_host() {
    let Some(primary) = OwnPostgres::start() else {
        return;
    };
    migrate(&primary.url());
    let Some(replica) = primary.replica() else {
        return;
    };
    // The replica first, so that the start has to pass over it.
    let url = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres",
        replica.port(),
        primary.port()
    );
    let server = Process::start(&["--database-url", &url]);
    let account = account(&server, 1_000).await;
    let sent = Order::new(&account, false)
        .ask(&server.door())
        .await
        .unwrap();
    assert!(Order::message(&sent).is_some(), "{sent}");
    // A replica alone is no database to serve from.
    let refused = process::output(&[
        "--database-url",
        &replica.url(),
        "--database-wait",
        "0s",
        "--listen",
        "127.0.0.1:0",
    ]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("can't be written"), "{said}");
    replica.catches_up_with(&primary).await;
    primary.cut_the_power();
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        let (status, text) = readiness(&server).await;
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(10), "readyz took {took:?}");
        if status == StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        assert!(began.elapsed() < SOON, "{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    replica.promote();
    let order = Order::new(&account, false);
    let began = Instant::now();
    while order
        .ask(&server.door())
        .await
        .is_none_or(|answer| Order::message(&answer).is_none())
    {
        assert!(began.elapsed() < SOON, "sends go on after the failover");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // What the database was a second ago may still be said.
    while readiness(&server).await.0 != StatusCode::OK {
        assert!(
            began.elapsed() < SOON,
            "the server is ready after the failover"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&replica.url());
}

/// The address leads to a replica that was not promoted: the server isn't ready. Once it leads to a
/// server that can be written, connections to the replica are not used any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_not_ready_on_a_replica() {
    let Some(primary) = OwnPostgres::start() else {
        return;
    };
    migrate(&primary.url());
    let Some(replica) = primary.replica() else {
        return;
    };
    let proxy = BlackHole::before(primary.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    let server = Process::start(&["--database-url", &url]);
    let account = account(&server, 1_000).await;
    replica.catches_up_with(&primary).await;
    proxy.lead_to(replica.port());
    primary.cut_the_power();
    let began = Instant::now();
    loop {
        let (status, text) = readiness(&server).await;
        if status == StatusCode::SERVICE_UNAVAILABLE && text.contains("can only be read") {
            break;
        }
        assert!(began.elapsed() < SOON, "{status}: {text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let order = Order::new(&account, false);
    let refused = order.ask(&server.door()).await.unwrap();
    assert!(Order::message(&refused).is_none(), "{refused}");
    primary.up();
    proxy.lead_to(primary.port());
    let began = Instant::now();
    while order
        .ask(&server.door())
        .await
        .is_none_or(|answer| Order::message(&answer).is_none())
    {
        assert!(began.elapsed() < SOON, "sends go on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&primary.url());
}

/// A server that is started before its database waits for it, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_start_waits_for_postgresql() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    migrate(&postgres.url());
    postgres.cut_the_power();
    let url = postgres.url();
    let starting = tokio::task::spawn_blocking(move || {
        Process::start(&["--database-url", &url, "--database-wait", "50s"])
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    postgres.up();
    let server = starting.await.unwrap();
    assert_eq!(readiness(&server).await.0, StatusCode::OK);
    let log = server.terminated_log();
    assert!(log.contains("waiting for PostgreSQL"), "{log}");
}

/// What can't be mended by waiting ends the start at once, with its reason. So does the end of the
/// wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_start_says_why_there_is_no_connection() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    migrate(&postgres.url());
    let port = postgres.port();
    let check = |url: &str, wait: &str, said: &str| {
        let words = ["serve", "--database-url", url, "--database-wait", wait];
        let began = Instant::now();
        let mut command = process::command(&words);
        let output = command.env("LISTEN", "127.0.0.1:0").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{url}: {text}");
        assert!(text.contains(said), "{url}: {text}");
        assert!(!text.contains("wrong-password"), "{text}");
        assert!(began.elapsed() < Duration::from_secs(30), "{url}");
    };
    let long = "300s";
    check(
        &format!("postgres://postgres@127.0.0.1:{port}/nowhere"),
        long,
        "database \"nowhere\" does not exist",
    );
    check(
        &format!("postgres://nobody:wrong-password@127.0.0.1:{port}/postgres"),
        long,
        "role \"nobody\" does not exist",
    );
    check(
        &format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require"),
        long,
        "TLS can't be used",
    );
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = nobody.local_addr().unwrap().port();
    drop(nobody);
    let closed = format!("postgres://postgres@127.0.0.1:{free}/postgres");
    check(&closed, "1s", "refused");
}
