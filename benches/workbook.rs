//! How fast the messages of a report become a workbook, beside rust_xlsxwriter's constant-memory mode
//! writing the same sheet, in one run on one machine.
//!
//! `cargo bench --bench workbook [-- ROWS]`

use std::{
    convert::Infallible,
    hint::black_box,
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::credits::Credits;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use message_credits::reports::{
    file::{Interval, MessageRow, ReportFile, UsageRow},
    workbook::write_workbook,
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// The best of so many rounds, the sides taking turns.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let rows: u64 = rows.unwrap_or(200_000);
    let report = report()?;
    let lists: Vec<Arc<str>> = (0..40)
        .map(|list| format!("Contact list {list}").into())
        .collect();
    let [mut reading, mut ours, mut theirs] = [Duration::MAX; 3];
    let [mut our_bytes, mut their_bytes] = [0, 0];
    for _ in 0..ROUNDS {
        let start = Instant::now();
        messages(rows, &report, &lists).for_each(|row| drop(black_box(row)));
        reading = reading.min(start.elapsed());

        let mut out = Counter(0);
        let start = Instant::now();
        let given = messages(rows, &report, &lists).map(Ok::<_, Infallible>);
        write_workbook(&mut out, &report, given)?;
        ours = ours.min(start.elapsed());
        our_bytes = out.0;

        let mut out = Counter(0);
        let start = Instant::now();
        write_constant_memory(&mut out, &report, messages(rows, &report, &lists))?;
        theirs = theirs.min(start.elapsed());
        their_bytes = out.0;
    }
    let line = |name: &str, time: Duration, bytes: u64| {
        let speed = rows as f64 / time.as_secs_f64();
        println!("{name:<36} {time:>10.3?} {speed:>12.0} rows/s {bytes:>12} bytes");
    };
    println!("{rows} rows, best of {ROUNDS}");
    line("making the rows (part of both)", reading, 0);
    line("write_workbook", ours, our_bytes);
    line("rust_xlsxwriter, constant memory", theirs, their_bytes);
    let times = theirs.as_secs_f64() / ours.as_secs_f64();
    let size = our_bytes as f64 / their_bytes as f64;
    println!("{times:.2} times as fast, {size:.3} times the size");
    Ok(())
}

/// An output that only counts.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn report() -> Result<ReportFile, jiff::Error> {
    let from: Timestamp = "2025-11-01T00:00:00Z".parse()?;
    Ok(ReportFile {
        account_name: "A shop".to_owned(),
        currency_code: "EUR".to_owned(),
        time_zone: TimeZone::get("Europe/Rome")?,
        from,
        to: "2026-11-01T00:00:00Z".parse()?,
        interval: Interval::Month,
        totals: UsageRow {
            messages: 0,
            recipients: 0,
            segments: 0,
            credits: Credits::ZERO,
            cost: "0.00".to_owned(),
        },
        lists: Vec::new(),
        buckets: Vec::new(),
        countries: Vec::new(),
        generated_at: from,
    })
}

/// Messages as a shop's are: a few campaigns, each to many lists and countries, names and codes
/// merged into the text.
fn messages<'a>(
    rows: u64,
    report: &'a ReportFile,
    lists: &'a [Arc<str>],
) -> impl Iterator<Item = MessageRow> + 'a {
    const TEXTS: [&str; 4] = [
        "Ciao! Solo oggi 20% di sconto su tutta la collezione, in negozio e online. Codice",
        "Il tuo ordine è in viaggio: lo riceverai domani tra le 9 e le 13. Segui la consegna",
        "Saldi fino al 50%: scopri la selezione riservata a te, fino a domenica. Tessera",
        "Grazie per l'acquisto & a presto! Lascia una recensione <2 minuti> e ricevi un buono",
    ];
    let countries: [Arc<str>; 4] = ["IT", "DE", "FR", "US"].map(Arc::from);
    (0..rows).map(move |row| {
        let noise = row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let sent_at = report.from.checked_add((row as i64 * 150).seconds());
        let recipients = 1 + (noise % 5_000) as i64;
        MessageRow {
            sent_at: sent_at.unwrap_or(report.from),
            list_name: lists.get(noise as usize % lists.len()).cloned(),
            text: format!("{} {noise:x}", TEXTS[noise as usize % TEXTS.len()]),
            channel: "SMS",
            encoding: Some("GSM-7"),
            segment_count: 1,
            recipients,
            country_code: Arc::clone(&countries[noise as usize / 7 % countries.len()]),
            credits: Credits::from_units(recipients * 10_000 + (noise % 2) as i64 * 2_500),
            message_id: format!("msg_{:026x}", u128::from(noise) << 40 | u128::from(row)),
        }
    })
}

/// The same sheet through the library alone.
fn write_constant_memory(
    out: &mut Counter,
    report: &ReportFile,
    rows: impl Iterator<Item = MessageRow>,
) -> Result<(), XlsxError> {
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let text = Format::new().set_num_format("@");
    let whole = Format::new().set_num_format("#,##0");
    let fraction = Format::new().set_num_format("#,##0.0###");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    for (number, row) in (1..).zip(rows) {
        let local = report.time_zone.to_datetime(row.sent_at);
        sheet.write_datetime_with_format(number, 0, local, &moment)?;
        if let Some(list_name) = &row.list_name {
            sheet.write_string_with_format(number, 1, &**list_name, &text)?;
        }
        sheet.write_string_with_format(number, 2, row.text, &text)?;
        sheet.write_string_with_format(number, 3, row.channel, &text)?;
        if let Some(encoding) = row.encoding {
            sheet.write_string_with_format(number, 4, encoding, &text)?;
        }
        sheet.write_number_with_format(number, 5, row.segment_count as f64, &whole)?;
        sheet.write_number_with_format(number, 6, row.recipients as f64, &whole)?;
        sheet.write_string_with_format(number, 7, &*row.country_code, &text)?;
        let units = row.credits.units();
        let format = if units % 10_000 == 0 {
            &whole
        } else {
            &fraction
        };
        sheet.write_number_with_format(number, 8, units as f64 / 10_000.0, format)?;
        sheet.write_string_with_format(number, 9, row.message_id, &text)?;
    }
    workbook.save_to_writer(out)
}
