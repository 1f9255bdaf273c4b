//! The Messages sheets: their frame, and their rows as XML.
//!
//! Here: the frame (header, widths, filter, print set-up), which the library writes around a sample
//! row that only carries the formats of the cells; and the rows, which go straight into a buffer,
//! because the library keeps all of them until the end and takes several times as long. Not here:
//! which columns there are ([`super::super::columns`]).

use domain::credits::Credits;
use jiff::Timestamp;
use rust_xlsxwriter::{Format, FormatAlign, IgnoreError, Worksheet, XlsxError};

use super::{
    super::{
        columns::{COLUMNS, Format as CellFormat, Value},
        file::{MessageRow, ReportFile, zone_label},
        local_time::LocalTime,
        number_text::{push_count, push_credits, push_excel_date},
    },
    strings::SharedStrings,
    style,
    xml::{needs_preserving, push_text, within_limit},
};

/// The number of rows that an Excel sheet can have.
pub const EXCEL_ROWS: u32 = 1_048_576;

const LAST_COLUMN: u16 = COLUMNS.len() as u16 - 1;
/// The row with one cell for each column's format, and after them two cells for formats that only
/// some rows need: credits with a fraction, and texts of several lines.
const SAMPLE_ROW: u32 = 1;

/// The name of a Messages sheet, by its number from 1.
pub fn sheet_name(number: usize) -> String {
    match number {
        1 => "Messages".to_owned(),
        number => format!("Messages {number}"),
    }
}

/// Writes a sheet's frame. Its filter ends at `last_row`, counted from 0.
pub fn write_frame(
    sheet: &mut Worksheet,
    report: &ReportFile,
    number: usize,
    last_row: u32,
) -> Result<(), XlsxError> {
    sheet
        .set_name(sheet_name(number))?
        .set_freeze_panes(1, 0)?
        .autofilter(0, 0, last_row, LAST_COLUMN)?
        .set_row_height(0, 20)?;
    style::set_up_page(sheet, &report.account_name, Some(0))?;
    for (place, column) in (0..).zip(&COLUMNS) {
        let (header, sample) = match column.format {
            CellFormat::Moment => (style::header(), moment()),
            CellFormat::Text => (style::header().set_indent(1), text()),
            CellFormat::Number => (style::number_header(), number_format(style::WHOLE)),
        };
        let heading = match column.format {
            CellFormat::Moment => {
                format!("{} ({})", column.heading, zone_label(&report.time_zone))
            }
            CellFormat::Text | CellFormat::Number => column.heading.to_owned(),
        };
        sheet
            .set_column_width(place, column.width)?
            .write_string_with_format(0, place, heading, &header)?
            .write_blank(SAMPLE_ROW, place, &sample)?;
        if column.format == CellFormat::Text {
            // No green corners for a list named "2026", or a text that is a code.
            let last = EXCEL_ROWS - 1;
            sheet.ignore_error_range(1, place, last, place, IgnoreError::NumberStoredAsText)?;
        }
    }
    let fraction = number_format(style::FRACTION);
    sheet
        .write_blank(SAMPLE_ROW, LAST_COLUMN + 1, &fraction)?
        .write_blank(SAMPLE_ROW, LAST_COLUMN + 2, &text().set_text_wrap())?;
    Ok(())
}

/// The format of a moment.
pub fn moment() -> Format {
    Format::new()
        .set_num_format(style::MOMENT)
        .set_align(FormatAlign::Left)
        .set_align(FormatAlign::Top)
}

/// The format of a text of one line.
pub fn text() -> Format {
    // With "General", Excel turns digits into a number when someone edits the cell; with "@" they
    // stay text. The indent keeps the text apart from the number before it.
    Format::new()
        .set_num_format("@")
        .set_align(FormatAlign::Left)
        .set_indent(1)
        .set_align(FormatAlign::Top)
}

/// The format of a number.
pub fn number_format(format: &str) -> Format {
    Format::new()
        .set_num_format(format)
        .set_align(FormatAlign::Top)
}

/// A sheet's XML with a header, a sample row and a filter, taken apart.
pub struct TakenApart {
    /// The XML up to the first row after the header.
    pub head: String,
    /// The sample row.
    pub sample: String,
    tail: (String, String),
}

