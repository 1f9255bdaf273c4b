//! A usage report's figures: read in one snapshot, priced, and added up.
//!
//! Here: turning rows into sums, and sums into the contents of a file. Not here: the queries
//! ([`crate::store::usage`]), who may see a report, and where buckets begin
//! ([`domain::calendar::buckets`]).

mod rows;

use std::collections::BTreeMap;

use domain::{
    calendar::buckets::{Bucket, Interval},
    credits::Credits,
    id::{ListId, RateCardId},
    money::{CreditValue, Currency, Money},
    usage::{
        Report, Usage, UsageError,
        costs::{Costs, part_costs},
    },
};
use entity::{rate_card, sql_enums::Channel};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ConnectionTrait, DbErr};

use self::rows::{Prices, Rows};

pub use super::sources::Source;
use super::{
    file::{self, ReportFile, UsageRow},
    sources::Sources,
};
use crate::{
    clock::whole_micros,
    store::{
        self,
        usage::{Grain, QUARTER_HOUR_MICROS, UsageFilter},
    },
};

/// The name, in a file, for usage by messages without a list.
const NO_LIST: &str = "(no list)";

/// The requested parts of a report. The others are not read; totals always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Usage by bucket.
    pub buckets: bool,
    /// Usage by list.
    pub lists: bool,
    /// Usage by list and bucket.
    pub list_buckets: bool,
    /// Usage by country.
    pub countries: bool,
    /// Usage by channel.
    pub channels: bool,
}

impl Parts {
    /// The parts that a file shows.
    pub const FILE: Self = Self {
        buckets: true,
        lists: true,
        list_buckets: false,
        countries: true,
        channels: false,
    };
}

/// A report's requested sums, and the currency of their costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The sums. If no buckets were requested, the whole period is one bucket.
    pub report: Report,
    /// Usage by channel, most credits first; empty if it was not requested.
    pub channels: Vec<(Channel, Usage)>,
    /// The currency of every cost.
    pub currency: Currency,
    /// The displayed costs; an error if one is beyond the range of money.
    pub costs: Result<Costs, UsageError>,
}

/// Why a report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database failed.
    #[error("the report could not be read: {0}")]
    Database(#[from] DbErr),
    /// The rows don't add up to a report.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The period's messages were priced in several currencies, which can't be added up.
    #[error("usage in {} and {} can't be added up", .0.code(), .1.code())]
    Currencies(Currency, Currency),
    /// A row has a value that no row should have.
    #[error("{0}")]
    Broken(String),
}

/// What to read, and how.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The messages to count.
    pub filter: &'a UsageFilter,
    /// The period's buckets.
    pub bounds: &'a [Bucket],
    /// The requested parts.
    pub parts: Parts,
    /// The tables to read.
    pub source: Source,
    /// The currency of costs, all zero, if nothing was sent.
    pub otherwise: Currency,
}

/// Reads a report. `connection` is a snapshot, so that the parts agree (law T4). `value` returns
/// the value of a credit under a version of a rate card.
///
/// # Errors
/// See [`ReadError`].
pub async fn read(
    connection: &impl ConnectionTrait,
    reading: Reading<'_>,
    value: impl Fn(&rate_card::Model) -> Option<CreditValue>,
) -> Result<Figures, ReadError> {
    let Reading {
        filter,
        bounds,
        parts,
        source,
        otherwise,
    } = reading;
    let sources = Sources::new(connection, filter, bounds, source).await?;
    let rows = Rows::read(&sources, parts).await?;
    let prices = prices(connection, &rows, value).await?;
    let whole = [Bucket {
        start: filter.from,
        end: filter.to,
    }];
    let bounds = if parts.has_buckets() { bounds } else { &whole };
    let report = rows.report(bounds, parts, &prices)?;
    let currency = prices.currency.unwrap_or(otherwise);
    Ok(Figures {
        channels: rows.channels(&report.totals, &prices)?,
        costs: report.costs(currency),
        report,
        currency,
    })
}

/// Reads the credits of each bucket of a period, whatever currency they were priced in.
/// `connection` is a snapshot.
///
/// # Errors
/// [`ReadError::Database`], and [`ReadError::Broken`] if a sum lies in no bucket or is too large.
pub async fn credits_by_bucket(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    bounds: &[Bucket],
) -> Result<Vec<Credits>, ReadError> {
    let sources = Sources::new(connection, filter, bounds, Source::Days).await?;
    let grain = Grain {
        quarter_hours: true,
        ..Grain::default()
    };
    let mut units = vec![0_i64; bounds.len()];
    for sum in sources.totals(grain).await? {
        let at = whole_micros(sum.quarter_hour.saturating_mul(QUARTER_HOUR_MICROS));
        let place = bounds.partition_point(|bucket| bucket.end <= at);
        let own = units.get_mut(place).and_then(|units| {
            *units = units.checked_add(sum.units)?;
            Some(())
        });
        own.ok_or_else(|| ReadError::Broken("usage lies in no bucket or is too large".into()))?;
    }
    Ok(units.into_iter().map(Credits::from_units).collect())
}

