//! What a batch adds to usage by day and by month ([`crate::store::usage_rollup`]): each message
//! that it charges, on the day of its charge in its account's time zone, and for its list in the
//! month of that day.
//!
//! Here: adding it up. New usage waits in the account's book, which the batch writes anyway; if
//! that grows too large, all of it becomes rows. Both are written in the batch's own transaction,
//! so that usage is never late and never counted twice. Days before `usage_rolled_from` are left
//! out: they are filled in from the messages.

use std::collections::{BTreeMap, HashMap};

use domain::{
    calendar::{self, CalendarError, UnknownTimeZone},
    country::{CountryCode, ParseCountryCodeError},
    id::{AccountId, ListId},
};
use entity::{message, message_line::Model as Line, sql_enums::MessageStatus, usage_rollup};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{DbErr, prelude::Uuid};

use super::{fault::Fault, rows::Rows};
use crate::tuning::Tuned;
use crate::{
    clock::whole_micros,
    store::{
        book::Head,
        message_line,
        usage_rollup::{Counts, NO_RECENT, Of, Recent, Slot},
    },
};

/// Usage that may wait in an account's book, in bytes of text: some thirty sums. PostgreSQL keeps a
/// row in one piece up to 2,000 bytes, and compresses it before moving parts out of it: sums of
/// lists, whose ids are random, shrink to half (`pg_column_size`).
/// Measured: docs/measured.md, "Usage that waits in a book".
static MOST_WAITING: Tuned<usize> = Tuned::new("RECENT_USAGE_BYTES", 3_600);

/// A charged message with its destinations.
type Charged<'a> = (&'a message::Model, &'a [Line]);

/// Adds the batch's collected, unwritten messages to the usage that waits in the heads, and returns
/// the part that is to become rows.
pub(super) fn of_batch(
    heads: &mut BTreeMap<AccountId, Head>,
    rows: &Rows,
) -> Result<Vec<usage_rollup::Model>, UsageError> {
    let is_sent = |row: &&message::Model| row.status == MessageStatus::Sent;
    let of_batch: HashMap<Uuid, &[Line]> = rows
        .lines
        .chunk_by(|one, other| one.message_id == other.message_id)
        .filter_map(|lines| Some((lines.first()?.message_id, lines)))
        .collect();
    let kept = kept_lines(rows, &of_batch)?;
    let kept: HashMap<Uuid, &[Line]> = kept
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

/// The lines of scheduled messages that are charged as they were held.
fn kept_lines(rows: &Rows, of_batch: &HashMap<Uuid, &[Line]>) -> Result<Vec<Line>, UsageError> {
    let settled = rows
        .ended
        .iter()
        .filter(|row| row.status == MessageStatus::Sent && !of_batch.contains_key(&row.id));
    let mut kept = Vec::new();
    for row in settled {
        let lines =
            message_line::of(row).map_err(|cause| broken(AccountId::new(row.account_id), cause))?;
        kept.extend(lines);
    }
    Ok(kept)
}

/// Adds the messages up by day.
fn sums<'a>(
    heads: &mut BTreeMap<AccountId, Head>,
    charged: impl Iterator<Item = Charged<'a>>,
) -> Result<Vec<usage_rollup::Model>, UsageError> {
    let mut accounts: BTreeMap<AccountId, Adding> = BTreeMap::new();
    for (message, lines) in charged {
        let account = AccountId::new(message.account_id);
        let missing = || UsageError::Fault(account, Fault::MissingBook);
        let head = heads.get(&account).ok_or_else(missing)?;
        let adding = match accounts.get_mut(&account) {
            Some(adding) => adding,
            None => {
                let adding = Adding::new(head).map_err(|cause| broken(account, cause))?;
                accounts.entry(account).or_insert(adding)
            }
        };
        let unsent = || broken(account, "a message that was charged has no instant");
        let at = whole_micros(message.sent_at.ok_or_else(unsent)?);
        let day_start = adding
            .days
            .start(at)
            .map_err(|error| broken(account, error))?;
        if day_start >= head.usage_rolled_from {
            adding
                .message(day_start, message, lines)
                .map_err(|cause| broken(account, cause))?;
        }
    }
    let mut rows = Vec::new();
    for (account, adding) in accounts {
        let missing = || UsageError::Fault(account, Fault::MissingBook);
        let head = heads.get_mut(&account).ok_or_else(missing)?;
        let text = adding.recent.text();
        head.recent_usage = text.map_err(|cause| broken(account, cause))?;
        if head.recent_usage.len() > MOST_WAITING.get() {
            head.recent_usage = NO_RECENT.to_owned();
            let month_start = |day_start| {
                let month = adding.days.month_start(whole_micros(day_start));
                month.map_err(|error| DbErr::Type(error.to_string()))
            };
            let waiting = adding.recent.rows(account, month_start);
            rows.extend(waiting.map_err(|cause| broken(account, cause))?);
        }
    }
    Ok(rows)
}

