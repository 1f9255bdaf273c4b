//! The displayed costs of a report: those of its parts add up to that of the whole (law Q5).
//!
//! Here: which parts stand beside which total. Not here: how parts are rounded
//! ([`crate::money::parts`]).

use std::collections::BTreeMap;

use super::{ListUsage, Report, Usage, UsageError};
use crate::money::{
    Currency, Money,
    parts::{PartsError, round_parts},
};

/// The displayed costs of a report, in the order of the report's own parts. Parts that the report
/// doesn't have are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs {
    /// Of the whole period.
    pub totals: Money,
    /// By bucket.
    pub buckets: Vec<Money>,
    /// By list. The costs of a list's buckets add up to it ([`ListUsage::bucket_costs`]).
    pub lists: Vec<Money>,
    /// By country.
    pub countries: Vec<Money>,
}

impl Report {
    /// The displayed costs. Equal remainders are rounded up in the report's order: the oldest
    /// bucket first, and the list and the country with the most credits.
    ///
    /// # Errors
    /// [`UsageError::Overflow`] if a cost is beyond the range of [`Money`].
    pub fn costs(&self, currency: Currency) -> Result<Costs, UsageError> {
        let totals = self.totals.cost(currency)?;
        let buckets = self.buckets.iter().map(|(_, usage)| *usage);
        Ok(Costs {
            totals,
            buckets: part_costs(buckets, totals)?,
            lists: part_costs(self.lists.iter().map(|list| list.usage), totals)?,
            countries: part_costs(self.countries.iter().map(|row| row.usage), totals)?,
        })
    }
}

impl ListUsage {
    /// The displayed costs of the list's buckets with usage, by position, beside the list's own
    /// displayed cost. Of equal remainders the oldest is rounded up first.
    ///
    /// # Errors
    /// [`UsageError::Disagreement`] if `own` isn't the list's cost, rounded up or down.
    pub fn bucket_costs(&self, own: Money) -> Result<BTreeMap<usize, Money>, UsageError> {
        let costs = part_costs(self.buckets.values().copied(), own)?;
        Ok(self.buckets.keys().copied().zip(costs).collect())
    }
}

/// The displayed costs of parts beside their total. No parts at all were not requested.
///
/// # Errors
/// [`UsageError::Disagreement`] if the parts add up to another total.
pub fn part_costs(
    parts: impl Iterator<Item = Usage>,
    total: Money,
) -> Result<Vec<Money>, UsageError> {
    let parts: Vec<_> = parts.map(|usage| usage.cost).collect();
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    round_parts(&parts, total).map_err(|error| match error {
        PartsError::Overflow => UsageError::Overflow,
        PartsError::Disagreement => UsageError::Disagreement,
    })
}
