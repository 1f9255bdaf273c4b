//! Excel workbooks (.xlsx): one sheet, cell by cell.
//!
//! Here: choosing the parts to read, limiting their total unpacked size, and turning cells into
//! rows. The sheet is the one that Excel shows when it opens the workbook; if that can't be read,
//! the first visible one. Cells are read as displayed: with their number format and fifteen
//! significant digits, dates as `2026-11-22`, times as `08:30:00`, booleans as `true` and `false`;
//! errors count as empty. Formulas count as their last result. Not here: the meaning of rows.
//!
//! Memory does not grow with a workbook's unpacked size, whatever it contains:
//! docs/decisions/reading-workbooks.md.

mod archive;
mod book;
mod decimal;
mod moment;
mod number_format;
mod sheet;
mod styles;
mod texts;
mod xml;

use std::{fs::File, io::Read, ops::ControlFlow};

use self::{
    archive::Archive,
    book::Book,
    number_format::Context,
    sheet::{Cell, Kind, Sheet},
    styles::Styles,
    texts::Texts,
    xml::Xml,
};
use super::{
    MAX_COLUMNS, MAX_ROW_BYTES, ReadError, RowCode, RowFault, Unreadable, Warning,
    cells::{Cells, Row, Span},
    intake::{Ended, Sink},
};

const MIB: u64 = 1024 * 1024;
/// Cells of one row: further columns are not read, and the row is refused if they hold anything.
const MAX_CELLS: usize = 10 * MAX_COLUMNS;
/// Limits of a sheet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Its unpacked size.
    pub bytes: u64,
    /// Its tags of any kind.
    pub tags: usize,
}

/// A sheet of a million rows and ten columns has half of these bytes. A cell with a value has four
/// tags, so a million rows fit with 25 columns.
const BOUNDS: Bounds = Bounds {
    bytes: 1024 * MIB,
    tags: 110_000_000,
};
/// Any other part except the shared texts. Styles at Excel's own limits have half of it.
const MAX_PART_BYTES: u64 = 32 * MIB;

/// The sheet of a preview: its first rows are within these limits, unless it was made to exceed
/// them.
const PREVIEW_BOUNDS: Bounds = Bounds {
    bytes: 32 * MIB,
    tags: usize::MAX,
};

/// Passes every row of a workbook's sheet to a sink, until it stops.
pub(super) fn read(file: File, sink: &mut dyn Sink) -> Result<Ended, ReadError> {
    read_within(BOUNDS, file, sink)
}

pub(super) fn read_within(
    bounds: Bounds,
    file: File,
    sink: &mut dyn Sink,
) -> Result<Ended, ReadError> {
    let mut archive = Archive::open(file)?;
    refuse_other_kinds(&archive)?;
    let book = Book::of(&mut archive)?;
    check_bounds(bounds, &mut archive, &book.sheet)?;
    read_sheet(bounds, &mut archive, &book, sink)
}

/// Passes rows of a workbook's sheet to a sink that takes only the first ones; returns the sheet's
/// name.
pub(super) fn read_beginning(file: File, sink: &mut dyn Sink) -> Result<String, ReadError> {
    let mut archive = Archive::open(file)?;
    refuse_other_kinds(&archive)?;
    let book = Book::of(&mut archive)?;
    read_sheet(PREVIEW_BOUNDS, &mut archive, &book, sink)?;
    Ok(book.sheet_name)
}

