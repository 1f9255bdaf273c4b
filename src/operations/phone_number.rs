//! Telephone numbers: which number a text means, and whether that number can receive a message.
//!
//! Here: the choice between the readings of a text, by the rules of each country's numbering plan (law Q4). Not here:
//! how a text is cleaned ([`written`]); numbering plans that changed ([`plan`]); where a refused number is reported.

mod plan;
mod written;

use domain::country::CountryCode;
use rlibphonenumber::{
    PHONE_NUMBER_UTIL, PhoneNumber as Parsed, PhoneNumberFormat, PhoneNumberType, Region,
};

use self::written::Written;

/// The countries that have telephone numbers but no code assigned in ISO 3166-1: Kosovo (XK, user-assigned, as CLDR
/// and the European Union use it), Ascension (AC) and Tristan da Cunha (TA), both exceptionally reserved.
const OUTSIDE_ISO: [(&str, &str); 3] = [
    ("AC", "Ascension Island"),
    ("TA", "Tristan da Cunha"),
    ("XK", "Kosovo"),
];

/// A telephone number that can receive a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneNumber {
    /// What follows the `+` of E.164: at most fifteen digits.
    pub digits: i64,
    /// The country that it belongs to.
    pub country: CountryCode,
}

/// Which kinds of numbers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Mobile numbers, and those that a plan can't tell from landlines.
    Mobiles,
    /// These and landlines, for platforms whose routes reach some of them.
    Landlines,
    /// Every valid number: for finding one that was stored.
    All,
}

impl Accept {
    /// From a caller's `acceptLandlines`.
    #[must_use]
    pub fn landlines(accepted: bool) -> Self {
        if accepted {
            Self::Landlines
        } else {
            Self::Mobiles
        }
    }
}

/// A kind of number that never receives a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The caller pays extra.
    PremiumRate,
    /// The called party pays.
    TollFree,
    /// Both pay.
    SharedCost,
    /// A mailbox for spoken messages.
    Voicemail,
    /// A pager.
    Pager,
    /// A number that follows a person.
    Personal,
    /// One number for a company's offices.
    UniversalAccess,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::PremiumRate => "premium-rate",
            Self::TollFree => "toll-free",
            Self::SharedCost => "shared-cost",
            Self::Voicemail => "voicemail",
            Self::Pager => "pager",
            Self::Personal => "personal",
            Self::UniversalAccess => "universal access",
        }
    }
}

/// Why a text is not a number that can receive a message. The text is written after the name of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// It is not written as a number.
    #[error("Is not a telephone number such as \"+393401234567\".")]
    Malformed,
    /// It has an exponent, as spreadsheets write long numbers.
    #[error(
        "Is in scientific notation, which has lost digits: format the column as text in the spreadsheet and export it again."
    )]
    Scientific,
    /// It has decimals.
    #[error(
        "Has decimals, which no telephone number has: format the column as text in the spreadsheet and export it again."
    )]
    Decimals,
    /// It holds more than one number.
    #[error("Holds more than one number: give each a row of its own.")]
    Several,
    /// It has an extension.
    #[error("Has an extension, which a message can't reach: write the number alone.")]
    Extension,
    /// It does not say its country.
    #[error(
        "Must begin with + and the country's calling code, because no default country is given."
    )]
    WithoutPrefix,
    /// Its country has no such numbers.
    #[error("Is not a valid telephone number of its country.")]
    Invalid,
    /// It belongs to no country, such as +800.
    #[error("Must be a telephone number of a country.")]
    OfNoCountry,
    /// It is a landline, and landlines are not accepted.
    #[error("Is a landline of {}, which receives no messages; set acceptLandlines to accept landlines.", country_name(*.0))]
    Landline(CountryCode),
    /// It can't receive a message.
    #[error("Is a {} number of {}, which can't receive messages.", .0.name(), country_name(*.1))]
    Service(Service, CountryCode),
    /// It has no plus, and is no mobile number of the default country.
    #[error("Is not a mobile number of {}. If it is a number of another country, begin with + and the calling code.", country_name(*.0))]
    NoMobile(CountryCode),
    /// It has no plus, and would be another country's number with one.
    #[error("Is not a mobile number of {}; write +{} for {}.", country_name(*.default), .meant.digits, country_name(.meant.country))]
    Elsewhere {
        /// The country whose national form was expected.
        default: CountryCode,
        /// What it means with a plus.
        meant: PhoneNumber,
    },
    /// It was written in a form that its country's plan has left, and what it is now can't be told.
    #[error("{}", .0)]
    OldForm(&'static str),
}

/// Reads a number in E.164 form, or in the national form of `country` if one is given.
///
/// A text with `+` means what it says. A text without is read in its national form first, and is taken if that is a
/// mobile number or one that the plan can't tell from one. Next comes the country's own calling code without its
/// plus, if that reading is a mobile number. Anything else is refused: another reading would be a guess, and a wrong
/// guess writes to a stranger.
///
/// # Errors
/// Why it is not such a number, and what it may have meant.
pub fn read(
    text: &str,
    country: Option<CountryCode>,
    accept: Accept,
) -> Result<PhoneNumber, NumberFault> {
    let written = written::clean(text)?;
    if written.plus {
        return judge(international(&written)?, accept);
    }
    let Some(country) = country else {
        return Err(NumberFault::WithoutPrefix);
    };
    let Ok(region) = Region::from_code(country.as_str()) else {
        return Err(NumberFault::WithoutPrefix);
    };
    national(&written, country, region, accept)
}

