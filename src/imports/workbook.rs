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
    Entry, MAX_COLUMNS, MAX_ROW_BYTES, ReadError, RefusedRow, Taker, Unreadable,
    columns::{Cells, Columns},
    csv::entry,
    shown,
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

pub(super) fn read(file: File, taker: &mut dyn Taker) -> Result<(), ReadError> {
    read_within(BOUNDS, file, taker)
}

pub(super) fn read_within(
    bounds: Bounds,
    file: File,
    taker: &mut dyn Taker,
) -> Result<(), ReadError> {
    let mut archive = Archive::open(file)?;
    refuse_other_kinds(&archive)?;
    let book = Book::of(&mut archive)?;
    weigh(bounds, &mut archive, &book.sheet)?;
    let styles = match &book.styles {
        Some(name) => open(&mut archive, name, MAX_PART_BYTES)?.map(Styles::read),
        None => None,
    };
    let styles = styles.transpose()?.unwrap_or_default();
    let texts = match &book.texts {
        Some(name) => open(&mut archive, name, texts::MAX_BYTES)?.map(Texts::read),
        None => None,
    };
    let mut texts = texts.unwrap_or_else(Texts::none)?;
    let sheet = open(&mut archive, &book.sheet, bounds.bytes)?;
    let mut sheet = Sheet::of(sheet.ok_or(Unreadable::Damaged)?);
    let mut rows = Rows {
        taker,
        columns: None,
        row: Row::default(),
        styles,
        from_1904: book.from_1904,
    };
    while let Some(cell) = sheet.next()? {
        if cell.row != rows.row.line && rows.end_row()?.is_break() {
            return Ok(());
        }
        rows.row.line = cell.row;
        rows.add(cell, &mut texts)?;
    }
    if rows.end_row()?.is_continue() && rows.columns.is_none() {
        return Err(Unreadable::Empty.into());
    }
    Ok(())
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
    taker: &'a mut dyn Taker,
    /// Known once the first row was read.
    columns: Option<Columns>,
    row: Row,
    styles: Styles,
    from_1904: bool,
}

impl Rows<'_> {
    /// Hands over the row that was gathered and begins another.
    fn end_row(&mut self) -> Result<ControlFlow<()>, ReadError> {
        let row = &self.row;
        let cells = Cells::new(&row.text, &row.ends);
        let flow = match &self.columns {
            _ if cells.is_blank() && !row.too_long && !row.is_uncomputed => {
                ControlFlow::Continue(())
            }
            None if row.too_long => return Err(Unreadable::Header(too_long()).into()),
            None => {
                self.columns = Some(Columns::of(cells)?);
                self.taker.opened()
            }
            Some(_) if row.too_long => self.taker.take(Entry::Refused(RefusedRow {
                line: row.line,
                value: shown(&row.text),
                reason: too_long().into(),
            })),
            Some(columns) if row.is_uncomputed => self.taker.take(Entry::Refused(RefusedRow {
                line: row.line,
                value: columns.shown(cells),
                reason: UNCOMPUTED.into(),
            })),
            Some(columns) => self.taker.take(entry(columns, row.line, cells)),
        };
        self.row.clear();
        Ok(flow)
    }

    /// Adds a cell as it is shown.
    fn add(&mut self, cell: Cell<'_>, texts: &mut Texts) -> Result<(), ReadError> {
        // A formula whose result is an empty text says that it is a text.
        if cell.is_formula && cell.text.is_empty() && cell.kind == Kind::Number {
            let columns = self.columns.as_ref();
            self.row.is_uncomputed |= columns.is_some_and(|columns| columns.is_number(cell.column));
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
                    let columns = self.columns.as_ref();
                    let context = Context {
                        from_1904: self.from_1904,
                        is_number: columns.is_some_and(|columns| columns.is_number(cell.column)),
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

/// Programs that write formulas without computing them leave their cells empty.
const UNCOMPUTED: &str =
    "The cell holds a formula that was not computed; open the file in Excel and save it.";

fn too_long() -> String {
    format!("The row has more than {MAX_ROW_BYTES} bytes or {MAX_CELLS} cells.")
}

#[derive(Debug, Default)]
struct Row {
    line: u64,
    text: String,
    ends: Vec<usize>,
    too_long: bool,
    /// Its number is a formula without a result.
    is_uncomputed: bool,
}

impl Row {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.too_long = false;
        self.is_uncomputed = false;
    }

    /// Goes to a column; whether a cell there is read.
    fn begin(&mut self, column: usize) -> bool {
        if column >= MAX_CELLS || self.text.len() > MAX_ROW_BYTES {
            self.too_long = true;
            return false;
        }
        // Cells come in order; a second one in a place would not be shown by Excel either.
        if column < self.ends.len() {
            return false;
        }
        self.ends.resize(column, self.text.len());
        true
    }

    fn end(&mut self) {
        self.ends.push(self.text.len());
    }

    fn push(&mut self, text: &str) {
        if text.len() > MAX_ROW_BYTES {
            self.too_long = true;
        } else {
            self.text.push_str(text);
        }
    }
}
