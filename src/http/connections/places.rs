//! Which connections are open, and which one ends if there are too many.
//!
//! Here: room for strangers, shared by address, and room for those who have shown a key, shared by account. Not here:
//! reading and writing; what else a key or an address may take, which `shares` decides.
//!
//! A connection is a stranger's until a request on it shows a key that works. A newcomer is never refused: if there is
//! no room for strangers, the oldest one of the address with the most ends. Whoever has a key has the time of grace to
//! show it, while there is room for anybody, and is out of reach from then on: many connections that a client opens at
//! once are no flood.

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
    /// Connections of strangers.
    pub strangers: usize,
    /// Those of one address among them.
    pub address_share: usize,
    /// Connections over which a key was shown, and those of trusted proxies.
    pub known: usize,
    /// Those of one account among them.
    pub account_share: usize,
    /// How long a stranger is left alone while there is room for anybody.
    pub grace: Duration,
}

/// Strangers that end for one newcomer at most, once many were let in beyond their room.
const MOST_AT_ONCE: usize = 8;

/// Every open connection. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    rooms: Rooms,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Connections so far, which numbers them.
    numbers: u64,
    strangers: usize,
    /// The strangers of each address by number, so that the first is the oldest.
    by_address: HashMap<Address, BTreeMap<u64, Stranger>>,
    known: usize,
    by_owner: HashMap<Owner, usize>,
}

#[derive(Debug)]
struct Stranger {
    since: Instant,
    evicted: CancellationToken,
}

/// A connection's place, in the extensions of its requests.
#[derive(Debug, Clone)]
pub struct Place(Arc<Standing>);

#[derive(Debug)]
struct Standing {
    places: Places,
    number: u64,
    address: Address,
    /// Whose it counts as; a stranger's if nobody's. Changed under the lock of `open` alone.
    owner: Mutex<Option<Owner>>,
    /// Whether it counts as somebody's, to be read without a lock.
    is_known: AtomicBool,
    /// Whether a request has come.
    has_asked: AtomicBool,
    /// Bytes that may still be read while it is a stranger's.
    allowance: AtomicUsize,
    evicted: CancellationToken,
}

impl Places {
    pub(super) fn new(rooms: Rooms) -> Self {
        Self(Arc::new(Inside {
            rooms,
            open: Mutex::default(),
        }))
    }