/// Checks that a period's costs are all in one currency. It takes little time compared with reading
/// the report, so a report can be refused before its file is started.
///
/// # Errors
/// [`ReadError::Currencies`] if there are several; otherwise as [`read`].
pub async fn check_currency(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    source: Source,
    value: impl Fn(&rate_card::Model) -> Option<CreditValue>,
) -> Result<(), ReadError> {
    let check = async |filter: &UsageFilter| {
        let sources = Sources::new(connection, filter, &[], source).await?;
        let rows = Rows::read(&sources, Parts::default()).await?;
        prices(connection, &rows, &value).await.map(drop)
    };
    // Without the filter by country, the sums by day can answer. Only if they find several
    // currencies, the messages have to be read to know whether the filter leaves one.
    let anywhere = UsageFilter {
        countries: None,
        ..filter.clone()
    };
    match check(&anywhere).await {
        Err(ReadError::Currencies(..)) if filter.countries.is_some() => check(filter).await,
        checked => checked,
    }
}

/// Returns the value of a credit under each version that priced some of the rows.
async fn prices(
    connection: &impl ConnectionTrait,
    rows: &Rows,
    value: impl Fn(&rate_card::Model) -> Option<CreditValue>,
) -> Result<Prices, ReadError> {
    let cards = rows.cards().into_iter().map(RateCardId::new);
    Prices::of(&store::rate_card::find_all(connection, cards).await?, value)
}

impl Parts {
    fn has_buckets(self) -> bool {
        self.buckets || self.list_buckets
    }

    fn has_lists(self) -> bool {
        self.lists || self.list_buckets
    }
}

/// The heading of a file: whose report it is, and of which period.
#[derive(Debug, Clone)]
pub struct About {
    /// The name of the account whose usage it is.
    pub account_name: String,
    /// The time zone in which instants are shown.
    pub time_zone: TimeZone,
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// The length of each bucket.
    pub interval: Interval,
    /// What usage is restricted to, in words; empty if all counts.
    pub filter: String,
    /// When the file was requested.
    pub generated_at: Timestamp,
    /// The instant whose state of the database the file shows.
    pub as_of: Timestamp,
}

impl About {
    /// Returns the contents of the file without any figures.
    #[must_use]
    pub fn without_figures(self) -> ReportFile {
        ReportFile {
            account_name: self.account_name,
            currency_code: String::new(),
            time_zone: self.time_zone,
            from: self.from,
            to: self.to,
            interval: interval(self.interval),
            filter: self.filter,
            totals: UsageRow::default(),
            lists: Vec::new(),
            buckets: Vec::new(),
            countries: Vec::new(),
            generated_at: self.generated_at,
            as_of: self.as_of,
        }
    }
}

impl Figures {
    /// Returns the lists that messages were sent to.
    #[must_use]
    pub fn lists(&self) -> Vec<ListId> {
        self.report
            .lists
            .iter()
            .filter_map(|usage| usage.list)
            .collect()
    }

    /// Returns the displayed costs of the channels, which add up to the total's (law Q5). Of equal
    /// remainders, that of the channel with the most credits is rounded up.
    ///
    /// # Errors
    /// [`UsageError::Overflow`] if a cost exceeds the range of money.
    pub fn channel_costs(&self) -> Result<Vec<Money>, UsageError> {
        let totals = self.costs.as_ref().map_err(|error| *error)?.totals;
        part_costs(self.channels.iter().map(|(_, usage)| *usage), totals)
    }

    /// Returns the contents of the report's file, without its messages.
    ///
    /// # Errors
    /// [`UsageError::Overflow`] if a cost exceeds the range of money.
    pub fn file(
        &self,
        about: About,
        names: &BTreeMap<ListId, String>,
    ) -> Result<ReportFile, ReadError> {
        let report = &self.report;
        let costs = self.costs.as_ref().map_err(|error| *error)?;
        let lists = report.lists.iter().zip(&costs.lists).map(|(usage, cost)| {
            let name = usage.list.map_or(NO_LIST, |list| {
                names.get(&list).map(String::as_str).unwrap_or_default()
            });
            (name.to_owned(), row(usage.usage, *cost))
        });
        let buckets = report.buckets.iter().zip(&costs.buckets);
        let countries = report.countries.iter().zip(&costs.countries);
        Ok(ReportFile {
            currency_code: self.currency.code().to_string(),
            totals: row(report.totals, costs.totals),
            lists: lists.collect(),
            buckets: buckets
                .map(|((bucket, usage), cost)| (bucket.start, row(*usage, *cost)))
                .collect(),
            countries: countries
                .map(|(usage, cost)| (usage.country.to_string(), row(usage.usage, *cost)))
                .collect(),
            ..about.without_figures()
        })
    }
}

fn row(usage: Usage, cost: Money) -> UsageRow {
    UsageRow {
        messages: usage.messages,
        recipients: usage.recipients,
        segments: usage.segments,
        credits: usage.credits,
        cost: cost.to_string(),
    }
}

fn interval(interval: Interval) -> file::Interval {
    match interval {
        Interval::Hour => file::Interval::Hour,
        Interval::Day => file::Interval::Day,
        Interval::Week => file::Interval::Week,
        Interval::Month => file::Interval::Month,
    }
}
