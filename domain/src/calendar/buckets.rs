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
/// first, without a gap or an overlap (law T1). What is counted in them is the period's alone: the
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
mod tests;
