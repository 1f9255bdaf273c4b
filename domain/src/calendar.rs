//! Days and months of a time zone.
//!
//! Here: the instants at which civil days begin, through all clock changes, and when credits
//! expire. Not here: the current time, which callers pass, the intervals of reports ([`buckets`]),
//! and the periods that they are compared with ([`comparison`]).

pub mod buckets;
pub mod comparison;

use jiff::{
    Span, Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

/// The longest validity of a lot, in days: a hundred years, so that only `None` means forever.
pub const MAX_VALIDITY_DAYS: u32 = 36_525;

/// Why a calculation with the calendar failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The instant or the day is outside the calendar, which ends with the year 9999.
    #[error("is outside the calendar")]
    OutOfRange,
    /// The validity is zero, or more than [`MAX_VALIDITY_DAYS`].
    #[error("must be between 1 and {MAX_VALIDITY_DAYS} days")]
    Validity,
}

impl From<jiff::Error> for CalendarError {
    fn from(_: jiff::Error) -> Self {
        Self::OutOfRange
    }
}

/// The name is not in the IANA time zone database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA time zone name such as \"Europe/Rome\"")]
pub struct UnknownTimeZone;

/// Finds a time zone by its IANA name, in any case. [`TimeZone::iana_name`] returns the canonical
/// spelling.
///
/// It uses only the bundled database, so every machine gives the same result.
///
/// # Errors
/// If the text is anything else: an offset such as "+01:00", a POSIX rule, or "Etc/Unknown".
pub fn parse_time_zone(name: &str) -> Result<TimeZone, UnknownTimeZone> {
    // The database's name for "no zone was set".
    if name.eq_ignore_ascii_case("Factory") {
        return Err(UnknownTimeZone);
    }
    let zone = TimeZoneDatabase::bundled()
        .get(name)
        .map_err(|_| UnknownTimeZone)?;
    zone.iana_name()
        .is_some()
        .then_some(zone)
        .ok_or(UnknownTimeZone)
}

/// The civil day in the zone at an instant.
#[must_use]
pub fn date_of(instant: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(instant).date()
}

/// The first instant of a day: the earlier midnight if there are two, and the end of the gap if the
/// clocks skip midnight. A day that the zone skipped altogether begins together with the next one.
///
/// # Errors
/// If that instant is outside the calendar.
pub fn start_of_day(date: Date, zone: &TimeZone) -> Result<Timestamp, CalendarError> {
    let midnight = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
    match midnight.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            // With the offset after the gap, a time inside the gap falls just before the change.
            let before_gap = after.to_timestamp(midnight.datetime())?;
            zone.following(before_gap)
                .next()
                .map(|change| change.timestamp())
                .ok_or(CalendarError::OutOfRange)
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            Ok(midnight.earlier()?)
        }
    }
}

/// The zone's day at an instant, as its first instant and the next day's. Reports by day count the
/// instant in this bucket. If the clocks go back over midnight, the repeated hour belongs to the
/// day that has begun, even if the clocks show the date before.
///
/// # Errors
/// If the day reaches outside the calendar.
pub fn day_of(
    instant: Timestamp,
    zone: &TimeZone,
) -> Result<(Timestamp, Timestamp), CalendarError> {
    let mut date = date_of(instant, zone);
    let mut start = start_of_day(date, zone)?;
    loop {
        date = date.tomorrow()?;
        let next = start_of_day(date, zone)?;
        if instant < next {
            return Ok((start, next));
        }
        start = next;
    }
}

/// The whole days of the zone within a period, as the first instant of the first day and the first
/// instant after the last; `None` if the period has no whole day.
///
/// # Errors
/// If the period reaches to the calendar's end.
pub fn whole_days(
    from: Timestamp,
    to: Timestamp,
    zone: &TimeZone,
) -> Result<Option<(Timestamp, Timestamp)>, CalendarError> {
    if from >= to {
        return Ok(None);
    }
    let (start, next) = day_of(from, zone)?;
    let first = if start == from { start } else { next };
    let (last, _) = day_of(to, zone)?;
    Ok((first < last).then_some((first, last)))
}

/// The expiry of credits that were acquired at an instant (law L2): the day they were acquired plus
/// their validity, by the zone's calendar, from that day's first instant on.
///
/// # Errors
/// If the validity is zero or above [`MAX_VALIDITY_DAYS`], or the day is outside the calendar.
pub fn expires_at(
    came_in_at: Timestamp,
    validity_days: u32,
    zone: &TimeZone,
) -> Result<(Date, Timestamp), CalendarError> {
    if !(1..=MAX_VALIDITY_DAYS).contains(&validity_days) {
        return Err(CalendarError::Validity);
    }
    let validity = Span::new().try_days(i64::from(validity_days))?;
    let expires_on = date_of(came_in_at, zone).checked_add(validity)?;
    Ok((expires_on, start_of_day(expires_on, zone)?))
}

/// The zone's calendar month at an instant, as its first instant and the next month's.
///
/// # Errors
/// If the month reaches outside the calendar.
pub fn month_of(
    instant: Timestamp,
    zone: &TimeZone,
) -> Result<(Timestamp, Timestamp), CalendarError> {
    month_of_date(date_of(instant, zone), zone)
}

/// The zone's calendar month of a day, as its first instant and the next month's.
///
/// # Errors
/// If the month reaches outside the calendar.
pub fn month_of_date(date: Date, zone: &TimeZone) -> Result<(Timestamp, Timestamp), CalendarError> {
    let first = date.first_of_month();
    let next = first.checked_add(Span::new().try_months(1)?)?;
    Ok((start_of_day(first, zone)?, start_of_day(next, zone)?))
}

/// The whole months of the zone within a period made of whole days, as the first instant of the
/// first month and the first instant after the last; `None` if the period has no whole month.
///
/// # Errors
/// If the period reaches to the calendar's end.
pub fn whole_months(
    from: Timestamp,
    to: Timestamp,
    zone: &TimeZone,
) -> Result<Option<(Timestamp, Timestamp)>, CalendarError> {
    let (start, next) = month_of(from, zone)?;
    let first = if start == from { start } else { next };
    let (last, _) = month_of(to, zone)?;
    Ok((first < last).then_some((first, last)))
}

#[cfg(test)]
mod tests;
