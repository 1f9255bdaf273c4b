//! Excel workbooks (.xlsx): the first sheet that is visible, cell by cell.
//!
//! A number stands as it would in a text: whole ones without a fraction, dates as `2026-11-22`, times as
//! `08:30:00`, truth as `true` and `false`; an error is as good as an empty cell. Of a formula the last result
//! counts.

use std::{fmt::Write, fs::File, io::BufReader, ops::ControlFlow};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::{
    Entry, MAX_COLUMNS, MAX_ROW_BYTES, ReadError, RefusedRow, Taker, Unreadable,
    columns::{Cells, Columns},
    csv::entry,
    shown, unpacked,
};

/// Cells of one row: those beyond hold nothing that is read, and are refused where they hold anything.
const MAX_CELLS: usize = 10 * MAX_COLUMNS;

pub(super) fn read(mut file: File, taker: &mut dyn Taker) -> Result<(), ReadError> {
    unpacked::check(&mut file)?;
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(unreadable)?;
    let readable = |sheet: &&calamine::Sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    };
    let sheet = workbook.sheets_metadata().iter().find(readable);
    let sheet = sheet
        .map(|sheet| sheet.name.clone())
        .ok_or(Unreadable::NoSheet)?;
    let mut cells = workbook
        .worksheet_cells_reader(&sheet)
        .map_err(unreadable)?;
    let mut rows = Rows {
        taker,
        columns: None,
        row: Row::default(),
    };
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (line, column) = cell.get_position();
        let line = u64::from(line) + 1;
        if line != rows.row.line && rows.end_row()?.is_break() {
            return Ok(());
        }
        rows.row.line = line;
        rows.row.add(column as usize, cell.get_value());
    }
    if rows.end_row()?.is_continue() && rows.columns.is_none() {
        return Err(Unreadable::Empty.into());
    }
    Ok(())
}

fn unreadable(error: XlsxError) -> ReadError {
    match error {
        XlsxError::Password => Unreadable::Encrypted.into(),
        _ => Unreadable::Damaged.into(),
    }
}

struct Rows<'a> {
    taker: &'a mut dyn Taker,
    /// Known once the first row was read.
    columns: Option<Columns>,
    row: Row,
}

impl Rows<'_> {
    /// Hands over the row that was gathered and begins another.
    fn end_row(&mut self) -> Result<ControlFlow<()>, ReadError> {
        let row = &self.row;
        let cells = Cells::new(&row.text, &row.ends);
        let flow = match &self.columns {
            _ if cells.is_blank() && !row.too_long => ControlFlow::Continue(()),
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
            Some(columns) => self.taker.take(entry(columns, row.line, cells)),
        };
        self.row.clear();
        Ok(flow)
    }
}

fn too_long() -> String {
    format!("The row has more than {MAX_ROW_BYTES} bytes or {MAX_CELLS} cells.")
}

#[derive(Debug, Default)]
struct Row {
    line: u64,
    text: String,
    ends: Vec<usize>,
    too_long: bool,
}

impl Row {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.too_long = false;
    }

    fn add(&mut self, column: usize, value: &DataRef<'_>) {
        if matches!(value, DataRef::Empty | DataRef::Error(_)) {
            return;
        }
        if column >= MAX_CELLS || self.text.len() > MAX_ROW_BYTES {
            self.too_long = true;
            return;
        }
        // Cells come in order; a second one in a place would not be shown by Excel either.
        if column < self.ends.len() {
            return;
        }
        self.ends.resize(column, self.text.len());
        match value {
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                self.push(text)
            }
            DataRef::SharedString(text) => self.push(text),
            other => {
                // Writing to memory does not fail.
                let _ = plain(&mut self.text, other);
            }
        }
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

fn plain(text: &mut String, value: &DataRef<'_>) -> std::fmt::Result {
    /// Every whole number up to here is exact.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    match value {
        DataRef::Int(number) => write!(text, "{number}"),
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() <= WHOLE => {
            write!(text, "{number:.0}")
        }
        DataRef::Float(number) => write!(text, "{number}"),
        DataRef::Bool(truth) => write!(text, "{truth}"),
        DataRef::DateTime(instant) => date(text, instant),
        _ => Ok(()),
    }
}

fn date(text: &mut String, value: &ExcelDateTime) -> std::fmt::Result {
    let days = value.as_f64();
    if value.is_duration() {
        let seconds = (days * 86_400.0).round() as i64;
        let sign = if seconds < 0 { "-" } else { "" };
        let seconds = seconds.unsigned_abs();
        return write!(
            text,
            "{sign}{}:{:02}:{:02}",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60
        );
    }
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    // A serial number below one is a time of day.
    let (has_day, has_time) = (days >= 1.0, days.fract() != 0.0);
    if has_day {
        write!(text, "{year:04}-{month:02}-{day:02}")?;
    }
    if has_day && has_time {
        text.push(' ');
    }
    if has_time || !has_day {
        write!(text, "{hour:02}:{minute:02}:{second:02}")?;
    }
    Ok(())
}
