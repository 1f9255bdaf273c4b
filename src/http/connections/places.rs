//! Which connections are open, and which one is closed if there are too many.
//!
//! Here: room for anonymous connections, shared by address, and room for those that have shown a
//! key, shared by account. Not here: reading and writing; what else a key or an address may use,
//! which `shares` decides.
//!
//! A connection is anonymous until a request on it shows a valid key. A new connection is never
//! refused: if there is no room for anonymous ones, the oldest one of the address with the most is
//! closed. While there is room in total, a client has the grace period to show its key, and from
//! then on its connection can't be evicted: a client that opens many connections at once is not a
//! flood.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::http::{address::Address, shares::Owner};

/// How many connections of each kind may be open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rooms {
    /// Anonymous connections.
    pub anonymous: usize,
    /// Anonymous connections of one address.
    pub address_share: usize,
    /// Connections that have shown a key, and those of trusted proxies.
    pub known: usize,
    /// Connections of one account that have shown a key.
    pub account_share: usize,
    /// How long an anonymous connection is left alone while there is room in total.
    pub grace: Duration,
}

/// Anonymous connections closed for one new connection at most, if the grace period has let many in
/// beyond their room.
const MOST_AT_ONCE: usize = 8;

/// Every open connection. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<PlacesState>);

#[derive(Debug)]
struct PlacesState {
    rooms: Rooms,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Connections so far, which numbers them.
    numbers: u64,
    anonymous: usize,
    /// Each address's anonymous connections by number, so that the first is the oldest.
    by_address: HashMap<Address, BTreeMap<u64, Anonymous>>,
    known: usize,
    by_owner: HashMap<Owner, usize>,
}

#[derive(Debug)]
struct Anonymous {
    since: Instant,
    evicted: CancellationToken,
}

/// A connection's place, in the extensions of its requests.
#[derive(Debug, Clone)]
pub struct Place(Arc<PlaceState>);

#[derive(Debug)]
struct PlaceState {
    places: Places,
    number: u64,
    address: Address,
    /// The owner whose share it counts against; anonymous if `None`. Changed only under the lock of
    /// `open`.
    owner: Mutex<Option<Owner>>,
    /// Whether it has an owner, readable without a lock.
    is_known: AtomicBool,
    /// Whether a request has arrived.
    has_request: AtomicBool,
    /// Bytes that may still be read while it is anonymous.
    allowance: AtomicUsize,
    evicted: CancellationToken,
}

impl Places {
    pub(super) fn new(rooms: Rooms) -> Self {
        Self(Arc::new(PlacesState {
            rooms,
            open: Mutex::default(),
        }))
    }

    /// A place for a new connection. A trusted proxy's has an owner at once: it carries other
    /// clients' requests.
    pub(super) fn enter(&self, address: Address, is_proxy: bool) -> Place {
        let evicted = CancellationToken::new();
        let mut open = self.lock();
        open.numbers += 1;
        let number = open.numbers;
        open.add_anonymous(address, number, evicted.clone());
        if !is_proxy {
            self.make_room(&mut open, address);
        }
        drop(open);
        let place = Place(Arc::new(PlaceState {
            places: self.clone(),
            number,
            address,
            owner: Mutex::default(),
            is_known: AtomicBool::new(false),
            has_request: AtomicBool::new(false),
            allowance: AtomicUsize::new(usize::MAX),
            evicted,
        }));
        if is_proxy {
            place.belongs_to(Owner::Proxies);
            if !place.is_known() {
                self.make_room(&mut self.lock(), address);
            }
        }
        place
    }

    /// Closes the oldest anonymous connection of the most crowded address: the process has no room
    /// for more.
    pub(super) fn shed(&self) -> bool {
        let mut open = self.lock();
        match open.most_crowded() {
            Some(address) => open.evict_oldest(address),
            None => false,
        }
    }

