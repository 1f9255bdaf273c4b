//! Merge fields in a text: `{{firstName}}`, or `{{firstName|friend}}` with a fallback for contacts
//! without a value (law Q6).
//!
//! Here: finding the fields, and filling them with a contact's values or with their fallbacks. Not
//! here: contacts, and how their values are stored.
//!
//! A field's name is a letter or `_` and then letters, digits, `_`, `.` or `-`, in ASCII; a
//! fallback is any text without braces. Spaces around the name don't count, as in Mustache, Liquid
//! and Jinja, and the default filters of these, `{{name|default:"friend"}}` and
//! `{{name|default("friend")}}`, are fallbacks. Any other two braces are refused, because nobody
//! means to send them: `{{}}`, `{{first name}}`, `{{{name}}}`, a field that does not end, an end
//! without a beginning. A tag of another system is plain text, and [`foreign`] finds it.

mod foreign;

pub use foreign::{ForeignTag, foreign_tags};

use std::{borrow::Cow, ops::Range};

use crate::private::Private;

/// The longest name of a field, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// The most different fields of one text: more than any message needs, and few enough to look each
/// one up for a million contacts.
pub const MAX_FIELDS: usize = 50;

/// Why a text with merge fields can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Two braces begin a field that does not end.
    #[error("the merge field after {offset} characters does not end")]
    Unterminated {
        /// The number of code points before it.
        offset: usize,
    },
    /// Two braces that are not a merge field.
    #[error("the braces after {offset} characters are not a merge field")]
    NotAField {
        /// The number of code points before them.
        offset: usize,
    },
    /// A default filter whose value is not in quotation marks.
    #[error("the default of the merge field after {offset} characters is not in quotation marks")]
    UnquotedDefault {
        /// The number of code points before the field.
        offset: usize,
    },
    /// The text has more than [`MAX_FIELDS`] different fields.
    #[error("has more than {MAX_FIELDS} different merge fields")]
    TooManyFields,
}

/// A text, parsed into its merge fields and the text between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
    names: Vec<Range<usize>>,
    fields: Vec<FieldRange>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Literal text.
    Text(Range<usize>),
    /// The field at this position.
    Field(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldRange {
    slot: usize,
    fallback: Option<Range<usize>>,
}

/// A merge field of a template: a name with one of its fallbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name.
    pub name: &'a str,
    /// The position of its name among [`Template::names`].
    pub slot: usize,
    /// The text for contacts without a value; `None` if the field has no fallback, which differs
    /// from an empty fallback.
    pub fallback: Option<&'a str>,
}

/// A contact's values, by the slots of a template. It is made once and refilled for each contact,
/// and keeps its memory.
#[derive(Debug, Clone, Default)]
pub struct Values {
    text: Private<String>,
    ranges: Vec<Range<usize>>,
}

impl Template {
    /// Finds the merge fields of a text.
    ///
    /// # Errors
    /// The first braces that are not a valid field; more than [`MAX_FIELDS`] fields.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut template = Self {
            text: text.to_owned(),
            pieces: Vec::new(),
            names: Vec::new(),
            fields: Vec::new(),
        };
        let mut begin = 0;
        while let Some(start) = braces(text, begin) {
            let before = || text.get(..start).unwrap_or_default().chars().count();
            match field(text, start) {
                Found::Field {
                    name,
                    fallback,
                    end,
                } => {
                    template.pieces.push(Piece::Text(begin..start));
                    template.push_field(name, fallback)?;
                    begin = end;
                }
                Found::NotAField => return Err(TemplateError::NotAField { offset: before() }),
                Found::Unterminated => {
                    return Err(TemplateError::Unterminated { offset: before() });
                }
                Found::UnquotedDefault => {
                    return Err(TemplateError::UnquotedDefault { offset: before() });
                }
            }
        }
        template.pieces.push(Piece::Text(begin..text.len()));
        Ok(template)
    }

    fn push_field(
        &mut self,
        name: Range<usize>,
        fallback: Option<Range<usize>>,
    ) -> Result<(), TemplateError> {
        let known = |range: &Range<usize>| self.part(range) == self.part(&name);
        let slot = self.names.iter().position(known);
        let slot = slot.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        let written = |range: &Option<Range<usize>>| range.as_ref().map(|range| self.part(range));
        let same = |field: &FieldRange| {
            field.slot == slot && written(&field.fallback) == written(&fallback)
        };
        let position = self.fields.iter().position(same);
        let position = position.unwrap_or_else(|| {
            self.fields.push(FieldRange { slot, fallback });
            self.fields.len() - 1
        });
        self.pieces.push(Piece::Field(position));
        if self.fields.len() > MAX_FIELDS {
            return Err(TemplateError::TooManyFields);
        }
        Ok(())
    }

    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text has any merge field.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// The names of the fields, each once, in the order of the text. Their positions are the slots
    /// of [`Values`].
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|range| self.part(range))
    }

    /// The fields, each pair of name and fallback once, in the order of the text.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.fields.iter().map(|field| self.field(field))
    }

    fn field(&self, field: &FieldRange) -> Field<'_> {
        let name = self.names.get(field.slot);
        Field {
            name: name.map(|range| self.part(range)).unwrap_or_default(),
            slot: field.slot,
            fallback: field.fallback.as_ref().map(|range| self.part(range)),
        }
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Writes a contact's own text into `sent`, replacing its content. A field without a value, or
    /// with an empty one, takes its fallback.
    pub fn render(&self, values: &Values, sent: &mut String) {
        sent.clear();
        for piece in &self.pieces {
            sent.push_str(match piece {
                Piece::Text(range) => self.part(range),
                Piece::Field(position) => self.fields.get(*position).map_or("", |field| {
                    values
                        .get(field.slot)
                        .or_else(|| Some(self.part(field.fallback.as_ref()?)))
                        .unwrap_or_default()
                }),
            });
        }
    }

    /// The text as it is sent to a contact without any value: each field takes its fallback, or is
    /// empty.
    #[must_use]
    pub fn fallback_text(&self) -> Cow<'_, str> {
        if !self.has_fields() {
            return Cow::Borrowed(&self.text);
        }
        let mut sent = String::new();
        self.render(&Values::default(), &mut sent);
        Cow::Owned(sent)
    }
}

