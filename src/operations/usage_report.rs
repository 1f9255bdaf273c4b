//! Usage reports: checking the request, and reading the figures.
//!
//! Not here: the reports of many accounts and lists in one request ([`nested`]).

mod nested;
mod period;

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    calendar::{
        buckets::{Bucket, Interval},
        comparison::{self, CalendarPeriod},
    },
    country::CountryCode,
    id::{AccountId, ListId},
    usage::Usage,
};
use entity::{account, sql_enums::Channel};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::ConnectionTrait;

pub(super) use self::nested::Nested;
pub use self::period::AskedIn;
use self::period::period;
use super::{
    Fault, OperationError, Path, Services, Viewer, account::time_zone, actor::AskedActor, input,
    rate_card::credit_value, refusal::Refusal, report_source::Try,
};
pub use crate::store::usage::UsageFilter;
use crate::{
    localization::Text,
    reports::usage::{Figures, Parts, ReadError, Reading, Source, read},
    store,
};

/// The most lists in a filter.
pub const MAX_LISTS: usize = 1_000;
/// The most buckets in one answer, over all its lists: a few tens of megabytes.
pub const MAX_LIST_BUCKETS: usize = 100_000;
/// The most countries in a filter: more than there are.
const MAX_COUNTRIES: usize = 1_000;

/// The requested report.
#[derive(Debug)]
pub struct UsageReportRequest {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The first instant of the period, RFC 3339.
    pub from: String,
    /// The first instant after the period, RFC 3339.
    pub to: String,
    /// The interval of the timeline.
    pub interval: Interval,
    /// IANA name; the account's zone if `None`.
    pub time_zone: Option<String>,
    /// Only these lists; `None` in place of a malformed id.
    pub lists: Option<Vec<Option<ListId>>>,
    /// Only recipients in these countries.
    pub countries: Option<Vec<String>>,
    /// Only messages on this channel.
    pub channel: Option<Channel>,
    /// Only messages made by these actors.
    pub actor: Option<AskedActor>,
    /// What the period is the beginning of, for the one that it is compared with.
    pub part_of: Option<CalendarPeriod>,
}

/// A checked report, ready to be read.
#[derive(Debug, Clone)]
pub struct UsageReport {
    /// The account.
    pub account: account::Model,
    /// The usage that counts.
    pub filter: UsageFilter,
    /// The interval of the timeline.
    pub interval: Interval,
    /// The zone whose days and hours count.
    pub time_zone: TimeZone,
    /// The whole buckets that overlap the period.
    pub buckets: Vec<Bucket>,
    /// What the period is the beginning of, for the one that it is compared with.
    pub part_of: Option<CalendarPeriod>,
    /// The source of its figures.
    pub source: Source,
    /// Where its period is asked for.
    pub asked_in: AskedIn,
}

impl UsageReport {
    /// What the report was asked for with, except its account: equal requests have equal texts.
    ///
    /// # Errors
    /// A fault if it has no JSON form.
    pub fn arguments(&self) -> Result<String, OperationError> {
        let filter = &self.filter;
        let sorted = |ids: &Vec<ListId>| ids.iter().map(|id| id.uuid()).collect::<BTreeSet<_>>();
        let countries = filter.countries.as_ref();
        let countries = countries.map(|codes| {
            let codes = codes.iter().map(ToString::to_string);
            codes.collect::<BTreeSet<_>>()
        });
        let arguments = (
            filter.from.as_microsecond(),
            filter.to.as_microsecond(),
            filter.lists.as_ref().map(sorted),
            countries,
            format!("{:?}{:?}", filter.channel, filter.actor),
            format!("{:?}{:?}", self.interval, self.part_of),
            self.time_zone.iana_name(),
        );
        serde_json::to_string(&arguments).map_err(|cause| {
            OperationError::broken(format!("arguments have no JSON form: {cause}"))
        })
    }
}

/// The figures of a report and of the period before it.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The figures of the report itself.
    pub figures: Arc<Figures>,
    /// The period before and its usage. `None` if it wasn't requested, or if its costs are in other
    /// currencies than the report's.
    pub previous: Option<(Timestamp, Timestamp, Usage)>,
    /// The instant whose state of the database they show.
    pub as_of: Timestamp,
}

