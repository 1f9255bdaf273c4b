//! The options of the database: connections, names, and poolers in front.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};
use serde_json::json;

use crate::support::{
    pgbouncer::Pgbouncer,
    postgres_database,
    process::{self, ADMIN_KEY, Process},
};

const ACCOUNT: &str = "mutation($input: CreateAccountInput!) {
    createAccount(input: $input) { account { id } userErrors { message } } }";
/// A pooler's setting: drop these settings of a connection without a word.
const IGNORES: &str = "ignore_startup_parameters = extra_float_digits, options";
const READ: &str =
    "{ viewer { accounts(first: 5) { totalCount nodes { name balance { available } } } } }";

/// The connections to a database by name.
async fn connections(database: &DatabaseConnection) -> BTreeMap<String, i64> {
    let count = Statement::from_string(
        database.get_database_backend(),
        "SELECT application_name AS name, count(*) AS connections FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND backend_type = 'client backend' GROUP BY 1",
    );
    let rows = database.query_all_raw(count).await.unwrap();
    rows.iter()
        .map(|row| {
            (
                row.try_get("", "name").unwrap(),
                row.try_get("", "connections").unwrap(),
            )
        })
        .collect()
}

async fn migrated() -> Option<String> {
    let url = postgres_database().await?;
    let migrated = process::output(&["migrate", "--database-url", &url]);
    assert!(migrated.status.success());
    Some(url)
}

/// A process never has more connections than it is given, however many requests come, and each
/// tells its process and its pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_stay_within_their_budget_and_have_names() {
    let Some(url) = migrated().await else {
        return;
    };
    let database = Database::connect(&url).await.unwrap();
    let server = Process::start(&["--database-url", &url, "--database-connections", "9"]);
    for _ in 0..5 {
        let asked = (0..40).map(async |number| {
            let input = json!({ "input": { "name": format!("Shop {number}") } });
            let made = server.graphql(ADMIN_KEY, ACCOUNT, input).await.unwrap();
            assert!(made.get("errors").is_none(), "{made}");
            let read = server.graphql(ADMIN_KEY, READ, json!({})).await.unwrap();
            assert!(read.get("errors").is_none(), "{read}");
        });
        join_all(asked).await;
        let found = connections(&database).await;
        assert!(found.values().sum::<i64>() <= 9, "{found:?}");
        for (name, count) in &found {
            assert!(name.starts_with("message-credits "), "{name}");
            let most = if name.ends_with(" hints") { 2 } else { 1 };
            assert!(*count <= most, "{found:?}");
        }
        assert!(
            found.keys().any(|name| name.ends_with(" reads")),
            "{found:?}"
        );
        assert!(
            found.keys().any(|name| name.ends_with(" writes")),
            "{found:?}"
        );
    }
    assert_eq!(server.terminate(), Some(0));
    // A name of the operator's own is kept.
    let named = format!("{url}?application_name=billing");
    let server = Process::start(&["--database-url", &named]);
    server.graphql(ADMIN_KEY, READ, json!({})).await.unwrap();
    let began = Instant::now();
    loop {
        // Those of the server before may take a moment to end.
        let found = connections(&database).await;
        if found.keys().eq(["billing"]) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.terminate(), Some(0));
    let refused = process::output(&["--database-url", &url, "--database-connections", "8"]);
    assert_eq!(refused.status.code(), Some(2));
}

/// A pooler in transaction mode, which shares connections among its clients, is refused with the
/// reason: whether it refuses settings or ignores them, and in whichever order it hands connections
/// out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_shares_connections_is_refused() {
    let Some(url) = migrated().await else {
        return;
    };
    let mut through = url::Url::parse(&url).unwrap();
    let port = through.port().unwrap_or(5432);
    for (mode, further) in [
        ("transaction", ""),
        ("transaction", IGNORES),
        ("transaction", "server_round_robin = 1"),
        ("statement", IGNORES),
    ] {
        let mode = format!("pool_mode = {mode}");
        let Some(pooler) = Pgbouncer::before(port, &[&mode, further]) else {
            return;
        };
        through.set_port(Some(pooler.port())).unwrap();
        for command in ["serve", "migrate", "verify"] {
            let refused = process::command(&[command, "--database-url", through.as_str()])
                .env("LISTEN", "127.0.0.1:0")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&refused.stderr);
            assert!(!refused.status.success(), "{said}");
            assert!(
                said.contains("session mode") && said.contains("--database-connections"),
                "{command}, {mode}, {further:?}: {said}"
            );
        }
    }
}

/// A pooler in session mode may stand in front: connections have the settings that they would have
/// without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_session_mode_keeps_the_settings() {
    let Some(url) = postgres_database().await else {
        return;
    };
    let direct = Database::connect(&url).await.unwrap();
    let mut through = url::Url::parse(&url).unwrap();
    let port = through.port().unwrap_or(5432);
    for further in ["", IGNORES] {
        let Some(pooler) = Pgbouncer::before(port, &["pool_mode = session", further]) else {
            return;
        };
        through.set_port(Some(pooler.port())).unwrap();
        let through = ["--database-url", through.as_str()];
        let run = |command: &str| process::output(&[&[command], &through[..]].concat());
        let migrated = run("migrate");
        assert!(migrated.status.success(), "{migrated:?}");
        let limit = ["--database-lock-timeout", "1s"];
        let server = Process::start(&[&through[..], &limit].concat());
        let asked = (0..40).map(async |number| {
            let input = json!({ "input": { "name": format!("Shop {number}") } });
            let made = server.graphql(ADMIN_KEY, ACCOUNT, input).await.unwrap();
            assert!(made.get("errors").is_none(), "{made}");
        });
        join_all(asked).await;
        // The wait for a lock ends after the time that was set.
        let held = direct.begin().await.unwrap();
        let lock = "LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE";
        held.execute_unprepared(lock).await.unwrap();
        let began = Instant::now();
        let input = json!({ "input": { "name": "Late shop" } });
        let late = server.graphql(ADMIN_KEY, ACCOUNT, input).await.unwrap();
        assert!(late.get("errors").is_some(), "{late}");
        assert!(began.elapsed() < Duration::from_secs(6), "{late}");
        held.rollback().await.unwrap();
        assert_eq!(server.terminate(), Some(0));
        let verified = run("verify");
        assert!(verified.status.success(), "{verified:?}");
    }
}
