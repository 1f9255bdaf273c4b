//! Distributes the tables over the servers of a Citus cluster, by account.
//!
//! Here: which table goes where, indexes and triggers that Citus refuses, and doing it again after
//! an interruption. Not here: the steps of the schema ([`super::migrating`]), and the forms of
//! statements ([`super::shards`]).
//!
//! A table with an account in each row is distributed by it, and all rows of an account are on one
//! server. What those are joined with is copied to every server. The rest stays where the clients
//! connect to.

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement, TransactionTrait,
};

use super::{
    migrating::{MigrateError, append_only},
    version::applied_migrations,
};

/// The table of accounts, whose id is what the others are distributed by.
const ACCOUNTS: &str = "accounts";
/// Tables that are read alone, before an account is known or for all of them. They don't fail with
/// a server that has only accounts.
const STAYING: [&str; 6] = [
    "api_keys",
    "server_secrets",
    "webhook_deliveries",
    "job_leases",
    "seaql_migrations",
    "schema_contracts",
];

/// A table that isn't distributed yet.
struct Table {
    name: String,
    of_account: bool,
}

/// Whether any table of a database is distributed.
pub(super) async fn is_distributed(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    if !has_citus(connection).await? {
        return Ok(false);
    }
    let any =
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_dist_partition WHERE partmethod = 'h') AS yes";
    is_true(connection, any).await
}

/// Distributes the tables that aren't yet. Each is distributed in a transaction of its own.
///
/// # Errors
/// If there is no Citus, or no server to distribute to; the database's errors.
pub(super) async fn distribute(connection: &DatabaseConnection) -> Result<(), MigrateError> {
    if !has_citus(connection).await? {
        return Err(MigrateError::NotDistributable(
            "the extension is missing: CREATE EXTENSION citus on every server, and add the servers with citus_add_node",
        ));
    }
    let any = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_dist_node \
               WHERE isactive AND shouldhaveshards) AS yes";
    if !is_true(connection, any).await? {
        return Err(MigrateError::NotDistributable(
            "no server takes shards: add them with citus_add_node",
        ));
    }
    if applied_migrations(connection).await?.is_empty() {
        return Err(MigrateError::NotDistributable("there are no tables"));
    }
    for table in missing(connection).await? {
        tracing::info!(table = table.name, "distributing");
        let transaction = connection.begin().await?;
        if table.of_account {
            prepare(&transaction, &table.name).await?;
        }
        let (column, with) = match table.name.as_str() {
            ACCOUNTS => ("id", "none"),
            _ => ("account_id", ACCOUNTS),
        };
        let name = &table.name;
        let distribute = match table.of_account {
            true => format!(
                "SELECT create_distributed_table('{name}', '{column}', colocate_with => '{with}')"
            ),
            false => format!("SELECT create_reference_table('{name}')"),
        };
        transaction.execute_unprepared(&distribute).await?;
        transaction.commit().await?;
    }
    forget_local_rows(connection).await?;
    // There are no triggers to refuse what an owner may do.
    for table in append_only(connection).await? {
        let revoke = format!("REVOKE UPDATE, DELETE, TRUNCATE ON \"{table}\" FROM CURRENT_USER");
        connection.execute_unprepared(&revoke).await?;
    }
    Ok(())
}

/// The tables that belong to an account or are copied to every server, and aren't yet; accounts
/// first.
async fn missing(connection: &impl ConnectionTrait) -> Result<Vec<Table>, DbErr> {
    let tables = "SELECT c.relname AS name, (c.relname = 'accounts' OR a.attnotnull IS TRUE) AS of_account \
         FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id' \
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition \
         AND c.relnamespace = current_schema()::regnamespace AND NOT EXISTS \
         (SELECT 1 FROM pg_catalog.pg_dist_partition d WHERE d.logicalrelid = c.oid) \
         ORDER BY c.relname <> 'accounts', c.relname";
    let rows = connection
        .query_all_raw(Statement::from_string(DatabaseBackend::Postgres, tables))
        .await?;
    let mut missing = Vec::new();
    for row in rows {
        let table = Table {
            name: row.try_get("", "name")?,
            of_account: row.try_get("", "of_account")?,
        };
        if !STAYING.contains(&table.name.as_str()) {
            missing.push(table);
        }
    }
    Ok(missing)
}

/// Removes what Citus refuses on a distributed table: triggers, and unique indexes without the
/// account. An index becomes a usual one, and another one keeps its columns unique within the
/// account, unless they are the id, which the primary key has.
async fn prepare(connection: &impl ConnectionTrait, table: &str) -> Result<(), DbErr> {
    let backend = DatabaseBackend::Postgres;
    let drop_trigger = format!("DROP TRIGGER IF EXISTS {table}_append_only ON {table}");
    connection.execute_unprepared(&drop_trigger).await?;
    let unique = "SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition \
         FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisunique AND NOT i.indisprimary \
         AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid \
         AND a.attname = 'account_id' AND a.attnum = ANY (i.indkey::int2[]))";
    let unique = Statement::from_sql_and_values(backend, unique, [table.into()]);
    for row in connection.query_all_raw(unique).await? {
        let (name, definition): (String, String) =
            (row.try_get("", "name")?, row.try_get("", "definition")?);
        connection
            .execute_unprepared(&format!("DROP INDEX {name}"))
            .await?;
        let usual = definition.replacen("CREATE UNIQUE INDEX", "CREATE INDEX", 1);
        connection.execute_unprepared(&usual).await?;
        if !definition.ends_with("(id)") {
            let within = definition.replacen(" ON ", "_of_account ON ", 1).replacen(
                "USING btree (",
                "USING btree (account_id, ",
                1,
            );
            connection.execute_unprepared(&within).await?;
        }
    }
    Ok(())
}

/// Removes the rows that a table had before it was distributed, and that are on the servers since.
async fn forget_local_rows(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let backend = DatabaseBackend::Postgres;
    let left = "SELECT logicalrelid::text AS name FROM pg_catalog.pg_dist_partition \
         WHERE pg_relation_size(logicalrelid) > 0 ORDER BY 1";
    let left = Statement::from_string(backend, left);
    for row in connection.query_all_raw(left).await? {
        let name: String = row.try_get("", "name")?;
        let forget = format!("SELECT truncate_local_data_after_distributing_table('{name}')");
        connection.execute_unprepared(&forget).await?;
    }
    Ok(())
}

/// The tables that belong on several servers and aren't there, at most ten, for the operator.
pub(super) async fn undistributed(connection: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let missing = missing(connection).await?.into_iter();
    Ok(missing.take(10).map(|table| table.name).collect())
}

async fn has_citus(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let known = "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL AS yes";
    is_true(connection, known).await
}

async fn is_true(connection: &impl ConnectionTrait, query: &str) -> Result<bool, DbErr> {
    let query = Statement::from_string(DatabaseBackend::Postgres, query);
    match connection.query_one_raw(query).await? {
        Some(row) => row.try_get("", "yes"),
        None => Ok(false),
    }
}
