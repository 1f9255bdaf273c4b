//! Usage: charged messages and their credits, added up by time, list and country.
//!
//! Here: the sums of a report and their agreement (law T2). Not here: their displayed costs
//! ([`costs`]), where buckets begin ([`crate::calendar::buckets`]), reading the rows, and writing
//! files.
//!
//! Messages are counted at two grains, so there are two kinds of rows. A message belongs to one
//! list and one instant, and counts once in totals, buckets and lists. It may go to several
//! countries, and counts once in each of them. All other sums are the same in both kinds.

pub mod costs;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::{
    calendar::buckets::{Bucket, index_of},
    country::CountryCode,
    credits::Credits,
    id::ListId,
    money::{Cost, Currency, Money},
};

/// The sums of charged messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Usage {
    /// Messages sent.
    pub messages: i64,
    /// Recipients reached. A person reached twice counts twice.
    pub recipients: i64,
    /// Segments sent to all recipients, as carriers bill them.
    pub segments: i64,
    /// Credits charged.
    pub credits: Credits,
    /// The exact cost of those credits under the versions of rate cards that priced the messages.
    pub cost: Cost,
}

impl Usage {
    /// The sum, or `None` beyond the range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            messages: self.messages.checked_add(other.messages)?,
            recipients: self.recipients.checked_add(other.recipients)?,
            segments: self.segments.checked_add(other.segments)?,
            credits: self.credits.checked_add(other.credits)?,
            cost: self.cost.checked_add(other.cost)?,
        })
    }

    /// The displayed cost of a total, rounded once; parts of one are rounded together ([`costs`],
    /// law Q5).
    ///
    /// # Errors
    /// [`UsageError::Overflow`] beyond the range of [`Money`].
    pub fn cost(self, currency: Currency) -> Result<Money, UsageError> {
        self.cost.round(currency).ok_or(UsageError::Overflow)
    }

    /// The sums on which both grains must agree: all but the number of messages.
    fn apart_from_messages(self) -> Self {
        Self {
            messages: 0,
            ..self
        }
    }

    fn add(&mut self, other: Self) -> Result<(), UsageError> {
        *self = self.checked_add(other).ok_or(UsageError::Overflow)?;
        Ok(())
    }
}

/// The usage of one list in one quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRow {
    /// Any instant of that quarter of an hour, in which no bucket begins.
    pub at: Timestamp,
    /// The list; `None` for messages without a list.
    pub list: Option<ListId>,
    /// The usage. A message to several countries counts once.
    pub usage: Usage,
}

/// The usage of one quarter of an hour, or of any other time within one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketRow {
    /// Any instant of that time.
    pub at: Timestamp,
    /// The usage. A message to several countries counts once.
    pub usage: Usage,
}

/// The usage of one country, as a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountryRow {
    /// The country.
    pub country: CountryCode,
    /// The usage. A message to several countries counts once in each.
    pub usage: Usage,
}

/// Why rows don't add up to a report. Each is a fault of the stored rows or of reading them, not of
/// the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// A sum is beyond its range.
    #[error("usage is too large to add up")]
    Overflow,
    /// A row is outside all buckets.
    #[error("usage at {0} is outside the report's buckets")]
    OutsidePeriod(Timestamp),
    /// Buckets, lists and countries add up to different totals.
    #[error("usage by time, by list and by country differ")]
    Disagreement,
}

/// The usage of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUsage {
    /// The list; `None` for messages without a list.
    pub list: Option<ListId>,
    /// Its usage in the whole period.
    pub usage: Usage,
    /// Only buckets with rows, so that memory grows with usage.
    buckets: BTreeMap<usize, Usage>,
}

impl ListUsage {
    /// The list's usage in the report's bucket at `position`.
    #[must_use]
    pub fn bucket(&self, index: usize) -> Usage {
        self.buckets.get(&index).copied().unwrap_or_default()
    }
}

/// The usage of one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountryUsage {
    /// The country.
    pub country: CountryCode,
    /// Its usage in the whole period.
    pub usage: Usage,
}

/// A report's sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Usage of the whole period.
    pub totals: Usage,
    /// Usage by bucket, oldest first, with empty buckets.
    pub buckets: Vec<(Bucket, Usage)>,
    /// Usage by list, most credits first, ties by id with messages without a list last.
    pub lists: Vec<ListUsage>,
    /// Usage by country, most credits first, ties by code.
    pub countries: Vec<CountryUsage>,
}

/// Adds up rows in any order. Memory grows with buckets, lists and countries.
#[derive(Debug, Clone)]
pub struct Aggregation {
    bounds: Vec<Bucket>,
    buckets: Vec<Usage>,
    lists: HashMap<Option<ListId>, ListUsage>,
    countries: BTreeMap<CountryCode, Usage>,
    /// Whether lists were counted from separate rows, and so must add up to the same as buckets.
    are_lists_apart: bool,
}

