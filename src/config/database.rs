//! The options of the database.
//!
//! Here: the URL, the connections and the timeouts. Not here: what is done with them
//! (`crate::store`).

use std::time::Duration;

use clap::Args;

use super::limits::{time_between, whole};
use crate::store::sql::settings::{LEAST_CONNECTIONS, Settings};

/// The shortest timeout.
const SECOND: Duration = Duration::from_secs(1);
/// The longest timeout.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// The most connections of a process; PostgreSQL itself allows 262,143.
const MOST_CONNECTIONS: u64 = 10_000;

/// The database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// The database's URL: sqlite://FILE?mode=rwc or postgres://USER@HOST/NAME. Several hosts may
    /// be named, as in postgres://USER@A,B:5433/NAME?target_session_attrs=read-write: the first
    /// that can be written is used, also after a failover.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://message-credits.db?mode=rwc",
        hide_env_values = true
    )]
    pub database_url: String,
    /// Connections that this process takes from PostgreSQL in all, at least 9; 57 if left out. All
    /// processes together must stay below the server's max_connections.
    #[arg(
        long,
        env = "DATABASE_CONNECTIONS",
        value_name = "NUMBER",
        value_parser = whole::<u32>(u64::from(LEAST_CONNECTIONS), MOST_CONNECTIONS)
    )]
    pub database_connections: Option<u32>,
    /// How long a statement may take before PostgreSQL ends it, from 1s to 1h.
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT", value_name = "TIME", default_value = "30s",
        value_parser = time_between(SECOND, HOUR))]
    pub database_statement_timeout: Duration,
    /// How long a statement may wait for a lock, from 1s to 1h. The ledger gives up a connection
    /// that has been silent for two seconds longer.
    #[arg(long, env = "DATABASE_LOCK_TIMEOUT", value_name = "TIME", default_value = "10s",
        value_parser = time_between(SECOND, HOUR))]
    pub database_lock_timeout: Duration,
    /// How long a request may wait for a connection to PostgreSQL, from 1s to 1h.
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT", value_name = "TIME", default_value = "5s",
        value_parser = time_between(SECOND, HOUR))]
    pub database_acquire_timeout: Duration,
    /// How long the start waits for PostgreSQL, from 0s to 1h. A wrong password, an unknown
    /// database or a refused TLS connection ends it at once.
    #[arg(long, env = "DATABASE_WAIT", value_name = "TIME", default_value = "60s",
        value_parser = time_between(Duration::ZERO, HOUR))]
    pub database_wait: Duration,
}

impl DatabaseArgs {
    /// The settings that the options ask for.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            url: self.database_url.clone(),
            connections: self.database_connections,
            statement_timeout: self.database_statement_timeout,
            lock_timeout: self.database_lock_timeout,
            acquire_timeout: self.database_acquire_timeout,
            wait: self.database_wait,
        }
    }
}
