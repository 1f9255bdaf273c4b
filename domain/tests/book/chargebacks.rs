//! Law R5: payments that are taken back, and the debt that they leave.
//!
//! Here: examples with their results written out, and histories of an account whose payments are
//! taken back part by part, as the server asks for it. Not here: the laws of a single command,
//! which are in [`crate::laws`].

use std::collections::BTreeMap;

use domain::{
    book::{Book, BookName, Command, Entry, EntryKind, Refusal, Source},
    credits::Credits,
    id::{LotId, MessageId},
    lot::Expiry,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use crate::history::{Attempt, expiry};

/// An account's book, and all of its entries.
#[derive(Debug, Default)]
struct Account {
    book: Book,
    entries: Vec<Entry>,
    /// What each lot was granted, and what went of it with its payment.
    bought: BTreeMap<LotId, (i64, i64)>,
    seconds: i64,
}

fn lot(number: u128) -> LotId {
    LotId::new(Uuid::from_u128(number))
}

fn message(number: u128) -> MessageId {
    MessageId::new(Uuid::from_u128(number))
}

impl Account {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        start + SignedDuration::from_secs(self.seconds)
    }

    fn after(&self, seconds: i64) -> Expiry {
        expiry(self.now() + SignedDuration::from_secs(seconds))
    }

    fn run(&mut self, command: &Command) -> Result<Vec<EntryKind>, Refusal> {
        let entries = self.book.attempt(command, self.now())?;
        let kinds = entries.iter().map(|entry| entry.kind).collect();
        self.entries.extend(entries);
        Ok(kinds)
    }

    fn issue(
        &mut self,
        number: u128,
        source: Source,
        units: i64,
        expiry: Option<Expiry>,
    ) -> Vec<EntryKind> {
        let command = Command::Issue {
            lot: lot(number),
            source,
            credits: Credits::from_units(units),
            expiry,
        };
        if source != Source::Grant {
            self.bought.insert(lot(number), (units, 0));
        }
        self.run(&command).unwrap()
    }

    fn spend(&mut self, number: u128, units: i64) -> Result<Vec<EntryKind>, Refusal> {
        self.run(&Command::Spend {
            message: message(number),
            list: None,
            credits: Credits::from_units(units),
        })
    }

    fn hold(&mut self, number: u128, units: i64) -> Result<Vec<EntryKind>, Refusal> {
        self.run(&Command::Hold {
            message: message(number),
            list: None,
            credits: Credits::from_units(units),
        })
    }

    fn cancel(&mut self, number: u128) -> Result<Vec<EntryKind>, Refusal> {
        self.run(&Command::Cancel {
            message: message(number),
            list: None,
        })
    }

    /// What the lot lost without use, by the entries: what the server reads from the postings.
    fn lost(&self, lot: LotId) -> i64 {
        let kinds = [
            EntryKind::Expiry,
            EntryKind::Revocation,
            EntryKind::Chargeback,
        ];
        let own = self
            .entries
            .iter()
            .filter(|entry| kinds.contains(&entry.kind));
        let own = own.flat_map(|entry| &entry.postings);
        let own = own.filter(|posting| posting.lot == Some(lot));
        -own.map(|posting| posting.credits.units()).sum::<i64>()
    }

    /// Takes back what is still due of so many hundredths of a payment.
    fn take_back(&mut self, lot: LotId, hundredths: i64) -> Vec<EntryKind> {
        let (granted, went) = self.bought[&lot];
        // What did not expire, was not revoked and is not owed yet.
        let there = granted - self.lost(lot);
        let due = (granted * hundredths / 100 - went).min(there);
        if due <= 0 {
            return Vec::new();
        }
        // None if credits that were owed have come back since, and others paid for them.
        let used = (there - self.book.lots[&lot].remaining.units()).max(0);
        let before = self.sum(BookName::Revoked);
        let kinds = self.run(&Command::TakeBack {
            lot,
            credits: Credits::from_units(due),
            used: Credits::from_units(used),
        });
        let goes = self.sum(BookName::Revoked) - before;
        assert!((0..=due).contains(&goes), "{goes} went of {due}");
        self.bought.insert(lot, (granted, went + goes));
        kinds.unwrap()
    }

    fn sum(&self, book: BookName) -> i64 {
        let postings = self.entries.iter().flat_map(|entry| &entry.postings);
        let own = postings.filter(|posting| posting.book == book);
        own.map(|posting| posting.credits.units()).sum()
    }

    /// Available, held and owed.
    fn has(&self) -> [i64; 3] {
        let balance = self.book.balance().unwrap();
        [balance.available, balance.held, self.book.debt].map(Credits::units)
    }
}

