//! The cells of a sheet, in order.
//!
//! Here: a cell's position, type and stored value. Not here: how the value is displayed.

use std::io::Read;

use quick_xml::events::{BytesStart, Event};

use super::{
    texts::{read_text, unescape},
    xml::{Xml, is_true},
};
use crate::imports::{MAX_ROW_BYTES, ReadError, Unreadable};

/// Excel's own limits.
const MAX_ROWS: u64 = 1_048_576;
const MAX_COLUMNS: usize = 16_384;

/// How a cell's text is interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number, displayed according to its style.
    Number,
    /// The position of a shared text.
    Shared,
    /// A text.
    Text,
    /// A boolean, as 1 or 0.
    Truth,
    /// A date, a time or both, in ISO 8601.
    Instant,
    /// An error, such as a division by zero.
    Error,
}

/// A non-empty cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    /// Its row, from 1.
    pub row: u64,
    /// Its column, from 0.
    pub column: usize,
    /// How its text is interpreted.
    pub kind: Kind,
    /// Its style's position.
    pub style: usize,
    /// Its stored text; empty for a formula that was never computed.
    pub text: &'a str,
    /// Whether it is the result of a formula.
    pub is_formula: bool,
    /// Whether its row is hidden, by a filter or by hand.
    pub is_hidden: bool,
}

/// A sheet that is being read.
pub(super) struct Sheet<R> {
    xml: Xml<R>,
    /// The current row, from 1.
    row: u64,
    /// The next column, from 0.
    column: usize,
    in_data: bool,
    /// Whether the row is hidden.
    is_hidden: bool,
    /// Rows so far.
    rows: u64,
    text: String,
}

/// A cell's attributes.
struct Head {
    kind: Kind,
    style: usize,
}

impl<R: Read> Sheet<R> {
    /// Opens a sheet at its beginning.
    pub fn of(xml: Xml<R>) -> Self {
        Self {
            xml,
            row: 0,
            column: 0,
            in_data: false,
            is_hidden: false,
            rows: 0,
            text: String::new(),
        }
    }

    /// The next non-empty cell; `None` after the last.
    pub fn next(&mut self) -> Result<Option<Cell<'_>>, ReadError> {
        loop {
            let head = match self.xml.next()? {
                Event::Start(tag) if !self.in_data => {
                    self.in_data = tag.local_name().as_ref() == "sheetData";
                    continue;
                }
                // A sheet without rows.
                Event::Empty(tag) if !self.in_data => {
                    if tag.local_name().as_ref() == "sheetData" {
                        return Ok(None);
                    }
                    continue;
                }
                Event::Eof => return Err(Unreadable::Damaged.into()),
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "c" => place(&tag, &mut self.row, &mut self.column)?,
                    "row" => {
                        (self.row, self.is_hidden) = row(&tag, self.row, &mut self.rows)?;
                        self.column = 0;
                        continue;
                    }
                    _ => {
                        self.xml.skip()?;
                        continue;
                    }
                },
                Event::Empty(tag) => {
                    match tag.local_name().as_ref() {
                        "c" => {
                            place(&tag, &mut self.row, &mut self.column)?;
                            self.column += 1;
                        }
                        "row" => (self.row, _) = row(&tag, self.row, &mut self.rows)?,
                        _ => {}
                    }
                    continue;
                }
                Event::End(tag) if tag.local_name().as_ref() == "sheetData" => return Ok(None),
                _ => continue,
            };
            let column = self.column;
            self.column += 1;
            self.text.clear();
            let is_formula = self.content(head.kind)?;
            if self.text.is_empty() && !is_formula {
                continue;
            }
            return Ok(Some(Cell {
                row: self.row,
                column,
                kind: head.kind,
                style: head.style,
                text: &self.text,
                is_formula,
                is_hidden: self.is_hidden,
            }));
        }
    }

    /// Reads the contents of the current cell; returns whether they are the result of a formula.
    fn content(&mut self, kind: Kind) -> Result<bool, ReadError> {
        enum Found {
            Value,
            Text,
            Formula { is_open: bool },
            Opened,
            Other,
        }
        const MAX_CELL_BYTES: u64 = 1024 * 1024;
        let began = self.xml.position();
        let mut is_formula = false;
        loop {
            let met = match self.xml.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "v" => Found::Value,
                    "is" => Found::Text,
                    "f" => Found::Formula { is_open: true },
                    _ => Found::Opened,
                },
                Event::Empty(tag) if tag.local_name().as_ref() == "f" => {
                    Found::Formula { is_open: false }
                }
                Event::End(_) => return Ok(is_formula),
                Event::Eof => return Err(Unreadable::Damaged.into()),
                _ => Found::Other,
            };
            match met {
                Found::Value => {
                    let start = self.text.len();
                    self.xml.text(&mut self.text, MAX_ROW_BYTES)?;
                    if kind == Kind::Text {
                        unescape(&mut self.text, start);
                    }
                }
                Found::Text => read_text(&mut self.xml, &mut self.text)?,
                Found::Formula { is_open } => {
                    is_formula = true;
                    if is_open {
                        self.xml.skip()?;
                    }
                }
                Found::Opened => self.xml.skip()?,
                Found::Other => {}
            }
            if self.xml.position() - began > MAX_CELL_BYTES {
                let message = "one cell has more than a mebibyte".to_owned();
                return Err(Unreadable::TooLarge(message).into());
            }
        }
    }
}

