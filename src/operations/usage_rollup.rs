//! Filling in the usage that is added up by day: where an account's zone has changed, and of messages that
//! are older than the sums.
//!
//! The ledger adds what it charges from the account's `usage_rolled_from` on. Here that instant is moved back,
//! some days at a time, each in a transaction of its own that holds the account's lock, until every message is
//! counted. A job does it; a command does it anew.

use domain::{calendar, id::AccountId};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::DatabaseTransaction;

use super::{OperationError, Services};
use crate::tuning::Tuned;
use crate::{
    clock::{Clock, whole_micros},
    store::{
        self, Store,
        usage_rollup::{Chunk, Progress, last_charge},
    },
};

/// Messages in a chunk, and what of their first day comes before them: while they are counted the account is
/// locked, and on SQLite nothing else is written.
/// Measured: docs/measured.md, "Jobs".
static CHUNK_MESSAGES: Tuned<u64> = Tuned::new("ROLLUP_CHUNK_MESSAGES", 5_000);
/// Days in a chunk, however few messages they have.
/// Measured: docs/measured.md, "Jobs".
static CHUNK_DAYS: Tuned<usize> = Tuned::new("ROLLUP_CHUNK_DAYS", 400);
/// Chunks of one pass, so that the other jobs have their turn.
const PASS_CHUNKS: usize = 20;
/// Accounts that are looked up at once.
const PAGE: u64 = 100;

impl Services {
    /// Adds up days that are not yet, in any account: a bounded number of chunks. Answers how many it did.
    ///
    /// # Errors
    /// A fault; what is left is done with the next call.
    pub async fn roll_up_usage(&self) -> Result<usize, OperationError> {
        let accounts = store::usage_rollup::unfinished(self.store.reader(), None, PAGE).await?;
        let mut done = 0;
        for account in accounts {
            loop {
                if done == PASS_CHUNKS {
                    return Ok(done);
                }
                done += 1;
                if extend(&self.store, &self.clock, account).await? {
                    break;
                }
            }
        }
        Ok(done)
    }
}

/// Forgets what is added up of an account, or of all of them, and adds it up again from the messages. It may be
/// run beside a server; `done` hears how many accounts are finished.
///
/// # Errors
/// A fault. What was finished stays; what is left is done by the server's job, or by the next run.
pub async fn rebuild_usage(
    store: &Store,
    clock: &Clock,
    account: Option<AccountId>,
    mut done: impl FnMut(u64),
) -> Result<u64, OperationError> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = match account {
            Some(account) if after.is_none() => {
                let found = store::account::find(store.reader(), account).await?;
                found.map(|_| account).into_iter().collect()
            }
            Some(_) => Vec::new(),
            None => store::account::ids(store.reader(), after, PAGE).await?,
        };
        let Some(last) = page.last() else {
            return Ok(count);
        };
        after = Some(*last);
        for account in page {
            let transaction = store.begin().await?;
            store::book::lock(&transaction, [account]).await?;
            store::usage_rollup::forget(&transaction, account).await?;
            transaction.commit().await?;
            while !extend(store, clock, account).await? {}
            count += 1;
            done(count);
        }
    }
}

/// Adds up one more chunk of an account's days, the latest that are not yet. Answers whether that was all.
async fn extend(store: &Store, clock: &Clock, account: AccountId) -> Result<bool, OperationError> {
    let transaction = store.begin().await?;
    store::book::lock(&transaction, [account]).await?;
    let finished = extend_locked(&transaction, clock, account).await?;
    transaction.commit().await?;
    Ok(finished)
}

async fn extend_locked(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    account: AccountId,
) -> Result<bool, OperationError> {
    let Some(progress) = store::usage_rollup::progress(transaction, account).await? else {
        return Ok(true);
    };
    if progress.rolled_from <= 0 {
        return Ok(true);
    }
    let zone = calendar::parse_time_zone(&progress.time_zone).map_err(|_| {
        OperationError::broken(format!("account {} has no time zone", account.uuid()))
    })?;
    let end = end(transaction, clock, account, &progress, &zone).await?;
    let charged = last_charge(
        transaction,
        account,
        end.as_microsecond(),
        CHUNK_MESSAGES.get(),
    )
    .await?;
    let Some(first) = charged else {
        store::usage_rollup::set_rolled_from(transaction, account, 0).await?;
        return Ok(true);
    };
    let days = days(whole_micros(first), end, &zone)?;
    let Some((start, _)) = days.first().copied() else {
        return Err(OperationError::broken("a charge is on no day"));
    };
    let months = months(&days, &zone)?;
    store::usage_rollup::add_days(transaction, &Chunk { account, days }, &months).await?;
    let from = start.as_microsecond();
    store::usage_rollup::set_rolled_from(transaction, account, from).await?;
    Ok(false)
}

/// The first instant of the days that are added up, or of those that are to come: no charge is later.
async fn end(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    account: AccountId,
    progress: &Progress,
    zone: &TimeZone,
) -> Result<Timestamp, OperationError> {
    if progress.rolled_from != store::usage_rollup::NOT_ROLLED {
        return Ok(whole_micros(progress.rolled_from));
    }
    // Charges never go back before the last entry, whatever the clock says.
    let last = store::balance::booked_until(transaction, account).await?;
    let now = clock.now().max(last.unwrap_or(Timestamp::UNIX_EPOCH));
    Ok(calendar::day_of(now, zone).map_err(beyond)?.1)
}

/// The days from that of `first`, or from the latest that a chunk has room for, to `end`, which begins one.
fn days(
    first: Timestamp,
    end: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<(Timestamp, Timestamp)>, OperationError> {
    let mut days = Vec::new();
    let mut until = end;
    while until > first && days.len() < CHUNK_DAYS.get() {
        let before = until
            .checked_sub(jiff::SignedDuration::from_micros(1))
            .map_err(|_| OperationError::broken("a day before the calendar"))?;
        let day = calendar::day_of(before, zone).map_err(beyond)?;
        days.push((day.0, until));
        until = day.0;
    }
    days.reverse();
    Ok(days)
}

/// The months that days are in.
fn months(
    days: &[(Timestamp, Timestamp)],
    zone: &TimeZone,
) -> Result<Vec<(Timestamp, Timestamp)>, OperationError> {
    let mut months: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (start, _) in days {
        if months.last().is_none_or(|(_, end)| end <= start) {
            months.push(calendar::month_of(*start, zone).map_err(beyond)?);
        }
    }
    Ok(months)
}

fn beyond(error: calendar::CalendarError) -> OperationError {
    OperationError::broken(format!("a charge on a day that {error}"))
}
