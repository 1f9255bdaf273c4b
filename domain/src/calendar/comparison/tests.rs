//! Periods and what they are compared with.

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use proptest::prelude::*;

use super::{
    super::{parse_time_zone, start_of_day},
    CalendarPeriod::{self, Month, Quarter, Year},
    period_before,
};

fn rome() -> TimeZone {
    parse_time_zone("Europe/Rome").unwrap()
}

/// The instants of days, from the first to the last.
fn days(first: Date, last: Date) -> (Timestamp, Timestamp) {
    let start = |day| start_of_day(day, &rome()).unwrap();
    (start(first), start(last.tomorrow().unwrap()))
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_period_before_has_the_same_length_by_the_calendar() {
    let check = |from: &str, to: &str, want: &str| {
        let before = period_before((at(from), at(to)), &rome(), None);
        assert_eq!(before, Ok((at(want), at(from))), "{from} to {to}");
    };
    // March, of 31 days less an hour, after February; then a quarter, and a year.
    check(
        "2026-02-28T23:00:00Z",
        "2026-03-31T22:00:00Z",
        "2026-01-31T23:00:00Z",
    );
    check(
        "2026-06-30T22:00:00Z",
        "2026-09-30T22:00:00Z",
        "2026-03-31T22:00:00Z",
    );
    check(
        "2025-12-31T23:00:00Z",
        "2026-12-31T23:00:00Z",
        "2024-12-31T23:00:00Z",
    );
    // A week in which the clocks change.
    check(
        "2026-03-29T22:00:00Z",
        "2026-04-05T22:00:00Z",
        "2026-03-22T23:00:00Z",
    );
    check(
        "2026-03-29T22:00:00Z",
        "2026-03-29T22:30:00Z",
        "2026-03-29T21:30:00Z",
    );
}

#[test]
fn the_beginning_of_a_month_is_compared_with_the_same_days() {
    let check = |(first, last): (&str, &str), part_of, (from, to): (&str, &str)| {
        let before = period_before(days(day(first), day(last)), &rome(), part_of);
        let said = format!("{first} to {last} of {part_of:?}");
        assert_eq!(before, Ok(days(day(from), day(to))), "{said}");
    };
    for part_of in [None, Some(Month)] {
        check(
            ("2026-11-01", "2026-11-27"),
            part_of,
            ("2026-10-01", "2026-10-27"),
        );
        // February has no 30th, and the clocks change in March.
        check(
            ("2026-03-01", "2026-03-30"),
            part_of,
            ("2026-02-01", "2026-02-28"),
        );
        check(
            ("2028-03-01", "2028-03-29"),
            part_of,
            ("2028-02-01", "2028-02-29"),
        );
        // A whole month is compared with a whole month.
        check(
            ("2026-11-01", "2026-11-30"),
            part_of,
            ("2026-10-01", "2026-10-31"),
        );
        check(
            ("2026-03-01", "2026-03-31"),
            part_of,
            ("2026-02-01", "2026-02-28"),
        );
        check(
            ("2026-01-01", "2026-01-20"),
            part_of,
            ("2025-12-01", "2025-12-20"),
        );
    }
    for part_of in [None, Some(Quarter)] {
        check(
            ("2026-10-01", "2026-11-27"),
            part_of,
            ("2026-07-01", "2026-08-27"),
        );
    }
    check(
        ("2026-01-01", "2026-01-20"),
        Some(Quarter),
        ("2025-10-01", "2025-10-20"),
    );
    check(
        ("2026-10-01", "2026-11-30"),
        Some(Quarter),
        ("2026-07-01", "2026-08-31"),
    );
    for part_of in [None, Some(Year)] {
        check(
            ("2026-01-01", "2026-11-27"),
            part_of,
            ("2025-01-01", "2025-11-27"),
        );
    }
    check(
        ("2028-01-01", "2028-02-29"),
        Some(Year),
        ("2027-01-01", "2027-02-28"),
    );
    check(
        ("2026-01-01", "2026-01-20"),
        Some(Year),
        ("2025-01-01", "2025-01-20"),
    );
    check(
        ("2026-01-01", "2026-12-31"),
        Some(Year),
        ("2025-01-01", "2025-12-31"),
    );
    // As many months: no quarter and no year begins so.
    check(
        ("2026-02-01", "2026-03-15"),
        None,
        ("2025-12-01", "2026-01-15"),
    );
    check(
        ("2025-12-01", "2026-11-27"),
        None,
        ("2024-12-01", "2025-11-27"),
    );
    check(
        ("2026-10-01", "2026-11-30"),
        None,
        ("2026-08-01", "2026-09-30"),
    );
    // As many days: no month begins so.
    check(
        ("2026-11-02", "2026-11-27"),
        None,
        ("2026-10-07", "2026-11-01"),
    );
}

#[test]
fn a_period_that_ends_within_a_day_is_compared_until_the_same_time() {
    let check = |to: &str, want: &str| {
        let (from, _) = days(date(2026, 3, 1), date(2026, 3, 1));
        let (_, end) = period_before((from, to.parse().unwrap()), &rome(), None).unwrap();
        assert_eq!(end, want.parse::<Timestamp>().unwrap(), "{to}");
    };
    check("2026-03-15T15:30:00Z", "2026-02-15T15:30:00Z");
    // There is no 30 February, so its month is over.
    check("2026-03-30T15:30:00Z", "2026-02-28T23:00:00Z");
    check("2026-03-31T15:30:00Z", "2026-02-28T23:00:00Z");
}

#[test]
fn only_its_beginning_is_a_part_of_a_calendar_period() {
    let check = |first: &str, last: &str, want: &[CalendarPeriod]| {
        let period = days(day(first), day(last));
        let begins = |part: &CalendarPeriod| part.begins_with(period, &rome()).unwrap();
        let found: Vec<_> = CalendarPeriod::ALL.into_iter().filter(begins).collect();
        assert_eq!(found, want, "{first} to {last}");
    };
    check("2026-01-01", "2026-01-31", &[Month, Quarter, Year]);
    check("2026-04-01", "2026-06-30", &[Quarter]);
    check("2026-05-01", "2026-05-02", &[Month]);
    check("2026-01-01", "2026-04-01", &[Year]);
    check("2026-01-01", "2027-01-01", &[]);
    check("2026-05-02", "2026-05-03", &[]);
}

proptest! {
    /// What a period is compared with is before it, no longer by more than the days by which a
    /// whole month may be, and begins a month if the period does.
    #[test]
    fn a_period_and_the_one_before_do_not_overlap(
        start in 0_i64..20_000,
        length in 1_i64..800,
        on_first: bool,
        part_of in prop::option::of(prop::sample::select(CalendarPeriod::ALL.to_vec())),
    ) {
        let span = |days| jiff::Span::new().days(days);
        let mut first = date(1990, 1, 1).checked_add(span(start)).unwrap();
        if on_first {
            first = first.first_of_month();
        }
        let last = first.checked_add(span(length - 1)).unwrap();
        let (from, to) = days(first, last);
        let (before, end) = period_before((from, to), &rome(), part_of).unwrap();
        prop_assert!(before < end && end <= from);
        if first.day() == 1 {
            prop_assert_eq!(super::date_of(before, &rome()).day(), 1);
        } else {
            prop_assert_eq!(end, from);
        }
    }
}
