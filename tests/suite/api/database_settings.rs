//! The options of the database: connections, names, and poolers in front.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::json;

use crate::support::{
    pgbouncer::Pgbouncer,
    postgres_database,
    process::{self, ADMIN_KEY, Process},
};

const ACCOUNT: &str = "mutation($input: CreateAccountInput!) {
    createAccount(input: $input) { account { id } userErrors { message } } }";
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

/// A pooler in transaction mode, which drops a connection's settings, is refused with the reason,
/// whether it says so or ignores them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_drops_settings_is_refused() {
    let Some(url) = migrated().await else {
        return;
    };
    let mut through = url::Url::parse(&url).unwrap();
    let port = through.port().unwrap_or(5432);
    for ignored in ["", "extra_float_digits, options"] {
        let Some(pooler) = Pgbouncer::before(port, ignored) else {
            return;
        };
        through.set_port(Some(pooler.port())).unwrap();
        for command in ["serve", "migrate"] {
            let refused = process::command(&[command, "--database-url", through.as_str()])
                .env("LISTEN", "127.0.0.1:0")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(1), "{said}");
            assert!(
                said.contains("pgbouncer") && said.contains("--database-connections"),
                "{command}, {ignored:?}: {said}"
            );
        }
    }
}
