//! The subscription to an account's messages.
//!
//! Here: reading which messages have changed once some may have. Not here: what wakes the
//! subscription ([`super::changes`]).

use std::collections::{HashMap, HashSet, VecDeque};

use domain::id::{AccountId, MessageId};
use entity::message;
use futures_util::{Stream, StreamExt, stream};
use sea_orm::prelude::Uuid;

use super::{
    OperationError, Services,
    changes::{CLOCKS_DIFFER, Topic, Watch},
};
use crate::store;

/// How many transactions are read at a time.
const TRANSACTIONS: u64 = 200;
struct Watching {
    services: Services,
    account: AccountId,
    watch: Watch,
    /// What was read so far; `None` before the first read.
    seen: Option<Seen>,
    /// The messages that are still to be reported, as they were read.
    waiting: VecDeque<message::Model>,
}

/// What is known of an account's changes.
struct Seen {
    /// The number of the last transaction.
    sequence: i64,
    /// Whether there may be more transactions without another change.
    has_more: bool,
    /// When messages changed whose holds stayed, as far as that may be read again.
    unmoved: HashMap<MessageId, i64>,
    /// The latest of these instants.
    latest: i64,
}

impl Services {
    /// The message of the account that changed last, if it has any, and each message again after it
    /// has changed. Rapid changes of one message are coalesced into one event.
    pub fn message_changes(
        &self,
        account: AccountId,
    ) -> impl Stream<Item = Result<message::Model, OperationError>> + use<> {
        let watching = Watching {
            services: self.clone(),
            account,
            // Waits from before the first read on, so that no change is missed in between.
            watch: self.watch(Topic::Books(account)),
            seen: None,
            waiting: VecDeque::new(),
        };
        stream::unfold(Some(watching), |watching| async {
            let mut watching = watching?;
            match watching.next().await {
                Ok(message) => Some((Ok(message), Some(watching))),
                // The subscription ends with its first error.
                Err(error) => Some((Err(error), None)),
            }
        })
        .fuse()
    }
}

impl Watching {
    async fn next(&mut self) -> Result<message::Model, OperationError> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(message);
            }
            let changed = match self.seen.take() {
                None => self.first_look().await?,
                Some(mut seen) => {
                    if !seen.has_more {
                        self.watch.changed().await;
                    }
                    let changed = self.look(&mut seen).await?;
                    self.seen = Some(seen);
                    changed
                }
            };
            self.read(changed).await?;
        }
    }

    /// Where the account's changes are, and the message that changed last.
    async fn first_look(&mut self) -> Result<Vec<MessageId>, OperationError> {
        let reader = self.services.store().reader();
        let (sequence, last) = store::message_change::last(reader, self.account).await?;
        let latest = self.services.clock().now().as_microsecond();
        let from = latest.saturating_sub(CLOCKS_DIFFER);
        let unmoved = store::message_change::unmoved(reader, self.account, from).await?;
        self.seen = Some(Seen {
            sequence,
            has_more: false,
            latest: unmoved.last().map_or(latest, |(_, at)| latest.max(*at)),
            unmoved: unmoved.into_iter().collect(),
        });
        Ok(last.into_iter().collect())
    }

    /// The messages that changed since, in the order of their last changes.
    async fn look(&self, seen: &mut Seen) -> Result<Vec<MessageId>, OperationError> {
        let reader = self.services.store().reader();
        let account = self.account;
        let after =
            store::message_change::after(reader, account, seen.sequence, TRANSACTIONS).await?;
        seen.has_more = after.len() as u64 == TRANSACTIONS;
        let mut changed = Vec::new();
        for (sequence, message) in after {
            seen.sequence = sequence;
            changed.extend(message);
        }
        let from = seen.latest.saturating_sub(CLOCKS_DIFFER);
        let unmoved = store::message_change::unmoved(reader, account, from).await?;
        for (message, at) in &unmoved {
            if seen.unmoved.get(message) != Some(at) {
                changed.push(*message);
            }
            seen.latest = seen.latest.max(*at);
        }
        seen.unmoved = unmoved.into_iter().collect();
        // Each once, at its last change.
        let mut known = HashSet::new();
        changed.reverse();
        changed.retain(|message| known.insert(*message));
        changed.reverse();
        Ok(changed)
    }

    async fn read(&mut self, changed: Vec<MessageId>) -> Result<(), OperationError> {
        if changed.is_empty() {
            return Ok(());
        }
        let reader = self.services.store().reader();
        let rows = store::message::find_all(reader, changed.iter().copied()).await?;
        let mut rows: HashMap<Uuid, message::Model> =
            rows.into_iter().map(|row| (row.id, row)).collect();
        let rows = changed.iter().filter_map(|id| rows.remove(&id.uuid()));
        self.waiting.extend(rows);
        Ok(())
    }
}
