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
    let base = base()?;
    let name = claim(&base, std::slice::from_ref(&base)).await;
    let mut server = connect(&base).await;
    let create = format!("CREATE DATABASE {name}");
    server.execute(AssertSqlSafe(create)).await.unwrap();
    server.close().await.unwrap();
    let mut url = base;
    url.set_path(&name);
    Some(url.to_string())
}

/// The address of the server; `None`, with a printed line, if there is none.
fn base() -> Option<Url> {
    let Ok(base) = std::env::var("TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED on PostgreSQL: TEST_POSTGRES_URL is not set; cargo xtask test sets it");
        return None;
    };
    Some(Url::parse(&base).expect("TEST_POSTGRES_URL is an address"))
}

/// A name that nothing but these tests gives: the server may hold databases of others.
fn new_name() -> String {
    let id = uuid::Uuid::from_bytes(message_credits::entropy::bytes());
    format!("message_credits_test_{}", id.simple())
}

/// A name for a database that is this process's until it ends; `base` is where its lock is held.
/// Those that nobody holds any more are dropped from all `servers`.
async fn claim(base: &Url, servers: &[Url]) -> String {
    let mut holder = connect(base).await;
    let name = new_name();
    let lock = query("SELECT pg_advisory_lock(hashtextextended($1, 0))").bind(&name);
    lock.execute(&mut holder).await.unwrap();
    drop_unheld(base, servers, KEPT).await;
    HELD.lock().unwrap().push(holder);
    name
}

/// Drops the databases that nobody holds if they are more than `kept`. This connection holds them
/// meanwhile, so that nobody else drops them too.
async fn drop_unheld(base: &Url, servers: &[Url], kept: usize) {
    let mut holder = connect(base).await;
    let unheld = "SELECT datname::text FROM pg_database
        WHERE datname ~ '^message_credits_test_[0-9a-f]{32}$'
        AND pg_try_advisory_lock(hashtextextended(datname::text, 0))";
    let unheld: Vec<String> = query_scalar(unheld).fetch_all(&mut holder).await.unwrap();
    if unheld.len() > kept {
        for server in servers {
            drop_all(server, &unheld).await;
        }
    }
    holder.close().await.unwrap();
}

async fn drop_all(server: &Url, names: &[String]) {
    let mut server = connect(server).await;
    for name in names {
        let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // The next test tries it again.
        if let Err(error) = server.execute(AssertSqlSafe(statement)).await {
            eprintln!("{name} was not dropped: {error}");
        }
    }
    server.close().await.unwrap();
}

async fn connect(server: &Url) -> PgConnection {
    PgConnection::connect(server.as_str()).await.unwrap()
}

#[tokio::test]
async fn a_database_lasts_as_long_as_somebody_holds_it() {
    let (Some(base), Some(held)) = (base(), plain_postgres_database().await) else {
        return;
    };
    let mut server = connect(&base).await;
    let unheld = new_name();
    let create = format!("CREATE DATABASE {unheld}");
    server.execute(AssertSqlSafe(create)).await.unwrap();

    // Another test may hold it for a moment, and leave it because there are few.
    for _ in 0..50 {
        drop_unheld(&base, std::slice::from_ref(&base), 0).await;
        if !exists(&mut server, &unheld).await {
            break;
        }
    }
    assert!(!exists(&mut server, &unheld).await);
    let held = Url::parse(&held).unwrap();
    assert!(exists(&mut server, held.path().trim_start_matches('/')).await);
}

async fn exists(server: &mut PgConnection, name: &str) -> bool {
    let query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    let exists = query_scalar(query).bind(name);
    exists.fetch_one(server).await.unwrap()
}
