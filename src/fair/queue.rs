//! The bookkeeping of a line: who holds how many places, who waits, and who is next.
//!
//! Here: decisions, made under the line's lock. Not here: waiting, and sending places to callers.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use tokio::sync::oneshot;

use super::{Bounds, Full, Granted, Place, Urgency};

/// Identifies a waiting caller.
pub(super) type Ticket = u64;

/// The outcome of a request for places.
pub(super) enum Outcome<K: Hash + Eq + Clone> {
    /// The places are taken.
    Taken,
    /// The caller waits, and receives its places here.
    Waits(Ticket, oneshot::Receiver<Place<K>>),
    /// The caller is refused.
    Full(Full),
}

#[derive(Debug)]
pub(super) struct Queue<K: Hash + Eq + Clone> {
    bounds: Bounds,
    taken: usize,
    waiting: usize,
    /// Callers so far that had to wait, which numbers them.
    tickets: Ticket,
    /// Owners that hold a place or wait, and no others, so that the map is bounded by the places
    /// and the queue.
    owners: HashMap<K, Owner<K>>,
}

#[derive(Debug)]
struct Owner<K: Hash + Eq + Clone> {
    held: usize,
    urgent: VecDeque<Waiter<K>>,
    ordinary: VecDeque<Waiter<K>>,
}

#[derive(Debug)]
struct Waiter<K: Hash + Eq + Clone> {
    ticket: Ticket,
    weight: usize,
    turn: oneshot::Sender<Place<K>>,
}

impl<K: Hash + Eq + Clone> Default for Owner<K> {
    fn default() -> Self {
        Self {
            held: 0,
            urgent: VecDeque::new(),
            ordinary: VecDeque::new(),
        }
    }
}

impl<K: Hash + Eq + Clone> Owner<K> {
    fn waiting(&self) -> usize {
        self.urgent.len() + self.ordinary.len()
    }

    fn line(&self, urgency: Urgency) -> &VecDeque<Waiter<K>> {
        match urgency {
            Urgency::Urgent => &self.urgent,
            Urgency::Ordinary => &self.ordinary,
        }
    }

    fn line_mut(&mut self, urgency: Urgency) -> &mut VecDeque<Waiter<K>> {
        match urgency {
            Urgency::Urgent => &mut self.urgent,
            Urgency::Ordinary => &mut self.ordinary,
        }
    }
}

