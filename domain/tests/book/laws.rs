//! Every law of lots, pools, holds and the ledger, after every step of random histories.
//!
//! Here: the run over a history, and what is true of any book and any entry. Not here: what one
//! kind of command must do ([`commands`]), and rebuilding the book from the postings ([`replay`]).

mod commands;
mod past;
mod refusals;
mod replay;

use domain::{
    book::{Book, BookName, Command, Entry, EntryKind, Posting},
    credits::Credits,
    id::LotId,
    lot::{ConsumptionOrder, Lot},
};
use jiff::Timestamp;
use proptest::prelude::*;

use self::replay::Replay;
use crate::history::{Attempt, History, Step, Turn, any_step};

/// One step, with the book before and after it.
struct Taken<'a> {
    /// The book before the command, after the expiries that were due.
    found: &'a Book,
    after: &'a Book,
    /// The instant that it is booked at.
    at: Timestamp,
    /// The command's own entries, without the expiries that were due.
    entries: &'a [Entry],
}

fn is_true_of_any_book(book: &Book) {
    let lots: i128 = book.lots.values().map(|lot| wide(lot.remaining)).sum();
    let limited = book.pools.limited.values().map(|free| wide(*free));
    let pools = wide(book.pools.unassigned) + limited.clone().sum::<i128>();
    assert_eq!(lots, pools, "lots and pools are two cuts of one total");
    let held: i128 = book.holds.values().map(|hold| wide(hold.credits())).sum();
    assert_eq!(wide(book.held), held, "what is held is what the holds hold");

    let draws = book.holds.values().flat_map(|hold| &hold.draws);
    let mut amounts = book.lots.values().map(|lot| wide(lot.remaining));
    assert!(amounts.all(|units| units >= 0), "a lot is below zero");
    assert!(limited.min() >= Some(0) || book.pools.limited.is_empty());
    assert!(wide(book.pools.unassigned) >= 0, "a pool is below zero");
    assert!(draws.map(|draw| wide(draw.credits)).min() > Some(0) || held == 0);
    assert!(lots + held <= wide(Book::MAX_TOTAL));
    assert!((0..=wide(Book::MAX_TOTAL)).contains(&wide(book.debt)));

    let balance = book.balance().unwrap();
    assert_eq!(wide(balance.available), lots);
    assert_eq!(
        wide(balance.total()),
        lots + held,
        "total = available + held (H1)"
    );
    assert_eq!(
        balance.assigned().units() + balance.unassigned.units(),
        balance.available.units()
    );
}

/// B1, and that the entry's balance follows from its postings.
fn is_true_of_any_entry(entry: &Entry, had: &mut Book) {
    let sum: i128 = entry
        .postings
        .iter()
        .map(|posting| wide(posting.credits))
        .sum();
    assert_eq!(sum, 0, "the postings of {entry:?} add up to zero (B1)");
    assert!(entry.at >= had.last_at, "time steps back in the ledger");
    had.last_at = entry.at;
    // Of `had`, only the lots follow the entries.
    let available: i128 = had.lots.values().map(|lot| wide(lot.remaining)).sum();
    assert_eq!(
        wide(entry.balance.available),
        available + wide(entry.available())
    );
    // From the first instant of its day a lot can't be drawn (L2). What comes in or back too late
    // still pays the debt (R5).
    if !matches!(entry.kind, EntryKind::Expiry | EntryKind::DebtPayment) {
        for posting in taken_from_lots(entry) {
            let lot = &had.lots[&posting.lot.unwrap()];
            assert!(
                !lot.has_expired(entry.at),
                "{lot:?} was drawn at {}",
                entry.at
            );
        }
    }
    for posting in &entry.postings {
        if let (BookName::Available, Some(lot)) = (posting.book, posting.lot)
            && let Some(lot) = had.lots.get_mut(&lot)
        {
            lot.remaining = less(lot.remaining, -posting.credits.units());
        }
    }
}

fn taken_from_lots(entry: &Entry) -> impl Iterator<Item = &Posting> {
    entry.postings.iter().filter(|posting| {
        posting.book == BookName::Available
            && posting.lot.is_some()
            && posting.credits < Credits::ZERO
    })
}

/// What an entry takes out of each lot, with the parts of one lot joined, in the order of its
/// postings.
fn draws(entry: &Entry) -> Vec<(LotId, i128)> {
    let mut draws: Vec<(LotId, i128)> = Vec::new();
    for posting in taken_from_lots(entry) {
        let lot = posting.lot.unwrap();
        match draws.last_mut() {
            Some((last, units)) if *last == lot => *units -= wide(posting.credits),
            _ => draws.push((lot, -wide(posting.credits))),
        }
    }
    draws
}

