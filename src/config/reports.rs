//! The options of reports: where they are read.
//!
//! Here: the options, and the replica that they name. Not here: when it is used
//! ([`crate::store::sql::replica`]).

use std::time::Duration;

use clap::Args;

use super::limits::positive_time;
use crate::store::sql::replica::{NoReplica, Replica};

/// Where reports are read.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The URL of a streaming replica, postgres://USER@HOST/NAME, that usage reports, statements,
    /// downloads and past balances are read from. If left out, or while the replica can't be used,
    /// they are read from the database itself.
    #[arg(long, env = "REPORT_DATABASE_URL", hide_env_values = true)]
    pub report_database_url: Option<String>,
    /// The longest time that the replica may be behind. Beyond it, reports are read from the
    /// database itself.
    #[arg(long, env = "REPORT_MAX_LAG", value_name = "TIME", default_value = "30s",
        value_parser = positive_time)]
    pub report_max_lag: Duration,
}

impl ReportArgs {
    /// The replica, if one is named. It isn't asked for anything yet.
    ///
    /// # Errors
    /// If the URL isn't PostgreSQL's.
    pub fn replica(&self) -> Result<Option<Replica>, String> {
        let Some(url) = &self.report_database_url else {
            return Ok(None);
        };
        let replica = Replica::new(url, self.report_max_lag);
        replica
            .map(Some)
            .map_err(|cause: NoReplica| format!("--report-database-url: {cause}"))
    }
}
