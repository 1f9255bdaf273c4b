//! Connections: which database, and how it is opened.
//!
//! SQLite has one connection that writes and several that read: WAL lets readers go on beside the writer,
//! and a second writer would only wait for the first, with stalls. `synchronous=FULL` makes a commit
//! survive a power cut. PostgreSQL has one pool for both.

use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction,
    DbErr, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};

/// Readers beside SQLite's one writer: eight to keep two to four cores busy, and as many for downloads,
/// each of which holds one while it lasts.
const SQLITE_READERS: u32 = 16;
/// How many connections one process takes from PostgreSQL, whose default serves 100 in all.
const POSTGRES_CONNECTIONS: u32 = 24;
/// How long a caller waits for a connection before it is told that the database is not there.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of one installation.
#[derive(Debug, Clone)]
pub struct Store {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
}

impl Store {
    /// Opens the database that `url` names: `sqlite://…` or `postgres://…`.
    ///
    /// # Errors
    /// What the driver says where it can't be opened.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let writer = Database::connect(sqlite(url, 1)).await?;
            let reader = Database::connect(sqlite(url, SQLITE_READERS)).await?;
            return Ok(Self { reader, writer });
        }
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .sqlx_logging(false);
        let pool = Database::connect(options).await?;
        Ok(Self {
            reader: pool.clone(),
            writer: pool,
        })
    }

    /// For single reads.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For migrations, and for single writes that stand alone.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Which kind of database it is.
    #[must_use]
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// Several reads that see one state of the database.
    ///
    /// # Errors
    /// Where the database can't be reached.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend() {
            DatabaseBackend::Postgres => {
                self.reader
                    .begin_with_config(
                        Some(IsolationLevel::RepeatableRead),
                        Some(AccessMode::ReadOnly),
                    )
                    .await
            }
            _ => self.reader.begin().await,
        }
    }

    /// A transaction that writes. On SQLite it takes the write lock at once: one that starts as a reader
    /// and writes later fails when another wrote in between.
    ///
    /// # Errors
    /// Where the database can't be reached.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend() {
            DatabaseBackend::Sqlite => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                self.writer.begin_with_options(options).await
            }
            _ => self.writer.begin().await,
        }
    }

    /// Closes every connection.
    pub async fn close(self) {
        for connection in [self.reader, self.writer] {
            if let Err(cause) = connection.close().await {
                tracing::debug!(%cause, "a connection was closed already");
            }
        }
    }
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|options| {
            options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(ACQUIRE_TIMEOUT)
        });
    options
}