fn paid_100() -> Account {
    let mut account = Account::default();
    account.issue(1, Source::Purchase, 100, None);
    account
}

#[test]
fn spent_credits_are_owed_and_the_next_purchase_pays() {
    use EntryKind::{Chargeback, DebtPayment, Grant, Purchase, Recharge};
    let mut account = paid_100();
    account.spend(9, 60).unwrap();
    assert_eq!(account.take_back(lot(1), 100), [Chargeback]);
    assert_eq!(account.has(), [0, 0, 60]);
    // A grant is for sending.
    assert_eq!(account.issue(2, Source::Grant, 10, None), [Grant]);
    assert_eq!(account.has(), [10, 0, 60]);
    let kinds = account.issue(3, Source::AutoRecharge, 25, None);
    assert_eq!(kinds, [Recharge, DebtPayment]);
    assert_eq!(account.has(), [10, 0, 35]);
    let kinds = account.issue(4, Source::Purchase, 100, None);
    assert_eq!(kinds, [Purchase, DebtPayment]);
    assert_eq!(account.has(), [75, 0, 0]);
    assert_eq!(account.issue(5, Source::Purchase, 1, None), [Purchase]);
}

#[test]
fn a_payment_that_paid_a_debt_is_owed_again_if_it_is_taken_back() {
    let mut account = paid_100();
    account.spend(9, 100).unwrap();
    account.take_back(lot(1), 100);
    account.issue(2, Source::Purchase, 150, None);
    assert_eq!(account.has(), [50, 0, 0]);
    account.take_back(lot(2), 100);
    assert_eq!(account.has(), [0, 0, 100]);
}

#[test]
fn held_credits_are_owed_until_they_come_back() {
    use EntryKind::{DebtPayment, Release};
    let mut account = paid_100();
    account.hold(8, 30).unwrap();
    account.spend(9, 50).unwrap();
    account.take_back(lot(1), 100);
    assert_eq!(account.has(), [0, 30, 80]);
    assert_eq!(account.cancel(8).unwrap(), [Release, DebtPayment]);
    assert_eq!(account.has(), [0, 0, 50]);
}

/// Whether a hold comes back before or after its payment is taken back, and before or after a
/// purchase pays the debt, makes no difference.
#[test]
fn the_order_of_a_release_makes_no_difference() {
    for released in 0..3 {
        let mut account = paid_100();
        account.hold(8, 30).unwrap();
        account.spend(9, 50).unwrap();
        for step in 0..3 {
            if step == released {
                account.cancel(8).unwrap();
            }
            match step {
                0 => drop(account.take_back(lot(1), 100)),
                1 => drop(account.issue(2, Source::Purchase, 200, None)),
                _ => {}
            }
        }
        assert_eq!(account.has(), [150, 0, 0], "released at {released}");
    }
}

#[test]
fn expired_credits_are_not_owed() {
    use EntryKind::{Chargeback, DebtPayment, Expiry, Release};
    let start = || {
        let mut account = Account::default();
        let end = account.after(60);
        account.issue(1, Source::Purchase, 100, Some(end));
        account.hold(8, 30).unwrap();
        account.spend(9, 20).unwrap();
        account
    };
    // The expiry is booked before the payment is taken back.
    let mut account = start();
    account.seconds = 60;
    assert_eq!(account.take_back(lot(1), 100), [Expiry, Chargeback]);
    assert_eq!(account.has(), [0, 30, 50]);
    // They come back too late to be sent with, and in time to be owed no more.
    assert_eq!(account.cancel(8).unwrap(), [Release, DebtPayment]);
    assert_eq!(account.has(), [0, 0, 20]);
    // If the debt is paid, what comes back too late expires.
    let mut account = start();
    account.take_back(lot(1), 100);
    account.issue(2, Source::Purchase, 45, None);
    assert_eq!(account.has(), [0, 30, 5]);
    account.seconds = 60;
    assert_eq!(account.cancel(8).unwrap(), [Release, DebtPayment, Expiry]);
    assert_eq!(account.has(), [0, 0, 0]);
    assert_eq!(account.sum(BookName::Expired), 25);
}

