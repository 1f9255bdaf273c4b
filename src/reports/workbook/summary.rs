//! The Summary sheet.
//!
//! Here: the account, the period, the totals, and a table with a chart each for usage by list and
//! by country. Not here: usage over time ([`super::timeline`]).

use jiff::{Timestamp, tz::TimeZone};
use rust_xlsxwriter::{
    Chart, ChartDataLabel, ChartFont, ChartFormat, ChartLine, ChartSolidFill, Color, Format,
    FormatAlign, ObjectMovement, Table, TableColumn, TableStyle, Worksheet, XlsxError,
};

use super::{
    super::file::{ReportFile, UsageRow, zone_label},
    sheet::{Correction, ExactSheet},
    style,
};

/// The sheet's name.
pub const NAME: &str = "Summary";
/// The number of columns of each table.
const TABLE_COLUMNS: u16 = 6;
const CHART_COLUMN: u16 = TABLE_COLUMNS + 1;
const BAND_COLUMNS: u16 = CHART_COLUMN + 10;
const CREDITS_COLUMN: u16 = 4;
const FACTS_ROW: u32 = 3;
const TOTALS_ROW: u32 = 12;
const TABLES_ROW: u32 = 15;
/// With more bars a chart is hard to read.
const MAX_BARS: u32 = 15;

/// Fills the sheet. Returns the numbers that need more digits than a double has.
pub fn write(sheet: &mut Worksheet, report: &ReportFile) -> Result<Vec<Correction>, XlsxError> {
    sheet.set_name(NAME)?.set_screen_gridlines(false);
    sheet.set_column_width(0, 40)?;
    sheet.set_column_range_width(1, TABLE_COLUMNS - 1, 18)?;
    sheet.set_column_width(TABLE_COLUMNS, 3)?;
    style::set_up_page(sheet, &report.account_name, None)?;

    let mut sheet = ExactSheet::new(sheet);
    let title = "Message credits: usage report";
    write_title(&mut sheet, title, &report.account_name, BAND_COLUMNS)?;
    write_facts(&mut sheet, report)?;
    write_totals(&mut sheet, report)?;
    let lists = UsageTable {
        title: "Usage by list",
        column: "List",
        table: "UsageByList",
        rows: &report.lists,
        row: TABLES_ROW,
        bar: style::NAVY,
    };
    let countries = UsageTable {
        title: "Usage by country",
        column: "Country",
        table: "UsageByCountry",
        rows: &report.countries,
        row: lists.end() + 1,
        bar: style::TEAL,
    };
    let below = lists.write(&mut sheet, report, FACTS_ROW)?;
    countries.write(&mut sheet, report, below)?;
    Ok(sheet.corrections())
}

/// Writes a title and the account's name on a band over the first two rows.
pub fn write_title(
    sheet: &mut ExactSheet<'_>,
    text: &str,
    account_name: &str,
    columns: u16,
) -> Result<(), XlsxError> {
    let band = Format::new()
        .set_background_color(style::NAVY)
        .set_font_color(Color::White)
        .set_align(FormatAlign::VerticalCenter)
        .set_indent(1);
    for column in 0..columns {
        sheet.sheet.write_blank(0, column, &band)?;
        sheet.sheet.write_blank(1, column, &band)?;
    }
    sheet.sheet.set_row_height(0, 32)?.set_row_height(1, 22)?;
    let title = band.clone().set_bold().set_font_size(18);
    sheet.put_text(0, 0, text, &title)?;
    sheet.put_text(1, 0, account_name, &band.set_font_size(12))
}

