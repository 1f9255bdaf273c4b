//! The version of a database's schema.
//!
//! Here: which migrations were applied. Not here: applying them ([`migration`]).

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::super::Store;

/// Returns the migrations that were applied to a database; none if it is new.
pub async fn applied_migrations(store: &Store) -> Result<Vec<String>, DbErr> {
    let connection = store.writer();
    let backend = store.backend();
    let exists = match backend {
        sea_orm::DatabaseBackend::Postgres => {
            "SELECT 1 AS found FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = 'seaql_migrations'"
        }
        _ => {
            "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'"
        }
    };
    if connection
        .query_one_raw(Statement::from_string(backend, exists))
        .await?
        .is_none()
    {
        return Ok(Vec::new());
    }
    let steps = "SELECT version FROM seaql_migrations ORDER BY version";
    let rows = connection
        .query_all_raw(Statement::from_string(backend, steps))
        .await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

/// Whether the database answers and has the schema of this version.
pub async fn is_ready(store: &Store) -> Result<bool, DbErr> {
    let applied = applied_migrations(store).await?;
    Ok(applied.len() == Migrator::migrations().len())
}
