//! Credits as an exact count of ten-thousandths.
//!
//! Here: the number, its text form and its checked arithmetic. Not here: the value of credits
//! ([`crate::money`]), and the books that they are in ([`crate::book`]).

use std::{fmt, str::FromStr};

/// An amount of credits, exact to four fraction digits and counted in units of 1/10,000 credit.
///
/// Arithmetic is checked: an operation that would leave the range of `i64` returns `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Credits(i64);

/// Why a text is not an amount of credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseCreditsError {
    /// Not plain decimal digits with at most one point.
    #[error("must be a plain decimal number such as \"3306\" or \"21.489\"")]
    Malformed,
    /// More than four digits after the point.
    #[error("must have at most 4 fraction digits")]
    TooPrecise,
    /// Beyond [`Credits::MAX_INPUT`].
    #[error("must be at most 1,000,000,000,000 credits")]
    TooLarge,
}

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// Units in one credit.
    pub const UNITS_PER_CREDIT: i64 = 10_000;
    /// The largest amount accepted from clients: 10^12 credits. Nine hundred such amounts add up
    /// within `i64`.
    pub const MAX_INPUT: Self = Self(1_000_000_000_000 * Self::UNITS_PER_CREDIT);

    /// Makes an amount from units of 1/10,000 credit.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// Makes an amount of whole credits.
    #[must_use]
    pub const fn whole(credits: i32) -> Self {
        // i32::MAX × 10,000 is well within i64.
        Self(credits as i64 * Self::UNITS_PER_CREDIT)
    }

    /// The amount in units of 1/10,000 credit.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The sum, or `None` beyond the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The difference, or `None` beyond the range; it may be negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The product with a count, or `None` beyond the range.
    #[must_use]
    pub const fn checked_mul(self, count: i64) -> Option<Self> {
        match self.0.checked_mul(count) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether the amount is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// The shortest exact form: no trailing zeros, no exponent.
impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_credit = Self::UNITS_PER_CREDIT.unsigned_abs();
        let magnitude = self.0.unsigned_abs();
        let (whole, fraction) = (magnitude / per_credit, magnitude % per_credit);
        if self.0 < 0 {
            f.write_str("-")?;
        }
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:04}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Parses a plain, unsigned decimal. Signs, exponents, spaces and separators are rejected, and so
/// are more than four fraction digits: an amount is never rounded silently.
impl FromStr for Credits {
    type Err = ParseCreditsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(ParseCreditsError::Malformed);
        }
        if fraction.len() > 4 {
            return Err(ParseCreditsError::TooPrecise);
        }
        let whole = whole.trim_start_matches('0');
        // The largest accepted amount has thirteen digits, and all numbers of so many digits fit
        // i64.
        if whole.len() > 13 {
            return Err(ParseCreditsError::TooLarge);
        }
        let number = |part: &str| {
            part.bytes()
                .fold(0_i64, |sum, byte| sum * 10 + i64::from(byte - b'0'))
        };
        let scale = [10_000, 1_000, 100, 10, 1][fraction.len()];
        let units = number(whole) * Self::UNITS_PER_CREDIT + number(fraction) * scale;
        if units > Self::MAX_INPUT.units() {
            return Err(ParseCreditsError::TooLarge);
        }
        Ok(Self(units))
    }
}

#[cfg(test)]
mod tests {
    use super::{Credits, ParseCreditsError};
    use proptest::prelude::*;

    #[test]
    fn other_texts_are_rejected() {
        let check = |text: &str, why| assert_eq!(text.parse::<Credits>(), Err(why), "{text:?}");
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "NaN", "1,5", " 1", "1 ", "0x1", "1.2.3", "١",
        ] {
            check(text, ParseCreditsError::Malformed);
        }
        check("1.23456", ParseCreditsError::TooPrecise);
        check(
            "123456789012345678901234567890",
            ParseCreditsError::TooLarge,
        );
        check("1000000000000.0001", ParseCreditsError::TooLarge);
    }

    #[test]
    fn amounts_are_written_without_trailing_zeros() {
        let check = |units, text: &str| assert_eq!(Credits::from_units(units).to_string(), text);
        check(0, "0");
        check(33_060_000, "3306");
        check(214_890, "21.489");
        check(-1, "-0.0001");
        check(i64::MIN, "-922337203685477.5808");
    }

    proptest! {
        #[test]
        fn amounts_read_back(units in 0..=Credits::MAX_INPUT.units()) {
            let credits = Credits::from_units(units);
            prop_assert_eq!(credits.to_string().parse(), Ok(credits));
        }
    }
}
