//! The subscription to an account's purchases.
//!
//! Here: reading which purchases have changed once some may have. Not here: what wakes the
//! subscription ([`crate::operations::changes`]).

use std::collections::{HashMap, VecDeque};

use domain::id::AccountId;
use entity::purchase;
use futures_util::{Stream, StreamExt, stream};
use uuid::Uuid;

use super::super::{
    OperationError, Services,
    changes::{CLOCKS_DIFFER, Topic, Watch},
};
use crate::store::purchase::changes;

struct Watching {
    services: Services,
    account: AccountId,
    watch: Watch,
    /// What was read so far; `None` before the first read.
    seen: Option<Seen>,
    /// The purchases that are still to be reported.
    waiting: VecDeque<purchase::Model>,
}

/// What is known of an account's changes.
struct Seen {
    /// When purchases changed, as far as that may be read again.
    recent: HashMap<Uuid, i64>,
    /// The latest of these instants.
    latest: i64,
}

impl Services {
    /// Wakes those who wait for changes of an account's purchases. They share the topic of its
    /// books, where most of these changes end.
    pub(in crate::operations) fn tell_of_purchases(&self, account: AccountId) {
        self.changes().tell(Topic::Books(account));
    }

    /// The purchase of the account that changed last, if it has any, and each purchase again after
    /// it has changed. Rapid changes of one purchase are coalesced into one event.
    pub fn purchase_changes(
        &self,
        account: AccountId,
    ) -> impl Stream<Item = Result<purchase::Model, OperationError>> + use<> {
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
                Ok(purchase) => Some((Ok(purchase), Some(watching))),
                // The subscription ends with its first error.
                Err(error) => Some((Err(error), None)),
            }
        })
        .fuse()
    }
}

impl Watching {
    async fn next(&mut self) -> Result<purchase::Model, OperationError> {
        loop {
            if let Some(row) = self.waiting.pop_front() {
                let now = self.services.clock().now();
                return Ok(self.services.purchase_as_of(row, now));
            }
            match self.seen.take() {
                None => self.first_look().await?,
                Some(seen) => {
                    self.watch.changed().await;
                    self.look(seen).await?;
                }
            }
        }
    }

    /// The account's recent changes, and the purchase that changed last.
    async fn first_look(&mut self) -> Result<(), OperationError> {
        let reader = self.services.store().reader();
        let now = self.services.clock().now().as_microsecond();
        let from = now.saturating_sub(CLOCKS_DIFFER);
        let recent = changes::since(reader, self.account, from).await?;
        // One that changes after the first statement is read again by the next look.
        let last = match recent.last() {
            Some(row) => Some(row.clone()),
            None => changes::last(reader, self.account).await?,
        };
        let mut seen = Seen {
            recent: HashMap::new(),
            latest: now,
        };
        seen.note(&recent);
        self.waiting.extend(last);
        self.seen = Some(seen);
        Ok(())
    }

    /// The purchases that changed since, in the order of their last changes.
    async fn look(&mut self, mut seen: Seen) -> Result<(), OperationError> {
        let reader = self.services.store().reader();
        let from = seen.latest.saturating_sub(CLOCKS_DIFFER);
        let recent = changes::since(reader, self.account, from).await?;
        let is_new = |row: &&purchase::Model| {
            seen.recent.get(&row.id).copied() != Some(changes::updated_at(row))
        };
        self.waiting.extend(recent.iter().filter(is_new).cloned());
        seen.note(&recent);
        self.seen = Some(seen);
        Ok(())
    }
}

impl Seen {
    fn note(&mut self, rows: &[purchase::Model]) {
        let known = rows.iter().map(|row| (row.id, changes::updated_at(row)));
        self.recent = known.collect();
        let latest = rows.last().map(changes::updated_at);
        self.latest = latest.map_or(self.latest, |latest| latest.max(self.latest));
    }
}
