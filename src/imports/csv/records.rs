//! Rows of a delimited text.
//!
//! Here: cells by RFC 4180, the ends of rows, and misplaced quotation marks. Lines end with CRLF,
//! LF or CR; a quoted cell may contain any of them, and spaces around the quotation marks are
//! ignored. Not here: the contents of cells.
//!
//! **A misplaced quotation mark costs its own row and no other.** A mark inside an unquoted cell,
//! text after a closing mark, and a quotation that does not end within the longest row: the row is
//! refused, and reading continues at the next line. If a quotation is well-formed, but at least two
//! lines of its row look like rows of the file (as many cells, one of them a phone number), it
//! began or ended by mistake: neither the row nor the lines are imported, and each is reported.

use std::borrow::Cow;

use super::lines::{Lines, end_length};
use crate::imports::{
    MAX_ROW_BYTES, ReadError, RowCode, RowFault, cell_shape,
    cells::{Cells, Row, Span},
};

/// Cells of one row, those beyond the header's included: a spreadsheet may have written empty ones.
const MAX_CELLS: usize = 1_024;
/// How much of an unreadable row is kept for display, in bytes; the taker truncates it further.
const SHOWN_BYTES: usize = 1_024;

/// The rows of a text, in order.
pub(super) struct Records {
    lines: Lines,
    delimiter: u8,
    /// The number of cells in the first row.
    width: Option<usize>,
    /// The text of cells after unquoting.
    unquoted: Vec<u8>,
    spans: Vec<Span>,
    /// Lines inside a quotation that look like rows, in reverse order.
    swallowed: Vec<(u64, String)>,
    /// The line on which that quotation began.
    swallowed_by: u64,
    /// The line for display.
    shown: String,
}

/// What is wrong with a row.
enum Fault {
    /// It has too many bytes or cells.
    TooLong,
    /// A quotation mark inside an unquoted cell.
    MarkInside,
    /// Text after a closing quotation mark.
    TextBehind,
    /// A quotation that does not end.
    Open,
}

impl Fault {
    fn code(&self) -> RowCode {
        match self {
            Self::TooLong => RowCode::TooLong,
            Self::MarkInside | Self::TextBehind | Self::Open => RowCode::MalformedRow,
        }
    }

    fn reason(&self) -> Cow<'static, str> {
        match self {
            Self::TooLong => text!("The row has more than {bytes} bytes or {cells} cells.", bytes = MAX_ROW_BYTES, cells = MAX_CELLS).english().into(),
            Self::MarkInside => written!("A cell contains an unescaped quotation mark. Put the whole cell into quotation marks, and double the one inside.").into(),
            Self::TextBehind => written!("Text follows a closing quotation mark. Double each quotation mark inside a cell.").into(),
            Self::Open => text!("A quotation mark in this row is not closed within {limit} bytes.", limit = MAX_ROW_BYTES).english().into(),
        }
    }
}

/// The length of a row.
struct Extent {
    bytes: usize,
    lines: u64,
}

impl Records {
    /// The rows from here on.
    pub fn of(lines: Lines, delimiter: u8) -> Self {
        Self {
            lines,
            delimiter,
            width: None,
            unquoted: Vec::new(),
            spans: Vec::new(),
            swallowed: Vec::new(),
            swallowed_by: 0,
            shown: String::new(),
        }
    }

