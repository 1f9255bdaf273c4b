//! Sequences that are easy to get wrong, one by one.
//!
//! Here: short examples with their results written out. Not here: the laws in general, which are
//! [`crate::laws`].

use domain::{
    book::{Allocation, Book, Command, EntryKind, Refusal, Source},
    credits::Credits,
    id::{ListId, LotId, MessageId},
    lot::Expiry,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::history::{Attempt, expiry, micros};

const A: u128 = 1;
const B: u128 = 2;

fn start() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn ends(after: i64) -> Option<Expiry> {
    Some(expiry(start() + micros(after)))
}

fn list(number: u128) -> ListId {
    ListId::new(Uuid::from_u128(number))
}

fn units(units: i64) -> Credits {
    Credits::from_units(units)
}

fn issue(lot: u128, credits: i64, expiry: Option<Expiry>) -> Command {
    Command::Issue {
        lot: LotId::new(Uuid::from_u128(lot)),
        source: Source::Grant,
        credits: units(credits),
        expiry,
    }
}

fn allocate(limits: &[(u128, Option<i64>)]) -> Command {
    let allocations = limits.iter().map(|(number, limit)| Allocation {
        list: list(*number),
        limit: limit.map(units),
    });
    Command::Allocate {
        allocations: allocations.collect(),
    }
}

fn message(number: u128) -> MessageId {
    MessageId::new(Uuid::from_u128(number))
}

fn spend(of: u128, credits: i64) -> Command {
    Command::Spend {
        message: message(99),
        list: Some(list(of)),
        credits: units(credits),
    }
}

fn hold(number: u128, of: u128, credits: i64) -> Command {
    Command::Hold {
        message: message(number),
        list: Some(list(of)),
        credits: units(credits),
    }
}

fn settle(number: u128, of: u128, credits: i64) -> Command {
    Command::Settle {
        message: message(number),
        list: Some(list(of)),
        credits: units(credits),
    }
}

fn cancel(number: u128, of: u128) -> Command {
    Command::Cancel {
        message: message(number),
        list: Some(list(of)),
    }
}

fn short(needed: i64, available: i64) -> Refusal {
    Refusal::Insufficient {
        needed: units(needed),
        available: units(available),
    }
}

/// A book after commands, each given with its microseconds after the start.
fn after(commands: &[(i64, Command)]) -> Book {
    let mut book = Book::default();
    for (at, command) in commands {
        let outcome = book.attempt(command, start() + micros(*at));
        assert!(outcome.is_ok(), "{command:?}: {outcome:?}");
    }
    book
}

/// The unassigned credits, and the available credits of each limited list.
fn free(book: &Book) -> (i64, Vec<i64>) {
    let limited = book.pools.limited.values().map(|free| free.units());
    (book.pools.unassigned.units(), limited.collect())
}

#[test]
fn a_hold_returns_to_its_pool() {
    let check = |meanwhile: &[Command], end: Command, expected: (i64, &[i64])| {
        let mut story = vec![
            (0, issue(1, 100, None)),
            (0, allocate(&[(A, Some(40))])),
            (1, hold(7, A, 30)),
        ];
        story.extend(meanwhile.iter().map(|command| (2, command.clone())));
        story.push((3, end.clone()));
        let (unassigned, limited) = expected;
        assert_eq!(
            free(&after(&story)),
            (unassigned, limited.to_vec()),
            "{meanwhile:?} {end:?}"
        );
    };
    let shared = allocate(&[(A, None)]);
    let again = allocate(&[(A, Some(5))]);
    check(&[], cancel(7, A), (60, &[40]));
    check(&[], settle(7, A, 20), (60, &[20]));
    check(&[], settle(7, A, 40), (60, &[0]));
    check(std::slice::from_ref(&shared), cancel(7, A), (100, &[]));
    check(std::slice::from_ref(&shared), settle(7, A, 90), (10, &[]));
    check(&[shared.clone(), again.clone()], cancel(7, A), (65, &[35]));
    check(&[shared, again], settle(7, A, 34), (65, &[1]));
}

#[test]
fn costs_beyond_a_hold_are_paid_from_the_lists_current_pool() {
    let story = [
        (0, issue(1, 100, None)),
        (1, hold(7, A, 30)),
        (2, allocate(&[(A, Some(10))])),
    ];
    let mut book = after(&story);
    let kept = book.clone();
    assert_eq!(book.attempt(&settle(7, A, 41), start()), Err(short(11, 10)));
    assert_eq!(book, kept);
    book.attempt(&settle(7, A, 40), start()).unwrap();
    assert_eq!(free(&book), (60, vec![0]));
    // The part that the hold took from the unassigned pool returns there.
    let mut book = kept;
    book.attempt(&settle(7, A, 1), start()).unwrap();
    assert_eq!(free(&book), (89, vec![10]));
}

#[test]
fn a_lot_can_be_drawn_before_its_expiry_and_not_at_it() {
    let check = |at: i64, expected: Result<(), Refusal>| {
        let mut book = after(&[(0, issue(1, 100, ends(50)))]);
        let kept = book.clone();
        let outcome = book.attempt(&spend(A, 60), start() + micros(at));
        assert_eq!(outcome.map(drop), expected, "{at}");
        assert_eq!(
            book == kept,
            expected.is_err(),
            "a refusal books no expiry either"
        );
    };
    check(49, Ok(()));
    check(50, Err(short(60, 0)));
    check(51, Err(short(60, 0)));
}

#[test]
fn a_lot_issued_after_its_day_expires_at_once() {
    let check = |until: i64, expected: &[EntryKind], left: i64| {
        let mut book = after(&[(0, issue(1, 7, None)), (0, allocate(&[(A, Some(7))]))]);
        let entries = book.attempt(&issue(2, 100, ends(until)), start()).unwrap();
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, expected, "{until}");
        assert_eq!(free(&book), (left, vec![7]), "no list pays for it");
    };
    check(1, &[EntryKind::Grant], 100);
    check(0, &[EntryKind::Grant, EntryKind::Expiry], 0);
    check(-1, &[EntryKind::Grant, EntryKind::Expiry], 0);
}

