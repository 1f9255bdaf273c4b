//! A statement as an Excel workbook (law T3): a summary, its payments, and what became of the
//! credits.
//!
//! Here: the three sheets. They are small, so the library lays out all of them. Amounts that reduce
//! a sum are negative, so that each column adds up. Not here: usage reports (the parent).

use std::{convert::Infallible, io::Write};

use domain::{credits::Credits, id::PurchaseId, money::Money, statement::MonthCredits};
use jiff::tz::TimeZone;
use rust_xlsxwriter::{
    DocProperties, Format, FormatAlign, IgnoreError, Workbook, Worksheet, XlsxError,
};

use super::{
    super::{
        file::{WriteError, zone_label},
        statement::{PaymentRow, StatementFile},
    },
    Effort,
    layout::all_parts,
    package::write_package,
    sheet::{Correction, ExactSheet},
    style,
    summary::{put_moment, write_title},
};

/// A calendar month.
const MONTH: &str = "yyyy-mm";
/// The width of the summary's band, in columns.
const BAND_COLUMNS: u16 = 3;
/// The column of a payment's purchase, whose id is a text.
const PURCHASE_COLUMN: u16 = 3;
/// The last column of the payments.
const AMOUNT_COLUMN: u16 = 5;

const OPENING: &str = "Opening balance";
const CLOSING: &str = "Closing balance";

/// Writes a statement as an xlsx file. `show` writes the id of a purchase as the API does.
///
/// # Errors
/// See [`WriteError`].
pub fn write_statement<W: Write>(
    mut out: W,
    statement: &StatementFile,
    show: fn(PurchaseId) -> String,
) -> Result<(), WriteError<Infallible>> {
    let mut workbook = Workbook::new();
    // The parts are unpacked again at once, so strong compression would be wasted.
    workbook.set_zip_compression_level(1);
    workbook.set_properties(&properties(statement));
    let corrections = [
        write_summary(workbook.add_worksheet(), statement)?,
        write_payments(workbook.add_worksheet(), statement, show)?,
        write_credits(workbook.add_worksheet(), statement)?,
    ];
    let parts = all_parts(&mut workbook, &corrections)?;
    let effort = Effort {
        has_two_threads: false,
        ..Effort::default()
    };
    write_package(&mut out, effort, |package| {
        for (name, text) in &parts {
            package.put(name, text)?;
        }
        Ok(())
    })
}

fn properties(statement: &StatementFile) -> DocProperties {
    let visible = |character: &char| !character.is_control();
    let name: String = statement.account_name.chars().filter(visible).collect();
    DocProperties::new()
        .set_title(format!("Message credits: statement of {name}"))
        .set_subject(format!(
            "Statement for {}",
            statement.month.strftime("%Y-%m")
        ))
        .set_company(name)
        .set_creation_datetime(&TimeZone::UTC.to_datetime(statement.generated_at))
}

fn write_summary(
    sheet: &mut Worksheet,
    statement: &StatementFile,
) -> Result<Vec<Correction>, XlsxError> {
    sheet.set_name("Summary")?.set_screen_gridlines(false);
    sheet.set_column_width(0, 40)?.set_column_width(1, 24)?;
    style::set_up_page(sheet, &statement.account_name, None)?;
    let mut sheet = ExactSheet::new(sheet);
    let title = "Message credits: statement";
    write_title(&mut sheet, title, &statement.account_name, BAND_COLUMNS)?;
    let below = write_facts(&mut sheet, statement, 3)?;
    write_bill(&mut sheet, statement, below + 1)?;
    Ok(sheet.corrections())
}

/// Writes what the statement is about. Returns the first row below.
fn write_facts(
    sheet: &mut ExactSheet<'_>,
    statement: &StatementFile,
    row: u32,
) -> Result<u32, XlsxError> {
    let label = Format::new().set_font_color(style::GREY).set_indent(1);
    let value = Format::new().set_align(FormatAlign::Left);
    let month = value.clone().set_num_format(MONTH);
    let moment = value.clone().set_num_format(style::MOMENT);
    sheet.put_text(row, 0, "Month", &label)?;
    let first = statement.month;
    sheet
        .sheet
        .write_datetime_with_format(row, 1, first, &month)?;
    let mut row = row + 1;
    for (name, instant) in [
        ("From", statement.from),
        ("To (exclusive)", statement.to),
        ("Created", statement.generated_at),
        ("As of", statement.as_of),
    ] {
        sheet.put_text(row, 0, name, &label)?;
        put_moment(
            sheet.sheet,
            (row, 1),
            instant,
            &statement.time_zone,
            &moment,
        )?;
        row += 1;
    }
    let currency = statement.total.currency().code().to_string();
    for (name, text) in [
        ("Time zone", zone_label(&statement.time_zone)),
        ("Currency", currency),
    ] {
        sheet.put_text(row, 0, name, &label)?;
        sheet.put_text(row, 1, &text, &value)?;
        row += 1;
    }
    Ok(row)
}

fn write_bill(
    sheet: &mut ExactSheet<'_>,
    statement: &StatementFile,
    row: u32,
) -> Result<(), XlsxError> {
    let code = statement.total.currency().code();
    put_heads(sheet, row, "Bill", &format!("Amount ({code})"))?;
    let lines = [
        ("One-time payments", statement.one_time_payments),
        ("Automatic recharges", statement.recharges),
        ("Subscription fee", statement.subscription_fee),
        ("Refunds and chargebacks", negative(statement.refunds)),
    ];
    for (row, (name, amount)) in (row + 1..).zip(lines) {
        sheet.put_text(row, 0, name, &style::cell())?;
        put_money(sheet, (row, 1), amount, style::number)?;
    }
    let last = row + 5;
    sheet.put_text(last, 0, "Total", &style::cell().set_bold())?;
    put_money(sheet, (last, 1), statement.total, |format| {
        style::number(format).set_bold()
    })
}

