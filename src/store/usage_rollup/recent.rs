//! What was charged last and is in no row yet: it waits in its account's book, a row that every charge writes
//! anyway, until there is more of it than that row should carry.
//!
//! Days before `usage_rolled_from` are in neither. Months of lists are not kept here: they are summed from the
//! days when those become rows.

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

/// How an account's book says that nothing waits.
pub const NOTHING: &str = "[]";

/// What a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// All of an account.
    All,
    /// What was sent for a list, or without one.
    List(Option<ListId>),
    /// What went to a country.
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

    /// The key of its row.
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

/// What tells one sum of an account from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// What it is of.
    pub of: Of,
    /// The first instant of its day, in microseconds since the epoch.
    pub day_start: i64,
    /// How the messages travelled.
    pub channel: Channel,
    /// The version that priced them.
    pub rate_card_id: Uuid,
}

/// What messages come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

impl Counts {
    /// Both together; the head-counts and credits of all time are far below the bound.
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

/// The sums of an account that wait.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recent(BTreeMap<Slot, Counts>);

/// A sum as the book's text has it: kind, day, key, channel, card version, and the counts. A list is its id
/// without hyphens. [`super::history`] reads it as well.
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
    /// From the text in an account's book.
    ///
    /// # Errors
    /// Where it is none that [`Self::text`] wrote.
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
                _ => return Err(broken("a sum of nothing that is known")),
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

    /// The text that an account's book keeps: JSON.
    ///
    /// # Errors
    /// None that is known: every part has a form in JSON.
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

    /// The first day from `from` on, by its first instant in microseconds since the epoch.
    #[must_use]
    pub fn first_day(&self, from: i64) -> Option<i64> {
        let days = self.0.keys().map(|slot| slot.day_start);
        days.filter(|day_start| *day_start >= from).min()
    }

    /// The sums as rows, and what they add to the months of lists; `month_start` tells a day's month by its
    /// first instant.
    ///
    /// # Errors
    /// Those of `month_start`.
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

    /// What waits of a kind, from one day's start to another's, where it fits the filter: to be added to
    /// [`super::sums`] of the same days, and of whole months of them.
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

    /// The same by country, to be added to [`super::country_sums`].
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
