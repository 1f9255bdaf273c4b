//! Migrations of a PostgreSQL that servers are using.

use std::time::{Duration, Instant};

use message_credits::store::{
    Store,
    sql::{
        migrating::{After, migrate},
        settings::Settings,
    },
};
use migration::{
    DbErr, MigrationName, MigrationTrait, Migrator, MigratorTrait, SchemaManager, live,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};
use serde_json::json;

use super::{assert_verified, load::Load};
use crate::support::{
    postgres_database,
    process::{self, ADMIN_KEY, Process},
};

/// A later step: it takes longer than the statement timeout, and adds a column.
struct Expand;
/// A later step that adds an index to a large table.
struct AddIndex;
/// A later step that removes what programs before [`Expand`] use.
struct Contract;

macro_rules! named {
    ($($step:ident $name:literal),*) => {$(
        impl MigrationName for $step {
            fn name(&self) -> &str {
                $name
            }
        }
    )*};
}
named!(Expand "m20990101_000001_expand", AddIndex "m20990101_000002_index", Contract "m20990101_000003_contract");

#[async_trait::async_trait]
impl MigrationTrait for Expand {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection
            .execute_unprepared("SELECT pg_sleep(2.5)")
            .await?;
        connection
            .execute_unprepared("ALTER TABLE accounts ADD COLUMN later TEXT NOT NULL DEFAULT 'x'")
            .await
            .map(drop)
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddIndex {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        live::create_index(
            manager,
            "later_messages",
            "messages",
            "(account_id, status)",
        )
        .await
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Contract {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        live::contract(manager, self.name(), Expand.name()).await
    }
}

/// The steps of this program, and later ones.
fn steps(later: impl IntoIterator<Item = Box<dyn MigrationTrait>>) -> Vec<Box<dyn MigrationTrait>> {
    Migrator::migrations().into_iter().chain(later).collect()
}

fn tight(url: &str) -> Settings {
    Settings {
        statement_timeout: Duration::from_secs(1),
        lock_timeout: Duration::from_secs(1),
        ..Settings::of(url)
    }
}

async fn count(database: &DatabaseConnection, query: &str) -> i64 {
    let statement = Statement::from_string(database.get_database_backend(), query);
    let row = database.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn readiness(server: &Process) -> String {
    let response = reqwest::get(format!("{}/readyz", server.base))
        .await
        .unwrap();
    format!(
        "{} {}",
        response.status().as_u16(),
        response.text().await.unwrap()
    )
}

/// Three migrations of a new database at once all succeed, and each step is applied once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_at_once_wait_for_each_other() {
    let Some(url) = postgres_database().await else {
        return;
    };
    let started: Vec<_> = (0..3)
        .map(|_| {
            process::command(&["migrate", "--database-url", &url])
                .spawn()
                .unwrap()
        })
        .collect();
    for mut one in started {
        assert!(one.wait().unwrap().success());
    }
    let database = Database::connect(&url).await.unwrap();
    let applied = count(&database, "SELECT count(*) FROM seaql_migrations").await;
    assert_eq!(
        usize::try_from(applied).unwrap(),
        Migrator::migrations().len()
    );
}

/// The same on a SQLite file.
#[test]
fn migrations_of_a_file_at_once_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("new.db").display()
    );
    let started: Vec<_> = (0..3)
        .map(|_| {
            process::command(&["migrate", "--database-url", &url])
                .spawn()
                .unwrap()
        })
        .collect();
    for mut one in started {
        assert!(one.wait().unwrap().success());
    }
}

/// A release with a step is no outage: while later steps are applied, which take longer than a
/// statement may and wait behind a long reader, an older server goes on sending, stays ready, and
/// says that the schema is newer. An older server can also be started then. A step that removes
/// what it needs makes it unready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_server_serves_a_newer_schema() {
    let Some(url) = postgres_database().await else {
        return;
    };
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let start = || Process::start(&["--database-url", &url]);
    let server = start();
    assert!(readiness(&server).await.starts_with("200 ready\npayments"));
    let load = Load::start(&[&server], 8).await;
    load.goes_on(20).await;
    let database = Database::connect(&url).await.unwrap();
    let reader = database.begin().await.unwrap();
    reader
        .execute_unprepared("SELECT count(*) FROM accounts")
        .await
        .unwrap();
    let later = url.clone();
    let migrating = tokio::spawn(async move {
        migrate(
            &tight(&later),
            steps([Box::new(Expand) as _]),
            &After::default(),
        )
        .await
    });
    // The step needs the reader's table; sends go on meanwhile.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        load.goes_on(5).await;
    }
    assert!(!migrating.is_finished(), "the reader holds it up");
    reader.rollback().await.unwrap();
    assert_eq!(migrating.await.unwrap().unwrap(), 1);
    load.goes_on(20).await;
    let newer = "200 ready\nschema: newer than this program, which can serve it";
    let began = Instant::now();
    while !readiness(&server).await.starts_with(newer) {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{}",
            readiness(&server).await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Nothing is left to do for an older program, and its `migrate` says no more than that.
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let second = start();
    load.move_to(0, Some(&second));
    load.goes_on(20).await;
    // A step that removes something is for programs that know the one before.
    let knowing = steps([
        Box::new(Expand) as Box<dyn MigrationTrait>,
        Box::new(Contract),
    ]);
    assert_eq!(
        migrate(&tight(&url), knowing, &After::default())
            .await
            .unwrap(),
        1
    );
    load.ends_well(&second).await;
    let began = Instant::now();
    while !readiness(&server).await.starts_with("503") {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let refused = process::output(&["--database-url", &url, "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("newer than this program"), "{said}");
    assert!(said.contains("_contract"), "{said}");
    for server in [server, second] {
        let log = server.terminated_log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// A step that adds a column to a table breaks no statement of a running server, though it prepared
/// them before: each names its columns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_added_column_breaks_no_prepared_statement() {
    let Some(url) = postgres_database().await else {
        return;
    };
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let server = Process::start(&["--database-url", &url]);
    let flow = async || {
        let load = Load::start(&[&server], 4).await;
        load.goes_on(40).await;
        load.ends_well(&server).await;
        let read = "{ viewer { accounts(first: 10) { nodes { name balance { available }
            messages(first: 5) { nodes { status } } lists(first: 5) { nodes { name } } } } } }";
        let answer = server.graphql(ADMIN_KEY, read, json!({})).await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
    };
    flow().await;
    let database = Database::connect(&url).await.unwrap();
    let extended = "DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r'
            AND relnamespace = current_schema()::regnamespace LOOP
            EXECUTE format('ALTER TABLE %I ADD COLUMN later TEXT', name);
        END LOOP; END $$";
    database.execute_unprepared(extended).await.unwrap();
    flow().await;
    let log = server.terminated_log();
    assert!(!log.contains("cached plan"), "{log}");
}

