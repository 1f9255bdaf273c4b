//! Reading files of contacts: CSV and workbooks, row by row, in memory that does not grow with the file.
//!
//! Here: what kind of file it is (its content decides, never its name), how its text is written, which column
//! holds the number and what the others are called, and the bounds of a row. Not here: whether a number is a
//! telephone number, and what becomes of a contact, which is [`crate::operations`]'.

mod cells;
mod columns;
mod csv;
mod field_name;
mod format;
mod header;
mod intake;
mod looks;
mod mapping;
mod phone_header;
mod preview;
mod text;
mod workbook;

use std::{borrow::Cow, fs::File, io, ops::ControlFlow};

use domain::private::Private;

use self::intake::{Ended, Intake};

pub use columns::Contact;
pub use format::{Format, format};
pub use mapping::{ColumnMapping, Mapping, MappingPart};
pub use preview::{PREVIEW_ROWS, Preview, PreviewColumn, PreviewRow, preview};

/// The most columns that a file has. Far more than anybody writes messages with; each name is kept.
pub const MAX_COLUMNS: usize = 100;
/// The longest value of a field, in characters: no message has room for more.
pub const MAX_VALUE_CHARS: usize = 1_000;
/// The most that a contact's fields come to, in bytes as they are stored. Reading a million of them for one
/// quote is bounded by this.
pub const MAX_FIELDS_BYTES: usize = 8 * 1024;
/// The longest row, in bytes of UTF-8: a hundred columns of ordinary values are far below it, and a quotation
/// mark that is never closed ends here.
pub const MAX_ROW_BYTES: usize = 64 * 1024;
/// How much of what was refused is shown, in characters.
pub const MAX_SHOWN_CHARS: usize = 100;

/// What a file holds after its first row, one at a time.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A row with a number, which nobody looked at yet, and its fields.
    Contact {
        /// The row's line in the file, from 1; in a workbook its row.
        line: u64,
        /// What stands there.
        contact: Contact<'a>,
    },
    /// A row that can't be used.
    Refused(RefusedRow),
}

/// A row that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its line in the file, from 1; in a workbook its row.
    pub line: u64,
    /// What stands there, cut to what can be shown.
    pub value: Private<String>,
    /// Written for whoever made the file.
    pub reason: Cow<'static, str>,
}

/// The most warnings of one file that are handed over; a last one counts the others.
pub const MAX_WARNINGS: usize = 1_000;

/// A part of a file that was left out or may be wrong. Nothing was refused for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The row's line in the file, from 1; in a workbook its row. `None` if it is about the whole file.
    pub line: Option<u64>,
    /// The header of the column that it is about, cut to what can be shown; `None` if it is about a whole row or file.
    pub column: Option<String>,
    /// Written for whoever made the file.
    pub reason: Cow<'static, str>,
}

/// Takes what a file holds, in the file's order.
pub trait Taker {
    /// The file can be read and its columns are named. Called once, before any entry.
    fn opened(&mut self) -> ControlFlow<()>;
    /// One row.
    fn take(&mut self, entry: Entry<'_>) -> ControlFlow<()>;
    /// A warning: before the row that it is about, or, about the whole file, before the first or after the last row.
    /// Called at most [`MAX_WARNINGS`] times and once more.
    fn warn(&mut self, warning: Warning);
}

/// Why a file can't be read, written for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is nothing in it.
    #[error("The file is empty.")]
    Empty,
    /// It is something else altogether.
    #[error("The file is {0}. Send a CSV file or an Excel workbook (.xlsx).")]
    Other(&'static str),
    /// It is a workbook in a form that is not read.
    #[error("The file is {0}. Save it as an Excel workbook (.xlsx) or as CSV.")]
    OtherWorkbook(&'static str),
    /// The workbook can't be opened without a password.
    #[error("The workbook is protected by a password. Save it without one.")]
    Encrypted,
    /// What should be a workbook is broken.
    #[error("The workbook is damaged: it can't be read. Save it again, or save it as CSV.")]
    Damaged,
    /// A part of the workbook unpacks to more than is read.
    #[error("The workbook unpacks to more than is read: {0}. Split it, or save it as CSV.")]
    TooLarge(String),
    /// No sheet has cells to read.
    #[error("The workbook has no sheet to read: it needs a visible worksheet.")]
    NoSheet,
    /// What the text is written in can't be said.
    #[error(
        "The file is written in an encoding that can't be recognised. Save it as UTF-8 (in Excel: CSV UTF-8), or as an Excel workbook."
    )]
    Encoding,
    /// The first row does not name the columns.
    #[error("{0}")]
    Header(String),
    /// The mapping does not fit the file, or itself.
    #[error("{reason}")]
    Mapping {
        /// The part of the mapping that is wrong.
        part: MappingPart,
        /// What is wrong with it, written for whoever gave it.
        reason: String,
    },
}

/// Why reading stopped before the end of the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file can't be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Our own disk failed.
    #[error("an upload can't be read back: {0}")]
    Io(#[from] io::Error),
}

/// Reads a file to its end, or until the taker breaks off. It blocks: call it on a thread of its own.
///
/// # Errors
/// Why the file can't be read, which may show only after some of its rows were taken.
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

/// A text as it can be shown: its first characters, in one line.
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
