//! A workbook with one table, streamed: its rows go from the reader to the compressor one by one.
//!
//! Here: its sheets, and the cells of a row. The library lays out a sheet with the header and one
//! cell of each format, as for the messages of a report ([`super::messages`]), and the table goes
//! on in another sheet at Excel's row limit. Not here: what the columns are
//! ([`super::super::export`]).

use std::io::{self, Write};

use domain::credits::Credits;
use jiff::{Timestamp, tz::TimeZone};
use rust_xlsxwriter::{DocProperties, IgnoreError, Workbook, XlsxError};

use super::{
    super::{
        file::{WriteError, zone_label},
        local_time::LocalTime,
        number_text::{push_count, push_credits, push_excel_date},
    },
    Effort, SheetLimits,
    layout::{HEAD_PARTS, INDEX_PARTS, all_parts},
    messages::{EXCEL_ROWS, TakenApart, lines_shown, moment, number_format, taken_apart, text},
    package::{BLOCK_BYTES, Package, write_package},
    style,
    xml::{needs_preserving, push_text, within_limit},
};

/// The form of a column's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A moment, in the table's time zone.
    Moment,
    /// A text, which no program runs as a formula.
    Text,
    /// A number.
    Number,
}

/// A table that is about to be written.
#[derive(Debug)]
pub struct Table {
    /// What its rows are, which names its sheets.
    pub name: &'static str,
    /// The heading and the form of each column.
    pub columns: Vec<(String, Form)>,
    /// The time zone in which moments are shown.
    pub time_zone: TimeZone,
    /// When it was requested.
    pub generated_at: Timestamp,
}

/// Writes a table whose rows `next` appends, until it returns false. One that fills its sheets to
/// the last row ends with an empty sheet.
///
/// # Errors
/// See [`WriteError`]. The file then lacks its index, so no program opens it as a complete
/// workbook.
pub fn write_table<W: Write, E>(
    out: W,
    table: &Table,
    next: impl FnMut(&mut Row) -> Result<bool, E>,
) -> Result<(), WriteError<E>> {
    write_table_within(out, table, next, SheetLimits::EXCEL)
}

pub(super) fn write_table_within<W: Write, E>(
    mut out: W,
    table: &Table,
    mut next: impl FnMut(&mut Row) -> Result<bool, E>,
    limits: SheetLimits,
) -> Result<(), WriteError<E>> {
    let written = write_package(&mut out, Effort::default(), |package| {
        write_parts(package, table, &mut next, limits)
    });
    written.map_err(|error| match error {
        WriteError::Output(cause) if cause.kind() == io::ErrorKind::FileTooLarge => {
            WriteError::TooLarge
        }
        error => error,
    })
}

fn write_parts<E>(
    package: &mut Package<'_>,
    table: &Table,
    next: &mut impl FnMut(&mut Row) -> Result<bool, E>,
    limits: SheetLimits,
) -> Result<(), WriteError<E>> {
    let unknown = || io::Error::other("a sheet's frame is unknown");
    let first = part_of_sheet(1);
    let mut frame = None;
    // The parts that don't depend on the number of sheets.
    for (name, text) in all_parts(&mut laid_out(table, &[1])?, &[])? {
        if name == first {
            frame = Some(taken_apart(&text).ok_or_else(unknown)?);
        } else if HEAD_PARTS.contains(&name.as_str()) || !INDEX_PARTS.contains(&name.as_str()) {
            package.put(&name, &text)?;
        }
    }
    package.flush()?;
    let frame = frame.ok_or_else(unknown)?;
    let mut row = Row::new(table, &frame).ok_or_else(unknown)?;
    let mut last_rows = Vec::new();
    let mut ends = false;
    while !ends {
        let number = last_rows.len() + 1;
        package.start(&part_of_sheet(number))?;
        row.begin_sheet(&frame);
        loop {
            if row.is_full(limits) {
                break;
            }
            row.begin();
            if !next(&mut row).map_err(WriteError::Source)? {
                row.take_back();
                ends = true;
                break;
            }
            row.end();
            if row.out.len() >= BLOCK_BYTES.get() {
                row.compress(package)?;
            }
        }
        last_rows.push(row.number);
        row.out.extend_from_slice(frame.tail(row.number).as_bytes());
        row.compress(package)?;
    }
    let parts = all_parts(&mut laid_out(table, &last_rows)?, &[])?;
    for (name, text) in parts {
        if INDEX_PARTS.contains(&name.as_str()) {
            package.put(&name, &text)?;
        }
    }
    Ok(())
}

