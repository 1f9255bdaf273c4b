//! The hours, days, weeks and months that a usage report cuts time into.
//!
//! Here: where buckets begin and end, and which one an instant falls in. Not here: what is counted in
//! them ([`crate::usage`]).

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::{CalendarError, date_of, start_of_day};

/// The most buckets one report has: 208 days of hours, 13 years of days.
pub const MAX_BUCKETS: usize = 5_000;

/// Usage is stored by quarter of an hour, in seconds. Every zone's hours and days have begun on one
/// since 1980; a test looks at each bundled zone.
pub const QUARTER_HOUR_SECONDS: i64 = 900;

const HOUR_SECONDS: i64 = 3_600;

/// Why a period can't be cut into buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BucketsError {
    /// The period ends where it starts, or before.
    #[error("must be after the start of the period")]
    EmptyPeriod,
    /// More than [`MAX_BUCKETS`].
    #[error(
        "must give at most {MAX_BUCKETS} intervals: ask for a shorter period or a longer interval"
    )]
    TooMany,
    /// Part of the period is outside the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// How a report cuts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interval {
    /// Hours of the zone's clock.
    Hour,
    /// Days, of 23 to 25 hours where clocks change.
    Day,
    /// ISO weeks, from Monday.
    Week,
    /// Calendar months.
    Month,
}

impl Interval {
    /// The day on which the interval around a day begins.
    fn first_day(self, date: Date) -> Result<Date, CalendarError> {
        Ok(match self {
            Self::Hour | Self::Day => date,
            Self::Week => {
                let since_monday = date.weekday().to_monday_zero_offset();
                date.checked_sub(Span::new().try_days(i64::from(since_monday))?)?
            }
            Self::Month => date.first_of_month(),
        })
    }

    /// The day on which the next interval begins.
    fn next_day(self, first: Date) -> Result<Date, CalendarError> {
        let span = match self {
            Self::Hour | Self::Day => Span::new().try_days(1),
            Self::Week => Span::new().try_weeks(1),
            Self::Month => Span::new().try_months(1),
        };
        Ok(first.checked_add(span?)?)
    }
}

/// One whole interval of a report, `start` included and `end` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

/// The zone's whole intervals that share time with the period from `from` to before `to`, oldest
/// first, without a gap or an overlap (rule T1). What is counted in them is the period's alone: the
/// first may start before `from` and the last end after `to`.
///
/// Hours begin when the zone's clock shows a full hour, and when it is changed, so that the hour
/// that comes twice in autumn has two buckets. A change off the quarter hour, as Newfoundland's at one
/// past midnight until 2011, begins none.
///
/// # Errors
/// A period without time, one with more than [`MAX_BUCKETS`] intervals, one outside the calendar.
pub fn buckets(
    from: Timestamp,
    to: Timestamp,
    interval: Interval,
    zone: &TimeZone,
) -> Result<Vec<Bucket>, BucketsError> {
    if from >= to {
        return Err(BucketsError::EmptyPeriod);
    }
    let mut date = interval.first_day(date_of(from, zone))?;
    let mut start = start_of_day(date, zone)?;
    let mut buckets = Vec::new();
    while start < to {
        let end = if interval == Interval::Hour {
            next_hour(start, zone)?
        } else {
            date = interval.next_day(date)?;
            start_of_day(date, zone)?
        };
        // An interval that the zone left out, as Samoa did 30 December 2011, has no time in it.
        if end > from && end > start {
            if buckets.len() == MAX_BUCKETS {
                return Err(BucketsError::TooMany);
            }
            buckets.push(Bucket { start, end });
        }
        start = end;
    }
    Ok(buckets)
}

/// The bucket that an instant falls in, by binary search; `None` outside all of them.
#[must_use]
pub fn index_of(instant: Timestamp, buckets: &[Bucket]) -> Option<usize> {
    let index = buckets.partition_point(|bucket| bucket.end <= instant);
    buckets
        .get(index)
        .filter(|bucket| bucket.start <= instant)
        .map(|_| index)
}

/// The end of the hour that begins at `start`.
fn next_hour(start: Timestamp, zone: &TimeZone) -> Result<Timestamp, CalendarError> {
    let mut at = start;
    loop {
        let shown = at.as_second() + i64::from(zone.to_offset(at).seconds());
        let full_hour = at.as_second() + HOUR_SECONDS - shown.rem_euclid(HOUR_SECONDS);
        let change = zone
            .following(at)
            .next()
            .filter(|change| change.timestamp().as_second() < full_hour);
        let Some(change) = change else {
            return Ok(Timestamp::from_second(full_hour)?);
        };
        // A new name for the same offset is no change of the clock.
        let moved = change.offset() != zone.to_offset(at);
        at = change.timestamp();
        if moved && at.as_second() % QUARTER_HOUR_SECONDS == 0 {
            return Ok(at);
        }
    }
}

#[cfg(test)]
mod tests {
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
        // Changes at one past midnight.
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
    fn periods_without_time_or_too_long_are_refused() {
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

    /// Every bundled zone's changes of the clock since 1980, when the last odd offset went.
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

            // Every instant is in the one bucket that shows its own hour, day, week or month.
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
        fn a_later_start_leaves_the_buckets_where_they_were(
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
}
