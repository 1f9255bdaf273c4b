//! Rate cards: credits for a segment, by destination country and channel.
//!
//! Here: one version of a card, the checks that make it valid, and the rates it answers. Not here:
//! its versions and who uses which, and what a message costs by it ([`crate::quote`]).

use std::collections::{BTreeMap, btree_map::Entry};

use crate::{
    channel::Channel,
    country::CountryCode,
    credits::Credits,
    id::RateCardId,
    money::CreditValue,
    segmentation::{Languages, Options, Reference},
};

/// The most that a segment may cost: far above any carrier's price, and low enough that no
/// message's total comes near the range of [`Credits`].
pub const MAX_RATE: Credits = Credits::whole(1_000_000);

/// The area that a row of a card is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// One country.
    Country(CountryCode),
    /// Every country without a row of its own.
    Elsewhere,
}

/// What carriers of an area do with an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CarrierOptions {
    /// The languages whose tables phones and carriers know; none unless the card names them.
    pub languages: Languages,
    /// How the segments of one SMS are joined.
    pub reference: Reference,
}

/// A row of a new card: the rates of an area, and what its carriers do with an SMS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AreaRates {
    /// Credits for one segment to one recipient; a channel without a rate is not served.
    pub rates: BTreeMap<Channel, Credits>,
    /// What carriers of the area do with an SMS.
    pub carriers: CarrierOptions,
}

impl AreaRates {
    /// The row of the card that a platform starts with: the starting rate of every channel.
    #[must_use]
    pub fn starting() -> Self {
        let rate = |channel: Channel| (channel, Credits::whole(channel.starting_rate()));
        Self {
            rates: Channel::ALL.into_iter().map(rate).collect(),
            carriers: CarrierOptions::default(),
        }
    }
}

/// One version of a rate card. It never changes once it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateCard {
    id: RateCardId,
    credit_value: CreditValue,
    areas: BTreeMap<Area, CarrierOptions>,
    rates: BTreeMap<(Area, Channel), Credits>,
}

/// A part of a row of a new card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateField {
    /// The row's country.
    CountryCode,
    /// The row's rate for a channel.
    Rate(Channel),
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
    /// The rate is below zero.
    #[error("must not be negative")]
    Negative,
    /// The rate is above [`MAX_RATE`].
    #[error("must be at most {MAX_RATE}")]
    TooLarge,
}

/// Why a card can't be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateCardError {
    /// The card has no row: it would serve nobody.
    #[error("must have at least one rate")]
    Empty,
    /// A row is refused.
    #[error("{fault}")]
    Row {
        /// The row's position, from 0.
        index: usize,
        /// The part of the row at fault.
        field: RateField,
        /// What is wrong with it.
        fault: RateFault,
    },
}

impl RateCard {
    /// A card of these rows.
    ///
    /// # Errors
    /// The first fault: no row, an area named twice, or a rate that is negative or above
    /// [`MAX_RATE`].
    pub fn new(
        id: RateCardId,
        credit_value: CreditValue,
        rows: impl IntoIterator<Item = (Area, AreaRates)>,
    ) -> Result<Self, RateCardError> {
        let mut card = Self {
            id,
            credit_value,
            areas: BTreeMap::new(),
            rates: BTreeMap::new(),
        };
        for (index, (area, row)) in rows.into_iter().enumerate() {
            card.insert(area, row)
                .map_err(|(field, fault)| RateCardError::Row {
                    index,
                    field,
                    fault,
                })?;
        }
        if card.areas.is_empty() {
            return Err(RateCardError::Empty);
        }
        Ok(card)
    }

    fn insert(&mut self, area: Area, row: AreaRates) -> Result<(), (RateField, RateFault)> {
        for (channel, rate) in &row.rates {
            if *rate < Credits::ZERO {
                return Err((RateField::Rate(*channel), RateFault::Negative));
            }
            if *rate > MAX_RATE {
                return Err((RateField::Rate(*channel), RateFault::TooLarge));
            }
        }
        match self.areas.entry(area) {
            Entry::Vacant(place) => place.insert(row.carriers),
            Entry::Occupied(_) => {
                let fault = match area {
                    Area::Country(_) => RateFault::RepeatedCountry,
                    Area::Elsewhere => RateFault::RepeatedFallback,
                };
                return Err((RateField::CountryCode, fault));
            }
        };
        let rates = row.rates.into_iter();
        self.rates
            .extend(rates.map(|(channel, rate)| ((area, channel), rate)));
        Ok(())
    }

    /// The id of this version.
    #[must_use]
    pub const fn id(&self) -> RateCardId {
        self.id
    }

    /// The value of one credit.
    #[must_use]
    pub const fn credit_value(&self) -> CreditValue {
        self.credit_value
    }

    /// The areas by country code, then the one of every other country; with what carriers there do
    /// with an SMS.
    pub fn areas(&self) -> impl Iterator<Item = (Area, CarrierOptions)> {
        self.areas.iter().map(|(area, carriers)| (*area, *carriers))
    }

    /// The rates by area and channel.
    pub fn rates(&self) -> impl Iterator<Item = (Area, Channel, Credits)> {
        let rates = self.rates.iter();
        rates.map(|((area, channel), rate)| (*area, *channel, *rate))
    }

    /// The area whose row a country takes; `None` if the card has no row for it (law Q2). A country
    /// with a row of its own never takes that of every other country, not even for a channel that
    /// its row lacks: that is how a card closes a channel.
    #[must_use]
    pub fn area_of(&self, country: CountryCode) -> Option<Area> {
        [Area::Country(country), Area::Elsewhere]
            .into_iter()
            .find(|area| self.areas.contains_key(area))
    }

    /// Credits for a segment in an area; `None` if the card has no rate for the channel there.
    #[must_use]
    pub fn rate_in(&self, area: Area, channel: Channel) -> Option<Credits> {
        self.rates.get(&(area, channel)).copied()
    }

    /// Credits for a segment to a recipient in a country; `None` if the card does not serve it
    /// (law Q2).
    #[must_use]
    pub fn rate(&self, country: CountryCode, channel: Channel) -> Option<Credits> {
        self.rate_in(self.area_of(country)?, channel)
    }

    /// What carriers of a country do with an SMS; the default if the card has no row for it.
    #[must_use]
    pub fn carriers(&self, country: CountryCode) -> CarrierOptions {
        let area = self.area_of(country);
        let carriers = area.and_then(|area| self.areas.get(&area));
        carriers.copied().unwrap_or_default()
    }

    /// The options that a text to a country is cut with. The tables and the reference number are
    /// the destination's, whatever `requested` says of them.
    #[must_use]
    pub fn options(&self, country: CountryCode, requested: Options) -> Options {
        let carriers = self.carriers(country);
        Options {
            languages: carriers.languages,
            reference: carriers.reference,
            ..requested
        }
    }
}

/// The number of messages of one segment to one recipient that these credits pay for at a rate;
/// `None` if they are free, and so unlimited. A negative amount pays for none.
#[must_use]
pub fn capacity(credits: Credits, rate: Credits) -> Option<i64> {
    // Both are in the same unit, so the quotient is exact before it is rounded down.
    let messages = credits.units().checked_div(rate.units())?;
    Some(messages.max(0))
}

#[cfg(test)]
pub(crate) mod tests;
