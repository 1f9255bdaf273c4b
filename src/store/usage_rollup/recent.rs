//! Recent usage that is not in sums by day yet.
//!
//! Here: recent usage as text in its account's book, a row that every charge writes anyway. It
//! stays there until it is more than that row should carry, and then becomes rows. It has no days
//! before `usage_rolled_from`. Not here: months of lists, which are summed from the days when those
//! become rows, and writing ([`crate::ledger`]).

#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use domain::{
    country::CountryCode,
    id::{AccountId, ListId},
};
use entity::{
    sql_enums::{Channel, UsageKind},
    usage_rollup,
};
use jiff::Timestamp;
use sea_orm::{ActiveEnum, DbErr, prelude::Uuid};
use serde::{Deserialize, Serialize};

use crate::store::usage::{CountrySum, Grain, QUARTER_HOUR_MICROS, Sum, UsageFilter};

/// The text in an account's book if it has no recent usage.
pub const NOTHING: &str = "[]";

/// The subject of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// All messages of an account.
    All,
    /// Messages to a list, or without one.
    List(Option<ListId>),
    /// Messages to a country.
    Country(CountryCode),
}

impl Of {
    fn kind(self) -> UsageKind {
        match self {
            Self::All => UsageKind::All,
            Self::List(_) => UsageKind::List,
            Self::Country(_) => UsageKind::Country,
        }
    }

    /// The key of the sum's row.
    fn key(self) -> Vec<u8> {
        match self {
            Self::All | Self::List(None) => Vec::new(),
            Self::List(Some(list)) => list.uuid().into_bytes().to_vec(),
            Self::Country(country) => country.as_str().into(),
        }
    }

    fn fits(self, filter: &UsageFilter) -> bool {
        match self {
            Self::All => true,
            Self::List(list) => (filter.lists.as_ref())
                .is_none_or(|lists| list.is_some_and(|list| lists.contains(&list))),
            Self::Country(country) => {
                (filter.countries.as_ref()).is_none_or(|countries| countries.contains(&country))
            }
        }
    }
}

/// The key of a sum within an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The subject.
    pub of: Of,
    /// The first instant of its day, in microseconds since the epoch.
    pub day_start: i64,
    /// The channel of the messages.
    pub channel: Channel,
    /// The version of the rate card that priced them.
    pub rate_card_id: Uuid,
}

/// The sums of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages charged.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

impl Counts {
    /// Adds two sums. All head-counts and credits together are far below the limits of `i64`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages.saturating_add(other.messages),
            recipients: self.recipients.saturating_add(other.recipients),
            segments: self.segments.saturating_add(other.segments),
            units: self.units.saturating_add(other.units),
        }
    }
}

/// The recent usage of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recent(BTreeMap<Slot, Counts>);

/// A sum in the book's text: kind, day, key, channel, version of the rate card, and counts. A
/// list's key is its id without hyphens. SQL in [`super::history`] reads this format too.
#[derive(Serialize, Deserialize)]
struct Entry<'a>(
    #[serde(borrow)] Cow<'a, str>,
    i64,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(with = "uuid::serde::simple")] Uuid,
    (i64, i64, i64, i64),
);

impl Recent {
    /// Parses the text in an account's book.
    ///
    /// # Errors
    /// If the text does not have the format that [`Self::text`] writes.
    pub fn parse(text: &str) -> Result<Self, DbErr> {
        let broken = |cause: &str| DbErr::Type(format!("recent usage of a book: {cause}"));
        let entries: Vec<Entry<'_>> =
            serde_json::from_str(text).map_err(|cause| broken(&cause.to_string()))?;
        let mut recent = Self::default();
        for Entry(kind, day_start, key, channel, rate_card_id, counts) in entries {
            let of = match (&*kind, &*key) {
                ("ALL", "") => Of::All,
                ("LIST", "") => Of::List(None),
                ("LIST", key) => Of::List(Some(ListId::new(
                    key.parse().map_err(|_| broken("a list has no id"))?,
                ))),
                ("COUNTRY", key) => {
                    Of::Country(key.parse().map_err(|_| broken("a country has no code"))?)
                }
                _ => return Err(broken("a sum has an unknown kind")),
            };
            let channel = Channel::try_from_value(&channel.into_owned())?;
            let (messages, recipients, segments, units) = counts;
            recent.add(
                Slot {
                    of,
                    day_start,
                    channel,
                    rate_card_id,
                },
                Counts {
                    messages,
                    recipients,
                    segments,
                    units,
                },
            );
        }
        Ok(recent)
    }