fn part_of_sheet(number: usize) -> String {
    format!("xl/worksheets/sheet{number}.xml")
}

/// A workbook whose sheets have the header, one cell of each format, and a filter down to
/// `last_rows`, counted from 1.
fn laid_out(table: &Table, last_rows: &[u32]) -> Result<Workbook, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_zip_compression_level(1);
    let created = TimeZone::UTC.to_datetime(table.generated_at);
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
    // A table has at least one column.
    let last_column = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    for (number, last_row) in (1..).zip(last_rows) {
        let sheet = workbook.add_worksheet();
        let name = match number {
            1 => table.name.to_owned(),
            number => format!("{} {number}", table.name),
        };
        sheet
            .set_name(name)?
            .set_freeze_panes(1, 0)?
            .autofilter(0, 0, last_row.saturating_sub(1), last_column)?
            .set_row_height(0, 20)?
            .ignore_error_range(
                1,
                0,
                EXCEL_ROWS - 1,
                last_column,
                IgnoreError::NumberStoredAsText,
            )?;
        for (place, (heading, form)) in (0..).zip(&table.columns) {
            let (header, width) = match form {
                Form::Moment => (style::header(), 21),
                Form::Text => (style::header().set_indent(1), 28),
                Form::Number => (style::number_header(), 18),
            };
            let heading = match form {
                Form::Moment => format!("{heading} ({})", zone_label(&table.time_zone)),
                Form::Text | Form::Number => heading.clone(),
            };
            sheet
                .set_column_width(place, width)?
                .write_string_with_format(0, place, heading, &header)?;
        }
        let samples = [
            moment(),
            text(),
            text().set_text_wrap(),
            number_format(style::WHOLE),
            number_format(style::FRACTION),
        ];
        for (place, sample) in (0..).zip(&samples) {
            sheet.write_blank(1, place, sample)?;
        }
    }
    Ok(workbook)
}

/// The row that is being written, whose cells are appended from left to right.
pub struct Row {
    out: Vec<u8>,
    /// Bytes of the sheet's XML that were passed to the compressor.
    bytes: u64,
    /// The row's number from 1.
    number: u32,
    /// The same as text: every cell repeats it.
    digits: Vec<u8>,
    /// Where the row begins, and where its attributes end.
    start: (usize, usize),
    /// The lines of the row's longest text.
    lines: i64,
    /// The letters of each column.
    letters: Vec<Vec<u8>>,
    /// The column of the next cell.
    column: usize,
    styles: Styles,
    local_time: LocalTime,
}

/// The ids, as text, that the library gave to the formats.
struct Styles {
    moment: Vec<u8>,
    text: Vec<u8>,
    lines: Vec<u8>,
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

impl Row {
    fn new(table: &Table, frame: &TakenApart) -> Option<Self> {
        let mut ids = frame.sample.split(" s=\"").skip(1).map(|cell| {
            let id = cell.split_once('"').map_or("", |(id, _)| id);
            id.as_bytes().to_vec()
        });
        let styles = Styles {
            moment: ids.next()?,
            text: ids.next()?,
            lines: ids.next()?,
            whole: ids.next()?,
            fraction: ids.next()?,
        };
        Some(Self {
            out: Vec::with_capacity(BLOCK_BYTES.get() + BLOCK_BYTES.get() / 8),
            bytes: 0,
            number: 1,
            digits: Vec::with_capacity(10),
            start: (0, 0),
            lines: 1,
            letters: (0..table.columns.len()).map(letters).collect(),
            column: 0,
            styles,
            local_time: LocalTime::new(table.time_zone.clone()),
        })
    }

