//! Days and months of a time zone.
//!
//! Here: where civil days begin as instants, whatever the zone's clocks do, and when credits expire.
//! Not here: what the time is now (callers say), and how reports cut time ([`buckets`]).

pub mod buckets;

use jiff::{
    Span, Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

/// The longest validity of a lot, in days: a hundred years, so that `None` alone means for ever.
pub const MAX_VALIDITY_DAYS: u32 = 36_525;

/// Why a calendar question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The instant or the day is outside what the calendar knows, which ends in the year 9999.
    #[error("is outside the calendar")]
    OutOfRange,
    /// A validity of no day, or of more than [`MAX_VALIDITY_DAYS`].
    #[error("must be between 1 and {MAX_VALIDITY_DAYS} days")]
    Validity,
}

impl From<jiff::Error> for CalendarError {
    fn from(_: jiff::Error) -> Self {
        Self::OutOfRange
    }
}

/// The name is not one of the IANA time zone database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA time zone name such as \"Europe/Rome\"")]
pub struct UnknownTimeZone;

/// The zone of an IANA name, in any case; [`TimeZone::iana_name`] has its canonical spelling.
///
/// Only the database built in is asked, so that every machine answers alike.
///
/// # Errors
/// Whatever is not such a name: offsets such as "+01:00", POSIX rules, "Etc/Unknown".
pub fn parse_time_zone(name: &str) -> Result<TimeZone, UnknownTimeZone> {
    // The database's own mark for "nobody set a zone here".
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

/// The day that the zone's calendar shows at an instant.
#[must_use]
pub fn date_of(instant: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(instant).date()
}

/// The first instant of a day: the earlier midnight where it comes twice, and the end of the gap
/// where the clocks skip it. A day that a zone left out altogether begins with the one after it.
///
/// # Errors
/// Where that instant is outside the calendar.
pub fn start_of_day(date: Date, zone: &TimeZone) -> Result<Timestamp, CalendarError> {
    let midnight = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
    match midnight.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the offset after the gap, a time inside it falls just before the change.
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

/// The day of the zone's calendar that an instant is in, as its first instant and the next day's: the
/// bucket that a report by days counts the instant in. Where the clocks go back over midnight the hour
/// that is repeated belongs to the day that has begun, whatever date they show.
///
/// # Errors
/// Where the day reaches outside the calendar.
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

/// The whole days of the zone within a period, as the first instant of the first and the first after the
/// last; `None` where the period has no whole day.
///
/// # Errors
/// Where the period reaches to the calendar's end.
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

/// The period of the same length before a period: as many calendar months where both of its ends begin one
/// in the zone, as many days where both begin one, else as much time.
///
/// # Errors
/// Where it reaches outside the calendar.
pub fn period_before(
    (from, to): (Timestamp, Timestamp),
    zone: &TimeZone,
) -> Result<(Timestamp, Timestamp), CalendarError> {
    let (first, last) = (date_of(from, zone), date_of(to, zone));
    let are_days = start_of_day(first, zone)? == from && start_of_day(last, zone)? == to;
    let before = if are_days && first.day() == 1 && last.day() == 1 {
        let years = i32::from(last.year()) - i32::from(first.year());
        let months = years * 12 + i32::from(last.month()) - i32::from(first.month());
        let before = first.checked_sub(Span::new().try_months(months)?)?;
        start_of_day(before, zone)?
    } else if are_days {
        start_of_day(first.checked_sub(last - first)?, zone)?
    } else {
        from.checked_sub(from.duration_until(to))?
    };
    Ok((before, from))
}

/// When credits that came in at an instant expire (law L2): on the day they came plus their
/// validity, by the zone's calendar, and from that day's first instant on.
///
/// # Errors
/// A validity of no day or above [`MAX_VALIDITY_DAYS`]; a day outside the calendar.
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

/// The zone's calendar month around an instant, as its first instant and the next month's.
///
/// # Errors
/// Where the month reaches outside the calendar.
pub fn month_of(
    instant: Timestamp,
    zone: &TimeZone,
) -> Result<(Timestamp, Timestamp), CalendarError> {
    month_of_date(date_of(instant, zone), zone)
}

/// The zone's calendar month that a day is in, as its first instant and the next month's.
///
/// # Errors
/// Where the month reaches outside the calendar.
pub fn month_of_date(date: Date, zone: &TimeZone) -> Result<(Timestamp, Timestamp), CalendarError> {
    let first = date.first_of_month();
    let next = first.checked_add(Span::new().try_months(1)?)?;
    Ok((start_of_day(first, zone)?, start_of_day(next, zone)?))
}

/// The whole months of the zone within a period that begins and ends with days, as the first instant of the
/// first and the first after the last; `None` where the period has no whole month.
///
/// # Errors
/// Where the period reaches to the calendar's end.
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
