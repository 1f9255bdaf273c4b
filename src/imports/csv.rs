//! Text with a delimiter: RFC 4180 and what spreadsheets really write.
//!
//! The delimiter is a comma, a semicolon, a tab or a pipe: the one that cuts the first rows into as many cells
//! as the header has. A first line `sep=;`, which Excel writes and reads, says it outright. Lines end with CRLF,
//! LF or CR; a cell in quotation marks may hold any of them. Empty lines are passed over.

use std::{fs::File, ops::ControlFlow};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{
    Entry, MAX_ROW_BYTES, ReadError, RefusedRow, Taker, Unreadable,
    columns::{Cells, Columns, names_a_number},
    shown,
    text::Text,
};

const DELIMITERS: [u8; 4] = *b",;\t|";
/// How many rows are tried with each delimiter.
const TRIED_ROWS: usize = 50;
/// Cells of one row, those beyond the header's included: they may be empty ones that a spreadsheet wrote.
const MAX_CELLS: usize = 1_024;

pub(super) fn read(file: File, taker: &mut dyn Taker) -> Result<(), ReadError> {
    let mut rows = Rows::of(Text::of(file)?)?;
    let columns = loop {
        match rows.next()? {
            None => return Err(Unreadable::Empty.into()),
            Some(Row { cells: None, .. }) => {
                let message = format!(
                    "The first row has more than {MAX_ROW_BYTES} bytes or {MAX_CELLS} cells."
                );
                return Err(Unreadable::Header(message).into());
            }
            Some(Row {
                cells: Some(cells), ..
            }) if cells.is_blank() => {}
            Some(Row {
                cells: Some(cells), ..
            }) => break Columns::of(cells)?,
        }
    };
    if taker.opened().is_break() {
        return Ok(());
    }
    while let Some(Row { line, start, cells }) = rows.next()? {
        let entry = match cells {
            Some(cells) if cells.is_blank() => continue,
            Some(cells) => entry(&columns, line, cells),
            None => Entry::Refused(RefusedRow {
                line,
                value: shown(start),
                reason: format!(
                    "The row has more than {MAX_ROW_BYTES} bytes or {MAX_CELLS} cells; a quotation mark may be missing."
                )
                .into(),
            }),
        };
        if taker.take(entry) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

/// A row as its columns say.
pub(super) fn entry<'a>(columns: &Columns, line: u64, cells: Cells<'a>) -> Entry<'a> {
    match columns.contact(cells) {
        Ok(contact) => Entry::Contact { line, contact },
        Err(reason) => Entry::Refused(RefusedRow {
            line,
            value: columns.shown(cells),
            reason: reason.into(),
        }),
    }
}

struct Row<'a> {
    /// Where it begins, from 1.
    line: u64,
    /// Its beginning.
    start: &'a str,
    /// `None` where it is too long to be read.
    cells: Option<Cells<'a>>,
}

struct Rows {
    text: Text,
    core: Reader,
    lines: Lines,
    output: Box<[u8]>,
    ends: Box<[usize]>,
}

impl Rows {
    fn of(mut text: Text) -> Result<Self, ReadError> {
        let mut lines = Lines {
            line: 1,
            after_cr: false,
        };
        let sample = text.block()?;
        let delimiter = match sample {
            // Excel's own way to say it.
            [
                b's' | b'S',
                b'e' | b'E',
                b'p' | b'P',
                b'=',
                said,
                b'\r' | b'\n',
                ..,
            ] => {
                let said = *said;
                lines.count(sample.get(..5).unwrap_or_default());
                text.consume(5);
                said
            }
            sample => delimiter(sample),
        };
        Ok(Self {
            text,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            lines,
            output: vec![0; MAX_ROW_BYTES].into_boxed_slice(),
            ends: vec![0; MAX_CELLS].into_boxed_slice(),
        })
    }

    fn next(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        if !self.skip_line_ends()? {
            return Ok(None);
        }
        let line = self.lines.line;
        let (mut written, mut cells, mut fits) = (0, 0, true);
        loop {
            let block = self.text.block()?;
            // Neither is ever out of range: both start anew where they are full.
            let output = self.output.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, more, ended) = self.core.read_record(block, output, ends);
            self.lines.count(block.get(..read).unwrap_or_default());
            self.text.consume(read);
            written += more;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                // What does not fit is read on and forgotten, but for the row's beginning.
                ReadRecordResult::OutputFull => {
                    fits = false;
                    written = MAX_ROW_BYTES / 2;
                }
                ReadRecordResult::OutputEndsFull => {
                    fits = false;
                    cells = 0;
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        if !fits {
            let start = self.output.get(..written.min(1_024)).unwrap_or_default();
            let start = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            return Ok(Some(Row {
                line,
                start,
                cells: None,
            }));
        }
        let output = self.output.get(..written).unwrap_or_default();
        // The text is UTF-8 and cells are cut at ASCII only.
        let text = std::str::from_utf8(output).unwrap_or_default();
        let cells = Cells::new(text, self.ends.get(..cells).unwrap_or_default());
        Ok(Some(Row {
            line,
            start: text,
            cells: Some(cells),
        }))
    }

    /// Goes to the next character that ends no line; false at the end of the file.
    fn skip_line_ends(&mut self) -> Result<bool, ReadError> {
        loop {
            let block = self.text.block()?;
            if block.is_empty() {
                return Ok(false);
            }
            let ends = block
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            let (skipped, rest) = block.split_at(ends);
            let more = !rest.is_empty();
            self.lines.count(skipped);
            self.text.consume(ends);
            if more {
                return Ok(true);
            }
        }
    }
}

/// Counts lines, however they end.
struct Lines {
    line: u64,
    after_cr: bool,
}

impl Lines {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' => self.line += 1,
                b'\r' => {
                    self.line += 1;
                    self.after_cr = true;
                }
                _ => self.after_cr = false,
            }
        }
    }
}

/// The delimiter of a text by its beginning: the one under which the first row names a number, most rows
/// have as many cells as the first, and the first has the most; a comma where none cuts it at all.
fn delimiter(sample: &[u8]) -> u8 {
    let judged = DELIMITERS.map(|delimiter| (judge(sample, delimiter), delimiter));
    // The first of equals.
    let best = judged.into_iter().rev().max_by_key(|(score, _)| *score);
    best.filter(|((_, _, cells), _)| *cells > 1)
        .map_or(b',', |(_, delimiter)| delimiter)
}

fn judge(sample: &[u8], delimiter: u8) -> (bool, usize, usize) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(sample);
    let mut rows = reader.byte_records().map_while(Result::ok).take(TRIED_ROWS);
    let Some(header) = rows.next() else {
        return (false, 0, 0);
    };
    if header.len() < 2 {
        return (false, 0, header.len());
    }
    let named = header
        .iter()
        .any(|cell| std::str::from_utf8(cell).is_ok_and(names_a_number));
    let alike = rows.filter(|row| row.len() == header.len()).count();
    (named, alike, header.len())
}
