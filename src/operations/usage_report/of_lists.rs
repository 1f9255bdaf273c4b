//! The usage of several lists by bucket, read together.
//!
//! Here: what [`crate::operations::reader::UsageOf`] reads. Not here: the usage of an account's
//! lists in a report ([`super`]).

use std::collections::BTreeMap;

use domain::{
    calendar::buckets::{Bucket, Interval},
    id::{AccountId, ListId},
    money::Money,
    usage::{Usage, UsageError},
};
use entity::account;
use futures_util::future::join_all;
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::{
    super::{OperationError, Path, Services, account::time_zone, report_source::Try},
    MAX_LIST_BUCKETS, UsageFilter, UsageReport, period, read_figures, unread_at,
};
use crate::{
    reports::usage::{Figures, Parts, Source},
    store::sql::siblings::Siblings,
};

/// Lists of an account, and the period of which their usage is asked.
#[derive(Debug, Clone)]
pub struct ListsOf {
    /// The account.
    pub account: account::Model,
    /// The lists.
    pub lists: Vec<ListId>,
    /// The first instant of the period, and the first after it.
    pub period: (Timestamp, Timestamp),
    /// The length of the buckets.
    pub interval: Interval,
}

/// The usage of several lists in one period, by list and by the first instant of each bucket,
/// oldest first.
pub type UsageOfLists = BTreeMap<ListId, Vec<BucketOfList>>;

/// A list's usage in a bucket that begins at an instant, and its displayed cost. The costs of a
/// list's buckets add up to the list's own, rounded once (law Q5).
pub type BucketOfList = (Timestamp, Usage, Result<Money, UsageError>);

impl Services {
    /// The usage of lists of several accounts by bucket of the account's time zone, from one
    /// snapshot, with as many statements as one account takes. A list without messages has all its
    /// buckets too. What is refused of one account doesn't fail the others.
    ///
    /// The refusals: an invalid period, and more than [`MAX_LIST_BUCKETS`] buckets, at the
    /// argument; `Invalid` if the period has costs in several currencies.
    ///
    /// # Errors
    /// Faults.
    pub(in crate::operations) async fn usage_of_lists(
        &self,
        asked: Vec<ListsOf>,
    ) -> Result<Vec<Result<UsageOfLists, OperationError>>, OperationError> {
        let reports: Vec<_> = asked.into_iter().map(report_of).collect();
        for which in [Try::Replica, Try::Primary] {
            let source = self.report_snapshot(which).await?;
            let siblings = Siblings::over(&source.snapshot);
            let valid = reports.iter().flatten();
            let reads = valid.map(|report| figures_of_lists(&siblings, report));
            let read: Result<Vec<_>, OperationError> = join_all(reads).await.into_iter().collect();
            if let Some(read) = self.end_report(source, read).await? {
                let mut read = read.into_iter();
                let answer = |report: Result<UsageReport, OperationError>| {
                    report.and_then(|_| read.next().unwrap_or(Err(OperationError::Unavailable)))
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
fn report_of(asked: ListsOf) -> Result<UsageReport, OperationError> {
    let ListsOf {
        account,
        lists,
        period: (from, to),
        interval,
    } = asked;
    let zone = time_zone(&account)?;
    let paths = (Path::argument("to"), Path::argument("interval"));
    let buckets = period((from, to), interval, &zone, &paths)?;
    if buckets.len().saturating_mul(lists.len()) > MAX_LIST_BUCKETS {
        return Err(paths
            .1
            .invalid(text!("Lists and their buckets must be at most {limit} together: ask for fewer lists, a shorter period or a longer interval.", limit = MAX_LIST_BUCKETS))
            .into());
    }
    Ok(UsageReport {
        buckets,
        filter: UsageFilter {
            lists: Some(lists),
            ..UsageFilter::of(AccountId::new(account.id), (from, to))
        },
        account,
        interval,
        time_zone: zone,
        part_of: None,
        source: Source::Days,
    })
}

/// Reads a report; the inner error is what is refused of it.
///
/// # Errors
/// Faults, which fail all reports of the snapshot.
async fn figures_of_lists(
    connection: &impl ConnectionTrait,
    report: &UsageReport,
) -> Result<Result<UsageOfLists, OperationError>, OperationError> {
    let parts = Parts {
        list_buckets: true,
        ..Parts::default()
    };
    let figures = read_figures(connection, report, parts).await;
    match figures.map_err(|error| unread_at(error, &Path::argument("from"))) {
        Ok(figures) => Ok(Ok(by_list(report, &figures))),
        Err(refused @ OperationError::Refused(_)) => Ok(Err(refused)),
        Err(cause) => Err(cause),
    }
}

fn by_list(report: &UsageReport, figures: &Figures) -> UsageOfLists {
    let none = Money::zero(figures.currency);
    let lists = report.filter.lists.iter().flatten();
    let mut by_list: UsageOfLists = lists
        .map(|list| {
            let empty = |bucket: &Bucket| (bucket.start, Usage::default(), Ok(none));
            (*list, report.buckets.iter().map(empty).collect())
        })
        .collect();
    for usage in &figures.report.lists {
        let Some(buckets) = usage.list.and_then(|list| by_list.get_mut(&list)) else {
            continue;
        };
        let own = usage.usage.cost(figures.currency);
        let costs = own.and_then(|own| usage.bucket_costs(own));
        for (index, (_, found, cost)) in buckets.iter_mut().enumerate() {
            *found = usage.bucket(index);
            let costs = costs.as_ref().map_err(|error| *error);
            *cost = costs.map(|costs| costs.get(&index).copied().unwrap_or(none));
        }
    }
    by_list
}
