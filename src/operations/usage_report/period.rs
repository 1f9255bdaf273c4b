//! Checking the period of a report, which is neither empty nor too long, and where it is asked for.

use domain::calendar::buckets::{self, Bucket, BucketsError, Interval};
use jiff::{Span, Timestamp, tz::TimeZone};

use super::super::{Path, refusal::Refusal};

/// The longest period of a report, in years.
const MAX_YEARS: i64 = 10;

/// Where a report's period is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedIn {
    /// In an argument `input`.
    Input,
    /// In arguments of a field.
    Arguments,
}

impl AskedIn {
    /// The path of a value there.
    #[must_use]
    pub fn path(self, name: &str) -> Path {
        match self {
            Self::Input => Path::input(name),
            Self::Arguments => Path::argument(name),
        }
    }
}

/// The buckets of a period, which is refused if it is empty or too long.
pub(super) fn period(
    (from, to): (Timestamp, Timestamp),
    interval: Interval,
    zone: &TimeZone,
    (at_to, at_interval): &(Path, Path),
) -> Result<Vec<Bucket>, Refusal> {
    if from >= to {
        return Err(at_to.invalid(text!("Must be after the start of the period.")));
    }
    let longest = from
        .to_zoned(zone.clone())
        .checked_add(Span::new().years(MAX_YEARS))
        .map(|end| end.timestamp());
    if longest.is_ok_and(|end| to > end) {
        return Err(at_to.invalid(text!(
            "Must be at most {limit} years after the start of the period.",
            limit = MAX_YEARS
        )));
    }
    buckets::buckets(from, to, interval, zone).map_err(|error| match error {
        BucketsError::TooMany => at_interval.invalid(text!(
            "Must give at most {limit} buckets: ask for a shorter period or a longer interval.",
            limit = buckets::MAX_BUCKETS
        )),
        BucketsError::EmptyPeriod => at_to.invalid(text!("Must be after the start of the period.")),
        BucketsError::Calendar(_) => at_to.invalid(text!("Must be within the calendar.")),
    })
}

#[cfg(test)]
mod tests {
    use super::Path;
    use domain::calendar::{buckets::Interval, parse_time_zone};

    #[test]
    fn an_empty_or_too_long_period_is_refused() {
        let paths = (Path::input("to"), Path::input("interval"));
        let zone = parse_time_zone("Europe/Rome").unwrap();
        let check = |from: &str, to: &str, interval, refused: Option<&str>| {
            let period = (from.parse().unwrap(), to.parse().unwrap());
            let field = super::period(period, interval, &zone, &paths)
                .err()
                .map(|refusal| refusal.field[1].clone());
            assert_eq!(field.as_deref(), refused, "{from} to {to}");
        };
        let start = "2016-02-29T11:00:00Z";
        check(start, start, Interval::Day, Some("to"));
        check(start, "2016-02-28T11:00:00Z", Interval::Day, Some("to"));
        check(start, "2026-02-28T11:00:00Z", Interval::Day, None);
        check(
            start,
            "2026-02-28T11:00:00.000001Z",
            Interval::Day,
            Some("to"),
        );
        check(
            start,
            "2016-12-31T11:00:00Z",
            Interval::Hour,
            Some("interval"),
        );
    }
}