impl Aggregation {
    /// Starts with empty buckets. They must be in order, without gaps or overlaps.
    #[must_use]
    pub fn new(bounds: Vec<Bucket>) -> Self {
        Self {
            buckets: vec![Usage::default(); bounds.len()],
            bounds,
            lists: HashMap::new(),
            countries: BTreeMap::new(),
            are_lists_apart: false,
        }
    }

    /// Counts a row in its bucket and its list.
    ///
    /// # Errors
    /// If the row is outside the buckets, or a sum is beyond its range.
    pub fn add_list_row(&mut self, row: ListRow) -> Result<(), UsageError> {
        let ListRow { at, list, usage } = row;
        let index = self.add_to_bucket(BucketRow { at, usage })?;
        let list = self.list(list);
        list.usage.add(usage)?;
        list.buckets.entry(index).or_default().add(usage)
    }

    /// Counts a row of all lists together in its bucket. Lists are then counted from separate rows
    /// ([`Self::add_list_total`]).
    ///
    /// # Errors
    /// If the row is outside the buckets, or a sum is beyond its range.
    pub fn add_bucket_row(&mut self, row: BucketRow) -> Result<(), UsageError> {
        self.add_to_bucket(row).map(drop)
    }

    /// Counts a list's usage without its time. Buckets are counted from separate rows
    /// ([`Self::add_bucket_row`]), and must add up to the same.
    ///
    /// # Errors
    /// If a sum is beyond its range.
    pub fn add_list_total(&mut self, list: Option<ListId>, usage: Usage) -> Result<(), UsageError> {
        self.are_lists_apart = true;
        self.list(list).usage.add(usage)
    }

    fn add_to_bucket(&mut self, row: BucketRow) -> Result<usize, UsageError> {
        let outside = UsageError::OutsidePeriod(row.at);
        let index = index_of(row.at, &self.bounds).ok_or(outside)?;
        self.buckets.get_mut(index).ok_or(outside)?.add(row.usage)?;
        Ok(index)
    }

    fn list(&mut self, list: Option<ListId>) -> &mut ListUsage {
        self.lists.entry(list).or_insert_with(|| ListUsage {
            list,
            usage: Usage::default(),
            buckets: BTreeMap::new(),
        })
    }

    /// Counts a row in its country.
    ///
    /// # Errors
    /// If a sum is beyond its range.
    pub fn add_country_row(&mut self, row: CountryRow) -> Result<(), UsageError> {
        self.countries
            .entry(row.country)
            .or_default()
            .add(row.usage)
    }

    /// Returns the report.
    ///
    /// # Errors
    /// If a total is beyond its range, or buckets, lists and countries add up to different totals.
    pub fn finish(self) -> Result<Report, UsageError> {
        let by_country = total(self.countries.values().copied())?;
        let report = self.finish_without_countries()?;
        if report.totals.apart_from_messages() != by_country.apart_from_messages() {
            return Err(UsageError::Disagreement);
        }
        Ok(report)
    }

    /// Returns the report if countries were not requested, and so none were counted.
    ///
    /// # Errors
    /// If a total is beyond its range, or lists and buckets from separate rows add up to different
    /// totals.
    pub fn finish_without_countries(self) -> Result<Report, UsageError> {
        let totals = total(self.buckets.iter().copied())?;
        if self.are_lists_apart && totals != total(self.lists.values().map(|list| list.usage))? {
            return Err(UsageError::Disagreement);
        }
        let mut lists: Vec<_> = self.lists.into_values().collect();
        lists.sort_by(|one, other| {
            let ties = |usage: &ListUsage| (usage.list.is_none(), usage.list);
            (other.usage.credits.cmp(&one.usage.credits)).then_with(|| ties(one).cmp(&ties(other)))
        });
        let mut countries: Vec<_> = self
            .countries
            .into_iter()
            .map(|(country, usage)| CountryUsage { country, usage })
            .collect();
        // They are in the order of codes, and the sort keeps the order of ties.
        countries.sort_by_key(|country| std::cmp::Reverse(country.usage.credits));
        Ok(Report {
            totals,
            buckets: self.bounds.into_iter().zip(self.buckets).collect(),
            lists,
            countries,
        })
    }
}

/// A part of a whole in ten-thousandths, rounded half to even; 0 if the whole is zero. Neither is
/// negative, and the part is at most the whole.
#[must_use]
pub fn share_basis_points(part: Credits, whole: Credits) -> i64 {
    let (part, whole) = (i128::from(part.units()), i128::from(whole.units()));
    if whole <= 0 {
        return 0;
    }
    let (quotient, rest) = (part * 10_000 / whole, part * 10_000 % whole);
    let up = match (rest * 2).cmp(&whole) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => quotient % 2,
        std::cmp::Ordering::Greater => 1,
    };
    // The result is at most that of the whole, which is 10,000.
    i64::try_from(quotient + up).unwrap_or(10_000)
}

fn total(usages: impl Iterator<Item = Usage>) -> Result<Usage, UsageError> {
    let mut total = Usage::default();
    for usage in usages {
        total.add(usage)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests;
