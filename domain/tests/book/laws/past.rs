//! Law B3 without a database: a balance once reported for an instant equals the one that the
//! entries by then give, however the history goes on and however often the clock steps back.

use std::collections::BTreeMap;

use domain::book::{Balance, Book, Entry};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::history::{Attempt, History, Step, Turn, any_step};

/// The balance of a book as of an instant, after the expiries due by then.
fn told(book: &Book, at: Timestamp) -> Balance {
    let mut book = book.clone();
    book.expire(at).unwrap();
    book.balance().unwrap()
}

/// The balance after the last entry by an instant.
fn by_entries(entries: &[Entry], at: Timestamp) -> Balance {
    let last = entries.iter().rev().find(|entry| entry.at <= at);
    last.map(|entry| entry.balance).unwrap_or_default()
}

fn what_was_told_stays_told(steps: &[Step]) {
    let (mut history, mut book) = (History::default(), Book::default());
    let mut entries: Vec<Entry> = Vec::new();
    let mut past: BTreeMap<Timestamp, Balance> = BTreeMap::new();
    for step in steps {
        let turn = history.turn(step, &book);
        let at = book.instant(history.now);
        // An instant is past after the book's time has moved beyond it, whatever the clock says.
        past.retain(|told_at, _| *told_at < at);
        match &turn {
            Turn::Order(order) => book.order = *order,
            Turn::Expire => entries.extend(book.expire(history.now).unwrap()),
            Turn::Apply(command) => {
                entries.extend(book.attempt(command, history.now).unwrap_or_default());
            }
        }
        past.insert(at, told(&book, at));
    }
    let end = book.instant(history.now);
    entries.extend(book.expire(end).unwrap());
    for (at, told) in past {
        assert_eq!(by_entries(&entries, at), told, "at {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn past_balances_never_change(steps in prop::collection::vec(any_step(), 1..80)) {
        what_was_told_stays_told(&steps);
    }
}
