//! Conversion between plain decimal texts and whole numbers of a small unit, exact and without
//! floats.
//!
//! Here: digits, and division rounded half to even. Not here: the meaning of the number
//! ([`crate::money`]).

/// Why a text is not a decimal in the required format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalError {
    /// Not plain digits with at most one point and digits on both sides of it.
    Malformed,
    /// More digits after the point than the unit has.
    TooPrecise,
    /// Above the limit.
    TooLarge,
}

/// Parses a plain, unsigned decimal as a count of 10^-`fraction_digits`, at most `limit`.
///
/// Signs, exponents, spaces and separators are rejected. So are more than `fraction_digits` digits
/// after the point, even zeros: they show that the writer assumed a smaller unit.
pub(crate) fn parse(text: &str, fraction_digits: u8, limit: i64) -> Result<i64, DecimalError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(DecimalError::Malformed),
        Some(parts) => parts,
        None => (text, ""),
    };
    if whole.is_empty()
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return Err(DecimalError::Malformed);
    }
    let missing = usize::from(fraction_digits)
        .checked_sub(fraction.len())
        .ok_or(DecimalError::TooPrecise)?;
    whole
        .bytes()
        .chain(fraction.bytes())
        .chain(std::iter::repeat_n(b'0', missing))
        .try_fold(0_i64, |sum, byte| {
            sum.checked_mul(10)?.checked_add(i64::from(byte - b'0'))
        })
        .filter(|units| *units <= limit)
        .ok_or(DecimalError::TooLarge)
}

/// Writes a count of 10^-`fraction_digits` with all of its fraction digits: 2149 and 2 give
/// "21.49".
pub(crate) fn format(units: i64, fraction_digits: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let places = usize::from(fraction_digits);
    // At least one digit is before the point.
    let digits = format!("{:0width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// Like [`format`], without trailing zeros: 13,000,000 and 9 give "0.013".
pub(crate) fn format_shortest(units: i64, fraction_digits: u8) -> String {
    let text = format(units, fraction_digits);
    if fraction_digits == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The quotient, rounded to the nearest whole number and ties to the even one. `divisor` is
/// positive.
pub(crate) fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    let (floor, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    // Comparing with `divisor - rest` can't overflow; doubling `rest` might.
    match rest.cmp(&(divisor - rest)) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Equal => floor + (floor & 1),
        std::cmp::Ordering::Greater => floor + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{DecimalError, divide_half_even, format, format_shortest, parse};
    use proptest::prelude::*;

    #[test]
    fn plain_decimals_are_read() {
        let check = |text: &str, digits, want| {
            assert_eq!(parse(text, digits, 100_000), want, "{text:?} with {digits}");
        };
        check("21.49", 2, Ok(2_149));
        check("0021.4", 2, Ok(2_140));
        check("1500", 0, Ok(1_500));
        check("100000", 0, Ok(100_000));
        check("100001", 0, Err(DecimalError::TooLarge));
        check(&"9".repeat(400), 0, Err(DecimalError::TooLarge));
        check("1.0", 0, Err(DecimalError::TooPrecise));
        check("1.000", 2, Err(DecimalError::TooPrecise));
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "NaN", "1,5", " 1", "1 ", "0x1", "1.2.3", "١",
            "1.-2",
        ] {
            check(text, 2, Err(DecimalError::Malformed));
        }
    }

    #[test]
    fn counts_are_written() {
        let check = |units, digits, full: &str, shortest: &str| {
            assert_eq!(format(units, digits), full);
            assert_eq!(format_shortest(units, digits), shortest);
        };
        check(2_149, 2, "21.49", "21.49");
        check(1_500, 0, "1500", "1500");
        check(5, 3, "0.005", "0.005");
        check(-5, 2, "-0.05", "-0.05");
        check(13_000_000, 9, "0.013000000", "0.013");
        check(1_000, 2, "10.00", "10");
        check(0, 2, "0.00", "0");
        check(
            i64::MIN,
            4,
            "-922337203685477.5808",
            "-922337203685477.5808",
        );
    }

    #[test]
    fn ties_go_to_the_even_number() {
        let check = |dividend, want| assert_eq!(divide_half_even(dividend, 10), want, "{dividend}");
        check(14, 1);
        check(15, 2);
        check(16, 2);
        check(25, 2);
        check(26, 3);
        check(35, 4);
        check(-5, 0);
        check(-15, -2);
        check(-16, -2);
        check(-25, -2);
    }

    proptest! {
        #[test]
        fn counts_read_back(units in 0..=i64::MAX, digits in 0_u8..=9) {
            prop_assert_eq!(parse(&format(units, digits), digits, i64::MAX), Ok(units));
            prop_assert_eq!(parse(&format_shortest(units, digits), digits, i64::MAX), Ok(units));
        }
    }
}
