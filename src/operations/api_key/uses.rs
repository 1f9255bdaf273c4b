//! When keys were last used. Requests only note that they came; a job writes it down, at most once in a while for
//! each key, so that nothing waits for it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use domain::id::ApiKeyId;
use entity::api_key;
use jiff::{SignedDuration, Timestamp};

use super::super::{OperationError, Services};
use crate::{clock::whole_micros, store};

/// How exact it is: enough to see which keys nobody uses, and one small write in an hour for each that somebody
/// does.
pub const GRAIN: SignedDuration = SignedDuration::from_hours(1);

/// Keys that were used and whose rows say less.
#[derive(Debug, Default)]
pub struct KeyUses(Mutex<HashSet<ApiKeyId>>);

impl KeyUses {
    /// Notes that a key was used, if its row is not about right already.
    pub(super) fn note(&self, row: &api_key::Model, now: Timestamp) {
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
        // Nothing that holds the lock can panic between two states.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Services {
    /// Writes down which keys were used since the last call. Answers how many there were. What a failure loses is
    /// noted again by the keys' next requests.
    ///
    /// # Errors
    /// A fault.
    pub async fn note_key_uses(&self) -> Result<usize, OperationError> {
        let used = self.0.key_uses.take();
        if !used.is_empty() {
            let writer = self.store.writer();
            store::api_key::used(writer, used.iter().copied(), self.clock.now()).await?;
        }
        Ok(used.len())
    }
}