impl Services {
    /// Checks a requested report. It reads no figures yet.
    ///
    /// # Errors
    /// An unknown account, list or key, an invalid period, interval, zone, country and label, and
    /// too many lists, each at its field.
    pub async fn usage_report(
        &self,
        viewer: &Viewer,
        request: UsageReportRequest,
    ) -> Result<UsageReport, OperationError> {
        let account = self
            .account_for(viewer, request.account, &Path::input("accountId"))
            .await?;
        let zone = match &request.time_zone {
            Some(name) => input::time_zone(name, &Path::input("timeZone"))?,
            None => time_zone(&account)?,
        };
        let from = input::instant(&request.from, &Path::input("from"))?;
        let to = input::instant(&request.to, &Path::input("to"))?;
        let paths = (Path::input("to"), Path::input("interval"));
        let buckets = period((from, to), request.interval, &zone, &paths)?;
        if let Some(whole) = request.part_of
            && !whole.begins_with((from, to), &zone).unwrap_or(false)
        {
            return Err(Path::input("partOf")
                .invalid(text!("Must be a MONTH, QUARTER or YEAR that begins at `from`, in the report's time zone, and doesn't end before `to`."))
                .into());
        }
        let countries = request
            .countries
            .as_deref()
            .map(|codes| countries(codes, &Path::input("countryCodes")))
            .transpose()?;
        let account_id = AccountId::new(account.id);
        let lists = match &request.lists {
            Some(lists) => Some(self.own_lists(account_id, lists).await?),
            None => None,
        };
        let actor = self
            .reader(viewer.clone())
            .actor_filter(account_id, request.actor)
            .await?;
        Ok(UsageReport {
            account,
            filter: UsageFilter {
                account: account_id,
                from,
                to,
                lists,
                countries,
                channel: request.channel,
                actor,
            },
            interval: request.interval,
            time_zone: zone,
            buckets,
            part_of: request.part_of,
            source: Source::Days,
            asked_in: AskedIn::Input,
        })
    }

    /// The lists of a filter, all of the account.
    async fn own_lists(
        &self,
        account: AccountId,
        lists: &[Option<ListId>],
    ) -> Result<Vec<ListId>, OperationError> {
        let path = Path::input("listIds");
        bounded(lists.len(), MAX_LISTS, text!("list"), &path)?;
        let known: Vec<ListId> = lists.iter().flatten().copied().collect();
        let known = store::usage::list_names(self.store().reader(), account, &known).await?;
        let unknown = lists
            .iter()
            .position(|list| list.is_none_or(|list| !known.contains_key(&list)));
        if let Some(index) = unknown {
            return Err(path.at(index).not_found(text!("list")).into());
        }
        Ok(known.into_keys().collect())
    }

    /// Reads the requested parts of a report in one snapshot (law T4), without the period before.
    ///
    /// # Errors
    /// `Invalid` at `from` if the period has costs in several currencies.
    pub async fn usage_alone(
        &self,
        report: &UsageReport,
        parts: Parts,
    ) -> Result<Compared, OperationError> {
        for which in [Try::Replica, Try::Primary] {
            let source = self.report_snapshot(which).await?;
            let as_of = source.as_of;
            let figures = figures(&source.snapshot, report, parts).await;
            if let Some(figures) = self.end_report(source, figures).await? {
                return Ok(Compared {
                    figures: Arc::new(figures),
                    previous: None,
                    as_of,
                });
            }
        }
        Err(OperationError::Unavailable)
    }

    /// Like [`Self::usage_alone`], with the totals of the period before
    /// ([`comparison::period_before`]).
    ///
    /// # Errors
    /// Those of [`Self::usage_alone`]. `Invalid` at `from` if the calendar has no period before.
    pub async fn usage_compared(
        &self,
        report: &UsageReport,
        parts: Parts,
    ) -> Result<Compared, OperationError> {
        for which in [Try::Replica, Try::Primary] {
            let source = self.report_snapshot(which).await?;
            let as_of = source.as_of;
            let compared = compared(&source.snapshot, report, parts, as_of).await;
            if let Some(compared) = self.end_report(source, compared).await? {
                return Ok(compared);
            }
        }
        Err(OperationError::Unavailable)
    }
}

