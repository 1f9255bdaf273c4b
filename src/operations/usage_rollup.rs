//! Backfill of the daily usage sums: after an account's zone has changed, and for messages that are
//! older than the sums.
//!
//! The ledger adds its charges from the account's `usage_rolled_from` on. The backfill moves that
//! instant back, a few days at a time, each in a transaction that holds the account's lock, until
//! every message is counted. A job runs it, and a command runs it from scratch.

use domain::{calendar, id::AccountId};
use jiff::{Timestamp, tz::TimeZone};

use super::{OperationError, Services};
use crate::tuning::Tuned;
use crate::{
    clock::{Clock, whole_micros},
    store::{
        self, Store,
        sql::bounded::Transaction,
        usage_rollup::{Chunk, Progress, last_charge},
    },
};

/// The most messages in a chunk, plus the rest of its first day. While they are counted, the
/// account is locked, and on SQLite no other write can run.
/// Measured: docs/measured.md, "Jobs".
static CHUNK_MESSAGES: Tuned<u64> = Tuned::new("ROLLUP_CHUNK_MESSAGES", 5_000);
/// The most days in a chunk, however few messages they have.
/// Measured: docs/measured.md, "Jobs".
static CHUNK_DAYS: Tuned<usize> = Tuned::new("ROLLUP_CHUNK_DAYS", 400);
/// How many chunks one pass does, so that other jobs get their turn.
const PASS_CHUNKS: usize = 20;
/// How many accounts are read at a time.
const PAGE: u64 = 100;

impl Services {
    /// Rolls up missing days of any account, up to a bounded number of chunks. Returns how many
    /// chunks it did.
    ///
    /// # Errors
    /// Fails only with faults of the database. The next call does the rest.
    pub async fn roll_up_usage(&self) -> Result<usize, OperationError> {
        let accounts = store::usage_rollup::unfinished(self.store().reader(), None, PAGE).await?;
        let mut done = 0;
        for account in accounts {
            loop {
                if done == PASS_CHUNKS {
                    return Ok(done);
                }
                done += 1;
                if extend(self.store(), self.clock(), account).await? {
                    break;
                }
            }
        }
        Ok(done)
    }
}

/// Deletes the sums of an account, or of all accounts, and rolls them up again from the messages.
/// It can run beside a server. `done` is called with the number of finished accounts.
///
/// # Errors
/// A fault of the database. Finished accounts stay; the server's job or the next run does the rest.
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

/// Rolls up one more chunk of an account's missing days, the latest first. Returns whether none is
/// left.
async fn extend(store: &Store, clock: &Clock, account: AccountId) -> Result<bool, OperationError> {
    let transaction = store.begin().await?;
    store::book::lock(&transaction, [account]).await?;
    let finished = extend_locked(&transaction, clock, account).await?;
    transaction.commit().await?;
    Ok(finished)
}

async fn extend_locked(
    transaction: &Transaction,
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

/// The first instant of the days that are rolled up, or of future days: no charge is later.
async fn end(
    transaction: &Transaction,
    clock: &Clock,
    account: AccountId,
    progress: &Progress,
    zone: &TimeZone,
) -> Result<Timestamp, OperationError> {
    if progress.rolled_from != store::usage_rollup::NOT_ROLLED {
        return Ok(whole_micros(progress.rolled_from));
    }
    // Charges never go back before the last transaction, whatever the clock says.
    let last = store::balance::booked_until(transaction, account).await?;
    let now = clock.now().max(last.unwrap_or(Timestamp::UNIX_EPOCH));
    Ok(calendar::day_of(now, zone).map_err(beyond)?.1)
}

/// The days from that of `first`, or from the earliest that fits into a chunk, to `end`, which
/// begins a day.
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

/// The months that the days are in.
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
