//! Pinned snapshots: one state of the database for single reads and for a later scan (law T4).
//!
//! Here: starting both on the same snapshot. Not here: the scan itself (the parent).

use std::{path::Path, sync::Arc, time::Instant};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use rusqlite::Connection;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, Statement, StreamTrait,
    sea_query::{PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder},
    sqlx::{self, Postgres, Row, ValueRef, pool::PoolConnection},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::{
    super::{
        bounded::Connections,
        pools::{self, Pool},
        reader::snapshot_of,
        shards,
    },
    BATCH_BYTES, BATCHES_WAITING, Batch, SCAN_TIMEOUT, Scan, Sender, Store, broken, copy_out,
    hand_over_async, last_step, open, walk_on,
};
use crate::tuning::Tuned;

/// SQLite's page cache for a scan, in KiB: small, because a scan reads each page once. The file is
/// not memory-mapped, because its pages would count as the memory of this process.
/// Measured: docs/measured.md, "Files".
static CACHE_KIBIBYTES: Tuned<i64> = Tuned::new("SCAN_CACHE_KIB", 256);
/// Settings that make PostgreSQL stream rows from the first one on, without sorting or hashing all
/// of them before, and without compiling machine code for rows that are only sent.
const STREAMED: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; \
                        SET LOCAL enable_mergejoin = off; SET LOCAL jit = off";

/// A snapshot that is held for a scan.
#[derive(Debug)]
pub struct Pinned(Place);

#[derive(Debug)]
enum Place {
    Sqlite(Connection),
    Postgres(Held),
    /// The single reads' own transaction, once they have ended: the servers of a cluster don't
    /// share a snapshot between two connections.
    Shared {
        transaction: Arc<DatabaseTransaction>,
        reads_ended: oneshot::Receiver<()>,
        held: Option<OwnedSemaphorePermit>,
    },
}

/// The single reads of a pinned snapshot. They end when this is dropped.
#[derive(Debug)]
pub struct PinnedReads {
    transaction: Arc<DatabaseTransaction>,
    _ended: Option<oneshot::Sender<()>>,
}

impl PinnedReads {
    fn of(transaction: DatabaseTransaction) -> Self {
        Self {
            transaction: Arc::new(transaction),
            _ended: None,
        }
    }

    /// Ends the single reads.
    ///
    /// # Errors
    /// The database's error.
    pub async fn rollback(self) -> Result<(), DbErr> {
        match Arc::into_inner(self.transaction) {
            Some(own) => own.rollback().await,
            // The scan goes on with it.
            None => Ok(()),
        }
    }
}

#[async_trait]
impl ConnectionTrait for PinnedReads {
    fn get_database_backend(&self) -> DatabaseBackend {
        ConnectionTrait::get_database_backend(&*self.transaction)
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.transaction.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.transaction.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.transaction.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.transaction.query_all_raw(statement).await
    }
}

/// A connection with an open transaction, and its place among the pinned snapshots if these are
/// counted. If it is dropped before [`Held::end`], the connection is closed.
#[derive(Debug)]
struct Held(
    Option<PoolConnection<Postgres>>,
    #[expect(dead_code)] Option<OwnedSemaphorePermit>,
);

