//! Statements with a deadline, and with the reason if there is no connection for them.
//!
//! Here: pools and transactions whose every statement has a deadline of this process. PostgreSQL's
//! own timeouts end a statement that takes long, but nothing of the driver ends the wait for a
//! server whose address moved: the kernel repeats its packets for a quarter of an hour. Not here:
//! the pools ([`super::connection`]), and the state of their connections
//! ([`super::lost_connections`]). SQLite has no such deadline: a file doesn't fall silent.

use std::{
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, RuntimeErr, Statement, TransactionTrait,
};

use super::{
    lost_connections::{Losses, silence},
    pools,
    reach::Reach,
    renewal::Pool,
};

/// The deadline of each statement, none on SQLite; and the pool that it gets its connection from,
/// none if it has one or nobody measures.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound {
    postgres: Option<Postgres>,
    pool: Option<pools::Pool>,
}

#[derive(Debug, Clone)]
struct Postgres {
    limit: Duration,
    losses: Losses,
    reach: Arc<Reach>,
}

impl Bound {
    /// Statements must be answered within `limit`.
    pub(super) fn within(limit: Duration, losses: &Losses, reach: &Arc<Reach>) -> Self {
        Self {
            postgres: Some(Postgres {
                limit,
                losses: losses.clone(),
                reach: reach.clone(),
            }),
            pool: None,
        }
    }

    /// Measures the waits for a connection of this pool.
    pub(super) fn of(self, pool: Option<pools::Pool>) -> Self {
        Self { pool, ..self }
    }

    /// Runs what asks for a connection and then uses it.
    async fn connected<T>(
        &self,
        answer: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let Some(pool) = self.pool else {
            return answer.await;
        };
        let answered = pools::asking(pools::asked(), answer).await;
        answered.inspect_err(|cause| pools::note_error(pool, cause))
    }

    async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let Some(Postgres {
            limit,
            losses,
            reach,
        }) = &self.postgres
        else {
            return self.connected(answer).await;
        };
        let since = Instant::now();
        let cause = match tokio::time::timeout(*limit, self.connected(answer)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(cause)) => cause,
            Err(_) => {
                losses.record_move(since);
                let cause = silence(*limit);
                return Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause))));
            }
        };
        losses.record_error(&cause, since);
        Err(match cause {
            DbErr::ConnectionAcquire(_) => reach.why_no_connection().await,
            other => other,
        })
    }
}

/// A connection, a pool of them or a transaction, whose statements have a deadline.
#[derive(Debug, Clone)]
pub struct Bounded<C> {
    inner: C,
    bound: Bound,
}

/// A pool of connections.
pub type Connections = Bounded<Pool>;
/// A transaction. It is rolled back if it is dropped.
pub type Transaction = Bounded<DatabaseTransaction>;

/// What statements go to.
pub trait Target: Sync {
    /// The connection, pool or transaction, for one statement.
    type Held<'a>: Deref<Target: ConnectionTrait> + Send + Sync
    where
        Self: 'a;

    /// Where the next statement goes.
    fn held(&self) -> Self::Held<'_>;

    /// The kind of database.
    fn kind(&self) -> DatabaseBackend {
        self.held().get_database_backend()
    }
}

impl Target for DatabaseTransaction {
    type Held<'a> = &'a Self;

    fn held(&self) -> &Self {
        self
    }
}

impl Target for Pool {
    type Held<'a> = Arc<DatabaseConnection>;

    fn held(&self) -> Arc<DatabaseConnection> {
        self.current()
    }

    fn kind(&self) -> DatabaseBackend {
        self.backend()
    }
}

impl Connections {
    pub(super) fn new(pool: Pool, bound: Bound) -> Self {
        Self { inner: pool, bound }
    }

    /// A pool without deadlines that is never replaced.
    pub(super) fn unlimited(pool: DatabaseConnection, measured: Option<pools::Pool>) -> Self {
        Self::new(Pool::lasting(pool), Bound::default().of(measured))
    }

    /// The pool without deadlines: for migrations, and for what the driver alone can do. After a
    /// move of the server it is another one, so it must not be kept.
    #[must_use]
    pub fn unbounded(&self) -> Arc<DatabaseConnection> {
        self.inner.current()
    }

    /// As which pool the waits for its connections are measured; `None` if they aren't.
    pub(super) fn measured(&self) -> Option<pools::Pool> {
        self.bound.pool
    }

    /// Starts a transaction.
    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        let pool = self.unbounded();
        self.begin_by(async move { pool.begin().await }).await
    }

    /// Starts a transaction on a pool of one connection that has one user. If there is none, the
    /// connection may be stuck on its way back, and the next caller gets a fresh pool.
    pub(super) async fn begin_alone(&self) -> Result<Transaction, DbErr> {
        let since = Instant::now();
        self.begin().await.inspect_err(|_| {
            self.inner.renew(since);
        })
    }

    /// Starts a transaction in a way that the driver offers, even if the caller leaves meanwhile.
    /// The driver counts a transaction only once PostgreSQL has answered: if it isn't awaited until
    /// then, the connection returns to its pool inside a transaction that nobody ends, and the next
    /// one to begin there fails. Only a connection that falls silent is given up, and replaced.
    pub(super) async fn begin_by(
        &self,
        begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
    ) -> Result<Transaction, DbErr> {
        let (bound, asked) = (self.bound.clone(), pools::asked());
        let begun = async move { pools::asking(asked, bound.answer(begin)).await };
        let begun = tokio::spawn(begun).await;
        let inner = begun.unwrap_or_else(|cause| Err(DbErr::Custom(cause.to_string())))?;
        // Its statements have their connection.
        let bound = self.bound.clone().of(None);
        Ok(Bounded { inner, bound })
    }
}

impl Transaction {
    /// Commits. After an error the transaction may have been committed.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.bound.answer(self.inner.commit()).await
    }

    /// Rolls back.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.bound.answer(self.inner.rollback()).await
    }
}

#[async_trait]
impl<C: Target> ConnectionTrait for Bounded<C> {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.inner.kind()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let held = self.inner.held();
        self.bound.answer(held.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let held = self.inner.held();
        self.bound.answer(held.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let held = self.inner.held();
        self.bound.answer(held.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let held = self.inner.held();
        self.bound.answer(held.query_all_raw(statement)).await
    }
}
