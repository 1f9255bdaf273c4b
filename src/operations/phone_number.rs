//! Telephone numbers: reading them as people write them, by the rules of each country's numbering plan.
//!
//! Here: what is a number, of which country, and its digits. Not here: where a number that is none is refused.

use domain::country::CountryCode;
use rlibphonenumber::{PhoneNumber as Parsed, PhoneNumberFormat, Region};

/// The longest number as it is written: fifteen digits, with room for what sets them apart.
const MAX_BYTES: usize = 32;

/// A telephone number that is valid in its country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneNumber {
    /// What follows the `+` of E.164: at most fifteen digits.
    pub digits: i64,
    /// The country that it belongs to.
    pub country: CountryCode,
}

/// Why a text is no telephone number. Written after the name of what it is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// It is not written as one.
    #[error("Is not a telephone number such as \"+393401234567\".")]
    Malformed,
    /// It does not say its country.
    #[error("Must begin with + and the country's prefix, where no country is given.")]
    WithoutPrefix,
    /// Its country has no such numbers.
    #[error("Is not a valid telephone number of its country.")]
    Invalid,
    /// It belongs to no country, such as +800.
    #[error("Must be a telephone number of a country.")]
    OfNoCountry,
}

/// Reads a number in E.164 form, or in the national form of `country` where one is given.
///
/// # Errors
/// Why it is none.
pub fn read(text: &str, country: Option<CountryCode>) -> Result<PhoneNumber, NumberFault> {
    let may_stand =
        |character: char| character.is_ascii_digit() || " -.()/\u{A0}".contains(character);
    let digits = text.strip_prefix('+').unwrap_or(text);
    if text.len() > MAX_BYTES || digits.is_empty() || !digits.chars().all(may_stand) {
        return Err(NumberFault::Malformed);
    }
    let region = country.and_then(|country| Region::from_code(country.as_str()).ok());
    if region.is_none() && !text.starts_with('+') {
        return Err(NumberFault::WithoutPrefix);
    }
    let number = Parsed::parse(text, region).map_err(|_| NumberFault::Malformed)?;
    if !number.is_valid() {
        return Err(NumberFault::Invalid);
    }
    // Numbers of no country, such as +800, have the region "001".
    let country = number
        .get_region_code()
        .and_then(|region| region.as_region_str().parse().ok())
        .ok_or(NumberFault::OfNoCountry)?;
    let e164 = number.format_as(PhoneNumberFormat::E164);
    let digits = e164
        .strip_prefix('+')
        .and_then(|digits| digits.parse().ok());
    Ok(PhoneNumber {
        digits: digits.ok_or(NumberFault::Malformed)?,
        country,
    })
}

#[cfg(test)]
mod tests {
    use super::{NumberFault, read};

    #[test]
    fn numbers_are_read_in_both_forms() {
        let check = |text: &str, country: Option<&str>, expected: (i64, &str)| {
            let country = country.map(|code| code.parse().unwrap());
            let found = read(text, country).map(|found| (found.digits, found.country.to_string()));
            assert_eq!(
                found,
                Ok((expected.0, expected.1.to_owned())),
                "{text} {country:?}"
            );
        };
        let mobile = (393_401_234_567, "IT");
        check("+393401234567", None, mobile);
        check("+39 340 123-4567", Some("DE"), mobile);
        check("340 123 4567", Some("IT"), mobile);
        check("340\u{A0}1234567", Some("IT"), mobile);
        check("393401234567", Some("IT"), mobile);
        check("0039 340 1234567", Some("IT"), mobile);
        // Italian landlines keep their zero; elsewhere it is the trunk prefix.
        check("06 1234 5678", Some("IT"), (390_612_345_678, "IT"));
        check("07400 123456", Some("GB"), (447_400_123_456, "GB"));
        check("(201) 555-0123", Some("US"), (12_015_550_123, "US"));
        check("416 555 0123", Some("US"), (14_165_550_123, "CA"));
    }

    #[test]
    fn what_is_no_number_says_why() {
        use NumberFault::{Invalid, Malformed, OfNoCountry, WithoutPrefix};
        let check = |text: &str, country: Option<&str>, fault: NumberFault| {
            let country = country.map(|code| code.parse().unwrap());
            assert_eq!(read(text, country), Err(fault), "{text} {country:?}");
        };
        check("3401234567", None, WithoutPrefix);
        check("+3934", None, Invalid);
        check("+80012345678", None, OfNoCountry);
        for text in [
            "",
            "+",
            "hello",
            "+39340ABCDEF",
            "tel:+393401234567",
            "++393401234567",
        ] {
            check(text, Some("IT"), Malformed);
        }
        check(&"1".repeat(33), Some("IT"), Malformed);
        check("12345", Some("IT"), Invalid);
    }
}
