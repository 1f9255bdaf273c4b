//! Commands about the database: its schema, its copies and its usage by day.
//!
//! Here: what they print. Not here: the work ([`app`], [`usage_rollup`]).

use std::{io::Write, process::ExitCode};

use super::{Failure, account_id, many, print};
use crate::{
    app,
    clock::Clock,
    config::{BackupArgs, MigrateArgs, RebuildUsageArgs},
    operations::usage_rollup,
    store::sql::{backup, migrating::After},
};

/// A long command reports its progress after this many accounts.
const PROGRESS_ACCOUNTS: u64 = 100;

pub(super) async fn migrate(args: &MigrateArgs) -> Result<ExitCode, Failure> {
    let after = After {
        granted: args.grant.clone(),
        distribute: args.distribute,
    };
    app::migrate_with(&args.database.settings(), &after).await?;
    print("The database's schema is up to date.\n")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn backup(args: &BackupArgs) -> Result<ExitCode, Failure> {
    let bytes = backup::backup(&args.database.database_url, &args.to)?;
    print(&format!("Wrote {bytes} bytes to {}.\n", args.to.display()))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn rebuild_usage(args: &RebuildUsageArgs) -> Result<ExitCode, Failure> {
    let account = args.account.as_deref().map(account_id).transpose()?;
    let store = app::open_with(&args.database.settings()).await?;
    let tell = |count: u64| {
        if count.is_multiple_of(PROGRESS_ACCOUNTS) {
            // Standard error may be closed; the work continues.
            drop(writeln!(std::io::stderr(), "{count} accounts …"));
        }
    };
    let rebuilt = usage_rollup::rebuild_usage(&store, &Clock::system(), account, tell).await;
    store.close().await;
    let count = rebuilt.map_err(|cause| format!("usage could not be recomputed: {cause:?}"))?;
    if account.is_some() && count == 0 {
        return Err("no account has this id".into());
    }
    let accounts = many(count, "account");
    print(&format!("Recomputed the usage by day of {accounts}.\n"))?;
    Ok(ExitCode::SUCCESS)
}
