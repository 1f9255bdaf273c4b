//! Applying migrations, also while servers use the database.
//!
//! Here: one migration at a time, without the timeouts of serving, with patience for locks, and the
//! rights of the role that serves. Not here: the steps (`migration`), and what a schema is to a
//! program ([`super::version`]).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use migration::{MigrationTrait, Migrator, MigratorTrait, SchemaManager};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement, TransactionTrait,
};

use super::{
    bounded::Connections,
    distributing,
    lost_connections::error_code,
    postgres, server_lock,
    settings::Settings,
    version::{Standing, schema},
};

/// How long a statement of a step waits for a lock. While it waits, everybody who comes later waits
/// behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a step is repeated that doesn't get its locks, such as behind a long report.
const PATIENCE: Duration = Duration::from_secs(600);
/// The pause after the first vain attempt, multiplied by their number, and its upper limit.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often it is asked whether another migration has ended.
const LOOK: Duration = Duration::from_millis(250);
/// The advisory lock that one migration holds at a time, in each database.
const LOCK: i64 = 0x6d63_5f73_6368_656d;

/// Why a migration failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database failed.
    #[error("{0}")]
    Database(#[from] DbErr),
    /// A step failed. Those before it are applied, and the next migration repeats it.
    #[error("the step {0} failed, and the next migration repeats it: {1}")]
    Step(String, DbErr),
    /// A later step removed something that this program needs.
    #[error("the schema is newer than this program ({0})")]
    Outdated(String),
    /// A server is using the SQLite file.
    #[error("{0}")]
    Served(#[from] server_lock::Taken),
    /// The tables can't be distributed on this database.
    #[error("the tables can't be distributed: {0}")]
    NotDistributable(&'static str),
}

/// What a migration of PostgreSQL does after its steps.
#[derive(Debug, Clone, Default)]
pub struct After {
    /// Roles that get the rights to serve.
    pub granted: Vec<String>,
    /// Whether the tables are distributed over the servers of Citus. Once they are, each migration
    /// distributes its new tables.
    pub distribute: bool,
}

/// Applies the steps that a database doesn't have, and returns their number. A schema that is
/// newer than the steps is left unchanged. Migrations at the same time wait for each other.
///
/// # Errors
/// If the database can't be reached, a step failed, or the tables can't be distributed.
pub async fn migrate(
    settings: &Settings,
    steps: Vec<Box<dyn MigrationTrait>>,
    after: &After,
) -> Result<usize, MigrateError> {
    let connection = postgres::for_migrations(settings, LOCK_TIMEOUT).await?;
    let applied = one_at_a_time(&connection, steps, after).await;
    // Its lock ends with it.
    if let Err(cause) = connection.close().await {
        tracing::debug!(%cause, "the connection was closed already");
    }
    applied
}

async fn one_at_a_time(
    connection: &DatabaseConnection,
    steps: Vec<Box<dyn MigrationTrait>>,
    after: &After,
) -> Result<usize, MigrateError> {
    // Waiting inside PostgreSQL would hold a snapshot, for which an index that is built
    // concurrently waits: the two would wait for each other.
    let mut is_reported = false;
    while !takes_the_lock(connection).await? {
        if !is_reported {
            tracing::warn!("waiting for another migration of this database to end");
            is_reported = true;
        }
        tokio::time::sleep(LOOK).await;
    }
    let applied = apply(connection, steps).await?;
    if after.distribute || distributing::is_distributed(connection).await? {
        distributing::distribute(connection).await?;
    }
    for role in &after.granted {
        grant(connection, role).await?;
    }
    Ok(applied)
}

async fn takes_the_lock(connection: &DatabaseConnection) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "SELECT pg_try_advisory_lock($1) AS taken",
        [LOCK.into()],
    );
    match connection.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "taken"),
        None => Ok(false),
    }
}

/// Applies the steps that a SQLite file doesn't have, and returns their number. The caller has made
/// sure that nobody else migrates it.
///
/// # Errors
/// If a step failed, or the schema is newer than this program.
pub async fn migrate_file(
    writer: &Connections,
    steps: Vec<Box<dyn MigrationTrait>>,
) -> Result<usize, MigrateError> {
    apply(&writer.unbounded(), steps).await
}

