//! Where a report's sums are read from: whole days of the account's own zone from what is added up by day
//! ([`store::usage_rollup`]), whatever cuts a day from the messages ([`store::usage`]).
//!
//! So a report costs by its days and lists, not by its messages, wherever it can. What can't be told from
//! sums by day: hours, days of another zone, lists within a country, and what went to several countries,
//! since a message to two of them is one message.

use domain::calendar;
use domain::calendar::buckets::Bucket;
use entity::sql_enums::UsageKind;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    clock::whole_micros,
    store::{
        self,
        usage::{CountrySum, Grain, Sum, UsageFilter},
        usage_rollup,
    },
};

/// Which way sums are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// From sums by day as far as they go.
    #[default]
    Days,
    /// From the messages alone: slower, and the same.
    Messages,
}

/// Reads one report's sums from one snapshot.
#[derive(Debug)]
pub(super) struct Sources<'a, C> {
    connection: &'a C,
    filter: &'a UsageFilter,
    /// The part of the period that is added up by day: whole days.
    days: Option<(Timestamp, Timestamp)>,
    /// Whether no bucket's bound cuts one of those days.
    are_buckets_whole: bool,
}

impl<'a, C: ConnectionTrait> Sources<'a, C> {
    /// Looks how far the account's days are added up; `bounds` are the report's buckets.
    pub(super) async fn new(
        connection: &'a C,
        filter: &'a UsageFilter,
        bounds: &[Bucket],
        source: Source,
    ) -> Result<Self, DbErr> {
        let mut sources = Self {
            connection,
            filter,
            days: None,
            are_buckets_whole: false,
        };
        if source == Source::Messages {
            return Ok(sources);
        }
        let progress = usage_rollup::progress(connection, filter.account).await?;
        let Some(progress) =
            progress.filter(|progress| progress.rolled_from < filter.to.as_microsecond())
        else {
            return Ok(sources);
        };
        let of_account =
            |what: &str| DbErr::Type(format!("account {}: {what}", filter.account.uuid()));
        let zone = calendar::parse_time_zone(&progress.time_zone)
            .map_err(|_| of_account("no time zone"))?;
        let from = filter.from.max(whole_micros(progress.rolled_from));
        sources.days = calendar::whole_days(from, filter.to, &zone)
            .map_err(|cause| of_account(&cause.to_string()))?;
        if let Some((first, last)) = sources.days {
            sources.are_buckets_whole = bounds
                .iter()
                .map(|bucket| bucket.start)
                .filter(|start| first < *start && *start < last)
                .all(|start| calendar::day_of(start, &zone).is_ok_and(|day| day.0 == start));
        }
        Ok(sources)
    }

    /// Usage by time, channel or neither, whatever the list.
    pub(super) async fn totals(&self, grain: Grain) -> Result<Vec<Sum>, DbErr> {
        let kind = match (&self.filter.lists, self.filter.countries.as_deref()) {
            (None, None) => Some(UsageKind::All),
            (Some(_), None) => Some(UsageKind::List),
            (None, Some([_])) => Some(UsageKind::Country),
            (_, Some(_)) => None,
        };
        self.read(kind, grain).await
    }

    /// Usage by list, and by time where `grain` says so.
    pub(super) async fn lists(&self, grain: Grain) -> Result<Vec<Sum>, DbErr> {
        let kind = self.filter.countries.is_none().then_some(UsageKind::List);
        self.read(kind, grain).await
    }

    /// Usage by country.
    pub(super) async fn countries(&self) -> Result<Vec<CountrySum>, DbErr> {
        let days = self.days.filter(|_| self.filter.lists.is_none());
        let mut sums = match days {
            Some(days) => usage_rollup::country_sums(self.connection, self.filter, days).await?,
            None => Vec::new(),
        };
        for part in self.left_over(days) {
            sums.extend(store::usage::country_sums(self.connection, &part).await?);
        }
        Ok(sums)
    }

    async fn read(&self, kind: Option<UsageKind>, grain: Grain) -> Result<Vec<Sum>, DbErr> {
        let days = self
            .days
            .filter(|_| !grain.quarter_hours || self.are_buckets_whole);
        let (mut sums, days) = match (kind, days) {
            (Some(kind), Some(days)) => {
                let sums = usage_rollup::sums(self.connection, self.filter, kind, days, grain);
                (sums.await?, Some(days))
            }
            _ => (Vec::new(), None),
        };
        for part in self.left_over(days) {
            sums.extend(store::usage::sums(self.connection, &part, grain).await?);
        }
        Ok(sums)
    }

    /// What of the period is read from the messages: all but those days.
    fn left_over(&self, days: Option<(Timestamp, Timestamp)>) -> Vec<UsageFilter> {
        let (from, to) = (self.filter.from, self.filter.to);
        let parts = match days {
            Some((first, last)) => vec![(from, first), (last, to)],
            None => vec![(from, to)],
        };
        parts
            .into_iter()
            .filter(|(from, to)| from < to)
            .map(|(from, to)| UsageFilter {
                from,
                to,
                ..self.filter.clone()
            })
            .collect()
    }
}
