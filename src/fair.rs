//! A fair queue: a number of places, how many one owner may hold, and who is next.
//!
//! Here: taking, waiting, and returning places, for owners of any type. Not here: who the owners
//! are, and what a place stands for; the creator of a line decides both.
//!
//! A semaphore serves in order of arrival: an owner that sends a thousand requests is served a
//! thousand times before anybody else. Here the next free place goes to the waiting owner that
//! holds the fewest.

mod queue;

use std::{
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use self::queue::{Outcome, Queue, Ticket};

/// How many places a line has and who may take how many. A place is whatever unit the caller
/// counts: requests, files, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// All places.
    pub places: usize,
    /// Places that only [`Urgency::Urgent`] callers may take; they are included in `places`.
    pub reserved: usize,
    /// Places that one owner may hold at a time. Urgent callers may take the reserved ones on top.
    pub share: usize,
    /// Callers that may wait, in total.
    pub waiting: usize,
    /// Callers of one owner that may wait.
    pub waiting_share: usize,
    /// How long a caller waits before it is refused.
    pub patience: Duration,
}

/// Whether a caller may take the reserved places, and is served before those that may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Takes from the places that are not reserved.
    Ordinary,
    /// Takes any place.
    Urgent,
}

/// Why a caller was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Other owners hold all places: the server is at capacity.
    All,
    /// The owner holds its share, and no more of its callers may wait.
    Owner,
}

/// Places, and the queue of callers that wait for one. Cheap to clone; clones share the places.
#[derive(Debug)]
pub struct Line<K: Hash + Eq + Clone>(Arc<Shared<K>>);

impl<K: Hash + Eq + Clone> Clone for Line<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Shared<K: Hash + Eq + Clone> {
    patience: Duration,
    /// Never held across an await; work under it takes well below a microsecond while nobody waits.
    queue: Mutex<Queue<K>>,
}

/// Places that are held until this is dropped.
#[derive(Debug)]
#[must_use = "a place is returned when it is dropped"]
pub struct Place<K: Hash + Eq + Clone> {
    line: Line<K>,
    owner: K,
    weight: usize,
}

impl<K: Hash + Eq + Clone> Line<K> {
    /// A line with all places free and nobody waiting.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            patience: bounds.patience,
            queue: Mutex::new(Queue::new(bounds)),
        }))
    }

    /// Takes one ordinary place, waiting for at most the line's patience.
    ///
    /// # Errors
    /// Why no place was available in time.
    pub async fn take(&self, owner: K) -> Result<Place<K>, Full> {
        self.take_many(owner, 1, Urgency::Ordinary).await
    }

    /// Takes one ordinary place, if one is free and nobody is ahead.
    ///
    /// # Errors
    /// Why no place is available.
    pub fn try_take(&self, owner: K) -> Result<Place<K>, Full> {
        self.try_take_many(owner, 1, Urgency::Ordinary)
    }

    /// Takes `weight` places at once, waiting for at most the line's patience. A weight beyond what
    /// one owner may hold is capped there: it could never be served.
    ///
    /// # Errors
    /// Why the places were not available in time.
    pub async fn take_many(
        &self,
        owner: K,
        weight: usize,
        urgency: Urgency,
    ) -> Result<Place<K>, Full> {
        let (asked, weight) = {
            let mut queue = self.lock();
            let weight = queue.at_most(weight, urgency);
            (queue.take(&owner, weight, urgency), weight)
        };
        match asked {
            Outcome::Taken => Ok(self.place(owner, weight)),
            Outcome::Full(full) => Err(full),
            Outcome::Waits(ticket, turn) => {
                let queued = QueuedCaller {
                    line: self,
                    owner: &owner,
                    ticket,
                };
                let heard = timeout(self.0.patience, turn).await;
                // Granted places are dropped with the receiver, which returns them: the ticket is
                // spent.
                let full = queued.leave();
                match heard {
                    Ok(Ok(place)) => Ok(place),
                    _ => Err(full),
                }
            }
        }
    }

    /// Takes `weight` places, if they are free and nobody is ahead.
    ///
    /// # Errors
    /// Why the places are not available.
    pub fn try_take_many(
        &self,
        owner: K,
        weight: usize,
        urgency: Urgency,
    ) -> Result<Place<K>, Full> {
        let (full, weight) = {
            let mut queue = self.lock();
            let weight = queue.at_most(weight, urgency);
            (queue.try_take(&owner, weight, urgency).err(), weight)
        };
        match full {
            None => Ok(self.place(owner, weight)),
            Some(full) => Err(full),
        }
    }

    /// Places that are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.lock().taken()
    }

    /// Callers that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().waiting()
    }

    fn place(&self, owner: K, weight: usize) -> Place<K> {
        Place {
            line: self.clone(),
            owner,
            weight,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<K>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends places to the callers they were granted to. Outside the lock, because a place whose
    /// caller has gone is dropped here, which locks again.
    fn hand_out(&self, granted: Vec<Granted<K>>) {
        for Granted {
            owner,
            weight,
            turn,
        } in granted
        {
            drop(turn.send(self.place(owner, weight)));
        }
    }
}

/// Places that were granted to a waiting caller.
#[derive(Debug)]
struct Granted<K: Hash + Eq + Clone> {
    owner: K,
    weight: usize,
    turn: oneshot::Sender<Place<K>>,
}

/// A waiting caller. Dropping it removes it from the queue, so that a caller that went away gets no
/// place.
struct QueuedCaller<'a, K: Hash + Eq + Clone> {
    line: &'a Line<K>,
    owner: &'a K,
    ticket: Ticket,
}

impl<K: Hash + Eq + Clone> QueuedCaller<'_, K> {
    /// Leaves the queue, and returns why the caller was still waiting.
    fn leave(self) -> Full {
        self.line.lock().why_full(self.owner)
    }
}

impl<K: Hash + Eq + Clone> Drop for QueuedCaller<'_, K> {
    fn drop(&mut self) {
        let granted = self.line.lock().leave(self.owner, self.ticket);
        self.line.hand_out(granted);
    }
}

impl<K: Hash + Eq + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let granted = self.line.lock().give_back(&self.owner, self.weight);
        self.line.hand_out(granted);
    }
}

#[cfg(test)]
mod tests;
