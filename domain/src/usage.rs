//! Usage: what was sent and what it took, added up by time, list and country.
//!
//! Here: the sums of a report and their agreement (law T2). Not here: where buckets begin
//! ([`crate::calendar::buckets`]), reading the rows, and writing files.
//!
//! Messages are counted at two grains, so rows come in two kinds. A message belongs to one list and
//! one instant, and counts once in totals, buckets and lists; it may go to several countries, and
//! counts once in each of them. Everything else adds up to the same by either kind.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::{
    calendar::buckets::{Bucket, index_of},
    country::CountryCode,
    credits::Credits,
    id::ListId,
    money::{Cost, Currency, Money},
};

/// What was sent, and what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Usage {
    /// Messages sent.
    pub messages: i64,
    /// Recipients reached; a person reached twice is two.
    pub recipients: i64,
    /// Segments sent to all recipients, as carriers bill them.
    pub segments: i64,
    /// Credits charged.
    pub credits: Credits,
    /// Their exact worth at the card versions that they were charged by.
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

    /// The cost as it is shown, rounded once (law Q5); `None` beyond the range of [`Money`].
    #[must_use]
    pub fn cost(self, currency: Currency) -> Option<Money> {
        self.cost.round(currency)
    }

    /// What both grains must agree on: all but the number of messages.
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

/// What was sent for one list in one quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRow {
    /// Any instant of that quarter of an hour; none is cut by a bucket's bound.
    pub at: Timestamp,
    /// `None` for what was sent without a list.
    pub list: Option<ListId>,
    /// Its usage; a message that went to several countries is one.
    pub usage: Usage,
}

/// What was sent in one quarter of an hour, or in any stretch that no bucket's bound cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketRow {
    /// Any instant of it.
    pub at: Timestamp,
    /// Its usage; a message that went to several countries is one.
    pub usage: Usage,
}

/// What was sent to one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountryRow {
    /// Where it was sent.
    pub country: CountryCode,
    /// Its usage; a message that went to several countries is one in each.
    pub usage: Usage,
}

/// Why rows do not make a report. Each is a fault of what was stored or read, not of who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// A sum is beyond its range.
    #[error("usage is too large to add up")]
    Overflow,
    /// A row falls in no bucket.
    #[error("usage at {0} is outside the report's buckets")]
    OutsidePeriod(Timestamp),
    /// Buckets, lists and countries add up to different totals.
    #[error("usage by time, by list and by country differ")]
    Disagreement,
}

/// The usage of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUsage {
    /// `None` for what was sent without a list.
    pub list: Option<ListId>,
    /// In the whole period.
    pub usage: Usage,
    /// Only the buckets with rows, so that memory grows with what was sent.
    buckets: BTreeMap<usize, Usage>,
}

impl ListUsage {
    /// Its usage in the bucket at a position of the report's.
    #[must_use]
    pub fn bucket(&self, index: usize) -> Usage {
        self.buckets.get(&index).copied().unwrap_or_default()
    }
}

/// The usage of one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountryUsage {
    /// Where it was sent.
    pub country: CountryCode,
    /// In the whole period.
    pub usage: Usage,
}

/// A report's sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// In the whole period.
    pub totals: Usage,
    /// Oldest first, empty ones included.
    pub buckets: Vec<(Bucket, Usage)>,
    /// Most credits first, ties by id, what was sent without a list last among them.
    pub lists: Vec<ListUsage>,
    /// Most credits first, ties by code.
    pub countries: Vec<CountryUsage>,
}

/// Adds rows up, in whatever order they come; memory grows with buckets, lists and countries.
#[derive(Debug, Clone)]
pub struct Aggregation {
    bounds: Vec<Bucket>,
    buckets: Vec<Usage>,
    lists: HashMap<Option<ListId>, ListUsage>,
    countries: BTreeMap<CountryCode, Usage>,
    /// Whether lists were counted from rows of their own, and so must add up to what buckets do.
    are_lists_apart: bool,
}

impl Aggregation {
    /// Nothing yet, in these buckets; they are in order and without a gap or an overlap.
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

    /// Counts what was sent for a list at some time, in its bucket and for its list.
    ///
    /// # Errors
    /// A row outside the buckets; a sum beyond its range.
    pub fn add_list_row(&mut self, row: ListRow) -> Result<(), UsageError> {
        let ListRow { at, list, usage } = row;
        let index = self.add_to_bucket(BucketRow { at, usage })?;
        let list = self.list(list);
        list.usage.add(usage)?;
        list.buckets.entry(index).or_default().add(usage)
    }

    /// Counts what was sent at some time, whatever the list. Where lists are asked for they then come from
    /// rows of their own ([`Self::add_list_total`]).
    ///
    /// # Errors
    /// A row outside the buckets; a sum beyond its range.
    pub fn add_bucket_row(&mut self, row: BucketRow) -> Result<(), UsageError> {
        self.add_to_bucket(row).map(drop)
    }

    /// Counts what was sent for a list, whenever: buckets come from rows of their own
    /// ([`Self::add_bucket_row`]), and must add up to the same.
    ///
    /// # Errors
    /// A sum beyond its range.
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

    /// Counts what was sent to a country.
    ///
    /// # Errors
    /// A sum beyond its range.
    pub fn add_country_row(&mut self, row: CountryRow) -> Result<(), UsageError> {
        self.countries
            .entry(row.country)
            .or_default()
            .add(row.usage)
    }

    /// The report.
    ///
    /// # Errors
    /// A total beyond its range; lists and countries that add up to different totals.
    pub fn finish(self) -> Result<Report, UsageError> {
        let by_country = total(self.countries.values().copied())?;
        let report = self.finish_without_countries()?;
        if report.totals.apart_from_messages() != by_country.apart_from_messages() {
            return Err(UsageError::Disagreement);
        }
        Ok(report)
    }

    /// The report of lists and buckets, where nobody asked for countries and none were counted.
    ///
    /// # Errors
    /// A total beyond its range; lists and buckets that were counted apart and add up to different totals.
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
        // They come by code, and the sort keeps the order of ties.
        countries.sort_by_key(|country| std::cmp::Reverse(country.usage.credits));
        Ok(Report {
            totals,
            buckets: self.bounds.into_iter().zip(self.buckets).collect(),
            lists,
            countries,
        })
    }
}

/// A part of a whole in ten-thousandths, rounded half-even; 0 of nothing. Both are not negative, and the
/// part is at most the whole.
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
    // At most the whole, which is 10,000.
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
