//! Parsing of user input: each function takes a text and the path of its field, and its refusal
//! says what is wrong and what would be right.

use crate::localization::Text;
use domain::{
    calendar,
    country::CountryCode,
    credits::Credits,
    currency::{Currency, CurrencyCode},
    destination::{DestinationFault, Destinations},
    money::{CreditValue, Money, ParseMoneyError},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

use super::{
    invisible::invisible,
    phone_number,
    refusal::{OperationError, Path, Refusal, credits_message},
    together::{Together, all},
};

/// The longest name, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// The longest note, in characters.
pub const MAX_NOTE_CHARS: usize = 2_000;
/// The longest label of whom a key acts for, in characters.
pub const MAX_LABEL_CHARS: usize = 100;
/// The most recipients of one list or message: the largest `Int` of GraphQL.
pub const MAX_RECIPIENTS: u64 = 2_147_483_647;

/// The currency that an amount is read in if its own isn't known: no currency has more digits.
const ANY_CURRENCY: Currency = match CurrencyCode::new(*b"XXX") {
    Some(code) => match Currency::new(code, Currency::MAX_MINOR_DIGITS) {
        Some(currency) => currency,
        None => panic!("the most digits are allowed"),
    },
    None => panic!("three letters are a code"),
};

/// Whether an id could not be read, so that it names nothing. What it is looked up among need not
/// be known to refuse it.
pub fn names_nothing(id: impl Into<Uuid>) -> bool {
    id.into().is_nil()
}

/// A name: not empty, at most [`MAX_NAME_CHARS`], without control and invisible characters.
///
/// # Errors
/// `Invalid` at `path` for any other text.
pub fn name(text: &str, path: &Path) -> Result<String, Refusal> {
    visible(line(text, MAX_NAME_CHARS, path)?, path)
}

/// A note: not empty, at most [`MAX_NOTE_CHARS`], without control and invisible characters.
///
/// # Errors
/// `Invalid` at `path` for any other text.
pub fn note(text: &str, path: &Path) -> Result<String, Refusal> {
    visible(line(text, MAX_NOTE_CHARS, path)?, path)
}

/// The label of whom a key acts for: not empty, at most [`MAX_LABEL_CHARS`], without control and
/// invisible characters.
///
/// # Errors
/// `Invalid` at `path` for any other text.
pub fn label(text: &str, path: &Path) -> Result<String, Refusal> {
    visible(line(text, MAX_LABEL_CHARS, path)?, path)
}

/// Refuses invisible characters, because other people see the text, for example on the page where a
/// purchase is approved.
fn visible(text: String, path: &Path) -> Result<String, Refusal> {
    let Some((position, character)) = invisible(&text) else {
        return Ok(text);
    };
    Err(path.invalid(text!(
        "Must not have invisible characters or ones that change the direction of text; remove U+{code} at position {position}.",
        code = format_args!("{:04X}", u32::from(character)),
        position = position,
    )))
}

/// A text to search for: at most [`MAX_NAME_CHARS`], without control characters. `None` if it is
/// blank, which matches everything.
///
/// # Errors
/// `Invalid` at `path` if it is too long or has control characters.
pub fn search(text: Option<&str>, path: &Path) -> Result<Option<String>, Refusal> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => line(text, MAX_NAME_CHARS, path).map(Some),
    }
}

fn line(text: &str, max_chars: usize, path: &Path) -> Result<String, Refusal> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(path.invalid(text!("Must not be empty.")));
    }
    if trimmed.chars().count() > max_chars {
        return Err(path.invalid(text!(
            "Must have at most {limit} characters.",
            limit = max_chars
        )));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(path.invalid(text!("Must not have control characters.")));
    }
    Ok(trimmed.to_owned())
}

/// An amount of credits, which may be zero.
///
/// # Errors
/// `Invalid` at `path` if it isn't a number, is too precise or too large.
pub fn credits(text: &str, path: &Path) -> Result<Credits, Refusal> {
    text.parse()
        .map_err(|error| path.invalid(credits_message(error)))
}

/// An amount of credits greater than zero.
///
/// # Errors
/// `Invalid` at `path` for zero, and for what [`credits`] refuses.
pub fn positive_credits(text: &str, path: &Path) -> Result<Credits, Refusal> {
    let credits = credits(text, path)?;
    if credits.is_zero() {
        return Err(path.invalid(text!("Must be more than zero.")));
    }
    Ok(credits)
}

/// A country: a code assigned in ISO 3166-1, or one of the three others that have telephone
/// numbers.
///
/// # Errors
/// `Invalid` at `path` for any other code.
pub fn country(text: &str, path: &Path) -> Result<CountryCode, Refusal> {
    let code: Option<CountryCode> = text.parse().ok();
    code.filter(|_| {
        rust_iso3166::from_alpha2(text).is_some() || phone_number::has_numbers_outside_iso(text)
    })
    .ok_or_else(|| {
        path.invalid(text!(
            "Must be an ISO 3166-1 alpha-2 country code such as \"IT\", or XK, AC or TA."
        ))
    })
}

/// A currency of ISO 4217.
///
/// # Errors
/// `Invalid` at `path` for an unknown code.
pub fn currency(text: &str, path: &Path) -> Result<Currency, Refusal> {
    known_currency(text)
        .ok_or_else(|| path.invalid(text!("Must be an ISO 4217 currency code such as \"EUR\".")))
}

