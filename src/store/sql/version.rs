//! The version of a database's schema, and what it is to this program.
//!
//! Here: which migrations were applied, and whether this program can serve after them. Not here:
//! applying them ([`super::migrating`]).

use std::collections::BTreeSet;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

use super::super::Store;

/// What a database is to this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its schema is this program's.
    Current,
    /// This many later steps were applied, and this program can serve all the same.
    Newer(usize),
    /// This many steps of this program are missing.
    Older(usize),
    /// A later step, of this name, removed something that this program needs.
    Outdated(String),
    /// It can only be read, such as a replica that was not promoted.
    ReadOnly,
}

/// Returns the migrations that were applied to a database; none if it is new.
pub async fn applied_migrations(connection: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DatabaseBackend::Postgres => {
            "SELECT 1 AS found WHERE to_regclass('seaql_migrations') IS NOT NULL"
        }
        _ => {
            "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'"
        }
    };
    let exists = Statement::from_string(backend, exists);
    if connection.query_one_raw(exists).await?.is_none() {
        return Ok(Vec::new());
    }
    let steps = "SELECT version FROM seaql_migrations ORDER BY version";
    let rows = connection
        .query_all_raw(Statement::from_string(backend, steps))
        .await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

/// What the schema of a database is to a program that knows these steps.
pub(super) async fn schema(
    connection: &impl ConnectionTrait,
    known: &BTreeSet<String>,
) -> Result<Standing, DbErr> {
    let applied: BTreeSet<String> = applied_migrations(connection).await?.into_iter().collect();
    let later: Vec<&String> = applied.difference(known).collect();
    let missing = known.difference(&applied).count();
    if later.is_empty() {
        return Ok(match missing {
            0 => Standing::Current,
            missing => Standing::Older(missing),
        });
    }
    let contracts = Statement::from_string(
        connection.get_database_backend(),
        "SELECT step, needs FROM schema_contracts ORDER BY step",
    );
    for row in connection.query_all_raw(contracts).await? {
        let (step, needs): (String, String) = (row.try_get("", "step")?, row.try_get("", "needs")?);
        if !known.contains(&step) && !known.contains(&needs) {
            return Ok(Standing::Outdated(step));
        }
    }
    Ok(match missing {
        0 => Standing::Newer(later.len()),
        missing => Standing::Older(missing),
    })
}

/// The steps of this program.
pub(super) fn known() -> BTreeSet<String> {
    let steps = Migrator::migrations();
    steps.iter().map(|step| step.name().to_owned()).collect()
}

/// What the database is to this program now. It reads over the connections for lookups, which are
/// never taken for long.
pub async fn standing(store: &Store) -> Result<Standing, DbErr> {
    let lookups = store.lookups();
    if is_read_only(lookups).await? {
        // The address may lead to another server by now.
        store.record_move();
        return Ok(Standing::ReadOnly);
    }
    schema(lookups, &known()).await
}

/// The first tables of PostgreSQL whose rows this role may not read or add, at most ten.
pub async fn closed_tables(store: &Store) -> Result<Vec<String>, DbErr> {
    if store.backend() != DatabaseBackend::Postgres {
        return Ok(Vec::new());
    }
    let statement = Statement::from_string(
        DatabaseBackend::Postgres,
        "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') \
         AND relnamespace = current_schema()::regnamespace \
         AND relname NOT IN ('seaql_migrations', 'schema_contracts') \
         AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')) \
         ORDER BY relname LIMIT 10",
    );
    let rows = store.writer().query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "name")).collect()
}

/// Whether PostgreSQL can only be read. A SQLite file shows that only when it is written.
async fn is_read_only(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    if connection.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(false);
    }
    let statement = Statement::from_string(
        DatabaseBackend::Postgres,
        "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' \
         AS read_only",
    );
    match connection.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "read_only"),
        None => Ok(false),
    }
}