#[test]
fn lots_of_one_instant_expire_in_one_entry() {
    let lots = [
        (0, issue(1, 5, ends(50))),
        (1, issue(2, 6, ends(50))),
        (1, issue(3, 7, ends(51))),
    ];
    let mut book = after(&lots);
    let entries = book.expire(start() + micros(90)).unwrap();
    let seen: Vec<_> = (entries.iter())
        .map(|entry| (entry.at.duration_since(start()), entry.available().units()))
        .collect();
    assert_eq!(seen, [(micros(50), -11), (micros(51), -7)]);
}

#[test]
fn late_releases_expire_from_their_own_pool() {
    let story = [
        (0, issue(1, 50, ends(50))),
        (0, issue(2, 50, None)),
        (0, allocate(&[(A, Some(70)), (B, Some(30))])),
        // Fifty that never expire are drawn first, then ten of the others.
        (1, hold(7, A, 60)),
        // The lot's other forty expire: ten from A's pool and thirty from B's.
        (50, cancel(7, A)),
    ];
    assert_eq!(free(&after(&story)), (0, vec![50, 0]));
}

#[test]
fn zero_credits_are_allowed_for_messages_only() {
    let check = |command: Command, expected: Result<usize, Refusal>| {
        let mut book = after(&[(0, issue(1, 10, None)), (0, hold(7, A, 0))]);
        let entries = book.attempt(&command, start());
        assert_eq!(
            entries.map(|entries| entries.len()),
            expected,
            "{command:?}"
        );
    };
    let revoke = |credits| Command::Revoke {
        lot: None,
        credits: units(credits),
    };
    check(spend(A, 0), Ok(1));
    check(hold(8, A, 0), Ok(1));
    check(settle(7, A, 0), Ok(1));
    check(settle(7, A, 3), Ok(1));
    check(cancel(7, A), Ok(1));
    check(allocate(&[]), Ok(0));
    check(allocate(&[(A, Some(0))]), Ok(0));
    check(issue(2, 0, None), Err(Refusal::NotPositive));
    check(revoke(0), Err(Refusal::NotPositive));
    for less in [-1, i64::MIN] {
        check(spend(A, less), Err(Refusal::NotPositive));
        check(hold(8, A, less), Err(Refusal::NotPositive));
        check(settle(7, A, less), Err(Refusal::NotPositive));
        check(allocate(&[(A, Some(less))]), Err(Refusal::NotPositive));
        check(issue(2, less, None), Err(Refusal::NotPositive));
        check(revoke(less), Err(Refusal::NotPositive));
    }
}

#[test]
fn sums_of_limits_do_not_overflow() {
    let mut book = after(&[(0, issue(1, 10, None))]);
    let kept = book.clone();
    let most = Credits::MAX_INPUT.units();
    let limits: Vec<_> = (1..=2_000).map(|number| (number, Some(most))).collect();
    assert_eq!(
        book.attempt(&allocate(&limits), start()),
        Err(short(i64::MAX, 10))
    );
    assert_eq!(book, kept);
}

#[test]
fn an_account_is_full_at_its_limit() {
    let most = Book::MAX_TOTAL.units();
    let mut book = after(&[(0, issue(1, most - 5, None)), (0, hold(7, A, most - 5))]);
    assert_eq!(
        book.attempt(&issue(2, 6, None), start()),
        Err(Refusal::TooMany)
    );
    assert_eq!(
        book.attempt(&issue(2, i64::MAX, None), start()),
        Err(Refusal::TooMany)
    );
    assert!(book.attempt(&issue(2, 5, None), start()).is_ok());
    assert_eq!(book.balance().unwrap().total(), Book::MAX_TOTAL);
}

#[test]
fn a_lot_emptied_by_a_hold_may_still_expire() {
    let book = after(&[(0, issue(1, 10, ends(50))), (0, hold(7, A, 10))]);
    let check = |at: i64, expected: (bool, bool)| {
        let now = start() + micros(at);
        assert_eq!(
            (book.has_due_lots(now), book.may_expire(now)),
            expected,
            "{at}"
        );
    };
    check(49, (false, false));
    check(50, (false, true));
}
