//! The look of the workbook.
//!
//! Here: colours, formats and page set-up for every sheet. Not here: the cells.

use domain::credits::Credits;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet};

use super::super::file::ReportFile;

/// Titles, table headers and the first chart.
pub const NAVY: Color = Color::RGB(0x001F_3864);
/// The second chart.
pub const TEAL: Color = Color::RGB(0x002A_9D8F);
/// Labels.
pub const GREY: Color = Color::RGB(0x0059_5959);
/// Lines between rows and in charts.
pub const PALE: Color = Color::RGB(0x00D9_DFE8);
/// The background of the totals.
pub const MIST: Color = Color::RGB(0x00F2_F5FA);

/// Whole numbers.
pub const WHOLE: &str = "#,##0";
/// Credits with a fraction, which never has more than four digits.
pub const FRACTION: &str = "#,##0.0###";
/// A moment to the second.
pub const MOMENT: &str = "yyyy-mm-dd hh:mm:ss";

/// The number format that shows every digit of an amount of credits, without an empty fraction.
pub fn credits_format(credits: Credits) -> &'static str {
    if credits.units() % Credits::UNITS_PER_CREDIT == 0 {
        WHOLE
    } else {
        FRACTION
    }
}

/// The number format for costs, with as many decimals as the totals have.
pub fn cost_format(report: &ReportFile) -> String {
    money_format(&report.totals.cost)
}

/// The number format for money, with as many decimals as an amount has.
pub fn money_format(amount: &str) -> String {
    let fraction = amount.split_once('.').map(|(_, fraction)| fraction);
    match fraction.map_or(0, str::len) {
        0 => WHOLE.to_owned(),
        digits => format!("{WHOLE}.{}", "0".repeat(digits)),
    }
}

/// The format of a table's header above text.
pub fn header() -> Format {
    Format::new()
        .set_bold()
        .set_font_color(Color::White)
        .set_background_color(NAVY)
        .set_align(FormatAlign::VerticalCenter)
}

/// The format of a table's header above numbers, indented to leave room for the filter's button.
pub fn number_header() -> Format {
    header().set_align(FormatAlign::Right).set_indent(2)
}

/// The format of a table's cell in the summary and the timeline.
pub fn cell() -> Format {
    Format::new()
        .set_border_bottom(FormatBorder::Thin)
        .set_border_bottom_color(PALE)
}

/// The format of a table's cell with a number.
pub fn number(format: &str) -> Format {
    cell().set_num_format(format)
}

/// Sets a sheet to print on A4 landscape with all columns on one page, `header_row` repeated on
/// every page, and page numbers.
pub fn set_up_page(
    sheet: &mut Worksheet,
    account_name: &str,
    header_row: Option<u32>,
) -> Result<(), rust_xlsxwriter::XlsxError> {
    const A4: u8 = 9;
    sheet
        .set_landscape()
        .set_paper_size(A4)
        .set_margins(0.4, 0.4, 0.7, 0.6, 0.3, 0.3)
        .set_print_fit_to_pages(1, 0)
        .set_header(format!("&L{}&R&A", page_header_text(account_name)))
        .set_footer("&RPage &P of &N");
    if let Some(row) = header_row {
        sheet.set_repeat_rows(row, row)?;
    }
    Ok(())
}

/// The account's name for the page header, in which `&` begins a command and 255 units are the
/// limit.
fn page_header_text(name: &str) -> String {
    const MAX_CHARACTERS: usize = 80;
    name.chars()
        .filter(|character| !character.is_control())
        .take(MAX_CHARACTERS)
        .collect::<String>()
        .replace('&', "&&")
}
