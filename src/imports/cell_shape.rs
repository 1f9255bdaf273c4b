//! What a cell looks like: a phone number, or data in place of a column name.
//!
//! Here: syntax only, in any notation. Not here: whether a number exists, which operations check.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The fewest digits of a number in national form, and the fewest and most of one with its calling
/// code.
const MIN_DIGITS: usize = 6;
const MIN_INTERNATIONAL_DIGITS: usize = 7;
const MAX_INTERNATIONAL_DIGITS: usize = 15;
/// This many digits can't be a year and month, nor two years.
const MIN_SURE_DIGITS: usize = 9;
/// The longest text that may be a number, in bytes: two numbers with directional marks and spaces.
const MAX_BYTES: usize = 160;
/// Prefixes that programs write before a number.
const SCHEMES: [&str; 5] = ["tel:", "sms:", "whatsapp:", "callto:", "p:"];

/// Whether a cell contains only digits in the form of a phone number; a date such as 2026-11-22 is
/// not one.
pub(super) fn is_number(cell: &str) -> bool {
    digits(cell).is_some_and(|(_, digits)| digits >= MIN_DIGITS)
}

/// Whether a cell contains a phone number with `+` and its calling code; or several, of which the
/// first counts.
pub(super) fn is_international(cell: &str) -> bool {
    let digits = digits(cell);
    digits.is_some_and(|(plus, digits)| {
        plus && (MIN_INTERNATIONAL_DIGITS..=MAX_INTERNATIONAL_DIGITS).contains(&digits)
    })
}

/// Whether a cell of a first row is data instead of a name: a phone number, even one mangled by a
/// spreadsheet, or an email address. Beside a phone header, `202611` is a month.
pub(super) fn is_data(cell: &str, is_beside_name: bool) -> bool {
    let least = if is_beside_name {
        MIN_SURE_DIGITS
    } else {
        MIN_DIGITS
    };
    let is_long = |(plus, digits)| digits >= least || plus && digits >= MIN_DIGITS;
    digits(cell).is_some_and(is_long) || is_scientific(cell) || is_address(cell)
}

/// Whether the first number in a text has a plus, and how many digits it has; `None` if the text is
/// not a number.
fn digits(cell: &str) -> Option<(bool, usize)> {
    if cell.len() > MAX_BYTES {
        return None;
    }
    let folded = folded(cell);
    let text = unwrapped(&folded);
    // Google joins several numbers by three colons.
    let mut pieces = text.split([':', ';', ',']).map(str::trim);
    let first = pieces.next()?;
    let number = first.strip_prefix('(').map_or(first, str::trim_start);
    let mut count = 0;
    for character in number.chars() {
        match character {
            '0'..='9' => count += 1,
            '+' | ' ' | '\t' | '-' | '.' | '/' | '(' | ')' => {}
            _ => return None,
        }
    }
    let rest_are_numbers = pieces.all(|piece| {
        let is_form = |character: char| character.is_ascii_digit() || "+ -./()".contains(character);
        piece.chars().all(is_form)
    });
    (rest_are_numbers && !is_day(first)).then_some((number.starts_with('+'), count))
}

/// Maps digits, spaces and dashes of all scripts to ASCII, and removes invisible characters.
fn folded(cell: &str) -> Cow<'_, str> {
    if cell.is_ascii() {
        return Cow::Borrowed(cell.trim());
    }
    let folded: String = cell
        .nfkc()
        .filter_map(|character| match character.general_category() {
            GeneralCategory::Format => None,
            GeneralCategory::SpaceSeparator => Some(' '),
            GeneralCategory::DashPunctuation => Some('-'),
            // Only its shape matters, not its value.
            GeneralCategory::DecimalNumber if !character.is_ascii() => Some('0'),
            _ => Some(character),
        })
        .collect();
    Cow::Owned(folded.trim().to_owned())
}

