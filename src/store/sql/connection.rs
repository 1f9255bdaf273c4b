//! Connection pools: opening them, with their sizes and settings.
//!
//! Here: SQLite has one connection that writes and several that read. With WAL, readers continue
//! while the writer works, and a second writer would only wait for the first, with stalls.
//! `synchronous=FULL` makes a commit survive a power cut. PostgreSQL has a pool for each purpose.
//! Not here: the fair queue of readers ([`super::reader`]).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectOptions, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection,
        sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};

use super::{
    errors,
    lost_connections::Losses,
    pools::{self, Pool},
    private_file,
    reader::{Reader, Snapshot},
    writer_threads::Threads,
};
use crate::tuning::Tuned;

/// Readers beside SQLite's one writer, shared fairly ([`super::reader`]): enough to keep four to
/// eight cores busy.
/// Measured: docs/measured.md, "Connections and threads".
static SQLITE_READERS: Tuned<u32> = Tuned::new("SQLITE_READERS", 16);
/// Connections for lookups by key, as on PostgreSQL.
/// Measured: docs/measured.md, "Connections and threads".
static SQLITE_LOOKUPS: Tuned<u32> = Tuned::new("SQLITE_LOOKUPS", 6);
/// Connections for the figures of downloads, one for each running download.
const SQLITE_BULK: u32 = 8;
/// Connections for the jobs alone. They read one thing after another, and must not wait for
/// clients.
const JOBS: u32 = 2;
/// Connections that one process takes from PostgreSQL, whose default limit is 100 in all. Readers
/// and writers have separate pools, so reports and downloads never keep a charge waiting.
/// Measured: docs/measured.md, "Connections and threads".
static POSTGRES_READERS: Tuned<u32> = Tuned::new("POSTGRES_READERS", 20);
/// Each locked account that the ledger waits for takes one connection; the rest are for writes
/// outside the ledger.
const POSTGRES_WRITERS: u32 = 8;
/// The ledger's writers, each with its own connection, which keeps plans and catalogue data from
/// batch to batch.
/// Measured: docs/measured.md, "Connections and threads".
pub static POSTGRES_LEDGER_WRITERS: Tuned<usize> = Tuned::new("WRITERS", 3);
/// Connections for lookups by key, of many keys at a time: few, so that each stays warm.
/// Measured: docs/measured.md, "Connections and threads".
static POSTGRES_LOOKUPS: Tuned<u32> = Tuned::new("POSTGRES_LOOKUPS", 6);
/// Planner settings for writers and lookups. Their statements find rows by key and are planned
/// once. A plan that was made while a table was small must not scan the whole table when it has
/// grown.
const BY_KEY: [(&str, &str); 5] = [
    // Planning takes several times as long as finding a row by key.
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];
/// Pages of SQLite's log, of 4 KiB each, before a checkpoint moves them into the database. Under
/// load every batch changes the same pages, and rarer checkpoints move them less often.
/// Measured: docs/measured.md, "SQLite".
static SQLITE_CHECKPOINT_PAGES: Tuned<u32> = Tuned::new("SQLITE_CHECKPOINT_PAGES", 8_192);
/// The page cache of SQLite's writer, in KiB.
/// Measured: docs/measured.md, "SQLite".
static SQLITE_WRITER_CACHE: Tuned<u32> = Tuned::new("SQLITE_WRITER_CACHE", 16_384);
/// The page cache of one of SQLite's readers, in KiB. There are many, and a report reads its rows
/// once; the operating system caches the file's pages for all of them together. Measured:
/// docs/measured.md, "SQLite".
static SQLITE_READER_CACHE: Tuned<u32> = Tuned::new("SQLITE_READER_CACHE", 2_048);
/// Statements that a connection to SQLite keeps prepared: a batch has up to nine sizes for each
/// table.
/// Measured: docs/measured.md, "SQLite".
static SQLITE_STATEMENTS: Tuned<usize> = Tuned::new("SQLITE_STATEMENTS", 400);
/// Connections for bulk reads: each download uses two, one for its figures and one for its
/// messages, so that slow clients never keep others from reading. They are opened on demand.
const POSTGRES_BULK: u32 = 16;
/// PostgreSQL's timeout for a statement. No page of a report comes near it.
const STATEMENT_TIMEOUT: &str = "30s";
/// PostgreSQL's timeout for waiting for a lock. A transaction that holds one longer is stuck.
const LOCK_TIMEOUT: &str = "10s";
/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of one installation.
#[derive(Debug, Clone)]
pub struct Store {
    reader: Reader,
    lookups: DatabaseConnection,
    writer: DatabaseConnection,
    /// Pools of one connection for each of the ledger's writers; none on SQLite, which has one
    /// writer.
    ledger_writers: Vec<DatabaseConnection>,
    /// The threads of those writers; none on SQLite, whose driver has its own.
    threads: Option<Arc<Threads>>,
    /// For downloads. On SQLite, scans use connections outside any pool.
    bulk: DatabaseConnection,
    /// When connections to PostgreSQL were lost.
    losses: Losses,
}

