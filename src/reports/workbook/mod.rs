//! A report as an Excel workbook (law T3), streamed.
//!
//! Here: the order of the workbook's parts. `rust_xlsxwriter` lays out everything but the messages
//! in memory ([`layout`]); the messages' rows go from the reader to the compressor one by one
//! ([`messages`]), as do those of a table ([`table`]). The number of sheets is known only at the
//! end, so the parts that name the sheets come last, from a second layout. Memory does not grow
//! with the messages, nothing is written to disk, and no ZIP64 is used. Not here: the CSV
//! ([`super::csv`]), and streaming to a client ([`super::stream`]).

mod archive;
mod layout;
mod messages;
mod package;
mod sheet;
mod statement;
mod strings;
mod style;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod timeline;
mod xml;

use std::{
    borrow::Borrow,
    io::{self, Write},
};

use self::{
    archive::MAX_BYTES,
    layout::{HEAD_PARTS, INDEX_PARTS, Layout, SHARED_STRINGS, part_of_messages},
    messages::{EXCEL_ROWS, Frame, RowWriter},
    package::{BLOCK_BYTES, Package, write_package},
    strings::SharedStrings,
};
pub use self::{
    statement::write_statement,
    table::{Form, Row, Table, write_table},
};
use super::file::{MessageRow, MessageSource, ReportFile, WriteError};
use crate::tuning::Tuned;

/// How a workbook is compressed.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// The compression level, from 1 (fast) to 9 (small).
    pub level: u32,
    /// Whether a second thread helps to compress.
    pub has_two_threads: bool,
}

/// The compression level. Level 3 makes files a seventh larger than those of rust_xlsxwriter, level
/// 4 hardly larger.
/// Measured: docs/measured.md, "Files".
static LEVEL: Tuned<u32> = Tuned::new("WORKBOOK_LEVEL", 4);

/// The measured level, on two threads.
impl Default for Effort {
    fn default() -> Self {
        Self {
            level: LEVEL.get(),
            has_two_threads: true,
        }
    }
}

/// Writes the report with all its messages as an xlsx file.
///
/// Like [`write_workbook_begun`], for a report that has already been read.
///
/// # Errors
///
/// See [`WriteError`].
pub fn write_workbook<W: Write, S: MessageSource>(
    out: W,
    report: &ReportFile,
    rows: S,
    effort: Effort,
) -> Result<(), WriteError<S::Error>> {
    write_workbook_begun(out, report, || Ok((report, rows)), effort)
}

/// Writes a workbook whose figures and messages are read after it has started.
///
/// Parts without figures are written and flushed before `content` is called; summary and timeline
/// are written and flushed before the first message is read. Messages continue on another sheet at
/// Excel's row limit. The figures in `about` are ignored.
///
/// # Errors
///
/// See [`WriteError`]. The file then lacks its index, so no program opens it as a complete
/// workbook.
pub fn write_workbook_begun<W: Write, R: Borrow<ReportFile>, S: MessageSource>(
    out: W,
    about: &ReportFile,
    content: impl FnOnce() -> Result<(R, S), S::Error>,
    effort: Effort,
) -> Result<(), WriteError<S::Error>> {
    write_within(out, about, content, (SheetLimits::EXCEL, effort))
}

/// The size at which a sheet of messages is full.
#[derive(Debug, Clone, Copy)]
struct SheetLimits {
    /// Rows, the header included.
    rows: u32,
    /// Bytes of uncompressed XML.
    bytes: u64,
}

impl SheetLimits {
    const EXCEL: Self = Self {
        rows: EXCEL_ROWS,
        bytes: MAX_BYTES,
    };
}

fn write_within<W: Write, R: Borrow<ReportFile>, S: MessageSource>(
    mut out: W,
    about: &ReportFile,
    content: impl FnOnce() -> Result<(R, S), S::Error>,
    (limits, effort): (SheetLimits, Effort),
) -> Result<(), WriteError<S::Error>> {
    let written = write_package(&mut out, effort, |package| {
        write_head(package, about)?;
        let (report, rows) = content().map_err(WriteError::Source)?;
        write_parts(package, report.borrow(), rows, limits)
    });
    written.map_err(|error| match error {
        WriteError::Output(cause) if cause.kind() == io::ErrorKind::FileTooLarge => {
            WriteError::TooLarge
        }
        error => error,
    })
}

