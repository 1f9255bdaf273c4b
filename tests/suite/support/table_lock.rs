//! A PostgreSQL table that another session has locked: statements that read or write it wait.

use std::time::Duration;

use message_credits::store::{Store, sql::bounded::Transaction};
use sea_orm::{ConnectionTrait, Statement};

/// The most that it may take until a statement waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// A locked table, released on drop.
pub struct TableLock {
    table: &'static str,
    holder: Transaction,
}

impl TableLock {
    /// Locks a table against writers (`EXCLUSIVE`), or against readers as well (`ACCESS
    /// EXCLUSIVE`).
    pub async fn take(store: &Store, table: &'static str, mode: &str) -> Self {
        let holder = store.begin().await.unwrap();
        let lock = format!("LOCK TABLE {table} IN {mode} MODE");
        holder.execute_unprepared(&lock).await.unwrap();
        Self { table, holder }
    }

    /// Waits until some statement waits for the table.
    pub async fn keeps_somebody_waiting(&self) {
        let sql = format!(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            self.table
        );
        let waits = async {
            loop {
                let count =
                    Statement::from_string(self.holder.get_database_backend(), sql.as_str());
                let row = self.holder.query_one_raw(count).await.unwrap();
                if row.unwrap().try_get_by_index::<i64>(0).unwrap() > 0 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waits)
            .await
            .expect("somebody waits for the table");
    }

    /// Releases the table.
    pub async fn release(self) {
        self.holder.rollback().await.unwrap();
    }
}
