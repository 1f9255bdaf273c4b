//! Buckets: days of 23 and 25 hours, time zones, and limits.

use super::*;
use crate::calendar::{
    parse_time_zone,
    tests::{any_zone, at, zone},
};
use jiff::{SignedDuration, tz::TimeZoneDatabase};
use proptest::prelude::*;

fn minutes(buckets: &[Bucket]) -> Vec<i64> {
    buckets
        .iter()
        .map(|bucket| bucket.end.duration_since(bucket.start).as_mins())
        .collect()
}

#[test]
fn buckets_follow_the_clocks() {
    let check = |from: &str, to: &str, interval, name: &str, want: &[i64]| {
        let found = buckets(at(from), at(to), interval, &zone(name)).unwrap();
        assert_eq!(minutes(&found), want, "{interval:?} in {name}");
    };
    let (rome, howe) = ("Europe/Rome", "Australia/Lord_Howe");
    let (march, october) = ("2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z");
    check(
        march,
        "2026-03-30T22:00:00Z",
        Interval::Day,
        rome,
        &[23 * 60, 24 * 60],
    );
    check(
        october,
        "2026-10-26T23:00:00Z",
        Interval::Day,
        rome,
        &[25 * 60, 24 * 60],
    );
    check(
        march,
        "2026-03-29T22:00:00Z",
        Interval::Hour,
        rome,
        &[60; 23],
    );
    check(
        october,
        "2026-10-25T23:00:00Z",
        Interval::Hour,
        rome,
        &[60; 25],
    );
    // Forward from 02:00 to 02:30, and back from 02:00 to 01:30.
    let two_hours = ("2026-10-03T14:30:00Z", "2026-10-03T16:30:00Z");
    check(
        two_hours.0,
        two_hours.1,
        Interval::Hour,
        howe,
        &[60, 30, 60],
    );
    let two_hours = ("2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z");
    check(
        two_hours.0,
        two_hours.1,
        Interval::Hour,
        howe,
        &[60, 30, 60],
    );
    // Clock changes at 00:01.
    check(
        "2010-03-14T03:00:00Z",
        "2010-03-14T05:00:00Z",
        Interval::Hour,
        "America/St_Johns",
        &[60; 3],
    );
    check(
        "2010-11-07T02:30:00Z",
        "2010-11-07T04:30:00Z",
        Interval::Hour,
        "America/St_Johns",
        &[60; 2],
    );
    check(
        "2011-12-29T10:00:00Z",
        "2011-12-31T10:00:00Z",
        Interval::Day,
        "Pacific/Apia",
        &[24 * 60; 2],
    );
    check(
        "2026-03-01T00:00:00Z",
        "2026-04-01T00:00:00Z",
        Interval::Month,
        "UTC",
        &[31 * 24 * 60],
    );
}

#[test]
fn the_first_and_last_bucket_are_whole() {
    let found = |interval| {
        let (from, to) = (at("2026-11-19T12:20:00Z"), at("2026-11-19T12:20:01Z"));
        let found = buckets(from, to, interval, &zone("Europe/Rome")).unwrap();
        assert_eq!(found.len(), 1);
        (found[0].start, found[0].end)
    };
    let hour = (at("2026-11-19T12:00:00Z"), at("2026-11-19T13:00:00Z"));
    let day = (at("2026-11-18T23:00:00Z"), at("2026-11-19T23:00:00Z"));
    // 19 November is a Thursday.
    let week = (at("2026-11-15T23:00:00Z"), at("2026-11-22T23:00:00Z"));
    let month = (at("2026-10-31T23:00:00Z"), at("2026-11-30T23:00:00Z"));
    assert_eq!(found(Interval::Hour), hour);
    assert_eq!(found(Interval::Day), day);
    assert_eq!(found(Interval::Week), week);
    assert_eq!(found(Interval::Month), month);
}

#[test]
fn empty_and_too_long_periods_are_rejected() {
    let check = |from: &str, to: &str, interval, want| {
        let found = buckets(at(from), at(to), interval, &TimeZone::UTC);
        assert_eq!(found.map(|found| found.len()), want);
    };
    let day = "2026-01-01T00:00:00Z";
    check(day, day, Interval::Day, Err(BucketsError::EmptyPeriod));
    check(
        day,
        "2025-01-01T00:00:00Z",
        Interval::Day,
        Err(BucketsError::EmptyPeriod),
    );
    check(day, "2026-07-28T08:00:00Z", Interval::Hour, Ok(MAX_BUCKETS));
    check(
        day,
        "2026-07-28T08:00:01Z",
        Interval::Hour,
        Err(BucketsError::TooMany),
    );
    check(
        "-009999-06-01T00:00:00Z",
        "9999-06-01T00:00:00Z",
        Interval::Hour,
        Err(BucketsError::TooMany),
    );
    let end = Err(BucketsError::Calendar(CalendarError::OutOfRange));
    check(
        "9999-12-01T00:00:00Z",
        "9999-12-30T00:00:00Z",
        Interval::Month,
        end,
    );
}

