//! Places: shares of addresses and accounts, the grace period, and evictions.

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
        anonymous: 4,
        address_share: 3,
        known: 3,
        account_share: 2,
        grace,
    })
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_connections_gets_a_grace_period_while_there_is_room() {
    let grace = Duration::from_secs(1);
    let places = with_grace(grace);
    let crowd: Vec<_> = (0..7).map(|_| places.enter(address(1), false)).collect();
    let evicted = || {
        let evicted = crowd.iter().filter(|place| place.evicted().is_cancelled());
        evicted.count()
    };
    assert_eq!(evicted(), 0);
    // From here there is no room in total.
    let one = places.enter(address(2), false);
    assert_eq!(evicted(), 1);
    tokio::time::advance(grace).await;
    // The grace period no longer applies: every place is taken.
    let another = places.enter(address(2), false);
    assert_eq!(places.lock().anonymous, 4);
    assert!(!one.evicted().is_cancelled() && !another.evicted().is_cancelled());
}

#[test]
fn a_new_connection_evicts_the_oldest_of_a_crowded_address() {
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
    // Beyond the total room: the address with the most loses one.
    let third_address = places.enter(address(3), false);
    assert_eq!(evicted(&crowd), [true, true, false]);
    for place in [&other, &fourth, &third_address] {
        assert!(!place.evicted().is_cancelled());
    }
    drop((crowd, fourth, other, third_address));
    let open = places.lock();
    assert_eq!((open.anonymous, open.known), (0, 0));
    assert!(open.by_address.is_empty());
}

#[test]
fn a_connection_with_a_key_is_never_evicted() {
    let places = places();
    let shown = places.enter(address(1), false);
    shown.belongs_to(account(1));
    let crowd: Vec<_> = (0..20).map(|_| places.enter(address(1), false)).collect();
    assert!(!shown.evicted().is_cancelled());
    assert_eq!(places.lock().anonymous, 3);
    drop(crowd);

    // An account has its share; its further connections stay anonymous.
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
    assert_eq!((open.anonymous, open.known), (0, 0));
    assert!(open.by_owner.is_empty());
}

#[test]
fn a_trusted_proxy_has_an_owner_while_there_is_room() {
    let places = places();
    let proxied: Vec<_> = (0..4).map(|_| places.enter(address(9), true)).collect();
    let known: Vec<_> = proxied.iter().map(super::Place::is_known).collect();
    assert_eq!(known, [true, true, true, false]);
}

#[test]
fn an_anonymous_connection_reads_up_to_its_allowance() {
    let places = places();
    let place = places.enter(address(1), false);
    assert!(place.may_read(1 << 30));
    place.allow_anonymous(10);
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