/// Writes the parts that don't depend on the figures.
fn write_head<E>(package: &mut Package<'_>, about: &ReportFile) -> Result<(), WriteError<E>> {
    let mut head = Layout::without_figures(about)?;
    for name in HEAD_PARTS {
        package.put(name, &head.part(name)?)?;
    }
    Ok(package.flush()?)
}

fn write_parts<S: MessageSource>(
    package: &mut Package<'_>,
    report: &ReportFile,
    rows: S,
    limits: SheetLimits,
) -> Result<(), WriteError<S::Error>> {
    // The header is the first row.
    let mut layout = Layout::new(report, &[1])?;
    for name in layout.body_parts()? {
        package.put(&name, &layout.part(&name)?)?;
    }
    let unknown = || io::Error::other("a sheet's frame is unknown");
    let frame = Frame::parse(&layout.part(&part_of_messages(1))?).ok_or_else(unknown)?;
    let strings = SharedStrings::after(&layout.part(SHARED_STRINGS)?).ok_or_else(unknown)?;
    drop(layout);
    package.flush()?;

    let mut writer = frame.row_writer(report, strings);
    let last_rows = write_messages(package, rows, limits, (&frame, &mut writer))?;

    let mut layout = Layout::new(report, &last_rows)?;
    for name in INDEX_PARTS {
        let mut text = layout.part(name)?;
        if name == SHARED_STRINGS {
            text = writer.strings.appended(&text).ok_or_else(unknown)?;
        }
        package.put(name, &text)?;
    }
    Ok(())
}

/// Writes the sheets of messages, at least one. Returns the last row of each, counted from 1.
fn write_messages<S: MessageSource>(
    package: &mut Package<'_>,
    mut rows: S,
    limits: SheetLimits,
    (frame, writer): (&Frame, &mut RowWriter),
) -> Result<Vec<u32>, WriteError<S::Error>> {
    let mut last_rows = Vec::new();
    let mut sheet = Sheet::begin(package, frame, 1)?;
    while let Some(row) = rows.next_row().map_err(WriteError::Source)? {
        if sheet.is_full(limits) {
            last_rows.push(sheet.end(package, frame)?);
            sheet = Sheet::begin(package, frame, last_rows.len() + 1)?;
        }
        sheet.push(package, writer, &row)?;
    }
    last_rows.push(sheet.end(package, frame)?);
    Ok(last_rows)
}

/// The sheet of messages that is being written.
struct Sheet {
    last_row: u32,
    /// Bytes of XML that were passed to the compressor.
    bytes: u64,
    pending: Vec<u8>,
}

impl Sheet {
    fn begin(package: &mut Package<'_>, frame: &Frame, number: usize) -> io::Result<Self> {
        package.start(&part_of_messages(number))?;
        let mut pending = Vec::with_capacity(BLOCK_BYTES.get() + BLOCK_BYTES.get() / 8);
        pending.extend_from_slice(frame.head.as_bytes());
        Ok(Self {
            last_row: 1,
            bytes: 0,
            pending,
        })
    }

    fn is_full(&self, limits: SheetLimits) -> bool {
        self.last_row >= limits.rows || self.bytes + self.pending.len() as u64 >= limits.bytes
    }

    fn push(
        &mut self,
        package: &mut Package<'_>,
        writer: &mut RowWriter,
        row: &MessageRow<'_>,
    ) -> io::Result<()> {
        self.last_row += 1;
        writer.push_row(&mut self.pending, self.last_row, row);
        if self.pending.len() >= BLOCK_BYTES.get() {
            self.compress(package)?;
        }
        Ok(())
    }

    fn end(mut self, package: &mut Package<'_>, frame: &Frame) -> io::Result<u32> {
        let tail = frame.tail(self.last_row);
        self.pending.extend_from_slice(tail.as_bytes());
        self.compress(package)?;
        Ok(self.last_row)
    }

    fn compress(&mut self, package: &mut Package<'_>) -> io::Result<()> {
        self.bytes += self.pending.len() as u64;
        self.pending = package.write(std::mem::take(&mut self.pending))?;
        Ok(())
    }
}