impl Values {
    /// Removes all values, and makes room for this many slots.
    pub fn clear(&mut self, slots: usize) {
        self.text.unguarded_mut().clear();
        self.ranges.clear();
        self.ranges.resize(slots, 0..0);
    }

    /// Sets the value of a slot; ignores a slot out of range.
    pub fn set(&mut self, slot: usize, value: &str) {
        if let Some(range) = self.ranges.get_mut(slot) {
            let text = self.text.unguarded_mut();
            let start = text.len();
            text.push_str(value);
            *range = start..text.len();
        }
    }

    /// The value of a slot; `None` if there is none, or if it is empty.
    #[must_use]
    pub fn get(&self, slot: usize) -> Option<&str> {
        let range = self.ranges.get(slot).filter(|range| !range.is_empty())?;
        self.text.unguarded().get(range.clone())
    }
}

/// The meaning of two braces.
enum Found {
    Field {
        name: Range<usize>,
        fallback: Option<Range<usize>>,
        end: usize,
    },
    NotAField,
    Unterminated,
    UnquotedDefault,
}

/// The position of the next two equal braces, opening or closing.
fn braces(text: &str, from: usize) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    let pairs = rest
        .windows(2)
        .position(|pair| matches!(pair, b"{{" | b"}}"));
    pairs.map(|found| from + found)
}

/// Reads the two braces at `start`.
fn field(text: &str, start: usize) -> Found {
    let inside = start + 2;
    let rest = text.get(inside..).unwrap_or_default();
    if text.get(start..inside) == Some("}}") || rest.starts_with('{') {
        return Found::NotAField;
    }
    // Any brace ends the field, valid or not, so that no text is read twice.
    let Some(length) = rest.find(['{', '}']) else {
        return Found::Unterminated;
    };
    let (content, after) = rest.split_at(length);
    if !after.starts_with("}}") {
        return Found::Unterminated;
    }
    if after.starts_with("}}}") {
        return Found::NotAField;
    }
    let (written, fallback) = match content.split_once('|') {
        Some((name, fallback)) => (name, Some(fallback)),
        None => (content, None),
    };
    let name = written.trim();
    if !is_name(name) {
        return Found::NotAField;
    }
    let place = |part: &str| {
        // Both are parts of one text.
        let offset = part.as_ptr().addr() - text.as_ptr().addr();
        offset..offset + part.len()
    };
    let fallback = match fallback.map(|fallback| filter(fallback, written != name)) {
        None => None,
        Some(Some(fallback)) => Some(place(fallback)),
        Some(None) => return Found::UnquotedDefault,
    };
    Found::Field {
        name: place(name),
        fallback,
        end: inside + length + 2,
    }
}

/// The fallback: as it is written, or the value of a default filter; `None` for a default filter
/// whose value is not in quotation marks. If the name has spaces around it, those around the
/// fallback don't count either.
fn filter(written: &str, is_spaced: bool) -> Option<&str> {
    const QUOTES: [(char, char); 4] = [('"', '"'), ('\'', '\''), ('“', '”'), ('‘', '’')];
    let as_written = if is_spaced { written.trim() } else { written };
    let Some(rest) = written.trim().strip_prefix("default") else {
        return Some(as_written);
    };
    let rest = rest.trim_start();
    let value = if let Some(value) = rest.strip_prefix(':') {
        value.trim()
    } else if let Some(value) = rest.strip_prefix('(') {
        value.strip_suffix(')')?.trim()
    } else {
        return Some(as_written);
    };
    let unquoted = |(open, close): &(char, char)| value.strip_prefix(*open)?.strip_suffix(*close);
    QUOTES.iter().find_map(unquoted)
}

/// Whether a text can be the name of a merge field.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.len() <= MAX_NAME_BYTES
        && text.bytes().next().is_some_and(begins)
        && text
            .bytes()
            .all(|byte| begins(byte) || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests;
