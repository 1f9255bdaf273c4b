//! The buckets of a usage report: hours, days, weeks or months.
//!
//! Here: where buckets begin and end, and the bucket of an instant. Not here: the usage in them
//! ([`crate::usage`]).

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::{CalendarError, date_of, start_of_day};

/// The most buckets of one report: 208 days by hour, or 13 years by day.
pub const MAX_BUCKETS: usize = 5_000;

/// A quarter of an hour in seconds, the grain at which usage is read. In every zone, hours and days
/// have begun on a quarter of an hour since 1980; a test checks each bundled zone.
pub const QUARTER_HOUR_SECONDS: i64 = 900;

const HOUR_SECONDS: i64 = 3_600;

/// Why a period can't be cut into buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BucketsError {
    /// The period doesn't end after its start.
    #[error("must be after the start of the period")]
    EmptyPeriod,
    /// The period has more than [`MAX_BUCKETS`] intervals.
    #[error(
        "must give at most {MAX_BUCKETS} intervals: ask for a shorter period or a longer interval"
    )]
    TooMany,
    /// Part of the period is outside the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// The interval of a report's buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interval {
    /// Hours of the zone's clock.
    Hour,
    /// Days, which have 23 to 25 hours if the clocks change.
    Day,
    /// ISO weeks, from Monday.
    Week,
    /// Calendar months.
    Month,
}

impl Interval {
    /// The first day of the interval that contains a day.
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

    /// The first day of the next interval.
    fn next_day(self, first: Date) -> Result<Date, CalendarError> {
        let span = match self {
            Self::Hour | Self::Day => Span::new().try_days(1),
            Self::Week => Span::new().try_weeks(1),
            Self::Month => Span::new().try_months(1),
        };
        Ok(first.checked_add(span?)?)
    }
}

/// One whole interval of a report, with `start` and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

/// The zone's whole intervals that overlap the period from `from` to before `to`, oldest first,
/// without gaps or overlaps (law T1). The first may start before `from` and the last end after
/// `to`, but only the period's usage is counted in them.
///
/// Hours begin when the zone's clock shows a full hour and when it changes, so the repeated hour in
/// autumn has two buckets. A change off the quarter hour, such as Newfoundland's at 00:01 until
/// 2011, begins no bucket.
///
/// # Errors
/// If the period is empty, has more than [`MAX_BUCKETS`] intervals, or is outside the calendar.
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
        // An interval that the zone skipped, such as 30 December 2011 in Samoa, is empty.
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

/// Finds the bucket of an instant by binary search; `None` if it is outside all of them.
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
        // A new abbreviation with the same offset doesn't change the clock.
        let moved = change.offset() != zone.to_offset(at);
        at = change.timestamp();
        if moved && at.as_second() % QUARTER_HOUR_SECONDS == 0 {
            return Ok(at);
        }
    }
}

#[cfg(test)]
mod tests;
