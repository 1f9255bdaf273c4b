//! The Timeline sheet.
//!
//! Here: a row for each bucket, and a chart over time. Not here: where buckets begin
//! ([`domain::calendar::buckets`]).

use rust_xlsxwriter::{
    Chart, ChartAxisLabelPosition, ChartFormat, ChartLine, ChartSolidFill, FormatAlign,
    ObjectMovement, Worksheet, XlsxError,
};

use super::{
    super::file::{Interval, ReportFile, zone_label},
    sheet::{Correction, ExactSheet},
    style,
    summary::{dress_chart, number_headings, put_moment, put_usage},
};

/// The sheet's name.
pub const NAME: &str = "Timeline";
/// With more buckets the columns are thinner than the gaps between them, and a line is easier to
/// read.
const MAX_COLUMNS_CHARTED: usize = 62;

/// Fills the sheet. Returns the numbers that need more digits than a double has.
pub fn write(sheet: &mut Worksheet, report: &ReportFile) -> Result<Vec<Correction>, XlsxError> {
    let columns = Columns::of(report.interval);
    sheet.set_name(NAME)?;
    style::set_up_page(sheet, &report.account_name, Some(0))?;
    let mut sheet = ExactSheet::new(sheet);
    write_header(&mut sheet, report, &columns)?;

    let start = style::number(bucket_format(report.interval)).set_align(FormatAlign::Left);
    let text = style::cell();
    let cost_format = style::cost_format(report);
    for (row, (instant, usage)) in (1..).zip(&report.buckets) {
        put_moment(sheet.sheet, (row, 0), *instant, &report.time_zone, &start)?;
        if columns.has_offset {
            let local = instant.to_zoned(report.time_zone.clone());
            let offset = local.strftime("%:z").to_string();
            sheet.put_text(row, 1, &offset, &text)?;
        }
        put_usage(
            &mut sheet,
            row,
            columns.usage,
            usage,
            &style::number,
            &cost_format,
        )?;
    }
    let last = u32::try_from(report.buckets.len()).unwrap_or(u32::MAX);
    sheet
        .sheet
        .set_freeze_panes(1, 1)?
        .autofilter(0, 0, last, columns.last())?;
    if last > 0 {
        add_chart(sheet.sheet, report, &columns, last)?;
    }
    Ok(sheet.corrections())
}

/// The positions of the columns. Buckets of an hour have a column for the UTC offset, because only
/// it distinguishes the two hours when the clocks go back.
struct Columns {
    has_offset: bool,
    usage: u16,
}

impl Columns {
    fn of(interval: Interval) -> Self {
        let has_offset = interval == Interval::Hour;
        Self {
            has_offset,
            usage: 1 + u16::from(has_offset),
        }
    }

    fn credits(&self) -> u16 {
        self.usage + 3
    }

    fn last(&self) -> u16 {
        self.usage + 4
    }
}

fn bucket_format(interval: Interval) -> &'static str {
    match interval {
        Interval::Hour => "yyyy-mm-dd hh:mm",
        Interval::Day | Interval::Week => "yyyy-mm-dd",
        Interval::Month => "yyyy-mm",
    }
}

fn write_header(
    sheet: &mut ExactSheet<'_>,
    report: &ReportFile,
    columns: &Columns,
) -> Result<(), XlsxError> {
    let heading = format!(
        "{} from ({})",
        report.interval,
        zone_label(&report.time_zone)
    );
    sheet.sheet.set_row_height(0, 20)?;
    sheet.sheet.set_column_width(0, 30)?;
    sheet.put_text(0, 0, &heading, &style::header())?;
    if columns.has_offset {
        sheet.sheet.set_column_width(1, 14)?;
        sheet.put_text(0, 1, "UTC offset", &style::header())?;
    }
    sheet
        .sheet
        .set_column_range_width(columns.usage, columns.last(), 16)?;
    let format = style::number_header();
    for (column, heading) in (columns.usage..).zip(number_headings(report)) {
        sheet.put_text(0, column, &heading, &format)?;
    }
    Ok(())
}

fn add_chart(
    sheet: &mut Worksheet,
    report: &ReportFile,
    columns: &Columns,
    last: u32,
) -> Result<(), XlsxError> {
    let many = report.buckets.len() > MAX_COLUMNS_CHARTED;
    let mut chart = if many {
        Chart::new_line()
    } else {
        Chart::new_column()
    };
    let series = chart
        .add_series()
        .set_name("Credits")
        .set_categories((NAME, 1, 0, last, 0))
        .set_values((NAME, 1, columns.credits(), last, columns.credits()));
    if many {
        let line = ChartLine::new()
            .set_color(style::NAVY)
            .set_width(1.5)
            .clone();
        series.set_format(ChartFormat::new().set_line(&line));
    } else {
        let fill = ChartSolidFill::new().set_color(style::NAVY).clone();
        series
            .set_format(ChartFormat::new().set_solid_fill(&fill))
            .set_gap(40);
    }
    let title = format!("Credits by {}", report.interval.to_string().to_lowercase());
    dress_chart(&mut chart, &title);
    // A date axis counts days and would draw all hours of a day at the same place.
    chart
        .x_axis()
        .set_text_axis(true)
        .set_num_format(bucket_format(report.interval))
        .set_label_position(ChartAxisLabelPosition::Low);
    let line = ChartLine::new().set_color(style::PALE).clone();
    chart
        .y_axis()
        .set_major_gridlines_line(&line)
        .set_num_format(style::WHOLE);
    chart
        .set_width(880)
        .set_height(380)
        .set_alt_text(&title)
        .set_object_movement(ObjectMovement::DontMoveOrSizeWithCells);
    sheet.insert_chart(1, columns.last() + 2, &chart)?;
    Ok(())
}