    /// A place for a new connection. A trusted proxy's counts as known: others' requests come over it.
    pub(super) fn enter(&self, address: Address, is_proxy: bool) -> Place {
        let evicted = CancellationToken::new();
        let mut open = self.lock();
        open.numbers += 1;
        let number = open.numbers;
        open.add_stranger(address, number, evicted.clone());
        if !is_proxy {
            self.make_room(&mut open, address);
        }
        drop(open);
        let place = Place(Arc::new(Standing {
            places: self.clone(),
            number,
            address,
            owner: Mutex::default(),
            is_known: AtomicBool::new(false),
            has_asked: AtomicBool::new(false),
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

    /// Ends the oldest stranger of all, whatever its address: the process has no room for more.
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
            } else if open.strangers > rooms.strangers {
                open.most_crowded()
            } else {
                None
            };
            let Some(address) = crowded else {
                return;
            };
            let is_full = open.strangers + open.known > rooms.strangers + rooms.known;
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
    fn add_stranger(&mut self, address: Address, number: u64, evicted: CancellationToken) {
        self.strangers += 1;
        let of_address = self.by_address.entry(address).or_default();
        let since = Instant::now();
        of_address.insert(number, Stranger { since, evicted });
    }

    /// Whether it was there.
    fn remove_stranger(&mut self, address: Address, number: u64) -> bool {
        let Some(of_address) = self.by_address.get_mut(&address) else {
            return false;
        };
        let was_there = of_address.remove(&number).is_some();
        if of_address.is_empty() {
            self.by_address.remove(&address);
        }
        self.strangers -= usize::from(was_there);
        was_there
    }

    fn evict_oldest(&mut self, address: Address) -> bool {
        let of_address = self.by_address.get(&address);
        let Some((&number, oldest)) = of_address.and_then(BTreeMap::first_key_value) else {
            return false;
        };
        oldest.evicted.cancel();
        self.remove_stranger(address, number)
    }

    fn age_of_oldest(&self, address: Address) -> Duration {
        let of_address = self.by_address.get(&address);
        let oldest = of_address.and_then(BTreeMap::first_key_value);
        oldest.map_or(Duration::MAX, |(_, oldest)| oldest.since.elapsed())
    }

    /// The address with the most strangers. It is looked for only if there is no room for another.
    fn most_crowded(&self) -> Option<Address> {
        let addresses = self.by_address.iter();
        addresses
            .max_by_key(|(_, of_address)| of_address.len())
            .map(|(address, _)| *address)
    }
}

impl Place {
    /// Says whose the connection is: a request on it has shown a key that works. It stays a stranger's if the owner
    /// has as many already as one may have.
    pub(crate) fn belongs_to(&self, owner: Owner) {
        if self.is_known() {
            return;
        }
        let standing = &self.0;
        let rooms = standing.places.0.rooms;
        let mut open = standing.places.lock();
        let mut own = standing
            .owner
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let held = open.by_owner.get(&owner).copied().unwrap_or_default();
        let has_share = owner == Owner::Proxies || held < rooms.account_share;
        // One that was evicted is no stranger any more, and ends.
        if own.is_none()
            && open.known < rooms.known
            && has_share
            && open.remove_stranger(standing.address, standing.number)
        {
            open.known += 1;
            *open.by_owner.entry(owner).or_default() += 1;
            *own = Some(owner);
            standing.is_known.store(true, Ordering::Release);
        }
    }

    /// Bounds what may still be read until the connection is somebody's.
    pub(crate) fn allow_stranger(&self, bytes: usize) {
        self.0.allowance.store(bytes, Ordering::Release);
    }

    /// Notes that a request has come.
    pub(super) fn asks(&self) {
        if !self.0.has_asked.load(Ordering::Relaxed) {
            self.0.has_asked.store(true, Ordering::Release);
        }
    }

    pub(super) fn has_asked(&self) -> bool {
        self.0.has_asked.load(Ordering::Acquire)
    }

    pub(super) fn evicted(&self) -> &CancellationToken {
        &self.0.evicted
    }

    /// Takes what was read off a stranger's allowance; false if there is no more.
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

impl Drop for Standing {
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
            None => drop(open.remove_stranger(self.address, self.number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, Rooms};
    use crate::http::{address::Address, shares::Owner};
    use domain::id::AccountId;
    use std::time::Duration;
    use uuid::Uuid;

    fn address(number: u8) -> Address {
        Address::of([192, 0, 2, number].into())
    }

    fn account(number: u128) -> Owner {
        Owner::Account(AccountId::new(Uuid::from_u128(number)))
    }

    fn places() -> Places {
        with_grace(Duration::ZERO)
    }

    fn with_grace(grace: Duration) -> Places {
        Places::new(Rooms {
            strangers: 4,
            address_share: 3,
            known: 3,
            account_share: 2,
            grace,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_have_time_to_show_a_key_while_there_is_room() {
        let grace = Duration::from_secs(1);
        let places = with_grace(grace);
        let crowd: Vec<_> = (0..7).map(|_| places.enter(address(1), false)).collect();
        let evicted = || {
            let evicted = crowd.iter().filter(|place| place.evicted().is_cancelled());
            evicted.count()
        };
        assert_eq!(evicted(), 0);
        // There is no room for anybody now.
        let one = places.enter(address(2), false);
        assert_eq!(evicted(), 1);
        tokio::time::advance(grace).await;
        // And now nobody has grace: there are as many as may be.
        let another = places.enter(address(2), false);
        assert_eq!(places.lock().strangers, 4);
        assert!(!one.evicted().is_cancelled() && !another.evicted().is_cancelled());
    }

    #[test]
    fn a_newcomer_takes_the_place_of_the_oldest_of_a_crowded_address() {
        let places = places();
        let crowd: Vec<_> = (0..3).map(|_| places.enter(address(1), false)).collect();
        let other = places.enter(address(2), false);
        let evicted = |crowd: &[super::Place]| {
            let evicted = crowd.iter().map(|place| place.evicted().is_cancelled());
            evicted.collect::<Vec<_>>()
        };
        assert_eq!(evicted(&crowd), [false, false, false]);
        // Beyond the address's share.
        let fourth = places.enter(address(1), false);
        assert_eq!(evicted(&crowd), [true, false, false]);
        // Beyond the room for all: the address with the most gives way.
        let third_address = places.enter(address(3), false);
        assert_eq!(evicted(&crowd), [true, true, false]);
        for place in [&other, &fourth, &third_address] {
            assert!(!place.evicted().is_cancelled());
        }
        drop((crowd, fourth, other, third_address));
        let open = places.lock();
        assert_eq!((open.strangers, open.known), (0, 0));
        assert!(open.by_address.is_empty());
    }

    #[test]
    fn who_has_shown_a_key_is_out_of_reach() {
        let places = places();
        let shown = places.enter(address(1), false);
        shown.belongs_to(account(1));
        let crowd: Vec<_> = (0..20).map(|_| places.enter(address(1), false)).collect();
        assert!(!shown.evicted().is_cancelled());
        assert_eq!(places.lock().strangers, 3);
        drop(crowd);

        // An account has its share; what it opens beyond that stays a stranger's.
        let second = places.enter(address(1), false);
        second.belongs_to(account(1));
        let third = places.enter(address(1), false);
        third.belongs_to(account(1));
        assert!(second.is_known() && !third.is_known());
        let other = places.enter(address(1), false);
        other.belongs_to(account(2));
        assert!(other.is_known());
        drop(shown);
        third.belongs_to(account(1));
        assert!(third.is_known());
        drop((second, third, other));
        let open = places.lock();
        assert_eq!((open.strangers, open.known), (0, 0));
        assert!(open.by_owner.is_empty());
    }

    #[test]
    fn a_proxy_of_ours_is_no_stranger_while_there_is_room() {
        let places = places();
        let proxied: Vec<_> = (0..4).map(|_| places.enter(address(9), true)).collect();
        let known: Vec<_> = proxied.iter().map(super::Place::is_known).collect();
        assert_eq!(known, [true, true, true, false]);
    }

    #[test]
    fn a_stranger_may_read_its_allowance() {
        let places = places();
        let place = places.enter(address(1), false);
        assert!(place.may_read(1 << 30));
        place.allow_stranger(10);
        assert!(place.may_read(6));
        assert!(!place.may_read(6));
        place.belongs_to(account(1));
        assert!(place.may_read(1 << 30));
    }

    #[test]
    fn the_oldest_of_the_most_crowded_address_is_shed() {
        let places = places();
        assert!(!places.shed());
        let first = places.enter(address(1), false);
        assert!(places.shed());
        assert!(first.evicted().is_cancelled());
        assert!(!places.shed());
    }
}
