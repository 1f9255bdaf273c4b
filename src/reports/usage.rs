//! A usage report's figures: read in one snapshot, priced, and added up.
//!
//! Here: rows into sums, and sums into what a file holds. Not here: the queries
//! ([`crate::store::usage`]), who may ask, and where buckets begin ([`domain::calendar::buckets`]).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    calendar::buckets::{Bucket, Interval},
    credits::Credits,
    id::{ListId, RateCardId},
    money::{CreditValue, Currency},
    usage::{Aggregation, CountryRow, ListRow, Report, Usage, UsageError},
};
use entity::rate_card;
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ConnectionTrait, DbErr, prelude::Uuid};

use super::file::{self, ReportFile, UsageRow};
use crate::{
    clock::whole_micros,
    store::{
        self,
        usage::{CountrySum, Grain, QUARTER_HOUR_MICROS, Sum, UsageFilter},
    },
};

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
}

impl Parts {
    /// What a file shows.
    pub const FILE: Self = Self {
        buckets: true,
        lists: true,
        list_buckets: false,
        countries: true,
    };
}

/// A report's sums, as far as they were asked for, and the currency of their costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The sums. Where no buckets were asked for, the whole period is one.
    pub report: Report,
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

/// Reads a report. `connection` is a snapshot, so that its parts agree (law T4); `bounds` are the
/// period's buckets; `value` says what a credit is worth by a card's version; where nothing was sent,
/// nothing is worth nothing in the currency `otherwise`.
///
/// # Errors
/// What the database says; rows that do not add up to one report.
pub async fn read(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    bounds: &[Bucket],
    parts: Parts,
    value: impl Fn(&rate_card::Model) -> Option<CreditValue>,
    otherwise: Currency,
) -> Result<Figures, ReadError> {
    let grain = Grain {
        quarter_hours: parts.buckets || parts.list_buckets,
        lists: parts.lists || parts.list_buckets,
    };
    let sums = store::usage::sums(connection, filter, grain).await?;
    let countries = if parts.countries {
        store::usage::country_sums(connection, filter).await?
    } else {
        Vec::new()
    };
    let cards: BTreeSet<Uuid> = sums.iter().map(|sum| sum.rate_card_id).collect();
    let cards = cards.into_iter().map(RateCardId::new);
    let cards = store::rate_card::find_all(connection, cards).await?;
    let prices = Prices::of(&cards, value)?;

    let mut aggregation = Aggregation::new(if grain.quarter_hours {
        bounds.to_vec()
    } else {
        vec![Bucket {
            start: filter.from,
            end: filter.to,
        }]
    });
    for sum in &sums {
        let at = if grain.quarter_hours {
            whole_micros(sum.quarter_hour.saturating_mul(QUARTER_HOUR_MICROS))
        } else {
            filter.from
        };
        aggregation.add_list_row(ListRow {
            at,
            list: sum.list_id.map(ListId::new),
            usage: prices.list_usage(sum)?,
        })?;
    }
    for sum in &countries {
        let country = sum
            .country_code
            .parse()
            .map_err(|_| ReadError::Broken(format!("{:?} is no country code", sum.country_code)))?;
        aggregation.add_country_row(CountryRow {
            country,
            usage: prices.country_usage(sum)?,
        })?;
    }
    Ok(Figures {
        report: if parts.countries {
            aggregation.finish()?
        } else {
            aggregation.finish_without_countries()?
        },
        currency: prices.currency.unwrap_or(otherwise),
    })
}

/// What a credit is worth by each version that priced something.
#[derive(Debug)]
struct Prices {
    values: BTreeMap<Uuid, CreditValue>,
    currency: Option<Currency>,
}

impl Prices {
    fn of(
        cards: &[rate_card::Model],
        value: impl Fn(&rate_card::Model) -> Option<CreditValue>,
    ) -> Result<Self, ReadError> {
        let mut prices = Self {
            values: BTreeMap::new(),
            currency: None,
        };
        for card in cards {
            let value = value(card).ok_or_else(|| {
                ReadError::Broken(format!("rate card {} has no credit value", card.id))
            })?;
            let currency = *prices.currency.get_or_insert(value.currency());
            if currency != value.currency() {
                return Err(ReadError::Currencies(currency, value.currency()));
            }
            prices.values.insert(card.id, value);
        }
        Ok(prices)
    }

    fn list_usage(&self, sum: &Sum) -> Result<Usage, ReadError> {
        let counts = (sum.messages, sum.recipients, sum.segments);
        self.usage(counts, sum.units, sum.rate_card_id)
    }

    fn country_usage(&self, sum: &CountrySum) -> Result<Usage, ReadError> {
        let counts = (sum.messages, sum.recipients, sum.segments);
        self.usage(counts, sum.units, sum.rate_card_id)
    }

    fn usage(
        &self,
        (messages, recipients, segments): (i64, i64, i64),
        units: i64,
        card: Uuid,
    ) -> Result<Usage, ReadError> {
        let value = self
            .values
            .get(&card)
            .ok_or_else(|| ReadError::Broken(format!("there is no rate card {card}")))?;
        let credits = Credits::from_units(units);
        Ok(Usage {
            messages,
            recipients,
            segments,
            credits,
            cost: value.cost(credits),
        })
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
            account_name: about.account_name,
            currency_code: self.currency.code().to_string(),
            time_zone: about.time_zone,
            from: about.from,
            to: about.to,
            interval: interval(about.interval),
            totals: self.row(report.totals)?,
            lists: lists.collect::<Result<_, ReadError>>()?,
            buckets: buckets.collect::<Result<_, ReadError>>()?,
            countries: countries.collect::<Result<_, ReadError>>()?,
            generated_at: about.generated_at,
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
