//! Forecasts: what becomes of an account's credits at its present pace.
//!
//! Here: reading the lots and the pace. Not here: the forecast itself ([`domain::forecast`], law
//! T6).

use std::{collections::BTreeMap, num::NonZeroU16};

use domain::{
    calendar::{buckets::Bucket, date_of, start_of_day},
    credits::Credits,
    forecast::{Forecast, Pace, Present, forecast},
    id::AccountId,
};
use entity::{account, credit_package};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use sea_orm::ConnectionTrait;

use super::{Fault, OperationError, Services, account::time_zone, report_source::Try};
use crate::{
    clock::whole_micros,
    reports::usage::{ReadError, credits_by_bucket},
    store::{self, usage::UsageFilter},
};

/// The days by which a pace is measured.
const WINDOW: NonZeroU16 = NonZeroU16::new(30).unwrap();
/// The windows before today that are measured: the last 90 days.
const WINDOWS: usize = 3;
/// How far a forecast looks, in days: two years.
pub const HORIZON: u16 = 730;

/// What becomes of an account's credits.
#[derive(Debug, Clone)]
pub struct AccountForecast {
    /// The instant whose state of the database it starts from.
    pub as_of: Timestamp,
    /// The present day in the account's time zone.
    pub today: Date,
    /// The currency of the account.
    pub currency_code: String,
    /// The credits that messages cost in the 30 whole days before today.
    pub used: Credits,
    /// The credits that messages have cost in the present month.
    pub used_this_month: Credits,
    /// The credits that messages cost in the month before.
    pub used_last_month: Credits,
    /// The credits that messages cost in the month of last year that has the present month's name.
    pub used_a_year_ago: Credits,
    /// At the pace of the last 30 days.
    pub usual: Forecast,
    /// At the fastest pace of the last 90 days.
    pub fastest: Forecast,
    /// At the slowest pace of the last 90 days.
    pub slowest: Forecast,
    /// The credits that are held, by the day on which their lots expire.
    pub held: BTreeMap<Date, Credits>,
}

impl Services {
    /// Forecasts what becomes of an account's credits.
    ///
    /// # Errors
    /// `Unavailable` if neither the replica nor the primary can be read.
    pub async fn forecast(
        &self,
        account: &account::Model,
    ) -> Result<AccountForecast, OperationError> {
        for which in [Try::Replica, Try::Primary] {
            let source = self.report_snapshot(which).await?;
            let found = read(&source.snapshot, account, source.as_of).await;
            if let Some(found) = self.end_report(source, found).await? {
                return Ok(found);
            }
        }
        Err(OperationError::Unavailable)
    }

    /// The smallest package for sale in the account's currency that is enough for 30 days at the
    /// pace of the last 30.
    ///
    /// # Errors
    /// Of the database.
    pub async fn package_for_pace(
        &self,
        forecast: &AccountForecast,
    ) -> Result<Option<credit_package::Model>, OperationError> {
        if !forecast.used.is_positive() {
            return Ok(None);
        }
        let (reader, currency) = (self.store().reader(), &forecast.currency_code);
        Ok(store::credit_package::smallest_with(reader, forecast.used, currency).await?)
    }
}

