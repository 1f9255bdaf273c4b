//! Parts that are rounded to their total.

use proptest::prelude::*;

use super::{
    super::{Cost, CreditValue, Currency, Money},
    PartsError, round_parts,
};
use crate::credits::Credits;

fn euro() -> Currency {
    Currency::new("EUR".parse().unwrap(), 2).unwrap()
}

/// Costs in tenths of a cent.
fn costs(tenths: &[i64]) -> Vec<Cost> {
    let value = CreditValue::parse("0.001", euro()).unwrap();
    let cost = |&tenths: &i64| value.cost(Credits::from_units(tenths * 10_000));
    tenths.iter().map(cost).collect()
}

fn sum(parts: &[Cost]) -> Cost {
    let add = |sum: Cost, part: &Cost| sum.checked_add(*part).unwrap();
    parts.iter().fold(Cost::ZERO, add)
}

fn rounded(parts: &[Cost], currency: Currency) -> Vec<i64> {
    let total = sum(parts).round(currency).unwrap();
    let rounded = round_parts(parts, total).unwrap();
    rounded.into_iter().map(Money::minor).collect()
}

#[test]
fn missing_minor_units_go_to_the_largest_remainders() {
    let check = |tenths: &[i64], minor: &[i64]| {
        assert_eq!(rounded(&costs(tenths), euro()), minor, "{tenths:?}");
    };
    check(&[], &[]);
    check(&[0, 0], &[0, 0]);
    // 28.438, of which either day alone would be rounded down.
    check(&[14_214, 14_224], &[1_422, 1_422]);
    check(&[14, 14, 14], &[2, 1, 1]);
    check(&[16, 16, 16], &[2, 2, 1]);
    check(&[13, 20, 18], &[1, 2, 2]);
    // Of equal remainders the earlier one is first.
    check(&[5, 5], &[1, 0]);
    // What is given back, such as by a correction.
    check(&[-14, -14, -14], &[-1, -1, -2]);
    check(&[7, -7], &[1, -1]);
    check(&[1, -1], &[0, 0]);
}

#[test]
fn parts_of_another_total_are_a_fault() {
    let check = |tenths: &[i64], total, expected| {
        let total = Money::new(total, euro());
        let rounded = round_parts(&costs(tenths), total);
        let rounded = rounded.map(|parts| parts.into_iter().map(Money::minor).collect::<Vec<_>>());
        assert_eq!(rounded, expected, "{tenths:?}");
    };
    let wrong = Err(PartsError::Disagreement);
    // A total may have been rounded up or down, and no further.
    check(&[14, 14], 2, Ok(vec![1, 1]));
    check(&[14, 14], 3, Ok(vec![2, 1]));
    check(&[14, 20], 5, wrong.clone());
    check(&[11, 11, 11], 5, wrong.clone());
    check(&[14, 14], 1, wrong.clone());
    check(&[], 1, wrong);
    let beyond = CreditValue::parse("1000000", euro()).unwrap();
    let beyond = [beyond.cost(Credits::MAX_INPUT), Cost::ZERO];
    let total = Money::new(i64::MAX, euro());
    assert!(round_parts(&beyond, total).is_err());
}

/// Costs of any currency, most of them with a remainder.
fn any_parts() -> impl Strategy<Value = (Vec<Cost>, Currency)> {
    let part = (-1_000_000_i64..100_000_000, 0_i64..20_000_000);
    (prop::collection::vec(part, 0..40), 0_u8..=4).prop_map(|(parts, digits)| {
        let currency = Currency::new("EUR".parse().unwrap(), digits).unwrap();
        let cost = |(units, nano)| {
            let value = CreditValue::new(nano, currency).unwrap();
            value.cost(Credits::from_units(units))
        };
        (parts.into_iter().map(cost).collect(), currency)
    })
}

proptest! {
    #[test]
    fn parts_add_up_and_are_less_than_a_minor_unit_off((parts, currency) in any_parts()) {
        let rounded = rounded(&parts, currency);
        let total = sum(&parts).round(currency).unwrap();
        prop_assert_eq!(rounded.iter().sum::<i64>(), total.minor());
        let per_minor = Cost::per_minor(currency);
        for (minor, exact) in rounded.iter().zip(&parts) {
            let off = i128::from(*minor) * per_minor - exact.units();
            prop_assert!(off.abs() < per_minor);
            prop_assert!(exact.units() % per_minor != 0 || off == 0);
        }
    }

    /// A part of a total may have parts of its own, such as a list its days.
    #[test]
    fn parts_of_parts_add_up(groups in prop::collection::vec(any_parts(), 1..8)) {
        let currency = euro();
        let sums: Vec<Cost> = groups.iter().map(|(parts, _)| sum(parts)).collect();
        let total = sum(&sums).round(currency).unwrap();
        for (own, (parts, _)) in round_parts(&sums, total).unwrap().into_iter().zip(&groups) {
            let rounded = round_parts(parts, own).unwrap();
            prop_assert_eq!(rounded.into_iter().map(Money::minor).sum::<i64>(), own.minor());
        }
    }

    #[test]
    fn the_order_of_parts_decides_between_equal_remainders_only((parts, currency) in any_parts()) {
        let pairs = |parts: &[Cost]| {
            let mut pairs: Vec<_> = parts.iter().copied().zip(rounded(parts, currency)).collect();
            pairs.sort_unstable();
            pairs
        };
        let backwards: Vec<Cost> = parts.iter().rev().copied().collect();
        // Sorted, because equal remainders may change places.
        let rest = |cost: Cost| cost.floor(currency).1;
        let mut rests: Vec<i128> = parts.iter().map(|part| rest(*part)).collect();
        rests.sort_unstable();
        let has_ties = rests.windows(2).any(|two| two[0] == two[1] && two[0] > 0);
        prop_assert!(has_ties || pairs(&parts) == pairs(&backwards));
    }
}
