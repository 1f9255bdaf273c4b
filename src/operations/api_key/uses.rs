//! When keys were last used. Requests only note the use in memory. A job writes it to the database,
//! at most once an hour for each key, so that no request waits for it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use domain::id::ApiKeyId;
use entity::api_key;
use jiff::{SignedDuration, Timestamp};

use super::super::{OperationError, Services};
use crate::{clock::whole_micros, store};

/// The precision of the time of last use: enough to find unused keys, at one small write an hour
/// for each key in use.
pub const GRAIN: SignedDuration = SignedDuration::from_hours(1);

/// Keys that were used and whose stored time is out of date.
#[derive(Debug, Default)]
pub struct KeyUses(Mutex<HashSet<ApiKeyId>>);

impl KeyUses {
    /// Notes that a key was used, unless the stored time is recent enough.
    fn note(&self, row: &api_key::Model, now: Timestamp) {
        let is_fresh = row
            .last_used_at
            .is_some_and(|at| now.duration_since(whole_micros(at)) < GRAIN);
        if !is_fresh {
            self.lock().insert(ApiKeyId::new(row.id));
        }
    }

    fn take(&self) -> HashSet<ApiKeyId> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<ApiKeyId>> {
        // No code that holds the lock can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Services {
    /// Notes that a key was used.
    pub(in crate::operations) fn note_key_use(&self, row: &api_key::Model, now: Timestamp) {
        self.0.key_uses.note(row, now);
    }

    /// Stores the uses noted since the last call, and returns the number of keys. If it fails, the
    /// keys' next requests note their use again.
    pub async fn note_key_uses(&self) -> Result<usize, OperationError> {
        let used = self.0.key_uses.take();
        if !used.is_empty() {
            let writer = self.store().writer();
            store::api_key::used(writer, used.iter().copied(), self.clock().now()).await?;
        }
        Ok(used.len())
    }
}
