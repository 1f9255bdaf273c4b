//! The sums of a report, their order and their agreement.

use super::*;
use crate::{
    calendar::buckets::{Interval, buckets},
    money::CreditValue,
    rate::tests::country,
};
use jiff::{SignedDuration, tz::TimeZone};
use proptest::prelude::*;
use uuid::Uuid;

fn euro() -> Currency {
    Currency::new("EUR".parse().unwrap(), 2).unwrap()
}

fn list(number: u128) -> Option<ListId> {
    (number > 0).then(|| Uuid::from_u128(number).into())
}

fn usage(messages: i64, recipients: i64, units: i64) -> Usage {
    let value = CreditValue::parse("0.0125", euro()).unwrap();
    let credits = Credits::from_units(units);
    Usage {
        messages,
        recipients,
        segments: recipients * 2,
        credits,
        cost: value.cost(credits),
    }
}

fn three_days() -> Vec<Bucket> {
    let from: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let to = from + SignedDuration::from_hours(72);
    buckets(from, to, Interval::Day, &TimeZone::UTC).unwrap()
}

fn at(hours: i64) -> Timestamp {
    three_days()[0].start + SignedDuration::from_hours(hours)
}

#[test]
fn lists_are_ordered_by_credits_and_then_by_id() {
    let mut sums = Aggregation::new(three_days());
    for (number, units) in [(0, 5), (2, 5), (1, 5), (4, 9), (3, 1)] {
        let row = ListRow {
            at: at(1),
            list: list(number),
            usage: usage(1, 1, units),
        };
        sums.add_list_row(row).unwrap();
    }
    for (code, units) in [("US", 5), ("IT", 5), ("FR", 15)] {
        let row = CountryRow {
            country: country(code),
            usage: usage(1, if code == "FR" { 3 } else { 1 }, units),
        };
        sums.add_country_row(row).unwrap();
    }
    let report = sums.finish().unwrap();
    let lists: Vec<_> = report.lists.iter().map(|usage| usage.list).collect();
    assert_eq!(lists, [list(4), list(1), list(2), None, list(3)]);
    let countries: Vec<_> = report.countries.iter().map(|usage| usage.country).collect();
    assert_eq!(countries, ["FR", "IT", "US"].map(country));
}

#[test]
fn a_message_to_two_countries_counts_once_in_totals() {
    let mut sums = Aggregation::new(three_days());
    let row = ListRow {
        at: at(30),
        list: list(1),
        usage: usage(1, 5, 50_000),
    };
    sums.add_list_row(row).unwrap();
    for (code, recipients) in [("IT", 3), ("US", 2)] {
        let row = CountryRow {
            country: country(code),
            usage: usage(1, recipients, recipients * 10_000),
        };
        sums.add_country_row(row).unwrap();
    }
    let report = sums.finish().unwrap();
    assert_eq!(report.totals, usage(1, 5, 50_000));
    let messages: Vec<_> = report
        .buckets
        .iter()
        .map(|(_, usage)| usage.messages)
        .collect();
    assert_eq!(messages, [0, 1, 0]);
    assert_eq!(report.lists[0].bucket(1), usage(1, 5, 50_000));
    assert_eq!(report.lists[0].bucket(2), Usage::default());
    assert!(report.countries.iter().all(|row| row.usage.messages == 1));
}

#[test]
fn an_empty_report_has_its_buckets() {
    let report = Aggregation::new(three_days()).finish().unwrap();
    assert_eq!(report.totals, Usage::default());
    assert_eq!(report.buckets.len(), 3);
    assert!(report.lists.is_empty() && report.countries.is_empty());
}

#[test]
fn rows_outside_the_buckets_or_the_range_are_faults() {
    let row = |hours, units| ListRow {
        at: at(hours),
        list: None,
        usage: usage(1, 1, units),
    };
    let mut sums = Aggregation::new(three_days());
    for hours in [-1, 72] {
        let outside = UsageError::OutsidePeriod(at(hours));
        assert_eq!(sums.add_list_row(row(hours, 1)), Err(outside));
    }
    sums.add_list_row(row(0, 7)).unwrap();
    assert_eq!(sums.clone().finish(), Err(UsageError::Disagreement));
    let alone = sums.clone().finish_without_countries().unwrap();
    assert_eq!(alone.totals, row(0, 7).usage);
    let too_much = row(0, i64::MAX - 6);
    assert_eq!(sums.add_list_row(too_much), Err(UsageError::Overflow));
}

