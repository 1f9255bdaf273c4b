//! A file's columns, and the contacts read from its rows.
//!
//! Here: converting a row's cells: the number, the stored fields, warnings and refusals. Not here:
//! identifying columns, which is in `header`.

use std::borrow::Cow;

use super::{
    FileColumn, MAX_DESCRIBED, MAX_FIELDS_BYTES, MAX_VALUE_CHARS, Mapping, RowCode, RowFault,
    Unreadable, Warning, cells::Cells, cut, header, shown,
};
use domain::private::Private;

const UNREADABLE: &str = "has characters that can't be read; save the file as UTF-8.";

/// A row to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact<'a> {
    /// The cell in the column of numbers.
    pub number: &'a str,
    /// A JSON object of the other columns' texts by name; `None` if all of them are empty.
    pub fields: Option<String>,
}

/// A stored column.
#[derive(Debug)]
pub(super) struct Field {
    /// Its position, from 0.
    pub index: usize,
    /// Its merge field.
    pub name: String,
    /// Its header, truncated for display.
    pub header: String,
}

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Columns {
    number: usize,
    fields: Vec<Field>,
    /// The number of cells in the first row, without empty ones at its end.
    width: usize,
    /// The text's encoding was guessed, so parts of it may be in another encoding.
    is_guessed: bool,
}

impl Columns {
    /// The columns of a first row, with the numbers in the column `number`, and warnings about
    /// columns left out.
    pub fn of(
        header: Cells<'_>,
        number: usize,
        mapping: &Mapping,
        is_guessed: bool,
    ) -> Result<(Self, Vec<Warning>), Unreadable> {
        let mut warnings = Vec::new();
        let fields = match &mapping.columns {
            None => header::fields(header, Some(number), &mut warnings),
            Some(columns) => header::mapped(header, number, columns)?,
        };
        let columns = Self {
            number,
            fields,
            width: header::width(header),
            is_guessed,
        };
        Ok((columns, warnings))
    }

    /// The columns of a first row and what becomes of them, the first [`MAX_DESCRIBED`].
    pub fn described(&self, header: Cells<'_>) -> Vec<FileColumn> {
        let column = |index: usize| FileColumn {
            header: cut(header.get(index)),
            merge_field: self
                .fields
                .iter()
                .find(|field| field.index == index)
                .map(|field| field.name.clone()),
            is_phone_column: self.is_number(index),
        };
        (0..self.width.min(MAX_DESCRIBED)).map(column).collect()
    }

    /// Whether a column holds the numbers.
    pub fn is_number(&self, column: usize) -> bool {
        column == self.number
    }

    /// Converts one row, adding what is left out to `warnings`; fails with the reason if the row
    /// can't be used.
    pub fn contact<'a>(
        &self,
        (line, cells): (u64, Cells<'a>),
        warnings: &mut Vec<Warning>,
    ) -> Result<Contact<'a>, RowFault> {
        if (self.width..cells.len()).any(|index| !cells.get(index).is_empty()) {
            let message = text!(
                "The row has {got} cells, but the first row has {width}.",
                got = cells.len(),
                width = self.width
            )
            .english();
            return Err(RowFault::new(RowCode::MalformedRow, message));
        }
        let number = cells.get(self.number);
        if number.is_empty() {
            let message = written!("The number is missing.");
            return Err(RowFault::new(RowCode::NumberMissing, message));
        }
        let mut fields = Vec::new();
        for field in &self.fields {
            let value = cells.get(field.index);
            if value.is_empty() {
                continue;
            }
            let mut leave_out = |reason: String| warnings.push(field.warning(line, reason.into()));
            let Field { name, .. } = field;
            // A text never has more characters than bytes.
            if value.len() > MAX_VALUE_CHARS && value.chars().count() > MAX_VALUE_CHARS {
                leave_out(
                    text!(
                        "The value has more than {limit} characters and is left out.",
                        limit = MAX_VALUE_CHARS
                    )
                    .english(),
                );
                continue;
            }
            let unreadable = |reason: String| RowFault::new(RowCode::UnreadableText, reason);
            check(value, self.is_guessed)
                .map_err(|reason| unreadable(format!("{name} {reason}")))?;
            let before = fields.len();
            fields.extend_from_slice(if fields.is_empty() { b"{\"" } else { b",\"" });
            // A merge field's name contains nothing that JSON escapes.
            fields.extend_from_slice(name.as_bytes());
            fields.extend_from_slice(b"\":");
            // Writing to memory does not fail.
            serde_json::to_writer(&mut fields, value)
                .map_err(|cause| unreadable(cause.to_string()))?;
            if fields.len() >= MAX_FIELDS_BYTES {
                fields.truncate(before);
                leave_out(
                    text!(
                        "The row's fields come to more than {limit} bytes; this one is left out.",
                        limit = MAX_FIELDS_BYTES
                    )
                    .english(),
                );
            }
        }
        if fields.is_empty() {
            return Ok(Contact {
                number,
                fields: None,
            });
        }
        fields.push(b'}');
        let fields = String::from_utf8(fields)
            .map_err(|cause| RowFault::new(RowCode::UnreadableText, cause.to_string()))?;
        Ok(Contact {
            number,
            fields: Some(fields),
        })
    }

    /// A warning about a cell of a row, if its column is stored.
    pub fn warning(&self, (line, column): (u64, usize), reason: &'static str) -> Option<Warning> {
        let field = self.fields.iter().find(|field| field.index == column);
        field.map(|field| field.warning(line, reason.into()))
    }

    /// The value shown for a refused row: its number, or else the row's beginning.
    pub fn shown(&self, cells: Cells<'_>) -> Private<String> {
        let number = cells.get(self.number);
        let first = || cells.iter().find(|cell| !cell.is_empty());
        shown(if number.is_empty() {
            first().unwrap_or_default()
        } else {
            number
        })
    }
}

impl Field {
    fn warning(&self, line: u64, reason: Cow<'static, str>) -> Warning {
        Warning {
            line: Some(line),
            column: Some(self.header.clone()),
            reason,
        }
    }
}

/// What is wrong with a value, as a phrase that follows its field's name.
fn check(value: &str, is_guessed: bool) -> Result<(), &'static str> {
    let control =
        |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if value.contains(control) {
        return Err("has control characters.");
    }
    if value.contains(char::REPLACEMENT_CHARACTER) || is_guessed && is_garbled(value) {
        return Err(UNREADABLE);
    }
    Ok(())
}

/// UTF-8 decoded as Windows-1252, such as `NicolÃ²`: a capital letter that starts no such pair in
/// any language, and a symbol that never follows a letter.
fn is_garbled(value: &str) -> bool {
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        let is_sign = |next: &char| {
            matches!(*next, '\u{80}'..='\u{BF}') || "‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™›".contains(*next)
        };
        if matches!(character, 'Â' | 'Ã' | 'Å') && characters.peek().is_some_and(is_sign) {
            return true;
        }
    }
    false
}
