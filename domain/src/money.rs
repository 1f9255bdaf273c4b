//! Money in minor units, and the value of a credit in money.
//!
//! Here: exact amounts, their texts, and the one place where a cost is rounded. Not here: rounding
//! the parts of a cost ([`parts`]), and conversion between currencies, which the product doesn't
//! do.

pub mod parts;

use std::fmt;

use crate::{
    credits::Credits,
    decimal::{self, DecimalError},
};

pub use crate::currency::{Currency, CurrencyCode, ParseCurrencyCodeError};

/// An amount of money, exact in its currency's minor units. [`fmt::Display`] writes only the
/// amount, with all of the currency's digits: "21.49", or "1500" for a currency without any.
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
        /// The most digits it may have.
        max_digits: u8,
    },
    /// Above the largest accepted amount.
    #[error("must be at most {max_major}")]
    TooLarge {
        /// The largest accepted amount, in major units.
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
    /// The largest amount accepted from clients, in major units. With four minor digits, nine
    /// hundred such amounts add up within `i64`.
    pub const MAX_INPUT_MAJOR: i64 = 1_000_000_000_000;

    /// Makes an amount from minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Zero in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Parses a plain, unsigned decimal amount, which is never rounded.
    ///
    /// # Errors
    /// If the text has a sign, an exponent or separators, more fraction digits than the currency,
    /// or is above [`Self::MAX_INPUT_MAJOR`].
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, ParseMoneyError> {
        let digits = currency.minor_digits();
        let limit = Self::MAX_INPUT_MAJOR * currency.minor_per_major();
        decimal::parse(amount, digits, limit)
            .map(|minor| Self::new(minor, currency))
            .map_err(|error| ParseMoneyError::new(error, digits, Self::MAX_INPUT_MAJOR))
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency it is in.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum; `None` beyond the range, or if the currencies differ.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.same_currency(other)?;
        Some(Self::new(
            self.minor.checked_add(other.minor)?,
            self.currency,
        ))
    }

    /// The difference, which may be negative; `None` beyond the range, or if the currencies differ.
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

/// The value of one credit, exact to 10^-9 of the currency's major unit. [`fmt::Display`] writes
/// the shortest exact decimal: "0.013".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CreditValue {
    nano: i64,
    currency: Currency,
}

impl CreditValue {
    /// The most fraction digits that a value may have.
    pub const FRACTION_DIGITS: u8 = 9;
    /// The largest value of one credit, in major units: far above any price, and low enough that
    /// the cost of any number of credits fits [`Cost`].
    pub const MAX_MAJOR: i64 = 1_000_000;
    const NANO_PER_MAJOR: i64 = 1_000_000_000;

    /// Makes a value from a count of 10^-9 of the major unit; `None` if it is negative or above
    /// [`Self::MAX_MAJOR`].
    #[must_use]
    pub const fn new(nano: i64, currency: Currency) -> Option<Self> {
        if nano < 0 || nano > Self::MAX_MAJOR * Self::NANO_PER_MAJOR {
            return None;
        }
        Some(Self { nano, currency })
    }

    /// Parses a plain, unsigned decimal in major units.
    ///
    /// # Errors
    /// If the text has a sign, an exponent or separators, more than [`Self::FRACTION_DIGITS`]
    /// fraction digits, or is above [`Self::MAX_MAJOR`].
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, ParseMoneyError> {
        let limit = Self::MAX_MAJOR * Self::NANO_PER_MAJOR;
        decimal::parse(amount, Self::FRACTION_DIGITS, limit)
            .map(|nano| Self { nano, currency })
            .map_err(|error| ParseMoneyError::new(error, Self::FRACTION_DIGITS, Self::MAX_MAJOR))
    }

    /// The value in 10^-9 of the major unit.
    #[must_use]
    pub const fn nano(self) -> i64 {
        self.nano
    }

    /// The currency it is in.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The exact cost of an amount of credits.
    #[must_use]
    pub const fn cost(self, credits: Credits) -> Cost {
        // |i64| × 10^15 is below 10^34: no overflow in i128.
        Cost(credits.units() as i128 * self.nano as i128)
    }

    /// The cost of an amount of credits, rounded once, half to even, to the currency's minor unit
    /// (law Q5); `None` beyond the range of [`Money`].
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

/// An exact cost in 10^-13 of a currency's major unit: units of 1/10,000 credit times 10^-9 of a
/// major unit. Costs of different versions of rate cards are added up in it and rounded last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cost(i128);

impl Cost {
    /// No cost.
    pub const ZERO: Self = Self(0);
    const FRACTION_DIGITS: u32 = 13;

    /// The cost in 10^-13 of the major unit.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The sum, or `None` beyond the range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The displayed cost, rounded half to even to the currency's minor unit; `None` beyond the
    /// range of [`Money`].
    #[must_use]
    pub fn round(self, currency: Currency) -> Option<Money> {
        let minor = decimal::divide_half_even(self.0, Self::per_minor(currency));
        Some(Money::new(i64::try_from(minor).ok()?, currency))
    }

    /// A minor unit of the currency, in 10^-13 of the major unit.
    fn per_minor(currency: Currency) -> i128 {
        10_i128.pow(Self::FRACTION_DIGITS - u32::from(currency.minor_digits()))
    }
}

#[cfg(test)]
mod tests;