/// Why a batch's usage couldn't be added up.
#[derive(Debug)]
pub(super) enum UsageError {
    /// The database's error.
    Database(DbErr),
    /// The account's stored usage can't be added to.
    Fault(AccountId, Fault),
}

impl From<DbErr> for UsageError {
    fn from(cause: DbErr) -> Self {
        Self::Database(cause)
    }
}

fn broken(account: AccountId, cause: impl std::fmt::Display) -> UsageError {
    UsageError::Fault(account, Fault::Usage(cause.to_string()))
}

/// An account's waiting usage while it is added to.
struct Adding {
    recent: Recent,
    days: Days,
}

impl Adding {
    fn new(head: &Head) -> Result<Self, DbErr> {
        Ok(Self {
            recent: Recent::parse(&head.recent_usage)?,
            days: Days::of(&head.time_zone).map_err(|error| DbErr::Type(error.to_string()))?,
        })
    }

    /// Adds a message to the sums of its day.
    fn message(
        &mut self,
        day_start: i64,
        message: &message::Model,
        lines: &[Line],
    ) -> Result<(), ParseCountryCodeError> {
        let slot = |of| Slot {
            of,
            day_start,
            channel: message.channel,
            rate_card_id: message.rate_card_id,
        };
        let mut whole = Counts {
            messages: 1,
            units: message.units,
            ..Counts::default()
        };
        for (country, leg) in by_country(lines) {
            let country: CountryCode = country.parse()?;
            self.recent.add(slot(Of::Country(country)), leg);
            whole.recipients = whole.recipients.saturating_add(leg.recipients);
            whole.segments = whole.segments.saturating_add(leg.segments);
        }
        let list = message.list_id.map(ListId::new);
        self.recent.add(slot(Of::All), whole);
        self.recent.add(slot(Of::List(list)), whole);
        Ok(())
    }
}

/// The counts of a message by served country: one message each, whatever its segments.
fn by_country(lines: &[Line]) -> BTreeMap<&str, Counts> {
    let mut countries: BTreeMap<&str, Counts> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.units_per_segment.is_some()) {
        let leg = countries.entry(&line.country_code).or_insert(Counts {
            messages: 1,
            ..Counts::default()
        });
        *leg = leg.plus(Counts {
            messages: 0,
            recipients: line.recipients,
            segments: line.recipients.saturating_mul(line.segment_count.into()),
            units: line.units,
        });
    }
    countries
}

/// The days of an account's charges: mostly one for each batch.
struct Days {
    zone: TimeZone,
    last: Option<(Timestamp, Timestamp)>,
}

impl Days {
    fn of(zone: &str) -> Result<Self, UnknownTimeZone> {
        Ok(Self {
            zone: calendar::parse_time_zone(zone)?,
            last: None,
        })
    }

    /// The first instant of an instant's day, in microseconds since the epoch.
    fn start(&mut self, at: Timestamp) -> Result<i64, CalendarError> {
        let (start, _) = match self.last {
            Some((start, end)) if (start..end).contains(&at) => (start, end),
            _ => *self.last.insert(calendar::day_of(at, &self.zone)?),
        };
        Ok(start.as_microsecond())
    }

    /// The first instant of an instant's month, in microseconds since the epoch.
    fn month_start(&self, at: Timestamp) -> Result<i64, CalendarError> {
        let (start, _) = calendar::month_of(at, &self.zone)?;
        Ok(start.as_microsecond())
    }
}
