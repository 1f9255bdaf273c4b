//! Messages around both changes of the clocks, and the expected report, added up one message at a
//! time.

use std::collections::BTreeMap;

use domain::{
    calendar::{
        buckets::{Interval, buckets},
        parse_time_zone,
    },
    channel::Channel,
    credits::Credits,
    currency::Currency,
    id::ListId,
    money::{Cost, CreditValue, Money},
};
use message_credits::graphql::engine::ids::PublicId;
use serde_json::{Value, json};

use super::{REPORT, TOTALS};
use crate::support::{
    Server,
    sending::{Leg, Message, at},
    usage::{History, history, spent},
};

fn euro() -> Currency {
    Currency::new("EUR".parse().unwrap(), 2).unwrap()
}

/// The sums of a report.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    messages: i64,
    recipients: u64,
    segments: u64,
    units: i64,
    cost: Cost,
}

impl Sum {
    fn add(&mut self, legs: &[Leg], nano: i64) {
        self.messages += 1;
        for leg in legs.iter().filter(|leg| leg.rate_units.is_some()) {
            self.recipients += leg.recipients;
            self.segments += leg.recipients * u64::from(leg.segment_count);
            self.units += leg.units();
            let value = CreditValue::new(nano, euro()).unwrap();
            let cost = value.cost(Credits::from_units(leg.units()));
            self.cost = self.cost.checked_add(cost).unwrap();
        }
    }

    /// The sum beside its displayed cost.
    fn json(&self, cents: i64) -> Value {
        json!({
            "messageCount": self.messages,
            "recipientCount": self.recipients,
            "segmentCount": self.segments,
            "credits": Credits::from_units(self.units).to_string(),
            "cost": {
                "amount": Money::new(cents, euro()).to_string(),
                "currencyCode": "EUR",
            },
        })
    }
}

/// The exact cost of a cent.
const CENT: i128 = 100_000_000_000;

/// The displayed costs of parts in cents: until they add up to their total, the part that is the
/// most below its exact cost gets another cent, the first of equal ones.
fn parts(total: i64, sums: &[Sum]) -> Vec<i64> {
    let mut cents = vec![0; sums.len()];
    while cents.iter().sum::<i64>() < total {
        let below = |place: usize| sums[place].cost.units() - i128::from(cents[place]) * CENT;
        let place = (0..sums.len()).rev().max_by_key(|place| below(*place));
        cents[place.unwrap()] += 1;
    }
    cents
}

/// The arguments of a report.
struct Asked<'a> {
    from: &'a str,
    to: &'a str,
    interval: Interval,
    zone: &'a str,
    lists: Option<Vec<ListId>>,
    countries: Option<Vec<&'a str>>,
    channel: Option<Channel>,
}

