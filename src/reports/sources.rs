//! Chooses where a report's sums are read from.
//!
//! Here: whole days of the account's own time zone come from the sums by day, whole months of lists
//! from the sums by month ([`store::usage_rollup`]), and parts of days from the messages
//! ([`store::usage`]). The cost of a report then grows with its days and lists rather than with its
//! messages. Sums by day can't give hours, days of another zone, lists within a country, usage by
//! actor, or usage of several countries together, since a message to two of them is one message.
//! Not here: turning the sums into a report ([`super::usage`]).

use domain::calendar::{self, CalendarError, buckets::Bucket};
use entity::sql_enums::UsageKind;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    clock::whole_micros,
    store::{
        self,
        usage::{CountrySum, Grain, Sum, UsageFilter},
        usage_rollup::{self, Recent},
    },
};

/// Which tables sums are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// The sums by day and by month if they cover the period, and the messages for the rest.
    #[default]
    Days,
    /// The messages only: slower, with the same result.
    Messages,
}

/// Reads one report's sums from one snapshot.
#[derive(Debug)]
pub(super) struct Sources<'a, C> {
    connection: &'a C,
    filter: &'a UsageFilter,
    /// The part of the period that sums by day cover, made of whole days.
    days: Option<Part>,
    /// Whether no bucket begins within one of those days.
    are_buckets_days: bool,
    /// The part of those days that sums by month cover, made of whole months.
    months: Option<Part>,
    /// Whether no bucket begins within one of those months.
    are_buckets_months: bool,
    /// Usage of those days that is not in the sums' rows yet.
    recent: Recent,
}

/// A part of a period: its first instant, and the first instant after it.
type Part = (Timestamp, Timestamp);

impl<'a, C: ConnectionTrait> Sources<'a, C> {
    /// Reads which days of the account have sums. `bounds` are the report's buckets.
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
            are_buckets_days: false,
            months: None,
            are_buckets_months: false,
            recent: Recent::default(),
        };
        if source == Source::Messages || filter.actor.is_some() {
            return Ok(sources);
        }
        let progress = usage_rollup::progress(connection, filter.account).await?;
        let Some(progress) =
            progress.filter(|progress| progress.rolled_from < filter.to.as_microsecond())
        else {
            return Ok(sources);
        };
        sources.recent = Recent::parse(&progress.recent)?;
        let of_account =
            |what: &str| DbErr::Type(format!("account {}: {what}", filter.account.uuid()));
        let zone = calendar::parse_time_zone(&progress.time_zone)
            .map_err(|_| of_account("no time zone"))?;
        let from = filter.from.max(whole_micros(progress.rolled_from));
        let beyond = |cause: CalendarError| of_account(&cause.to_string());
        sources.days = calendar::whole_days(from, filter.to, &zone).map_err(beyond)?;
        let Some((first, last)) = sources.days else {
            return Ok(sources);
        };
        sources.are_buckets_days = all_begin(bounds, (first, last), |start| {
            calendar::day_of(start, &zone)
        });
        sources.months = calendar::whole_months(first, last, &zone).map_err(beyond)?;
        sources.are_buckets_months = sources.months.is_some_and(|months| {
            all_begin(bounds, months, |start| calendar::month_of(start, &zone))
        });
        Ok(sources)
    }

    /// Usage of all lists of the filter together, by time or channel if `grain` asks for them.
    pub(super) async fn totals(&self, grain: Grain) -> Result<Vec<Sum>, DbErr> {
        let kind = match (&self.filter.lists, self.filter.countries.as_deref()) {
            (None, None) => Some(UsageKind::All),
            (Some(_), None) => Some(UsageKind::List),
            (None, Some([_])) => Some(UsageKind::Country),
            (_, Some(_)) => None,
        };
        self.read(kind, grain).await
    }

    /// Usage by list, and by time if `grain` asks for it.
    pub(super) async fn lists(&self, grain: Grain) -> Result<Vec<Sum>, DbErr> {
        let kind = self.filter.countries.is_none().then_some(UsageKind::List);
        self.read(kind, grain).await
    }

    /// Usage by country.
    pub(super) async fn countries(&self) -> Result<Vec<CountrySum>, DbErr> {
        let days = self.days.filter(|_| self.filter.lists.is_none());
        let mut sums = match days {
            Some(days) => {
                let read = usage_rollup::country_sums(self.connection, self.filter, days);
                let mut sums = read.await?;
                sums.extend(self.recent.country_sums(self.filter, days));
                sums
            }
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
            .filter(|_| kind.is_some() && (!grain.quarter_hours || self.are_buckets_days));
        let months = self
            .months
            .filter(|_| kind == Some(UsageKind::List))
            .filter(|_| !grain.quarter_hours || self.are_buckets_months);
        let mut sums = Vec::new();
        if let (Some(kind), Some(days)) = (kind, days) {
            let mut read = async |kind, part| {
                let read = usage_rollup::sums(self.connection, self.filter, kind, part, grain);
                sums.extend(read.await?);
                Ok::<_, DbErr>(())
            };
            if let Some(months) = months {
                read(UsageKind::ListMonth, months).await?;
            }
            for part in around(days, months) {
                read(kind, part).await?;
            }
            // Recent usage is by day and is missing from the sums by month too, so all of it is
            // added.
            sums.extend(self.recent.sums(self.filter, kind, days, grain));
        }
        for part in self.left_over(days) {
            sums.extend(store::usage::sums(self.connection, &part, grain).await?);
        }
        Ok(sums)
    }

    /// The parts of the period outside `days`, which are read from the messages.
    fn left_over(&self, days: Option<Part>) -> Vec<UsageFilter> {
        around((self.filter.from, self.filter.to), days)
            .into_iter()
            .map(|(from, to)| UsageFilter {
                from,
                to,
                ..self.filter.clone()
            })
            .collect()
    }
}

/// The rest of a period: what is before a part of it, and what is after.
fn around((from, to): Part, part: Option<Part>) -> Vec<Part> {
    let mut parts = match part {
        Some((first, last)) => vec![(from, first), (last, to)],
        None => vec![(from, to)],
    };
    parts.retain(|(from, to)| from < to);
    parts
}

/// Whether every bucket that begins within a part begins together with one of its days (or months).
fn all_begin(
    bounds: &[Bucket],
    (first, last): Part,
    around: impl Fn(Timestamp) -> Result<Part, CalendarError>,
) -> bool {
    bounds
        .iter()
        .map(|bucket| bucket.start)
        .filter(|start| first < *start && *start < last)
        .all(|start| around(start).is_ok_and(|(begin, _)| begin == start))
}
