//! Random messages and reports, which can be made smaller if they fail.

use domain::calendar::{self, buckets::Interval, parse_time_zone};
use entity::sql_enums;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use message_credits::reports::usage::Parts;
use proptest::{prelude::*, sample::select};

use crate::support::sending::Leg;

/// Zones with offsets of whole, half and quarter hours, whose clocks change over midnight, by half
/// an hour, and never.
static ZONES: [&str; 7] = [
    "Europe/Rome",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/St_Johns",
    "UTC",
];
/// Around changes of the clocks in those zones and around the ends of months, in 2026; three days
/// from each.
static STARTS: [&str; 7] = [
    "2026-03-07T12:00:00Z",
    "2026-03-27T22:00:00Z",
    "2026-03-30T12:00:00Z",
    "2026-04-03T10:00:00Z",
    "2026-08-30T18:00:00Z",
    "2026-10-31T20:00:00Z",
    AFTER_THE_CHANGE,
];
/// After everything that is sent before a change of zone.
const AFTER_THE_CHANGE: &str = "2026-11-10T00:00:00Z";
const QUARTERS: i64 = 3 * 96;
/// An account, its messages, and the report.
#[derive(Debug, Clone)]
pub struct World {
    pub zone: &'static str,
    pub sendings: Vec<Sending>,
    /// The zone that it changes to, and what is sent before its days are added up again.
    pub change: Option<(&'static str, Vec<Sending>)>,
    pub questions: Vec<Question>,
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct Sending {
    pub at: At,
    pub list: Option<usize>,
    pub card: usize,
    pub is_mms: bool,
    pub legs: Vec<Leg>,
    pub how: How,
}

/// How a message is charged.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// At once.
    Sent,
    /// Held, and charged as it was held.
    Held,
    /// Held, and charged for the first of its destinations only.
    HeldForMore,
}

/// An instant: a quarter of an hour after one of [`STARTS`], exactly or close to it.
#[derive(Debug, Clone, Copy)]
pub struct At {
    start: &'static str,
    quarter: i64,
    micros: i64,
}

impl At {
    pub fn instant(self) -> Timestamp {
        let start: Timestamp = self.start.parse().unwrap();
        start
            + SignedDuration::from_mins(15 * self.quarter)
            + SignedDuration::from_micros(self.micros)
    }
}

/// A report's bound: an instant, or the beginning of its day or month.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    pub at: At,
    begins: Option<Interval>,
    is_own_zone: bool,
}

impl Bound {
    pub fn instant(self, own: &TimeZone) -> Timestamp {
        let rome = parse_time_zone("Europe/Rome").unwrap();
        let zone = if self.is_own_zone { own } else { &rome };
        let at = self.at.instant();
        match self.begins {
            Some(Interval::Month) => calendar::month_of(at, zone).unwrap().0,
            Some(_) => calendar::day_of(at, zone).unwrap().0,
            None => at,
        }
    }
}

/// The arguments of a report.
#[derive(Debug, Clone)]
pub struct Question {
    pub bounds: (Bound, Bound),
    pub interval: Interval,
    /// The account's own if there is none.
    pub zone: Option<&'static str>,
    pub lists: Option<Vec<usize>>,
    pub countries: Option<Vec<&'static str>>,
    pub channel: Option<sql_enums::Channel>,
    pub parts: Parts,
}

fn at(starts: &'static [&'static str]) -> impl Strategy<Value = At> {
    let micros = prop_oneof![Just(0), Just(-1), 0..900_000_000_i64];
    (select(starts), 0..QUARTERS, micros).prop_map(|(start, quarter, micros)| At {
        start,
        quarter,
        micros,
    })
}

fn sending(starts: &'static [&'static str]) -> impl Strategy<Value = Sending> {
    let leg = (select(vec!["IT", "FR", "US", "KP"]), 1_u32..3, 1_u64..500).prop_map(
        |(country, segment_count, recipients)| Leg {
            country,
            segment_count,
            recipients,
            rate_units: (country != "KP").then_some(7_001),
        },
    );
    let how = prop_oneof![4 => Just(How::Sent), 1 => Just(How::Held), 1 => Just(How::HeldForMore)];
    (
        at(starts),
        prop::option::weighted(0.75, 0_usize..3),
        0_usize..2,
        prop::bool::weighted(0.25),
        prop::collection::vec(leg, 0..4),
        how,
    )
        .prop_map(|(at, list, card, is_mms, mut legs, how)| {
            // Texts of one length to one country are one line.
            legs.sort_by_key(|leg| (leg.country, leg.segment_count));
            legs.dedup_by_key(|leg| (leg.country, leg.segment_count));
            Sending {
                at,
                list,
                card,
                is_mms,
                legs,
                how,
            }
        })
}

fn question() -> impl Strategy<Value = Question> {
    let bound = || {
        let begins = prop_oneof![
            1 => Just(None),
            2 => Just(Some(Interval::Day)),
            2 => Just(Some(Interval::Month)),
        ];
        (at(&STARTS), begins, prop::bool::weighted(0.75)).prop_map(|(at, begins, is_own_zone)| {
            Bound {
                at,
                begins,
                is_own_zone,
            }
        })
    };
    let interval = select(vec![
        Interval::Hour,
        Interval::Day,
        Interval::Week,
        Interval::Month,
    ]);
    let countries = select(vec![vec!["IT"], vec!["FR", "US"]]);
    let parts = any::<[bool; 5]>().prop_map(
        |[buckets, lists, list_buckets, countries, channels]| Parts {
            buckets,
            lists,
            list_buckets,
            countries,
            channels,
        },
    );
    (
        (bound(), bound()),
        interval,
        prop::option::weighted(0.3, select(&ZONES[..])),
        prop::option::weighted(0.3, Just(vec![0, 2])),
        prop::option::weighted(0.3, countries),
        prop::option::weighted(0.25, Just(sql_enums::Channel::Mms)),
        parts,
    )
        .prop_map(
            |(bounds, interval, zone, lists, countries, channel, parts)| Question {
                bounds,
                interval,
                zone,
                lists,
                countries,
                channel,
                parts,
            },
        )
}

/// Random worlds.
pub fn world() -> impl Strategy<Value = World> {
    let zone = || select(&ZONES[..]);
    let (before, after) = (&STARTS[..STARTS.len() - 1], &STARTS[STARTS.len() - 1..]);
    (
        zone(),
        prop::collection::vec(sending(before), 0..60),
        prop::option::weighted(0.4, (zone(), prop::collection::vec(sending(after), 0..10))),
        prop::collection::vec(question(), 1..8),
    )
        .prop_map(|(zone, sendings, change, questions)| World {
            zone,
            sendings,
            change,
            questions,
        })
}
