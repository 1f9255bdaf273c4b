//! Syntax of the September 2025 edition that the engine's parser doesn't know.
//!
//! Here: descriptions of operations, fragments and variables, and Unicode escapes such as
//! `\u{1F600}` or `\uD83D\uDE00`, are rewritten to what the parser knows. Not here: anything else of
//! the grammar, which the parser checks.
//!
//! The rewritten text has every token at the line and column where the client wrote it, so that
//! errors point into the client's document: a description becomes blanks, and a string that is
//! shorter without its escapes is followed by blanks.

use std::{borrow::Cow, iter::repeat_n, ops::Range};

use async_graphql::{Pos, ServerError};

use super::{
    errors::{code, coded},
    tokens::{Token, Tokens},
};

/// The document in the syntax that the parser knows. Most texts need no change.
///
/// # Errors
/// A Unicode escape names no character. The location is that of the escape.
pub(super) fn known_syntax(text: &str) -> Result<Cow<'_, str>, ServerError> {
    if !text.contains('"') {
        return Ok(Cow::Borrowed(text));
    }
    let mut rewritten = Rewritten {
        text,
        done: 0,
        result: String::new(),
    };
    let mut place = Place::default();
    // The latest string, which is a description if a suitable token follows.
    let mut string: Option<Range<usize>> = None;
    let mut tokens = Tokens::new(text);
    while let Some(token) = tokens.next() {
        let span = tokens.span();
        let word = text.get(span.clone()).unwrap_or_default();
        if let Some(string) = string.take() {
            if place.describes(word) {
                rewritten.erase(string);
            } else {
                rewritten.unescape(string)?;
                place.pass(Token::Other, "\"");
            }
        }
        if token == Token::Other && word.starts_with('"') {
            string = Some(span);
        } else {
            place.pass(token, word);
        }
    }
    if let Some(string) = string {
        rewritten.unescape(string)?;
    }
    Ok(rewritten.finish())
}

/// Where in a document a token is, as far as descriptions depend on it.
#[derive(Debug, Default)]
struct Place {
    /// Brackets open at once.
    depth: usize,
    within: Within,
    /// Whether the latest token is `=`, which makes a string a default value.
    is_value: bool,
}

/// What the latest token outside of all brackets began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    /// Nothing: a definition may begin here.
    #[default]
    Document,
    /// An operation whose variables may still follow.
    Heading { named: bool },
    /// The variables of an operation.
    Variables,
    /// Any other part of a definition.
    Rest,
}

impl Place {
    /// Whether a string here, followed by this token, is a description.
    fn describes(&self, next: &str) -> bool {
        match (self.within, self.depth) {
            (Within::Document, 0) => {
                matches!(next, "query" | "mutation" | "subscription" | "fragment")
            }
            (Within::Variables, 1) => !self.is_value && next == "$",
            (Within::Document | Within::Heading { .. } | Within::Variables | Within::Rest, _) => {
                false
            }
        }
    }

    fn pass(&mut self, token: Token, word: &str) {
        self.is_value = word == "=";
        match token {
            Token::Open => {
                if self.depth == 0 {
                    let has_variables = matches!(self.within, Within::Heading { .. });
                    self.within = if has_variables && word == "(" {
                        Within::Variables
                    } else {
                        Within::Rest
                    };
                }
                self.depth += 1;
            }
            Token::Close => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    // A selection set ends its definition.
                    self.within = if word == "}" {
                        Within::Document
                    } else {
                        Within::Rest
                    };
                }
            }
            Token::Other | Token::Unterminated => {
                if self.depth == 0 {
                    self.within = match self.within {
                        Within::Document
                            if matches!(word, "query" | "mutation" | "subscription") =>
                        {
                            Within::Heading { named: false }
                        }
                        Within::Heading { named: false }
                            if word.starts_with(|first: char| {
                                first.is_ascii_alphabetic() || first == '_'
                            }) =>
                        {
                            Within::Heading { named: true }
                        }
                        Within::Document
                        | Within::Heading { .. }
                        | Within::Variables
                        | Within::Rest => Within::Rest,
                    };
                }
            }
        }
    }
}