async fn read(
    snapshot: &impl ConnectionTrait,
    account: &account::Model,
    as_of: Timestamp,
) -> Result<AccountForecast, OperationError> {
    let id = AccountId::new(account.id);
    let zone = time_zone(account)?;
    let today = date_of(as_of, &zone);
    let opened = date_of(whole_micros(account.created_at), &zone);
    let month = today.first_of_month();
    let used = Used::read(snapshot, id, (earliest(today)?, after(today, 1)?), &zone).await?;
    let (last_month, a_year_ago) = (months(month, -1)?, months(month, -12)?);
    let then = (a_year_ago, months(month, -11)?);
    let used_a_year_ago = Used::read(snapshot, id, then, &zone).await?;
    let rows = store::lot::unspent(snapshot, id).await?;
    let mut lots = Vec::with_capacity(rows.len());
    let mut held: BTreeMap<Date, Credits> = BTreeMap::new();
    for (row, held_units) in &rows {
        let lot = store::book::domain_lot(row)?;
        if lot.has_expired(as_of) {
            continue;
        }
        if let Some(expiry) = lot.expiry
            && *held_units > 0
        {
            let of_day = held.entry(expiry.on).or_default();
            let more = Credits::from_units(*held_units);
            *of_day = of_day.checked_add(more).ok_or_else(too_large)?;
        }
        lots.push(lot);
    }
    let present = Present {
        lots: &lots,
        order: store::book::order(account.consumption_order),
        today,
    };
    let at = |credits: Credits| {
        let pace = Pace {
            credits,
            days: WINDOW,
        };
        forecast(present, pace, HORIZON).ok_or_else(too_large)
    };
    let windows = used.windows(today)?;
    // A window that ended before the account was opened says nothing about it.
    let measured = || windows.iter().filter(|window| window.until > opened);
    let measured = || measured().map(|window| window.credits);
    let last = windows
        .first()
        .map_or(Credits::ZERO, |window| window.credits);
    Ok(AccountForecast {
        as_of,
        today,
        currency_code: account.currency_code.clone(),
        used: last,
        used_this_month: used.between(month, after(today, 1)?)?,
        used_last_month: used.between(last_month, month)?,
        used_a_year_ago: used_a_year_ago.between(then.0, then.1)?,
        usual: at(last)?,
        fastest: at(measured().max().unwrap_or(last))?,
        slowest: at(measured().min().unwrap_or(last))?,
        held,
    })
}

/// The first day that is read: that of last month, or of the earliest window.
fn earliest(today: Date) -> Result<Date, OperationError> {
    let days = i32::from(WINDOW.get()) * i32::try_from(WINDOWS).unwrap_or(i32::MAX);
    Ok(after(today, -days)?.min(months(today.first_of_month(), -1)?))
}

/// The credits used in 30 days.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// The first day after them.
    until: Date,
    credits: Credits,
}

/// The credits that messages cost, by day.
#[derive(Debug)]
struct Used(BTreeMap<Date, Credits>);

impl Used {
    /// Reads the days from one to another.
    async fn read(
        snapshot: &impl ConnectionTrait,
        account: AccountId,
        (first, end): (Date, Date),
        zone: &TimeZone,
    ) -> Result<Self, OperationError> {
        let days = (first.series(Span::new().days(1))).take_while(|day| *day < end);
        let days: Vec<Date> = days.collect();
        let instant = |day: Date| {
            let start = start_of_day(day, zone);
            start.map_err(|cause| Fault::Broken(cause.to_string()))
        };
        let starts = days.iter().map(|day| instant(*day));
        let starts: Vec<Timestamp> = starts.collect::<Result<_, _>>()?;
        let to = instant(end)?;
        let ends = starts.iter().skip(1).copied().chain([to]);
        let parts = starts.iter().copied().zip(ends);
        let buckets: Vec<Bucket> = parts.map(|(start, end)| Bucket { start, end }).collect();
        let filter = UsageFilter::of(account, (instant(first)?, to));
        let used = credits_by_bucket(snapshot, &filter, &buckets).await;
        let used = used.map_err(|error| match error {
            ReadError::Database(cause) => OperationError::from(cause),
            other => Fault::Broken(other.to_string()).into(),
        })?;
        Ok(Self(days.into_iter().zip(used).collect()))
    }

    /// The sum from one day to another.
    fn between(&self, first: Date, end: Date) -> Result<Credits, OperationError> {
        let days = self.0.range(first..end).map(|(_, credits)| *credits);
        let sum = days
            .into_iter()
            .try_fold(Credits::ZERO, Credits::checked_add);
        sum.ok_or_else(too_large)
    }

    /// The windows before today, the last one first.
    fn windows(&self, today: Date) -> Result<Vec<Window>, OperationError> {
        let mut until = today;
        let mut windows = Vec::with_capacity(WINDOWS);
        for _ in 0..WINDOWS {
            let first = after(until, -i32::from(WINDOW.get()))?;
            let credits = self.between(first, until)?;
            windows.push(Window { until, credits });
            until = first;
        }
        Ok(windows)
    }
}

fn months(day: Date, count: i32) -> Result<Date, OperationError> {
    let span = Span::new().months(count);
    day.checked_add(span).map_err(|_| too_large())
}

fn after(day: Date, days: i32) -> Result<Date, OperationError> {
    let span = Span::new().days(days);
    day.checked_add(span).map_err(|_| too_large())
}

fn too_large() -> OperationError {
    Fault::Broken("a forecast is beyond its range".into()).into()
}
