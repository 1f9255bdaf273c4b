//! Connections for reading, shared fairly between accounts. Jobs have their own.
//!
//! Here: a connection for each statement or snapshot, taken from a fair queue. Not here: the
//! queries, and the pools themselves ([`super::connection`]).
//!
//! One request may read the edges of a thousand rows at once. Without shares it would take every
//! connection of the pool, and make other accounts' reads and the jobs for settlement and expiry
//! wait.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::id::{AccountId, ApiKeyId};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use sea_orm::{
    AccessMode, ConnAcquireErr, ConnectionTrait, DatabaseBackend, DatabaseConnection,
    DatabaseTransaction, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    TransactionTrait,
};

use super::{
    bounded::{Connections, Transaction},
    pools,
};
use crate::fair::{Bounds, Line, Place};

/// One owner may use one in so many of the readers' connections at a time: a quarter. Two busy
/// owners leave half for others, and a quarter is enough to keep two cores busy.
const SHARE: usize = 4;
/// Statements that may wait, in all and for one owner. They belong to requests, whose number is
/// bounded; one request may have some thousands.
const WAITING: usize = 65_536;
const WAITING_SHARE: usize = 16_384;
/// How long a statement waits for a connection. Half of it may be spent behind other statements of
/// the same owner.
const PATIENCE: Duration = Duration::from_secs(10);

/// On whose behalf a statement reads: the key of its share of the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A client without a key, or background work for no client in particular.
    Nobody,
    /// An account, with any of its keys.
    Account(AccountId),
    /// A platform's key; `None` for the server's admin key.
    Platform(Option<ApiKeyId>),
    /// The jobs, which have their own connections.
    Jobs,
}

tokio::task_local! {
    static OWNER: Owner;
}

impl Owner {
    /// The owner of the current task's reads.
    #[must_use]
    pub fn current() -> Self {
        OWNER.try_with(|owner| *owner).unwrap_or(Self::Nobody)
    }

    /// Runs a future whose reads belong to this owner. Tasks that it spawns belong to
    /// [`Self::Nobody`] unless they are given the owner.
    pub async fn reads<F: Future>(self, future: F) -> F::Output {
        OWNER.scope(self, future).await
    }

    /// Like [`Self::reads`], for a stream.
    #[must_use]
    pub fn reads_stream<T: 'static>(
        self,
        mut stream: BoxStream<'static, T>,
    ) -> BoxStream<'static, T> {
        stream::poll_fn(move |context| {
            OWNER.sync_scope(self, || stream.as_mut().poll_next(context))
        })
        .boxed()
    }
}

/// Connections for single reads.
#[derive(Debug, Clone)]
pub struct Reader {
    shared: Connections,
    jobs: Connections,
    line: Line<Owner>,
    share: usize,
}

/// A connection's place in its owner's share; none for jobs.
pub(super) type Turn = Option<Place<Owner>>;

impl Reader {
    /// Reads over a pool with `connections`, and over another pool for jobs.
    pub(super) fn new(shared: Connections, connections: u32, jobs: Connections) -> Self {
        let places = usize::try_from(connections).unwrap_or(usize::MAX);
        let share = places.div_ceil(SHARE);
        let line = Line::new(Bounds {
            places,
            reserved: 0,
            share,
            waiting: WAITING,
            waiting_share: WAITING_SHARE,
            patience: PATIENCE,
        });
        Self {
            shared,
            jobs,
            line,
            share,
        }
    }

    /// Waits for a connection in the share of the current task's owner, and returns its pool. The
    /// wait is measured if it is part of [`pools::asking`].
    pub(super) async fn turn(&self) -> Result<(&Connections, Turn), DbErr> {
        match Owner::current() {
            Owner::Jobs => Ok((&self.jobs, None)),
            owner => match self.line.take(owner).await {
                Ok(place) => Ok((&self.shared, Some(place))),
                Err(_) => {
                    if let Some(pool) = self.shared.measured() {
                        pools::timed_out(pool);
                    }
                    Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
                }
            },
        }
    }

    /// The pool of clients' reads, and that of the jobs'.
    pub(super) fn pools(&self) -> (&Connections, &Connections) {
        (&self.shared, &self.jobs)
    }

    /// The connections that one owner may use at a time.
    #[must_use]
    pub fn share(&self) -> usize {
        self.share
    }

    /// Starts a read-only transaction that sees one state of the database.
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        pools::asking(pools::asked(), async {
            let (pool, turn) = self.turn().await?;
            Ok(Snapshot {
                transaction: pool.begin_by(snapshot(pool.unbounded())).await?,
                _turn: turn,
            })
        })
        .await
    }

    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.jobs.unbounded().close_by_ref().await?;
        self.shared.unbounded().close_by_ref().await
    }
}

/// Starts a read-only transaction on a pool that sees one state of the database.
async fn snapshot(pool: Arc<DatabaseConnection>) -> Result<DatabaseTransaction, DbErr> {
    match pool.get_database_backend() {
        DatabaseBackend::Postgres => {
            let level = Some(IsolationLevel::RepeatableRead);
            pool.begin_with_config(level, Some(AccessMode::ReadOnly))
                .await
        }
        _ => pool.begin().await,
    }
}

/// Like [`snapshot`], on a pool without deadlines. It goes on if the caller leaves meanwhile, as
/// [`Connections::begin_by`] does.
pub(super) async fn snapshot_of(pool: &Connections) -> Result<DatabaseTransaction, DbErr> {
    let begin = pools::asking(pools::asked(), snapshot(pool.unbounded()));
    let begun = tokio::spawn(begin).await;
    let begun = begun.unwrap_or_else(|cause| Err(DbErr::Custom(cause.to_string())));
    if let (Err(cause), Some(measured)) = (&begun, pool.measured()) {
        pools::note_error(measured, cause);
    }
    begun
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.shared.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        pools::asking(pools::asked(), async {
            let (pool, _turn) = self.turn().await?;
            pool.execute_raw(statement).await
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        pools::asking(pools::asked(), async {
            let (pool, _turn) = self.turn().await?;
            pool.execute_unprepared(sql).await
        })
        .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        pools::asking(pools::asked(), async {
            let (pool, _turn) = self.turn().await?;
            pool.query_one_raw(statement).await
        })
        .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        pools::asking(pools::asked(), async {
            let (pool, _turn) = self.turn().await?;
            pool.query_all_raw(statement).await
        })
        .await
    }
}

/// A read-only transaction that sees one state of the database. It holds a connection of its
/// owner's share until it ends, so its holder should read through nothing else meanwhile.
#[derive(Debug)]
pub struct Snapshot {
    transaction: Transaction,
    _turn: Turn,
}

impl Snapshot {
    /// Ends the transaction.
    pub async fn end(self) -> Result<(), DbErr> {
        self.transaction.rollback().await
    }
}

#[async_trait]
impl ConnectionTrait for Snapshot {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.transaction.get_database_backend()
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
