//! The database of one installation: its pools, and what each is for.
//!
//! Here: which pool a reader or a writer uses, and closing them. Not here: opening them
//! ([`super::sqlite`], [`super::postgres`]), and the fair queue of readers ([`super::reader`]).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::Semaphore;

use super::{
    bounded::{Connections, Transaction},
    errors,
    lost_connections::Losses,
    pools::{self, Pool},
    postgres::{self, Follower},
    reader::{Reader, Snapshot},
    settings::Settings,
    sqlite,
    wal::Keeper,
    writer_threads::Threads,
};

/// How long closing a pool may take: connections that are still in use are waited for.
const CLOSING: Duration = Duration::from_secs(5);

/// The database of one installation.
#[derive(Debug, Clone)]
pub struct Store {
    reader: Reader,
    lookups: Connections,
    writer: Connections,
    /// Pools of one connection for each of the ledger's writers; none on SQLite, which has one
    /// writer.
    ledger_writers: Vec<Connections>,
    /// The threads of those writers; none on SQLite, whose driver has its own.
    threads: Option<Arc<Threads>>,
    /// For downloads. On SQLite, scans use connections outside any pool.
    bulk: Connections,
    /// Places for snapshots that are pinned for a scan: each takes two connections of `bulk`.
    pins: Arc<Semaphore>,
    /// Connections for writes outside the ledger.
    writers: u32,
    /// What is known about lost connections to PostgreSQL.
    losses: Losses,
    /// How long a caller waits for a connection.
    patience: Duration,
    _follower: Option<Arc<Follower>>,
    _keeper: Option<Arc<Keeper>>,
}

impl Store {
    /// Opens the database that `url` names with the measured settings: `sqlite://…` or
    /// `postgres://…`.
    ///
    /// # Errors
    /// If the database can't be opened.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        Self::open(&Settings::of(url)).await
    }

    /// Opens a database. PostgreSQL is waited for as long as the settings say.
    ///
    /// # Errors
    /// If the database can't be opened.
    pub async fn open(settings: &Settings) -> Result<Self, DbErr> {
        errors::register();
        pools::register();
        if settings.is_sqlite() {
            let pools = sqlite::Pools::open(&settings.url, settings.acquire_timeout).await?;
            let measured = |pool, name| Connections::unlimited(pool, Some(name));
            return Ok(Self {
                reader: Reader::new(
                    measured(pools.readers, Pool::Reader),
                    sqlite::READERS.get(),
                    measured(pools.jobs, Pool::Jobs),
                ),
                lookups: measured(pools.lookups, Pool::Lookups),
                writer: measured(pools.writer, Pool::Writer),
                ledger_writers: Vec::new(),
                threads: None,
                bulk: measured(pools.bulk, Pool::Bulk),
                pins: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
                writers: 1,
                losses: Losses::default(),
                patience: settings.acquire_timeout,
                _follower: None,
                _keeper: Keeper::start(&settings.url).map(Arc::new),
            });
        }
        let pools = postgres::Pools::open(settings).await?;
        let budget = settings.budget();
        let pins = usize::try_from(budget.bulk / 2).unwrap_or(1);
        Ok(Self {
            reader: Reader::new(pools.readers, budget.readers, pools.jobs),
            lookups: pools.lookups,
            writer: pools.writers,
            ledger_writers: pools.ledger,
            threads: Some(Arc::new(Threads::start())),
            bulk: pools.bulk,
            pins: Arc::new(Semaphore::new(pins)),
            writers: budget.writers,
            losses: pools.losses,
            patience: settings.acquire_timeout,
            _follower: pools.follower.map(Arc::new),
            _keeper: None,
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
    pub fn lookups(&self) -> &Connections {
        &self.lookups
    }

    /// Records that the server can't be written, so that all pools are replaced.
    pub(super) fn record_move(&self) {
        self.losses.record_move(Instant::now());
    }

    /// For single statements that write outside a transaction.
    #[must_use]
    pub fn writer(&self) -> &Connections {
        &self.writer
    }

    /// The connections for writes outside the ledger.
    #[must_use]
    pub fn writers(&self) -> usize {
        usize::try_from(self.writers).unwrap_or(usize::MAX)
    }

    /// The connections of the ledger's writers: one on SQLite.
    #[must_use]
    pub fn ledger_writers(&self) -> usize {
        self.ledger_writers.len().max(1)
    }

    /// For bulk reads. The limit on concurrent downloads bounds them.
    pub(super) fn bulk(&self) -> &Connections {
        &self.bulk
    }

    /// Places for pinned snapshots.
    pub(super) fn pins(&self) -> &Arc<Semaphore> {
        &self.pins
    }

    /// How long a caller waits for a connection.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// The kind of database.
    #[must_use]
    pub fn backend(&self) -> DatabaseBackend {
        self.bulk.get_database_backend()
    }

    /// Starts a read-only transaction that sees one state of the database.
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        self.reader.snapshot().await
    }

    /// Starts a transaction that writes. On SQLite it takes the write lock at once: a transaction
    /// that starts as a reader and writes later fails if another one wrote in between.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        match self.backend() {
            DatabaseBackend::Sqlite => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                let pool = self.writer.unbounded();
                let begin = async move { pool.begin_with_options(options).await };
                self.writer.begin_by(begin).await
            }
            _ => self.writer.begin().await,
        }
    }

    /// Like [`Self::begin`], for one of the ledger's writers, on its own connection if it has one.
    pub async fn begin_for(&self, writer: Option<usize>) -> Result<Transaction, DbErr> {
        match writer.and_then(|writer| self.ledger_writers.get(writer)) {
            Some(own) => own.begin_alone().await,
            None => self.begin().await,
        }
    }

    /// States in metrics how many connections each pool has, and how many of them are used.
    pub fn note_pools(&self) {
        let (shared, jobs) = self.reader.pools();
        let ledger: Vec<&Connections> = self.ledger_writers.iter().collect();
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

    /// Closes every connection. The last one of a SQLite file moves its log into the file, which is
    /// whole from then on.
    pub async fn close(self) {
        let (shared, jobs) = self.reader.pools();
        let pools = [&self.lookups, &self.writer, shared, jobs, &self.bulk];
        for pool in pools.into_iter().chain(&self.ledger_writers) {
            let pool = pool.unbounded();
            match tokio::time::timeout(CLOSING, pool.close_by_ref()).await {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => tracing::debug!(%cause, "a connection was closed already"),
                Err(_) => tracing::warn!("a connection was still in use when the pools closed"),
            }
        }
    }
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