fn write_payments(
    sheet: &mut Worksheet,
    statement: &StatementFile,
    show: fn(PurchaseId) -> String,
) -> Result<Vec<Correction>, XlsxError> {
    sheet.set_name("Payments")?.set_freeze_panes(1, 0)?;
    sheet.set_column_width(0, 30)?;
    sheet.set_column_range_width(1, 2, 30)?;
    sheet.set_column_width(PURCHASE_COLUMN, 40)?;
    sheet.set_column_range_width(4, AMOUNT_COLUMN, 18)?;
    let last = u32::try_from(statement.payments.len()).unwrap_or(u32::MAX);
    sheet.autofilter(0, 0, last, AMOUNT_COLUMN)?;
    if last > 0 {
        // No green corners for a package named "2026".
        sheet.ignore_error_range(1, 1, last, PURCHASE_COLUMN, IgnoreError::NumberStoredAsText)?;
    }
    style::set_up_page(sheet, &statement.account_name, Some(0))?;
    let mut sheet = ExactSheet::new(sheet);
    sheet.sheet.set_row_height(0, 20)?;
    let date = format!("Date ({})", zone_label(&statement.time_zone));
    let texts = [date.as_str(), "Type", "Package", "Purchase"];
    for (column, heading) in (0..).zip(texts) {
        sheet.put_text(0, column, heading, &style::header())?;
    }
    let amount = format!("Amount ({})", statement.total.currency().code());
    for (column, heading) in (4..).zip(["Credits", &amount]) {
        sheet.put_text(0, column, heading, &style::number_header())?;
    }
    for (row, payment) in (1..).zip(&statement.payments) {
        put_payment(&mut sheet, row, payment, (&statement.time_zone, show))?;
    }
    Ok(sheet.corrections())
}

fn put_payment(
    sheet: &mut ExactSheet<'_>,
    row: u32,
    payment: &PaymentRow,
    (time_zone, show): (&TimeZone, fn(PurchaseId) -> String),
) -> Result<(), XlsxError> {
    let moment = style::number(style::MOMENT).set_align(FormatAlign::Left);
    put_moment(sheet.sheet, (row, 0), payment.at, time_zone, &moment)?;
    // Digits stay text if someone edits the cell.
    let text = style::number("@");
    let purchase = payment.purchase.map(show).unwrap_or_default();
    sheet.put_text(row, 1, &payment.kind.to_string(), &text)?;
    sheet.put_text(row, 2, &payment.package, &text)?;
    sheet.put_text(row, PURCHASE_COLUMN, &purchase, &text)?;
    if let Some(credits) = payment.credits {
        put_credits(sheet, (row, 4), credits, style::number)?;
    }
    put_money(sheet, (row, AMOUNT_COLUMN), payment.amount, style::number)
}

fn write_credits(
    sheet: &mut Worksheet,
    statement: &StatementFile,
) -> Result<Vec<Correction>, XlsxError> {
    sheet.set_name("Credits")?;
    sheet.set_column_width(0, 40)?.set_column_width(1, 24)?;
    style::set_up_page(sheet, &statement.account_name, Some(0))?;
    let mut sheet = ExactSheet::new(sheet);
    sheet.sheet.set_row_height(0, 20)?;
    put_heads(&mut sheet, 0, "Movement", "Credits")?;
    let Some(month) = &statement.credits else {
        let note = Format::new().set_italic().set_font_color(style::GREY);
        sheet.put_text(1, 0, "The month has not begun.", &note)?;
        return Ok(sheet.corrections());
    };
    for (row, (name, credits)) in (1..).zip(credit_lines(month)) {
        let is_balance = [OPENING, CLOSING].contains(&name);
        let bold = |format: Format| {
            if is_balance {
                format.set_bold()
            } else {
                format
            }
        };
        sheet.put_text(row, 0, name, &bold(style::cell()))?;
        put_credits(&mut sheet, (row, 1), credits, |format| {
            bold(style::number(format))
        })?;
    }
    Ok(sheet.corrections())
}

fn credit_lines(month: &MonthCredits) -> [(&'static str, Credits); 10] {
    let out = |credits: Credits| Credits::from_units(-credits.units());
    [
        (OPENING, month.opening),
        ("Purchased", month.purchased),
        ("Recharged automatically", month.recharged),
        ("Granted", month.granted),
        ("Spent", out(month.spent)),
        ("Expired", out(month.expired)),
        ("Revoked", out(month.revoked)),
        ("Charged back", out(month.charged_back)),
        ("Paid for debt", out(month.debt_paid)),
        (CLOSING, month.closing),
    ]
}

fn put_heads(
    sheet: &mut ExactSheet<'_>,
    row: u32,
    text: &str,
    number: &str,
) -> Result<(), XlsxError> {
    sheet.put_text(row, 0, text, &style::header())?;
    sheet.put_text(row, 1, number, &style::number_header())
}

fn put_money(
    sheet: &mut ExactSheet<'_>,
    (row, column): (u32, u16),
    amount: Money,
    format: impl Fn(&str) -> Format,
) -> Result<(), XlsxError> {
    let amount = amount.to_string();
    let format = format(&style::money_format(&amount));
    sheet.put_decimal(row, column, &amount, &format)
}

fn put_credits(
    sheet: &mut ExactSheet<'_>,
    (row, column): (u32, u16),
    credits: Credits,
    format: impl Fn(&str) -> Format,
) -> Result<(), XlsxError> {
    let format = format(style::credits_format(credits));
    sheet.put_credits(row, column, credits, &format)
}

fn negative(amount: Money) -> Money {
    Money::new(-amount.minor(), amount.currency())
}
