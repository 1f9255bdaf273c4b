//! Merge fields in a text: `{{firstName}}`, or `{{firstName|friend}}` with what stands in where nothing
//! is known (rule Q6).
//!
//! Here: finding them, and the text with what is known of somebody or with their fallbacks. Not here:
//! contacts and where what is known of them is kept.
//!
//! A field's name is a letter or `_` and then letters, digits, `_`, `.` or `-`, in ASCII; a fallback is
//! any text without braces. What ends like a field but is named otherwise, such as `{{}}` or `{{ a }}`, is plain
//! text; what begins like one and does not end is refused, because nobody means it.

use std::{borrow::Cow, ops::Range};

use crate::private::Private;

/// The longest name of a field, in bytes: longer ones are plain text.
pub const MAX_NAME_BYTES: usize = 64;

/// The most different fields of one text: more than any message has, and few enough to look each up for
/// each of a million contacts.
pub const MAX_FIELDS: usize = 50;

/// Why a text with merge fields can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Two braces that begin a field, and nothing that ends it.
    #[error("the merge field after {offset} characters does not end")]
    Unterminated {
        /// Code points before it.
        offset: usize,
    },
    /// More than [`MAX_FIELDS`].
    #[error("has more than {MAX_FIELDS} different merge fields")]
    TooManyFields,
}

/// A text with its merge fields found.
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
    /// As it stands.
    Text(Range<usize>),
    /// The field of this position.
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
    /// What it is called.
    pub name: &'a str,
    /// The position of its name among [`Template::names`].
    pub slot: usize,
    /// What stands in where nothing is known; `None` where none was written, which is not the same as an
    /// empty one.
    pub fallback: Option<&'a str>,
}

/// What is known of somebody, by the slots of a template. Made once and filled again for each: it keeps its
/// memory.
#[derive(Debug, Clone, Default)]
pub struct Values {
    text: Private<String>,
    ranges: Vec<Range<usize>>,
}

impl Template {
    /// Finds the merge fields of a text.
    ///
    /// # Errors
    /// The first field that does not end; more than [`MAX_FIELDS`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut template = Self {
            text: text.to_owned(),
            pieces: Vec::new(),
            names: Vec::new(),
            fields: Vec::new(),
        };
        let (mut begin, mut at) = (0, 0);
        while let Some(found) = text.get(at..).and_then(|rest| rest.find("{{")) {
            let start = at + found;
            match field(text, start) {
                Found::Field {
                    name,
                    fallback,
                    end,
                } => {
                    template.pieces.push(Piece::Text(begin..start));
                    template.push_field(name, fallback)?;
                    (begin, at) = (end, end);
                }
                // The second brace may begin a field.
                Found::Plain => at = start + 1,
                Found::Unterminated => {
                    let before = text.get(..start).unwrap_or_default();
                    return Err(TemplateError::Unterminated {
                        offset: before.chars().count(),
                    });
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

    /// Whether it has any merge field.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// The names of its fields, each once, in the order of the text. Their positions are the slots of
    /// [`Values`].
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|range| self.part(range))
    }

    /// Its fields, each pair of name and fallback once, in the order of the text.
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

    /// Writes somebody's own text into `sent`, in the place of what it held. Where nothing is known, or
    /// nothing but an empty text, the fallback stands in.
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

    /// The text as it is sent where nothing is known: each field is its fallback, or nothing.
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
    /// Forgets everything, and makes room for so many slots.
    pub fn clear(&mut self, slots: usize) {
        self.text.unguarded_mut().clear();
        self.ranges.clear();
        self.ranges.resize(slots, 0..0);
    }

    /// Keeps what is known for a slot; a slot that there is no room for is passed over.
    pub fn set(&mut self, slot: usize, value: &str) {
        if let Some(range) = self.ranges.get_mut(slot) {
            let text = self.text.unguarded_mut();
            let start = text.len();
            text.push_str(value);
            *range = start..text.len();
        }
    }

    /// What is known for a slot; `None` where nothing is, or nothing but an empty text.
    #[must_use]
    pub fn get(&self, slot: usize) -> Option<&str> {
        let range = self.ranges.get(slot).filter(|range| !range.is_empty())?;
        self.text.unguarded().get(range.clone())
    }
}

/// What two braces begin.
enum Found {
    Field {
        name: Range<usize>,
        fallback: Option<Range<usize>>,
        end: usize,
    },
    Plain,
    Unterminated,
}

/// What the two braces at `start` begin.
fn field(text: &str, start: usize) -> Found {
    let inside = start + 2;
    let rest = text.get(inside..).unwrap_or_default();
    // A brace ends the field, well or not, so that no text is read twice.
    let Some(length) = rest.find(['{', '}']) else {
        return Found::Unterminated;
    };
    let (content, after) = rest.split_at(length);
    if !after.starts_with("}}") {
        // Of three braces the last two may begin a field.
        return if content.is_empty() && after.starts_with('{') {
            Found::Plain
        } else {
            Found::Unterminated
        };
    }
    let name = content.split_once('|').map_or(content, |(name, _)| name);
    if !is_name(name) {
        return Found::Plain;
    }
    let (name_end, end) = (inside + name.len(), inside + length);
    Found::Field {
        name: inside..name_end,
        fallback: (name.len() < length).then_some(name_end + 1..end),
        end: end + 2,
    }
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
