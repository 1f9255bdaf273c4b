//! A report's rows.
//!
//! Here: reading them, and adding them up at the prices of their rate cards. Not here: which parts
//! are requested, and turning the sums into a file (the parent).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    calendar::buckets::Bucket,
    credits::Credits,
    id::ListId,
    money::{CreditValue, Currency},
    usage::{Aggregation, BucketRow, CountryRow, ListRow, Report, Usage, UsageError},
};
use entity::{rate_card, sql_enums::Channel};
use sea_orm::{ConnectionTrait, DbErr, prelude::Uuid};

use super::{super::sources::Sources, Parts, ReadError};
use crate::{
    clock::whole_micros,
    store::usage::{CountrySum, Grain, QUARTER_HOUR_MICROS, Sum},
};

/// A report's sums as they were read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Sums by time; empty if they follow from `lists`, which then are by time as well.
    times: Vec<Sum>,
    lists: Vec<Sum>,
    countries: Vec<CountrySum>,
    channels: Vec<Sum>,
    /// Whether `times` were read.
    has_times: bool,
}

impl Rows {
    /// Reads no more than the requested parts need: totals follow from any part, and buckets from the
    /// buckets of lists.
    pub(super) async fn read(
        sources: &Sources<'_, impl ConnectionTrait>,
        parts: Parts,
    ) -> Result<Self, DbErr> {
        let mut rows = Self {
            has_times: !parts.has_lists() || (parts.buckets && !parts.list_buckets),
            ..Self::default()
        };
        if rows.has_times {
            let grain = Grain {
                quarter_hours: parts.has_buckets(),
                ..Grain::default()
            };
            rows.times = sources.totals(grain).await?;
        }
        if parts.has_lists() {
            let grain = Grain {
                quarter_hours: parts.list_buckets,
                lists: true,
                ..Grain::default()
            };
            rows.lists = sources.lists(grain).await?;
        }
        if parts.countries {
            rows.countries = sources.countries().await?;
        }
        if parts.channels {
            let grain = Grain {
                channels: true,
                ..Grain::default()
            };
            rows.channels = sources.totals(grain).await?;
        }
        Ok(rows)
    }

    pub(super) fn cards(&self) -> BTreeSet<Uuid> {
        let sums = [&self.times, &self.lists, &self.channels];
        sums.into_iter()
            .flatten()
            .map(|sum| sum.rate_card_id)
            .collect()
    }

    pub(super) fn report(
        &self,
        bounds: &[Bucket],
        parts: Parts,
        prices: &Prices,
    ) -> Result<Report, ReadError> {
        let first = bounds.first().map(|bucket| bucket.start);
        let has_buckets = parts.has_buckets();
        let at = |sum: &Sum| match first {
            Some(first) if !has_buckets => first,
            _ => whole_micros(sum.quarter_hour.saturating_mul(QUARTER_HOUR_MICROS)),
        };
        let mut aggregation = Aggregation::new(bounds.to_vec());
        for sum in &self.times {
            let (at, usage) = (at(sum), prices.sum(sum)?);
            aggregation.add_bucket_row(BucketRow { at, usage })?;
        }
        for sum in &self.lists {
            let (list, usage) = (sum.list_id.map(ListId::new), prices.sum(sum)?);
            if self.has_times {
                aggregation.add_list_total(list, usage)?;
            } else {
                let at = at(sum);
                aggregation.add_list_row(ListRow { at, list, usage })?;
            }
        }
        for sum in &self.countries {
            let country = sum.country_code.parse().map_err(|_| {
                ReadError::Broken(format!("{:?} is not a country code", sum.country_code))
            })?;
            let usage = prices.country_usage(sum)?;
            aggregation.add_country_row(CountryRow { country, usage })?;
        }
        Ok(if parts.countries {
            aggregation.finish()?
        } else {
            aggregation.finish_without_countries()?
        })
    }

    /// Usage by channel, most credits first.
    pub(super) fn channels(
        &self,
        totals: &Usage,
        prices: &Prices,
    ) -> Result<Vec<(Channel, Usage)>, ReadError> {
        let mut channels: Vec<(Channel, Usage)> = Vec::new();
        for sum in &self.channels {
            let channel = sum
                .channel
                .ok_or_else(|| ReadError::Broken("a sum by channel has no channel".to_owned()))?;
            let usage = prices.sum(sum)?;
            match channels.iter_mut().find(|(found, _)| *found == channel) {
                Some((_, found)) => {
                    *found = found.checked_add(usage).ok_or(UsageError::Overflow)?;
                }
                None => channels.push((channel, usage)),
            }
        }
        let total = channels
            .iter()
            .try_fold(Usage::default(), |total, (_, usage)| {
                total.checked_add(*usage).ok_or(UsageError::Overflow)
            })?;
        if !self.channels.is_empty() && total != *totals {
            return Err(UsageError::Disagreement.into());
        }
        channels.sort_by_key(|(channel, usage)| {
            (std::cmp::Reverse(usage.credits), *channel != Channel::Sms)
        });
        Ok(channels)
    }
}

/// The value of a credit under each version of a rate card that priced a message.
#[derive(Debug)]
pub(super) struct Prices {
    values: BTreeMap<Uuid, CreditValue>,
    pub(super) currency: Option<Currency>,
}

impl Prices {
    pub(super) fn of(
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

    fn sum(&self, sum: &Sum) -> Result<Usage, ReadError> {
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
