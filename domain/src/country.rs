//! Country codes of two letters.
//!
//! Here: the format. Not here: which codes ISO 3166-1 assigns, which is checked when a client sends
//! them.

use std::{fmt, str::FromStr};

/// A code in the format of ISO 3166-1 alpha-2: two upper-case ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

/// The text is not two upper-case ASCII letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be two upper-case letters such as \"IT\"")]
pub struct ParseCountryCodeError;

impl CountryCode {
    /// Makes a code of these letters; `None` if they are not upper-case ASCII.
    #[must_use]
    pub const fn new(letters: [u8; 2]) -> Option<Self> {
        if letters[0].is_ascii_uppercase() && letters[1].is_ascii_uppercase() {
            Some(Self(letters))
        } else {
            None
        }
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The letters are ASCII, so the default is never used.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CountryCode {
    type Err = ParseCountryCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <[u8; 2]>::try_from(text.as_bytes())
            .ok()
            .and_then(Self::new)
            .ok_or(ParseCountryCodeError)
    }
}

#[cfg(test)]
mod tests {
    use super::{CountryCode, ParseCountryCodeError};

    #[test]
    fn only_two_upper_case_letters_are_a_code() {
        let check = |text: &str, want: bool| match text.parse::<CountryCode>() {
            Ok(code) => assert!(want && code.to_string() == text, "{text:?}"),
            Err(error) => assert!(!want && error == ParseCountryCodeError, "{text:?}"),
        };
        check("IT", true);
        check("US", true);
        for text in ["", "I", "it", "It", "ITA", "I1", " IT", "À", "I\0"] {
            check(text, false);
        }
    }
}
