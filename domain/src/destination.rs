//! Head-counts by destination country.
//!
//! Here: counting recipients, within limits. Not here: finding the country of a phone number.

use std::collections::BTreeMap;

use crate::country::CountryCode;

/// The number of recipients in each country. Countries without recipients are left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Destinations(BTreeMap<CountryCode, u64>);

/// Why a head-count is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DestinationFault {
    /// Below zero.
    #[error("must not be negative")]
    Negative,
    /// The country has more than [`Destinations::MAX_PER_COUNTRY`].
    #[error("must be at most {} in a country", Destinations::MAX_PER_COUNTRY)]
    TooManyInCountry,
    /// All countries together have more than [`Destinations::MAX_TOTAL`].
    #[error("must be at most {} in all", Destinations::MAX_TOTAL)]
    TooManyInAll,
}

/// A rejected head-count, with its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct DestinationsError {
    /// Its position, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub fault: DestinationFault,
}

impl Destinations {
    /// The most recipients in one country: more than the telephones of every country but two.
    pub const MAX_PER_COUNTRY: u64 = 1_000_000_000;
    /// The most recipients in all countries: more than the telephones of the world.
    pub const MAX_TOTAL: u64 = 10_000_000_000;

    /// Adds up pairs of a country and its recipients. A country may appear several times.
    ///
    /// # Errors
    /// Names the first pair that is negative or takes a count above its limit.
    pub fn from_pairs(
        pairs: impl IntoIterator<Item = (CountryCode, i64)>,
    ) -> Result<Self, DestinationsError> {
        let mut destinations = Self::default();
        let mut total = 0;
        for (index, (country, recipients)) in pairs.into_iter().enumerate() {
            destinations
                .add(country, recipients, &mut total)
                .map_err(|fault| DestinationsError { index, fault })?;
        }
        Ok(destinations)
    }

    fn add(
        &mut self,
        country: CountryCode,
        recipients: i64,
        total: &mut u64,
    ) -> Result<(), DestinationFault> {
        let recipients = u64::try_from(recipients).map_err(|_| DestinationFault::Negative)?;
        if recipients == 0 {
            return Ok(());
        }
        let count = self.0.entry(country).or_default();
        *count = count
            .checked_add(recipients)
            .filter(|count| *count <= Self::MAX_PER_COUNTRY)
            .ok_or(DestinationFault::TooManyInCountry)?;
        *total = total
            .checked_add(recipients)
            .filter(|total| *total <= Self::MAX_TOTAL)
            .ok_or(DestinationFault::TooManyInAll)?;
        Ok(())
    }

    /// The countries and their recipients, by country code.
    pub fn iter(&self) -> impl Iterator<Item = (CountryCode, u64)> + '_ {
        self.0
            .iter()
            .map(|(country, recipients)| (*country, *recipients))
    }

    /// The number of recipients in a country.
    #[must_use]
    pub fn get(&self, country: CountryCode) -> u64 {
        self.0.get(&country).copied().unwrap_or(0)
    }

    /// The number of recipients in all countries, at most [`Self::MAX_TOTAL`].
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether there are no recipients.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of countries with recipients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{DestinationFault, Destinations, DestinationsError};
    use crate::{country::CountryCode, rate::tests::country};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn read(pairs: &[(&str, i64)]) -> Result<Destinations, DestinationsError> {
        Destinations::from_pairs(pairs.iter().map(|(code, count)| (country(code), *count)))
    }

    #[test]
    fn repeated_countries_are_added_up() {
        let found = read(&[("US", 5), ("IT", 1), ("FR", 0), ("US", 2)]).unwrap();
        let want = [(country("IT"), 1), (country("US"), 7)];
        assert_eq!(found.iter().collect::<Vec<_>>(), want);
        assert_eq!(
            (found.total(), found.len(), found.is_empty()),
            (8, 2, false)
        );
        assert_eq!((found.get(country("US")), found.get(country("FR"))), (7, 0));
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn counts_outside_the_limits_are_rejected_with_their_position() {
        let check = |pairs: &[(&str, i64)], index, fault| {
            assert_eq!(read(pairs), Err(DestinationsError { index, fault }));
        };
        check(&[("IT", 1), ("US", -1)], 1, DestinationFault::Negative);
        check(
            &[("IT", 1_000_000_001)],
            0,
            DestinationFault::TooManyInCountry,
        );
        check(
            &[("IT", 1_000_000_000), ("US", 3), ("IT", 1)],
            2,
            DestinationFault::TooManyInCountry,
        );
        let most = ["AA", "AB", "AC", "AD", "AE", "AF", "AG", "AH", "AI", "AJ"]
            .map(|code| (code, 1_000_000_000));
        assert_eq!(read(&most).unwrap().total(), Destinations::MAX_TOTAL);
        let mut above = most.to_vec();
        above.push(("AK", 1));
        check(&above, 10, DestinationFault::TooManyInAll);
    }

    proptest! {
        #[test]
        fn order_and_grouping_of_pairs_make_no_difference(
            pairs in prop::collection::vec((b'A'..=b'E', 0_i64..1_000_000), 0..40)
        ) {
            let pairs: Vec<_> = pairs
                .into_iter()
                .map(|(letter, count)| (CountryCode::new([letter, letter]).unwrap(), count))
                .collect();
            let found = Destinations::from_pairs(pairs.iter().copied()).unwrap();
            let mut sums = BTreeMap::new();
            for (country, count) in &pairs {
                *sums.entry(*country).or_insert(0) += *count;
            }
            for (country, sum) in &sums {
                prop_assert_eq!(i64::try_from(found.get(*country)).unwrap(), *sum);
            }
            let reversed = Destinations::from_pairs(pairs.iter().rev().copied()).unwrap();
            prop_assert_eq!(&found, &reversed);
            prop_assert!(found.iter().all(|(_, count)| count > 0));
        }
    }
}
