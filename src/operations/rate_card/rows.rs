//! A version's rows and the card that the domain computes with, one from the other.

use domain::{
    country::CountryCode,
    credits::Credits,
    id::RateCardId,
    money::CreditValue,
    rate::{Rate, RateCard},
    segmentation::{Language, Languages, Reference},
};
use entity::{rate, rate_card};
use sea_orm::ConnectionTrait;

use crate::{
    operations::{OperationError, input::known_currency},
    store,
};

/// The rows of a card's rates.
pub(super) fn rows(card: &RateCard) -> Vec<rate::Model> {
    let row = |country_code: String, rate: Rate| rate::Model {
        rate_card_id: card.id().uuid(),
        country_code,
        sms_units: rate.sms.map(Credits::units),
        mms_units: rate.mms.map(Credits::units),
        national_languages: language_codes(rate.languages),
        reference_bits: reference_bits(rate.reference),
    };
    let named = card
        .rates()
        .iter()
        .map(|(country, rate)| row(country.to_string(), *rate));
    let fallback = card
        .fallback()
        .map(|rate| row(store::rate_card::EVERY_OTHER_COUNTRY.to_owned(), rate));
    named.chain(fallback).collect()
}

/// A published version as the domain computes with it.
///
/// # Errors
/// A fault, where the rows hold what they never should.
pub async fn domain_rate_card(
    connection: &impl ConnectionTrait,
    row: &rate_card::Model,
) -> Result<RateCard, OperationError> {
    let id = RateCardId::new(row.id);
    let rates = store::rate_card::rates(connection, id).await?;
    let broken = |what: &dyn std::fmt::Display| {
        OperationError::broken(format!("rate card {}: {what}", row.id))
    };
    let rates: Option<Vec<_>> = rates.iter().map(domain_rate).collect();
    let rates = rates.ok_or_else(|| broken(&"a rate has options that nobody knows"))?;
    RateCard::new(id, credit_value(row)?, rates).map_err(|error| broken(&error))
}

/// What one credit is worth by a version.
///
/// # Errors
/// A fault, where the row holds what it never should.
pub fn credit_value(row: &rate_card::Model) -> Result<CreditValue, OperationError> {
    known_currency(&row.currency_code)
        .and_then(|currency| CreditValue::new(row.credit_value_nano, currency))
        .ok_or_else(|| OperationError::broken(format!("rate card {} has no credit value", row.id)))
}

fn domain_rate(row: &rate::Model) -> Option<(Option<CountryCode>, Rate)> {
    let rate = Rate {
        languages: languages(&row.national_languages)?,
        reference: reference(row.reference_bits)?,
        sms: row.sms_units.map(Credits::from_units),
        mms: row.mms_units.map(Credits::from_units),
    };
    // The one row that is no country's is for every country not named.
    Some((row.country_code.parse().ok(), rate))
}

/// What a language is called in the database.
const fn language_code(language: Language) -> &'static str {
    match language {
        Language::Turkish => "TURKISH",
        Language::Spanish => "SPANISH",
        Language::Portuguese => "PORTUGUESE",
        Language::Bengali => "BENGALI",
        Language::Gujarati => "GUJARATI",
        Language::Hindi => "HINDI",
        Language::Kannada => "KANNADA",
        Language::Malayalam => "MALAYALAM",
        Language::Oriya => "ORIYA",
        Language::Punjabi => "PUNJABI",
        Language::Tamil => "TAMIL",
        Language::Telugu => "TELUGU",
        Language::Urdu => "URDU",
    }
}

/// Languages with a space between each two.
fn language_codes(languages: Languages) -> String {
    let codes: Vec<_> = Language::ALL
        .into_iter()
        .filter(|language| languages.contains(*language))
        .map(language_code)
        .collect();
    codes.join(" ")
}

fn languages(codes: &str) -> Option<Languages> {
    let language = |code| {
        let mut all = Language::ALL.into_iter();
        all.find(|language| language_code(*language) == code)
    };
    codes.split_whitespace().map(language).collect()
}

const fn reference_bits(reference: Reference) -> i32 {
    match reference {
        Reference::EightBit => 8,
        Reference::SixteenBit => 16,
    }
}

const fn reference(bits: i32) -> Option<Reference> {
    match bits {
        8 => Some(Reference::EightBit),
        16 => Some(Reference::SixteenBit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, Languages, language_codes, languages, reference};

    #[test]
    fn options_come_back_as_they_were_stored() {
        for set in [
            Languages::NONE,
            Languages::ALL,
            Languages::NONE.with(Language::Urdu).with(Language::Turkish),
        ] {
            assert_eq!(languages(&language_codes(set)), Some(set));
        }
        assert_eq!(
            language_codes(Languages::NONE.with(Language::Urdu).with(Language::Turkish)),
            "TURKISH URDU"
        );
        assert_eq!(languages("KLINGON"), None);
        assert_eq!(reference(7), None);
    }
}