/// A text whose changes were made up to some point.
struct Rewritten<'a> {
    text: &'a str,
    /// Bytes of the text that `result` covers, if it has any change.
    done: usize,
    result: String,
}

impl<'a> Rewritten<'a> {
    fn part(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    /// Replaces a part by blanks of as many columns and lines.
    fn erase(&mut self, span: Range<usize>) {
        self.copy_to(span.start);
        let blank = |sign| match sign {
            '\n' | '\r' => sign,
            _ => ' ',
        };
        self.result
            .extend(self.part(span.clone()).chars().map(blank));
        self.done = span.end;
    }

    /// Replaces the Unicode escapes of a string by their characters. Block strings have none.
    fn unescape(&mut self, span: Range<usize>) -> Result<(), ServerError> {
        let string = self.part(span.clone());
        if !string.contains("\\u") || string.starts_with("\"\"\"") {
            return Ok(());
        }
        let begin = span.start;
        self.copy_to(begin);
        let mut rest = string;
        let mut columns = 0;
        while let Some(found) = rest.find('\\') {
            let (before, from) = rest.split_at(found);
            self.result.push_str(before);
            columns += before.chars().count();
            let (sign, length) = match from.get(..2) {
                Some("\\u") => escaped(from).ok_or_else(|| {
                    let here = begin + (string.len() - from.len());
                    no_character(self.text, here)
                })?,
                escape => {
                    let escape = escape.unwrap_or(from);
                    self.result.push_str(escape);
                    columns += escape.chars().count();
                    rest = from.get(escape.len()..).unwrap_or_default();
                    continue;
                }
            };
            columns += self.push(sign);
            rest = from.get(length..).unwrap_or_default();
        }
        self.result.push_str(rest);
        columns += rest.chars().count();
        let blanks = string.chars().count().saturating_sub(columns);
        self.result.extend(repeat_n(' ', blanks));
        self.done = span.end;
        Ok(())
    }

    /// Appends a character of a string, and returns its columns. No escape takes fewer of them.
    fn push(&mut self, sign: char) -> usize {
        let escape = match sign {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            _ => {
                self.result.push(sign);
                return 1;
            }
        };
        self.result.push_str(escape);
        escape.len()
    }

    fn copy_to(&mut self, end: usize) {
        let part = self.part(self.done..end);
        self.result.push_str(part);
        self.done = end;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.copy_to(self.text.len());
        Cow::Owned(self.result)
    }
}

/// The character of the escape that a text begins with, and the escape's length in bytes. `None` if
/// it names no character.
fn escaped(text: &str) -> Option<(char, usize)> {
    if let Some(braced) = text.strip_prefix("\\u{") {
        let digits = braced.split_once('}')?.0;
        return Some((char::from_u32(hexadecimal(digits)?)?, digits.len() + 4));
    }
    let first = hexadecimal(text.get(2..6)?)?;
    if let Some(sign) = char::from_u32(first) {
        return Some((sign, 6));
    }
    // The first half of a pair, as in JSON.
    let second = hexadecimal(text.get(6..)?.strip_prefix("\\u")?.get(..4)?)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let sign = char::decode_utf16(units).next()?.ok()?;
    Some((sign, 12))
}

fn hexadecimal(digits: &str) -> Option<u32> {
    let is_one = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

fn no_character(text: &str, at: usize) -> ServerError {
    let mut error = coded(
        code::GRAPHQL_PARSE_FAILED,
        "Syntax error: a Unicode escape names no character. Write \\uXXXX or \\u{X…} with the \
         hexadecimal number of a character, up to 10FFFF, or the two halves of a surrogate pair.",
    );
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let begin = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let column = before.get(begin..).unwrap_or_default().chars().count() + 1;
    error.locations = vec![Pos { line, column }];
    error
}

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;