/// The position of a row, and whether it is hidden: its explicit number, or else the one after the
/// last. Rows without a position are counted, so that they can't exceed a sheet's limit.
fn row(tag: &BytesStart<'_>, before: u64, rows: &mut u64) -> Result<(u64, bool), ReadError> {
    let mut number = before + 1;
    let mut is_hidden = false;
    *rows += 1;
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Unreadable::Damaged)?;
        match attribute.key.as_ref() {
            "r" => number = attribute.value.parse().map_err(|_| Unreadable::Damaged)?,
            "hidden" => is_hidden = is_true(&attribute.value),
            _ => {}
        }
    }
    if !(1..=MAX_ROWS).contains(&number) || *rows > MAX_ROWS {
        return Err(Unreadable::Damaged.into());
    }
    Ok((number, is_hidden))
}

/// Moves to a cell's position: its explicit reference, or else the one after the last.
fn place(tag: &BytesStart<'_>, row: &mut u64, column: &mut usize) -> Result<Head, ReadError> {
    let mut head = Head {
        kind: Kind::Number,
        style: 0,
    };
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Unreadable::Damaged)?;
        let value = attribute.value.as_ref();
        match attribute.key.as_ref() {
            "r" => (*row, *column) = reference(value).ok_or(Unreadable::Damaged)?,
            // An unknown style counts as none.
            "s" => head.style = value.parse().unwrap_or(usize::MAX),
            "t" => {
                head.kind = match value {
                    "n" => Kind::Number,
                    "s" => Kind::Shared,
                    "b" => Kind::Truth,
                    "d" => Kind::Instant,
                    "e" => Kind::Error,
                    _ => Kind::Text,
                }
            }
            _ => {}
        }
    }
    if *column >= MAX_COLUMNS || *row == 0 {
        return Err(Unreadable::Damaged.into());
    }
    Ok(head)
}

/// `BC12` as row and column.
fn reference(text: &str) -> Option<(u64, usize)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, digits) = text.split_at_checked(letters)?;
    let mut column: usize = 0;
    for letter in letters.bytes() {
        let letter = usize::from(letter.to_ascii_uppercase() - b'A') + 1;
        column = column.checked_mul(26)?.checked_add(letter)?;
    }
    let row = digits
        .parse()
        .ok()
        .filter(|row| (1..=MAX_ROWS).contains(row))?;
    Some((row, column.checked_sub(1)?))
}
