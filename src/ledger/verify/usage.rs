//! Compares usage by day with the messages, and usage by month with the days, a few periods at a
//! time, so that memory doesn't grow with history.

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

/// Days compared at once.
const DAYS: usize = 31;
/// Months compared at once.
const MONTHS: usize = 12;

/// Compares each stored day with its messages, and each stored month with its days.
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
    // Sums of earlier days are not read by reports, and would be counted twice after those days are
    // filled in.
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
        // A row that doesn't begin a month may be in none of these.
        from = end.as_microsecond().max(first.saturating_add(1));
    }
    Ok(())
}

/// The day or month that contains an instant, and the first instant of the next.
type Around = fn(Timestamp, &TimeZone) -> Result<(Timestamp, Timestamp), calendar::CalendarError>;

/// This many days or months, starting with the one that contains an instant.
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

/// The earlier of two instants, if there are any.
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
