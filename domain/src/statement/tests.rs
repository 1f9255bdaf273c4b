//! The credits of a month add up, whatever happened in it.

use proptest::prelude::*;

use super::{Bound, MonthCredits, Movement, StatementFault};
use crate::credits::Credits;

const MOVEMENTS: [Movement; 8] = [
    Movement::Purchased,
    Movement::Recharged,
    Movement::Granted,
    Movement::Spent,
    Movement::Expired,
    Movement::Revoked,
    Movement::ChargedBack,
    Movement::DebtPaid,
];

fn units(credits: Credits) -> i128 {
    i128::from(credits.units())
}

/// opening + in - out - closing.
fn off(month: &MonthCredits) -> i128 {
    let income = [month.purchased, month.recharged, month.granted];
    let outgo = [
        month.spent,
        month.expired,
        month.revoked,
        month.charged_back,
        month.debt_paid,
    ];
    let sum = |parts: &[Credits]| -> i128 { parts.iter().copied().map(units).sum() };
    units(month.opening) + sum(&income) - sum(&outgo) - units(month.closing)
}

proptest! {
    /// Law T5, for any changes and with expiries that aren't booked at either bound.
    #[test]
    fn a_month_adds_up(
        opening in 0..1_000_000_i64,
        unbooked in (0..1_000_i64, 0..1_000_i64),
        changes in prop::collection::vec((0..8_usize, -10_000..10_000_i64), 0..50),
    ) {
        let booked: i64 = opening + changes.iter().map(|(_, units)| units).sum::<i64>();
        let bound = |booked: i64, unbooked: i64| Bound {
            booked: Credits::from_units(booked),
            total: Credits::from_units(booked - unbooked),
        };
        let (first, last) = (bound(opening, unbooked.0), bound(booked, unbooked.1));
        let moved = changes.iter().map(|(kind, units)| (MOVEMENTS[*kind], Credits::from_units(*units)));
        let month = MonthCredits::of(first, last, moved.clone()).unwrap();
        prop_assert_eq!(off(&month), 0);
        prop_assert_eq!((month.opening, month.closing), (first.total, last.total));

        // A unit that is missing anywhere is found.
        let missing = (Movement::Spent, Credits::from_units(-1));
        let found = MonthCredits::of(first, last, moved.chain([missing]));
        prop_assert_eq!(found, Err(StatementFault::Drift { off: -1 }));
    }
}

#[test]
fn an_expiry_counts_once_booked_or_not() {
    let credits = Credits::whole;
    let month = |opening: (i32, i32), closing: (i32, i32), expired: i32| {
        let bound = |(booked, total)| Bound {
            booked: credits(booked),
            total: credits(total),
        };
        let change = (
            Movement::Expired,
            Credits::from_units(-credits(expired).units()),
        );
        MonthCredits::of(bound(opening), bound(closing), [change])
            .unwrap()
            .expired
    };
    // Booked in its month; due but not booked; booked later, though due before the month.
    assert_eq!(month((10, 10), (6, 6), 4), credits(4));
    assert_eq!(month((10, 10), (10, 6), 0), credits(4));
    assert_eq!(month((10, 6), (6, 6), 4), Credits::ZERO);
}

#[test]
fn a_sum_beyond_the_range_is_a_fault() {
    let far = Bound {
        booked: Credits::from_units(i64::MAX),
        total: Credits::from_units(-1),
    };
    let found = MonthCredits::of(far, far, []);
    assert_eq!(found, Err(StatementFault::TooMany));
}
