//! Dates and times of cells, however they are stored, in ISO 8601: `2026-11-22`, `08:30:00`,
//! `2026-11-22 08:30:00`.

use std::fmt::Write;

use jiff::{Span, civil::Date};

use super::decimal;

/// The displayed parts of an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parts {
    /// Its date.
    pub has_day: bool,
    /// Its time of day.
    pub has_time: bool,
}

const DAY_MILLISECONDS: f64 = 86_400_000.0;
/// The first day without a serial number: the year 10000.
const END: f64 = 2_958_466.0;

/// Appends the date or time of a serial number: its date, its time, or both if they are displayed
/// and there are both.
pub(super) fn write(text: &mut String, days: f64, parts: Parts, from_1904: bool) {
    // Excel displays only hash signs for others.
    if !(0.0..END).contains(&days) {
        return decimal::write_general(text, days);
    }
    let milliseconds = (days * DAY_MILLISECONDS).round() as i64;
    let (day, time) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
    let shows_day = day > 0 && parts.has_day;
    // A date alone has no midnight, and a value without a day is a time whatever its format.
    let shows_time = !shows_day || parts.has_time && time != 0;
    if shows_day {
        match date(day, from_1904) {
            Some(date) => text.push_str(&date.to_string()),
            // Excel counts a 29 February 1900, as Lotus 1-2-3 did.
            None => text.push_str("1900-02-29"),
        }
    }
    if shows_day && shows_time {
        text.push(' ');
    }
    if shows_time {
        let seconds = time / 1_000;
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        // Writing to memory does not fail.
        let _ = write!(text, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    }
}

fn date(day: i64, from_1904: bool) -> Option<Date> {
    let first = match (from_1904, day) {
        (true, _) => Date::constant(1904, 1, 1),
        (false, ..60) => Date::constant(1899, 12, 31),
        (false, 60) => return None,
        (false, _) => Date::constant(1899, 12, 30),
    };
    first.checked_add(Span::new().try_days(day).ok()?).ok()
}

/// Appends a duration: hours, minutes and seconds.
pub(super) fn write_elapsed(text: &mut String, days: f64) {
    /// Far beyond Excel's own limit.
    const MOST: f64 = 1e9;
    if days.abs() > MOST {
        return decimal::write_general(text, days);
    }
    let seconds = (days * 86_400.0).round() as i64;
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.unsigned_abs();
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    // Writing to memory does not fail.
    let _ = write!(text, "{sign}{hours}:{minutes:02}:{:02}", seconds % 60);
}

/// Appends an ISO 8601 instant in the form of the others: without midnight, fractions of a second
/// and time zone. Anything else is kept as it is.
pub(super) fn write_iso(text: &mut String, written: &str) {
    let written = written.trim();
    let (day, time) = match written.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None if written.contains(':') => ("", Some(written)),
        None => (written, None),
    };
    let time = time.map(|time| {
        let end = time.find(['.', ',', 'Z', 'z', '+']).unwrap_or(time.len());
        time.get(..end).unwrap_or_default()
    });
    let is_midnight = |time: &str| time.bytes().all(|byte| matches!(byte, b'0' | b':'));
    match time {
        Some(time) if day.is_empty() => text.push_str(time),
        Some(time) if !is_midnight(time) => {
            text.push_str(day);
            text.push(' ');
            text.push_str(time);
        }
        _ => text.push_str(day),
    }
}
