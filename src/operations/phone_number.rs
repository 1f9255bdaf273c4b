//! Telephone numbers: which number a text means, and whether that number can receive a message.
//!
//! Here: choosing between the readings of a text by the rules of each country's numbering plan (law
//! Q4). Not here: cleaning a text ([`written`]), numbering plans that changed ([`plan`]), and
//! reporting a refused number.

mod plan;
mod written;

use domain::country::CountryCode;
use rlibphonenumber::{
    PHONE_NUMBER_UTIL, PhoneNumber as Parsed, PhoneNumberFormat, PhoneNumberType, Region,
};

use self::written::Written;

/// The countries that have telephone numbers but no code assigned in ISO 3166-1: Kosovo (XK,
/// user-assigned, as CLDR and the European Union use it), Ascension (AC) and Tristan da Cunha (TA),
/// both exceptionally reserved.
const OUTSIDE_ISO: [(&str, &str); 3] = [
    ("AC", "Ascension Island"),
    ("TA", "Tristan da Cunha"),
    ("XK", "Kosovo"),
];

/// A telephone number that can receive a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneNumber {
    /// The digits after the `+` of E.164, at most 15.
    pub digits: i64,
    /// The country that the number belongs to.
    pub country: CountryCode,
}

/// Which kinds of numbers are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Mobile numbers, and numbers that may be mobile in a plan that doesn't distinguish them from
    /// landlines.
    Mobiles,
    /// Landlines as well, for platforms whose routes reach some of them.
    Landlines,
    /// Every valid number, to find one that was stored.
    All,
}

impl Accept {
    /// The value for a caller's `acceptLandlines`.
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
    /// A premium-rate number: the caller pays extra.
    PremiumRate,
    /// A toll-free number: the called party pays.
    TollFree,
    /// A shared-cost number: both parties pay.
    SharedCost,
    /// A voicemail box.
    Voicemail,
    /// A pager.
    Pager,
    /// A personal number, which follows its owner.
    Personal,
    /// A universal access number: one number for all offices of a company.
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

/// Why a text is not a number that can receive a message. Its text follows the name of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// The text isn't a telephone number.
    #[error("Is not a telephone number such as \"+393401234567\".")]
    Malformed,
    /// The text has an exponent, as spreadsheets write long numbers.
    #[error(
        "Is in scientific notation, which has lost digits: format the column as text in the spreadsheet and export it again."
    )]
    Scientific,
    /// The text has decimals.
    #[error(
        "Has decimals, which no telephone number has: format the column as text in the spreadsheet and export it again."
    )]
    Decimals,
    /// The text holds more than one number.
    #[error("Holds more than one number: give each a row of its own.")]
    Several,
    /// The number has an extension.
    #[error("Has an extension, which a message can't reach: write the number alone.")]
    Extension,
    /// The number has no country.
    #[error(
        "Must begin with + and the country's calling code, because no default country is given."
    )]
    WithoutPrefix,
    /// Its country has no such numbers.
    #[error("Is not a valid telephone number of its country.")]
    Invalid,
    /// It belongs to no country, such as a number with +800.
    #[error("Must be a telephone number of a country.")]
    OfNoCountry,
    /// It is a landline, and landlines are not accepted.
    #[error("Is a landline of {country}, which receives no messages; set acceptLandlines to accept landlines.", country = country_name(*.0))]
    Landline(CountryCode),
    /// Numbers of this kind never receive messages.
    #[error("Is a {kind} number of {country}, which can't receive messages.", kind = .0.name(), country = country_name(*.1))]
    Service(Service, CountryCode),
    /// It has no plus and isn't a mobile number of the default country.
    #[error("Is not a mobile number of {country}. If it is a number of another country, begin with + and the calling code.", country = country_name(*.0))]
    NoMobile(CountryCode),
    /// It has no plus, and with one it would be another country's number.
    #[error("Is not a mobile number of {country}; write +{number} for {other}.", country = country_name(*.default), number = .meant.digits, other = country_name(.meant.country))]
    Elsewhere {
        /// The country whose national form was expected.
        default: CountryCode,
        /// The number that the text means with a plus.
        meant: PhoneNumber,
    },
    /// It has a form that its country no longer uses, and the current number can't be derived from
    /// it.
    #[error("{}", .0)]
    OldForm(&'static str),
}

/// Reads a number in E.164 form, or in the national form of `country` if one is given.
///
/// A text with `+` is read as an international number. A text without it is first read in the
/// national form, and accepted if that is a mobile number or may be one. Next it is read with the
/// country's own calling code but without the plus, and accepted if that is a mobile number.
/// Anything else is refused: another reading would be a guess, and a wrong guess sends the message
/// to a stranger.
///
/// # Errors
/// A [`NumberFault`] that says why, and which number may have been meant.
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

/// Whether a code is one of the countries that have telephone numbers but no code assigned in ISO
/// 3166-1.
#[must_use]
pub fn has_numbers_outside_iso(code: &str) -> bool {
    OUTSIDE_ISO.iter().any(|(outside, _)| *outside == code)
}

/// A number and its kind in the numbering plan.
#[derive(Debug, Clone, Copy)]
struct Reading {
    number: PhoneNumber,
    kind: PhoneNumberType,
}

impl Reading {
    /// Returns `None` if the plan has no such number.
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

/// Reads a text with `+`.
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
        // Internet telephony numbers count as landlines. Most receive no messages, and plans
        // classify those that do as mobile.
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

/// Reads a text without `+` as a number of `country`.
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
    // A leading zero is a trunk prefix or the prefix for calls abroad, which is as explicit as a
    // plus.
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
