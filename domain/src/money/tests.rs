//! Money: exact amounts, rounded costs, and rejected texts.

use super::{CreditValue, Currency, Money, ParseMoneyError};
use crate::credits::Credits;
use proptest::prelude::*;

fn currency(code: &str, minor_digits: u8) -> Currency {
    Currency::new(code.parse().unwrap(), minor_digits).unwrap()
}

#[test]
fn amounts_have_the_digits_of_their_currency() {
    let check = |text: &str, code: &str, digits, minor, shown: &str| {
        let money = Money::parse(text, currency(code, digits)).unwrap();
        assert_eq!((money.minor(), money.to_string().as_str()), (minor, shown));
    };
    check("21.49", "EUR", 2, 2_149, "21.49");
    check("21.4", "EUR", 2, 2_140, "21.40");
    check("1500", "JPY", 0, 1_500, "1500");
    check("1.234", "KWD", 3, 1_234, "1.234");
    check(
        "1000000000000",
        "CLF",
        4,
        10_000_000_000_000_000,
        "1000000000000.0000",
    );
    assert_eq!(Money::new(-5, currency("EUR", 2)).to_string(), "-0.05");
}

#[test]
fn other_texts_are_rejected() {
    let check = |text: &str, digits, why| {
        assert_eq!(Money::parse(text, currency("EUR", digits)), Err(why));
    };
    let too_large = ParseMoneyError::TooLarge {
        max_major: 1_000_000_000_000,
    };
    check("-1", 2, ParseMoneyError::Malformed);
    check("1e2", 2, ParseMoneyError::Malformed);
    check("1.001", 2, ParseMoneyError::TooPrecise { max_digits: 2 });
    check("1.0", 0, ParseMoneyError::TooPrecise { max_digits: 0 });
    check("1000000000000.01", 2, too_large);
    check("1000000000001", 0, too_large);
}

#[test]
fn amounts_in_two_currencies_can_not_be_added() {
    let (euro, yen) = (currency("EUR", 2), currency("JPY", 0));
    let (five, ten) = (Money::new(5, euro), Money::new(10, euro));
    assert_eq!(five.checked_add(ten), Some(Money::new(15, euro)));
    assert_eq!(five.checked_sub(ten), Some(Money::new(-5, euro)));
    assert_eq!(five.checked_mul(3), Some(Money::new(15, euro)));
    assert_eq!(five.checked_add(Money::zero(yen)), None);
    assert_eq!(five.checked_sub(Money::zero(yen)), None);
    assert_eq!(five.checked_add(Money::new(i64::MAX, euro)), None);
}

#[test]
fn a_cost_is_rounded_once_half_to_even() {
    let check = |value: &str, digits, credits: &str, shown: &str| {
        let value = CreditValue::parse(value, currency("EUR", digits)).unwrap();
        let money = value.of(credits.parse().unwrap()).unwrap();
        assert_eq!(money.to_string(), shown, "{credits} credits at {value}");
    };
    // 1,653 × 0.013 = 21.489.
    check("0.013", 2, "1653", "21.49");
    check("0.013", 3, "1653", "21.489");
    check("0.005", 2, "1", "0.00");
    check("0.005", 2, "3", "0.02");
    check("0.005", 2, "3.0001", "0.02");
    check("0.5", 0, "5", "2");
    check("0.000000001", 2, "1000000000000", "1000.00");
    check("0", 2, "1000000000000", "0.00");
    // Beyond the range of i64 in minor units.
    let most = CreditValue::parse("1000000", currency("CLF", 4)).unwrap();
    assert_eq!(most.of(Credits::MAX_INPUT), None);
}

#[test]
fn a_credit_value_has_at_most_nine_digits() {
    let euro = currency("EUR", 2);
    assert_eq!(
        CreditValue::parse("0.013", euro).unwrap().to_string(),
        "0.013"
    );
    let too_precise = ParseMoneyError::TooPrecise { max_digits: 9 };
    assert_eq!(
        CreditValue::parse("0.0000000001", euro),
        Err(too_precise),
        "ten digits"
    );
    assert!(CreditValue::parse("1000000.000000001", euro).is_err());
    assert_eq!(CreditValue::new(-1, euro), None);
}

