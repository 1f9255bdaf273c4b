//! The Messages sheets: their frame, and their rows as XML.
//!
//! The frame (header, widths, filter, print set-up) is written by the library around a specimen row
//! that only carries the cells' formats. The rows themselves are written here, straight into a
//! buffer: the library keeps all of them until the end, and takes several times as long.

use rust_xlsxwriter::{Format, FormatAlign, IgnoreError, Worksheet, XlsxError};

use super::{
    super::{
        file::{MessageRow, ReportFile, zone_label},
        local_time::LocalTime,
        number_text::{push_count, push_credits, push_excel_date},
    },
    strings::SharedStrings,
    style,
    xml::{needs_preserving, push_text, within_limit},
};

/// The last row that Excel has, counted from 1.
pub const EXCEL_ROWS: u32 = 1_048_576;

/// Headings, widths and the specimen's formats. After them the specimen has two cells for formats
/// that only some rows want: credits with a fraction, and texts of several lines.
const COLUMNS: [(&str, f64, Kind); 10] = [
    ("Sent at", 30.0, Kind::Moment),
    ("List", 28.0, Kind::Text),
    ("Text", 80.0, Kind::Text),
    ("Channel", 12.0, Kind::Text),
    ("Encoding", 13.0, Kind::Text),
    ("Segments", 14.0, Kind::Number),
    ("Recipients", 15.0, Kind::Number),
    ("Country", 12.0, Kind::Text),
    ("Credits", 16.0, Kind::Number),
    ("Message id", 34.0, Kind::Text),
];
const LAST_COLUMN: u16 = COLUMNS.len() as u16 - 1;
const SPECIMEN_ROW: u32 = 1;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Moment,
    Text,
    Number,
}

/// The name of the sheet of that number, counted from 1.
pub fn sheet_name(number: usize) -> String {
    match number {
        1 => "Messages".to_owned(),
        number => format!("Messages {number}"),
    }
}

/// Writes a sheet's frame. `last_row`, counted from 0, is where its filter ends.
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
    style::set_up_page(sheet, report, Some(0))?;
    for (column, (heading, width, kind)) in (0..).zip(COLUMNS) {
        let (header, specimen) = match kind {
            Kind::Moment => (style::header(), moment()),
            Kind::Text => (style::header().set_indent(1), text()),
            Kind::Number => (style::number_header(), number_format(style::WHOLE)),
        };
        let heading = match kind {
            Kind::Moment => format!("{heading} ({})", zone_label(&report.time_zone)),
            Kind::Text | Kind::Number => heading.to_owned(),
        };
        sheet
            .set_column_width(column, width)?
            .write_string_with_format(0, column, heading, &header)?
            .write_blank(SPECIMEN_ROW, column, &specimen)?;
        if kind == Kind::Text {
            // A list named "2026", or a text that is a code: no green corners.
            let last = EXCEL_ROWS - 1;
            sheet.ignore_error_range(1, column, last, column, IgnoreError::NumberStoredAsText)?;
        }
    }
    let fraction = number_format(style::FRACTION);
    sheet
        .write_blank(SPECIMEN_ROW, LAST_COLUMN + 1, &fraction)?
        .write_blank(SPECIMEN_ROW, LAST_COLUMN + 2, &text().set_text_wrap())?;
    Ok(())
}

fn moment() -> Format {
    Format::new()
        .set_num_format(style::MOMENT)
        .set_align(FormatAlign::Left)
        .set_align(FormatAlign::Top)
}

fn text() -> Format {
    // "General" reads digits as digits; "@" keeps a text a text when someone edits the cell. The
    // indent parts it from the number before it.
    Format::new()
        .set_num_format("@")
        .set_align(FormatAlign::Left)
        .set_indent(1)
        .set_align(FormatAlign::Top)
}

fn number_format(format: &str) -> Format {
    Format::new()
        .set_num_format(format)
        .set_align(FormatAlign::Top)
}

/// A frame as the library wrote it, taken apart.
pub struct Frame {
    /// Up to the first message's row.
    pub head: String,
    /// From `</sheetData>` on, in two parts: between them goes the filter's last row.
    tail: (String, String),
    styles: Styles,
}

impl Frame {
    /// Takes a sheet's XML apart, or answers `None` where it has not the shape that it should.
    pub fn parse(xml: &str) -> Option<Self> {
        let (before, after) = xml.split_once("<dimension ")?;
        let (_, after) = after.split_once("/>")?;
        let specimen = after.find(&format!("<row r=\"{}\"", SPECIMEN_ROW + 1))?;
        let (header, rest) = after.split_at_checked(specimen)?;
        let (specimen, tail) = rest.split_at_checked(rest.find("</sheetData>")?)?;
        let filter = "<autoFilter ref=\"A1:";
        let (to_filter, filtered) = tail.split_at_checked(tail.find(filter)? + filter.len())?;
        // "J2"/>…: the column stays, the row is put in when it is known.
        let digits = filtered.find(|character: char| character.is_ascii_digit())?;
        let (column, filtered) = filtered.split_at_checked(digits)?;
        let after_filter =
            filtered.trim_start_matches(|character: char| character.is_ascii_digit());
        Some(Self {
            // The dimension comes before the rows that it sums up, and may be left out.
            head: format!("{before}{header}"),
            tail: (format!("{to_filter}{column}"), after_filter.to_owned()),
            styles: Styles::parse(specimen)?,
        })
    }

