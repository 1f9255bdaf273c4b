//! Statements with a deadline, and with the reason if there is no connection for them.
//!
//! Here: pools and transactions whose every statement has a deadline of this process. PostgreSQL's
//! own timeouts end a statement that takes long, but nothing of the driver ends the wait for a
//! server whose address moved: the kernel repeats its packets for a quarter of an hour. Not here:
//! the pools ([`super::connection`]), and the state of their connections
//! ([`super::lost_connections`]). SQLite has no such deadline: a file doesn't fall silent.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult,
    QueryResult, RuntimeErr, Statement, TransactionTrait,
};

use super::{
    lost_connections::{Losses, silence},
    reach::Reach,
};

/// The deadline of each statement; none on SQLite.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound(Option<Postgres>);

#[derive(Debug, Clone)]
struct Postgres {
    limit: Duration,
    losses: Losses,
    reach: Arc<Reach>,
}

impl Bound {
    /// Statements must be answered within `limit`.
    pub(super) fn within(limit: Duration, losses: &Losses, reach: &Arc<Reach>) -> Self {
        Self(Some(Postgres {
            limit,
            losses: losses.clone(),
            reach: reach.clone(),
        }))
    }

    async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let Some(Postgres {
            limit,
            losses,
            reach,
        }) = &self.0
        else {
            return answer.await;
        };
        let cause = match tokio::time::timeout(*limit, answer).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(cause)) => cause,
            Err(_) => {
                losses.record_move();
                let cause = silence(*limit);
                return Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause))));
            }
        };
        losses.record_error(&cause);
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
pub type Connections = Bounded<DatabaseConnection>;
/// A transaction. It is rolled back if it is dropped.
pub type Transaction = Bounded<DatabaseTransaction>;

impl<C> Bounded<C> {
    pub(super) fn new(inner: C, bound: Bound) -> Self {
        Self { inner, bound }
    }
}

impl Connections {
    /// The pool without deadlines: for migrations, and for what the driver alone can do.
    #[must_use]
    pub fn unbounded(&self) -> &DatabaseConnection {
        &self.inner
    }

    /// Starts a transaction.
    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        let pool = self.inner.clone();
        self.begin_by(async move { pool.begin().await }).await
    }

    /// Starts a transaction in a way that the driver offers, even if the caller leaves meanwhile.
    /// The driver counts a transaction only once PostgreSQL has answered: if it isn't awaited until
    /// then, the connection returns to its pool inside a transaction that nobody ends, and the next
    /// one to begin there fails. Only a connection that falls silent is given up, and replaced.
    pub(super) async fn begin_by(
        &self,
        begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
    ) -> Result<Transaction, DbErr> {
        let bound = self.bound.clone();
        let begun = tokio::spawn(async move { bound.answer(begin).await }).await;
        let inner = begun.unwrap_or_else(|cause| Err(DbErr::Custom(cause.to_string())))?;
        Ok(Bounded::new(inner, self.bound.clone()))
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
impl<C: ConnectionTrait> ConnectionTrait for Bounded<C> {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.bound.answer(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.bound.answer(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.bound.answer(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.bound.answer(self.inner.query_all_raw(statement)).await
    }
}
