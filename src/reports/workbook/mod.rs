//! A report as an Excel workbook, streamed.
//!
//! Everything but the messages is laid out by `rust_xlsxwriter` in memory ([`layout`]); the messages'
//! rows go from the reader to the compressor one by one ([`messages`]). How many sheets they fill is
//! known only at the end, and so the parts that name the sheets come last: they are taken from a
//! second layout, made for the sheets that there are. Memory does not grow with the messages, nothing
//! is written to disk, and no ZIP64 is used.

mod layout;
mod messages;
mod package;
mod sheet;
mod strings;
mod style;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;
mod xml;

use std::io::{self, Write};

use self::{
    layout::{INDEX_PARTS, Layout, SHARED_STRINGS, part_of_messages},
    messages::{EXCEL_ROWS, Frame, RowWriter},
    package::{MAX_BYTES, Parts, on_this_thread, on_two_threads},
    strings::SharedStrings,
};
use super::file::{MessageRow, MessageSource, ReportFile, WriteError};

/// Rows gather up to this size before they go to the compressor.
const ROWS_BYTES: usize = 64 * 1024;

/// How a workbook is written.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How hard it is compressed, from 1 to 9.
    pub level: i64,
    /// Whether that is done on a thread of its own.
    pub has_two_threads: bool,
}

/// Level 4, compressed on a thread of its own: level 3 makes files a seventh larger than rust_xlsxwriter's
/// own, level 4 hardly larger (benches/workbook.rs).
impl Default for Effort {
    fn default() -> Self {
        Self {
            level: 4,
            has_two_threads: true,
        }
    }
}

/// Writes the report with all its messages as an xlsx file.
///
/// What is known at once (summary, timeline) is written and flushed before the first message is
/// asked for. Sheets of messages are begun as Excel's row limit demands.
///
/// # Errors
///
/// The reader's first error, or the output's. The file then lacks its index, so that nothing opens
/// what was written as if it were whole.
pub fn write_workbook<W: Write + Send, S: MessageSource>(
    out: W,
    report: &ReportFile,
    rows: S,
    effort: Effort,
) -> Result<(), WriteError<S::Error>> {
    write_within(out, report, rows, (SheetLimits::EXCEL, effort))
}

/// How much goes on one sheet of messages.
#[derive(Debug, Clone, Copy)]
struct SheetLimits {
    /// With the header.
    rows: u32,
    /// Of XML.
    bytes: u64,
}

impl SheetLimits {
    const EXCEL: Self = Self {
        rows: EXCEL_ROWS,
        bytes: MAX_BYTES,
    };
}

fn write_within<W: Write + Send, S: MessageSource>(
    out: W,
    report: &ReportFile,
    rows: S,
    (limits, effort): (SheetLimits, Effort),
) -> Result<(), WriteError<S::Error>> {
    let write = |parts: &mut dyn Parts| write_parts(parts, report, rows, limits);
    let written = if effort.has_two_threads {
        on_two_threads(out, effort.level, write)
    } else {
        on_this_thread(out, effort.level, write)
    };
    written.map_err(|error| match error {
        WriteError::Output(cause) if cause.kind() == io::ErrorKind::FileTooLarge => {
            WriteError::TooLarge
        }
        error => error,
    })
}

fn write_parts<S: MessageSource>(
    parts: &mut dyn Parts,
    report: &ReportFile,
    rows: S,
    limits: SheetLimits,
) -> Result<(), WriteError<S::Error>> {
    // The header is the first row.
    let mut layout = Layout::new(report, &[1])?;
    for name in layout.body_parts()? {
        parts.put(&name, &layout.part(&name)?)?;
    }
    let unknown = || io::Error::other("a sheet's frame is unknown");
    let frame = Frame::parse(&layout.part(&part_of_messages(1))?).ok_or_else(unknown)?;
    let strings = SharedStrings::after(&layout.part(SHARED_STRINGS)?).ok_or_else(unknown)?;
    drop(layout);
    parts.flush()?;

    let mut writer = frame.row_writer(report, strings);
    let last_rows = write_messages(parts, rows, limits, (&frame, &mut writer))?;

    let mut layout = Layout::new(report, &last_rows)?;
    for name in INDEX_PARTS {
        let mut text = layout.part(name)?;
        if name == SHARED_STRINGS {
            text = writer.strings.appended(&text).ok_or_else(unknown)?;
        }
        parts.put(name, &text)?;
    }
    Ok(())
}

/// Writes the sheets of messages, at least one; answers the last row of each, counted from 1.
fn write_messages<S: MessageSource>(
    parts: &mut dyn Parts,
    mut rows: S,
    limits: SheetLimits,
    (frame, writer): (&Frame, &mut RowWriter),
) -> Result<Vec<u32>, WriteError<S::Error>> {
    let mut last_rows = Vec::new();
    let mut sheet = Sheet::begin(parts, frame, 1)?;
    while let Some(row) = rows.next_row().map_err(WriteError::Source)? {
        if sheet.is_full(limits) {
            last_rows.push(sheet.end(parts, frame)?);
            sheet = Sheet::begin(parts, frame, last_rows.len() + 1)?;
        }
        sheet.push(parts, writer, &row)?;
    }
    last_rows.push(sheet.end(parts, frame)?);
    Ok(last_rows)
}

/// The sheet of messages that is being written.
struct Sheet {
    last_row: u32,
    /// Of XML, compressed already.
    bytes: u64,
    pending: Vec<u8>,
}

impl Sheet {
    fn begin(parts: &mut dyn Parts, frame: &Frame, number: usize) -> io::Result<Self> {
        parts.start(&part_of_messages(number))?;
        let mut pending = Vec::with_capacity(ROWS_BYTES + ROWS_BYTES / 4);
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
        parts: &mut dyn Parts,
        writer: &mut RowWriter,
        row: &MessageRow<'_>,
    ) -> io::Result<()> {
        self.last_row += 1;
        writer.push_row(&mut self.pending, self.last_row, row);
        if self.pending.len() >= ROWS_BYTES {
            self.compress(parts)?;
        }
        Ok(())
    }

    fn end(mut self, parts: &mut dyn Parts, frame: &Frame) -> io::Result<u32> {
        let tail = frame.tail(self.last_row);
        self.pending.extend_from_slice(tail.as_bytes());
        self.compress(parts)?;
        Ok(self.last_row)
    }

    fn compress(&mut self, parts: &mut dyn Parts) -> io::Result<()> {
        self.bytes += self.pending.len() as u64;
        self.pending = parts.write(std::mem::take(&mut self.pending))?;
        Ok(())
    }
}