impl TakenApart {
    /// The sheet's end, with a filter down to `last_row`, counted from 1.
    pub fn tail(&self, last_row: u32) -> String {
        format!("{}{last_row}{}", self.tail.0, self.tail.1)
    }
}

/// Takes a sheet's XML apart. `None` if the library wrote it in a form that this code doesn't know.
pub fn taken_apart(xml: &str) -> Option<TakenApart> {
    let (before, after) = xml.split_once("<dimension ")?;
    let (_, after) = after.split_once("/>")?;
    let sample = after.find(&format!("<row r=\"{}\"", SAMPLE_ROW + 1))?;
    let (header, rest) = after.split_at_checked(sample)?;
    let (sample, tail) = rest.split_at_checked(rest.find("</sheetData>")?)?;
    let filter = "<autoFilter ref=\"A1:";
    let (to_filter, filtered) = tail.split_at_checked(tail.find(filter)? + filter.len())?;
    // `J2"/>…`: the column stays, and the row's number is inserted when it is known.
    let digits = filtered.find(|character: char| character.is_ascii_digit())?;
    let (column, filtered) = filtered.split_at_checked(digits)?;
    let after_filter = filtered.trim_start_matches(|character: char| character.is_ascii_digit());
    Some(TakenApart {
        // The dimension is optional, and depends on rows that are not written yet.
        head: format!("{before}{header}"),
        sample: sample.to_owned(),
        tail: (format!("{to_filter}{column}"), after_filter.to_owned()),
    })
}

/// A frame as the library wrote it, taken apart.
pub struct Frame {
    /// The XML up to the first message's row.
    pub head: String,
    /// The XML from `</sheetData>` on, split where the number of the filter's last row belongs.
    tail: (String, String),
    styles: Styles,
}

impl Frame {
    /// Takes a sheet's XML apart. `None` if the library wrote it in a form that this code doesn't
    /// know.
    pub fn parse(xml: &str) -> Option<Self> {
        let TakenApart { head, sample, tail } = taken_apart(xml)?;
        Some(Self {
            head,
            tail,
            styles: Styles::parse(&sample)?,
        })
    }

    /// The sheet's end, with a filter down to `last_row`, counted from 1.
    pub fn tail(&self, last_row: u32) -> String {
        format!("{}{last_row}{}", self.tail.0, self.tail.1)
    }

    /// A writer of rows in the formats of this frame.
    pub fn row_writer(&self, report: &ReportFile, strings: SharedStrings) -> RowWriter {
        RowWriter {
            strings,
            styles: self.styles.clone(),
            local_time: LocalTime::new(report.time_zone.clone()),
            row: Vec::with_capacity(10),
        }
    }
}

/// The ids, as text, that the library gave to the formats of the sample row.
#[derive(Clone)]
struct Styles {
    moment: Vec<u8>,
    text: Vec<u8>,
    lines: Vec<u8>,
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

impl Styles {
    fn parse(sample: &str) -> Option<Self> {
        let mut ids = sample.split(" s=\"").skip(1).map(|cell| {
            let id = cell.split_once('"').map_or("", |(id, _)| id);
            id.as_bytes().to_vec()
        });
        let columns: Vec<_> = ids.by_ref().take(COLUMNS.len()).collect();
        let of = |format| {
            let at = COLUMNS.iter().position(|column| column.format == format)?;
            columns.get(at).cloned()
        };
        Some(Self {
            moment: of(CellFormat::Moment)?,
            text: of(CellFormat::Text)?,
            whole: of(CellFormat::Number)?,
            fraction: ids.next()?,
            lines: ids.next()?,
        })
    }
}

/// Writes rows as XML.
pub struct RowWriter {
    /// The texts that rows share, for the part that comes last.
    pub strings: SharedStrings,
    styles: Styles,
    local_time: LocalTime,
    /// The row's number as text: every cell repeats it.
    row: Vec<u8>,
}

impl RowWriter {
    /// Appends a row, by its number from 1.
    pub fn push_row(&mut self, out: &mut Vec<u8>, number: u32, message: &MessageRow<'_>) {
        self.row.clear();
        push_count(&mut self.row, number.into());
        out.extend_from_slice(b"<row r=\"");
        out.extend_from_slice(&self.row);
        let lines = lines_shown(message.text);
        if lines > 1 {
            out.extend_from_slice(b"\" ht=\"");
            push_count(out, lines * POINTS_PER_LINE);
        }
        out.extend_from_slice(b"\">");
        for (letter, column) in (b'A'..).zip(&COLUMNS) {
            match column.value(message) {
                Value::Moment(instant) => self.push_moment(out, letter, instant),
                Value::Repeated(text) => self.push_shared(out, letter, text),
                Value::Unique(text) => self.push_text(out, letter, text),
                Value::Body(text) if lines > 1 => {
                    self.push_styled_text(out, letter, text, &self.styles.lines);
                }
                Value::Body(text) => self.push_text(out, letter, text),
                Value::Count(count) => self.push_count(out, letter, count),
                Value::Credits(credits) => self.push_credits(out, letter, credits),
            }
        }
        out.extend_from_slice(b"</row>");
    }

