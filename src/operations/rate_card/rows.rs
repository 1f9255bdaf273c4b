//! A version's rows, and the card that the domain computes with: each made from the other.

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    credits::Credits,
    id::RateCardId,
    money::CreditValue,
    rate::{Area, AreaRates, CarrierOptions, RateCard},
    segmentation::{Language, Languages, Reference},
};
use entity::{rate, rate_card, rate_card_area};
use sea_orm::ConnectionTrait;

use crate::{
    operations::{OperationError, input::known_currency},
    store::{self, rate_card::EVERY_OTHER_COUNTRY},
};

/// The rows of a card's areas.
pub(super) fn areas(card: &RateCard) -> Vec<rate_card_area::Model> {
    let row = |(area, carriers): (Area, CarrierOptions)| rate_card_area::Model {
        rate_card_id: card.id().uuid(),
        country_code: area_code(area),
        national_languages: language_codes(carriers.languages),
        reference_bits: reference_bits(carriers.reference),
    };
    card.areas().map(row).collect()
}

/// The rows of a card's rates.
pub(super) fn rates(card: &RateCard) -> Vec<rate::Model> {
    let row = |(area, channel, rate): (Area, Channel, Credits)| rate::Model {
        rate_card_id: card.id().uuid(),
        country_code: area_code(area),
        channel: channel.into(),
        units: rate.units(),
    };
    card.rates().map(row).collect()
}

/// A published version as the domain computes with it.
///
/// # Errors
/// A fault if a row is not one that publishing a card could have written.
pub async fn domain_rate_card(
    connection: &impl ConnectionTrait,
    row: &rate_card::Model,
) -> Result<RateCard, OperationError> {
    let id = RateCardId::new(row.id);
    let broken = |what: &dyn std::fmt::Display| {
        OperationError::broken(format!("rate card {}: {what}", row.id))
    };
    let mut areas = BTreeMap::new();
    for row in store::rate_card::areas(connection, id).await? {
        let carriers = carriers(&row).ok_or_else(|| broken(&"an area has unknown options"))?;
        let rates = BTreeMap::new();
        areas.insert(
            area(&row.country_code, broken)?,
            AreaRates { rates, carriers },
        );
    }
    for row in store::rate_card::rates(connection, id).await? {
        let area = areas.get_mut(&area(&row.country_code, broken)?);
        let area = area.ok_or_else(|| broken(&"a rate is for an area without a row"))?;
        let rate = Credits::from_units(row.units);
        area.rates.insert(row.channel.into(), rate);
    }
    RateCard::new(id, credit_value(row)?, areas).map_err(|error| broken(&error))
}

/// The value of one credit by a version.
///
/// # Errors
/// A fault if the row has no valid value.
pub fn credit_value(row: &rate_card::Model) -> Result<CreditValue, OperationError> {
    known_currency(&row.currency_code)
        .and_then(|currency| CreditValue::new(row.credit_value_nano, currency))
        .ok_or_else(|| OperationError::broken(format!("rate card {} has no credit value", row.id)))
}

fn carriers(row: &rate_card_area::Model) -> Option<CarrierOptions> {
    Some(CarrierOptions {
        languages: languages(&row.national_languages)?,
        reference: reference(row.reference_bits)?,
    })
}

fn area_code(area: Area) -> String {
    match area {
        Area::Country(country) => country.to_string(),
        Area::Elsewhere => EVERY_OTHER_COUNTRY.to_owned(),
    }
}

fn area(
    code: &str,
    broken: impl Fn(&dyn std::fmt::Display) -> OperationError,
) -> Result<Area, OperationError> {
    if code == EVERY_OTHER_COUNTRY {
        return Ok(Area::Elsewhere);
    }
    let country = code.parse().map(Area::Country);
    country.map_err(|_| broken(&format!("{code:?} is no country")))
}

/// The name of a language in the database.
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

/// The names of languages with a space between two.
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
    fn carrier_options_survive_storage() {
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
