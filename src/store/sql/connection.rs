//! Connections: which database, and how it is opened.
//!
//! SQLite has one connection that writes and several that read: WAL lets readers go on beside the writer,
//! and a second writer would only wait for the first, with stalls. `synchronous=FULL` makes a commit
//! survive a power cut. PostgreSQL has a pool for each.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection,
        sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};

use super::{
    lost_connections::Losses,
    private_file,
    reader::{Reader, Snapshot},
    writer_threads::Threads,
};
use crate::tuning::Tuned;

/// Readers beside SQLite's one writer, shared fairly ([`super::reader`]): enough to keep four to eight cores busy.
/// Measured: docs/measured.md, "Connections and threads".
static SQLITE_READERS: Tuned<u32> = Tuned::new("SQLITE_READERS", 16);
/// Connections for rows that are looked up by their keys, as on PostgreSQL.
/// Measured: docs/measured.md, "Connections and threads".
static SQLITE_LOOKUPS: Tuned<u32> = Tuned::new("SQLITE_LOOKUPS", 6);
/// Connections for the figures of downloads, one each while it lasts.
const SQLITE_BULK: u32 = 8;
/// Connections that the jobs have for themselves: they read one thing after the other, and what they do must not
/// wait for what anybody asks.
const JOBS: u32 = 2;
/// Connections that one process takes from PostgreSQL, whose default serves 100 in all. Readers and writers
/// are apart, so that reports and downloads never keep a charge waiting.
/// Measured: docs/measured.md, "Connections and threads".
static POSTGRES_READERS: Tuned<u32> = Tuned::new("POSTGRES_READERS", 20);
/// Each account that the ledger's writers wait for has one; the rest is for what is written beside the ledger.
const POSTGRES_WRITERS: u32 = 8;
/// Connections that the ledger's writers have for themselves, one each: what a connection has planned and
/// read stays at hand from batch to batch.
/// Measured: docs/measured.md, "Connections and threads".
pub static POSTGRES_SEATS: Tuned<usize> = Tuned::new("WRITERS", 3);
/// Connections for rows that are looked up by their keys, many at a time: few, so that each stays warm.
/// Measured: docs/measured.md, "Connections and threads".
static POSTGRES_LOOKUPS: Tuned<u32> = Tuned::new("POSTGRES_LOOKUPS", 6);
/// What the writers' statements and lookups are planned with. They find rows by their keys, and are planned once: a
/// plan made while a table was small must not outlive its smallness by reading all of it.
const BY_KEY: [(&str, &str); 5] = [
    // Planning takes several times as long as finding a row by its key.
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];
/// Pages of SQLite's log, of 4 KiB each, before they are moved into the database: under load the same pages
/// change in every batch, and moving them more rarely moves them less often.
/// Measured: docs/measured.md, "SQLite".
static SQLITE_CHECKPOINT_PAGES: Tuned<u32> = Tuned::new("SQLITE_CHECKPOINT_PAGES", 8_192);
/// KiB that the connection that writes to SQLite keeps in memory at most.
/// Measured: docs/measured.md, "SQLite".
static SQLITE_WRITER_CACHE: Tuned<u32> = Tuned::new("SQLITE_WRITER_CACHE", 16_384);
/// The same of one that reads. There are many, and a report goes through its rows once: the system keeps the file's
/// pages at hand, for all of them together.
/// Measured: docs/measured.md, "SQLite".
static SQLITE_READER_CACHE: Tuned<u32> = Tuned::new("SQLITE_READER_CACHE", 2_048);
/// Statements that a connection to SQLite keeps prepared: those of a batch come in nine sizes a table.
/// Measured: docs/measured.md, "SQLite".
static SQLITE_STATEMENTS: Tuned<usize> = Tuned::new("SQLITE_STATEMENTS", 400);
/// Connections for what is read in bulk, two a download, for its figures and for its messages, so that slow clients
/// of those never keep others from reading. They are opened when they are needed.
const POSTGRES_BULK: u32 = 16;
/// What PostgreSQL gives up a statement after: no page of a report comes near.
const STATEMENT_TIMEOUT: &str = "30s";
/// What PostgreSQL gives up waiting for a lock after: whoever holds it that long is stuck.
const LOCK_TIMEOUT: &str = "10s";
/// How long a caller waits for a connection before it is told that the database is not there.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The database of one installation.
#[derive(Debug, Clone)]
pub struct Store {
    reader: Reader,
    lookups: DatabaseConnection,
    writer: DatabaseConnection,
    /// Pools of one connection, for one writer each; none on SQLite, which has one writer in all.
    seats: Vec<DatabaseConnection>,
    /// Where those writers run; none on SQLite, whose driver has a thread already.
    threads: Option<Arc<Threads>>,
    /// What SQLite reads in bulk has connections outside any pool.
    bulk: DatabaseConnection,
    /// What is known of lost connections to PostgreSQL.
    losses: Losses,
}

