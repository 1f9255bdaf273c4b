//! Usage reports of many accounts and lists in one request, read together.
//!
//! Here: their reports, and what [`crate::operations::reader::UsageOf`] reads of them: totals and
//! buckets. Not here: a report with other parts, which is read alone ([`super`]).

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    calendar::buckets::Interval,
    id::{AccountId, ListId},
    money::Currency,
    usage::{self, Report, Usage},
};
use entity::account;
use futures_util::{FutureExt, future::join_all};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::{
    super::{OperationError, Services, account::time_zone, input, report_source::Try},
    AskedIn, Compared, MAX_LIST_BUCKETS, UsageFilter, UsageReport, period, read_figures, unread_at,
};
use crate::{
    reports::usage::{Figures, Parts, ReadError, Source},
    store::sql::siblings::Siblings,
};

/// An account whose usage in a period is asked for: as a whole, or of some of its lists.
#[derive(Debug, Clone)]
pub struct Nested {
    /// The account.
    pub account: account::Model,
    /// Each of these lists alone; `None` for the whole account.
    pub lists: Option<Vec<ListId>>,
    /// The first instant of the period, and the first after it.
    pub period: (Timestamp, Timestamp),
    /// The length of the buckets.
    pub interval: Interval,
    /// Whether buckets are asked for beside totals.
    pub buckets: bool,
}

/// The report of each list, or of `None` for the whole account.
pub type OfEach = BTreeMap<Option<ListId>, Result<Arc<Compared>, Arc<OperationError>>>;

impl UsageReport {
    /// The report of an account, or of one of its lists, without its buckets: what is the same in
    /// all of them is checked once ([`Self::checked`]).
    ///
    /// # Errors
    /// A fault if the account's zone can't be read.
    pub fn of(
        account: account::Model,
        lists: Option<Vec<ListId>>,
        period: (Timestamp, Timestamp),
        interval: Interval,
    ) -> Result<Self, OperationError> {
        Ok(Self {
            time_zone: time_zone(&account)?,
            filter: UsageFilter {
                lists,
                ..UsageFilter::of(AccountId::new(account.id), period)
            },
            account,
            interval,
            buckets: Vec::new(),
            part_of: None,
            source: Source::Days,
            asked_in: AskedIn::Arguments,
        })
    }

    /// The same report with its buckets.
    ///
    /// # Errors
    /// An invalid period or interval, at its argument.
    pub fn checked(self) -> Result<Self, OperationError> {
        let period_of = (self.filter.from, self.filter.to);
        let paths = (self.asked_in.path("to"), self.asked_in.path("interval"));
        let buckets = period(period_of, self.interval, &self.time_zone, &paths)?;
        Ok(Self { buckets, ..self })
    }
}

impl Services {
    /// Reads the reports of several accounts and their lists from one snapshot, with as many
    /// statements as one account takes. Each has the figures that it would have alone. What is
    /// refused of one doesn't fail the others.
    ///
    /// The refusals: an invalid period, and more than [`MAX_LIST_BUCKETS`] buckets of lists, at the
    /// argument; `Invalid` if the period has costs in several currencies.
    ///
    /// # Errors
    /// Faults.
    pub(in crate::operations) async fn nested_usage(
        &self,
        asked: Vec<Nested>,
    ) -> Result<Vec<Result<OfEach, OperationError>>, OperationError> {
        let buckets: Vec<bool> = asked.iter().map(|nested| nested.buckets).collect();
        let reports: Vec<_> = asked.into_iter().map(report_of).collect();
        for which in [Try::Replica, Try::Primary] {
            let source = self.report_snapshot(which).await?;
            let as_of = source.as_of;
            let siblings = Siblings::over(&source.snapshot);
            let asked = reports.iter().zip(&buckets);
            let valid =
                asked.filter_map(|(report, buckets)| Some((report.as_ref().ok()?, *buckets)));
            let reads = valid.map(|asked| of_each(&siblings, asked, as_of).boxed());
            let read: Result<Vec<_>, OperationError> = join_all(reads).await.into_iter().collect();
            if let Some(read) = self.end_report(source, read).await? {
                let mut read = read.into_iter();
                let answer = |report: Result<UsageReport, OperationError>| {
                    report.and_then(|_| read.next().ok_or(OperationError::Unavailable))
                };
                return Ok(reports.into_iter().map(answer).collect());
            }
        }
        Err(OperationError::Unavailable)
    }
}

