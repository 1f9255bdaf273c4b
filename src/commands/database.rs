//! Commands about the database: its schema, its books and its usage by day.
//!
//! Here: what they print. Not here: the work ([`app`], [`verify`], [`usage_rollup`]).

use std::{io::Write, process::ExitCode};

use super::{Failure, account_id, print};
use crate::{
    app,
    clock::Clock,
    config::{DatabaseArgs, RebuildUsageArgs},
    ledger::verify::{self, Progress},
    operations::usage_rollup,
};

/// A long command reports its progress after this many accounts.
const PROGRESS_ACCOUNTS: u64 = 100;

pub(super) async fn migrate(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    app::migrate(&args.database_url).await?.close().await;
    print("The database's schema is up to date.\n")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn verify(args: &DatabaseArgs) -> Result<ExitCode, Failure> {
    let store = app::open(&args.database_url).await?;
    let tell = |progress: &Progress| {
        let (accounts, transactions) = (progress.accounts(), progress.transactions());
        eprintln!("{accounts} accounts, {transactions} transactions so far");
    };
    let verified = verify::verify(&store, tell).await?;
    store.close().await;
    for drift in &verified.drifts {
        print(&format!("{drift}\n"))?;
    }
    let (accounts, transactions) = (verified.accounts, verified.transactions);
    if verified.drifts.is_empty() {
        print(&format!(
            "{accounts} accounts, {transactions} transactions: all balances and hash chains are correct.\n"
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    if verified.left_out > 0 {
        print(&format!("… and {} more\n", verified.left_out))?;
    }
    let found = verified
        .left_out
        .saturating_add(verified.drifts.len() as u64);
    print(&format!(
        "{accounts} accounts, {transactions} transactions: {found} differences.\n"
    ))?;
    Ok(ExitCode::FAILURE)
}

pub(super) async fn rebuild_usage(args: &RebuildUsageArgs) -> Result<ExitCode, Failure> {
    let account = args.account.as_deref().map(account_id).transpose()?;
    let store = app::open(&args.database.database_url).await?;
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
    print(&format!(
        "Recomputed the usage by day of {count} accounts.\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}
