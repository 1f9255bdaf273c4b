//! Text search that ignores case in every script, with the same result on each database.
//!
//! Here: the pattern and its operator. Not here: which columns are searched.
//!
//! SQLite's `LIKE` and `lower` fold only ASCII letters. PostgreSQL folds the letters of the
//! database's locale, which in the `C` locale are also only ASCII. So a pattern lists each letter's
//! other cases, by Unicode's simple case folding (Unicode Standard, section 5.18;
//! `CaseFolding.txt`), as a set of characters that both databases match literally. `ß` does not
//! find `SS`: that takes full folding.

use std::fmt::Write as _;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use sea_orm::{
    ColumnTrait, Condition, DatabaseBackend,
    sea_query::{
        Expr, ExprTrait,
        extension::{postgres::PgBinOper, sqlite::SqliteBinOper},
    },
};
use unicode_normalization::UnicodeNormalization;

/// The condition that a text column contains `search` in any case, with accents composed or
/// decomposed.
#[must_use]
pub fn contains(backend: DatabaseBackend, column: impl ColumnTrait, search: &str) -> Condition {
    let column = Expr::col((column.entity_name(), column));
    matches(backend, &column, search)
}

/// The condition that a text contains `search`, like [`contains`].
#[must_use]
pub fn matches(backend: DatabaseBackend, text: &Expr, search: &str) -> Condition {
    let mut forms = vec![search.nfc().collect::<String>()];
    let decomposed: String = search.nfd().collect();
    if !forms.contains(&decomposed) {
        forms.push(decomposed);
    }
    let mut any = Condition::any();
    for form in forms {
        let text = text.clone();
        any = any.add(match backend {
            DatabaseBackend::Sqlite => text.binary(SqliteBinOper::Glob, glob(&form)),
            _ => text.binary(PgBinOper::Regex, regex(&form)),
        });
    }
    any
}

/// A pattern for SQLite's `GLOB`, which has no escape character: a special character is written as
/// a set of one.
fn glob(search: &str) -> String {
    let mut pattern = String::from("*");
    for character in search.chars() {
        let cases = cases(character);
        if cases.len() > 1 || matches!(character, '*' | '?' | '[') {
            pattern.push('[');
            pattern.extend(cases);
            pattern.push(']');
        } else {
            pattern.push(character);
        }
    }
    pattern.push('*');
    pattern
}

/// A PostgreSQL regular expression. It has no repetition, so matching takes linear time.
fn regex(search: &str) -> String {
    let mut pattern = String::new();
    for character in search.chars() {
        let cases = cases(character);
        if cases.len() > 1 {
            pattern.push('[');
            pattern.extend(cases);
            pattern.push(']');
        } else if character.is_ascii_punctuation() {
            // Writing to a string can't fail.
            let _ = write!(pattern, "\\{character}");
        } else {
            pattern.push(character);
        }
    }
    pattern
}

/// A character and its other cases. Only letters have other cases, so no set contains a special
/// character.
fn cases(character: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    // Fails only without the folding tables, which the build always includes. The search would then
    // be case-sensitive.
    if class.try_case_fold_simple().is_err() {
        return vec![character];
    }
    let ranges = class.ranges().iter();
    ranges
        .flat_map(|range| range.start()..=range.end())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{cases, glob, regex};

    #[test]
    fn every_case_of_a_letter_is_listed() {
        assert_eq!(cases('è'), ['È', 'è']);
        assert_eq!(cases('Ł'), ['Ł', 'ł']);
        assert_eq!(cases('σ'), ['Σ', 'ς', 'σ']);
        assert_eq!(cases('k'), ['K', 'k', '\u{212A}']);
        assert_eq!(cases('7'), ['7']);
        assert_eq!(cases('م'), ['م']);
    }

    #[test]
    fn special_characters_are_searched_for_literally() {
        assert_eq!(glob("a*[?]-^"), "*[Aa][*][[][?]]-^*");
        assert_eq!(regex("a.*[b]\\{"), "[Aa]\\.\\*\\[[Bb]\\]\\\\\\{");
        assert_eq!(regex("50 %"), "50 \\%");
    }

    #[test]
    fn no_set_contains_a_special_character() {
        for character in '\0'..=char::MAX {
            let cases = cases(character);
            let plain = |case: &char| case.is_alphabetic() || !case.is_ascii();
            assert!(cases.len() == 1 || cases.iter().all(plain), "{character:?}");
        }
    }
}