impl Store {
    /// Opens the database that `url` names: `sqlite://…` or `postgres://…`.
    ///
    /// # Errors
    /// What the driver says where it can't be opened.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        let losses = Losses::default();
        if url.starts_with("sqlite:") {
            private_file::prepare(url);
            let writer = Database::connect(sqlite(url, 1, SQLITE_WRITER_CACHE.get())).await?;
            let pool = |connections| {
                let mut options = sqlite(url, connections, SQLITE_READER_CACHE.get());
                // Each is opened when it is needed.
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
                seats: Vec::new(),
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
        let mut seats = Vec::new();
        for _ in 0..POSTGRES_SEATS.get() {
            seats.push(lazily(postgres(1, &BY_KEY)).await?);
        }
        Ok(Self {
            reader,
            lookups,
            writer,
            seats,
            threads: Some(Arc::new(Threads::start())),
            bulk,
            losses,
        })
    }

    /// For single reads. Each takes its turn in its owner's share of the connections; those of jobs have their
    /// own.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// For statements that find rows by their keys, and whose text is always the same.
    #[must_use]
    pub fn lookups(&self) -> &DatabaseConnection {
        &self.lookups
    }

    /// Takes note of an error: where a connection was lost, those that may have been lost with it are asked before
    /// they are used.
    pub(crate) fn notice(&self, cause: &DbErr) {
        self.losses.notice(cause);
    }

    /// For migrations, and for single writes that stand alone.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// For what is read in bulk: what bounds it are the places of downloads.
    pub(super) fn bulk(&self) -> &DatabaseConnection {
        &self.bulk
    }

    /// Which kind of database it is.
    #[must_use]
    pub fn backend(&self) -> DatabaseBackend {
        self.writer.get_database_backend()
    }

    /// Several reads that see one state of the database.
    ///
    /// # Errors
    /// If the database can't be reached.
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        self.reader.snapshot().await
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

    /// The same for one of several writers, on the connection that is its own where it has one.
    ///
    /// # Errors
    /// Where the database can't be reached.
    pub async fn begin_at(&self, seat: Option<usize>) -> Result<DatabaseTransaction, DbErr> {
        match seat.and_then(|seat| self.seats.get(seat)) {
            Some(own) => own.begin().await,
            None => self.begin().await,
        }
    }

    /// The threads that the ledger's writers have for themselves, where they have some.
    pub(crate) fn writer_threads(&self) -> Option<&tokio::runtime::Handle> {
        self.threads.as_ref().and_then(|threads| threads.handle())
    }

    /// Closes every connection.
    pub async fn close(self) {
        if let Err(cause) = self.reader.close().await {
            tracing::debug!(%cause, "a connection was closed already");
        }
        let pools = [self.lookups, self.writer, self.bulk].into_iter();
        for connection in pools.chain(self.seats) {
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
        .map_sqlx_postgres_pool_opts(move |pool| losses.clone().watch(pool))
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
        // A file does not hang up; asking whether it is there would cost as much as a small query.
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
                // The sign says that these are KiB and not pages.
                .pragma("cache_size", format!("-{cache_kibibytes}"))
                .statement_cache_capacity(SQLITE_STATEMENTS.get())
        })
        .map_sqlx_sqlite_pool_opts(|options| {
            options.before_acquire(|connection, _| Box::pin(is_sound(connection)))
        });
    options
}

/// Whether a connection is outside any transaction, and may be used again.
///
/// Where the disk is full SQLite rolls back by itself, and the driver, whose own rollback then fails, goes on
/// counting a transaction that is over: what is written next would never be committed, though every statement
/// succeeds. Such a connection is closed and another one opened.
async fn is_sound(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    // A rollback that was left behind is done before the answer comes.
    connection.ping().await?;
    let sound = !connection.is_in_transaction();
    if !sound {
        tracing::warn!("a connection was left inside a transaction; it is replaced");
    }
    Ok(sound)
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
    async fn after_a_full_disk_what_is_acknowledged_is_there() {
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
        // The connection's own bound stands in for the disk's.
        store
            .writer()
            .execute_unprepared("PRAGMA max_page_count = 20")
            .await
            .unwrap();
        // One row alone: only then does SQLite roll the whole transaction back by itself.
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
        assert_eq!(failures, 1, "the bound is reached");
        // The next that fails leaves a savepoint where the driver believes itself within a transaction.
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