#[test]
fn parts_of_a_payment_add_up_to_the_whole() {
    let mut account = paid_100();
    account.spend(9, 20).unwrap();
    assert_eq!(account.take_back(lot(1), 25), [EntryKind::Chargeback]);
    assert_eq!(account.has(), [55, 0, 0]);
    account.take_back(lot(1), 25);
    assert_eq!(account.has(), [55, 0, 0], "the same part is taken once");
    account.take_back(lot(1), 90);
    assert_eq!(account.has(), [0, 0, 10]);
    account.take_back(lot(1), 100);
    assert_eq!(account.has(), [0, 0, 20]);
}

#[test]
fn a_lot_that_lost_everything_leaves_an_entry_without_postings() {
    let mut account = Account::default();
    let end = account.after(1);
    account.issue(1, Source::Purchase, 100, Some(end));
    account.seconds = 1;
    account.take_back(lot(1), 100);
    let last = account.entries.last().unwrap();
    assert_eq!((last.kind, last.postings.len()), (EntryKind::Chargeback, 0));
    assert_eq!(account.has(), [0, 0, 0]);
    assert!(!account.book.lots[&lot(1)].taken_back);
}

/// One step of a history: what is done, a choice, and an amount.
type Step = (u8, prop::sample::Index, i64);

/// Runs a step. Payments are taken back in parts, so that parts add up in any order.
fn step(account: &mut Account, number: u128, (act, which, amount): &Step) {
    let held: Vec<MessageId> = account.book.holds.keys().copied().collect();
    let bought: Vec<LotId> = account.bought.keys().copied().collect();
    // Without expiries and revocations: credits that were held, and whose debt another purchase has
    // paid, may expire or be revoked once they have come back.
    let end = None;
    let has_any = !bought.is_empty();
    match act {
        0 => drop(account.issue(number, Source::Purchase, *amount, end)),
        1 => drop(account.issue(number, Source::AutoRecharge, *amount, end)),
        2..=3 => drop(account.spend(number, *amount)),
        4..=5 => drop(account.hold(number, *amount)),
        6 if !held.is_empty() => {
            let (message, list) = (*which.get(&held), None);
            account.run(&Command::Cancel { message, list }).unwrap();
        }
        7 if !held.is_empty() => drop(account.run(&Command::Settle {
            message: *which.get(&held),
            list: None,
            credits: Credits::from_units(*amount),
        })),
        9 if has_any => drop(account.take_back(*which.get(&bought), amount % 101)),
        10 => account.seconds += amount % 50,
        _ => {}
    }
}

/// Whatever is still due of every payment is taken back.
fn take_everything_back(account: &mut Account) {
    let lots: Vec<LotId> = account.bought.keys().copied().collect();
    for lot in lots {
        account.take_back(lot, 100);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// An account whose payments are all taken back has nothing available, and owes exactly what it
    /// has spent and holds; once its holds are cancelled, what it has spent. No order of purchases,
    /// sends, expiries, corrections and parts that are taken back makes a difference.
    #[test]
    fn who_has_paid_nothing_owes_what_was_spent(
        steps in prop::collection::vec((0_u8..=10, any::<prop::sample::Index>(), 1_i64..=300), 1..60),
    ) {
        let mut account = Account::default();
        for (number, taken) in (1..).zip(&steps) {
            step(&mut account, number, taken);
            for (lot, (granted, went)) in &account.bought {
                let went = *went;
                prop_assert!(went <= *granted);
                prop_assert!(account.lost(*lot) >= went, "what went is lost");
            }
        }
        take_everything_back(&mut account);
        let spent = account.sum(BookName::Spent);
        // What is left beside a debt came back after other credits had paid for it.
        let net = |[available, held, debt]: [i64; 3]| available + held - debt;
        prop_assert_eq!(net(account.has()), -spent);
        let held: Vec<MessageId> = account.book.holds.keys().copied().collect();
        for message in held {
            account.run(&Command::Cancel { message, list: None }).unwrap();
        }
        prop_assert_eq!(net(account.has()), -spent);
        // The next purchase pays all of it, and only that.
        let owed = account.book.debt.units();
        account.issue(u128::MAX, Source::Purchase, owed + 7, None);
        prop_assert_eq!(net(account.has()), owed + 7 - spent);
        prop_assert_eq!(account.book.debt, Credits::ZERO);
    }
}
