//! A replica of the database that reports are read from.
//!
//! Here: its connections, whether it may be used, and how far behind it is. Not here: which reads
//! may be behind ([`crate::operations`]), and audits, which open any database
//! ([`super::read_only`]).
//!
//! A replica that can't be reached, or is too far behind, is left alone for a while: reports then
//! read the primary, as if there were no replica.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult, Statement};

use super::{
    bounded::Connections,
    bulk::{Pinned, PinnedReads, pin_postgres},
    lost_connections::Losses,
    pools::{self, Pool},
    postgres::ReadOnlyPools,
    reach::Reach,
    reader::{Reader, Snapshot},
};

/// Connections for single reads and snapshots, shared fairly as on the primary.
const READERS: u32 = 20;
/// Connections for downloads, two for each.
const BULK: u32 = 16;
/// How long a reader waits for a connection. The primary can still answer after it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long both servers may take to say where they are.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a replica is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(10);
/// PostgreSQL's timeout for a statement, as on the primary.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// A replica, opened on demand.
#[derive(Debug)]
pub struct Replica {
    reader: Reader,
    bulk: Connections,
    max_lag: Duration,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    /// It isn't used before this.
    resumes_at: Option<Instant>,
    /// Whether it was found to be a replica of this database since it last failed.
    is_known: bool,
    /// Whether the log says that it isn't used.
    is_told: bool,
}

/// How old the state is that a replica shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(pub Duration);

/// Why a replica isn't used, worded for the operator.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("it can't be read: {0}")]
    Database(#[from] DbErr),
    #[error("it didn't answer within {} seconds", PATIENCE.as_secs())]
    Silent,
    #[error("it isn't a standby: it takes writes of its own")]
    NotStandby,
    #[error(
        "its migrations aren't those of the primary: it is another database, or it hasn't applied the latest yet"
    )]
    OtherDatabase,
    #[error("it doesn't say how far behind it is")]
    Unknown,
    #[error("it is {0} seconds behind")]
    Behind(u64),
}

/// A URL that can't name a replica.
#[derive(Debug, thiserror::Error)]
#[error("a replica must be one PostgreSQL server, such as postgres://USER@HOST/NAME")]
pub struct NoReplica;

impl Replica {
    /// A replica at this address. Reports read it while it is at most `max_lag` behind.
    ///
    /// # Errors
    /// If the URL isn't PostgreSQL's, or names several hosts. Whether the replica answers is only
    /// found out when it is used, so that a server starts without it.
    pub fn new(url: &str, max_lag: Duration) -> Result<Self, NoReplica> {
        if !(url.starts_with("postgres:") || url.starts_with("postgresql:")) {
            return Err(NoReplica);
        }
        let reach = Reach::of(url).map_err(|_| NoReplica)?;
        if reach.may_move() {
            return Err(NoReplica);
        }
        let pools = ReadOnlyPools {
            reach: Arc::new(reach),
            purpose: "reports",
            measured: Some(Pool::Replica),
            acquire_timeout: ACQUIRE_TIMEOUT,
            statement_timeout: STATEMENT_TIMEOUT,
            losses: Losses::default(),
        };
        let shared = pools.open(READERS);
        Ok(Self {
            reader: Reader::new(shared.clone(), READERS, shared),
            bulk: pools.open(BULK),
            max_lag,
            health: Mutex::default(),
        })
    }

    /// For reads whose result says itself whether it is complete. Returns `None` while the replica
    /// isn't used, or isn't known yet: [`Self::age`] finds out.
    #[must_use]
    pub fn reader(&self) -> Option<&Reader> {
        self.health(|health| health.is_known && !health.is_paused())
            .then_some(&self.reader)
    }

    /// How old its state is; `None` if it isn't used now.
    pub async fn age(&self, primary: &Reader) -> Option<Age> {
        if self.health(|health| health.is_paused()) {
            return None;
        }
        let asked = tokio::time::timeout(PATIENCE, self.find_age(primary)).await;
        match asked.unwrap_or(Err(Unfit::Silent)) {
            Ok(age) => {
                let was_told = self.health(|health| {
                    health.resumes_at = None;
                    health.is_known = true;
                    std::mem::take(&mut health.is_told)
                });
                if was_told {
                    tracing::info!("reports are read from the replica again");
                }
                Some(age)
            }
            Err(why) => {
                self.leave(&why);
                None
            }
        }
    }