    /// The next row; `None` at the end of the text.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        if let Some((line, text)) = self.swallowed.pop() {
            let message = text!("The line is inside a quoted cell that begins in line {line}; check the quotation marks there.", line = self.swallowed_by).english();
            self.shown = text;
            let fault = RowFault::new(RowCode::MalformedRow, message);
            return Ok(Some(self.refused(line, fault)));
        }
        loop {
            if !self.lines.fill()? {
                return Ok(None);
            }
            let end = end_length(self.lines.ahead(), 0);
            if end == 0 {
                break;
            }
            self.lines.pass(end, 1);
        }
        let line = self.lines.line();
        let ahead = self.lines.ahead();
        let seen = ahead.get(..=MAX_ROW_BYTES).unwrap_or(ahead);
        let end = memchr::memchr2(b'\n', b'\r', seen);
        let first_line = seen.get(..end.unwrap_or(seen.len())).unwrap_or_default();
        let is_whole = end.is_some() || seen.len() == ahead.len();
        if memchr::memchr(b'"', first_line).is_some() {
            return self.quoted(line, is_whole).map(Some);
        }
        if !is_whole {
            return self.faulty(line, &Fault::TooLong, is_whole).map(Some);
        }
        // Nearly all rows.
        self.spans.clear();
        let mut start = 0;
        for at in memchr::memchr_iter(self.delimiter, first_line) {
            self.spans.push(Span { start, end: at });
            start = at + 1;
        }
        let bytes = first_line.len();
        self.spans.push(Span { start, end: bytes });
        if self.spans.len() > MAX_CELLS {
            return self.faulty(line, &Fault::TooLong, is_whole).map(Some);
        }
        self.width.get_or_insert(self.spans.len());
        let with_end = bytes + end_length(ahead, bytes);
        let passed = self.lines.pass(with_end, 1);
        let text = as_text(passed.get(..bytes).unwrap_or_default());
        Ok(Some(Row {
            line,
            cells: Cells::new(text, &self.spans),
            fault: None,
            uncomputed: &[],
        }))
    }

    /// A row whose first line contains a quotation mark.
    fn quoted(&mut self, line: u64, is_whole: bool) -> Result<Row<'_>, ReadError> {
        let extent = match self.cut() {
            Ok(extent) => extent,
            Err(fault) => return self.faulty(line, &fault, is_whole),
        };
        self.width.get_or_insert(self.spans.len());
        let ahead = self.lines.ahead();
        let raw = ahead.get(..extent.bytes).unwrap_or_default();
        if extent.lines > 1 {
            self.swallowed = inner_rows(raw, self.delimiter, self.width, line);
            self.swallowed.reverse();
        }
        if !self.swallowed.is_empty() {
            self.swallowed_by = line;
            self.shown = beginning(raw);
            self.lines.pass(extent.bytes, extent.lines);
            let last = self.lines.line() - 1;
            let message = text!("A quoted cell of this row ends in line {last}, after lines that look like rows of their own; check the quotation marks.", last = last).english();
            let fault = RowFault::new(RowCode::MalformedRow, message);
            return Ok(self.refused(line, fault));
        }
        self.lines.pass(extent.bytes, extent.lines);
        Ok(Row {
            line,
            cells: Cells::new(as_text(&self.unquoted), &self.spans),
            fault: None,
            uncomputed: &[],
        })
    }

    /// Cuts the row that begins here into unquoted cells.
    fn cut(&mut self) -> Result<Extent, Fault> {
        let ahead = self.lines.ahead();
        let seen = ahead.get(..=MAX_ROW_BYTES).unwrap_or(ahead);
        let ends_here = seen.len() == ahead.len();
        self.unquoted.clear();
        self.spans.clear();
        let mut at = 0;
        loop {
            let start = self.unquoted.len();
            at += spaces(seen, at, self.delimiter);
            if seen.get(at) == Some(&b'"') {
                at = quotation(seen, at + 1, &mut self.unquoted).ok_or(Fault::Open)?;
                at += spaces(seen, at, self.delimiter);
                let is_end = match seen.get(at) {
                    None if ends_here => true,
                    None => return Err(Fault::TooLong),
                    Some(byte) => *byte == self.delimiter || matches!(byte, b'\r' | b'\n'),
                };
                if !is_end {
                    return Err(Fault::TextBehind);
                }
            } else {
                let rest = seen.get(at..).unwrap_or_default();
                let length = match memchr::memchr3(self.delimiter, b'\n', b'\r', rest) {
                    Some(length) => length,
                    None if ends_here => rest.len(),
                    None => return Err(Fault::TooLong),
                };
                let cell = rest.get(..length).unwrap_or_default();
                if memchr::memchr(b'"', cell).is_some() {
                    return Err(Fault::MarkInside);
                }
                self.unquoted.extend_from_slice(cell);
                at += length;
            }
            let end = self.unquoted.len();
            self.spans.push(Span { start, end });
            if self.spans.len() > MAX_CELLS {
                return Err(Fault::TooLong);
            }
            if seen.get(at) == Some(&self.delimiter) {
                at += 1;
            } else {
                break;
            }
        }
        let bytes = at + end_length(ahead, at);
        let row = seen.get(..at).unwrap_or_default();
        let lines = 1 + ends(row).count() as u64;
        Ok(Extent { bytes, lines })
    }

    /// A malformed row: its first line is skipped, and reading continues after it.
    fn faulty(&mut self, line: u64, fault: &Fault, is_whole: bool) -> Result<Row<'_>, ReadError> {
        let fault = if is_whole { fault } else { &Fault::TooLong };
        let fault = RowFault::new(fault.code(), fault.reason());
        self.shown = beginning(self.lines.ahead());
        self.lines.skip()?;
        Ok(self.refused(line, fault))
    }

    /// A refused row with only `shown` to display.
    fn refused(&mut self, line: u64, fault: RowFault) -> Row<'_> {
        self.spans.clear();
        self.spans.push(Span {
            start: 0,
            end: self.shown.len(),
        });
        Row {
            line,
            cells: Cells::new(&self.shown, &self.spans),
            fault: Some(fault),
            uncomputed: &[],
        }
    }
}

