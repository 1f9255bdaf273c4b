//! Money in minor units, and what a credit is worth in it.
//!
//! Here: exact amounts, their texts, and the one place where a cost is rounded. Not here: conversion
//! between currencies, which nothing does.

use std::fmt;

use crate::{
    credits::Credits,
    decimal::{self, DecimalError},
};

pub use crate::currency::{Currency, CurrencyCode, ParseCurrencyCodeError};

/// An amount of money, exact in its currency's minor units. [`fmt::Display`] writes the amount
/// alone, with all of the currency's digits: "21.49", or "1500" where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a text is not an amount of money in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseMoneyError {
    /// Not plain decimal digits with at most one point.
    #[error("must be a plain decimal number such as \"21.49\"")]
    Malformed,
    /// More digits after the point than the unit has.
    #[error("must have at most {max_digits} fraction digits")]
    TooPrecise {
        /// How many it may have.
        max_digits: u8,
    },
    /// Above the most that is taken.
    #[error("must be at most {max_major}")]
    TooLarge {
        /// The most that is taken, in major units.
        max_major: i64,
    },
}

impl ParseMoneyError {
    fn new(error: DecimalError, max_digits: u8, max_major: i64) -> Self {
        match error {
            DecimalError::Malformed => Self::Malformed,
            DecimalError::TooPrecise => Self::TooPrecise { max_digits },
            DecimalError::TooLarge => Self::TooLarge { max_major },
        }
    }
}

impl Money {
    /// The most that is taken from outside in one amount, in major units. With four minor digits
    /// nine hundred such amounts still add up within `i64`.
    pub const MAX_INPUT_MAJOR: i64 = 1_000_000_000_000;

    /// An amount from its count of minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a plain, unsigned decimal amount; it is never rounded.
    ///
    /// # Errors
    /// Signs, exponents and separators; more digits than the currency has; more than
    /// [`Self::MAX_INPUT_MAJOR`].
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, ParseMoneyError> {
        let digits = currency.minor_digits();
        let limit = Self::MAX_INPUT_MAJOR * currency.minor_per_major();
        decimal::parse(amount, digits, limit)
            .map(|minor| Self::new(minor, currency))
            .map_err(|error| ParseMoneyError::new(error, digits, Self::MAX_INPUT_MAJOR))
    }

    /// The count of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency it is in.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum, or `None` beyond the range or of two currencies.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.same_currency(other)?;
        Some(Self::new(
            self.minor.checked_add(other.minor)?,
            self.currency,
        ))
    }

    /// The difference, or `None` beyond the range or of two currencies; it may be negative.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.same_currency(other)?;
        Some(Self::new(
            self.minor.checked_sub(other.minor)?,
            self.currency,
        ))
    }

    /// The product with a count, or `None` beyond the range.
    #[must_use]
    pub fn checked_mul(self, count: i64) -> Option<Self> {
        Some(Self::new(self.minor.checked_mul(count)?, self.currency))
    }

    fn same_currency(self, other: Self) -> Option<()> {
        (self.currency == other.currency).then_some(())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal::format(self.minor, self.currency.minor_digits()))
    }
}

/// What one credit is worth, exact to 10^-9 of the currency's major unit. [`fmt::Display`] writes the
/// shortest exact decimal: "0.013".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CreditValue {
    nano: i64,
    currency: Currency,
}

impl CreditValue {
    /// Fraction digits that a value may have.
    pub const FRACTION_DIGITS: u8 = 9;
    /// The most one credit may be worth, in major units: far above any price, and low enough that
    /// the cost of any number of credits fits [`Cost`].
    pub const MAX_MAJOR: i64 = 1_000_000;
    const NANO_PER_MAJOR: i64 = 1_000_000_000;

    /// A value from its count of 10^-9 of the major unit, or `None` where that is negative or above
    /// [`Self::MAX_MAJOR`].
    #[must_use]
    pub const fn new(nano: i64, currency: Currency) -> Option<Self> {
        if nano < 0 || nano > Self::MAX_MAJOR * Self::NANO_PER_MAJOR {
            return None;
        }
        Some(Self { nano, currency })
    }

    /// Reads a plain, unsigned decimal in major units.
    ///
    /// # Errors
    /// Signs, exponents and separators; more than [`Self::FRACTION_DIGITS`] digits after the point;
    /// more than [`Self::MAX_MAJOR`].
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, ParseMoneyError> {
        let limit = Self::MAX_MAJOR * Self::NANO_PER_MAJOR;
        decimal::parse(amount, Self::FRACTION_DIGITS, limit)
            .map(|nano| Self { nano, currency })
            .map_err(|error| ParseMoneyError::new(error, Self::FRACTION_DIGITS, Self::MAX_MAJOR))
    }

    /// The count of 10^-9 of the major unit.
    #[must_use]
    pub const fn nano(self) -> i64 {
        self.nano
    }

    /// The currency it is in.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// What so many credits are worth, exact.
    #[must_use]
    pub const fn cost(self, credits: Credits) -> Cost {
        // |i64| × 10^15 is below 10^34: no overflow in i128.
        Cost(credits.units() as i128 * self.nano as i128)
    }

    /// What so many credits are worth, rounded once, half to even, to the currency's minor unit
    /// (rule Q5); `None` beyond the range of [`Money`].
    #[must_use]
    pub fn of(self, credits: Credits) -> Option<Money> {
        self.cost(credits).round(self.currency)
    }
}

impl fmt::Display for CreditValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal::format_shortest(self.nano, Self::FRACTION_DIGITS))
    }
}

/// An exact cost in 10^-13 of a currency's major unit: ten-thousandths of a credit times 10^-9 of
/// a major unit. It is for adding up costs of different card versions; rounding comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cost(i128);

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    const FRACTION_DIGITS: u32 = 13;

    /// The count of 10^-13 of the major unit.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The sum, or `None` beyond the range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The cost as it is shown: rounded half to even to the currency's minor unit; `None` beyond the
    /// range of [`Money`].
    #[must_use]
    pub fn round(self, currency: Currency) -> Option<Money> {
        let per_minor = 10_i128.pow(Self::FRACTION_DIGITS - u32::from(currency.minor_digits()));
        let minor = i64::try_from(decimal::divide_half_even(self.0, per_minor)).ok()?;
        Some(Money::new(minor, currency))
    }
}

#[cfg(test)]
mod tests {
    use super::{CreditValue, Currency, Money, ParseMoneyError};
    use crate::credits::Credits;
    use proptest::prelude::*;

    fn currency(code: &str, minor_digits: u8) -> Currency {
        Currency::new(code.parse().unwrap(), minor_digits).unwrap()
    }

    #[test]
    fn amounts_read_and_write_with_the_currencys_digits() {
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
    fn what_is_no_amount_is_refused() {
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
    fn money_of_two_currencies_does_not_add_up() {
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
        // More than i64 counts, in minor units.
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

    /// The rational rule by hand: schoolbook multiplication of decimal digits, rounding on the digits.
    fn rounded_by_hand(units: i64, nano: i64, minor_digits: usize) -> String {
        let digits = |number: i64| -> Vec<u32> {
            let text = number.to_string();
            text.chars()
                .rev()
                .map(|c| c.to_digit(10).unwrap())
                .collect()
        };
        let (left, right) = (digits(units), digits(nano));
        // Least significant first, with room for the carry of rounding up.
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
            // Half of a minor unit a credit: every odd count is a tie.
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
}
