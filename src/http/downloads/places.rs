//! How many files are written at once, in all and for one account, so that no account takes every place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::id::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files that are written at once. Each takes a database connection, up to three threads and some megabytes
/// while it lasts; the rest of the server needs its share.
pub const MAX_AT_ONCE: usize = 16;
/// Files of one account: a quarter of all places.
pub const MAX_PER_ACCOUNT: usize = 4;

/// The places that there are. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<AccountId, usize>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            taken: Arc::default(),
        }
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// None for anybody.
    All,
    /// None for this account.
    Account,
}

/// A place that is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _one: OwnedSemaphorePermit,
    account: AccountId,
    taken: Arc<Mutex<HashMap<AccountId, usize>>>,
}

impl Places {
    /// A place for an account's file.
    pub(super) fn take(&self, account: AccountId) -> Result<Place, Full> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(&account).copied().unwrap_or_default();
        if own >= MAX_PER_ACCOUNT {
            return Err(Full::Account);
        }
        let one = Arc::clone(&self.all).try_acquire_owned();
        let one = one.map_err(|_| Full::All)?;
        taken.insert(account, own + 1);
        Ok(Place {
            _one: one,
            account,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.account) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.remove(&self.account)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, MAX_AT_ONCE, MAX_PER_ACCOUNT, Place, Places};
    use domain::id::AccountId;
    use uuid::Uuid;

    #[test]
    fn no_account_takes_every_place() {
        let places = Places::default();
        let account = |number: usize| AccountId::new(Uuid::from_u128(number as u128));
        let mut held: Vec<Place> = (0..MAX_PER_ACCOUNT)
            .map(|_| places.take(account(0)).unwrap())
            .collect();
        assert_eq!(places.take(account(0)).unwrap_err(), Full::Account);
        for number in MAX_PER_ACCOUNT..MAX_AT_ONCE {
            held.push(places.take(account(number)).unwrap());
        }
        assert_eq!(places.take(account(1)).unwrap_err(), Full::All);
        assert_eq!(places.take(account(0)).unwrap_err(), Full::Account);
        drop(held.remove(0));
        held.push(places.take(account(0)).unwrap());
        drop(held);
        assert!(places.taken.lock().unwrap().is_empty());
        places.take(account(1)).unwrap();
    }
}
