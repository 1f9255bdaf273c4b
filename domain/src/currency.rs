//! Currencies: their codes and their minor units.
//!
//! Here: the format. Not here: which codes ISO 4217 assigns and with how many digits, which is
//! checked when a client sends them.

use std::{fmt, str::FromStr};

/// A code in the format of ISO 4217: three upper-case ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; 3]);

/// The text is not three upper-case ASCII letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be three upper-case letters such as \"EUR\"")]
pub struct ParseCurrencyCodeError;

impl CurrencyCode {
    /// Makes a code of these letters; `None` if they are not upper-case ASCII.
    #[must_use]
    pub const fn new(letters: [u8; 3]) -> Option<Self> {
        if letters[0].is_ascii_uppercase()
            && letters[1].is_ascii_uppercase()
            && letters[2].is_ascii_uppercase()
        {
            Some(Self(letters))
        } else {
            None
        }
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The letters are ASCII, so the default is never used.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CurrencyCode {
    type Err = ParseCurrencyCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <[u8; 3]>::try_from(text.as_bytes())
            .ok()
            .and_then(Self::new)
            .ok_or(ParseCurrencyCodeError)
    }
}

/// A currency: its code, and the number of decimal digits of its minor unit (2 for EUR, 0 for JPY).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: CurrencyCode,
    minor_digits: u8,
}

impl Currency {
    /// The most digits that any minor unit of ISO 4217 has.
    pub const MAX_MINOR_DIGITS: u8 = 4;

    /// Makes a currency; `None` if it has more than [`Self::MAX_MINOR_DIGITS`] digits.
    #[must_use]
    pub const fn new(code: CurrencyCode, minor_digits: u8) -> Option<Self> {
        if minor_digits > Self::MAX_MINOR_DIGITS {
            return None;
        }
        Some(Self { code, minor_digits })
    }

    /// Its ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> CurrencyCode {
        self.code
    }

    /// Decimal digits of its minor unit, at most [`Self::MAX_MINOR_DIGITS`].
    #[must_use]
    pub const fn minor_digits(self) -> u8 {
        self.minor_digits
    }

    /// Minor units in one major unit, at most 10,000.
    #[must_use]
    pub const fn minor_per_major(self) -> i64 {
        10_i64.pow(self.minor_digits as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{Currency, CurrencyCode};

    #[test]
    fn a_currency_code_is_three_upper_case_letters() {
        assert_eq!("EUR".parse::<CurrencyCode>().unwrap().to_string(), "EUR");
        for text in ["", "EU", "eur", "EURO", "EÙ", "E1R"] {
            assert!(text.parse::<CurrencyCode>().is_err(), "{text:?}");
        }
        assert_eq!(Currency::new("EUR".parse().unwrap(), 5), None);
    }
}
