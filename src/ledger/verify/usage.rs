//! The usage that is added up by day, against the messages: some days at a time, so that memory does not grow
//! with history.

use domain::{calendar, id::AccountId};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ConnectionTrait, DbErr, prelude::Uuid};

use super::{Findings, credits};
use crate::{
    clock::whole_micros,
    store::usage_rollup::{self, Chunk, Difference, differences, first_day},
};

/// Days that are compared at once.
const DAYS: usize = 31;

/// Compares every day that is added up with what its messages come to.
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
    // What is kept of days before is read by nobody, and would be counted twice once they are filled in.
    if progress.rolled_from > 0 {
        let kept = first_kept(connection, account, progress.rolled_from).await?;
        findings.expect("none".to_owned(), kept, || {
            "usage by day before the first day that is added up".to_owned()
        });
    }
    let mut from = progress.rolled_from.max(0);
    while let Some(first) = first_day(connection, account, from).await? {
        let days = days(whole_micros(first), &zone)
            .map_err(|cause| DbErr::Type(format!("a charge on a day that {cause}")))?;
        let Some((_, end)) = days.last().copied() else {
            break;
        };
        let chunk = Chunk { account, days };
        for difference in differences(connection, &chunk).await? {
            tell(&difference, &zone, findings);
        }
        from = end.as_microsecond();
    }
    Ok(())
}

/// The days from that of an instant on.
fn days(
    first: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<(Timestamp, Timestamp)>, calendar::CalendarError> {
    let mut days = vec![calendar::day_of(first, zone)?];
    while days.len() < DAYS
        && let Some((_, end)) = days.last().copied()
    {
        days.push(calendar::day_of(end, zone)?);
    }
    Ok(days)
}

async fn first_kept(
    connection: &impl ConnectionTrait,
    account: AccountId,
    before: i64,
) -> Result<String, DbErr> {
    let first = usage_rollup::first_kept(connection, account).await?;
    Ok(match first.filter(|first| *first < before) {
        Some(first) => whole_micros(first).to_string(),
        None => "none".to_owned(),
    })
}

fn tell(difference: &Difference, zone: &TimeZone, findings: &mut Findings) {
    let day = calendar::date_of(whole_micros(difference.day_start), zone);
    let of = match difference.kind.as_str() {
        "LIST" => match Uuid::from_slice(&difference.key) {
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
        format!("usage of {day} by {of} ({:?})", difference.channel),
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