/// An index of a large table is built while others write, waits for older transactions, and is
/// built anew after an interruption.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_index_is_built_anew() {
    let Some(url) = postgres_database().await else {
        return;
    };
    assert_eq!(
        migrate(&Settings::of(&url), steps([]), &After::default())
            .await
            .unwrap(),
        Migrator::migrations().len()
    );
    let database = Database::connect(&url).await.unwrap();
    let invalid = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
        WHERE c.relname = 'later_messages' AND NOT i.indisvalid";
    let valid = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
        WHERE c.relname = 'later_messages' AND i.indisvalid";
    // A transaction that is older than the index keeps it from being finished.
    let older = database.begin().await.unwrap();
    older
        .execute_unprepared("UPDATE messages SET status = status")
        .await
        .unwrap();
    let other = Database::connect(&url).await.unwrap();
    let later = url.clone();
    let building = tokio::spawn(async move {
        migrate(
            &tight(&later),
            steps([Box::new(AddIndex) as _]),
            &After::default(),
        )
        .await
    });
    let began = Instant::now();
    while count(&other, invalid).await == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the index is begun"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let cancel = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'";
    assert_eq!(count(&other, cancel).await, 1);
    building.await.unwrap().unwrap_err();
    assert_eq!(count(&other, invalid).await, 1, "it is left behind");
    older.rollback().await.unwrap();
    assert_eq!(
        migrate(
            &tight(&url),
            steps([Box::new(AddIndex) as _]),
            &After::default()
        )
        .await
        .unwrap(),
        1
    );
    assert_eq!(count(&other, invalid).await, 0);
    assert_eq!(count(&other, valid).await, 1);
}

/// The role that serves needs the rights to read and write rows alone: it sends, schedules, imports
/// and sells, and it can neither change the books nor the tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_serving_role_cannot_alter_the_books() {
    let Some(url) = postgres_database().await else {
        return;
    };
    let owner = Database::connect(&url).await.unwrap();
    let name = url::Url::parse(&url)
        .unwrap()
        .path()
        .trim_matches('/')
        .to_owned();
    let role = format!("serving_{name}");
    let run = async |database: &DatabaseConnection, statement: &str| {
        database.execute_unprepared(statement).await
    };
    run(&owner, &format!("CREATE ROLE \"{role}\" LOGIN"))
        .await
        .unwrap();
    let migrated = process::output(&["migrate", "--database-url", &url, "--grant", &role]);
    assert!(
        migrated.status.success(),
        "{}",
        String::from_utf8_lossy(&migrated.stderr)
    );
    let mut as_role = url::Url::parse(&url).unwrap();
    as_role.set_username(&role).unwrap();
    let server = Process::start(&["--database-url", as_role.as_str()]);
    let load = Load::start(&[&server], 4).await;
    load.goes_on(40).await;
    assert!(load.ends_well(&server).await > 0);
    let made = server
        .graphql(
            ADMIN_KEY,
            "{ viewer { accounts(first: 1) { totalCount } } }",
            json!({}),
        )
        .await
        .unwrap();
    assert!(made.get("errors").is_none(), "{made}");
    assert_eq!(server.terminate(), Some(0));
    let serving = Database::connect(as_role.as_str()).await.unwrap();
    for forbidden in [
        "UPDATE transactions SET account_id = account_id",
        "DELETE FROM posting_rows",
        "TRUNCATE transactions",
        "DROP TRIGGER transactions_append_only ON transactions",
        "ALTER TABLE accounts ADD COLUMN mine TEXT",
        "CREATE TABLE mine (id INTEGER)",
        "DELETE FROM seaql_migrations",
    ] {
        let refused = run(&serving, forbidden).await.unwrap_err().to_string();
        assert!(
            refused.contains("permission denied") || refused.contains("must be owner"),
            "{forbidden}: {refused}"
        );
    }
    assert_verified(&url);
    serving.close().await.unwrap();
    // The role belongs to the whole server, not to this database.
    for statement in [
        format!("DROP OWNED BY \"{role}\""),
        format!("DROP ROLE \"{role}\""),
    ] {
        run(&owner, &statement).await.unwrap();
    }
}

/// A schema that is neither this program's nor newer is refused, and so is one that this program
/// may not read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_schema_is_refused() {
    let Some(url) = postgres_database().await else {
        return;
    };
    let mut earlier = Migrator::migrations();
    earlier.pop();
    migrate(&Settings::of(&url), earlier, &After::default())
        .await
        .unwrap();
    let refused = process::output(&["--database-url", &url, "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("lacks 1 of this program's migrations"),
        "{said}"
    );
    drop(Store::connect(&url).await.unwrap());
}
