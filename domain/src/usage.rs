//! Usage: what was sent and what it took, added up by time, list and country.
//!
//! Here: the sums of a report and their agreement (rule T2). Not here: where buckets begin
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

    /// The cost as it is shown, rounded once (rule Q5); `None` beyond the range of [`Money`].
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
    /// Lists and countries add up to different credits, recipients, segments or costs.
    #[error("usage by list and by country differ")]
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
        }
    }

    /// Counts what was sent for a list.
    ///
    /// # Errors
    /// A row outside the buckets; a sum beyond its range.
    pub fn add_list_row(&mut self, row: ListRow) -> Result<(), UsageError> {
        let outside = UsageError::OutsidePeriod(row.at);
        let index = index_of(row.at, &self.bounds).ok_or(outside)?;
        self.buckets.get_mut(index).ok_or(outside)?.add(row.usage)?;
        let list = self.lists.entry(row.list).or_insert_with(|| ListUsage {
            list: row.list,
            usage: Usage::default(),
            buckets: BTreeMap::new(),
        });
        list.usage.add(row.usage)?;
        list.buckets.entry(index).or_default().add(row.usage)
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
        let totals = total(self.buckets.iter().copied())?;
        let by_country = total(self.countries.values().copied())?;
        if totals.apart_from_messages() != by_country.apart_from_messages() {
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

fn total(usages: impl Iterator<Item = Usage>) -> Result<Usage, UsageError> {
    let mut total = Usage::default();
    for usage in usages {
        total.add(usage)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calendar::buckets::{Interval, buckets},
        money::CreditValue,
        rate::tests::country,
    };
    use jiff::{SignedDuration, tz::TimeZone};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn euro() -> Currency {
        Currency::new("EUR".parse().unwrap(), 2).unwrap()
    }

    fn list(number: u128) -> Option<ListId> {
        (number > 0).then(|| Uuid::from_u128(number).into())
    }

    fn usage(messages: i64, recipients: i64, units: i64) -> Usage {
        let value = CreditValue::parse("0.0125", euro()).unwrap();
        let credits = Credits::from_units(units);
        Usage {
            messages,
            recipients,
            segments: recipients * 2,
            credits,
            cost: value.cost(credits),
        }
    }

    fn three_days() -> Vec<Bucket> {
        let from: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let to = from + SignedDuration::from_hours(72);
        buckets(from, to, Interval::Day, &TimeZone::UTC).unwrap()
    }

    fn at(hours: i64) -> Timestamp {
        three_days()[0].start + SignedDuration::from_hours(hours)
    }

    #[test]
    fn the_largest_come_first_and_ties_by_id() {
        let mut sums = Aggregation::new(three_days());
        for (number, units) in [(0, 5), (2, 5), (1, 5), (4, 9), (3, 1)] {
            let row = ListRow {
                at: at(1),
                list: list(number),
                usage: usage(1, 1, units),
            };
            sums.add_list_row(row).unwrap();
        }
        for (code, units) in [("US", 5), ("IT", 5), ("FR", 15)] {
            let row = CountryRow {
                country: country(code),
                usage: usage(1, if code == "FR" { 3 } else { 1 }, units),
            };
            sums.add_country_row(row).unwrap();
        }
        let report = sums.finish().unwrap();
        let lists: Vec<_> = report.lists.iter().map(|usage| usage.list).collect();
        assert_eq!(lists, [list(4), list(1), list(2), None, list(3)]);
        let countries: Vec<_> = report.countries.iter().map(|usage| usage.country).collect();
        assert_eq!(countries, ["FR", "IT", "US"].map(country));
    }

    #[test]
    fn a_message_to_two_countries_is_one_message() {
        let mut sums = Aggregation::new(three_days());
        let row = ListRow {
            at: at(30),
            list: list(1),
            usage: usage(1, 5, 50_000),
        };
        sums.add_list_row(row).unwrap();
        for (code, recipients) in [("IT", 3), ("US", 2)] {
            let row = CountryRow {
                country: country(code),
                usage: usage(1, recipients, recipients * 10_000),
            };
            sums.add_country_row(row).unwrap();
        }
        let report = sums.finish().unwrap();
        assert_eq!(report.totals, usage(1, 5, 50_000));
        let messages: Vec<_> = report
            .buckets
            .iter()
            .map(|(_, usage)| usage.messages)
            .collect();
        assert_eq!(messages, [0, 1, 0]);
        assert_eq!(report.lists[0].bucket(1), usage(1, 5, 50_000));
        assert_eq!(report.lists[0].bucket(2), Usage::default());
        assert!(report.countries.iter().all(|row| row.usage.messages == 1));
    }

    #[test]
    fn an_empty_report_has_its_buckets() {
        let report = Aggregation::new(three_days()).finish().unwrap();
        assert_eq!(report.totals, Usage::default());
        assert_eq!(report.buckets.len(), 3);
        assert!(report.lists.is_empty() && report.countries.is_empty());
    }

    #[test]
    fn rows_that_do_not_fit_are_faults() {
        let row = |hours, units| ListRow {
            at: at(hours),
            list: None,
            usage: usage(1, 1, units),
        };
        let mut sums = Aggregation::new(three_days());
        for hours in [-1, 72] {
            let outside = UsageError::OutsidePeriod(at(hours));
            assert_eq!(sums.add_list_row(row(hours, 1)), Err(outside));
        }
        sums.add_list_row(row(0, 7)).unwrap();
        assert_eq!(sums.clone().finish(), Err(UsageError::Disagreement));
        let too_much = row(0, i64::MAX - 6);
        assert_eq!(sums.add_list_row(too_much), Err(UsageError::Overflow));
    }

    #[test]
    fn a_cost_is_rounded_once_and_not_row_by_row() {
        // A third of a cent three times is a cent; each alone is shown as nothing.
        let value = CreditValue::parse("0.00334", euro()).unwrap();
        let one = Usage {
            cost: value.cost(Credits::whole(1)),
            ..Usage::default()
        };
        let three = one.checked_add(one).unwrap().checked_add(one).unwrap();
        assert_eq!(one.cost(euro()).unwrap().to_string(), "0.00");
        assert_eq!(three.cost(euro()).unwrap().to_string(), "0.01");
    }

    /// When, for which list, and recipients by country, one unit of credits each.
    type Message = (i64, u128, BTreeMap<u8, i64>);

    fn report_of(messages: &[Message]) -> Report {
        let mut sums = Aggregation::new(three_days());
        for (hours, number, countries) in messages {
            let recipients: i64 = countries.values().sum();
            sums.add_list_row(ListRow {
                at: at(*hours),
                list: list(*number),
                usage: usage(1, recipients, recipients),
            })
            .unwrap();
            for (place, recipients) in countries {
                sums.add_country_row(CountryRow {
                    country: country(["FR", "IT", "JP", "US"][usize::from(*place)]),
                    usage: usage(1, *recipients, *recipients),
                })
                .unwrap();
            }
        }
        sums.finish().unwrap()
    }

    fn any_messages() -> impl Strategy<Value = Vec<Message>> {
        let countries = prop::collection::btree_map(0_u8..4, 1_i64..1_000, 1..4);
        prop::collection::vec((0_i64..72, 0_u128..5, countries), 0..60)
    }

    proptest! {
        #[test]
        fn lists_buckets_and_countries_add_up_to_the_totals(messages in any_messages(), turn: usize) {
            // The order of the rows makes no difference.
            let mut turned = messages.clone();
            if !turned.is_empty() {
                turned.rotate_left(turn % messages.len());
            }
            let report = report_of(&messages);
            prop_assert_eq!(&report, &report_of(&turned));

            let all: i64 = messages.iter().flat_map(|(_, _, countries)| countries.values()).sum();
            prop_assert_eq!(report.totals, usage(i64::try_from(messages.len()).unwrap(), all, all));
            prop_assert_eq!(total(report.buckets.iter().map(|(_, usage)| *usage)).unwrap(), report.totals);
            prop_assert_eq!(total(report.lists.iter().map(|list| list.usage)).unwrap(), report.totals);
            let countries = total(report.countries.iter().map(|row| row.usage)).unwrap();
            prop_assert_eq!(countries.apart_from_messages(), report.totals.apart_from_messages());
            for list in &report.lists {
                prop_assert_eq!(total((0..3).map(|index| list.bucket(index))).unwrap(), list.usage);
            }
            for (index, (_, bucket)) in report.buckets.iter().enumerate() {
                let lists = report.lists.iter().map(|list| list.bucket(index));
                prop_assert_eq!(total(lists).unwrap(), *bucket);
            }
        }
    }
}
