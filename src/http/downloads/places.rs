//! How many files are written at once, in all and for one account, so that no account takes every place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::id::AccountId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Files that are written at once. Each takes a database connection, up to three threads and up to ten megabytes
/// (`cargo xtask bench reports -- --only exports`) while it lasts, and more at once would not be done sooner; the
/// rest of the server needs its share.
pub const MAX_AT_ONCE: usize = 6;
/// Files of one account, those that wait for a place included: half of all places.
pub const MAX_PER_ACCOUNT: usize = 3;
/// How long a file waits for a place: about as long as one of a hundred thousand messages takes.
const PATIENCE: Duration = Duration::from_secs(2);

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
    _own: Own,
}

/// One of an account's own.
#[derive(Debug)]
struct Own {
    account: AccountId,
    taken: Arc<Mutex<HashMap<AccountId, usize>>>,
}

impl Places {
    /// A place for an account's file, where one is free before long.
    pub(super) async fn take(&self, account: AccountId) -> Result<Place, Full> {
        let own = self.own(account)?;
        let one = timeout(PATIENCE, Arc::clone(&self.all).acquire_owned()).await;
        match one {
            Ok(Ok(one)) => Ok(Place {
                _one: one,
                _own: own,
            }),
            _ => Err(Full::All),
        }
    }

    fn own(&self, account: AccountId) -> Result<Own, Full> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.entry(account).or_default();
        if *own >= MAX_PER_ACCOUNT {
            return Err(Full::Account);
        }
        *own += 1;
        Ok(Own {
            account,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl Drop for Own {
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
    use super::{Full, MAX_AT_ONCE, MAX_PER_ACCOUNT, PATIENCE, Place, Places};
    use domain::id::AccountId;
    use uuid::Uuid;

    fn account(number: usize) -> AccountId {
        AccountId::new(Uuid::from_u128(number as u128))
    }

    #[tokio::test(start_paused = true)]
    async fn no_account_takes_every_place() {
        let places = Places::default();
        let mut held: Vec<Place> = Vec::new();
        for _ in 0..MAX_PER_ACCOUNT {
            held.push(places.take(account(0)).await.unwrap());
        }
        assert_eq!(places.take(account(0)).await.unwrap_err(), Full::Account);
        for number in MAX_PER_ACCOUNT..MAX_AT_ONCE {
            held.push(places.take(account(number)).await.unwrap());
        }
        let begun = tokio::time::Instant::now();
        assert_eq!(places.take(account(1)).await.unwrap_err(), Full::All);
        assert!(begun.elapsed() >= PATIENCE);
        assert_eq!(places.take(account(0)).await.unwrap_err(), Full::Account);
        drop(held.remove(0));
        held.push(places.take(account(0)).await.unwrap());
        drop(held);
        assert!(places.taken.lock().unwrap().is_empty());
        places.take(account(1)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_has_the_next_place() {
        let places = Places::default();
        let mut held: Vec<Place> = Vec::new();
        for number in 0..MAX_AT_ONCE {
            held.push(places.take(account(number)).await.unwrap());
        }
        let leaves = async {
            tokio::time::sleep(PATIENCE / 2).await;
            held.clear();
        };
        let (taken, ()) = tokio::join!(places.take(account(0)), leaves);
        taken.unwrap();
    }
}
