//! Rate cards: credits a segment, by destination country and channel.
//!
//! Here: one version of a card, what makes it valid, and what it answers. Not here: its versions and
//! who uses which, and what a message costs by it ([`crate::quote`]).

use std::collections::{BTreeMap, btree_map::Entry};

use crate::{
    country::CountryCode,
    credits::Credits,
    id::RateCardId,
    money::CreditValue,
    segmentation::{Channel, Languages, Options, Reference},
};

/// Credits for one segment to one recipient, by channel; `None` where the channel is not served. With them,
/// what carriers there make of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rate {
    /// For one segment of text.
    pub sms: Option<Credits>,
    /// For one segment with media.
    pub mms: Option<Credits>,
    /// The languages whose tables phones and carriers there know; none unless the card says so.
    pub languages: Languages,
    /// How segments of one SMS are joined there.
    pub reference: Reference,
}

impl Rate {
    /// What a platform starts with everywhere: 1 credit for an SMS segment, 3 for an MMS segment.
    pub const DEFAULT: Self = Self {
        sms: Some(Credits::whole(1)),
        mms: Some(Credits::whole(3)),
        languages: Languages::NONE,
        reference: Reference::EightBit,
    };
    /// The most a segment may cost: far above any carrier's price, low enough that no message's total
    /// comes near the range of [`Credits`].
    pub const MAX: Credits = Credits::whole(1_000_000);

    /// The rate of a channel; `None` where it is not served.
    #[must_use]
    pub const fn of(self, channel: Channel) -> Option<Credits> {
        match channel {
            Channel::Sms => self.sms,
            Channel::Mms => self.mms,
        }
    }
}

/// One version of a rate card. It never changes once it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateCard {
    id: RateCardId,
    credit_value: CreditValue,
    rates: BTreeMap<CountryCode, Rate>,
    fallback: Option<Rate>,
}

/// A part of a row of a new card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateField {
    /// The row's country.
    CountryCode,
    /// Its rate for SMS.
    Sms,
    /// Its rate for MMS.
    Mms,
}

/// Why a row of a new card is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateFault {
    /// An earlier row names the same country.
    #[error("this country has a rate already")]
    RepeatedCountry,
    /// An earlier row is for every other country.
    #[error("only one rate can be without a country")]
    RepeatedFallback,
    /// Below zero.
    #[error("must not be negative")]
    Negative,
    /// Above [`Rate::MAX`].
    #[error("must be at most {}", Rate::MAX)]
    TooLarge,
}

/// Why a card can't be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateCardError {
    /// No row: it would serve nobody.
    #[error("must have at least one rate")]
    Empty,
    /// A row is refused.
    #[error("{fault}")]
    Row {
        /// Its position, from 0.
        index: usize,
        /// The part of it at fault.
        field: RateField,
        /// What is wrong with it.
        fault: RateFault,
    },
}

impl RateCard {
    /// A card of these rows; the one without a country is for every country not named.
    ///
    /// # Errors
    /// No row, a country named twice, two rows without one, a rate that is negative or above
    /// [`Rate::MAX`]; the first fault is told.
    pub fn new(
        id: RateCardId,
        credit_value: CreditValue,
        rows: impl IntoIterator<Item = (Option<CountryCode>, Rate)>,
    ) -> Result<Self, RateCardError> {
        let mut card = Self {
            id,
            credit_value,
            rates: BTreeMap::new(),
            fallback: None,
        };
        for (index, (country, rate)) in rows.into_iter().enumerate() {
            card.insert(country, rate)
                .map_err(|(field, fault)| RateCardError::Row {
                    index,
                    field,
                    fault,
                })?;
        }
        if card.rates.is_empty() && card.fallback.is_none() {
            return Err(RateCardError::Empty);
        }
        Ok(card)
    }

    fn insert(
        &mut self,
        country: Option<CountryCode>,
        rate: Rate,
    ) -> Result<(), (RateField, RateFault)> {
        for (field, credits) in [(RateField::Sms, rate.sms), (RateField::Mms, rate.mms)] {
            let credits = credits.unwrap_or_default();
            if credits < Credits::ZERO {
                return Err((field, RateFault::Negative));
            }
            if credits > Rate::MAX {
                return Err((field, RateFault::TooLarge));
            }
        }
        match country {
            Some(country) => match self.rates.entry(country) {
                Entry::Vacant(place) => {
                    place.insert(rate);
                    Ok(())
                }
                Entry::Occupied(_) => Err((RateField::CountryCode, RateFault::RepeatedCountry)),
            },
            None => match self.fallback.replace(rate) {
                None => Ok(()),
                Some(_) => Err((RateField::CountryCode, RateFault::RepeatedFallback)),
            },
        }
    }

    /// The id of this version.
    #[must_use]
    pub const fn id(&self) -> RateCardId {
        self.id
    }

    /// What one credit is worth.
    #[must_use]
    pub const fn credit_value(&self) -> CreditValue {
        self.credit_value
    }

    /// The countries named, with their rates.
    #[must_use]
    pub const fn rates(&self) -> &BTreeMap<CountryCode, Rate> {
        &self.rates
    }

    /// The rate of every country not named.
    #[must_use]
    pub const fn fallback(&self) -> Option<Rate> {
        self.fallback
    }

    /// Credits for a segment to a recipient in a country; `None` where the card does not serve it
    /// (law Q2). A country that is named never takes the fallback, not for a channel it lacks either:
    /// that is how a card closes one.
    #[must_use]
    pub fn rate(&self, country: CountryCode, channel: Channel) -> Option<Credits> {
        self.rate_of(country)?.of(channel)
    }