impl Store {
    /// Opens the database that `url` names: `sqlite://…` or `postgres://…`.
    ///
    /// # Errors
    /// If the database can't be opened.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        errors::register();
        pools::register();
        let losses = Losses::default();
        if url.starts_with("sqlite:") {
            private_file::prepare(url);
            let writer = Database::connect(sqlite(url, 1, SQLITE_WRITER_CACHE.get())).await?;
            let pool = |connections| {
                let mut options = sqlite(url, connections, SQLITE_READER_CACHE.get());
                // Connections are opened on demand.
                options.connect_lazy(true).min_connections(0);
                Database::connect(options)
            };
            let shared = pool(SQLITE_READERS.get()).await?;
            let reader = Reader::new(shared, SQLITE_READERS.get(), pool(JOBS).await?);
            let bulk = pool(SQLITE_BULK).await?;
            return Ok(Self {
                lookups: pool(SQLITE_LOOKUPS.get()).await?,
                reader,
                writer,
                ledger_writers: Vec::new(),
                threads: None,
                bulk,
                losses,
            });
        }
        let postgres = |connections, settings| postgres(url, connections, settings, &losses);
        let writer = Database::connect(postgres(POSTGRES_WRITERS, &BY_KEY)).await?;
        let shared = Database::connect(postgres(POSTGRES_READERS.get(), &[])).await?;
        let lazily = |mut options: ConnectOptions| {
            options.connect_lazy(true);
            Database::connect(options)
        };
        let jobs = lazily(postgres(JOBS, &[])).await?;
        let reader = Reader::new(shared, POSTGRES_READERS.get(), jobs);
        let lookups = lazily(postgres(POSTGRES_LOOKUPS.get(), &BY_KEY)).await?;
        let bulk = lazily(postgres(POSTGRES_BULK, &[])).await?;
        let mut ledger_writers = Vec::new();
        for _ in 0..POSTGRES_LEDGER_WRITERS.get() {
            ledger_writers.push(lazily(postgres(1, &BY_KEY)).await?);
        }
        Ok(Self {
            reader,
            lookups,
            writer,
            ledger_writers,
            threads: Some(Arc::new(Threads::start())),
            bulk,
            losses,
        })
    }

    /// For single reads. Each uses a connection of its owner's share; jobs have their own
    /// connections.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// For statements that find rows by key, and whose text is always the same.
    #[must_use]
    pub fn lookups(&self) -> &DatabaseConnection {
        &self.lookups
    }

    /// Records an error. If it means that a connection was lost, connections that may have been
    /// lost with it are tested before they are used.
    pub(crate) fn record_error(&self, cause: &DbErr) {
        self.losses.record_error(cause);
    }

    /// For migrations, and for single statements that write outside a transaction.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// For bulk reads. The limit on concurrent downloads bounds them.
    pub(super) fn bulk(&self) -> &DatabaseConnection {
        &self.bulk
    }

    /// The kind of database.
    #[must_use]
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// Starts a read-only transaction that sees one state of the database.
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        self.reader.snapshot().await
    }

    /// Starts a transaction that writes. On SQLite it takes the write lock at once: a transaction
    /// that starts as a reader and writes later fails if another one wrote in between.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let since = Instant::now();
        let begun = match self.backend() {
            DatabaseBackend::Sqlite => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                self.writer.begin_with_options(options).await
            }
            _ => self.writer.begin().await,
        };
        match &begun {
            Ok(_) => pools::writer_waited(since),
            Err(cause) => pools::note_error(Pool::Writer, cause),
        }
        begun
    }

    /// Like [`Self::begin`], for one of the ledger's writers, on its own connection if it has one.
    pub async fn begin_for(&self, writer: Option<usize>) -> Result<DatabaseTransaction, DbErr> {
        match writer.and_then(|writer| self.ledger_writers.get(writer)) {
            Some(own) => {
                let begun = own.begin().await;
                begun.inspect_err(|cause| pools::note_error(Pool::Ledger, cause))
            }
            None => self.begin().await,
        }
    }

    /// States in metrics how many connections each pool has, and how many of them are used.
    pub fn note_pools(&self) {
        let ledger: Vec<&DatabaseConnection> = self.ledger_writers.iter().collect();
        let (shared, jobs) = self.reader.pools();
        pools::note(Pool::Ledger, &ledger);
        pools::note(Pool::Writer, &[&self.writer]);
        pools::note(Pool::Reader, &[shared]);
        pools::note(Pool::Lookups, &[&self.lookups]);
        pools::note(Pool::Jobs, &[jobs]);
        pools::note(Pool::Bulk, &[&self.bulk]);
    }

    /// The threads of the ledger's writers; `None` if they run on those of the requests.
    pub(crate) fn writer_threads(&self) -> Option<&tokio::runtime::Handle> {
        self.threads.as_ref().and_then(|threads| threads.handle())
    }

    /// Closes every connection.
    pub async fn close(self) {
        if let Err(cause) = self.reader.close().await {
            tracing::debug!(%cause, "a connection was closed already");
        }
        let pools = [self.lookups, self.writer, self.bulk].into_iter();
        for connection in pools.chain(self.ledger_writers) {
            if let Err(cause) = connection.close().await {
                tracing::debug!(%cause, "a connection was closed already");
            }
        }
    }
}

