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
use jiff::Timestamp;

use super::{
    super::{OperationError, Path, Services, account::time_zone, report_source::Try},
    MAX_LIST_BUCKETS, UsageFilter, UsageReport, period, read_figures, unread_at,
};
use crate::reports::usage::{Figures, Parts, Source};

/// The usage of several lists in one period.
#[derive(Debug, Clone)]
pub struct UsageOfLists {
    /// The usage by list and by the first instant of each bucket, oldest first.
    pub by_list: BTreeMap<ListId, Vec<BucketOfList>>,
}

/// A list's usage in a bucket that begins at an instant, and its displayed cost. The costs of a
/// list's buckets add up to the list's own, rounded once (law Q5).
pub type BucketOfList = (Timestamp, Usage, Result<Money, UsageError>);

impl Services {
    /// The usage of several lists of an account by bucket of its time zone, read together. A list
    /// without messages has all its buckets too.
    ///
    /// # Errors
    /// An invalid period, and more than [`MAX_LIST_BUCKETS`] buckets, at the argument. `Invalid` if
    /// the period has costs in several currencies.
    pub(in crate::operations) async fn usage_of_lists(
        &self,
        account: &account::Model,
        lists: &[ListId],
        (from, to): (Timestamp, Timestamp),
        interval: Interval,
    ) -> Result<UsageOfLists, OperationError> {
        let zone = time_zone(account)?;
        let paths = (Path::argument("to"), Path::argument("interval"));
        let buckets = period((from, to), interval, &zone, &paths)?;
        if buckets.len().saturating_mul(lists.len()) > MAX_LIST_BUCKETS {
            return Err(paths
                .1
                .invalid(text!("Lists and their buckets must be at most {limit} together: ask for fewer lists, a shorter period or a longer interval.", limit = MAX_LIST_BUCKETS))
                .into());
        }
        let report = UsageReport {
            buckets,
            account: account.clone(),
            filter: UsageFilter {
                lists: Some(lists.to_vec()),
                ..UsageFilter::of(AccountId::new(account.id), (from, to))
            },
            interval,
            time_zone: zone,
            part_of: None,
            source: Source::Days,
        };
        let parts = Parts {
            list_buckets: true,
            ..Parts::default()
        };
        let figures = self.figures_of_lists(&report, parts).await?;
        let none = Money::zero(figures.currency);
        let mut by_list: BTreeMap<ListId, Vec<BucketOfList>> = lists
            .iter()
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
        Ok(UsageOfLists { by_list })
    }

    async fn figures_of_lists(
        &self,
        report: &UsageReport,
        parts: Parts,
    ) -> Result<Figures, OperationError> {
        for which in [Try::Replica, Try::Primary] {
            let source = self.report_snapshot(which).await?;
            let figures = read_figures(&source.snapshot, report, parts).await;
            let figures = figures.map_err(|error| unread_at(error, &Path::argument("from")));
            if let Some(figures) = self.end_report(source, figures).await? {
                return Ok(figures);
            }
        }
        Err(OperationError::Unavailable)
    }
}