    /// The rate that counts in a country; `None` where the card does not know it.
    #[must_use]
    pub fn rate_of(&self, country: CountryCode) -> Option<Rate> {
        self.rates.get(&country).copied().or(self.fallback)
    }

    /// How a text to a country is cut, where `asked` says what may be done to it. The tables and the way of
    /// joining are the destination's, whatever `asked` says of them.
    #[must_use]
    pub fn options(&self, country: CountryCode, asked: Options) -> Options {
        let rate = self.rate_of(country).unwrap_or_default();
        Options {
            languages: rate.languages,
            reference: rate.reference,
            ..asked
        }
    }
}

/// How many messages of one segment to one recipient so many credits pay for, at a rate; `None`
/// where they are free, and so without end. Less than no credits pay for none.
#[must_use]
pub fn capacity(credits: Credits, rate: Credits) -> Option<i64> {
    // Both count the same unit, so that the quotient is exact before it is cut.
    let messages = credits.units().checked_div(rate.units())?;
    Some(messages.max(0))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::money::Currency;
    use proptest::prelude::*;
    use uuid::Uuid;

    pub(crate) fn country(code: &str) -> CountryCode {
        code.parse().unwrap()
    }

    pub(crate) fn rate(sms: Option<&str>, mms: Option<&str>) -> Rate {
        let read = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        Rate {
            sms: read(sms),
            mms: read(mms),
            ..Rate::default()
        }
    }

    pub(crate) fn card(rows: &[(Option<&str>, Rate)]) -> Result<RateCard, RateCardError> {
        let euro = Currency::new("EUR".parse().unwrap(), 2).unwrap();
        let value = CreditValue::parse("0.013", euro).unwrap();
        let rows = rows.iter().map(|(code, rate)| (code.map(country), *rate));
        RateCard::new(Uuid::nil().into(), value, rows)
    }

    #[test]
    fn a_named_country_never_takes_the_fallback() {
        let card = card(&[
            (Some("IT"), rate(Some("1"), Some("3"))),
            (Some("US"), rate(Some("0.5"), None)),
            (None, Rate::DEFAULT),
            (Some("KP"), Rate::default()),
        ])
        .unwrap();
        let check = |code, channel, want: Option<&str>| {
            let want = want.map(|text| text.parse().unwrap());
            assert_eq!(
                card.rate(country(code), channel),
                want,
                "{code} {channel:?}"
            );
        };
        check("IT", Channel::Sms, Some("1"));
        check("IT", Channel::Mms, Some("3"));
        check("US", Channel::Sms, Some("0.5"));
        check("US", Channel::Mms, None);
        check("KP", Channel::Sms, None);
        check("FR", Channel::Mms, Some("3"));
    }

    #[test]
    fn without_a_fallback_other_countries_are_not_served() {
        let card = card(&[(Some("IT"), Rate::DEFAULT)]).unwrap();
        assert_eq!(card.rate(country("FR"), Channel::Sms), None);
    }

    #[test]
    fn a_wrong_row_is_named() {
        let check = |rows: &[(Option<&str>, Rate)], index, field, fault| {
            let want = RateCardError::Row {
                index,
                field,
                fault,
            };
            assert_eq!(card(rows), Err(want));
        };
        let fine = Rate::DEFAULT;
        let below = Rate {
            mms: Some(Credits::from_units(-1)),
            ..fine
        };
        let above = rate(Some("1000000.0001"), None);
        let (code, sms, mms) = (RateField::CountryCode, RateField::Sms, RateField::Mms);
        check(
            &[(Some("IT"), fine), (Some("FR"), fine), (Some("IT"), fine)],
            2,
            code,
            RateFault::RepeatedCountry,
        );
        check(
            &[(None, fine), (None, fine)],
            1,
            code,
            RateFault::RepeatedFallback,
        );
        check(
            &[(Some("IT"), fine), (None, below)],
            1,
            mms,
            RateFault::Negative,
        );
        check(&[(Some("IT"), above)], 0, sms, RateFault::TooLarge);
        assert_eq!(card(&[]), Err(RateCardError::Empty));
        assert!(card(&[(None, rate(Some("1000000"), Some("0")))]).is_ok());
    }

    #[test]
    fn capacity_counts_whole_messages() {
        let check = |credits: &str, rate: &str, want| {
            let found = capacity(credits.parse().unwrap(), rate.parse().unwrap());
            assert_eq!(found, want, "{credits} at {rate}");
        };
        check("1000", "1", Some(1_000));
        check("1000", "3", Some(333));
        check("1", "0.3", Some(3));
        check("0.9", "0.3", Some(3));
        check("1000000000000", "0.0001", Some(10_000_000_000_000_000));
        check("0.0001", "0.0002", Some(0));
        check("1000", "0", None);
        assert_eq!(capacity(Credits::whole(-5), Credits::whole(1)), Some(0));
    }

    proptest! {
        #[test]
        fn capacity_is_what_can_be_paid_and_not_one_more(
            credits in 0..=Credits::MAX_INPUT.units(),
            rate in 1..=Rate::MAX.units(),
        ) {
            let found = capacity(Credits::from_units(credits), Credits::from_units(rate)).unwrap();
            let paid = |messages: i64| i128::from(messages) * i128::from(rate);
            prop_assert!(paid(found) <= i128::from(credits));
            prop_assert!(paid(found + 1) > i128::from(credits));
        }
    }
}