fn postgres(
    url: &str,
    connections: u32,
    settings: &'static [(&str, &str)],
    losses: &Losses,
) -> ConnectOptions {
    let losses = losses.clone();
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_postgres_pool_opts(move |pool| losses.clone().test_in(pool))
        .map_sqlx_postgres_opts(move |options| {
            let timeouts = [
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("lock_timeout", LOCK_TIMEOUT),
            ];
            options.options(timeouts.into_iter().chain(settings.iter().copied()))
        });
    options
}

fn sqlite(url: &str, connections: u32, cache_kibibytes: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A connection to a file can't be lost, and a test would cost as much as a small query.
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(ACQUIRE_TIMEOUT)
                .pragma(
                    "wal_autocheckpoint",
                    SQLITE_CHECKPOINT_PAGES.get().to_string(),
                )
                // A negative size is in KiB rather than in pages.
                .pragma("cache_size", format!("-{cache_kibibytes}"))
                .statement_cache_capacity(SQLITE_STATEMENTS.get())
        })
        .map_sqlx_sqlite_pool_opts(|options| {
            options.before_acquire(|connection, _| Box::pin(is_usable(connection)))
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

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, Statement};

    use super::Store;

    async fn count(store: &Store) -> i64 {
        let query = Statement::from_string(store.backend(), "SELECT count(*) AS n FROM notes");
        let row = store.reader().query_one_raw(query).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }

    #[tokio::test]
    async fn acknowledged_writes_after_a_full_disk_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("full.db").display()
        );
        let store = Store::connect(&url).await.unwrap();
        store
            .writer()
            .execute_unprepared("CREATE TABLE notes (text BLOB)")
            .await
            .unwrap();
        // A limit of the connection simulates the full disk.
        store
            .writer()
            .execute_unprepared("PRAGMA max_page_count = 20")
            .await
            .unwrap();
        // SQLite rolls back the whole transaction on its own only if it wrote a single row.
        let write = "INSERT INTO notes VALUES (zeroblob(60000))";
        let mut failures = 0;
        for _ in 0..3 {
            let transaction = store.begin().await.unwrap();
            if transaction.execute_unprepared(write).await.is_err() {
                failures += 1;
                break;
            }
            transaction.commit().await.unwrap();
        }
        assert_eq!(failures, 1, "the limit is reached");
        // If the driver still counts a transaction, the next failure leaves a savepoint.
        let transaction = store.begin().await.unwrap();
        transaction
            .execute_unprepared("INSERT INTO nowhere VALUES (1)")
            .await
            .unwrap_err();
        drop(transaction);
        let before = count(&store).await;
        let transaction = store.begin().await.unwrap();
        transaction
            .execute_unprepared("INSERT INTO notes VALUES ('after')")
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(count(&store).await, before + 1);
    }
}
