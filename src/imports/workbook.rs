//! Excel workbooks (.xlsx): one sheet, cell by cell.
//!
//! Here: which parts are read and what they may unpack to together, and how cells become rows. The sheet is the one
//! that is before one's eyes when the workbook is opened; if that can't be read, the first that is visible. A cell is
//! read as it is shown: by its number format, with fifteen significant digits, days as `2026-11-22` and times as
//! `08:30:00`, truth as `true` and `false`; an error is as good as an empty cell. Of a formula the last result counts.
//! Not here: what a row says.
//!
//! Memory does not grow with what a workbook unpacks to, whatever it holds: docs/decisions/reading-workbooks.md.

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
    MAX_COLUMNS, MAX_ROW_BYTES, ReadError, Unreadable, Warning,
    cells::{Cells, Row, Span},
    intake::{Ended, Sink},
};

const MIB: u64 = 1024 * 1024;
/// Cells of one row: those beyond hold nothing that is read, and are refused where they hold anything.
const MAX_CELLS: usize = 10 * MAX_COLUMNS;
/// How much work a sheet may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// What it unpacks to.
    pub bytes: u64,
    /// Its tags, whatever they are.
    pub tags: usize,
}

/// A sheet of a million rows and ten columns comes to half of the bytes. A cell with a value has four tags, so that a
/// million rows fit with 25 columns.
const BOUNDS: Bounds = Bounds {
    bytes: 1024 * MIB,
    tags: 110_000_000,
};
/// Any other part, but for the shared texts. Styles at Excel's own limits come to half of it.
const MAX_PART_BYTES: u64 = 32 * MIB;

/// The sheet of a preview: its first rows are within it, unless somebody made it to be none.
const PREVIEW_BOUNDS: Bounds = Bounds {
    bytes: 32 * MIB,
    tags: usize::MAX,
};

/// Hands every row of a workbook's sheet to a sink, until it breaks off.
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
    weigh(bounds, &mut archive, &book.sheet)?;
    read_sheet(bounds, &mut archive, &book, sink)
}

/// Hands rows of a workbook's sheet to a sink that takes only the first ones; what the sheet is called.
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
        row: Gathered::default(),
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

/// Unpacks the sheet into nothing, and refuses what would be too much to read or is damaged, before anything of it
/// comes in.
fn weigh(bounds: Bounds, archive: &mut Archive, name: &str) -> Result<(), ReadError> {
    let too_many = || {
        let most = bounds.bytes / MIB;
        ReadError::from(Unreadable::TooLarge(format!(
            "its sheet has more than {most} MiB"
        )))
    };
    // Most say the truth.
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
            let told =
                format!("its sheet has more than {most} million tags, four of which make a cell");
            return Err(Unreadable::TooLarge(told).into());
        }
    }
}

/// A zip may be anything. What holds a workbook says so by the names of its parts.
fn refuse_other_kinds(archive: &Archive) -> Result<(), ReadError> {
    if archive.has("xl/workbook.bin") {
        return Err(Unreadable::OtherWorkbook("a binary workbook (.xlsb)").into());
    }
    if archive.has("content.xml") && archive.has("meta-inf/manifest.xml") {
        return Err(Unreadable::OtherWorkbook("an OpenDocument file").into());
    }
    if !archive.has("[content_types].xml") || !archive.names().any(|name| name.starts_with("xl/")) {
        return Err(Unreadable::Other("a zip file that is no workbook").into());
    }
    Ok(())
}

struct Rows<'a> {
    sink: &'a mut dyn Sink,
    row: Gathered,
    styles: Styles,
    from_1904: bool,
    /// Rows that were handed over, and those of them below the first that are hidden.
    rows: u64,
    hidden: u64,
}

impl Rows<'_> {
    /// Hands over the row that was gathered and begins another.
    fn end_row(&mut self) -> Result<ControlFlow<()>, ReadError> {
        let row = Row {
            line: self.row.line,
            cells: Cells::new(&self.row.text, &self.row.spans),
            fault: self.row.too_long.then(|| too_long().into()),
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

    /// Says how many rows one may not have meant to import, since one does not see them.
    fn hidden_rows(&self) -> Option<Warning> {
        let reason = match self.hidden {
            0 => return None,
            1 => "One row is hidden, by a filter or by hand; it was read like the others.".into(),
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

    /// Adds a cell as it is shown.
    fn add(&mut self, cell: Cell<'_>, texts: &mut Texts) -> Result<(), ReadError> {
        // A formula whose result is an empty text says that it is a text.
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
                // Some programs leave out that it is a text.
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

/// The number that stands in a cell; none for what is no finite one.
fn number(text: &str) -> Option<f64> {
    let value = text.trim().parse::<f64>().ok();
    value.filter(|value| value.is_finite())
}

fn too_long() -> String {
    format!("The row has more than {MAX_ROW_BYTES} bytes or {MAX_CELLS} cells.")
}

/// A row that is being gathered.
#[derive(Debug, Default)]
struct Gathered {
    line: u64,
    text: String,
    spans: Vec<Span>,
    too_long: bool,
    is_hidden: bool,
    /// Columns with a formula that has no result.
    uncomputed: Vec<usize>,
}

impl Gathered {
    fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.too_long = false;
        self.uncomputed.clear();
    }

    /// Goes to a column; whether a cell there is read.
    fn begin(&mut self, column: usize) -> bool {
        if column >= MAX_CELLS || self.text.len() > MAX_ROW_BYTES {
            self.too_long = true;
            return false;
        }
        // Cells come in order; a second one in a place would not be shown by Excel either.
        if column < self.spans.len() {
            return false;
        }
        let at = self.text.len();
        self.spans.resize(column, Span { start: at, end: at });
        self.spans.push(Span { start: at, end: at });
        true
    }

    /// The cell that was begun ends here.
    fn end(&mut self) {
        let end = self.text.len();
        if let Some(span) = self.spans.last_mut() {
            span.end = end;
        }
    }

    /// Notes a formula that has no result, if its column is one that is read.
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
