//! Who reads, and over which connections: each account has a share of them, and jobs have their own.
//!
//! Here: a connection for each statement or snapshot, taken in a fair line. Not here: what is read, and the
//! pools themselves ([`super::connection`]).
//!
//! One request may ask for a thousand rows' edges at once. Without shares it would take every connection of
//! the pool, and other accounts' reads, and the jobs that settle and expire, would wait for it.

use std::time::Duration;

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

use crate::fair::{Bounds, Line, Place};

/// The part of the readers' connections that one owner may use at a time: a quarter. Two owners that ask for all
/// they can leave half, and a quarter keeps two cores busy.
const SHARE: usize = 4;
/// Statements that may wait, in all and for one owner. They belong to requests, whose number is bounded; a request
/// may have some thousands.
const WAITING: usize = 65_536;
const WAITING_SHARE: usize = 16_384;
/// How long a statement waits for a connection. Half of it may be spent behind its own owner's other statements.
const PATIENCE: Duration = Duration::from_secs(10);

/// For whom something is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Somebody without a key, or work that nobody in particular waits for.
    Nobody,
    /// An account, whichever of its keys asks.
    Account(AccountId),
    /// A platform's key; none for the server's own admin key.
    Platform(Option<ApiKeyId>),
    /// The jobs that nobody asks for. They have connections of their own.
    Jobs,
}

tokio::task_local! {
    static OWNER: Owner;
}

impl Owner {
    /// For whom the current task reads.
    #[must_use]
    pub fn current() -> Self {
        OWNER.try_with(|owner| *owner).unwrap_or(Self::Nobody)
    }

    /// Runs a future whose reads are for this owner. What it spawns reads for nobody in particular, unless the
    /// owner is handed on.
    pub async fn reads<F: Future>(self, future: F) -> F::Output {
        OWNER.scope(self, future).await
    }

    /// The same for a stream.
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
    shared: DatabaseConnection,
    jobs: DatabaseConnection,
    line: Line<Owner>,
    share: usize,
}

/// A connection's place in its owner's share; none for jobs.
pub(super) type Turn = Option<Place<Owner>>;

impl Reader {
    /// Reads over a pool of so many connections, and for jobs over another one.
    pub(super) fn new(
        shared: DatabaseConnection,
        connections: u32,
        jobs: DatabaseConnection,
    ) -> Self {
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

    /// A pool with a place in it, for the owner of the current task.
    pub(super) async fn turn(&self) -> Result<(&DatabaseConnection, Turn), DbErr> {
        match Owner::current() {
            Owner::Jobs => Ok((&self.jobs, None)),
            owner => match self.line.take(owner).await {
                Ok(place) => Ok((&self.shared, Some(place))),
                Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
            },
        }
    }

    /// The connections that one owner may use at a time.
    #[must_use]
    pub fn share(&self) -> usize {
        self.share
    }

    /// Several reads that see one state of the database.
    ///
    /// # Errors
    /// If the database can't be reached.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        let (pool, turn) = self.turn().await?;
        Ok(Snapshot {
            transaction: snapshot_of(pool).await?,
            _turn: turn,
        })
    }

    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.jobs.close().await?;
        self.shared.close().await
    }
}

/// Several reads over a pool that see one state of the database.
pub(super) async fn snapshot_of(pool: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    match pool.get_database_backend() {
        DatabaseBackend::Postgres => {
            pool.begin_with_config(
                Some(IsolationLevel::RepeatableRead),
                Some(AccessMode::ReadOnly),
            )
            .await
        }
        _ => pool.begin().await,
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.shared.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (pool, _turn) = self.turn().await?;
        pool.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let (pool, _turn) = self.turn().await?;
        pool.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (pool, _turn) = self.turn().await?;
        pool.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (pool, _turn) = self.turn().await?;
        pool.query_all_raw(statement).await
    }
}

/// Several reads that see one state of the database. It keeps its owner's place until it ends: whoever holds one
/// reads through it alone.
#[derive(Debug)]
pub struct Snapshot {
    transaction: DatabaseTransaction,
    _turn: Turn,
}

impl Snapshot {
    /// Ends the reads.
    ///
    /// # Errors
    /// What the database says.
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
