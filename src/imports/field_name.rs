//! The merge fields of columns, derived from their headers.
//!
//! A header that is a valid field name (a letter or `_`, then letters, digits, `_`, `.` or `-`, in
//! ASCII) is kept. Any other is split into words of ASCII letters and digits without accents,
//! joined in camel case: `First name` and `FIRST NAME` become `firstName`, `Città` becomes `citta`,
//! `1st order` becomes `_1stOrder`; if nothing is left it becomes `column` and its position,
//! counted from 1.

use domain::merge;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The merge field of the column at a position, from 1, by its header; `None` if the header is
/// empty.
pub(super) fn field_name(header: &str, position: usize) -> Option<String> {
    if header.is_empty() {
        return None;
    }
    if merge::is_name(header) {
        return Some(header.to_owned());
    }
    let mut name = String::new();
    for mut word in words(header) {
        if !word.bytes().any(|byte| byte.is_ascii_lowercase()) {
            word.make_ascii_lowercase();
        }
        if let Some(first) = word.get_mut(..1) {
            if name.is_empty() {
                first.make_ascii_lowercase();
            } else {
                first.make_ascii_uppercase();
            }
        }
        name.push_str(&word);
    }
    match name.bytes().next() {
        None => Some(format!("column{position}")),
        Some(first) if first.is_ascii_digit() => Some(format!("_{name}")),
        Some(_) => Some(name),
    }
}

/// The runs of ASCII letters and digits after accents are removed.
fn words(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in header.nfd() {
        let letter = match character {
            'ß' => 's',
            'Æ' => 'A',
            'æ' => 'a',
            'Ð' | 'Đ' => 'D',
            'ð' | 'đ' => 'd',
            'Ø' => 'O',
            'ø' => 'o',
            'Ł' => 'L',
            'ł' => 'l',
            'Œ' => 'O',
            'œ' => 'o',
            'ı' => 'i',
            other => other,
        };
        if letter.is_ascii_alphanumeric() {
            if let Some(word) = words.last_mut() {
                word.push(letter);
            }
        } else if !is_combining_mark(letter) {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