fn write_facts(sheet: &mut ExactSheet<'_>, report: &ReportFile) -> Result<(), XlsxError> {
    let label = Format::new().set_font_color(style::GREY).set_indent(1);
    let value = Format::new().set_align(FormatAlign::Left);
    let moment = value.clone().set_num_format(style::MOMENT);
    let moments = [
        ("From", report.from),
        ("To (exclusive)", report.to),
        ("Created", report.generated_at),
        ("As of", report.as_of),
    ];
    let filter = match report.filter.as_str() {
        "" => "none: all usage counts",
        filter => filter,
    };
    let texts = [
        ("Time zone", zone_label(&report.time_zone)),
        ("Timeline by", report.interval.to_string().to_lowercase()),
        ("Currency", report.currency_code.clone()),
        ("Filter", filter.to_owned()),
    ];
    let mut row = FACTS_ROW;
    for (name, instant) in moments {
        sheet.put_text(row, 0, name, &label)?;
        put_moment(sheet.sheet, (row, 1), instant, &report.time_zone, &moment)?;
        row += 1;
    }
    for (name, text) in texts {
        sheet.put_text(row, 0, name, &label)?;
        sheet.put_text(row, 1, &text, &value)?;
        row += 1;
    }
    Ok(())
}

/// Writes an instant in a time zone.
pub fn put_moment(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    instant: Timestamp,
    time_zone: &TimeZone,
    format: &Format,
) -> Result<(), XlsxError> {
    let local = time_zone.to_datetime(instant);
    // The years of Excel's calendar. The period of a report may exceed them.
    if (1900..=9999).contains(&local.year()) {
        sheet.write_datetime_with_format(row, column, local, format)?;
    } else {
        sheet.write_string_with_format(row, column, local.to_string(), format)?;
    }
    Ok(())
}

fn write_totals(sheet: &mut ExactSheet<'_>, report: &ReportFile) -> Result<(), XlsxError> {
    let mist = Format::new().set_background_color(style::MIST);
    let label = mist
        .clone()
        .set_font_color(style::GREY)
        .set_align(FormatAlign::Right);
    let first = mist
        .set_bold()
        .set_font_size(14)
        .set_font_color(style::NAVY)
        .set_indent(1);
    let number = |format: &str| first.clone().set_indent(0).set_num_format(format);
    let totals = &report.totals;
    sheet.sheet.set_row_height(TOTALS_ROW + 1, 24)?;
    sheet.put_text(TOTALS_ROW, 0, "", &label)?;
    for (column, heading) in (1..).zip(number_headings(report)) {
        sheet.put_text(TOTALS_ROW, column, &heading, &label)?;
    }
    let row = TOTALS_ROW + 1;
    sheet.put_text(row, 0, "Total", &first)?;
    put_usage(
        sheet,
        row,
        1,
        totals,
        &|format| number(format),
        &style::cost_format(report),
    )
}

/// The headings of a usage row's numbers.
pub fn number_headings(report: &ReportFile) -> [String; 5] {
    [
        "Messages".to_owned(),
        "Recipients".to_owned(),
        "Segments".to_owned(),
        "Credits".to_owned(),
        format!("Cost ({})", report.currency_code),
    ]
}

/// Writes a usage row's numbers, the first into `column`. `format` makes a cell's format from a
/// number format.
pub fn put_usage(
    sheet: &mut ExactSheet<'_>,
    row: u32,
    column: u16,
    usage: &UsageRow,
    format: &dyn Fn(&str) -> Format,
    cost_format: &str,
) -> Result<(), XlsxError> {
    let whole = format(style::WHOLE);
    let credits = format(style::credits_format(usage.credits));
    sheet.put_count(row, column, usage.messages, &whole)?;
    sheet.put_count(row, column + 1, usage.recipients, &whole)?;
    sheet.put_count(row, column + 2, usage.segments, &whole)?;
    sheet.put_credits(row, column + 3, usage.credits, &credits)?;
    sheet.put_decimal(row, column + 4, &usage.cost, &format(cost_format))
}

/// One of the sheet's two tables, and its chart.
struct UsageTable<'a> {
    title: &'static str,
    column: &'static str,
    table: &'static str,
    rows: &'a [(String, UsageRow)],
    row: u32,
    bar: Color,
}