/// Reads a quotation from after its opening mark; returns the position after its closing mark.
fn quotation(text: &[u8], mut at: usize, unquoted: &mut Vec<u8>) -> Option<usize> {
    loop {
        let rest = text.get(at..)?;
        let mark = memchr::memchr(b'"', rest)?;
        unquoted.extend_from_slice(rest.get(..mark)?);
        at += mark + 1;
        if text.get(at) != Some(&b'"') {
            return Some(at);
        }
        unquoted.push(b'"');
        at += 1;
    }
}

/// The number of spaces at a position; a tab is not one if it is the delimiter.
fn spaces(text: &[u8], at: usize, delimiter: u8) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let is_space = |byte: &&u8| matches!(**byte, b' ' | b'\t') && **byte != delimiter;
    rest.iter().take_while(is_space).count()
}

/// The positions of line endings in a text.
fn ends(text: &[u8]) -> impl Iterator<Item = usize> {
    let ends = memchr::memchr2_iter(b'\n', b'\r', text);
    // CRLF counts at its LF.
    ends.filter(|at| text.get(*at..*at + 2) != Some(b"\r\n"))
}

/// The lines of a row after its first that look like rows of their own, with their numbers. A
/// single such line is the row's own beginning or end; two are two rows.
fn inner_rows(row: &[u8], delimiter: u8, width: Option<usize>, first: u64) -> Vec<(u64, String)> {
    let looks_like_row = |text: &[u8]| {
        let cells = || text.split(|byte| *byte == delimiter);
        let is_number = |cell: &[u8]| {
            let cell = cell.trim_ascii();
            let cell = cell.strip_prefix(b"\"").unwrap_or(cell);
            let cell = cell.strip_suffix(b"\"").unwrap_or(cell);
            std::str::from_utf8(cell).is_ok_and(cell_shape::is_number)
        };
        Some(cells().count()) == width && cells().any(is_number)
    };
    let mut start = 0;
    let stops = ends(row).chain([row.len()]);
    let lines = (first..).zip(stops).map(|(line, end)| {
        let text = row.get(start..end).unwrap_or_default();
        start = end + 1;
        (line, text)
    });
    let mut rows: Vec<(u64, &[u8])> = lines.filter(|(_, text)| looks_like_row(text)).collect();
    if rows.len() < 2 {
        return Vec::new();
    }
    rows.retain(|(line, _)| *line > first);
    let rows = rows.into_iter();
    rows.map(|(line, text)| (line, beginning(text))).collect()
}

/// The part of a row for display: the beginning of its first line.
fn beginning(row: &[u8]) -> String {
    let row = row.get(..SHOWN_BYTES).unwrap_or(row);
    let end = memchr::memchr2(b'\n', b'\r', row).unwrap_or(row.len());
    let line = row.get(..end).unwrap_or_default();
    let text = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    text.to_owned()
}

/// The text is UTF-8 and cells are cut at ASCII characters only.
fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
