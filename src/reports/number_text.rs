//! Writes numbers as text into a buffer.
//!
//! Here: exact decimals of counts and credits, and Excel's day numbers. Not here: digit grouping and
//! currency signs, which are up to the program that opens the file.

use domain::credits::Credits;

const MILLISECONDS_PER_DAY: i64 = 86_400_000;
/// Days from Excel's day 0 (1899-12-30, so that its leap day of 1900 comes out right) to 1970-01-01.
const EXCEL_EPOCH_DAYS: i64 = 25_569;
/// 1900-03-01 to 9999-12-31: the days whose numbers in Excel agree with the calendar.
const EXCEL_DAYS: std::ops::RangeInclusive<i64> = 61..=2_958_465;
/// Twelve digits of a day are 0.1 µs, finer than the precision of a double that counts days.
const DAY_FRACTION_DIGITS: usize = 12;

/// Appends a count.
pub fn push_count(out: &mut Vec<u8>, count: i64) {
    if count < 0 {
        out.push(b'-');
    }
    push_unsigned(out, count.unsigned_abs());
}

/// Appends credits in their shortest exact form, like their `Display`, but without allocating.
pub fn push_credits(out: &mut Vec<u8>, credits: Credits) {
    let units_per_credit = Credits::UNITS_PER_CREDIT.unsigned_abs();
    let units = credits.units().unsigned_abs();
    if credits.units() < 0 {
        out.push(b'-');
    }
    push_unsigned(out, units / units_per_credit);
    push_fraction(out, u128::from(units % units_per_credit), 4);
}

/// Appends Excel's number for a moment, given in milliseconds of local time from 1970-01-01T00:00.
/// Appends nothing and returns false if Excel has no number for it.
pub fn push_excel_date(out: &mut Vec<u8>, local_milliseconds: i64) -> bool {
    let day = local_milliseconds.div_euclid(MILLISECONDS_PER_DAY) + EXCEL_EPOCH_DAYS;
    if !EXCEL_DAYS.contains(&day) {
        return false;
    }
    push_count(out, day);
    let millisecond = local_milliseconds.rem_euclid(MILLISECONDS_PER_DAY);
    if millisecond > 0 {
        // Rounded half up. A step of 0.1 µs is far below a millisecond, so the fraction never rounds
        // up to a whole day.
        let scale = 10_u128.pow(DAY_FRACTION_DIGITS as u32);
        let whole = u128::from(MILLISECONDS_PER_DAY.unsigned_abs());
        let fraction = (u128::from(millisecond.unsigned_abs()) * scale + whole / 2) / whole;
        push_fraction(out, fraction, DAY_FRACTION_DIGITS);
    }
    true
}

fn push_unsigned(out: &mut Vec<u8>, mut number: u64) {
    // u64::MAX has 20 digits, so `first` never passes the front.
    let mut digits = [0_u8; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

/// Appends a point and `fraction` as `width` digits without trailing zeros; nothing if it is zero.
pub fn push_fraction(out: &mut Vec<u8>, mut fraction: u128, mut width: usize) {
    if fraction == 0 {
        return;
    }
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    out.push(b'.');
    let start = out.len();
    out.resize(start + width, b'0');
    // `width` bytes were just added after `start`.
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (fraction % 10) as u8;
        fraction /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::{push_count, push_credits, push_excel_date};
    use domain::credits::Credits;
    use proptest::prelude::*;

    fn excel_date(local: &str) -> Option<String> {
        let local: jiff::civil::DateTime = local.parse().unwrap();
        let instant = local.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let mut out = Vec::new();
        push_excel_date(&mut out, instant.as_millisecond()).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn moments_become_excel_day_numbers() {
        let check = |local, expected: Option<&str>| {
            assert_eq!(excel_date(local).as_deref(), expected, "{local}");
        };
        check("1970-01-01T00:00:00", Some("25569"));
        check("2026-11-22T12:00:00", Some("46348.5"));
        check("2026-11-22T00:00:01", Some("46348.000011574074"));
        check("2026-11-22T23:59:59.999", Some("46348.999999988426"));
        check("1900-03-01T00:00:00", Some("61"));
        check("9999-12-30T00:00:00", Some("2958464"));
        check("1900-02-28T23:59:59", None);
    }

    proptest! {
        #[test]
        fn credits_are_written_like_their_display(units: i64) {
            let mut out = Vec::new();
            push_credits(&mut out, Credits::from_units(units));
            prop_assert_eq!(String::from_utf8(out).unwrap(), Credits::from_units(units).to_string());
        }

        #[test]
        fn counts_are_written_like_their_display(count: i64) {
            let mut out = Vec::new();
            push_count(&mut out, count);
            prop_assert_eq!(String::from_utf8(out).unwrap(), count.to_string());
        }
    }
}