impl<K: Hash + Eq + Clone> Queue<K> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            taken: 0,
            waiting: 0,
            tickets: 0,
            owners: HashMap::new(),
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The weight, capped at what can be served at all.
    pub(super) fn at_most(&self, weight: usize, urgency: Urgency) -> usize {
        let most = self.share(urgency).min(self.places(urgency));
        weight.min(most).max(1)
    }

    /// Takes places, or waits in the queue for them.
    pub(super) fn take(&mut self, owner: &K, weight: usize, urgency: Urgency) -> Outcome<K> {
        match self.try_take(owner, weight, urgency) {
            Ok(()) => Outcome::Taken,
            Err(_) => match self.make_room(owner) {
                Ok(()) => self.enqueue(owner, weight, urgency),
                Err(full) => Outcome::Full(full),
            },
        }
    }

    /// Takes places if they are free and nobody is ahead. Everybody who could be served has been
    /// served already, so a caller does not overtake other callers of its owner, nor a waiting
    /// caller of the same or higher urgency.
    pub(super) fn try_take(
        &mut self,
        owner: &K,
        weight: usize,
        urgency: Urgency,
    ) -> Result<(), Full> {
        let is_free = self.taken + weight <= self.places(urgency);
        let held = self.held(owner);
        let is_own = held + weight <= self.share(urgency);
        if is_own && is_free && (self.waiting == 0 || self.is_nobody_ahead(urgency)) {
            self.taken += weight;
            self.owner(owner).held += weight;
            Ok(())
        } else if is_own {
            Err(Full::All)
        } else {
            Err(Full::Owner)
        }
    }

    /// Returns places, and decides who is next.
    pub(super) fn give_back(&mut self, owner: &K, weight: usize) -> Vec<Granted<K>> {
        self.taken = self.taken.saturating_sub(weight);
        if let Some(own) = self.owners.get_mut(owner) {
            own.held = own.held.saturating_sub(weight);
        }
        self.remove_if_idle(owner);
        self.serve()
    }

    /// Removes a caller from the queue, and decides who can be served as a result.
    pub(super) fn leave(&mut self, owner: &K, ticket: Ticket) -> Vec<Granted<K>> {
        let Some(own) = self.owners.get_mut(owner) else {
            return Vec::new();
        };
        let before = own.waiting();
        own.urgent.retain(|waiter| waiter.ticket != ticket);
        own.ordinary.retain(|waiter| waiter.ticket != ticket);
        let left = before - own.waiting();
        self.waiting -= left;
        if left == 0 {
            return Vec::new();
        }
        self.remove_if_idle(owner);
        // A heavy caller that left may have blocked lighter ones.
        self.serve()
    }

    /// Why a caller of this owner has no place.
    pub(super) fn why_full(&self, owner: &K) -> Full {
        if self.held(owner) < self.bounds.share {
            Full::All
        } else {
            Full::Owner
        }
    }

    fn held(&self, owner: &K) -> usize {
        self.owners.get(owner).map_or(0, |own| own.held)
    }

    fn owner(&mut self, owner: &K) -> &mut Owner<K> {
        self.owners.entry(owner.clone()).or_default()
    }

    fn remove_if_idle(&mut self, owner: &K) {
        let is_idle = |own: &Owner<K>| own.held == 0 && own.waiting() == 0;
        if self.owners.get(owner).is_some_and(is_idle) {
            self.owners.remove(owner);
        }
    }

    fn places(&self, urgency: Urgency) -> usize {
        match urgency {
            Urgency::Urgent => self.bounds.places,
            Urgency::Ordinary => self.bounds.places.saturating_sub(self.bounds.reserved),
        }
    }

    fn share(&self, urgency: Urgency) -> usize {
        match urgency {
            Urgency::Urgent => self.bounds.share.saturating_add(self.bounds.reserved),
            Urgency::Ordinary => self.bounds.share,
        }
    }

    /// Makes sure the queue has room. A full queue makes room for an owner with fewer waiting
    /// callers than another: the last caller of the owner with the most is refused instead.
    fn make_room(&mut self, owner: &K) -> Result<(), Full> {
        let own = self.owners.get(owner).map_or(0, Owner::waiting);
        if own >= self.bounds.waiting_share {
            return Err(self.why_full(owner));
        }
        if self.waiting < self.bounds.waiting {
            return Ok(());
        }
        let most = self
            .owners
            .iter_mut()
            .filter(|(_, other)| other.ordinary.len() > own + 1)
            .max_by_key(|(_, other)| other.ordinary.len());
        // Dropping the sender notifies the refused caller.
        match most.and_then(|(_, other)| other.ordinary.pop_back()) {
            Some(_) => {
                self.waiting -= 1;
                Ok(())
            }
            None => Err(Full::All),
        }
    }

    fn enqueue(&mut self, owner: &K, weight: usize, urgency: Urgency) -> Outcome<K> {
        let (turn, heard) = oneshot::channel();
        self.tickets += 1;
        self.waiting += 1;
        let ticket = self.tickets;
        self.owner(owner).line_mut(urgency).push_back(Waiter {
            ticket,
            weight,
            turn,
        });
        Outcome::Waits(ticket, heard)
    }

    /// Serves everybody who can be served: urgent callers first, then the owner that holds the
    /// fewest, then the caller that has waited longest. A heavy caller that is next blocks lighter
    /// ones behind it; otherwise it would be overtaken for ever.
    fn serve(&mut self) -> Vec<Granted<K>> {
        let mut granted = Vec::new();
        if self.waiting == 0 {
            return granted;
        }
        for urgency in [Urgency::Urgent, Urgency::Ordinary] {
            while let Some((owner, weight)) = self.next(urgency) {
                if self.taken + weight > self.places(urgency) {
                    return granted;
                }
                let own = self.owner(&owner);
                let Some(waiter) = own.line_mut(urgency).pop_front() else {
                    break;
                };
                own.held += weight;
                self.taken += weight;
                self.waiting -= 1;
                granted.push(Granted {
                    owner,
                    weight,
                    turn: waiter.turn,
                });
            }
        }
        granted
    }

    /// The owner whose caller is next, and how many places that caller needs.
    fn next(&self, urgency: Urgency) -> Option<(K, usize)> {
        let share = self.share(urgency);
        self.owners
            .iter()
            .filter_map(|(owner, own)| {
                let first = own.line(urgency).front()?;
                (own.held + first.weight <= share).then_some((owner, own.held, first))
            })
            .min_by_key(|(_, held, first)| (*held, first.ticket))
            .map(|(owner, _, first)| (owner.clone(), first.weight))
    }

    /// Whether no waiting caller could be served before a new one of this urgency.
    fn is_nobody_ahead(&self, urgency: Urgency) -> bool {
        let urgent = self.next(Urgency::Urgent).is_none();
        match urgency {
            Urgency::Urgent => urgent,
            Urgency::Ordinary => urgent && self.next(Urgency::Ordinary).is_none(),
        }
    }
}

#[cfg(test)]
impl<K: Hash + Eq + Clone> Queue<K> {
    /// Whether owners that hold nothing and wait for nothing were removed.
    pub(super) fn has_no_idle_owners(&self) -> bool {
        self.owners.is_empty()
    }

    /// Whether every owner is within its share, and the places taken add up.
    pub(super) fn is_within_bounds(&self) -> bool {
        let held: usize = self.owners.values().map(|own| own.held).sum();
        let within = self
            .owners
            .values()
            .all(|own| own.held <= self.bounds.share);
        within && held == self.taken
    }
}