impl UsageTable<'_> {
    fn header_row(&self) -> u32 {
        self.row + 1
    }

    /// The number of rows. Saturates if there are too many: writing them then fails.
    fn count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX / 2)
    }

    /// The first row after the table. An empty table has one row with a note.
    fn end(&self) -> u32 {
        self.header_row() + 1 + self.count().max(1)
    }

    /// Writes the table, and its chart at `chart_row`. Returns the first free row below the chart.
    fn write(
        &self,
        sheet: &mut ExactSheet<'_>,
        report: &ReportFile,
        chart_row: u32,
    ) -> Result<u32, XlsxError> {
        let title = Format::new()
            .set_bold()
            .set_font_size(13)
            .set_font_color(style::NAVY);
        sheet.put_text(self.row, 0, self.title, &title)?;
        if self.rows.is_empty() {
            let note = Format::new().set_italic().set_font_color(style::GREY);
            sheet.put_text(
                self.header_row(),
                0,
                "Nothing was sent in this period.",
                &note,
            )?;
            return Ok(chart_row);
        }
        let names = style::cell();
        let cost_format = style::cost_format(report);
        for (row, (name, usage)) in (self.header_row() + 1..).zip(self.rows) {
            sheet.put_text(row, 0, name, &names)?;
            put_usage(sheet, row, 1, usage, &style::number, &cost_format)?;
        }
        self.add_table(sheet.sheet, report)?;
        self.add_chart(sheet.sheet, chart_row)
    }

    fn add_table(&self, sheet: &mut Worksheet, report: &ReportFile) -> Result<(), XlsxError> {
        let column = |heading: &str, format| {
            TableColumn::new()
                .set_header(heading)
                .set_header_format(format)
        };
        let mut columns = vec![column(self.column, style::header())];
        columns.extend(
            number_headings(report)
                .iter()
                .map(|heading| column(heading, style::number_header())),
        );
        let table = Table::new()
            .set_name(self.table)
            .set_style(TableStyle::None)
            .set_columns(&columns)
            .set_alt_text(self.title);
        sheet.set_row_height(self.header_row(), 20)?;
        sheet.add_table(
            self.header_row(),
            0,
            self.end() - 1,
            TABLE_COLUMNS - 1,
            &table,
        )?;
        Ok(())
    }

    fn add_chart(&self, sheet: &mut Worksheet, chart_row: u32) -> Result<u32, XlsxError> {
        const ROW_PIXELS: u32 = 20;
        let bars = self.count().min(MAX_BARS);
        let (first, last) = (self.header_row() + 1, self.header_row() + bars);
        let label = self.column.to_lowercase();
        let title = if self.count() > bars {
            format!("Credits by {label}, first {bars} of {}", self.count())
        } else {
            format!("Credits by {label}")
        };
        let mut chart = Chart::new_bar();
        chart
            .add_series()
            .set_name("Credits")
            .set_categories((NAME, first, 0, last, 0))
            .set_values((NAME, first, CREDITS_COLUMN, last, CREDITS_COLUMN))
            .set_format(
                ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(self.bar)),
            )
            .set_data_label(ChartDataLabel::new().show_value().set_num_format("#,##0"))
            .set_gap(50);
        dress_chart(&mut chart, &title);
        // Horizontal bars start at the bottom of the y axis, but the table's first row belongs at
        // the top. Every bar shows its number, so an axis of numbers would only take room.
        chart.y_axis().set_reverse().set_major_gridlines(false);
        chart.x_axis().set_hidden(true).set_major_gridlines(false);
        let rows = 5 + bars.max(3) * 5 / 4;
        chart
            .set_width(640)
            .set_height(rows * ROW_PIXELS)
            .set_alt_text(&title)
            // Filtering a table hides rows, which must not squeeze the charts beside it.
            .set_object_movement(ObjectMovement::DontMoveOrSizeWithCells);
        sheet.insert_chart(chart_row, CHART_COLUMN, &chart)?;
        Ok(chart_row + rows + 1)
    }
}

/// Sets what all charts share: a small title, no legend because there is one series, and pale
/// lines.
pub fn dress_chart(chart: &mut Chart, title: &str) {
    let mut font = ChartFont::new();
    font.set_size(12).set_bold().set_color(style::NAVY);
    chart.title().set_name(title).set_font(&font);
    chart.legend().set_hidden();
    let line = ChartLine::new().set_color(style::PALE).clone();
    chart
        .chart_area()
        .set_format(ChartFormat::new().set_border(&line));
    chart
        .y_axis()
        .set_major_gridlines_line(&line)
        .set_num_format("#,##0");
}
