//! Parsing number format codes such as `#,##0.00;[Red]-0`.
//!
//! Here: splitting a code into sections, placeholders and literals, and the built-in codes. Not
//! here: displaying numbers, which is in `number_format`.

use super::{Comparison, Pattern, Section, Shape, Token};
use crate::imports::workbook::moment::Parts;

/// Parses the sections of a format.
pub(super) fn sections(code: &str) -> impl Iterator<Item = Section> {
    split(code).into_iter().map(section)
}

/// The sections of a format: semicolons in quotation marks, in brackets or after a backslash don't
/// separate.
fn split(code: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut start = 0;
    let mut quote: Option<char> = None;
    let mut is_escaped = false;
    for (at, character) in code.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            (None, '[') => quote = Some(']'),
            (None, '\\' | '_' | '*') => is_escaped = true,
            (None, ';') => {
                sections.push(code.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    sections.push(code.get(start..).unwrap_or_default());
    sections
}

/// The parts of a section found so far.
#[derive(Default)]
struct Found {
    pattern: Pattern,
    after_point: bool,
    /// Commas since the last digit: each trailing one divides by a thousand.
    commas: i32,
    condition: Option<(Comparison, f64)>,
    parts: Parts,
    has_m: bool,
    is_elapsed: bool,
    is_general: bool,
}

fn section(code: &str) -> Section {
    let mut found = Found::default();
    let mut rest = code;
    while let Some(character) = rest.chars().next() {
        let mut after = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '"' => {
                let (literal, behind) = after.split_once('"').unwrap_or((after, ""));
                literal.chars().for_each(|literal| found.literal(literal));
                after = behind;
            }
            '[' => {
                let (inside, behind) = after.split_once(']').unwrap_or((after, ""));
                found.bracket(inside);
                after = behind;
            }
            '\\' | '_' | '*' => {
                let next = after.chars().next();
                after = after
                    .get(next.map_or(0, char::len_utf8)..)
                    .unwrap_or_default();
                // Padding of a character's width, or to fill the cell, becomes a space.
                let shown = if character == '\\' { next } else { Some(' ') };
                shown.into_iter().for_each(|shown| found.literal(shown));
            }
            _ => after = found.plain(rest, character, after),
        }
        rest = after;
    }
    found.pattern.shift -= 3 * found.commas;
    let shape = if found.is_elapsed {
        Shape::Elapsed
    } else if found.is_general {
        Shape::General
    } else {
        let mut parts = found.parts;
        // Minutes beside hours or seconds, else months.
        parts.has_day |= found.has_m && !parts.has_time;
        if parts == Parts::default() {
            Shape::Digits(found.pattern)
        } else {
            Shape::Moment(parts)
        }
    };
    Section {
        condition: found.condition,
        shape,
    }
}

impl Found {
    fn literal(&mut self, character: char) {
        self.tokens().push(Token::Literal(character));
    }

    fn tokens(&mut self) -> &mut Vec<Token> {
        if self.after_point {
            &mut self.pattern.decimals
        } else {
            &mut self.pattern.whole
        }
    }

    /// Handles a character that is a literal or a placeholder; returns the rest.
    fn plain<'a>(&mut self, rest: &'a str, character: char, after: &'a str) -> &'a str {
        let begins = |word: &str| {
            let start = rest.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        for word in ["general", "am/pm", "a/p"] {
            if begins(word) {
                if word == "general" {
                    self.is_general = true;
                } else {
                    self.parts.has_time = true;
                }
                return rest.get(word.len()..).unwrap_or_default();
            }
        }
        match character {
            '0' => {
                self.commas = 0;
                self.tokens().push(Token::Zero);
            }
            '#' | '?' => {
                self.commas = 0;
                self.tokens().push(Token::Optional);
            }
            '.' => self.after_point = true,
            ',' => self.commas += 1,
            '%' => {
                self.pattern.shift += 2;
                self.literal('%');
            }
            '@' | '/' => self.is_general |= self.parts == Parts::default() && !self.has_m,
            'E' | 'e' if after.starts_with(['+', '-']) => self.is_general = true,
            'y' | 'Y' | 'd' | 'D' | 'e' | 'E' | 'g' | 'G' | 'b' | 'B' => self.parts.has_day = true,
            'h' | 'H' | 's' | 'S' => self.parts.has_time = true,
            'm' | 'M' => self.has_m = true,
            other => self.literal(other),
        }
        after
    }

    /// Handles the contents of brackets: a currency, a condition, an elapsed time, a colour.
    fn bracket(&mut self, inside: &str) {
        if let Some(currency) = inside.strip_prefix('$') {
            let symbol = currency.split('-').next().unwrap_or_default();
            symbol.chars().for_each(|character| self.literal(character));
            return;
        }
        let is_elapsed = |unit: char| {
            !inside.is_empty()
                && inside
                    .chars()
                    .all(|letter| letter.eq_ignore_ascii_case(&unit))
        };
        if ['h', 'm', 's'].into_iter().any(is_elapsed) {
            self.is_elapsed = true;
            return;
        }
        let operators = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<>", Comparison::Other),
            ("<", Comparison::Less),
            (">", Comparison::More),
            ("=", Comparison::Equal),
        ];
        for (operator, comparison) in operators {
            if let Some(than) = inside.strip_prefix(operator) {
                self.condition = than.trim().parse().ok().map(|than| (comparison, than));
                return;
            }
        }
    }
}

/// The built-in formats of every workbook. Those of currencies differ by Excel's language and are
/// used without the currency; those of dates are output in ISO 8601 in any case.
pub(super) fn built_in(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "0",
        2 => "0.00",
        3 | 5 | 6 | 37 | 38 | 41 | 42 => "#,##0",
        4 | 7 | 8 | 39 | 40 | 43 | 44 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => "yyyy-mm-dd",
        18..=21 | 32..=35 | 45 | 47 | 55 | 56 => "hh:mm:ss",
        22 => "yyyy-mm-dd hh:mm",
        46 => "[h]:mm:ss",
        _ => return None,
    })
}