async fn apply(
    connection: &DatabaseConnection,
    steps: Vec<Box<dyn MigrationTrait>>,
) -> Result<usize, MigrateError> {
    let names = steps.iter().map(|step| step.name().to_owned());
    let known: BTreeSet<String> = names.collect();
    match schema(connection, &known).await? {
        Standing::Outdated(step) => return Err(MigrateError::Outdated(step)),
        Standing::Current | Standing::Newer(_) | Standing::ReadOnly => return Ok(0),
        Standing::Older(_) => {}
    }
    Migrator::install(connection).await?;
    let applied = super::version::applied_migrations(connection).await?;
    let mut done = 0;
    for step in steps {
        if applied.iter().any(|known| known == step.name()) {
            continue;
        }
        tracing::info!(step = step.name(), "migrating");
        apply_patiently(connection, step.as_ref())
            .await
            .map_err(|cause| MigrateError::Step(step.name().to_owned(), cause))?;
        done += 1;
    }
    Ok(done)
}

async fn apply_patiently(
    connection: &DatabaseConnection,
    step: &dyn MigrationTrait,
) -> Result<(), DbErr> {
    let began = Instant::now();
    let mut tries = 0;
    loop {
        tries += 1;
        let cause = match apply_one(connection, step).await {
            Ok(()) => return Ok(()),
            Err(cause) => cause,
        };
        let waits_for_a_lock = matches!(error_code(&cause).as_deref(), Some("55P03" | "40P01"));
        if !waits_for_a_lock || began.elapsed() >= PATIENCE {
            return Err(cause);
        }
        if tries == 1 {
            tracing::warn!(
                step = step.name(),
                "waiting for a lock; servers go on meanwhile"
            );
        }
        tokio::time::sleep((PAUSE * tries).min(LONGEST_PAUSE)).await;
    }
}

async fn apply_one(
    connection: &DatabaseConnection,
    step: &dyn MigrationTrait,
) -> Result<(), DbErr> {
    let is_postgres = connection.get_database_backend() == DatabaseBackend::Postgres;
    if step.use_transaction().unwrap_or(is_postgres) {
        let transaction = connection.begin().await?;
        step.up(&SchemaManager::new(&transaction)).await?;
        record(&transaction, step.name()).await?;
        return transaction.commit().await;
    }
    step.up(&SchemaManager::new(connection)).await?;
    record(connection, step.name()).await
}

async fn record(connection: &impl ConnectionTrait, step: &str) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let now = match backend {
        DatabaseBackend::Postgres => "extract(epoch FROM now())::bigint",
        _ => "unixepoch()",
    };
    let insert = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, {now})");
    let insert = Statement::from_sql_and_values(backend, insert, [step.into()]);
    connection.execute_raw(insert).await.map(drop)
}

/// Gives a role the rights to serve: to read and write rows, but neither to change the tables nor
/// to change or delete rows that are only ever added.
async fn grant(connection: &DatabaseConnection, role: &str) -> Result<(), DbErr> {
    let backend = DatabaseBackend::Postgres;
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let role = quoted(role);
    let schema = "SELECT current_schema() AS name";
    let row = connection
        .query_one_raw(Statement::from_string(backend, schema))
        .await?;
    let schema: String = match row {
        Some(row) => row.try_get("", "name")?,
        None => return Err(DbErr::Custom("there is no current schema".to_owned())),
    };
    let schema = quoted(&schema);
    let mut statements = vec![
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}"),
        format!(
            "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON seaql_migrations, schema_contracts FROM {role}"
        ),
    ];
    for table in append_only(connection).await? {
        let table = quoted(&table);
        statements.push(format!(
            "REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"
        ));
    }
    let transaction = connection.begin().await?;
    for statement in statements {
        transaction.execute_unprepared(&statement).await?;
    }
    transaction.commit().await
}

/// The tables whose rows are only ever added. Their triggers are named after them, and so are the
/// functions of these, which stay if the tables are distributed and have no triggers.
pub(super) async fn append_only(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let named = "SELECT c.relname AS name FROM pg_proc p \
         JOIN pg_class c ON p.proname = c.relname || '_append_only' \
         AND c.relnamespace = p.pronamespace WHERE c.relkind IN ('r', 'p') \
         AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname";
    let rows = connection
        .query_all_raw(Statement::from_string(DatabaseBackend::Postgres, named))
        .await?;
    rows.iter().map(|row| row.try_get("", "name")).collect()
}