    fn make_room(&self, open: &mut Open, newcomer: Address) {
        let rooms = &self.0.rooms;
        for _ in 0..MOST_AT_ONCE {
            let of_address = open.by_address.get(&newcomer).map_or(0, BTreeMap::len);
            let crowded = if of_address > rooms.address_share {
                Some(newcomer)
            } else if open.anonymous > rooms.anonymous {
                open.most_crowded()
            } else {
                None
            };
            let Some(address) = crowded else {
                return;
            };
            let is_full = open.anonymous + open.known > rooms.anonymous + rooms.known;
            if !is_full && open.age_of_oldest(address) < rooms.grace {
                return;
            }
            open.evict_oldest(address);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn add_anonymous(&mut self, address: Address, number: u64, evicted: CancellationToken) {
        self.anonymous += 1;
        let of_address = self.by_address.entry(address).or_default();
        let since = Instant::now();
        of_address.insert(number, Anonymous { since, evicted });
    }

    /// Whether it was present.
    fn remove_anonymous(&mut self, address: Address, number: u64) -> bool {
        let Some(of_address) = self.by_address.get_mut(&address) else {
            return false;
        };
        let was_there = of_address.remove(&number).is_some();
        if of_address.is_empty() {
            self.by_address.remove(&address);
        }
        self.anonymous -= usize::from(was_there);
        was_there
    }

    fn evict_oldest(&mut self, address: Address) -> bool {
        let of_address = self.by_address.get(&address);
        let Some((&number, oldest)) = of_address.and_then(BTreeMap::first_key_value) else {
            return false;
        };
        oldest.evicted.cancel();
        self.remove_anonymous(address, number)
    }

    fn age_of_oldest(&self, address: Address) -> Duration {
        let of_address = self.by_address.get(&address);
        let oldest = of_address.and_then(BTreeMap::first_key_value);
        oldest.map_or(Duration::MAX, |(_, oldest)| oldest.since.elapsed())
    }

    /// The address with the most anonymous connections. Searched only if there is no room for
    /// another.
    fn most_crowded(&self) -> Option<Address> {
        let addresses = self.by_address.iter();
        addresses
            .max_by_key(|(_, of_address)| of_address.len())
            .map(|(address, _)| *address)
    }
}

impl Place {
    /// Assigns the connection to an owner whose key a request on it has shown. It stays anonymous
    /// if the owner already has as many as it may have.
    pub(crate) fn belongs_to(&self, owner: Owner) {
        if self.is_known() {
            return;
        }
        let state = &self.0;
        let rooms = state.places.0.rooms;
        let mut open = state.places.lock();
        let mut own = state.owner.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.by_owner.get(&owner).copied().unwrap_or_default();
        let has_share = owner == Owner::Proxies || held < rooms.account_share;
        // An evicted connection is no longer counted, and is closing.
        if own.is_none()
            && open.known < rooms.known
            && has_share
            && open.remove_anonymous(state.address, state.number)
        {
            open.known += 1;
            *open.by_owner.entry(owner).or_default() += 1;
            *own = Some(owner);
            state.is_known.store(true, Ordering::Release);
        }
    }

    /// Limits how much may still be read until the connection has an owner.
    pub(crate) fn allow_anonymous(&self, bytes: usize) {
        self.0.allowance.store(bytes, Ordering::Release);
    }

    /// Records that a request has arrived.
    pub(super) fn note_request(&self) {
        if !self.0.has_request.load(Ordering::Relaxed) {
            self.0.has_request.store(true, Ordering::Release);
        }
    }

    pub(super) fn has_request(&self) -> bool {
        self.0.has_request.load(Ordering::Acquire)
    }

    pub(super) fn evicted(&self) -> &CancellationToken {
        &self.0.evicted
    }

    /// Deducts what was read from an anonymous connection's allowance; false if it is used up.
    pub(super) fn may_read(&self, bytes: usize) -> bool {
        let allowance = &self.0.allowance;
        if allowance.load(Ordering::Acquire) == usize::MAX || self.is_known() {
            return true;
        }
        let taken = allowance.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| {
            left.checked_sub(bytes)
        });
        taken.is_ok()
    }

    fn is_known(&self) -> bool {
        self.0.is_known.load(Ordering::Acquire)
    }
}

impl Drop for PlaceState {
    fn drop(&mut self) {
        let mut open = self.places.lock();
        let owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        match *owner {
            Some(owner) => {
                open.known -= 1;
                match open.by_owner.get_mut(&owner) {
                    Some(held) if *held > 1 => *held -= 1,
                    _ => drop(open.by_owner.remove(&owner)),
                }
            }
            None => drop(open.remove_anonymous(self.address, self.number)),
        }
    }
}

#[cfg(test)]
mod tests;