/// Whether `a` is drawn before `b` (L1), decided without the code under test.
fn is_drawn_before(a: &Lot, b: &Lot, order: ConsumptionOrder) -> bool {
    let ends = |lot: &Lot| lot.expiry.map(|expiry| expiry.at);
    match (ends(a), ends(b)) {
        (None, Some(_)) => order == ConsumptionOrder::NonExpiringFirst,
        (Some(_), None) => order == ConsumptionOrder::SoonestExpiryFirst,
        (Some(a), Some(b)) if a != b => a < b,
        _ if a.created_at != b.created_at => a.created_at < b.created_at,
        _ => a.id < b.id,
    }
}

/// L1: each lot is emptied before the next is touched, and the order has no ties.
fn follow_the_draw_order(found: &Book, entry: &Entry) {
    let mut open: Vec<Lot> = found.lots.values().copied().collect();
    open.retain(|lot| lot.remaining.is_positive());
    for (drawn, units) in draws(entry) {
        let lot = found.lots[&drawn];
        for other in open.iter().filter(|other| other.id != drawn) {
            let (first, last) = (
                is_drawn_before(&lot, other, found.order),
                is_drawn_before(other, &lot, found.order),
            );
            assert!(first != last, "{lot:?} and {other:?} tie");
            assert!(first, "{other:?} comes before {lot:?}");
        }
        open.retain(|lot| lot.id != drawn);
        if units < wide(lot.remaining) {
            open.clear();
            open.push(lot);
        }
    }
}

/// The expiries that were due: L2 as of their instants, L3 by their shares.
fn expiries_are_right(before: &Book, found: &Book, now: Timestamp, entries: &[Entry]) {
    let mut had = before.clone();
    let mut last = before.last_at;
    for entry in entries {
        assert_eq!(entry.kind, EntryKind::Expiry);
        assert!(entry.at > last, "one entry for each instant");
        last = entry.at;
        let open = had.lots.values().filter(|lot| lot.remaining.is_positive());
        let soonest = open.clone().filter_map(|lot| lot.expiry).min();
        assert_eq!(
            soonest.map(|soonest| soonest.at),
            Some(entry.at),
            "as of its instant"
        );
        let due = open.filter(|lot| lot.expiry == soonest);
        let expected: Vec<_> = due.map(|lot| (lot.id, wide(lot.remaining))).collect();
        assert_eq!(draws(entry), expected, "all that is left expires");
        commands::is_shared_out(&had, entry);
        replay::book_after(&mut had, entry);
    }
    assert_eq!(
        (&had.lots, &had.pools.unassigned),
        (&found.lots, &found.pools.unassigned)
    );
    assert!(
        !found.has_due_lots(before.instant(now)),
        "nothing due is left"
    );
}

fn wide(credits: Credits) -> i128 {
    credits.units().into()
}

fn less(credits: Credits, units: i64) -> Credits {
    Credits::from_units(credits.units() - units)
}

/// Applies the steps one after the other, and checks every law after each.
fn check(steps: &[Step]) {
    let (mut history, mut book) = (History::default(), Book::default());
    let mut replay = Replay::default();
    for step in steps {
        let turn = history.turn(step, &book);
        let (before, now) = (book.clone(), history.now);
        let mut found = before.clone();
        let due = found.expire(now).unwrap();
        expiries_are_right(&before, &found, now, &due);
        let entries = match &turn {
            Turn::Order(order) => {
                book.order = *order;
                Vec::new()
            }
            Turn::Expire => book.expire(now).unwrap(),
            Turn::Apply(command) => match book.attempt(command, now) {
                Ok(entries) => {
                    assert_eq!(entries[..due.len()], due, "what was due comes first");
                    let taken = Taken {
                        found: &found,
                        after: &book,
                        at: before.instant(now),
                        entries: &entries[due.len()..],
                    };
                    commands::did_what_it_says(command, &taken);
                    ends_once(command, &book, now);
                    entries
                }
                Err(refusal) => {
                    assert_eq!(book, before, "a refused command changes nothing (B6)");
                    refusals::had_to_be_refused(command, refusal, &found, now);
                    Vec::new()
                }
            },
        };
        let mut had = before;
        for entry in &entries {
            replay.add(entry);
            if let Some(Command::Issue { lot, .. }) = turn.command() {
                had.lots.entry(*lot).or_insert_with(|| Lot {
                    remaining: Credits::ZERO,
                    ..book.lots[lot]
                });
            }
            is_true_of_any_entry(entry, &mut had);
        }
        if let Some(last) = entries.last() {
            assert_eq!(last.balance, book.balance().unwrap());
            assert_eq!(last.at, book.last_at);
        }
        replay.gives(&book);
        is_true_of_any_book(&book);
    }
}

/// H3: what was settled or cancelled can't end a second time.
fn ends_once(command: &Command, after: &Book, now: Timestamp) {
    if let Command::Settle { message, list, .. } | Command::Cancel { message, list } = command {
        commands::holds_nothing(after, *message, *list, now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_law_holds_after_every_step(steps in prop::collection::vec(any_step(), 1..80)) {
        check(&steps);
    }
}