/// A currency of ISO 4217 with its minor unit; `None` for an unknown code.
#[must_use]
pub fn known_currency(text: &str) -> Option<Currency> {
    let known = iso_currency::Currency::from_code(text)?;
    let digits = known
        .exponent()
        .and_then(|digits| u8::try_from(digits).ok())?;
    let code: CurrencyCode = text.parse().ok()?;
    Currency::new(code, digits)
}

/// An IANA time zone, in its canonical spelling.
///
/// # Errors
/// `Invalid` at `path` for an unknown name.
pub fn time_zone(text: &str, path: &Path) -> Result<TimeZone, Refusal> {
    calendar::parse_time_zone(text).map_err(|_| {
        path.invalid(text!(
            "Must be an IANA time zone name such as \"Europe/Rome\"."
        ))
    })
}

/// An instant in whole microseconds, between the years 1980 and 2200, which reports and ids can
/// represent.
///
/// # Errors
/// `Invalid` at `path` if it isn't RFC 3339 or is out of these years.
pub fn instant(text: &str, path: &Path) -> Result<Timestamp, Refusal> {
    let wrong = || {
        path.invalid(text!(
            "Must be an RFC 3339 instant such as \"2026-11-22T08:00:00Z\", between the years 1980 and 2200."
        ))
    };
    let instant: Timestamp = text.parse().map_err(|_| wrong())?;
    let year = instant.to_zoned(TimeZone::UTC).year();
    if !(1980..=2200).contains(&year) {
        return Err(wrong());
    }
    Timestamp::from_microsecond(instant.as_microsecond()).map_err(|_| wrong())
}

/// A calendar date between the years 1980 and 2200.
///
/// # Errors
/// `Invalid` at `path` if it isn't ISO 8601 or is out of these years.
pub fn date(text: &str, path: &Path) -> Result<Date, Refusal> {
    let wrong = || {
        path.invalid(text!(
            "Must be an ISO 8601 date such as \"2026-11-22\", between the years 1980 and 2200."
        ))
    };
    let date: Date = text.parse().map_err(|_| wrong())?;
    // The parser accepts date-times too.
    if text.len() != 10 || !(1980..=2200).contains(&date.year()) {
        return Err(wrong());
    }
    Ok(date)
}

/// An amount of money in the currency's minor units, which may be zero.
///
/// # Errors
/// `Invalid` at the amount or the currency below `path`.
pub fn money(amount: &str, currency_code: &str, path: &Path) -> Result<Money, OperationError> {
    let currency = currency(currency_code, &path.at("currencyCode"));
    let parsed = currency.as_ref().copied().unwrap_or(ANY_CURRENCY);
    let amount = Money::parse(amount, parsed);
    let amount = amount.map_err(|error| path.at("amount").invalid(money_message(&error)));
    let (_, amount) = (currency, amount).together()?;
    Ok(amount)
}

/// The value of one credit.
///
/// # Errors
/// `Invalid` at the amount or the currency below `path`.
pub fn credit_value(
    amount: &str,
    currency_code: &str,
    path: &Path,
) -> Result<CreditValue, OperationError> {
    let currency = currency(currency_code, &path.at("currencyCode"));
    let parsed = currency.as_ref().copied().unwrap_or(ANY_CURRENCY);
    let amount = CreditValue::parse(amount, parsed);
    let amount = amount.map_err(|error| path.at("amount").invalid(money_message(&error)));
    let (_, amount) = (currency, amount).together()?;
    Ok(amount)
}

fn money_message(error: &ParseMoneyError) -> Text {
    match error {
        ParseMoneyError::Malformed => {
            text!("Must be a plain decimal number such as \"49.90\".")
        }
        ParseMoneyError::TooPrecise { max_digits } => text!(
            "Must have at most {limit} fraction digits in this currency.",
            limit = max_digits,
        ),
        ParseMoneyError::TooLarge { max_major } => {
            text!("Must be at most {limit}.", limit = max_major)
        }
    }
}

/// Head-counts by country.
///
/// # Errors
/// Unknown countries, negative counts or too many recipients, by position below `path`.
pub fn destinations<'a>(
    rows: impl IntoIterator<Item = (&'a str, i32)>,
    path: &Path,
) -> Result<Destinations, OperationError> {
    let rows = rows.into_iter().enumerate();
    let pairs = all(rows.map(|(index, (code, recipients))| {
        let at = path.at(index);
        let country = country(code, &at.at("countryCode"));
        let recipients = u32::try_from(recipients).map_err(|_| {
            at.at("recipientCount")
                .invalid(text!("Must not be negative."))
        });
        let (country, recipients) = (country, recipients).together()?;
        Ok::<_, OperationError>((country, i64::from(recipients)))
    }))?;
    let destinations = Destinations::from_pairs(pairs).map_err(|error| {
        let at = path.at(error.index).at("recipientCount");
        match error.fault {
            DestinationFault::Negative => at.invalid(text!("Must not be negative.")),
            DestinationFault::TooManyInCountry => at.invalid(text!(
                "Must be at most {limit} in a country.",
                limit = Destinations::MAX_PER_COUNTRY
            )),
            DestinationFault::TooManyInAll => at.invalid(text!(
                "Must be at most {limit} in all.",
                limit = MAX_RECIPIENTS
            )),
        }
    })?;
    if destinations.total() > MAX_RECIPIENTS {
        let text = text!(
            "Must be at most {limit} recipients in all.",
            limit = MAX_RECIPIENTS
        );
        return Err(path.invalid(text).into());
    }
    Ok(destinations)
}