    fn push_moment(&mut self, out: &mut Vec<u8>, column: u8, instant: Timestamp) {
        let start = out.len();
        self.open_number(out, column, &self.styles.moment);
        let local = self.local_time.milliseconds_at(instant);
        if push_excel_date(out, local) {
            out.extend_from_slice(NUMBER_END);
        } else {
            // Excel has no number for this day, so the cell gets it as text.
            out.truncate(start);
            self.push_text(out, column, &instant.to_string());
        }
    }

    fn push_count(&self, out: &mut Vec<u8>, column: u8, count: i64) {
        self.open_number(out, column, &self.styles.whole);
        push_count(out, count);
        out.extend_from_slice(NUMBER_END);
    }

    fn push_credits(&self, out: &mut Vec<u8>, column: u8, credits: Credits) {
        let style = match style::credits_format(credits) {
            style::WHOLE => &self.styles.whole,
            _ => &self.styles.fraction,
        };
        self.open_number(out, column, style);
        push_credits(out, credits);
        out.extend_from_slice(NUMBER_END);
    }

    /// Writes a text that many rows repeat as its number in the workbook's table of strings.
    fn push_shared(&mut self, out: &mut Vec<u8>, column: u8, text: &str) {
        if text.is_empty() {
            return;
        }
        let Some(number) = self.strings.number(text) else {
            return self.push_text(out, column, text);
        };
        self.open_cell(out, column, &self.styles.text);
        out.extend_from_slice(b" t=\"s\"><v>");
        push_count(out, number as i64);
        out.extend_from_slice(NUMBER_END);
    }

    fn push_text(&self, out: &mut Vec<u8>, column: u8, text: &str) {
        self.push_styled_text(out, column, text, &self.styles.text);
    }

    fn push_styled_text(&self, out: &mut Vec<u8>, column: u8, text: &str, style: &[u8]) {
        if text.is_empty() {
            return;
        }
        self.open_cell(out, column, style);
        out.extend_from_slice(if needs_preserving(text) {
            b" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
        } else {
            b" t=\"inlineStr\"><is><t>"
        });
        push_text(out, &within_limit(text));
        out.extend_from_slice(b"</t></is></c>");
    }

    fn open_number(&self, out: &mut Vec<u8>, column: u8, style: &[u8]) {
        self.open_cell(out, column, style);
        out.extend_from_slice(b"><v>");
    }

    fn open_cell(&self, out: &mut Vec<u8>, column: u8, style: &[u8]) {
        out.extend_from_slice(b"<c r=\"");
        out.push(column);
        out.extend_from_slice(&self.row);
        out.extend_from_slice(b"\" s=\"");
        out.extend_from_slice(style);
        out.push(b'"');
    }
}

/// The height of a text's row in lines: one, unless the text has line breaks. Spreadsheets don't
/// calculate heights when they open a file.
pub fn lines_shown(text: &str) -> i64 {
    // A row of an Excel sheet is at most 409 points high; longer texts are rare.
    const MAX_LINES: i64 = 20;
    if !text.contains('\n') {
        return 1;
    }
    let lines = text
        .split('\n')
        .map(|line| 1 + line.len() as i64 / CHARACTERS_PER_LINE);
    lines.sum::<i64>().min(MAX_LINES)
}

/// The height of a line in points.
pub const POINTS_PER_LINE: i64 = 15;
/// About as many characters as fit the width of the text's column.
const CHARACTERS_PER_LINE: i64 = 85;
const NUMBER_END: &[u8] = b"</v></c>";
