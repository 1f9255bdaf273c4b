//! Databases of PostgreSQL for tests: one for each, dropped once its test has ended.
//!
//! A test's process holds an advisory lock on the name of each database that it made, and the
//! server releases it when the process ends, however it ends. Whoever makes the next database drops
//! those that nobody holds: thousands of them would fill a disk.

use std::sync::Mutex;

use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query, query_scalar};
use url::Url;

use super::citus;

/// Databases without a test that may stay. Dropping one makes the server write what others changed,
/// so that dropping many at a time is cheaper.
const KEPT: usize = 16;

/// The connections whose locks say that a database is in use. They stay open until the process
/// ends.
static HELD: Mutex<Vec<PgConnection>> = Mutex::new(Vec::new());

/// A new, empty PostgreSQL database; `None`, with a printed line, if there is no server for it. It
/// is one of a Citus cluster if `TEST_CITUS_URL` is set.
pub async fn postgres_database() -> Option<String> {
    match citus::coordinator() {
        Some(coordinator) => {
            let servers = citus::servers().await;
            let name = claim(&coordinator, &servers).await;
            Some(citus::create(&name, &servers).await)
        }
        None => plain_postgres_database().await,
    }
}

/// The same, but never one of a Citus cluster.
pub async fn plain_postgres_database() -> Option<String> {
    let Ok(base) = std::env::var("TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED on PostgreSQL: TEST_POSTGRES_URL is not set; cargo xtask test sets it");
        return None;
    };
    let base = Url::parse(&base).expect("TEST_POSTGRES_URL is an address");
    let name = claim(&base, std::slice::from_ref(&base)).await;
    let mut server = connect(&base).await;
    let create = format!("CREATE DATABASE {name}");
    server.execute(AssertSqlSafe(create)).await.unwrap();
    server.close().await.unwrap();
    let mut url = base;
    url.set_path(&name);
    Some(url.to_string())
}

/// A name for a database that is this process's until it ends; `base` is where its lock is held.
/// Those that nobody holds any more are dropped from all `servers`.
async fn claim(base: &Url, servers: &[Url]) -> String {
    let mut holder = connect(base).await;
    let id = uuid::Uuid::from_bytes(message_credits::entropy::bytes());
    let name = format!("test_{}", id.simple());
    let lock = query("SELECT pg_advisory_lock(hashtextextended($1, 0))").bind(&name);
    lock.execute(&mut holder).await.unwrap();
    drop_unheld(base, servers).await;
    HELD.lock().unwrap().push(holder);
    name
}

async fn drop_unheld(base: &Url, servers: &[Url]) {
    let mut connection = connect(base).await;
    let names = r"SELECT datname::text FROM pg_database WHERE datname LIKE 'test\_%' AND NOT EXISTS
        (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(datname::text, 0))";
    let names: Vec<String> = query_scalar(names)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    if names.len() > KEPT {
        for name in names {
            drop_if_unheld(&mut connection, servers, &name).await;
        }
    }
    connection.close().await.unwrap();
}

async fn drop_if_unheld(connection: &mut PgConnection, servers: &[Url], name: &str) {
    let lock = query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))").bind(name);
    let unheld: bool = lock.fetch_one(&mut *connection).await.unwrap();
    if !unheld {
        return;
    }
    let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    for server in servers {
        let mut server = connect(server).await;
        // The next test tries it again.
        if let Err(error) = server.execute(AssertSqlSafe(statement.clone())).await {
            eprintln!("{name} was not dropped: {error}");
        }
        server.close().await.unwrap();
    }
    let unlock = query("SELECT pg_advisory_unlock(hashtextextended($1, 0))").bind(name);
    unlock.execute(connection).await.unwrap();
}

async fn connect(server: &Url) -> PgConnection {
    PgConnection::connect(server.as_str()).await.unwrap()
}
