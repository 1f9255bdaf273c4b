//! The usage that is added up by day, against the messages, and by month, against the days: some at a time, so
//! that memory does not grow with history.

use std::fmt::Display;

use domain::{calendar, id::AccountId};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ConnectionTrait, DbErr, prelude::Uuid};

use super::{Findings, credits};
use crate::{
    clock::whole_micros,
    store::usage_rollup::{
        self, Chunk, Difference, Recent, differences, first_day, first_month, month_differences,
    },
};

/// Days that are compared at once.
const DAYS: usize = 31;
/// Months that are compared at once.
const MONTHS: usize = 12;

/// Compares every day that is added up with what its messages come to, and every month with its days.
pub(super) async fn check(
    connection: &impl ConnectionTrait,
    account: AccountId,
    findings: &mut Findings,
) -> Result<(), DbErr> {
    let Some(progress) = usage_rollup::progress(connection, account).await? else {
        return Ok(());
    };
    let Ok(zone) = calendar::parse_time_zone(&progress.time_zone) else {
        findings.add(
            "time zone of the account".to_owned(),
            "an IANA name",
            progress.time_zone,
        );
        return Ok(());
    };
    let recent = match Recent::parse(&progress.recent) {
        Ok(recent) => recent,
        Err(cause) => {
            let what = "recent usage of the account".to_owned();
            findings.add(what, "sums of days", cause.to_string());
            return Ok(());
        }
    };
    // What is kept of days before is read by nobody, and would be counted twice once they are filled in.
    if progress.rolled_from > 0 {
        let kept = first_kept(connection, account, &recent, progress.rolled_from).await?;
        findings.expect("none".to_owned(), kept, || {
            "usage by day before the first day that is added up".to_owned()
        });
    }
    let of = (account, &recent, progress.rolled_from);
    check_days(connection, of, &zone, findings).await?;
    check_months(connection, account, &zone, findings).await
}

async fn check_days(
    connection: &impl ConnectionTrait,
    (account, recent, rolled_from): (AccountId, &Recent, i64),
    zone: &TimeZone,
    findings: &mut Findings,
) -> Result<(), DbErr> {
    let mut from = rolled_from.max(0);
    while let Some(first) = earlier(
        first_day(connection, account, from).await?,
        recent.first_day(from),
    ) {
        let days = periods(whole_micros(first), zone, calendar::day_of, DAYS)?;
        let Some((_, end)) = days.last().copied() else {
            break;
        };
        let chunk = Chunk { account, days };
        for difference in differences(connection, &chunk).await? {
            let day = calendar::date_of(whole_micros(difference.day_start), zone);
            tell(&difference, day, findings);
        }
        from = end.as_microsecond();
    }
    Ok(())
}

async fn check_months(
    connection: &impl ConnectionTrait,
    account: AccountId,
    zone: &TimeZone,
    findings: &mut Findings,
) -> Result<(), DbErr> {
    let mut from = 0;
    while let Some(first) = first_month(connection, account, from).await? {
        let months = periods(whole_micros(first), zone, calendar::month_of, MONTHS)?;
        let Some((_, end)) = months.last().copied() else {
            break;
        };
        for difference in month_differences(connection, account, &months).await? {
            let day = calendar::date_of(whole_micros(difference.day_start), zone);
            tell(&difference, format_args!("the month from {day}"), findings);
        }
        // A row that begins no month may be in none of these.
        from = end.as_microsecond().max(first.saturating_add(1));
    }
    Ok(())
}

/// A day or a month around an instant, and the next one's first.
type Around = fn(Timestamp, &TimeZone) -> Result<(Timestamp, Timestamp), calendar::CalendarError>;

/// So many days or months from that of an instant on.
fn periods(
    first: Timestamp,
    zone: &TimeZone,
    around: Around,
    count: usize,
) -> Result<Vec<(Timestamp, Timestamp)>, DbErr> {
    let beyond = |cause| DbErr::Type(format!("a charge at a time that {cause}"));
    let mut periods = vec![around(first, zone).map_err(beyond)?];
    while periods.len() < count
        && let Some((_, end)) = periods.last().copied()
    {
        periods.push(around(end, zone).map_err(beyond)?);
    }
    Ok(periods)
}

async fn first_kept(
    connection: &impl ConnectionTrait,
    account: AccountId,
    recent: &Recent,
    before: i64,
) -> Result<String, DbErr> {
    let first = earlier(
        usage_rollup::first_kept(connection, account).await?,
        recent.first_day(0),
    );
    Ok(match first.filter(|first| *first < before) {
        Some(first) => whole_micros(first).to_string(),
        None => "none".to_owned(),
    })
}

/// The earlier of two instants, as far as there are any.
fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

fn tell(difference: &Difference, when: impl Display, findings: &mut Findings) {
    let of = match difference.kind.as_str() {
        "LIST" | "LIST_MONTH" => match Uuid::from_slice(&difference.key) {
            Ok(list) => format!("list {list}"),
            Err(_) => "no list".to_owned(),
        },
        "COUNTRY" => format!("country {}", String::from_utf8_lossy(&difference.key)),
        _ => "all lists".to_owned(),
    };
    let counts = |messages: i64, recipients: i64, segments: i64, units: i64| {
        format!(
            "{messages} messages, {recipients} recipients, {segments} segments, {}",
            credits(units.into())
        )
    };
    findings.add(
        format!("usage of {when} by {of} ({:?})", difference.channel),
        counts(
            difference.expected_messages,
            difference.expected_recipients,
            difference.expected_segments,
            difference.expected_units,
        ),
        counts(
            difference.messages,
            difference.recipients,
            difference.segments,
            difference.units,
        ),
    );
}
