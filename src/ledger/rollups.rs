//! What a batch adds to the sums that reports read ([`crate::store::usage_rollup`]): every message that it
//! charges, on the day of its charge in its account's time zone.
//!
//! Here: gathering it. Written in the batch's own transaction, it is never late and never double. Days before
//! `usage_rolled_from` are left out: they are filled in from the messages.

use std::collections::{BTreeMap, HashMap};

use domain::{calendar, id::AccountId};
use entity::{
    message, message_line,
    sql_enums::{Channel, MessageStatus},
};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, prelude::Uuid};

use super::rows::Rows;
use crate::{
    clock::whole_micros,
    store::{
        book::Head,
        usage_rollup::{Cell, Counts, Kind, Rollup},
    },
};

/// A message that is charged, with its destinations.
type Charged<'a> = (&'a message::Model, &'a [message_line::Model]);

/// What the batch's messages add, its rows gathered and not written yet.
pub(super) async fn gathered(
    connection: &impl ConnectionTrait,
    heads: &BTreeMap<AccountId, Head>,
    rows: &Rows,
) -> Result<Vec<Rollup>, DbErr> {
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
    use message_line::Column;
    use sea_orm::QueryOrder;
    let settled: Vec<&message::Model> = rows
        .ended
        .iter()
        .filter(|row| row.status == MessageStatus::Sent && !of_batch.contains_key(&row.id))
        // What was sent took their place, and that may be nothing at all.
        .filter(|row| !rows.lines_gone.contains(&(row.account_id, row.id)))
        .collect();
    if settled.is_empty() {
        return Ok(Vec::new());
    }
    message_line::Entity::find()
        .filter(Column::AccountId.is_in(settled.iter().map(|row| row.account_id)))
        .filter(Column::MessageId.is_in(settled.iter().map(|row| row.id)))
        .order_by_asc(Column::MessageId)
        .all(connection)
        .await
}

/// Adds the messages up, each on its day.
fn sums<'a>(
    heads: &BTreeMap<AccountId, Head>,
    charged: impl Iterator<Item = Charged<'a>>,
) -> Result<Vec<Rollup>, DbErr> {
    let mut days = Days::default();
    let mut sums: BTreeMap<(Uuid, Cell, &'static str), (Channel, Counts)> = BTreeMap::new();
    for (message, lines) in charged {
        let Some(head) = heads.get(&AccountId::new(message.account_id)) else {
            continue;
        };
        let at = whole_micros(message.sent_at.unwrap_or_default());
        let day_start = days.start(message.account_id, head, at)?;
        if day_start < head.usage_rolled_from {
            continue;
        }
        let mut add = |kind, key: &[u8], counts: Counts| {
            let cell = Cell {
                kind,
                day_start,
                key: key.to_vec(),
                rate_card_id: message.rate_card_id,
            };
            let channel = match message.channel {
                Channel::Sms => "SMS",
                Channel::Mms => "MMS",
            };
            let sum = sums.entry((message.account_id, cell, channel));
            let (_, sum) = sum.or_insert((message.channel, Counts::default()));
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
        add(Kind::All, &[], whole);
        add(Kind::List, list.as_ref().map_or(&[], |id| id), whole);
        for (country, leg) in by_country {
            add(Kind::Country, country.as_bytes(), leg);
        }
    }
    Ok(sums
        .into_iter()
        .map(|((account_id, cell, _), (channel, counts))| Rollup {
            account_id,
            cell,
            channel,
            counts,
        })
        .collect())
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
    last: HashMap<Uuid, (Timestamp, Timestamp)>,
}

impl Days {
    /// The first instant of the day of an account's instant, in microseconds since the epoch.
    fn start(&mut self, account: Uuid, head: &Head, at: Timestamp) -> Result<i64, DbErr> {
        if let Some((start, end)) = self.last.get(&account)
            && (*start..*end).contains(&at)
        {
            return Ok(start.as_microsecond());
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
        let day = calendar::day_of(at, zone).map_err(|cause| broken(cause.to_string()))?;
        self.last.insert(account, day);
        Ok(day.0.as_microsecond())
    }
}
