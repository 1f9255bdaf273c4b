//! The actors whose rows are stored, so that a batch writes only those of new ones.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use entity::actor;
use sea_orm::prelude::Uuid;

/// An actor by its account and its id.
pub(super) type ActorKey = (Uuid, i64);

/// How many are known at most: some 400 kB. More are forgotten together, and written again.
const MOST: usize = 10_000;

/// Actors that a batch of this process has written, or found to be stored.
#[derive(Debug, Default)]
pub(super) struct KnownActors(Mutex<HashSet<ActorKey>>);

impl KnownActors {
    /// The rows that may not be stored yet.
    pub(super) fn unknown(&self, rows: BTreeMap<ActorKey, actor::Model>) -> Vec<actor::Model> {
        let known = self.lock();
        let unknown = rows.into_iter().filter(|(key, _)| !known.contains(key));
        unknown.map(|(_, row)| row).collect()
    }

    /// Adds those of a batch that was committed.
    pub(super) fn add(&self, keys: Vec<ActorKey>) {
        if keys.is_empty() {
            return;
        }
        let mut known = self.lock();
        if known.len() + keys.len() > MOST {
            known.clear();
        }
        known.extend(keys.into_iter().take(MOST));
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<ActorKey>> {
        // No code that holds the lock can panic between two states.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