    /// Reads the primary for a while, because reading the replica failed.
    pub fn failed(&self, cause: &dyn std::fmt::Display) {
        self.leave(cause);
    }

    /// Starts a read-only transaction that sees one state of the replica.
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        self.reader.snapshot().await
    }

    /// Starts two transactions on the same snapshot: one for single reads, and one for a scan.
    pub async fn pin(&self) -> Result<(PinnedReads, Pinned), DbErr> {
        pin_postgres(&self.bulk, None).await
    }

    /// States in metrics how many connections there are, and how many of them are used.
    pub fn note_pools(&self) {
        let (shared, _) = self.reader.pools();
        pools::note(Pool::Replica, &[shared, &self.bulk]);
    }

    /// Leaves the replica alone. The log says so once, until the replica is used again.
    fn leave(&self, why: &dyn std::fmt::Display) {
        let was_told = self.health(|health| {
            health.resumes_at = Instant::now().checked_add(PAUSE);
            health.is_known = false;
            std::mem::replace(&mut health.is_told, true)
        });
        if !was_told {
            tracing::warn!(%why, "reports are read from the primary, because the replica can't be used");
        }
    }

    fn health<T>(&self, with: impl FnOnce(&mut Health) -> T) -> T {
        // No code that holds the lock can panic.
        with(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn find_age(&self, primary: &Reader) -> Result<Age, Unfit> {
        let asked = Instant::now();
        // Everything that was acknowledged so far lies before this place of the log.
        let place = "SELECT CAST(pg_current_wal_flush_lsn() AS text) AS place";
        let place = match one(primary, place, vec![]).await {
            Ok(row) => Some(row.try_get::<String>("", "place")?),
            // Without its primary, a replica knows only the time of its last transaction.
            Err(_) => None,
        };
        if !self.health(|health| health.is_known) {
            self.compare_migrations(primary, place.is_some()).await?;
        }
        let state = "SELECT pg_is_in_recovery() AS is_standby, \
            CAST($1 AS pg_lsn) <= pg_last_wal_replay_lsn() AS has_all, \
            CAST(EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000 \
            AS bigint) AS behind";
        let state = one(&self.reader, state, vec![place.into()]).await?;
        if !state.try_get::<bool>("", "is_standby")? {
            return Err(Unfit::NotStandby);
        }
        let age = if state.try_get::<Option<bool>>("", "has_all")? == Some(true) {
            asked.elapsed()
        } else {
            let behind: Option<i64> = state.try_get("", "behind")?;
            let behind = behind.ok_or(Unfit::Unknown)?;
            Duration::from_micros(u64::try_from(behind).unwrap_or_default())
        };
        if age > self.max_lag {
            return Err(Unfit::Behind(age.as_secs()));
        }
        Ok(Age(age))
    }

    /// Another database's figures must never be taken for this one's.
    async fn compare_migrations(&self, primary: &Reader, answers: bool) -> Result<(), Unfit> {
        let applied = "SELECT string_agg(version || ' ' || applied_at, ',' ORDER BY version) AS applied \
            FROM seaql_migrations";
        let read = async |reader: &Reader| -> Result<Option<String>, DbErr> {
            one(reader, applied, vec![]).await?.try_get("", "applied")
        };
        if !answers {
            return Err(Unfit::Unknown);
        }
        if read(primary).await? == read(&self.reader).await? {
            Ok(())
        } else {
            Err(Unfit::OtherDatabase)
        }
    }
}

impl Health {
    fn is_paused(&self) -> bool {
        self.resumes_at.is_some_and(|at| Instant::now() < at)
    }
}

async fn one(
    connection: &Reader,
    text: &str,
    values: Vec<sea_orm::Value>,
) -> Result<QueryResult, DbErr> {
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, text, values);
    let row = connection.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("a server's state".to_owned()))
}
