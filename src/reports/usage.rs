//! A usage report's figures: read in one snapshot, priced, and added up.
//!
//! Here: rows into sums, and sums into what a file holds. Not here: the queries
//! ([`crate::store::usage`]), who may ask, and where buckets begin ([`domain::calendar::buckets`]).

mod rows;

use std::collections::BTreeMap;

use domain::{
    calendar::buckets::{Bucket, Interval},
    id::{ListId, RateCardId},
    money::{CreditValue, Currency},
    usage::{Report, Usage, UsageError},
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
use crate::store::{self, usage::UsageFilter};

/// What a file calls the usage of messages that were sent without a list.
const NO_LIST: &str = "(no list)";

/// Which parts of a report are asked for: the rest is not read. Totals come with any of them.
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
    /// What a file shows.
    pub const FILE: Self = Self {
        buckets: true,
        lists: true,
        list_buckets: false,
        countries: true,
        channels: false,
    };
}

/// A report's sums, as far as they were asked for, and the currency of their costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The sums. Where no buckets were asked for, the whole period is one.
    pub report: Report,
    /// Usage by channel, most credits first; empty where it was not asked for.
    pub channels: Vec<(Channel, Usage)>,
    /// What every cost is in.
    pub currency: Currency,
}

/// Why a report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database failed.
    #[error("the report could not be read: {0}")]
    Database(#[from] DbErr),
    /// The rows do not make a report.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The period's messages were priced in several currencies, which do not add up.
    #[error("usage in {} and {} does not add up", .0.code(), .1.code())]
    Currencies(Currency, Currency),
    /// A row holds what it never should.
    #[error("{0}")]
    Broken(String),
}

/// What is read, and how.
#[derive(Debug)]
pub struct Reading<'a> {
    /// What is counted.
    pub filter: &'a UsageFilter,
    /// The period's buckets.
    pub bounds: &'a [Bucket],
    /// Which parts are asked for.
    pub parts: Parts,
    /// Which way.
    pub source: Source,
    /// What costs are in where nothing was sent: nothing is worth nothing in it.
    pub otherwise: Currency,
}

/// Reads a report. `connection` is a snapshot, so that its parts agree (law T4); `value` says what a credit is
/// worth by a card's version.
///
/// # Errors
/// What the database says; rows that do not add up to one report.
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
    Ok(Figures {
        channels: rows.channels(&report.totals, &prices)?,
        report,
        currency: prices.currency.unwrap_or(otherwise),
    })
}

/// Checks that a period's costs are all in one currency, which takes next to nothing beside reading its report:
/// what is refused can be, before a file is begun.
///
/// # Errors
/// That they are in several; what the database says.
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
    // Whatever the countries, days tell it; only where it differs by country the messages must.
    let anywhere = UsageFilter {
        countries: None,
        ..filter.clone()
    };
    match check(&anywhere).await {
        Err(ReadError::Currencies(..)) if filter.countries.is_some() => check(filter).await,
        checked => checked,
    }
}

/// What a credit is worth by each version that priced some of the rows.
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

/// What a file says about its report.
#[derive(Debug, Clone)]
pub struct About {
    /// Whose usage it is.
    pub account_name: String,
    /// The zone that instants are shown in.
    pub time_zone: TimeZone,
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// How long each bucket is.
    pub interval: Interval,
    /// When the file was asked for.
    pub generated_at: Timestamp,
}

impl About {
    /// The file without any figures.
    #[must_use]
    pub fn without_figures(self) -> ReportFile {
        ReportFile {
            account_name: self.account_name,
            currency_code: String::new(),
            time_zone: self.time_zone,
            from: self.from,
            to: self.to,
            interval: interval(self.interval),
            totals: UsageRow::default(),
            lists: Vec::new(),
            buckets: Vec::new(),
            countries: Vec::new(),
            generated_at: self.generated_at,
        }
    }
}

impl Figures {
    /// The lists that something was sent for.
    #[must_use]
    pub fn lists(&self) -> Vec<ListId> {
        self.report
            .lists
            .iter()
            .filter_map(|usage| usage.list)
            .collect()
    }

    /// The report as a file holds it, its messages apart.
    ///
    /// # Errors
    /// A cost beyond what money can say.
    pub fn file(
        &self,
        about: About,
        names: &BTreeMap<ListId, String>,
    ) -> Result<ReportFile, ReadError> {
        let report = &self.report;
        let lists = report.lists.iter().map(|usage| {
            let name = usage.list.map_or(NO_LIST, |list| {
                names.get(&list).map(String::as_str).unwrap_or_default()
            });
            Ok((name.to_owned(), self.row(usage.usage)?))
        });
        let buckets = report
            .buckets
            .iter()
            .map(|(bucket, usage)| Ok((bucket.start, self.row(*usage)?)));
        let countries = report
            .countries
            .iter()
            .map(|usage| Ok((usage.country.to_string(), self.row(usage.usage)?)));
        Ok(ReportFile {
            currency_code: self.currency.code().to_string(),
            totals: self.row(report.totals)?,
            lists: lists.collect::<Result<_, ReadError>>()?,
            buckets: buckets.collect::<Result<_, ReadError>>()?,
            countries: countries.collect::<Result<_, ReadError>>()?,
            ..about.without_figures()
        })
    }

    fn row(&self, usage: Usage) -> Result<UsageRow, ReadError> {
        let cost = usage
            .cost(self.currency)
            .ok_or(ReadError::Usage(UsageError::Overflow))?;
        Ok(UsageRow {
            messages: usage.messages,
            recipients: usage.recipients,
            segments: usage.segments,
            credits: usage.credits,
            cost: cost.to_string(),
        })
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