#[test]
fn a_cost_is_rounded_once_and_not_row_by_row() {
    // Three times a third of a cent is a cent, but each third rounds to nothing.
    let value = CreditValue::parse("0.00334", euro()).unwrap();
    let one = Usage {
        cost: value.cost(Credits::whole(1)),
        ..Usage::default()
    };
    let three = one.checked_add(one).unwrap().checked_add(one).unwrap();
    assert_eq!(one.cost(euro()).unwrap().to_string(), "0.00");
    assert_eq!(three.cost(euro()).unwrap().to_string(), "0.01");
}

/// A message: its time, its list, and its recipients by country, at one unit of credits each.
type Message = (i64, u128, BTreeMap<u8, i64>);

fn report_of(messages: &[Message]) -> Report {
    let mut sums = Aggregation::new(three_days());
    for (hours, number, countries) in messages {
        let recipients: i64 = countries.values().sum();
        sums.add_list_row(ListRow {
            at: at(*hours),
            list: list(*number),
            usage: usage(1, recipients, recipients),
        })
        .unwrap();
        for (place, recipients) in countries {
            sums.add_country_row(CountryRow {
                country: country(["FR", "IT", "JP", "US"][usize::from(*place)]),
                usage: usage(1, *recipients, *recipients),
            })
            .unwrap();
        }
    }
    sums.finish().unwrap()
}

fn any_messages() -> impl Strategy<Value = Vec<Message>> {
    let countries = prop::collection::btree_map(0_u8..4, 1_i64..1_000, 1..4);
    prop::collection::vec((0_i64..72, 0_u128..5, countries), 0..60)
}

proptest! {
    #[test]
    fn lists_buckets_and_countries_add_up_to_the_totals(messages in any_messages(), turn: usize) {
        // Rows may come in any order.
        let mut turned = messages.clone();
        if !turned.is_empty() {
            turned.rotate_left(turn % messages.len());
        }
        let report = report_of(&messages);
        prop_assert_eq!(&report, &report_of(&turned));

        let all: i64 = messages.iter().flat_map(|(_, _, countries)| countries.values()).sum();
        prop_assert_eq!(report.totals, usage(i64::try_from(messages.len()).unwrap(), all, all));
        prop_assert_eq!(total(report.buckets.iter().map(|(_, usage)| *usage)).unwrap(), report.totals);
        prop_assert_eq!(total(report.lists.iter().map(|list| list.usage)).unwrap(), report.totals);
        let countries = total(report.countries.iter().map(|row| row.usage)).unwrap();
        prop_assert_eq!(countries.apart_from_messages(), report.totals.apart_from_messages());
        for list in &report.lists {
            prop_assert_eq!(total((0..3).map(|index| list.bucket(index))).unwrap(), list.usage);
        }
        let costs = report.costs(euro()).unwrap();
        let sum = |costs: &mut dyn Iterator<Item = Money>| costs.map(Money::minor).sum::<i64>();
        prop_assert_eq!(Ok(costs.totals), report.totals.cost(euro()));
        for parts in [&costs.buckets, &costs.lists, &costs.countries] {
            let of_none = parts.is_empty() && messages.is_empty();
            prop_assert!(of_none || sum(&mut parts.iter().copied()) == costs.totals.minor());
        }
        for (list, cost) in report.lists.iter().zip(&costs.lists) {
            let buckets = list.bucket_costs(*cost).unwrap();
            prop_assert_eq!(sum(&mut buckets.into_values()), cost.minor());
        }
        for (index, (_, bucket)) in report.buckets.iter().enumerate() {
            let lists = report.lists.iter().map(|list| list.bucket(index));
            prop_assert_eq!(total(lists).unwrap(), *bucket);
        }
    }
}

#[test]
fn lists_from_separate_rows_must_agree_with_buckets() {
    let check = |of_list: i64, agrees: bool| {
        let mut sums = Aggregation::new(three_days());
        for (hours, units) in [(1, 3), (30, 4)] {
            let row = BucketRow {
                at: at(hours),
                usage: usage(1, 1, units),
            };
            sums.add_bucket_row(row).unwrap();
        }
        sums.add_list_total(list(1), usage(1, 1, of_list)).unwrap();
        sums.add_list_total(None, usage(1, 1, 2)).unwrap();
        let report = sums.finish_without_countries();
        assert_eq!(report.is_ok(), agrees, "{of_list}");
    };
    check(5, true);
    check(4, false);
}

#[test]
fn shares_are_rounded_half_even() {
    let check = |part, whole, expected| {
        let share = share_basis_points(Credits::from_units(part), Credits::from_units(whole));
        assert_eq!(share, expected, "{part} of {whole}");
    };
    check(0, 0, 0);
    check(1, 3, 3_333);
    check(2, 3, 6_667);
    check(5, 100_000, 0);
    check(15, 100_000, 2);
    check(i64::MAX, i64::MAX, 10_000);
}