impl Asked<'_> {
    fn input(&self) -> Value {
        let lists = self.lists.as_ref();
        json!({
            "from": self.from, "to": self.to, "timeZone": self.zone,
            "interval": format!("{:?}", self.interval).to_uppercase(),
            "listIds": lists.map(|lists| lists.iter().map(|id| id.encode().0).collect::<Vec<_>>()),
            "countryCodes": self.countries,
            "channel": self.channel.map(|channel| format!("{channel:?}").to_uppercase()),
        })
    }

    /// The lines of a message that count, if it counts.
    fn legs(&self, message: &Message) -> Option<Vec<Leg>> {
        let in_period = at(self.from) <= message.at && message.at < at(self.to);
        let in_lists = (self.lists.as_ref())
            .is_none_or(|lists| message.list.is_some_and(|list| lists.contains(&list)));
        let in_channel = self
            .channel
            .is_none_or(|channel| channel == message.channel);
        if !(in_period && in_lists && in_channel) {
            return None;
        }
        let Some(countries) = &self.countries else {
            return Some(message.legs.clone());
        };
        let legs: Vec<Leg> = (message.legs.iter().copied())
            .filter(|leg| leg.rate_units.is_some() && countries.contains(&leg.country))
            .collect();
        (!legs.is_empty()).then_some(legs)
    }

    /// The expected report, added up one message at a time.
    fn expected(&self, history: &History) -> Value {
        let zone = parse_time_zone(self.zone).unwrap();
        let bounds = buckets(at(self.from), at(self.to), self.interval, &zone).unwrap();
        let empty = || vec![Sum::default(); bounds.len()];
        let (mut totals, mut by_bucket) = (Sum::default(), empty());
        let mut by_list: BTreeMap<Option<ListId>, (Sum, Vec<Sum>)> = BTreeMap::new();
        let mut by_country: BTreeMap<&str, Sum> = BTreeMap::new();
        for message in &history.messages {
            let Some(legs) = self.legs(message) else {
                continue;
            };
            let nano = history.values[&message.card];
            let bucket = bounds
                .iter()
                .position(|bucket| bucket.start <= message.at && message.at < bucket.end)
                .unwrap();
            totals.add(&legs, nano);
            by_bucket[bucket].add(&legs, nano);
            let list = by_list
                .entry(message.list)
                .or_insert_with(|| (Sum::default(), empty()));
            list.0.add(&legs, nano);
            list.1[bucket].add(&legs, nano);
            for country in ["FR", "IT", "US"] {
                let there: Vec<Leg> = (legs.iter().copied())
                    .filter(|leg| leg.country == country)
                    .collect();
                if !there.is_empty() {
                    by_country.entry(country).or_default().add(&there, nano);
                }
            }
        }
        let timeline = |total: i64, sums: &[Sum]| -> Vec<Value> {
            let rows = bounds.iter().zip(sums).zip(parts(total, sums));
            rows.map(|((bucket, sum), cents)| {
                json!({ "start": bucket.start.to_string(), "usage": sum.json(cents) })
            })
            .collect()
        };
        let mut lists: Vec<_> = by_list.into_iter().collect();
        lists.sort_by_key(|(list, (sum, _))| (-sum.units, list.is_none(), *list));
        let mut countries: Vec<_> = by_country.into_iter().collect();
        countries.sort_by_key(|(country, sum)| (-sum.units, *country));
        let total = totals.cost.round(euro()).unwrap().minor();
        let of_lists: Vec<Sum> = lists.iter().map(|(_, (sum, _))| *sum).collect();
        let of_countries: Vec<Sum> = countries.iter().map(|(_, sum)| *sum).collect();
        let lists = lists.iter().zip(parts(total, &of_lists));
        let countries = countries.iter().zip(parts(total, &of_countries));
        json!({ "usageReport": {
            "totals": totals.json(total),
            "buckets": timeline(total, &by_bucket),
            "lists": lists.map(|((list, (sum, by_bucket)), cents)| json!({
                "list": list.map(|list| json!({ "id": list.encode().0 })),
                "usage": sum.json(cents),
                "buckets": timeline(cents, by_bucket),
            })).collect::<Vec<_>>(),
            "countries": countries.map(|((country, sum), cents)| json!({
                "countryCode": country, "usage": sum.json(cents),
            })).collect::<Vec<_>>(),
        } })
    }
}

/// Totals, lists, buckets and countries equal the sums over single messages, and the ledger.
pub async fn check_all(server: &Server) {
    let history = history(server).await;
    let spring = ("2026-03-28T00:00:00Z", "2026-03-30T22:00:00Z");
    let autumn = ("2026-10-24T10:20:30.000001Z", "2026-10-26T23:00:00Z");
    let year = ("2026-01-01T00:00:00Z", "2026-11-22T08:00:00Z");
    let lists = Some(vec![history.lists[0], history.lists[2]]);
    let (rome, half_hour) = ("Europe/Rome", "Asia/Kolkata");
    let all = |(from, to), interval, zone| Asked {
        from,
        to,
        interval,
        zone,
        lists: None,
        countries: None,
        channel: None,
    };
    for asked in [
        all(spring, Interval::Hour, rome),
        all(spring, Interval::Day, half_hour),
        all(autumn, Interval::Hour, rome),
        all(autumn, Interval::Hour, "Australia/Lord_Howe"),
        all(autumn, Interval::Day, "Asia/Kathmandu"),
        all(year, Interval::Week, rome),
        all(year, Interval::Month, half_hour),
        Asked {
            lists: lists.clone(),
            ..all(year, Interval::Day, rome)
        },
        Asked {
            countries: Some(vec!["FR", "US"]),
            ..all(autumn, Interval::Day, rome)
        },
        Asked {
            countries: Some(vec!["KP"]),
            ..all(autumn, Interval::Day, rome)
        },
        Asked {
            channel: Some(Channel::Mms),
            ..all(year, Interval::Month, rome)
        },
        Asked {
            lists,
            countries: Some(vec!["IT"]),
            channel: Some(Channel::Sms),
            ..all(year, Interval::Week, rome)
        },
    ] {
        let variables = json!({ "input": asked.input() });
        let found = server
            .data(&history.tenant.owner, REPORT, variables.clone())
            .await;
        assert_eq!(found, asked.expected(&history), "{}", asked.input());
        // Totals alone are read in another way, and are the same.
        let totals = server.data(&history.tenant.owner, TOTALS, variables).await;
        for (name, count) in totals["usageReport"]["totals"].as_object().unwrap() {
            assert_eq!(
                count,
                &found["usageReport"]["totals"][name],
                "{}",
                asked.input()
            );
        }
        if asked.lists.is_none() && asked.countries.is_none() && asked.channel.is_none() {
            let spent = spent(server, &history.tenant, asked.from, asked.to).await;
            assert_eq!(found["usageReport"]["totals"]["credits"], spent.to_string());
        }
    }
}