/// Removes a spreadsheet's text marker and a URI scheme.
fn unwrapped(text: &str) -> &str {
    let quoted = text
        .strip_prefix("=\"")
        .and_then(|text| text.strip_suffix('"'));
    let text = quoted.or_else(|| text.strip_prefix('\'')).unwrap_or(text);
    let without = SCHEMES.iter().find_map(|scheme| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    without.unwrap_or(text).trim()
}

/// A date such as `2026-11-22`, `22/11/2026` or `22.11.26`.
fn is_day(text: &str) -> bool {
    let Some(separator) = text.chars().find(|character| "-/.".contains(*character)) else {
        return false;
    };
    let parts: Vec<&str> = text.split(separator).collect();
    let of_two = |part: &str| {
        matches!(part.len(), 1 | 2)
            && part
                .parse::<u8>()
                .is_ok_and(|number| (1..=31).contains(&number))
    };
    let of_year = |part: &str| {
        part.len() == 4
            && part
                .parse::<u16>()
                .is_ok_and(|year| (1900..2100).contains(&year))
    };
    match parts.as_slice() {
        [year, month, day] if of_year(year) => of_two(month) && of_two(day),
        [day, month, year] => of_two(day) && of_two(month) && (of_year(year) || of_two(year)),
        _ => false,
    }
}

/// A number truncated by a spreadsheet, such as `3.934E+11`.
fn is_scientific(text: &str) -> bool {
    let text = unwrapped(text.trim());
    let Some((digits, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match digits.split_once(['.', ',']) {
        Some((whole, fraction)) => {
            are_digits(whole) && are_digits(fraction) && are_digits(exponent) && exponent.len() <= 2
        }
        None => {
            digits.len() == 1 && are_digits(digits) && are_digits(exponent) && exponent.len() == 2
        }
    }
}

/// An email address; no column has one as its name.
fn is_address(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else {
        return false;
    };
    let is_plain =
        |part: &str| !part.is_empty() && !part.contains([' ', '@', '(', ')', '<', '>', '{', '}']);
    is_plain(name) && is_plain(domain) && domain.contains('.')
}

#[cfg(test)]
mod tests {
    use super::{is_data, is_international, is_number};

    #[test]
    fn numbers_are_recognised_in_every_notation() {
        for (cell, number, international) in [
            ("+393401234567", true, true),
            ("+39 340 123-4567", true, true),
            ("(+39) 340.123.4567", true, true),
            ("'+393401234567", true, true),
            ("=\"+393401234567\"", true, true),
            ("tel:+393401234567", true, true),
            ("whatsapp:+393401234567", true, true),
            ("\u{202A}+39 340 123 4567\u{202C}", true, true),
            (
                "\u{FF0B}\u{FF13}\u{FF19}\u{FF13}\u{FF14}\u{FF10}\u{FF11}\u{FF12}",
                true,
                true,
            ),
            (
                "+\u{669}\u{666}\u{666}\u{665}\u{660}\u{661}\u{662}\u{663}",
                true,
                true,
            ),
            ("+39 340 123 4567 ::: +39 06 1234567", true, true),
            ("340\u{2011}123\u{2011}4567", true, false),
            ("393401234567.0", true, false),
            ("06/12345678", true, false),
            ("12345", false, false),
            ("+391", false, false),
            ("+3934012345678901234", true, false),
            ("2026-11-22", false, false),
            ("22/11/2026", false, false),
            ("22.11.26", false, false),
            ("+39 340 123 4567 (Ada)", false, false),
            ("phone", false, false),
            ("", false, false),
        ] {
            assert_eq!(
                (is_number(cell), is_international(cell)),
                (number, international),
                "{cell}"
            );
        }
    }

    #[test]
    fn data_is_not_taken_for_names() {
        for cell in [
            "3.934E+11",
            "3,93401E+11",
            "3E+11",
            "ada@example.com",
            "'+393401234567",
            "340 1234567",
        ] {
            assert!(is_data(cell, false), "{cell}");
        }
        for cell in [
            "phone",
            "E-mail",
            "1e",
            "Q1",
            "2026",
            "@handle",
            "me @ home.com",
            "1990-05-07",
            "col 123456",
            "",
        ] {
            assert!(!is_data(cell, false), "{cell}");
        }
        for cell in ["202611", "2025/2026", "01-06 2026"] {
            assert!(is_data(cell, false) && !is_data(cell, true), "{cell}");
        }
        for cell in ["3401234567", "+393401234567", "+391234"] {
            assert!(is_data(cell, true), "{cell}");
        }
    }
}
