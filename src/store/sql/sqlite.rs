//! The pools of SQLite.
//!
//! Here: one connection that writes and several that read. With WAL, readers continue while the
//! writer works, and a second writer would only wait for the first, with stalls.
//! `synchronous=FULL` makes a commit survive a power cut. Not here: the size of the log
//! ([`super::wal`]).

use std::time::Duration;

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::{
        self, Connection,
        sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};

use super::{
    pools::{self, Pool},
    private_file, wal,
};
use crate::tuning::Tuned;

/// Readers beside SQLite's one writer, shared fairly ([`super::reader`]): enough to keep four to
/// eight cores busy.
/// Measured: docs/measured.md, "Connections and threads".
pub(super) static READERS: Tuned<u32> = Tuned::new("SQLITE_READERS", 16);
/// Connections for lookups by key, as on PostgreSQL.
/// Measured: docs/measured.md, "Connections and threads".
static LOOKUPS: Tuned<u32> = Tuned::new("SQLITE_LOOKUPS", 6);
/// Connections for the figures of downloads, one for each running download.
const BULK: u32 = 8;
/// Connections for the jobs alone. They read one thing after another, and must not wait for
/// clients.
const JOBS: u32 = 2;
/// Pages of SQLite's log, of 4 KiB each, before a checkpoint moves them into the database. Under
/// load every batch changes the same pages, and rarer checkpoints move them less often.
/// Measured: docs/measured.md, "SQLite".
static CHECKPOINT_PAGES: Tuned<u32> = Tuned::new("SQLITE_CHECKPOINT_PAGES", 8_192);
/// The page cache of SQLite's writer, in KiB.
/// Measured: docs/measured.md, "SQLite".
static WRITER_CACHE: Tuned<u32> = Tuned::new("SQLITE_WRITER_CACHE", 16_384);
/// The page cache of one of SQLite's readers, in KiB. There are many, and a report reads its rows
/// once; the operating system caches the file's pages for all of them together. Measured:
/// docs/measured.md, "SQLite".
static READER_CACHE: Tuned<u32> = Tuned::new("SQLITE_READER_CACHE", 2_048);
/// Statements that a connection to SQLite keeps prepared: a batch has up to nine sizes for each
/// table.
/// Measured: docs/measured.md, "SQLite".
static STATEMENTS: Tuned<usize> = Tuned::new("SQLITE_STATEMENTS", 400);

/// The pools of one process.
#[derive(Debug)]
pub(super) struct Pools {
    pub writer: DatabaseConnection,
    pub readers: DatabaseConnection,
    pub lookups: DatabaseConnection,
    pub jobs: DatabaseConnection,
    pub bulk: DatabaseConnection,
}

impl Pools {
    /// Opens the file.
    ///
    /// # Errors
    /// If it can't be opened.
    pub(super) async fn open(url: &str, patience: Duration) -> Result<Self, DbErr> {
        private_file::prepare(url);
        let writer = options(url, 1, WRITER_CACHE.get(), patience, Pool::Writer);
        let writer = Database::connect(writer).await?;
        let pool = |connections, name| {
            let mut options = options(url, connections, READER_CACHE.get(), patience, name);
            // Connections are opened on demand.
            options.connect_lazy(true).min_connections(0);
            Database::connect(options)
        };
        Ok(Self {
            writer,
            readers: pool(READERS.get(), Pool::Reader).await?,
            lookups: pool(LOOKUPS.get(), Pool::Lookups).await?,
            jobs: pool(JOBS, Pool::Jobs).await?,
            bulk: pool(BULK, Pool::Bulk).await?,
        })
    }
}

fn options(
    url: &str,
    connections: u32,
    cache_kibibytes: u32,
    patience: Duration,
    measured: Pool,
) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(patience)
        // A connection to a file can't be lost, and a test would cost as much as a small query.
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(patience)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.get().to_string())
                .pragma("journal_size_limit", wal::LIMIT.to_string())
                // Deleted contacts and erased texts leave no bytes behind
                // (docs/operations/retention.md, "SQLite").
                .pragma("secure_delete", "ON")
                // A negative size is in KiB rather than in pages.
                .pragma("cache_size", format!("-{cache_kibibytes}"))
                .statement_cache_capacity(STATEMENTS.get())
        })
        .map_sqlx_sqlite_pool_opts(move |options| {
            options
                .before_acquire(move |connection, _| {
                    Box::pin(async move {
                        let is_usable = is_usable(connection).await?;
                        if is_usable {
                            pools::handed_out(measured);
                        }
                        Ok(is_usable)
                    })
                })
                .after_connect(move |_, _| {
                    pools::handed_out(measured);
                    Box::pin(std::future::ready(Ok(())))
                })
        });
    options
}

/// Whether a connection is outside any transaction, and can be used again.
///
/// If the disk is full, SQLite rolls back on its own. The driver's rollback then fails, and the
/// driver still counts a transaction: later writes would succeed but never be committed. Such a
/// connection is closed and replaced.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    // A pending rollback runs before the ping is answered.
    connection.ping().await?;
    let is_usable = !connection.is_in_transaction();
    if !is_usable {
        tracing::warn!("a connection was left inside a transaction; it is replaced");
    }
    Ok(is_usable)
}
