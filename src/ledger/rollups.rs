//! What a batch adds to the sums that reports read ([`crate::store::usage_rollup`]): every message that it
//! charges, on the day of its charge in its account's time zone, and its list's in the month of that day.
//!
//! Here: gathering it. Written in the batch's own transaction, it is never late and never double. Days before
//! `usage_rolled_from` are left out: they are filled in from the messages.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{calendar, id::AccountId};
use entity::{
    message, message_line,
    sql_enums::{Channel, MessageStatus, UsageKind},
    usage_rollup,
};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ConnectionTrait, DbErr, prelude::Uuid};

use super::rows::Rows;
use crate::{
    clock::whole_micros,
    store::{book::Head, set::Set},
};

/// A message that is charged, with its destinations.
type Charged<'a> = (&'a message::Model, &'a [message_line::Model]);

/// The primary key of a row.
type Key = (Uuid, UsageKind, i64, Vec<u8>, Channel, Uuid);

/// What one message adds to a row.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    messages: i64,
    recipients: i64,
    segments: i64,
    units: i64,
}

/// What the batch's messages add, its rows gathered and not written yet.
pub(super) async fn gathered(
    connection: &impl ConnectionTrait,
    heads: &BTreeMap<AccountId, Head>,
    rows: &Rows,
) -> Result<Vec<usage_rollup::Model>, DbErr> {
    let is_sent = |row: &&message::Model| row.status == MessageStatus::Sent;
    let of_batch: HashMap<Uuid, &[message_line::Model]> = rows
        .lines
        .chunk_by(|one, other| one.message_id == other.message_id)
        .filter_map(|lines| Some((lines.first()?.message_id, lines)))
        .collect();
    let kept = kept_lines(connection, rows, &of_batch).await?;
    let kept: HashMap<Uuid, &[message_line::Model]> = kept
        .chunk_by(|one, other| one.message_id == other.message_id)
        .filter_map(|lines| Some((lines.first()?.message_id, lines)))
        .collect();
    let charged = rows.messages.iter().chain(&rows.ended).filter(is_sent);
    sums(
        heads,
        charged.map(|row| {
            let lines = of_batch.get(&row.id).or_else(|| kept.get(&row.id));
            (row, lines.copied().unwrap_or_default())
        }),
    )
}

/// The lines of the scheduled messages that are charged as they were held: those are in the database.
async fn kept_lines(
    connection: &impl ConnectionTrait,
    rows: &Rows,
    of_batch: &HashMap<Uuid, &[message_line::Model]>,
) -> Result<Vec<message_line::Model>, DbErr> {
    // Lines that are gone had others come in their place, or none at all.
    let gone: HashSet<&(Uuid, Uuid)> = rows.lines_gone.iter().collect();
    let settled = rows
        .ended
        .iter()
        .filter(|row| row.status == MessageStatus::Sent && !of_batch.contains_key(&row.id))
        .map(|row| (row.account_id, row.id))
        .filter(|id| !gone.contains(id));
    let mut lines = Set::of_pairs(settled)
        .find::<message_line::Entity>(connection, &["account_id", "message_id"], "")
        .await?;
    lines.sort_by_key(|line| line.message_id);
    Ok(lines)
}

