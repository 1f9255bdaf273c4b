//! A report's messages as comma-separated values.
//!
//! Here: RFC 4180 with a header, in UTF-8 with a byte order mark (without one, Excel reads the
//! bytes in the machine's own code page). Text that a spreadsheet would run as a formula is made
//! plain text, whichever delimiter the spreadsheet splits lines at: in an Italian locale it is the
//! semicolon. Not here: which columns there are ([`super::columns`]).

#[cfg(test)]
mod tests;

use std::io::Write;

use domain::credits::Credits;
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};

use super::{
    columns::{COLUMNS, Value},
    file::{MessageRow, MessageSource, WriteError},
    local_time::LocalTime,
    number_text::{push_count, push_credits, push_fraction},
};
use crate::tuning::Tuned;

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Rows are buffered up to this size before they are written.
/// Measured: docs/measured.md, "Files".
static BUFFER_BYTES: Tuned<usize> = Tuned::new("CSV_BUFFER_BYTES", 64 * 1024);
pub(super) const END_OF_LINE: &[u8] = b"\r\n";
const MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * MICROS;

/// How values are separated and how fractions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dialect {
    /// The separator of two values.
    pub delimiter: Delimiter,
    /// The mark before the fraction of a number.
    pub decimal: DecimalMark,
}

/// The separator of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Delimiter {
    /// The separator of RFC 4180.
    #[default]
    Comma,
    /// The separator that spreadsheets expect if their locale writes fractions with a comma.
    Semicolon,
    /// A tab.
    Tab,
}

/// The mark before the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DecimalMark {
    /// As in 21.5.
    #[default]
    Point,
    /// As in 21,5.
    Comma,
}

impl Delimiter {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// Writes every message: `sent_at` in ISO 8601 with the zone's offset, counts and credits as exact
/// plain decimals.
///
/// # Errors
///
/// [`WriteError::Source`] if a row can't be read, [`WriteError::Output`] if `out` fails.
pub fn write_csv<W: Write, S: MessageSource>(
    mut out: W,
    time_zone: TimeZone,
    dialect: Dialect,
    mut rows: S,
) -> Result<(), WriteError<S::Error>> {
    out.write_all(BYTE_ORDER_MARK)?;
    let delimiter = [dialect.delimiter.byte()];
    for (place, column) in COLUMNS.iter().enumerate() {
        if place > 0 {
            out.write_all(&delimiter)?;
        }
        out.write_all(column.csv_name.as_bytes())?;
    }
    out.write_all(END_OF_LINE)?;
    // The client gets the header before the first row is read.
    out.flush()?;
    let mut moments = Moments::new(time_zone);
    let mut buffer = Vec::with_capacity(BUFFER_BYTES.get() + BUFFER_BYTES.get() / 8);
    while let Some(row) = rows.next_row().map_err(WriteError::Source)? {
        push_row(&mut buffer, &row, &mut moments, dialect);
        if buffer.len() >= BUFFER_BYTES.get() {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(())
}

fn push_row(
    out: &mut Vec<u8>,
    row: &MessageRow<'_>,
    moments: &mut Moments,
    Dialect { delimiter, decimal }: Dialect,
) {
    let delimiter = delimiter.byte();
    for (place, column) in COLUMNS.iter().enumerate() {
        if place > 0 {
            out.push(delimiter);
        }
        match column.value(row) {
            Value::Moment(instant) => moments.push(out, instant),
            Value::Repeated(text) | Value::Unique(text) | Value::Body(text) => {
                push_text(out, text, delimiter);
            }
            Value::Count(count) => push_count(out, count),
            Value::Credits(credits) => push_decimal(out, credits, decimal),
        }
    }
    out.extend_from_slice(END_OF_LINE);
}

fn push_decimal(out: &mut Vec<u8>, credits: Credits, mark: DecimalMark) {
    let start = out.len();
    push_credits(out, credits);
    if mark == DecimalMark::Comma
        && let Some(point) = out.iter_mut().skip(start).find(|byte| **byte == b'.')
    {
        *point = b',';
    }
}

/// Appends a text as RFC 4180 demands, with an apostrophe before everything that a spreadsheet
/// would run: <https://owasp.org/www-community/attacks/CSV_Injection>. A cell may begin at the
/// text's start and after any common delimiter. A spreadsheet may take a quotation mark there for
/// the cell's own, and the character after it then begins the cell.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str, delimiter: u8) {
    let quoted = text
        .bytes()
        .any(|byte| byte == delimiter || matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if quoted {
        out.push(b'"');
    }
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut begins = true;
    for (at, character) in text.char_indices() {
        let runs = match character {
            '=' | '+' | '-' | '@' | '\u{FF1D}' | '\u{FF0B}' | '\u{FF0D}' | '\u{FF20}' => begins,
            '\t' | '\r' | '\n' => at == 0,
            _ => false,
        };
        // A quotation mark within quotes is doubled.
        if let Some(before) = (runs || character == '"').then(|| bytes.get(done..at)) {
            out.extend_from_slice(before.unwrap_or_default());
            out.push(if runs { b'\'' } else { b'"' });
            done = at;
        }
        begins = match character {
            ',' | ';' | '\t' | '|' | '\r' | '\n' => true,
            '"' => begins,
            _ => false,
        };
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    if quoted {
        out.push(b'"');
    }
}

/// Writes instants in local time. It keeps the text of date and offset, which consecutive rows
/// mostly share.
struct Moments {
    local_time: LocalTime,
    /// The local day, counted from the epoch, and the offset that the two texts are for.
    of: Option<(i64, Offset)>,
    /// The date up to and including the `T`.
    date: String,
    /// The offset, with its sign.
    offset: String,
}

impl Moments {
    fn new(time_zone: TimeZone) -> Self {
        Self {
            local_time: LocalTime::new(time_zone),
            of: None,
            date: String::new(),
            offset: String::new(),
        }
    }

    fn push(&mut self, out: &mut Vec<u8>, instant: Timestamp) {
        let offset = self.local_time.offset_at(instant);
        let micros = instant.as_microsecond() + i64::from(offset.seconds()) * MICROS;
        let day = micros.div_euclid(DAY_MICROS);
        if self.of != Some((day, offset)) {
            self.of = Some((day, offset));
            let shown = instant.display_with_offset(offset).to_string();
            let (date, time) = shown.split_once('T').unwrap_or((&shown, ""));
            let (_, zone) = time.split_at(time.find(['+', '-']).unwrap_or(time.len()));
            self.date = format!("{date}T");
            self.offset = zone.to_owned();
        }
        out.extend_from_slice(self.date.as_bytes());
        let of_day = micros.rem_euclid(DAY_MICROS);
        let second = of_day / MICROS;
        for (place, part) in [second / 3_600, second / 60 % 60, second % 60]
            .into_iter()
            .enumerate()
        {
            if place > 0 {
                out.push(b':');
            }
            // `part` is below 60, so both are digits.
            out.extend([b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
        }
        push_fraction(out, (of_day % MICROS).unsigned_abs().into(), 6);
        out.extend_from_slice(self.offset.as_bytes());
    }
}
