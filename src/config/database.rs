//! The options of the database.
//!
//! Here: the URL, the connections and the timeouts. Not here: what is done with them
//! (`crate::store`).

use std::time::Duration;

use clap::{Args, builder::RangedU64ValueParser};

use crate::store::sql::settings::{LEAST_CONNECTIONS, Settings};

/// The most seconds that a timeout may have: an hour.
const MOST_SECONDS: u64 = 3_600;
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
        value_parser = RangedU64ValueParser::<u32>::new()
            .range(u64::from(LEAST_CONNECTIONS)..=MOST_CONNECTIONS)
    )]
    pub database_connections: Option<u32>,
    /// Seconds after which PostgreSQL ends a statement, from 1 to 3,600.
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT", value_name = "SECONDS", default_value_t = 30,
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=MOST_SECONDS))]
    pub database_statement_timeout: u64,
    /// Seconds that a statement may wait for a lock, from 1 to 3,600. The ledger gives up a
    /// connection that has been silent for two seconds longer.
    #[arg(long, env = "DATABASE_LOCK_TIMEOUT", value_name = "SECONDS", default_value_t = 10,
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=MOST_SECONDS))]
    pub database_lock_timeout: u64,
    /// Seconds that a request may wait for a connection to PostgreSQL, from 1 to 3,600.
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT", value_name = "SECONDS", default_value_t = 5,
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=MOST_SECONDS))]
    pub database_acquire_timeout: u64,
    /// Seconds that the start waits for PostgreSQL, from 0 to 3,600. A wrong password, an unknown
    /// database or a refused TLS connection ends it at once.
    #[arg(long, env = "DATABASE_WAIT", value_name = "SECONDS", default_value_t = 60,
        value_parser = RangedU64ValueParser::<u64>::new().range(0..=MOST_SECONDS))]
    pub database_wait: u64,
}

impl DatabaseArgs {
    /// The settings that the options ask for.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            url: self.database_url.clone(),
            connections: self.database_connections,
            statement_timeout: Duration::from_secs(self.database_statement_timeout),
            lock_timeout: Duration::from_secs(self.database_lock_timeout),
            acquire_timeout: Duration::from_secs(self.database_acquire_timeout),
            wait: Duration::from_secs(self.database_wait),
        }
    }
}
