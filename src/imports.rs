//! Reading files of contacts: CSV and workbooks, row by row, in memory that does not grow with the
//! file.
//!
//! Here: the file's format (detected by content, never by name), its encoding, the column of phone
//! numbers, the merge fields of the others, and the limits of a row. Not here: whether a number is
//! a valid phone number, and storing contacts, see [`crate::operations`].

mod cell_shape;
mod cells;
mod columns;
mod csv;
mod field_name;
mod format;
mod header;
mod intake;
mod mapping;
mod phone_header;
mod preview;
mod text;
mod workbook;

use std::{borrow::Cow, fs::File, io, ops::ControlFlow};

use domain::private::Private;

use self::intake::{Ended, Intake};

pub use cells::Cells;
pub use columns::Contact;
pub use format::{Format, format};
pub use mapping::{ColumnMapping, Mapping, MappingPart};
pub use preview::{PREVIEW_ROWS, Preview, PreviewColumn, PreviewRow, preview};

/// The most columns of a file: far more than messages use; each name is kept in memory.
pub const MAX_COLUMNS: usize = 100;
/// The longest value of a field, in characters: no message has room for more.
pub const MAX_VALUE_CHARS: usize = 1_000;
/// The most bytes of a contact's fields, as stored. It bounds the reads of a quote over a million
/// contacts.
pub const MAX_FIELDS_BYTES: usize = 8 * 1024;
/// The longest row, in bytes of UTF-8: a hundred columns of ordinary values are far below it, and
/// it ends the search for a missing quotation mark.
pub const MAX_ROW_BYTES: usize = 64 * 1024;
/// How much of a refused value is shown, in characters.
pub const MAX_SHOWN_CHARS: usize = 100;

/// A row of a file below its header.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A row with a number, not validated yet, and its fields.
    Contact {
        /// The row's line in the file, from 1; in a workbook its row.
        line: u64,
        /// The row's values.
        contact: Contact<'a>,
        /// All its cells.
        cells: Cells<'a>,
    },
    /// A row that can't be used.
    Refused(RefusedRow),
}

/// A row that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its line in the file, from 1; in a workbook its row.
    pub line: u64,
    /// Its value, truncated for display.
    pub value: Private<String>,
    /// What is wrong with it.
    pub fault: RowFault,
    /// Its cells as a JSON array of texts; `None` if they are too long to be kept.
    pub cells: Private<Option<String>>,
}

/// The kind of a row's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCode {
    /// The number's cell is empty.
    NumberMissing,
    /// The row has too many bytes or cells.
    TooLong,
    /// The row can't be cut into the columns of the first row.
    MalformedRow,
    /// The row has characters that can't be read.
    UnreadableText,
    /// The number's cell holds a formula without a result.
    NotComputed,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The kind of fault.
    pub code: RowCode,
    /// The reason, worded for the file's author.
    pub reason: Cow<'static, str>,
}

impl RowFault {
    /// A fault of this kind.
    #[must_use]
    pub fn new(code: RowCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileColumn {
    /// Its header, truncated for display.
    pub header: String,
    /// The merge field that it becomes; `None` if it isn't stored.
    pub merge_field: Option<String>,
    /// Whether it holds the numbers.
    pub is_phone_column: bool,
}

/// The most columns of a file that are described.
pub const MAX_DESCRIBED: usize = 250;
/// The longest cells of a refused row that are kept, in bytes of JSON.
const MAX_CELLS_BYTES: usize = 2 * 1024;

/// The cells of a refused row as they are kept.
#[must_use]
pub fn kept_cells(cells: Cells<'_>) -> Private<Option<String>> {
    let cells: Vec<&str> = cells.iter().collect();
    let named = cells.iter().rposition(|cell| !cell.is_empty());
    let cells = cells.get(..named.map_or(0, |last| last + 1));
    let text = serde_json::to_string(cells.unwrap_or_default());
    Private::new(text.ok().filter(|text| text.len() <= MAX_CELLS_BYTES))
}

/// The most warnings reported for one file; a final one counts the others.
pub const MAX_WARNINGS: usize = 1_000;

/// Something that was left out or may be wrong. No row was refused because of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The row's line in the file, from 1; in a workbook its row. `None` if it is about the whole
    /// file.
    pub line: Option<u64>,
    /// The header of the column that it is about, truncated for display; `None` if it is about a
    /// whole row or file.
    pub column: Option<String>,
    /// The reason, worded for the file's author.
    pub reason: Cow<'static, str>,
}

/// Receives the contents of a file, in order.
pub trait Taker {
    /// The file is readable and its columns are known. Called once, before any entry.
    fn opened(&mut self, columns: Vec<FileColumn>) -> ControlFlow<()>;
    /// One row.
    fn take(&mut self, entry: Entry<'_>) -> ControlFlow<()>;
    /// A warning: before the row that it is about; if it is about the whole file, before the first
    /// or after the last row. Called at most [`MAX_WARNINGS`] times and once more.
    fn warn(&mut self, warning: Warning);
}

/// Why a file can't be read, worded for its sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The file is empty.
    #[error("The file is empty.")]
    Empty,
    /// It is neither a CSV file nor a workbook.
    #[error("The file is {0}. Send a CSV file or an Excel workbook (.xlsx).")]
    Other(&'static str),
    /// It is a workbook in an unsupported format.
    #[error("The file is {0}. Save it as an Excel workbook (.xlsx) or as CSV.")]
    OtherWorkbook(&'static str),
    /// The workbook is encrypted.
    #[error("The workbook is protected by a password. Save it without one.")]
    Encrypted,
    /// The workbook is damaged.
    #[error("The workbook is damaged: it can't be read. Save it again, or save it as CSV.")]
    Damaged,
    /// A part of the workbook is too large when unpacked.
    #[error("The workbook is too large: {0}. Split it, or save it as CSV.")]
    TooLarge(String),
    /// No sheet has readable cells.
    #[error("The workbook has no sheet to read: it needs a visible worksheet.")]
    NoSheet,
    /// The text's encoding can't be detected.
    #[error(
        "The file's encoding can't be recognised. Save it as UTF-8 (in Excel: CSV UTF-8), or as an Excel workbook."
    )]
    Encoding,
    /// The first row does not name the columns.
    #[error("{0}")]
    Header(String),
    /// The mapping contradicts the file, or itself.
    #[error("{reason}")]
    Mapping {
        /// The wrong part of the mapping.
        part: MappingPart,
        /// The reason, worded for the author of the mapping.
        reason: String,
    },
}

/// Why reading stopped before the end of the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file can't be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The server's disk failed.
    #[error("an upload can't be read back: {0}")]
    Io(#[from] io::Error),
}

/// Reads a file to its end, or until the taker stops it. Blocking: call it on a thread of its own.
///
/// # Errors
/// Why the file can't be read. Some errors occur only after some rows were taken.
pub fn read(
    file: File,
    format: Format,
    mapping: &Mapping,
    taker: &mut dyn Taker,
) -> Result<(), ReadError> {
    let mut intake = Intake::new(mapping, taker);
    let ended = match format {
        Format::Text => csv::read(file, &mut intake)?.1,
        Format::Workbook => workbook::read(file, &mut intake)?,
    };
    match ended {
        Ended::BrokenOff => Ok(()),
        Ended::Whole(last) => intake.end(last),
    }
}

/// A text truncated for display, in one line.
#[must_use]
pub fn shown(text: &str) -> Private<String> {
    Private::new(cut(text))
}

fn cut(text: &str) -> String {
    let mut characters = text.trim().chars();
    let mut shown: String = characters
        .by_ref()
        .take(MAX_SHOWN_CHARS)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
