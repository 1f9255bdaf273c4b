//! Days and times of cells, however they are stored, by ISO 8601: `2026-11-22`, `08:30:00`, `2026-11-22 08:30:00`.

use std::fmt::Write;

use jiff::{Span, civil::Date};

use super::decimal;

/// What of an instant is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parts {
    /// Its day.
    pub has_day: bool,
    /// Its time of day.
    pub has_time: bool,
}

const DAY_MILLISECONDS: f64 = 86_400_000.0;
/// The first day that has no serial number any more: the year 10000.
const END: f64 = 2_958_466.0;

/// Adds what a serial number of days stands for: its day, its time, or both if they are shown and there are both.
pub(super) fn write(text: &mut String, days: f64, parts: Parts, from_1904: bool) {
    // Excel shows nothing but hash signs for others.
    if !(0.0..END).contains(&days) {
        return decimal::write_general(text, days);
    }
    let milliseconds = (days * DAY_MILLISECONDS).round() as i64;
    let (day, time) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
    let shows_day = day > 0 && parts.has_day;
    // A day alone is no midnight, and what has no day is a time whatever is said of it.
    let shows_time = !shows_day || parts.has_time && time != 0;
    if shows_day {
        match date(day, from_1904) {
            Some(date) => text.push_str(&date.to_string()),
            // Excel counts a 29 February 1900, as the program before it did.
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

/// Adds a duration: hours, minutes and seconds.
pub(super) fn write_elapsed(text: &mut String, days: f64) {
    /// Excel's own limit, far beyond.
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

/// Adds an instant that is written by ISO 8601, in the form of the others: a day without its midnight, no fraction of
/// a second, no zone. What is written otherwise stays as it is.
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
