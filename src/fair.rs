//! Places that are shared fairly: how many there are, how many one owner may hold, and who is next.
//!
//! Here: taking, waiting, and giving back, for owners of any type. Not here: who the owners are, and what
//! a place is good for; whoever makes a line decides both.
//!
//! A semaphore serves in order of arrival: an owner that asks a thousand times is served a thousand times
//! before anybody else. Here the next free place goes to the waiting owner that holds the fewest.

mod queue;

use std::{
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use self::queue::{Outcome, Queue, Ticket};

/// How many places a line has and who may take how many. A place is whatever unit the caller counts:
/// requests, files, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Places in all.
    pub places: usize,
    /// Among them, those that only [`Urgency::Urgent`] callers may take.
    pub reserved: usize,
    /// Places that one owner may hold at a time. Urgent callers may take the reserved ones on top.
    pub share: usize,
    /// Callers that may wait, in all.
    pub waiting: usize,
    /// Callers of one owner that may wait.
    pub waiting_share: usize,
    /// How long a caller waits before it is refused.
    pub patience: Duration,
}

/// Whether a caller may take the reserved places, and goes before those that may not.
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
    /// All places are taken by others. This is the server's own lack of room.
    All,
    /// The owner holds its share, and as many callers of it wait as may.
    Owner,
}

/// Places, and the line of those who wait for one. Cheap to clone; clones share the places.
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
    /// Never held across an await; what is done under it takes well below a microsecond while nobody waits.
    queue: Mutex<Queue<K>>,
}

/// Places that are taken until this is dropped.
#[derive(Debug)]
#[must_use = "a place is given back when it is dropped"]
pub struct Place<K: Hash + Eq + Clone> {
    line: Line<K>,
    owner: K,
    weight: usize,
}

impl<K: Hash + Eq + Clone> Line<K> {
    /// A line in which nobody stands.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            patience: bounds.patience,
            queue: Mutex::new(Queue::new(bounds)),
        }))
    }

    /// One ordinary place, waited for as long as the line's patience.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn take(&self, owner: K) -> Result<Place<K>, Full> {
        self.take_many(owner, 1, Urgency::Ordinary).await
    }

    /// One ordinary place, if one is free and nobody else's turn.
    ///
    /// # Errors
    /// Why there is none.
    pub fn try_take(&self, owner: K) -> Result<Place<K>, Full> {
        self.try_take_many(owner, 1, Urgency::Ordinary)
    }

    /// As many places as `weight` says, all at once, waited for as long as the line's patience. A weight
    /// beyond what one owner may hold counts as that much: it would wait for ever.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn take_many(
        &self,
        owner: K,
        weight: usize,
        urgency: Urgency,
    ) -> Result<Place<K>, Full> {
        let (asked, weight) = {
            let mut queue = self.lock();
            let weight = queue.at_most(weight, urgency);
            (queue.ask(&owner, weight, urgency), weight)
        };
        match asked {
            Outcome::Taken => Ok(self.place(owner, weight)),
            Outcome::Full(full) => Err(full),
            Outcome::Waits(ticket, turn) => {
                let standing = Standing {
                    line: self,
                    owner: &owner,
                    ticket,
                };
                let heard = timeout(self.0.patience, turn).await;
                // What was granted is a place by now, or is dropped as one: the ticket is spent.
                let full = standing.leave();
                match heard {
                    Ok(Ok(place)) => Ok(place),
                    _ => Err(full),
                }
            }
        }
    }

    /// As many places as `weight` says, if they are free and nobody else's turn.
    ///
    /// # Errors
    /// Why there are none.
    pub fn try_take_many(
        &self,
        owner: K,
        weight: usize,
        urgency: Urgency,
    ) -> Result<Place<K>, Full> {
        let (full, weight) = {
            let mut queue = self.lock();
            let weight = queue.at_most(weight, urgency);
            (queue.ask_now(&owner, weight, urgency).err(), weight)
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

    /// Hands places to those whose turn it is. Outside the lock, since a place that nobody takes any more is
    /// dropped here, which locks again.
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

/// Places that have become a waiting caller's own.
#[derive(Debug)]
struct Granted<K: Hash + Eq + Clone> {
    owner: K,
    weight: usize,
    turn: oneshot::Sender<Place<K>>,
}

/// A caller that waits. It leaves the line when it is dropped, so that a caller that went away is not waited on.
struct Standing<'a, K: Hash + Eq + Clone> {
    line: &'a Line<K>,
    owner: &'a K,
    ticket: Ticket,
}

impl<K: Hash + Eq + Clone> Standing<'_, K> {
    /// Leaves the line; answers why the caller would still be waiting.
    fn leave(self) -> Full {
        self.line.lock().why_full(self.owner)
    }
}

impl<K: Hash + Eq + Clone> Drop for Standing<'_, K> {
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
