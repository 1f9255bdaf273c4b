//! The digits of a telephone number as a person, a phone or a spreadsheet wrote it.
//!
//! Here: removing what is only formatting, and refusing texts that can't be a number or hold more
//! than one. Nothing is guessed: every written digit is kept and none is added. Not here: which
//! number the digits are.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::NumberFault;

/// The most bytes that are read: 15 digits in a script of four bytes each, with marks and spaces
/// between them.
const MAX_BYTES: usize = 160;
/// The longest number of E.164, with room for a prefix for calls abroad.
const MAX_DIGITS: usize = 20;
/// The fewest digits after a slash that can be a subscriber number; fewer mean "or this last
/// digit".
const MIN_SUBSCRIBER_DIGITS: usize = 4;
/// The most digits before a slash that can be an area code, with a trunk prefix or a calling code
/// in front.
const MAX_AREA_DIGITS: usize = 9;

/// The digits of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// Whether the text began with `+`.
    pub plus: bool,
    /// ASCII digits, at least one.
    pub digits: String,
}

/// Removes formatting: invisible marks, spaces, dashes, brackets and dots between digits, a
/// spreadsheet's apostrophe or `="…"`, and one `.0` at the end, left by a conversion to float.
/// Digits of any script are accepted.
///
/// # Errors
/// A [`NumberFault`] if the text isn't exactly one number.
pub(super) fn clean(text: &str) -> Result<Written, NumberFault> {
    if text.len() > MAX_BYTES {
        return Err(NumberFault::Malformed);
    }
    let folded;
    let text = if text.is_ascii() {
        text
    } else {
        folded = fold(text);
        &folded
    };
    let text = unwrapped(text.trim());
    let text = without_float_tail(text)?;
    let plus = text.starts_with('+');
    let body = text.strip_prefix('+').unwrap_or(text);
    if !body.starts_with(|first: char| first.is_ascii_digit() || first == '(' || first == ' ') {
        return Err(NumberFault::Malformed);
    }
    let mut digits = String::with_capacity(body.len());
    let mut stroke = None;
    for (at, character) in body.char_indices() {
        match character {
            '0'..='9' => digits.push(character),
            ' ' | '\t' | '-' | '.' | '(' | ')' => {}
            '/' if stroke.is_none() => stroke = Some(digits.len()),
            _ => {
                return Err(foreign(
                    &digits,
                    character,
                    body.get(at..).unwrap_or_default(),
                ));
            }
        }
    }
    if digits.is_empty() {
        return Err(NumberFault::Malformed);
    }
    if let Some(before) = stroke {
        let national = plus || digits.starts_with('0');
        let behind = digits.len() - before;
        if !national || before > MAX_AREA_DIGITS || behind < MIN_SUBSCRIBER_DIGITS {
            return Err(NumberFault::Several);
        }
    }
    if digits.len() > MAX_DIGITS {
        return Err(NumberFault::Malformed);
    }
    Ok(Written { plus, digits })
}

/// Replaces compatibility forms (NFKC) such as full-width digits, digits of every script, and
/// spaces and dashes of every kind by their ASCII equivalents, and removes invisible characters.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkc() {
        match character.general_category() {
            GeneralCategory::Format => {}
            GeneralCategory::SpaceSeparator => folded.push(' '),
            GeneralCategory::DashPunctuation => folded.push('-'),
            GeneralCategory::DecimalNumber => folded.push(ascii_digit(character)),
            // The minus sign, which typesetters use as a dash.
            _ if character == '\u{2212}' => folded.push('-'),
            _ => folded.push(character),
        }
    }
    folded
}

/// The ASCII digit for a decimal digit of any script. Unicode assigns them in runs of ten, in order
/// of their values.
fn ascii_digit(digit: char) -> char {
    let mut value: u32 = 0;
    let mut code = u32::from(digit);
    while let Some(before) = code.checked_sub(1).and_then(char::from_u32) {
        if before.general_category() != GeneralCategory::DecimalNumber {
            break;
        }
        code -= 1;
        value += 1;
    }
    char::from_digit(value % 10, 10).unwrap_or(digit)
}

/// Removes a spreadsheet's text marker: one leading apostrophe, or `="…"` around the text.
fn unwrapped(text: &str) -> &str {
    let quoted = text
        .strip_prefix("=\"")
        .and_then(|text| text.strip_suffix('"'));
    quoted
        .or_else(|| text.strip_prefix('\''))
        .unwrap_or(text)
        .trim()
}

/// Removes one `.0` at the end, which a conversion to float leaves. Dots also group digits, but
/// never a single last digit.
fn without_float_tail(text: &str) -> Result<&str, NumberFault> {
    if is_scientific(text) {
        return Err(NumberFault::Scientific);
    }
    let Some(at) = text.rfind(['.', ',']) else {
        return Ok(text);
    };
    let (whole, tail) = text.split_at(at);
    let fraction = tail.get(1..).unwrap_or_default();
    let digits_alone = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = whole.strip_prefix('+').unwrap_or(whole);
    if !digits_alone(number) || !digits_alone(fraction) {
        return match fraction.len() {
            1 if digits_alone(fraction) && tail.starts_with('.') => Err(NumberFault::Decimals),
            _ => Ok(text),
        };
    }
    match fraction {
        "0" if tail.starts_with('.') => Ok(whole),
        _ if fraction.len() == 1 || fraction.bytes().all(|byte| byte == b'0') => {
            Err(NumberFault::Decimals)
        }
        _ => Ok(text),
    }
}

/// Whether a text is in scientific notation, such as `3.93401E+11`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let exponent = exponent.trim_start_matches(['+', '-']);
    let is_number = |text: &str| {
        text.bytes().any(|byte| byte.is_ascii_digit())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"+-.,".contains(&byte))
    };
    is_number(mantissa) && !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit())
}

/// Why a character ends a number that has `digits` in front of it. `rest` begins with the
/// character.
fn foreign(digits: &str, character: char, rest: &str) -> NumberFault {
    let more = rest.bytes().filter(u8::is_ascii_digit).count();
    if digits.is_empty() || more == 0 {
        return NumberFault::Malformed;
    }
    let lower = rest.to_lowercase();
    let extension = [
        "x",
        "ext",
        "#",
        ";ext",
        "int.",
        "interno",
        "durchwahl",
        "dw",
        "poste",
        "ramal",
    ];
    if extension.iter().any(|mark| lower.starts_with(mark)) {
        return NumberFault::Extension;
    }
    let words = [
        "or ", "o ", "oppure ", "oder ", "ou ", "and ", "e ", "und ", "et ", "y ",
    ];
    if ",;|/\\&+:\n\r".contains(character) || words.iter().any(|word| lower.starts_with(word)) {
        return NumberFault::Several;
    }
    NumberFault::Malformed
}
