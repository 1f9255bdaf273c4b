//! Pools that are replaced whole once they may be lost.
//!
//! Here: which pool of connections is used now, and a fresh one in its place. The driver's pool
//! tests each connection that comes back without a time limit. A connection that falls silent just
//! then keeps its place until the kernel gives it up, a quarter of an hour later. So a pool isn't
//! mended: a new one is opened, and the old one ends with the last connection that comes back. Not
//! here: finding out that a server is silent ([`super::bounded`], [`super::lost_connections`]).

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use sea_orm::{DatabaseBackend, DatabaseConnection};

use super::lost_connections::Losses;

/// Opens the same pool again, without a connection yet.
type Opener = dyn Fn() -> DatabaseConnection + Send + Sync;

/// A pool, or the one that took its place. Clones share it.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    backend: DatabaseBackend,
    current: RwLock<Opened>,
    /// None on SQLite: a file doesn't fall silent.
    renewal: Option<(Box<Opener>, Losses)>,
}

struct Opened {
    pool: Arc<DatabaseConnection>,
    since: Instant,
}

impl Opened {
    fn now(pool: DatabaseConnection) -> Self {
        Self {
            pool: Arc::new(pool),
            since: Instant::now(),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Pool").field(&self.backend()).finish()
    }
}

impl Pool {
    /// A pool that is never replaced.
    pub(super) fn lasting(pool: DatabaseConnection) -> Self {
        Self::of(pool, None)
    }

    /// A pool that is opened again after each move of its server.
    pub(super) fn renewed(
        open: impl Fn() -> DatabaseConnection + Send + Sync + 'static,
        losses: &Losses,
    ) -> Self {
        let pool = open();
        Self::of(pool, Some((Box::new(open), losses.clone())))
    }

    fn of(pool: DatabaseConnection, renewal: Option<(Box<Opener>, Losses)>) -> Self {
        Self(Arc::new(Shared {
            backend: pool.get_database_backend(),
            current: RwLock::new(Opened::now(pool)),
            renewal,
        }))
    }

    /// The kind of database.
    pub(super) fn backend(&self) -> DatabaseBackend {
        self.0.backend
    }

    /// The pool to use now.
    pub(super) fn current(&self) -> Arc<DatabaseConnection> {
        let Shared {
            current, renewal, ..
        } = &*self.0;
        let opened = current.read().unwrap_or_else(PoisonError::into_inner);
        let lost = renewal
            .as_ref()
            .and_then(|(_, losses)| losses.moved())
            .filter(|moved| opened.since <= *moved);
        match lost {
            None => opened.pool.clone(),
            Some(moved) => {
                drop(opened);
                self.renew(moved)
            }
        }
    }

    /// Replaces the pool unless it was opened after this instant, and returns the one to use.
    pub(super) fn renew(&self, lost: Instant) -> Arc<DatabaseConnection> {
        let Shared {
            current, renewal, ..
        } = &*self.0;
        let mut opened = current.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((open, _)) = renewal
            && opened.since <= lost
        {
            *opened = Opened::now(open());
        }
        opened.pool.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Instant};

    use sea_orm::{DatabaseConnection, SqlxPostgresConnector, sqlx::PgPool};

    use super::Pool;
    use crate::store::sql::lost_connections::Losses;

    fn open() -> DatabaseConnection {
        let pool = PgPool::connect_lazy("postgres://localhost/").unwrap();
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
    }

    #[tokio::test]
    async fn a_pool_is_replaced_once_for_each_move() {
        let losses = Losses::default();
        let pool = Pool::renewed(open, &losses);
        let before = Instant::now();
        let first = pool.current();
        assert!(Arc::ptr_eq(&first, &pool.current()), "nothing was lost");
        losses.record_move(Instant::now());
        let second = pool.clone().current();
        assert!(!Arc::ptr_eq(&first, &second), "the server moved");
        assert!(Arc::ptr_eq(&second, &pool.current()), "once");
        losses.record_move(before);
        assert!(
            Arc::ptr_eq(&second, &pool.current()),
            "what began before the pool was opened says nothing about it"
        );
        assert!(Arc::ptr_eq(&second, &pool.renew(before)));
        assert!(!Arc::ptr_eq(&second, &pool.renew(Instant::now())));
    }

    #[tokio::test]
    async fn a_lasting_pool_stays() {
        let pool = Pool::lasting(open());
        assert!(Arc::ptr_eq(&pool.current(), &pool.renew(Instant::now())));
    }
}
