//! Erasing the names and texts of old messages, and what imports kept of old files.
//!
//! Here: the sweep, account by account, and how old is old. Not here: the statements
//! ([`crate::store::retention`]).
//!
//! An account's messages are walked in the order of their sending times, by an index that pages of
//! messages need anyway. Where the walk is, is stored, so that nothing is read twice; messages that
//! are still scheduled are passed over, and the next walk begins at the first of them.

use domain::id::{AccountId, ImportId};
use entity::retention_mark;
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use sea_orm::prelude::Uuid;

use super::{Part, position_of};
use crate::{
    clock,
    operations::{OperationError, Services},
    store,
};

/// The most months that an account or a platform may keep texts: a hundred years.
pub const MAX_MONTHS: i32 = 1_200;
/// How old a message is at least before it is erased, also with 0 months: a charge that began
/// earlier is committed by then, so the walk has not passed it over.
const LEAST_AGE: SignedDuration = SignedDuration::from_hours(1);
/// How many messages, or rows of imports, one transaction erases. It takes some hundredths of a
/// second, and on SQLite charges wait meanwhile.
const CHUNK: u64 = 500;
/// How many such transactions a part of the sweep has at most.
const CHUNKS: usize = 20;
/// How many accounts are read at a time.
const PAGE: u64 = 100;
/// How many accounts a part of the sweep looks at: an account without anything old takes two or
/// three short statements.
const ACCOUNTS: usize = 500;

/// What is left of the bounds of one part.
struct Budget {
    chunks: usize,
    accounts: usize,
}

impl Services {
    /// Erases the old texts of some accounts, from a position on.
    pub(super) async fn erase_texts(&self, position: &str) -> Result<Part, OperationError> {
        let mut after = position.parse::<Uuid>().ok().map(AccountId::new);
        let mut budget = Budget {
            chunks: CHUNKS,
            accounts: ACCOUNTS,
        };
        let mut erased = 0;
        loop {
            let reader = self.store().reader();
            let accounts = store::retention::accounts(reader, after, PAGE).await?;
            if accounts.is_empty() {
                return Ok(Part { erased, next: None });
            }
            for (account, own) in accounts {
                if let Some(before) = self.months_of(own).map(|months| self.cutoff(months)) {
                    let is_done = self
                        .erase_account(account, before, &mut budget, &mut erased)
                        .await?;
                    if !is_done {
                        let next = after.map(position_of).unwrap_or_default();
                        return Ok(Part {
                            erased,
                            next: Some(next),
                        });
                    }
                }
                after = Some(account);
            }
            if budget.accounts == 0 {
                return Ok(Part {
                    erased,
                    next: after.map(position_of),
                });
            }
        }
    }

    /// Messages with an earlier sending time are old.
    fn cutoff(&self, months: u32) -> Timestamp {
        let now = self.clock().now();
        let recent = now.checked_sub(LEAST_AGE).unwrap_or(Timestamp::MIN);
        now.to_zoned(TimeZone::UTC)
            .checked_sub(i64::from(months).months())
            .map_or(Timestamp::MIN, |before| before.timestamp())
            .min(recent)
    }

    /// Erases what is old in an account. Returns false if the bounds of this part ended before.
    async fn erase_account(
        &self,
        account: AccountId,
        before: Timestamp,
        budget: &mut Budget,
        erased: &mut usize,
    ) -> Result<bool, OperationError> {
        budget.accounts = budget.accounts.saturating_sub(1);
        loop {
            let Some(left) = budget.chunks.checked_sub(1) else {
                return Ok(false);
            };
            let (count, is_done) = self.erase_messages(account, before).await?;
            *erased += count;
            if is_done {
                break;
            }
            budget.chunks = left;
        }
        loop {
            let Some(left) = budget.chunks.checked_sub(1) else {
                return Ok(false);
            };
            let count = self.erase_imports(account, before).await?;
            *erased += usize::try_from(count).unwrap_or(usize::MAX);
            if count < CHUNK {
                return Ok(true);
            }
            budget.chunks = left;
        }
    }

    /// Erases a number of an account's messages in one transaction. Returns how many, and whether
    /// the walk has come to its end.
    async fn erase_messages(
        &self,
        account: AccountId,
        before: Timestamp,
    ) -> Result<(usize, bool), OperationError> {
        let before = before.as_microsecond();
        let mark = store::retention::mark(self.store().reader(), account).await?;
        if mark.walked_to >= before {
            return Ok((0, true));
        }
        let transaction = self.store().begin().await?;
        let whole = (account, mark.walked_to, before);
        let nth = store::retention::nth_send_at(&transaction, whole, CHUNK).await?;
        // With it, all messages of the same instant.
        let to = nth.map_or(before, |nth| nth.saturating_add(1).min(before));
        let range = (account, mark.walked_to, to);
        // Read before anything is erased: one that ends in between is erased with the others.
        let scheduled = store::retention::first_scheduled(&transaction, range).await?;
        let erased = store::retention::erase_range(&transaction, range, self.clock().now()).await?;
        let waiting = mark.waiting_from.or(scheduled);
        let is_done = to == before;
        let after = if is_done {
            retention_mark::Model {
                walked_to: waiting.unwrap_or(before),
                waiting_from: None,
                ..mark
            }
        } else {
            retention_mark::Model {
                walked_to: to,
                waiting_from: waiting,
                ..mark
            }
        };
        store::retention::set_mark(&transaction, after).await?;
        transaction.commit().await?;
        Ok((usize::try_from(erased).unwrap_or(usize::MAX), is_done))
    }

    /// Erases what an account's imports kept of old files. Returns how many rows of the more
    /// numerous kind.
    async fn erase_imports(
        &self,
        account: AccountId,
        before: Timestamp,
    ) -> Result<u64, OperationError> {
        let of = (account, ImportId::new(clock::first_id_at(before)));
        let reader = self.store().reader();
        if !store::contact_import::keeps_before(reader, of).await? {
            return Ok(0);
        }
        let transaction = self.store().begin().await?;
        let gone = store::contact_import::forget_rows_before(&transaction, of, CHUNK).await?;
        if gone < CHUNK {
            store::contact_import::erase_file_names(&transaction, of).await?;
        }
        transaction.commit().await?;
        Ok(gone)
    }
}
