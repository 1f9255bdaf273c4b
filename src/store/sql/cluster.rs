//! The health of a Citus cluster.
//!
//! Here: servers that don't answer, and tables that aren't distributed. Not here: distributing them
//! ([`super::distributing`]).

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};

use super::{super::Store, distributing::undistributed, shards};

/// How long the servers may take to answer. Asking one that is gone without a word takes as long as
/// the cluster's `citus.node_connection_timeout`.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is missing, each in a sentence for the operator; nothing if tables aren't distributed.
///
/// # Errors
/// The database's error.
pub async fn missing_parts(store: &Store) -> Result<Vec<String>, DbErr> {
    if store.backend() != DatabaseBackend::Postgres || !shards::are_used() {
        return Ok(Vec::new());
    }
    let mut missing = Vec::new();
    for server in silent(store).await? {
        missing.push(format!(
            "{server} doesn't answer: its accounts can't be served"
        ));
    }
    let tables = undistributed(store.lookups()).await?;
    if !tables.is_empty() {
        let tables = tables.join(", ");
        missing.push(format!(
            "tables that aren't distributed: {tables} (run `message-credits migrate`)"
        ));
    }
    Ok(missing)
}

/// The servers that don't answer.
async fn silent(store: &Store) -> Result<Vec<String>, DbErr> {
    let ask = Statement::from_string(
        DatabaseBackend::Postgres,
        "SELECT nodename || ':' || nodeport AS server \
         FROM run_command_on_workers('SELECT 1') WHERE NOT success ORDER BY 1",
    );
    let asked = store.lookups().query_all_raw(ask);
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(rows) => rows?.iter().map(|row| row.try_get("", "server")).collect(),
        Err(_) => Ok(vec!["a server of the cluster".to_owned()]),
    }
}
