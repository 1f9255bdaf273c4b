//! Books that contradict themselves: each broken invariant is found and named.
//!
//! Here: a sound book, one corruption, one command, and the fault. Not here: refusals by sound
//! books ([`crate::edges`]).

use domain::{
    book::{
        Allocation, ApplyError, Balance, Book, BookName, Command, Entry, EntryKind, Fault, Posting,
        Source,
    },
    credits::Credits,
    id::{ListId, LotId, MessageId},
    lot::{Draw, Expiry},
    pool::{Pool, Pools},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use uuid::Uuid;

use crate::history::{expiry, micros};

fn start() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn units(units: i64) -> Credits {
    Credits::from_units(units)
}

fn lot(number: u128) -> LotId {
    LotId::new(Uuid::from_u128(number))
}

fn list() -> ListId {
    ListId::new(Uuid::from_u128(1))
}

fn message() -> MessageId {
    MessageId::new(Uuid::from_u128(7))
}

fn issue(number: u128, credits: i64, expiry: Option<Expiry>) -> Command {
    Command::Issue {
        lot: lot(number),
        source: Source::Grant,
        credits: units(credits),
        expiry,
    }
}

fn spend(list: Option<ListId>, credits: i64) -> Command {
    Command::Spend {
        message: MessageId::new(Uuid::from_u128(99)),
        list,
        credits: units(credits),
    }
}

fn settle(credits: i64) -> Command {
    Command::Settle {
        message: message(),
        list: None,
        credits: units(credits),
    }
}

fn cancel() -> Command {
    Command::Cancel {
        message: message(),
        list: None,
    }
}

fn revoke(credits: i64) -> Command {
    Command::Revoke {
        lot: None,
        credits: units(credits),
    }
}

/// A hundred units that expire in a second and a hundred that never do; forty are assigned to a
/// list, and ten are held from the first lot.
fn sound() -> Book {
    let mut book = Book {
        order: domain::lot::ConsumptionOrder::SoonestExpiryFirst,
        ..Book::default()
    };
    let commands = [
        issue(1, 100, Some(expiry(start() + micros(1_000_000)))),
        issue(2, 100, None),
        Command::Allocate {
            allocations: vec![Allocation {
                list: list(),
                limit: Some(units(40)),
            }],
        },
        Command::Hold {
            message: message(),
            list: None,
            credits: units(10),
        },
    ];
    for command in commands {
        book.apply(&command, start()).unwrap();
    }
    book
}

/// Corrupts a sound book and expects a command to find the fault.
fn check(corrupt: impl Fn(&mut Book), command: &Command, expected: Fault) {
    let mut book = sound();
    corrupt(&mut book);
    assert_eq!(
        book.apply(command, start()),
        Err(ApplyError::Fault(expected)),
        "{command:?}"
    );
    // The same command doesn't find a fault in a sound book.
    assert!(sound().apply(command, start()).is_ok(), "{command:?}");
}

#[test]
fn an_unloaded_lot_is_a_fault() {
    let fault = Fault::MissingLot(lot(1));
    let forget = |book: &mut Book| {
        book.lots.remove(&lot(1)).unwrap();
        book.pools.unassigned = units(60);
    };
    check(forget, &cancel(), fault);
    check(forget, &settle(3), fault);
}

#[test]
fn an_unloaded_pool_is_a_fault() {
    let pools = Pools::default();
    assert_eq!(
        pools.free(Pool::Limited(list())),
        Err(Fault::MissingPool(list()))
    );
    assert_eq!(pools.free(pools.of(Some(list()))), Ok(Credits::ZERO));
}

#[test]
fn a_lot_below_zero_is_a_fault() {
    let corrupt = |book: &mut Book| book.lots.get_mut(&lot(1)).unwrap().remaining = units(-1);
    let fault = Fault::LotOverdrawn {
        lot: lot(1),
        remaining: units(-1),
        taken: Credits::ZERO,
    };
    check(corrupt, &spend(None, 1), fault);
    check(corrupt, &issue(3, 1, None), fault);
    check(corrupt, &revoke(1), fault);
    let mut book = sound();
    corrupt(&mut book);
    assert_eq!(book.balance(), Err(fault));
}

#[test]
fn a_pool_below_zero_is_a_fault() {
    let fault = |list, free| Fault::PoolOverdrawn {
        list,
        free: units(free),
        taken: Credits::ZERO,
    };
    let corrupt = |book: &mut Book| book.pools.unassigned = units(-2);
    check(corrupt, &spend(None, 1), fault(None, -2));
    check(corrupt, &revoke(1), fault(None, -2));
    let corrupt = |book: &mut Book| *book.pools.limited.get_mut(&list()).unwrap() = units(-2);
    check(corrupt, &spend(Some(list()), 1), fault(Some(list()), -2));
    check(corrupt, &revoke(1), fault(Some(list()), -2));
}

#[test]
fn lots_and_pools_that_differ_are_a_fault() {
    let corrupt = |book: &mut Book| book.lots.get_mut(&lot(2)).unwrap().remaining = units(5);
    let fault = Fault::CutsDiffer {
        draw: units(100),
        lots: units(95),
        pools: units(150),
    };
    check(corrupt, &spend(None, 100), fault);
    // The lots have credits that no pool has.
    let corrupt = |book: &mut Book| book.pools.unassigned = units(20);
    let fault = Fault::CutsDiffer {
        draw: units(190),
        lots: units(190),
        pools: Credits::ZERO,
    };
    check(corrupt, &revoke(190), fault);
    let corrupt = |book: &mut Book| book.pools.unassigned = units(191);
    let fault = Fault::UnassignedBeyondAvailable {
        unassigned: units(190),
        available: units(189),
    };
    check(corrupt, &spend(None, 1), fault);
}

#[test]
fn a_hold_beyond_all_holds_is_a_fault() {
    let corrupt = |book: &mut Book| book.held = units(9);
    let fault = |held, taken| Fault::HoldsOverdrawn {
        held: units(held),
        taken: units(taken),
    };
    check(corrupt, &cancel(), fault(9, 10));
    check(corrupt, &settle(10), fault(9, 10));
    check(corrupt, &settle(3), fault(6, 7));
    let corrupt = |book: &mut Book| book.held = units(-1);
    check(corrupt, &spend(None, 1), fault(-1, 0));
}

#[test]
fn a_debt_below_zero_is_a_fault() {
    let corrupt = |book: &mut Book| book.debt = units(-1);
    let fault = Fault::DebtBelowZero(units(-1));
    check(corrupt, &spend(None, 1), fault);
    check(corrupt, &cancel(), fault);
    check(corrupt, &issue(3, 1, None), fault);
}

#[test]
fn a_late_release_expires_or_is_a_fault() {
    let late = start() + SignedDuration::from_secs(2);
    let mut book = sound();
    book.expire(late).unwrap();
    book.lots.remove(&lot(1)).unwrap();
    assert_eq!(
        book.apply(&cancel(), late),
        Err(ApplyError::Fault(Fault::MissingLot(lot(1))))
    );
}

#[test]
fn a_sum_out_of_range_is_a_fault() {
    let most = i64::MAX;
    let corrupt = |book: &mut Book| book.lots.get_mut(&lot(2)).unwrap().remaining = units(most);
    let fault = |units| Fault::OutOfRange { units };
    check(corrupt, &spend(None, 0), fault(i128::from(most) + 90));
    check(corrupt, &issue(3, 1, None), fault(i128::from(most) + 90));
    let corrupt = |book: &mut Book| book.held = units(most);
    let hold = Command::Hold {
        message: MessageId::new(Uuid::from_u128(8)),
        list: None,
        credits: units(5),
    };
    check(corrupt, &hold, fault(i128::from(most) + 5));
    let twice = |book: &mut Book| {
        let hold = book.holds.get_mut(&message()).unwrap();
        hold.draws = vec![
            Draw {
                lot: lot(1),
                credits: units(most),
            };
            2
        ];
    };
    check(twice, &settle(1), fault(i128::from(most) * 2));
    check(twice, &cancel(), fault(i128::from(most) * 2));
}

#[test]
fn expiry_in_a_corrupt_book_is_a_fault() {
    let late = start() + SignedDuration::from_secs(2);
    let mut book = sound();
    book.pools.unassigned = Credits::ZERO;
    book.pools.limited.clear();
    let fault = Fault::CutsDiffer {
        draw: units(90),
        lots: units(90),
        pools: Credits::ZERO,
    };
    let zone = Command::ChangeTimeZone {
        time_zone: TimeZone::UTC,
    };
    for command in [spend(None, 0), zone] {
        let outcome = book.clone().apply(&command, late);
        assert_eq!(outcome, Err(ApplyError::Fault(fault)), "{command:?}");
    }
    assert_eq!(book.expire(late), Err(fault));
}

#[test]
fn postings_that_do_not_add_up_to_zero_are_a_fault() {
    let posting = |book, credits| Posting {
        book,
        list: None,
        lot: None,
        credits: units(credits),
    };
    let entry = |credits: [i64; 2]| Entry {
        kind: EntryKind::Spend,
        at: start(),
        list: None,
        message: None,
        postings: vec![
            posting(BookName::Available, credits[0]),
            posting(BookName::Spent, credits[1]),
        ],
        expiry_changes: Vec::new(),
        balance: Balance::default(),
    };
    assert_eq!(entry([-3, 3]).check_sum(), Ok(()));
    assert_eq!(entry([i64::MIN + 1, i64::MAX]).check_sum(), Ok(()));
    for (credits, sum) in [
        ([-3, 4], 1),
        ([i64::MAX, i64::MAX], i128::from(i64::MAX) * 2),
    ] {
        assert_eq!(entry(credits).check_sum(), Err(Fault::Unbalanced { sum }));
    }
}
