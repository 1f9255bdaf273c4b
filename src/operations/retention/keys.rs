//! The end of idempotency keys (law B4).
//!
//! Here: which keys have ended. Not here: the statements ([`crate::store::idempotency_key`]).
//!
//! A key that ended is a new one. So a key stays, however old it is, while its message is scheduled
//! or its purchase is undecided: a repetition must not schedule or buy a second time. What is
//! called at a payment provider has other keys, the ids of purchases, which never end.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sea_orm::prelude::Uuid;

use super::Part;
use crate::{
    ledger,
    operations::{OperationError, Services},
    store::{self, sql::row_set::RowSet},
};

/// The longest time after which keys may end, in days.
pub const MAX_DAYS: u32 = 36_500;
/// How many parts of the table one pass reads: on PostgreSQL 26 MB, which the system reads ahead.
const PARTS: usize = 100;

impl Services {
    /// Deletes keys that have ended, from a position on.
    pub(super) async fn end_keys(&self, position: &str) -> Result<Part, OperationError> {
        let mut erased = 0;
        let Some(days) = self.0.parts.retention.key_days else {
            return Ok(Part { erased, next: None });
        };
        let days = SignedDuration::from_hours(24 * i64::from(days.min(MAX_DAYS)));
        let now = self.clock().now();
        let before = now.checked_sub(days).unwrap_or(Timestamp::MIN);
        let mut from = position.parse().unwrap_or_default();
        for _ in 0..PARTS {
            let (count, next) = self.end_some_keys(from, before.as_microsecond()).await?;
            erased += count;
            match next {
                Some(next) => from = next,
                None => return Ok(Part { erased, next: None }),
            }
        }
        Ok(Part {
            erased,
            next: Some(from.to_string()),
        })
    }

    /// Deletes the keys of one part of the table that have ended. Returns how many, and where the
    /// next part begins.
    async fn end_some_keys(
        &self,
        from: i64,
        before: i64,
    ) -> Result<(usize, Option<i64>), OperationError> {
        let transaction = self.store().begin().await?;
        let part = store::idempotency_key::old(&transaction, from, before).await?;
        let (mut messages, mut purchases) = (BTreeSet::new(), BTreeSet::new());
        let mut readable = Vec::with_capacity(part.old.len());
        for key in &part.old {
            let account = key.account.uuid();
            match ledger::unfinished(&key.answer) {
                Ok(names) => {
                    messages.extend(names.message.map(|id| (account, id)));
                    purchases.extend(names.purchase.map(|id| (account, id)));
                    readable.push((key, names));
                }
                // Nobody can say what it must protect, so it stays.
                Err(fault) => {
                    tracing::warn!(%account, %fault, "the answer of an old key can't be read");
                }
            }
        }
        let messages = store::message::scheduled_among(&transaction, messages).await?;
        let purchases = RowSet::of_pairs(purchases);
        let purchases = store::purchase::undecided_among(&transaction, purchases).await?;
        let purchases = purchases
            .iter()
            .map(|row| (row.account_id, row.id))
            .collect();
        let ended = readable.into_iter().filter(|(key, names)| {
            let is_in = |set: &BTreeSet<(Uuid, Uuid)>, id: Option<Uuid>| {
                id.is_some_and(|id| set.contains(&(key.account.uuid(), id)))
            };
            !is_in(&messages, names.message) && !is_in(&purchases, names.purchase)
        });
        let ended: Vec<_> = ended.map(|(key, _)| key).collect();
        if ended.is_empty() {
            transaction.rollback().await?;
        } else {
            store::idempotency_key::delete(&transaction, ended.iter().copied()).await?;
            transaction.commit().await?;
        }
        Ok((ended.len(), part.next))
    }
}