fn read_sheet(
    bounds: Bounds,
    archive: &mut Archive,
    book: &Book,
    sink: &mut dyn Sink,
) -> Result<Ended, ReadError> {
    let styles = match &book.styles {
        Some(name) => open(archive, name, MAX_PART_BYTES)?.map(Styles::read),
        None => None,
    };
    let styles = styles.transpose()?.unwrap_or_default();
    let texts = match &book.texts {
        Some(name) => open(archive, name, texts::MAX_BYTES)?.map(Texts::read),
        None => None,
    };
    let mut texts = texts.unwrap_or_else(Texts::none)?;
    let sheet = open(archive, &book.sheet, bounds.bytes)?;
    let mut sheet = Sheet::of(sheet.ok_or(Unreadable::Damaged)?);
    let mut rows = Rows {
        sink,
        row: RowBuffer::default(),
        styles,
        from_1904: book.from_1904,
        rows: 0,
        hidden: 0,
    };
    while let Some(cell) = sheet.next()? {
        if cell.row != rows.row.line && rows.end_row()?.is_break() {
            return Ok(Ended::BrokenOff);
        }
        rows.row.line = cell.row;
        rows.row.is_hidden = cell.is_hidden;
        rows.add(cell, &mut texts)?;
    }
    if rows.end_row()?.is_break() {
        return Ok(Ended::BrokenOff);
    }
    Ok(Ended::Whole(rows.hidden_rows()))
}

fn open<'a>(
    archive: &'a mut Archive,
    name: &str,
    most_bytes: u64,
) -> Result<Option<Xml<archive::Part<'a>>>, ReadError> {
    let part = archive.part(name)?;
    Ok(part.map(|part| Xml::new(part, name, most_bytes)))
}

/// Reads the sheet once without using it, and refuses one that is too large or damaged before any
/// of its rows is imported.
fn check_bounds(bounds: Bounds, archive: &mut Archive, name: &str) -> Result<(), ReadError> {
    let too_many = || {
        let most = bounds.bytes / MIB;
        ReadError::from(Unreadable::TooLarge(format!(
            "its sheet has more than {most} MiB"
        )))
    };
    // Most directories are honest.
    if archive.promised_bytes(name) > bounds.bytes {
        return Err(too_many());
    }
    let mut part = archive.part(name)?.ok_or(Unreadable::NoSheet)?;
    let mut block = vec![0; 64 * 1024];
    let (mut bytes, mut tags) = (0, 0);
    loop {
        let read = part.read(&mut block).map_err(xml::of_part)?;
        if read == 0 {
            return Ok(());
        }
        bytes += read as u64;
        tags += memchr::memchr_iter(b'<', block.get(..read).unwrap_or_default()).count();
        if bytes > bounds.bytes {
            return Err(too_many());
        }
        if tags > bounds.tags {
            let most = bounds.tags / 1_000_000;
            let message = format!("its sheet has more than {most} million tags; a cell has four");
            return Err(Unreadable::TooLarge(message).into());
        }
    }
}

/// Detects other zip-based formats by the names of their parts.
fn refuse_other_kinds(archive: &Archive) -> Result<(), ReadError> {
    if archive.has("xl/workbook.bin") {
        return Err(Unreadable::OtherWorkbook("a binary workbook (.xlsb)").into());
    }
    if archive.has("content.xml") && archive.has("meta-inf/manifest.xml") {
        return Err(Unreadable::OtherWorkbook("an OpenDocument file").into());
    }
    if !archive.has("[content_types].xml") || !archive.names().any(|name| name.starts_with("xl/")) {
        return Err(Unreadable::Other("a zip archive without a workbook").into());
    }
    Ok(())
}

struct Rows<'a> {
    sink: &'a mut dyn Sink,
    row: RowBuffer,
    styles: Styles,
    from_1904: bool,
    /// Rows passed on, and how many of them below the first are hidden.
    rows: u64,
    hidden: u64,
}