/// The requested parts of a report, from a snapshot.
///
/// # Errors
/// `Invalid` at `from` if the period has costs in several currencies.
pub(super) async fn figures(
    snapshot: &impl ConnectionTrait,
    report: &UsageReport,
    parts: Parts,
) -> Result<Figures, OperationError> {
    let figures = read_figures(snapshot, report, parts).await;
    figures.map_err(|error| unread_at(error, &report.asked_in.path("from")))
}

async fn read_figures(
    snapshot: &impl ConnectionTrait,
    report: &UsageReport,
    parts: Parts,
) -> Result<Figures, ReadError> {
    let otherwise = input::known_currency(&report.account.currency_code).ok_or_else(|| {
        ReadError::Broken(format!("account {} has no currency", report.account.id))
    })?;
    let reading = Reading {
        filter: &report.filter,
        bounds: &report.buckets,
        parts,
        source: report.source,
        otherwise,
    };
    read(snapshot, reading, |card| credit_value(card).ok()).await
}

async fn compared(
    snapshot: &impl ConnectionTrait,
    report: &UsageReport,
    parts: Parts,
    as_of: Timestamp,
) -> Result<Compared, OperationError> {
    let current = figures(snapshot, report, parts).await?;
    let period = (report.filter.from, report.filter.to);
    let before = comparison::period_before(period, &report.time_zone, report.part_of);
    let (from, to) = before.map_err(|_| {
        let from = report.asked_in.path("from");
        from.invalid(text!("Must have a period before it within the calendar."))
    })?;
    let before = UsageReport {
        filter: UsageFilter {
            from,
            to,
            ..report.filter.clone()
        },
        buckets: Vec::new(),
        ..report.clone()
    };
    let previous = match figures(snapshot, &before, Parts::default()).await {
        Ok(before) => {
            let is_nothing = before.report.totals == Usage::default();
            let agrees = is_nothing || before.currency == current.currency;
            agrees.then_some((from, to, before.report.totals))
        }
        // The period before has costs in several currencies.
        Err(OperationError::Refused(_)) => None,
        Err(other) => return Err(other),
    };
    Ok(Compared {
        figures: Arc::new(current),
        previous,
        as_of,
    })
}

/// The caller's error for a report that can't be read.
pub(super) fn unread(error: ReadError) -> OperationError {
    unread_at(error, &Path::input("from"))
}

/// The same if this argument begins the period.
fn unread_at(error: ReadError, from: &Path) -> OperationError {
    match error {
        ReadError::Database(cause) => cause.into(),
        ReadError::Currencies(one, other) => from
            .invalid(text!("Messages of this period were priced in {one} and in {other}, which do not add up; ask for a period with one of them.", one = one.code(), other = other.code()))
            .into(),
        error @ (ReadError::Usage(_) | ReadError::Broken(_)) => {
            Fault::Broken(error.to_string()).into()
        }
    }
}

fn countries(codes: &[String], path: &Path) -> Result<Vec<CountryCode>, Refusal> {
    bounded(codes.len(), MAX_COUNTRIES, text!("country"), path)?;
    let mut countries = codes
        .iter()
        .enumerate()
        .map(|(index, code)| input::country(code, &path.at(index)))
        .collect::<Result<Vec<_>, _>>()?;
    countries.sort_unstable();
    countries.dedup();
    Ok(countries)
}

/// An empty filter is refused: it would match nothing, which nobody means.
fn bounded(count: usize, most: usize, what: Text, path: &Path) -> Result<(), Refusal> {
    if count == 0 {
        return Err(path.invalid(text!("Must name a {what}, or be left out.", what = what)));
    }
    if count > most {
        return Err(path.invalid(text!("Must have at most {limit} entries.", limit = most)));
    }
    Ok(())
}
