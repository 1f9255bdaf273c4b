//! A report as an Excel workbook, streamed.
//!
//! Everything but the messages is laid out by `rust_xlsxwriter` in memory ([`layout`]); the messages'
//! rows go from the reader to the compressor one by one ([`messages`]). How many sheets they fill is
//! known only at the end, and so the parts that name the sheets come last: they are taken from a
//! second layout, made for the sheets that there are. Memory does not grow with the messages, nothing
//! is written to disk, and no ZIP64 is used.

mod layout;
mod messages;
mod sheet;
mod style;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;
mod xml;

use std::{
    cell::Cell,
    io::{self, Write},
};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

use self::{
    layout::{INDEX_PARTS, Layout, part_of_messages},
    messages::{EXCEL_ROWS, Frame, RowWriter},
};
use super::file::{MessageRow, ReportFile, WriteError};

/// Rows gather up to this size before they go to the compressor.
const ROWS_BYTES: usize = 64 * 1024;
/// What a part, or the archive, may come to without ZIP64, less room for a row of the longest texts
/// and for the archive's index.
const MAX_BYTES: u64 = u32::MAX as u64 - 64 * 1024 * 1024;
/// Level 3 writes rows a fifth faster, but a tenth more of them; level 6 halves the speed for 4 % less
/// (benches/workbook.rs).
const COMPRESSION_LEVEL: i64 = 4;

/// Writes the report with all its messages as an xlsx file.
///
/// What is known at once (summary, timeline) is written and flushed before the first message is
/// asked for. Sheets of messages are begun as Excel's row limit demands.
///
/// # Errors
///
/// The reader's first error, or the output's. The file then lacks its index, so that nothing opens
/// what was written as if it were whole.
pub fn write_workbook<W: Write, E>(
    out: W,
    report: &ReportFile,
    rows: impl Iterator<Item = Result<MessageRow, E>>,
) -> Result<(), WriteError<E>> {
    write_within(out, report, rows, SheetLimits::EXCEL)
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

fn write_within<W: Write, E>(
    out: W,
    report: &ReportFile,
    rows: impl Iterator<Item = Result<MessageRow, E>>,
    limits: SheetLimits,
) -> Result<(), WriteError<E>> {
    let progress = Progress::default();
    let gate = Gate {
        out,
        progress: &progress,
    };
    let mut package = Package {
        zip: ZipWriter::new_stream(gate),
        progress: &progress,
    };
    let written = write_parts(&mut package, report, rows, limits);
    // From here on an unfinished archive would finish itself when it is dropped.
    progress.is_shut.set(written.is_err());
    written?;
    package.zip.finish()?.into_inner().flush()?;
    Ok(())
}

fn write_parts<W: Write, E>(
    package: &mut Package<'_, W>,
    report: &ReportFile,
    rows: impl Iterator<Item = Result<MessageRow, E>>,
    limits: SheetLimits,
) -> Result<(), WriteError<E>> {
    // The header is the first row.
    let mut layout = Layout::new(report, &[1])?;
    for name in layout.body_parts()? {
        package.put(&name, &layout.part(&name)?)?;
    }
    let frame = layout.part(&part_of_messages(1))?;
    let frame =
        Frame::parse(&frame).ok_or_else(|| io::Error::other("a sheet's frame is unknown"))?;
    drop(layout);
    package.zip.flush()?;

    let last_rows = write_messages(package, report, rows, limits, &frame)?;

    let mut layout = Layout::new(report, &last_rows)?;
    for name in INDEX_PARTS {
        package.put(name, &layout.part(name)?)?;
    }
    Ok(())
}

/// Writes the sheets of messages, at least one; answers the last row of each, counted from 1.
fn write_messages<W: Write, E>(
    package: &mut Package<'_, W>,
    report: &ReportFile,
    rows: impl Iterator<Item = Result<MessageRow, E>>,
    limits: SheetLimits,
    frame: &Frame,
) -> Result<Vec<u32>, WriteError<E>> {
    let mut writer = frame.row_writer(report);
    let mut last_rows = Vec::new();
    let mut sheet = Sheet::begin(package, frame, 1)?;
    for row in rows {
        let row = row.map_err(WriteError::Source)?;
        if sheet.is_full(limits) {
            last_rows.push(sheet.end(package, frame)?);
            sheet = Sheet::begin(package, frame, last_rows.len() + 1)?;
        }
        sheet.push(package, &mut writer, &row)?;
        if package.progress.bytes.get() > MAX_BYTES {
            return Err(WriteError::TooLarge);
        }
    }
    last_rows.push(sheet.end(package, frame)?);
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
    fn begin<W: Write>(
        package: &mut Package<'_, W>,
        frame: &Frame,
        number: usize,
    ) -> io::Result<Self> {
        package.start(&part_of_messages(number))?;
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

    fn push<W: Write>(
        &mut self,
        package: &mut Package<'_, W>,
        writer: &mut RowWriter,
        row: &MessageRow,
    ) -> io::Result<()> {
        self.last_row += 1;
        writer.push_row(&mut self.pending, self.last_row, row);
        if self.pending.len() >= ROWS_BYTES {
            self.compress(package)?;
        }
        Ok(())
    }

    fn end<W: Write>(mut self, package: &mut Package<'_, W>, frame: &Frame) -> io::Result<u32> {
        let tail = frame.tail(self.last_row);
        self.pending.extend_from_slice(tail.as_bytes());
        self.compress(package)?;
        Ok(self.last_row)
    }

    fn compress<W: Write>(&mut self, package: &mut Package<'_, W>) -> io::Result<()> {
        package.zip.write_all(&self.pending)?;
        self.bytes += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

/// The archive on its way out.
struct Package<'a, W: Write> {
    zip: ZipWriter<StreamWriter<Gate<'a, W>>>,
    progress: &'a Progress,
}

impl<W: Write> Package<'_, W> {
    fn start(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(COMPRESSION_LEVEL))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o600);
        Ok(self.zip.start_file(name, options)?)
    }

    /// Compresses a part anew: a raw copy into a stream leaves out the descriptor that its header
    /// promises.
    fn put(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.start(name)?;
        self.zip.write_all(text.as_bytes())
    }
}

/// What is known of the output outside the archive that owns it.
#[derive(Default)]
struct Progress {
    bytes: Cell<u64>,
    is_shut: Cell<bool>,
}

/// The way out, which can be shut: an archive that is dropped unfinished writes its index all the
/// same, and what is cut short would look whole.
struct Gate<'a, W> {
    out: W,
    progress: &'a Progress,
}

impl<W> Gate<'_, W> {
    fn is_shut(&self) -> bool {
        // A reader that panics drops the archive, too.
        self.progress.is_shut.get() || std::thread::panicking()
    }
}

impl<W: Write> Write for Gate<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_shut() {
            // Not an error: the archive would complain about it on standard error.
            return Ok(bytes.len());
        }
        let written = self.out.write(bytes)?;
        self.progress
            .bytes
            .set(self.progress.bytes.get() + written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_shut() {
            return Ok(());
        }
        self.out.flush()
    }
}