impl Rows<'_> {
    /// Passes on the current row and begins another.
    fn end_row(&mut self) -> Result<ControlFlow<()>, ReadError> {
        let row = Row {
            line: self.row.line,
            cells: Cells::new(&self.row.text, &self.row.spans),
            fault: self
                .row
                .too_long
                .then(|| RowFault::new(RowCode::TooLong, too_long())),
            uncomputed: &self.row.uncomputed,
        };
        let mut flow = ControlFlow::Continue(());
        if !row.is_blank() {
            self.hidden += u64::from(self.row.is_hidden && self.rows > 0);
            self.rows += 1;
            flow = self.sink.row(&row)?;
        }
        self.row.clear();
        Ok(flow)
    }

    /// Counts hidden rows: users may not have meant to import what they don't see.
    fn hidden_rows(&self) -> Option<Warning> {
        let reason = match self.hidden {
            0 => return None,
            1 => {
                written!("One row is hidden, by a filter or by hand; it was read like the others.")
                    .into()
            }
            many => format!(
                "{many} rows are hidden, by a filter or by hand; they were read like the others."
            )
            .into(),
        };
        Some(Warning {
            line: None,
            column: None,
            reason,
        })
    }

    /// Adds a cell as displayed.
    fn add(&mut self, cell: Cell<'_>, texts: &mut Texts) -> Result<(), ReadError> {
        // A computed formula with an empty result has the type of a text.
        if cell.is_formula && cell.text.is_empty() && cell.kind == Kind::Number {
            self.row.uncomputed(cell.column);
            return Ok(());
        }
        if cell.kind == Kind::Error || cell.text.is_empty() || !self.row.begin(cell.column) {
            return Ok(());
        }
        match cell.kind {
            Kind::Shared => {
                let index = cell.text.trim().parse().map_err(|_| Unreadable::Damaged)?;
                let text = texts.get(index)?.ok_or(Unreadable::Damaged)?;
                self.row.push(text);
            }
            Kind::Number => match number(cell.text) {
                Some(value) => {
                    let context = Context {
                        from_1904: self.from_1904,
                        is_number: self.sink.is_number(cell.column),
                    };
                    let format = self.styles.format(cell.style);
                    format.write(&mut self.row.text, value, context);
                }
                // Some programs omit the type of text cells.
                None => self.row.push(cell.text),
            },
            Kind::Truth => self.row.push(if xml::is_true(cell.text.trim()) {
                "true"
            } else {
                "false"
            }),
            Kind::Instant if cell.text.len() <= MAX_ROW_BYTES => {
                moment::write_iso(&mut self.row.text, cell.text);
            }
            Kind::Text | Kind::Instant | Kind::Error => self.row.push(cell.text),
        }
        self.row.end();
        Ok(())
    }
}

/// The number in a cell; `None` if it isn't a finite one.
fn number(text: &str) -> Option<f64> {
    let value = text.trim().parse::<f64>().ok();
    value.filter(|value| value.is_finite())
}

fn too_long() -> String {
    text!(
        "The row has more than {bytes} bytes or {cells} cells.",
        bytes = MAX_ROW_BYTES,
        cells = MAX_CELLS
    )
    .english()
}

/// The row that is being read.
#[derive(Debug, Default)]
struct RowBuffer {
    line: u64,
    text: String,
    spans: Vec<Span>,
    too_long: bool,
    is_hidden: bool,
    /// Columns with a formula that has no result.
    uncomputed: Vec<usize>,
}

impl RowBuffer {
    fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.too_long = false;
        self.uncomputed.clear();
    }

    /// Moves to a column; returns whether a cell there is read.
    fn begin(&mut self, column: usize) -> bool {
        if column >= MAX_CELLS || self.text.len() > MAX_ROW_BYTES {
            self.too_long = true;
            return false;
        }
        // Cells are in order; Excel would not display a second one in the same place either.
        if column < self.spans.len() {
            return false;
        }
        let at = self.text.len();
        self.spans.resize(column, Span { start: at, end: at });
        self.spans.push(Span { start: at, end: at });
        true
    }

    /// Ends the current cell.
    fn end(&mut self) {
        let end = self.text.len();
        if let Some(span) = self.spans.last_mut() {
            span.end = end;
        }
    }

    /// Records a formula without a result, if its column is read.
    fn uncomputed(&mut self, column: usize) {
        if column < MAX_CELLS && !self.uncomputed.contains(&column) {
            self.uncomputed.push(column);
        }
    }

    fn push(&mut self, text: &str) {
        if text.len() > MAX_ROW_BYTES {
            self.too_long = true;
        } else {
            self.text.push_str(text);
        }
    }
}