/// Whether a code is one of a country with telephone numbers that ISO 3166-1 does not assign.
#[must_use]
pub fn has_numbers_outside_iso(code: &str) -> bool {
    OUTSIDE_ISO.iter().any(|(outside, _)| *outside == code)
}

/// A number as its numbering plan knows it.
#[derive(Debug, Clone, Copy)]
struct Reading {
    number: PhoneNumber,
    kind: PhoneNumberType,
}

impl Reading {
    /// `None` if its plan has no such number.
    fn of(parsed: &Parsed) -> Result<Option<Self>, NumberFault> {
        let kind = parsed.get_type();
        let e164 = parsed.format_as(PhoneNumberFormat::E164);
        let digits = e164.strip_prefix('+').and_then(|text| text.parse().ok());
        let Some(digits) = digits.filter(|_| kind != PhoneNumberType::Unknown) else {
            return Ok(None);
        };
        // Numbers of no country, such as +800, have the region "001".
        let region = parsed.get_region_code();
        let country = region.and_then(|region| region.as_region_str().parse().ok());
        let country = country.ok_or(NumberFault::OfNoCountry)?;
        let number = PhoneNumber { digits, country };
        Ok(Some(Self { number, kind }))
    }

    fn is_mobile(&self) -> bool {
        matches!(
            self.kind,
            PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile
        )
    }
}

/// What a text with `+` means.
fn international(written: &Written) -> Result<Reading, NumberFault> {
    let mut text = String::with_capacity(written.digits.len() + 1);
    text.push('+');
    text.push_str(&written.digits);
    let parsed = Parsed::parse(&text, None).map_err(|_| NumberFault::Invalid)?;
    match Reading::of(&parsed)? {
        Some(reading) => Ok(reading),
        None => plan::moved(&written.digits)?
            .and_then(|now| Reading::of(&Parsed::parse(now, None).ok()?).transpose())
            .unwrap_or(Err(NumberFault::Invalid)),
    }
}

fn judge(reading: Reading, accept: Accept) -> Result<PhoneNumber, NumberFault> {
    let number = reading.number;
    if accept == Accept::All {
        return Ok(number);
    }
    let service = |kind| Err(NumberFault::Service(kind, number.country));
    match reading.kind {
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => Ok(number),
        // Numbers over the internet count as landlines: most receive no messages, and where they do, plans call them
        // mobile.
        PhoneNumberType::FixedLine | PhoneNumberType::VoIP => match accept {
            Accept::Landlines | Accept::All => Ok(number),
            Accept::Mobiles => Err(NumberFault::Landline(number.country)),
        },
        PhoneNumberType::PremiumRate => service(Service::PremiumRate),
        PhoneNumberType::TollFree => service(Service::TollFree),
        PhoneNumberType::SharedCost => service(Service::SharedCost),
        PhoneNumberType::VoiceMail => service(Service::Voicemail),
        PhoneNumberType::Pager => service(Service::Pager),
        PhoneNumberType::PersonalNumber => service(Service::Personal),
        PhoneNumberType::UAN => service(Service::UniversalAccess),
        PhoneNumberType::Unknown => Err(NumberFault::Invalid),
    }
}

/// What a text without `+` means for a country.
fn national(
    written: &Written,
    country: CountryCode,
    region: Region,
    accept: Accept,
) -> Result<PhoneNumber, NumberFault> {
    let parsed = Parsed::parse(&written.digits, Some(region)).ok();
    let home = parsed.as_ref().map_or(Ok(None), Reading::of)?;
    if let Some(home) = home.filter(Reading::is_mobile) {
        return Ok(home.number);
    }
    let with_plus = international(written).ok();
    let (own, elsewhere) = if begins_with_calling_code(&written.digits, region) {
        (with_plus, None)
    } else {
        (None, with_plus.filter(Reading::is_mobile))
    };
    if let Some(own) = own.filter(Reading::is_mobile) {
        return Ok(own.number);
    }
    let Some(home) = home else {
        return Err(no_mobile(country, elsewhere));
    };
    // A zero in front is a trunk prefix, or the prefix for calls abroad, which says as much as a plus.
    let is_only_reading = elsewhere.is_none() && own.is_none_or(|own| own.number == home.number);
    if written.digits.starts_with('0') || is_only_reading {
        judge(home, accept)
    } else {
        Err(no_mobile(country, elsewhere))
    }
}

fn begins_with_calling_code(digits: &str, region: Region) -> bool {
    PHONE_NUMBER_UTIL
        .get_country_code_for_region(region)
        .is_some_and(|code| digits.starts_with(&code.to_string()))
}

fn no_mobile(default: CountryCode, elsewhere: Option<Reading>) -> NumberFault {
    elsewhere.map_or(NumberFault::NoMobile(default), |reading| {
        NumberFault::Elsewhere {
            default,
            meant: reading.number,
        }
    })
}

fn country_name(code: CountryCode) -> String {
    let outside = OUTSIDE_ISO
        .iter()
        .find(|(outside, _)| *outside == code.as_str());
    match (outside, rust_iso3166::from_alpha2(code.as_str())) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, Some(known)) => known.name.to_owned(),
        (None, None) => code.to_string(),
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