/// The clock changes of every bundled zone since 1980, when the last odd offset was abolished.
fn changes() -> Vec<(TimeZone, Vec<Timestamp>)> {
    let (since, until) = (at("1980-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"));
    TimeZoneDatabase::bundled()
        .available()
        .filter_map(|name| parse_time_zone(name.as_str()).ok())
        .map(|zone| {
            let changes = zone
                .following(since)
                .map(|change| change.timestamp())
                .take_while(|change| *change < until)
                .collect();
            (zone, changes)
        })
        .collect()
}

#[test]
fn every_bucket_of_every_zone_begins_on_a_quarter_hour() {
    let zones = changes();
    assert!(zones.len() > 500, "only {} zones", zones.len());
    let quiet = [at("1980-01-02T00:00:00Z"), at("2026-06-01T00:00:00Z")];
    for (zone, changes) in &zones {
        for change in changes.iter().chain(&quiet) {
            let day = SignedDuration::from_hours(24);
            let (from, to) = (*change - day, *change + day);
            for interval in [Interval::Hour, Interval::Day] {
                let found = buckets(from, to, interval, zone).unwrap();
                for pair in found.windows(2) {
                    assert_eq!(pair[0].end, pair[1].start, "{zone:?} {change}");
                }
                for bucket in found {
                    let (start, end) = (bucket.start.as_second(), bucket.end.as_second());
                    let aligned =
                        start % QUARTER_HOUR_SECONDS == 0 && end % QUARTER_HOUR_SECONDS == 0;
                    assert!(start < end && aligned, "{zone:?} {change} {bucket:?}");
                    let longest = if interval == Interval::Hour { 1 } else { 48 };
                    assert!(end - start <= longest * HOUR_SECONDS, "{zone:?} {bucket:?}");
                }
            }
        }
    }
}

fn any_interval() -> impl Strategy<Value = Interval> {
    use Interval::{Day, Hour, Month, Week};
    prop::sample::select(&[Hour, Day, Week, Month][..])
}

proptest! {
    #[test]
    fn buckets_cover_the_period_once(
        zone in any_zone(),
        interval in any_interval(),
        from in 1_325_376_000_i64..2_200_000_000,
        seconds in 1_i64..8_000_000,
        probe in 0_i64..8_000_000,
    ) {
        let (from, to) = (
            Timestamp::from_second(from).unwrap(),
            Timestamp::from_second(from + seconds).unwrap(),
        );
        let found = buckets(from, to, interval, &zone).unwrap();
        let (first, last) = (found[0], found[found.len() - 1]);
        prop_assert!(first.start <= from && from < first.end);
        prop_assert!(last.start < to && to <= last.end);
        prop_assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));

        // Every instant is in the bucket of its own hour, day, week or month, and in no other.
        let instant = from + SignedDuration::from_secs(probe % seconds);
        let index = index_of(instant, &found).unwrap();
        let bucket = found[index];
        prop_assert!(bucket.start <= instant && instant < bucket.end);
        let (shown, begun) = (zone.to_datetime(instant), zone.to_datetime(bucket.start));
        match interval {
            Interval::Hour => prop_assert_eq!(
                (shown.date(), shown.hour(), zone.to_offset(instant)),
                (begun.date(), begun.hour(), zone.to_offset(bucket.start))
            ),
            Interval::Day => prop_assert_eq!(shown.date(), begun.date()),
            Interval::Week => prop_assert_eq!(shown.date().iso_week_date().week(), begun.date().iso_week_date().week()),
            Interval::Month => prop_assert_eq!(shown.date().first_of_month(), begun.date().first_of_month()),
        }
        prop_assert_eq!(index_of(first.start - SignedDuration::from_nanos(1), &found), None);
        prop_assert_eq!(index_of(last.end, &found), None);
    }

    #[test]
    fn a_later_start_does_not_move_the_buckets(
        zone in any_zone(),
        interval in any_interval(),
        from in 315_532_800_i64..2_200_000_000,
        later in 1_i64..1_000_000,
    ) {
        let to = Timestamp::from_second(from + 1_000_001).unwrap();
        let all = buckets(Timestamp::from_second(from).unwrap(), to, interval, &zone).unwrap();
        let some = buckets(Timestamp::from_second(from + later).unwrap(), to, interval, &zone).unwrap();
        prop_assert!(all.ends_with(&some));
    }
}