impl Held {
    fn connection(&mut self) -> Result<&mut PoolConnection<Postgres>, sqlx::Error> {
        self.0.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Ends the transaction, and returns the connection to the pool for the next download.
    async fn end(mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("COMMIT")
            .execute(&mut **self.connection()?)
            .await?;
        drop(self.0.take());
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }
}

impl Store {
    /// Starts two transactions on the same snapshot: one for single reads, and one for a scan.
    ///
    /// On SQLite the writer is locked out while both start, so each commit is in both or in
    /// neither. On PostgreSQL nobody waits.
    pub async fn pin(&self) -> Result<(PinnedReads, Pinned), DbErr> {
        if self.backend() == DatabaseBackend::Postgres {
            // Callers that each hold one connection and wait for another would wait for each other.
            let pin = async {
                let place = self.pins().clone().acquire_owned();
                match tokio::time::timeout(self.patience(), place).await {
                    Ok(Ok(place)) => pin_postgres(self.bulk(), Some(place)).await,
                    Ok(Err(_)) | Err(_) => {
                        pools::timed_out(Pool::Bulk);
                        Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
                    }
                }
            };
            return pools::asking(pools::asked(), pin).await;
        }
        let bulk = self.bulk().unbounded();
        let options = bulk.get_sqlite_connection_pool().connect_options();
        let held = self.begin().await?;
        let both = async {
            let begun = tokio::task::spawn_blocking(move || begin(options.get_filename()));
            let connection = begun
                .await
                .map_err(|_| broken("a connection could not be opened"))??;
            let snapshot = snapshot_of(self.bulk()).await?;
            // On SQLite a transaction's snapshot is that of its first read.
            snapshot
                .execute_unprepared("SELECT 1 FROM accounts LIMIT 1")
                .await?;
            Ok((PinnedReads::of(snapshot), Pinned(Place::Sqlite(connection))))
        };
        let both = both.await;
        held.rollback().await?;
        both
    }
}

/// Starts both transactions on PostgreSQL, on connections of this pool. The place is held until the
/// scan has ended.
pub(in crate::store::sql) async fn pin_postgres(
    bulk: &Connections,
    place: Option<OwnedSemaphorePermit>,
) -> Result<(PinnedReads, Pinned), DbErr> {
    if shards::are_used() {
        return pin_on_shards(bulk, place).await;
    }
    let pool = bulk.unbounded();
    let failed = |cause: sqlx::Error| match cause {
        sqlx::Error::PoolTimedOut => {
            if let Some(measured) = bulk.measured() {
                pools::timed_out(measured);
            }
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        }
        cause => broken(cause.to_string()),
    };
    let acquired = pool.get_postgres_connection_pool().acquire();
    let acquired = pools::asking(pools::asked(), acquired).await;
    let mut held = Held(Some(acquired.map_err(failed)?), place);
    let connection = held.connection().map_err(failed)?;
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SET LOCAL statement_timeout = '{SCAN_TIMEOUT}'; {STREAMED}"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(begin))
        .execute(&mut **connection)
        .await
        .map_err(failed)?;
    let name: String = sqlx::query_scalar("SELECT pg_export_snapshot()")
        .fetch_one(&mut **connection)
        .await
        .map_err(failed)?;
    let snapshot = pools::asking(Instant::now(), snapshot_of(bulk)).await?;
    // The server made this name, of digits, letters and hyphens.
    snapshot
        .execute_unprepared(&format!("SET TRANSACTION SNAPSHOT '{name}'"))
        .await?;
    Ok((PinnedReads::of(snapshot), Pinned(Place::Postgres(held))))
}

/// Starts one transaction, for the single reads and then for the scan. Each server keeps its
/// snapshot on the one connection that the transaction has to it.
async fn pin_on_shards(
    bulk: &Connections,
    place: Option<OwnedSemaphorePermit>,
) -> Result<(PinnedReads, Pinned), DbErr> {
    let transaction = Arc::new(snapshot_of(bulk).await?);
    let settings = format!(
        "SET LOCAL statement_timeout = '{SCAN_TIMEOUT}'; \
         SET LOCAL citus.max_adaptive_executor_pool_size = 1"
    );
    transaction.execute_unprepared(&settings).await?;
    let (ended, reads_ended) = oneshot::channel();
    let reads = PinnedReads {
        transaction: transaction.clone(),
        _ended: Some(ended),
    };
    let scan = Place::Shared {
        transaction,
        reads_ended,
        held: place,
    };
    Ok((reads, Pinned(scan)))
}

/// Opens a connection in a transaction that has taken its snapshot.
fn begin(file: &Path) -> Result<Connection, DbErr> {
    let connection = open(file)?;
    connection
        .pragma_update(None, "cache_size", -CACHE_KIBIBYTES.get())
        .and_then(|()| connection.execute_batch("BEGIN; SELECT 1 FROM accounts LIMIT 1"))
        .map_err(|cause| broken(cause.to_string()))?;
    Ok(connection)
}

impl Pinned {
    /// The kind of database.
    #[must_use]
    pub fn backend(&self) -> DatabaseBackend {
        match self.0 {
            Place::Postgres(_) | Place::Shared { .. } => DatabaseBackend::Postgres,
            Place::Sqlite(_) => DatabaseBackend::Sqlite,
        }
    }

    /// Reads the rows of a query from the snapshot. Dropping the scan stops it.
    ///
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn scan(self, select: &SelectStatement) -> Scan {
        let (sender, receiver) = mpsc::channel(BATCHES_WAITING.get());
        match self.0 {
            Place::Postgres(held) => {
                let query = select.to_string(PostgresQueryBuilder);
                tokio::spawn(async move {
                    let sent = copy_held(held, &query, &sender).await;
                    let sent = sent.map_err(|cause| broken(cause.to_string()));
                    // Fails only if the scan was dropped.
                    let _ = sender.send(last_step(sent)).await;
                });
            }
            Place::Shared {
                transaction,
                reads_ended,
                held,
            } => {
                let query = select.to_string(PostgresQueryBuilder);
                tokio::spawn(async move {
                    // The sender is dropped without a word, too.
                    let _ = reads_ended.await;
                    let sent = stream_rows(&transaction, &query, &sender).await;
                    // Fails only if the scan was dropped.
                    let _ = sender.send(last_step(sent)).await;
                    drop(held);
                });
            }
            Place::Sqlite(connection) => {
                let (query, values) = select.build(SqliteQueryBuilder);
                tokio::task::spawn_blocking(move || {
                    let last = last_step(walk_on(&connection, &query, values, &sender));
                    // Fails only if the scan was dropped.
                    let _ = sender.blocking_send(last);
                });
            }
        }
        Scan(receiver)
    }
}

async fn copy_held(mut held: Held, query: &str, sender: &Sender) -> Result<(), sqlx::Error> {
    let all_sent = copy_out(held.connection()?, query, sender).await?;
    if all_sent {
        held.end().await?;
    }
    Ok(())
}

/// Sends the rows of a query over a transaction, in the form of a binary COPY.
async fn stream_rows(
    transaction: &DatabaseTransaction,
    query: &str,
    sender: &Sender,
) -> Result<(), DbErr> {
    let statement = Statement::from_string(DatabaseBackend::Postgres, query);
    let mut rows = transaction.stream_raw(statement).await?;
    let mut batch = Batch::default();
    while let Some(row) = rows.try_next().await? {
        let row = row
            .try_as_pg_row()
            .ok_or_else(|| broken("a row isn't PostgreSQL's"))?;
        batch.push_cells(row.len());
        for cell in 0..row.len() {
            let value = row
                .try_get_raw(cell)
                .map_err(|cause| broken(cause.to_string()))?;
            batch.push_cell(match value.is_null() {
                true => None,
                false => Some(
                    value
                        .as_bytes()
                        .map_err(|cause| broken(cause.to_string()))?,
                ),
            });
        }
        if batch.0.len() >= BATCH_BYTES.get() && !hand_over_async(&mut batch, sender).await {
            return Ok(());
        }
    }
    hand_over_async(&mut batch, sender).await;
    Ok(())
}
