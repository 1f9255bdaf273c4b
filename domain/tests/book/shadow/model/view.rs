//! What the second book shows: sums and remainders, to compare with the first book's.

use std::collections::BTreeMap;

use domain::id::{ListId, LotId, MessageId};
use jiff::Timestamp;

use super::{Model, sum};

impl Model {
    /// The instant that a command arriving at `now` is booked at.
    pub fn instant(&self, now: Timestamp) -> Timestamp {
        now.max(self.written)
    }

    pub fn available(&self) -> i128 {
        self.lots.iter().map(|lot| lot.left).sum()
    }

    pub fn held(&self) -> i128 {
        self.holds.iter().map(|hold| sum(&hold.stack)).sum()
    }

    pub fn next_expiry(&self) -> Option<(Timestamp, i128)> {
        let open = self.lots.iter().filter(|lot| lot.left > 0);
        let soonest = open.clone().filter_map(|lot| lot.ends).min()?;
        let then = open.filter(|lot| lot.ends == Some(soonest));
        Some((soonest, then.map(|lot| lot.left).sum()))
    }

    pub fn remainders(&self) -> BTreeMap<LotId, i128> {
        self.lots.iter().map(|lot| (lot.id, lot.left)).collect()
    }

    /// When each lot expires.
    pub fn ends(&self) -> BTreeMap<LotId, Option<Timestamp>> {
        self.lots.iter().map(|lot| (lot.id, lot.ends)).collect()
    }

    pub fn free(&self) -> BTreeMap<Option<ListId>, i128> {
        self.pools
            .iter()
            .map(|pool| (pool.owner, pool.free))
            .collect()
    }

    pub fn held_by_message(&self) -> BTreeMap<MessageId, i128> {
        self.holds
            .iter()
            .map(|hold| (hold.message, sum(&hold.stack)))
            .collect()
    }

    /// Drops the lots without any credits, available or held.
    pub fn forget_used_up(&mut self) {
        let Self { lots, holds, .. } = self;
        lots.retain(|lot| {
            let mut held = holds.iter().flat_map(|hold| &hold.stack);
            lot.left > 0 || held.any(|(id, _)| *id == lot.id)
        });
    }
}