    /// Writes the text for an account's book: JSON.
    ///
    /// # Errors
    /// If it can't be written as JSON, which does not happen: every part has a form in JSON.
    pub fn text(&self) -> Result<String, DbErr> {
        let entries: Vec<Entry<'_>> = self
            .0
            .iter()
            .map(|(slot, counts)| {
                let key = match slot.of {
                    Of::All | Of::List(None) => String::new(),
                    Of::List(Some(list)) => list.uuid().simple().to_string(),
                    Of::Country(country) => country.as_str().to_owned(),
                };
                Entry(
                    slot.of.kind().to_value().into(),
                    slot.day_start,
                    key.into(),
                    slot.channel.to_value().into(),
                    slot.rate_card_id,
                    (
                        counts.messages,
                        counts.recipients,
                        counts.segments,
                        counts.units,
                    ),
                )
            })
            .collect();
        serde_json::to_string(&entries).map_err(|cause| DbErr::Custom(cause.to_string()))
    }

    /// Adds to a sum.
    pub fn add(&mut self, slot: Slot, counts: Counts) {
        let sum = self.0.entry(slot).or_default();
        *sum = sum.plus(counts);
    }

    /// The first instant, in microseconds since the epoch, of the first day at or after `from`.
    #[must_use]
    pub fn first_day(&self, from: i64) -> Option<i64> {
        let days = self.0.keys().map(|slot| slot.day_start);
        days.filter(|day_start| *day_start >= from).min()
    }

    /// Turns the sums into rows by day, and into rows to add to the months of lists. `month_start`
    /// returns the first instant of a day's month.
    ///
    /// # Errors
    /// If `month_start` fails.
    pub fn rows(
        self,
        account: AccountId,
        month_start: impl Fn(i64) -> Result<i64, DbErr>,
    ) -> Result<Vec<usage_rollup::Model>, DbErr> {
        let mut months: BTreeMap<Slot, Counts> = BTreeMap::new();
        for (slot, counts) in &self.0 {
            if matches!(slot.of, Of::List(_)) {
                let day_start = month_start(slot.day_start)?;
                let sum = months.entry(Slot { day_start, ..*slot }).or_default();
                *sum = sum.plus(*counts);
            }
        }
        let row = |kind, slot: Slot, counts: Counts| usage_rollup::Model {
            account_id: account.uuid(),
            kind,
            day_start: slot.day_start,
            key: slot.of.key(),
            channel: slot.channel,
            rate_card_id: slot.rate_card_id,
            messages: counts.messages,
            recipients: counts.recipients,
            segments: counts.segments,
            units: counts.units,
        };
        let days = self.0.into_iter();
        let days = days.map(|(slot, counts)| row(slot.of.kind(), slot, counts));
        let months = months.into_iter();
        Ok(days
            .chain(months.map(|(slot, counts)| row(UsageKind::ListMonth, slot, counts)))
            .collect())
    }

    /// The recent usage of a kind, from one day's start to another's, that matches the filter. It
    /// is added to [`super::sums`] of the same days, or of months made of them.
    #[must_use]
    pub fn sums(
        &self,
        filter: &UsageFilter,
        kind: UsageKind,
        days: (Timestamp, Timestamp),
        grain: Grain,
    ) -> Vec<Sum> {
        self.fitting(filter, kind, days)
            .map(|(slot, counts)| Sum {
                quarter_hour: if grain.quarter_hours {
                    slot.day_start / QUARTER_HOUR_MICROS
                } else {
                    0
                },
                list_id: match slot.of {
                    Of::List(list) if grain.lists => list.map(ListId::uuid),
                    Of::List(_) | Of::All | Of::Country(_) => None,
                },
                channel: grain.channels.then_some(slot.channel),
                rate_card_id: slot.rate_card_id,
                messages: counts.messages,
                recipients: counts.recipients,
                segments: counts.segments,
                units: counts.units,
            })
            .collect()
    }

    /// Like [`Self::sums`], by country. It is added to [`super::country_sums`].
    #[must_use]
    pub fn country_sums(
        &self,
        filter: &UsageFilter,
        days: (Timestamp, Timestamp),
    ) -> Vec<CountrySum> {
        self.fitting(filter, UsageKind::Country, days)
            .filter_map(|(slot, counts)| match slot.of {
                Of::Country(country) => Some(CountrySum {
                    country_code: country.as_str().to_owned(),
                    rate_card_id: slot.rate_card_id,
                    messages: counts.messages,
                    recipients: counts.recipients,
                    segments: counts.segments,
                    units: counts.units,
                }),
                Of::All | Of::List(_) => None,
            })
            .collect()
    }

    fn fitting(
        &self,
        filter: &UsageFilter,
        kind: UsageKind,
        (from, to): (Timestamp, Timestamp),
    ) -> impl Iterator<Item = (&Slot, &Counts)> {
        let days = from.as_microsecond()..to.as_microsecond();
        self.0.iter().filter(move |(slot, _)| {
            slot.of.kind() == kind
                && days.contains(&slot.day_start)
                && slot.of.fits(filter)
                && filter.channel.is_none_or(|channel| channel == slot.channel)
        })
    }
}