    /// The sheet's end, with a filter down to that row, counted from 1.
    pub fn tail(&self, last_row: u32) -> String {
        format!("{}{last_row}{}", self.tail.0, self.tail.1)
    }

    /// A writer of rows in the formats of this frame's specimen.
    pub fn row_writer(&self, report: &ReportFile, strings: SharedStrings) -> RowWriter {
        RowWriter {
            strings,
            styles: self.styles.clone(),
            local_time: LocalTime::new(report.time_zone.clone()),
            row: Vec::with_capacity(10),
        }
    }
}

/// The format ids, as text, that the library gave the specimen's cells.
#[derive(Clone)]
struct Styles {
    moment: Vec<u8>,
    text: Vec<u8>,
    lines: Vec<u8>,
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

impl Styles {
    fn parse(specimen: &str) -> Option<Self> {
        let mut ids = specimen.split(" s=\"").skip(1).map(|cell| {
            let id = cell.split_once('"').map_or("", |(id, _)| id);
            id.as_bytes().to_vec()
        });
        let columns: Vec<_> = ids.by_ref().take(COLUMNS.len()).collect();
        let of = |kind| {
            let at = COLUMNS.iter().position(|column| column.2 == kind)?;
            columns.get(at).cloned()
        };
        Some(Self {
            moment: of(Kind::Moment)?,
            text: of(Kind::Text)?,
            whole: of(Kind::Number)?,
            fraction: ids.next()?,
            lines: ids.next()?,
        })
    }
}

/// Writes rows as XML.
pub struct RowWriter {
    /// What rows share, for the part that comes last.
    pub strings: SharedStrings,
    styles: Styles,
    local_time: LocalTime,
    /// The row's number as text, which every cell repeats.
    row: Vec<u8>,
}

impl RowWriter {
    /// Appends a row; its number counts from 1.
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
        self.push_moment(out, message);
        if let Some(list_name) = message.list_name {
            self.push_shared(out, b'B', list_name);
        }
        let style = if lines > 1 {
            &self.styles.lines
        } else {
            &self.styles.text
        };
        self.push_styled_text(out, b'C', message.text, style);
        self.push_shared(out, b'D', message.channel.name());
        if let Some(encoding) = message.encoding {
            self.push_shared(out, b'E', encoding);
        }
        self.push_count(out, b'F', message.segment_count);
        self.push_count(out, b'G', message.recipients);
        self.push_shared(out, b'H', message.country_code);
        self.push_credits(out, message);
        self.push_text(out, b'J', message.message_id);
        out.extend_from_slice(b"</row>");
    }

    fn push_moment(&mut self, out: &mut Vec<u8>, message: &MessageRow<'_>) {
        let start = out.len();
        self.open_number(out, b'A', &self.styles.moment);
        let local = self.local_time.milliseconds_at(message.sent_at);
        if push_excel_date(out, local) {
            out.extend_from_slice(NUMBER_END);
        } else {
            // No day of Excel's calendar: better as text than lost.
            out.truncate(start);
            self.push_text(out, b'A', &message.sent_at.to_string());
        }
    }

    fn push_count(&self, out: &mut Vec<u8>, column: u8, count: i64) {
        self.open_number(out, column, &self.styles.whole);
        push_count(out, count);
        out.extend_from_slice(NUMBER_END);
    }

    fn push_credits(&self, out: &mut Vec<u8>, message: &MessageRow<'_>) {
        let style = match style::credits_format(message.credits) {
            style::WHOLE => &self.styles.whole,
            _ => &self.styles.fraction,
        };
        self.open_number(out, b'I', style);
        push_credits(out, message.credits);
        out.extend_from_slice(NUMBER_END);
    }

    /// A text that many rows have.
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

/// How many lines the text's row is high: one, unless the text itself has more. Readers do not work
/// heights out when they open a file.
fn lines_shown(text: &str) -> i64 {
    // Excel's rows are at most 409 points high; longer texts are the exception.
    const MAX_LINES: i64 = 20;
    if !text.contains('\n') {
        return 1;
    }
    let lines = text
        .split('\n')
        .map(|line| 1 + line.len() as i64 / CHARACTERS_PER_LINE);
    lines.sum::<i64>().min(MAX_LINES)
}

const POINTS_PER_LINE: i64 = 15;
/// About what the text's column is wide.
const CHARACTERS_PER_LINE: i64 = 85;
const NUMBER_END: &[u8] = b"</v></c>";