    fn begin_sheet(&mut self, frame: &TakenApart) {
        self.bytes = 0;
        self.number = 1;
        self.out.extend_from_slice(frame.head.as_bytes());
    }

    fn is_full(&self, limits: SheetLimits) -> bool {
        self.number >= limits.rows || self.bytes + self.out.len() as u64 >= limits.bytes
    }

    fn begin(&mut self) {
        self.number += 1;
        (self.column, self.lines) = (0, 1);
        self.digits.clear();
        push_count(&mut self.digits, self.number.into());
        let start = self.out.len();
        self.out.extend_from_slice(b"<row r=\"");
        self.out.extend_from_slice(&self.digits);
        self.start = (start, self.out.len());
        self.out.extend_from_slice(b"\">");
    }

    fn end(&mut self) {
        self.out.extend_from_slice(b"</row>");
        if self.lines > 1 {
            let mut height = b"\" ht=\"".to_vec();
            push_count(&mut height, self.lines * super::messages::POINTS_PER_LINE);
            let at = self.start.1;
            self.out.splice(at..at, height);
        }
    }

    /// Removes a row that was begun.
    fn take_back(&mut self) {
        self.out.truncate(self.start.0);
        self.number -= 1;
    }

    fn compress(&mut self, package: &mut Package<'_>) -> io::Result<()> {
        self.bytes += self.out.len() as u64;
        self.out = package.write(std::mem::take(&mut self.out))?;
        Ok(())
    }

    /// Appends an empty cell.
    pub fn skip(&mut self) {
        self.column += 1;
    }

    /// Appends a text.
    pub fn text(&mut self, text: &str) {
        if text.is_empty() {
            return self.skip();
        }
        let lines = lines_shown(text);
        self.lines = self.lines.max(lines);
        self.open(|styles| {
            if lines > 1 {
                &styles.lines
            } else {
                &styles.text
            }
        });
        self.out.extend_from_slice(if needs_preserving(text) {
            b" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
        } else {
            b" t=\"inlineStr\"><is><t>"
        });
        push_text(&mut self.out, &within_limit(text));
        self.out.extend_from_slice(b"</t></is></c>");
    }

    /// Appends a count.
    pub fn count(&mut self, count: i64) {
        self.open(|styles| &styles.whole);
        self.out.extend_from_slice(b"><v>");
        push_count(&mut self.out, count);
        self.out.extend_from_slice(b"</v></c>");
    }

    /// Appends an amount of credits.
    pub fn credits(&mut self, credits: Credits) {
        let is_whole = style::credits_format(credits) == style::WHOLE;
        self.open(|styles| {
            if is_whole {
                &styles.whole
            } else {
                &styles.fraction
            }
        });
        self.out.extend_from_slice(b"><v>");
        push_credits(&mut self.out, credits);
        self.out.extend_from_slice(b"</v></c>");
    }

    /// Appends a moment; one that Excel has no number for as a text.
    pub fn moment(&mut self, instant: Timestamp) {
        let (start, column) = (self.out.len(), self.column);
        self.open(|styles| &styles.moment);
        self.out.extend_from_slice(b"><v>");
        let local = self.local_time.milliseconds_at(instant);
        if push_excel_date(&mut self.out, local) {
            self.out.extend_from_slice(b"</v></c>");
        } else {
            self.out.truncate(start);
            self.column = column;
            self.text(&instant.to_string());
        }
    }