/// Adds the messages up, each on its day.
fn sums<'a>(
    heads: &BTreeMap<AccountId, Head>,
    charged: impl Iterator<Item = Charged<'a>>,
) -> Result<Vec<usage_rollup::Model>, DbErr> {
    let mut days = Days::default();
    let mut sums: BTreeMap<Key, usage_rollup::Model> = BTreeMap::new();
    for (message, lines) in charged {
        let Some(head) = heads.get(&AccountId::new(message.account_id)) else {
            continue;
        };
        let at = whole_micros(message.sent_at.unwrap_or_default());
        let (day_start, month_start) = days.starts(message.account_id, head, at)?;
        if day_start < head.usage_rolled_from {
            continue;
        }
        let mut add = |kind, day_start, key: &[u8], counts: Counts| {
            let sum = sums
                .entry((
                    message.account_id,
                    kind,
                    day_start,
                    key.to_vec(),
                    message.channel,
                    message.rate_card_id,
                ))
                .or_insert_with(|| usage_rollup::Model {
                    account_id: message.account_id,
                    kind,
                    day_start,
                    key: key.to_vec(),
                    channel: message.channel,
                    rate_card_id: message.rate_card_id,
                    messages: 0,
                    recipients: 0,
                    segments: 0,
                    units: 0,
                });
            sum.messages = sum.messages.saturating_add(counts.messages);
            sum.recipients = sum.recipients.saturating_add(counts.recipients);
            sum.segments = sum.segments.saturating_add(counts.segments);
            sum.units = sum.units.saturating_add(counts.units);
        };
        let by_country = by_country(lines);
        let whole = by_country.values().fold(
            Counts {
                messages: 1,
                units: message.units,
                ..Counts::default()
            },
            |whole, leg| Counts {
                recipients: whole.recipients.saturating_add(leg.recipients),
                segments: whole.segments.saturating_add(leg.segments),
                ..whole
            },
        );
        let list = message.list_id.map(Uuid::into_bytes);
        let list: &[u8] = list.as_ref().map_or(&[], |id| id);
        add(UsageKind::All, day_start, &[], whole);
        add(UsageKind::List, day_start, list, whole);
        add(UsageKind::ListMonth, month_start, list, whole);
        for (country, leg) in by_country {
            add(UsageKind::Country, day_start, country.as_bytes(), leg);
        }
    }
    Ok(sums.into_values().collect())
}

/// What a message comes to in each country that is served: one message, whatever its segments.
fn by_country(lines: &[message_line::Model]) -> BTreeMap<&str, Counts> {
    let mut countries: BTreeMap<&str, Counts> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.units_per_segment.is_some()) {
        let leg = countries.entry(&line.country_code).or_insert(Counts {
            messages: 1,
            ..Counts::default()
        });
        let segments = line.recipients.saturating_mul(line.segment_count.into());
        leg.recipients = leg.recipients.saturating_add(line.recipients);
        leg.segments = leg.segments.saturating_add(segments);
        leg.units = leg.units.saturating_add(line.units);
    }
    countries
}

/// The days that the batch's charges fall in: mostly one an account.
#[derive(Default)]
struct Days {
    zones: HashMap<Uuid, TimeZone>,
    last: HashMap<Uuid, Day>,
}

#[derive(Clone, Copy)]
struct Day {
    start: Timestamp,
    end: Timestamp,
    month_start: Timestamp,
}

impl Day {
    fn starts(&self) -> (i64, i64) {
        (
            self.start.as_microsecond(),
            self.month_start.as_microsecond(),
        )
    }
}

impl Days {
    /// The first instants of the day and the month of an account's instant, in microseconds since the epoch.
    fn starts(&mut self, account: Uuid, head: &Head, at: Timestamp) -> Result<(i64, i64), DbErr> {
        if let Some(day) = self.last.get(&account)
            && (day.start..day.end).contains(&at)
        {
            return Ok(day.starts());
        }
        let broken = |cause: String| DbErr::Type(format!("a day of account {account}: {cause}"));
        let zone = match self.zones.get(&account) {
            Some(zone) => zone,
            None => {
                let zone = calendar::parse_time_zone(&head.time_zone)
                    .map_err(|cause| broken(cause.to_string()))?;
                self.zones.entry(account).or_insert(zone)
            }
        };
        let day = calendar::day_of(at, zone)
            .and_then(|(start, end)| {
                let (month_start, _) = calendar::month_of(start, zone)?;
                Ok(Day {
                    start,
                    end,
                    month_start,
                })
            })
            .map_err(|cause| broken(cause.to_string()))?;
        self.last.insert(account, day);
        Ok(day.starts())
    }
}