/// The report to read.
///
/// # Errors
/// An invalid period, or too many buckets.
fn report_of(asked: Nested) -> Result<UsageReport, OperationError> {
    let lists = asked.lists.as_ref().map_or(1, Vec::len);
    let report = UsageReport::of(asked.account, asked.lists, asked.period, asked.interval)?;
    let report = report.checked()?;
    if asked.buckets && report.buckets.len().saturating_mul(lists) > MAX_LIST_BUCKETS {
        let path = report.asked_in.path("interval");
        return Err(path
            .invalid(text!("Lists and their buckets must be at most {limit} together: ask for fewer lists, a shorter period or a longer interval.", limit = MAX_LIST_BUCKETS))
            .into());
    }
    Ok(report)
}

/// Reads what is asked for of one account.
///
/// # Errors
/// Faults, which fail all reports of the snapshot.
async fn of_each(
    connection: &impl ConnectionTrait,
    (report, buckets): (&UsageReport, bool),
    as_of: Timestamp,
) -> Result<OfEach, OperationError> {
    let compared = |figures: Figures| {
        Arc::new(Compared {
            figures: Arc::new(figures),
            previous: None,
            as_of,
        })
    };
    let Some(lists) = report.filter.lists.as_ref().filter(|lists| lists.len() > 1) else {
        let only = report.filter.lists.iter().flatten().next();
        let figures = alone(connection, report, buckets).boxed().await?;
        return Ok([(only.copied(), figures.map(compared))].into());
    };
    let parts = Parts {
        lists: true,
        list_buckets: buckets,
        ..Parts::default()
    };
    match read_figures(connection, report, parts).boxed().await {
        Ok(figures) => {
            let currency = input::known_currency(&report.account.currency_code);
            let unused = currency.unwrap_or(figures.currency);
            let each = lists.iter().map(|list| {
                let figures = of_list(&figures, *list, unused);
                (Some(*list), Ok(compared(figures)))
            });
            Ok(each.collect())
        }
        // Lists that were charged in different currencies each have a sum of their own.
        Err(ReadError::Currencies(..)) => {
            let each = lists.iter().map(|list| async move {
                let mut report = report.clone();
                report.filter.lists = Some(vec![*list]);
                let figures = alone(connection, &report, buckets).boxed().await?;
                Ok((Some(*list), figures.map(compared)))
            });
            join_all(each).await.into_iter().collect()
        }
        Err(error) => Err(unread_at(error, &report.asked_in.path("from"))),
    }
}

/// Reads a report; the inner error is what is refused of it.
///
/// # Errors
/// Faults.
async fn alone(
    connection: &impl ConnectionTrait,
    report: &UsageReport,
    buckets: bool,
) -> Result<Result<Figures, Arc<OperationError>>, OperationError> {
    let parts = Parts {
        buckets,
        ..Parts::default()
    };
    let figures = read_figures(connection, report, parts).boxed().await;
    match figures.map_err(|error| unread_at(error, &report.asked_in.path("from"))) {
        Ok(figures) => Ok(Ok(figures)),
        Err(refused @ OperationError::Refused(_)) => Ok(Err(Arc::new(refused))),
        Err(cause) => Err(cause),
    }
}

/// The figures of one of several lists, as a report of this list alone has them (law Q5): without
/// usage in the account's currency.
fn of_list(together: &Figures, list: ListId, unused: Currency) -> Figures {
    let lists = &together.report.lists;
    let own = lists.iter().find(|usage| usage.list == Some(list));
    let buckets = together.report.buckets.iter().enumerate();
    let in_bucket =
        |index| own.map_or_else(Usage::default, |own: &usage::ListUsage| own.bucket(index));
    let report = Report {
        totals: own.map_or_else(Usage::default, |own| own.usage),
        buckets: buckets
            .map(|(index, (bucket, _))| (*bucket, in_bucket(index)))
            .collect(),
        lists: Vec::new(),
        countries: Vec::new(),
    };
    let currency = own.map_or(unused, |_| together.currency);
    Figures {
        channels: Vec::new(),
        costs: report.costs(currency),
        report,
        currency,
    }
}