    fn open(&mut self, style: impl FnOnce(&Styles) -> &Vec<u8>) {
        self.out.extend_from_slice(b"<c r=\"");
        if let Some(letters) = self.letters.get(self.column) {
            self.out.extend_from_slice(letters);
        }
        self.out.extend_from_slice(&self.digits);
        self.out.extend_from_slice(b"\" s=\"");
        self.out.extend_from_slice(style(&self.styles));
        self.out.push(b'"');
        self.column += 1;
    }
}

/// The letters of a column by its place from 0: A to Z, then AA.
fn letters(place: usize) -> Vec<u8> {
    let mut letters = Vec::new();
    let mut rest = place + 1;
    while rest > 0 {
        rest -= 1;
        letters.insert(0, b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    letters
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io::Cursor};

    use calamine::{Data, Reader, Xlsx};
    use domain::credits::Credits;
    use jiff::{Timestamp, tz::TimeZone};

    use super::{Form, SheetLimits, Table, letters, write_table_within};

    fn table(columns: Vec<(String, Form)>) -> Table {
        Table {
            name: "Contacts",
            columns,
            time_zone: TimeZone::get("Europe/Rome").unwrap(),
            generated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn columns_are_lettered_like_a_spreadsheet() {
        let named =
            [0, 25, 26, 701, 702, 16_383].map(|place| String::from_utf8(letters(place)).unwrap());
        assert_eq!(named, ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
    }

    /// Cells keep their kinds, and a full sheet is followed by another one.
    #[test]
    fn rows_go_on_in_another_sheet() {
        let columns = [
            ("id", Form::Text),
            ("at", Form::Moment),
            ("count", Form::Number),
            ("credits", Form::Number),
        ];
        let table = table(columns.map(|(name, form)| (name.to_owned(), form)).to_vec());
        let limits = SheetLimits {
            rows: 4,
            bytes: u64::MAX,
        };
        let (mut out, mut written) = (Vec::new(), 0);
        let next = |row: &mut super::Row| {
            if written == 5 {
                return Ok::<_, Infallible>(false);
            }
            written += 1;
            row.text(&format!("=1+{written}\n<&>"));
            row.moment("2026-11-22T08:00:00Z".parse().unwrap());
            row.count(written);
            row.credits(Credits::from_units(written * 12_345));
            Ok(true)
        };
        write_table_within(&mut out, &table, next, limits).unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&out)).unwrap();
        assert_eq!(book.sheet_names(), ["Contacts", "Contacts 2"]);
        let mut found = Vec::new();
        for name in ["Contacts", "Contacts 2"] {
            let range = book.worksheet_range(name).unwrap();
            let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
            assert_eq!(rows[0][1], Data::String("at (Europe/Rome)".to_owned()));
            found.extend(rows.into_iter().skip(1));
        }
        assert_eq!(found.len(), 5);
        for (number, row) in (1..).zip(&found) {
            assert_eq!(row[0], Data::String(format!("=1+{number}\n<&>")));
            assert!(
                matches!(&row[1], Data::DateTime(at) if at.to_string().starts_with("46348.375")),
                "{row:?}"
            );
            assert_eq!(row[2], Data::Float(number.into()));
            let credits = Credits::from_units(i64::from(number) * 12_345).to_string();
            assert_eq!(row[3], Data::Float(credits.parse().unwrap()));
        }
    }

    /// Beside the columns, only a block or two are held, however many rows there are.
    #[test]
    fn a_row_is_passed_on_before_the_next_ones() {
        struct Passed(std::rc::Rc<std::cell::Cell<u64>>);
        impl std::io::Write for Passed {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.set(self.0.get() + bytes.len() as u64);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let passed = std::rc::Rc::new(std::cell::Cell::new(0));
        let table = table(vec![
            ("id".to_owned(), Form::Text),
            ("more".to_owned(), Form::Text),
        ]);
        let (mut written, mut seed, mut most_held) = (0_u64, 1_u64, 0_u64);
        let next = |row: &mut super::Row| {
            // Digits hardly compress below 5 bits each, so what is passed on tells what was read.
            let mut text = String::new();
            for _ in 0..10 {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                text.push_str(&format!("{seed:020}"));
            }
            row.text(&text);
            written += 1;
            most_held = most_held.max((written * 200 * 3 / 8).saturating_sub(passed.get()));
            Ok::<_, Infallible>(written < 50_000)
        };
        write_table_within(Passed(passed.clone()), &table, next, SheetLimits::EXCEL).unwrap();
        assert!(passed.get() > 3_000_000, "{}", passed.get());
        assert!(most_held < 500_000, "{most_held} bytes were held back");
    }
}
