//! Steps on a database that servers are using.
//!
//! Here: what a step needs so that a release is no outage. A step either expands or contracts the
//! schema. A step that expands it adds tables, nullable columns, columns with a default, or
//! indexes: programs that don't know it go on serving. A step that contracts it removes or tightens
//! something, in a release after the last one that used it, and says which step a program must know
//! to serve without it. Not here: applying steps, which the server's store does.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseBackend, Statement},
};

/// Records that a step contracts the schema: only programs that know the step `needs` serve after
/// it. Such a step calls this in its `up`, with its own name.
///
/// # Errors
/// If the record can't be written.
pub async fn contract(manager: &SchemaManager<'_>, step: &str, needs: &str) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(
        manager.get_database_backend(),
        "INSERT INTO schema_contracts (step, needs) VALUES ($1, $2)",
        [step.into(), needs.into()],
    );
    let connection = manager.get_connection();
    connection.execute_raw(statement).await.map(drop)
}

/// Creates an index without keeping anybody from writing, for a table that may be large. `rest`
/// follows the table's name, such as `(account_id, status)`.
///
/// It can be repeated after an interruption, which leaves an invalid index behind on PostgreSQL.
/// The step's `use_transaction` must return `Some(false)`: PostgreSQL refuses to do this inside a
/// transaction.
///
/// # Errors
/// If the index can't be created.
pub async fn create_index(
    manager: &SchemaManager<'_>,
    name: &str,
    table: &str,
    rest: &str,
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        let create = format!("CREATE INDEX IF NOT EXISTS {name} ON {table} {rest}");
        return connection.execute_unprepared(&create).await.map(drop);
    }
    let time = wait_for_good(manager).await?;
    let created = create_on_postgres(manager, name, table, rest).await;
    wait_again(manager, &time).await?;
    created
}

/// Drops an index without keeping anybody from writing. It can be repeated after an interruption.
/// The step's `use_transaction` must return `Some(false)`.
///
/// # Errors
/// If the index can't be dropped.
pub async fn drop_index(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        let drop_it = format!("DROP INDEX IF EXISTS {name}");
        return connection.execute_unprepared(&drop_it).await.map(|_| ());
    }
    let time = wait_for_good(manager).await?;
    let drop_it = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
    let dropped = connection.execute_unprepared(&drop_it).await.map(|_| ());
    wait_again(manager, &time).await?;
    dropped
}

/// Lets statements wait for locks without a limit, and returns the limit of before. An index that
/// is made or dropped concurrently waits for transactions that are older than itself, but holds
/// nobody up meanwhile.
async fn wait_for_good(manager: &SchemaManager<'_>) -> Result<String, DbErr> {
    let connection = manager.get_connection();
    let setting = "SELECT current_setting('lock_timeout') AS time";
    let statement = Statement::from_string(DatabaseBackend::Postgres, setting);
    let time: String = match connection.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "time")?,
        None => return Err(DbErr::Custom("lock_timeout has no value".to_owned())),
    };
    connection
        .execute_unprepared("SET lock_timeout = 0")
        .await?;
    Ok(time)
}

async fn wait_again(manager: &SchemaManager<'_>, time: &str) -> Result<(), DbErr> {
    let set = format!("SET lock_timeout = '{time}'");
    let connection = manager.get_connection();
    connection.execute_unprepared(&set).await.map(|_| ())
}

async fn create_on_postgres(
    manager: &SchemaManager<'_>,
    name: &str,
    table: &str,
    rest: &str,
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let invalid = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "SELECT 1 AS found FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         WHERE c.relname = $1 AND pg_table_is_visible(c.oid) AND NOT i.indisvalid",
        [name.into()],
    );
    if connection.query_one_raw(invalid).await?.is_some() {
        let drop_it = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
        connection.execute_unprepared(&drop_it).await?;
    }
    let create = format!("CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} {rest}");
    connection.execute_unprepared(&create).await.map(drop)
}
