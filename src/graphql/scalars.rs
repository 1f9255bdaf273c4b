//! The scalars of the API. Inputs are read as strings and checked by [`crate::operations::input`],
//! whose refusals name the field and say what would be right. Outputs are formatted here, exactly.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use domain::credits;
use jiff::Timestamp;

use crate::clock::whole_micros;

/// The longest text that a scalar takes. No valid one comes near it.
const MAX_TEXT_BYTES: usize = 2_048;

macro_rules! text_scalars {
    ($($(#[doc = $doc:literal])* $name:ident $(= $public:literal)? $(by $url:literal)?;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        pub struct $name(pub String);

        $(#[doc = $doc])*
        #[Scalar($(name = $public,)? $(specified_by_url = $url)?)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                text(value).map(Self).map_err(InputValueError::custom)
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    )*};
}

text_scalars! {
    /// Exact decimal number of credits with up to 4 fraction digits, as a string: "3306", "21.489".
    Credits;
    /// Exact decimal number, as a string: "49.90". Amounts of money have the currency's minor
    /// digits.
    Decimal;
    /// RFC 3339 instant with an offset. Answers are always in UTC: "2026-11-22T08:00:00Z".
    DateTime by "https://www.rfc-editor.org/rfc/rfc3339";
    /// ISO 8601 calendar date, the full-date of RFC 3339: "2026-11-22".
    Date by "https://www.rfc-editor.org/rfc/rfc3339#section-5.6";
    /// ISO 3166-1 alpha-2 country code in upper case: "IT". Three countries that have telephone
    /// numbers without such a code are written as CLDR writes them: XK (Kosovo), AC (Ascension
    /// Island) and TA (Tristan da Cunha).
    CountryCode by "https://unicode.org/reports/tr35/#unicode_region_subtag";
    /// ISO 4217 currency code in upper case: "EUR".
    CurrencyCode by "https://www.iso.org/iso-4217-currency-codes.html";
    /// IANA time zone name: "Europe/Rome".
    TimeZone by "https://www.iana.org/time-zones";
    /// Telephone number in E.164 form, with +: "+393401234567".
    PhoneNumber by "https://www.itu.int/rec/T-REC-E.164";
    /// Absolute http or https URL: "https://shop.example/paid".
    WebUrl = "URL" by "https://url.spec.whatwg.org/";
}

/// Whole number from 0 to 9,007,199,254,740,991 (2^53 - 1) as a JSON number. Every language whose
/// numbers are IEEE 754 doubles, such as JavaScript, reads it exactly (RFC 8259, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct BigInt(u64);

impl BigInt {
    /// The largest whole number up to which a double represents every whole number exactly.
    const MAX: u64 = (1 << 53) - 1;

    /// A count as a [`BigInt`]; `None` if it is negative or too large to be exact.
    #[must_use]
    pub fn exact(count: impl TryInto<u64>) -> Option<Self> {
        let count = count.try_into().ok()?;
        (count <= Self::MAX).then_some(Self(count))
    }

    /// A count as a [`BigInt`], limited to the range from 0 to the largest exact number.
    #[must_use]
    pub fn at_most(count: i64) -> Self {
        Self(u64::try_from(count).unwrap_or_default().min(Self::MAX))
    }
}

/// Whole number from 0 to 9,007,199,254,740,991 (2^53 - 1) as a JSON number. Every language whose
/// numbers are IEEE 754 doubles, such as JavaScript, reads it exactly (RFC 8259, section 6).
#[Scalar]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        let count = match &value {
            Value::Number(number) => number.as_u64(),
            _ => None,
        };
        count.and_then(Self::exact).ok_or_else(|| {
            InputValueError::custom(format!("must be a whole number from 0 to {}", Self::MAX))
        })
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.len() <= MAX_TEXT_BYTES => Ok(text),
        Value::String(_) => Err(format!("must have at most {MAX_TEXT_BYTES} bytes")),
        // Whole numbers are exact in JSON. Fractions may not be, so they must come as strings.
        Value::Number(number) if number.is_i64() => Ok(number.to_string()),
        _ => Err("must be a string".to_owned()),
    }
}

impl From<credits::Credits> for Credits {
    fn from(credits: credits::Credits) -> Self {
        Self(credits.to_string())
    }
}

impl Credits {
    /// Credits from units of 1/10,000 credit.
    #[must_use]
    pub fn from_units(units: i64) -> Self {
        credits::Credits::from_units(units).into()
    }
}

impl From<Timestamp> for DateTime {
    fn from(instant: Timestamp) -> Self {
        Self(instant.to_string())
    }
}

impl DateTime {
    /// An instant from the database's microseconds.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        whole_micros(micros).into()
    }
}

#[cfg(test)]
mod tests {
    use super::{BigInt, Credits, DateTime, text};
    use async_graphql::{ScalarType, Value};

    #[test]
    fn counts_are_exact_or_refused() {
        assert_eq!(BigInt::exact(-1_i64), None);
        assert_eq!(BigInt::exact(9_007_199_254_740_992_u64), None);
        for count in [0_u64, 2_147_483_648, 9_007_199_254_740_991] {
            let answered = BigInt::exact(count).unwrap().to_value();
            assert_eq!(answered.into_json().unwrap(), serde_json::json!(count));
        }
    }

    #[test]
    fn amounts_come_as_strings_or_whole_numbers() {
        let check = |value: &str, expected: Option<&str>| {
            let json: serde_json::Value = serde_json::from_str(value).unwrap();
            let read = text(Value::from_json(json).unwrap()).ok();
            assert_eq!(read.as_deref(), expected, "{value}");
        };
        check("\"21.489\"", Some("21.489"));
        check("3306", Some("3306"));
        check("21.489", None);
        check("1e3", None);
        check("true", None);
        check("null", None);
    }

    #[test]
    fn scalars_name_their_public_specification() {
        let sdl = crate::graphql::schema::sdl();
        for (scalar, url) in [
            ("DateTime", "https://www.rfc-editor.org/rfc/rfc3339"),
            ("Date", "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"),
            (
                "CountryCode",
                "https://unicode.org/reports/tr35/#unicode_region_subtag",
            ),
            (
                "CurrencyCode",
                "https://www.iso.org/iso-4217-currency-codes.html",
            ),
            ("TimeZone", "https://www.iana.org/time-zones"),
            ("PhoneNumber", "https://www.itu.int/rec/T-REC-E.164"),
            ("URL", "https://url.spec.whatwg.org/"),
        ] {
            let line = format!("scalar {scalar} @specifiedBy(url: \"{url}\")\n");
            assert!(sdl.contains(&line), "{line}");
        }
    }

    #[test]
    fn instants_are_answered_in_utc() {
        assert_eq!(DateTime::from_micros(0).0, "1970-01-01T00:00:00Z");
        assert_eq!(Credits::from_units(214_890).0, "21.489");
    }
}