/// The same rule in another way: long multiplication of decimal digits, and rounding of the digits.
fn rounded_by_hand(units: i64, nano: i64, minor_digits: usize) -> String {
    let digits = |number: i64| -> Vec<u32> {
        let text = number.to_string();
        text.chars()
            .rev()
            .map(|c| c.to_digit(10).unwrap())
            .collect()
    };
    let (left, right) = (digits(units), digits(nano));
    // The least significant digit comes first, with room for the carry of rounding up.
    let mut product = vec![0_u32; 60];
    for (i, a) in left.iter().enumerate() {
        for (j, b) in right.iter().enumerate() {
            product[i + j] += a * b;
        }
    }
    for i in 0..59 {
        product[i + 1] += product[i] / 10;
        product[i] %= 10;
    }
    let (cut, kept) = product.split_at(13 - minor_digits);
    let (half, below) = (cut[cut.len() - 1], &cut[..cut.len() - 1]);
    let above_half = half > 5 || (half == 5 && below.iter().any(|digit| *digit > 0));
    let tie = half == 5 && !above_half;
    let mut kept = kept.to_vec();
    if above_half || (tie && kept[0] % 2 == 1) {
        kept[0] += 1;
        for i in 0..kept.len() - 1 {
            kept[i + 1] += kept[i] / 10;
            kept[i] %= 10;
        }
    }
    let text: String = kept.iter().rev().map(u32::to_string).collect();
    let text = text.trim_start_matches('0');
    if text.is_empty() {
        "0".into()
    } else {
        text.into()
    }
}

proptest! {
    #[test]
    fn rounding_agrees_with_long_multiplication(
        units in prop_oneof![0..=100_000_000_i64, 0..=Credits::MAX_INPUT.units()],
        nano in prop_oneof![
            Just(5_000_000_i64), Just(500_000_000_i64), 0..=1_000_000_000_000_000_i64
        ],
        minor_digits in 0_u8..=4,
    ) {
        let value = CreditValue::new(nano, currency("EUR", minor_digits)).unwrap();
        let by_hand = rounded_by_hand(units, nano, usize::from(minor_digits));
        let money = value.of(Credits::from_units(units));
        match by_hand.parse::<i64>() {
            Ok(minor) => prop_assert_eq!(money.map(Money::minor), Some(minor)),
            Err(_) => prop_assert_eq!(money, None),
        }
    }

    #[test]
    fn ties_agree_with_long_multiplication(credits in 0..=1_000_000_i32, minor_digits in 0_u8..=4) {
        // A credit is worth half a minor unit, so every odd count is a tie.
        let nano = 500_000_000 / 10_i64.pow(u32::from(minor_digits));
        let value = CreditValue::new(nano, currency("EUR", minor_digits)).unwrap();
        let credits = Credits::whole(credits);
        let by_hand = rounded_by_hand(credits.units(), nano, usize::from(minor_digits));
        prop_assert_eq!(value.of(credits).unwrap().minor().to_string(), by_hand);
    }

    #[test]
    fn a_refund_rounds_like_a_charge(units in 0..=Credits::MAX_INPUT.units(), nano in 0..=100_000_000_i64) {
        let value = CreditValue::new(nano, currency("EUR", 2)).unwrap();
        let (plus, minus) = (
            value.of(Credits::from_units(units)).unwrap(),
            value.of(Credits::from_units(-units)).unwrap(),
        );
        prop_assert_eq!(plus.minor(), -minus.minor());
    }

    #[test]
    fn values_and_amounts_read_back(nano in 0..=1_000_000_000_000_000_i64, digits in 0_u8..=4) {
        let currency = currency("EUR", digits);
        let value = CreditValue::new(nano, currency).unwrap();
        prop_assert_eq!(CreditValue::parse(&value.to_string(), currency), Ok(value));
        let money = Money::new(nano / 1_000, currency);
        prop_assert_eq!(Money::parse(&money.to_string(), currency), Ok(money));
    }
}
