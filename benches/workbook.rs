//! How fast the messages of a report are written to a workbook, beside rust_xlsxwriter's
//! constant-memory mode writing the same sheet, in one run on one machine.
//!
//! `cargo bench --bench workbook [-- ROWS]`

use std::{
    convert::Infallible,
    fmt::Write as _,
    hint::black_box,
    io::{self, Write},
    time::{Duration, Instant},
};

use domain::credits::Credits;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use message_credits::reports::{
    file::{Interval, MessageRow, MessageSource, ReportFile, UsageRow},
    workbook::{Effort, write_workbook},
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// The best of this many rounds, in which the sides take turns.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let rows: u64 = rows.unwrap_or(200_000);
    let report = report()?;
    let lists: Vec<String> = (0..40).map(|list| format!("Contact list {list}")).collect();
    let mut reading = Duration::MAX;
    let mut theirs = (Duration::MAX, 0);
    let mut ours = [(Duration::MAX, 0); EFFORTS.len()];
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut given = messages(rows, &report, &lists);
        while let Ok(Some(row)) = given.next_row() {
            black_box(row);
        }
        reading = reading.min(start.elapsed());

        for (best, effort) in ours.iter_mut().zip(EFFORTS) {
            let mut out = Counter(0);
            let start = Instant::now();
            write_workbook(&mut out, &report, messages(rows, &report, &lists), effort)?;
            *best = (best.0.min(start.elapsed()), out.0);
        }
        let mut out = Counter(0);
        let start = Instant::now();
        write_constant_memory(&mut out, &report, messages(rows, &report, &lists))?;
        theirs = (theirs.0.min(start.elapsed()), out.0);
    }
    let line = |name: &str, (time, bytes): (Duration, u64)| {
        let speed = rows as f64 / time.as_secs_f64();
        let times = theirs.0.as_secs_f64() / time.as_secs_f64();
        let size = bytes as f64 / theirs.1 as f64;
        println!(
            "{name:<36} {time:>10.3?} {speed:>12.0} rows/s {times:>6.2} times {bytes:>12} bytes {size:>6.3}"
        );
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{rows} rows, best of {ROUNDS}; load {}", load.trim());
    line("making the rows (part of both)", (reading, 0));
    line("rust_xlsxwriter, constant memory", theirs);
    for (best, effort) in ours.into_iter().zip(EFFORTS) {
        let threads = if effort.has_two_threads {
            "two threads"
        } else {
            "one thread"
        };
        line(&format!("ours, level {}, {threads}", effort.level), best);
    }
    Ok(())
}

/// The sides of the comparison.
const EFFORTS: [Effort; 4] = [
    effort(3, false),
    effort(4, false),
    effort(3, true),
    effort(4, true),
];

const fn effort(level: u32, has_two_threads: bool) -> Effort {
    Effort {
        level,
        has_two_threads,
    }
}

/// An output that only counts bytes.
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
        filter: String::new(),
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
        as_of: from,
    })
}

/// Messages like a shop's: a few campaigns, each to many lists and countries; names and codes
/// repeat, ids don't.
struct Messages<'a> {
    from: Timestamp,
    lists: &'a [String],
    rows: std::ops::Range<u64>,
    text: String,
    id: String,
}

fn messages<'a>(rows: u64, report: &ReportFile, lists: &'a [String]) -> Messages<'a> {
    Messages {
        from: report.from,
        lists,
        rows: 0..rows,
        text: String::new(),
        id: String::new(),
    }
}

impl MessageSource for Messages<'_> {
    type Error = Infallible;

    fn next_row(&mut self) -> Result<Option<MessageRow<'_>>, Infallible> {
        const TEXTS: [&str; 4] = [
            "Ciao! Solo oggi 20% di sconto su tutta la collezione, in negozio e online. Codice",
            "Il tuo ordine è in viaggio: lo riceverai domani tra le 9 e le 13. Segui la consegna",
            "Saldi fino al 50%: scopri la selezione riservata a te, fino a domenica. Tessera",
            "Grazie per l'acquisto & a presto! Lascia una recensione <2 minuti> e ricevi un buono",
        ];
        const COUNTRIES: [&str; 4] = ["IT", "DE", "FR", "US"];
        let Some(row) = self.rows.next() else {
            return Ok(None);
        };
        let noise = row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let sent_at = self.from.checked_add((row as i64 * 30).seconds());
        let recipients = 1 + (noise % 5_000) as i64;
        self.text.clear();
        self.id.clear();
        // A buffer in memory takes every write.
        let _ = write!(
            self.text,
            "{} {noise:x}",
            TEXTS[noise as usize % TEXTS.len()]
        );
        let _ = write!(
            self.id,
            "msg_{:026x}",
            u128::from(noise) << 40 | u128::from(row)
        );
        Ok(Some(MessageRow {
            sent_at: sent_at.unwrap_or(self.from),
            list_name: Some(&self.lists[noise as usize % self.lists.len()]),
            text: &self.text,
            channel: domain::channel::Channel::Sms,
            encoding: Some("GSM-7"),
            segment_count: 1,
            recipients,
            country_code: COUNTRIES[noise as usize / 7 % COUNTRIES.len()],
            credits: Credits::from_units(recipients * 10_000 + (noise % 2) as i64 * 2_500),
            message_id: &self.id,
            sent_by: "Till",
            on_behalf_of: "",
        }))
    }
}

/// The same sheet through the library alone.
fn write_constant_memory(
    out: &mut Counter,
    report: &ReportFile,
    mut rows: Messages<'_>,
) -> Result<(), XlsxError> {
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let text = Format::new().set_num_format("@");
    let whole = Format::new().set_num_format("#,##0");
    let fraction = Format::new().set_num_format("#,##0.0###");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    let mut number = 0;
    while let Ok(Some(row)) = rows.next_row() {
        number += 1;
        let local = report.time_zone.to_datetime(row.sent_at);
        sheet.write_datetime_with_format(number, 0, local, &moment)?;
        if let Some(list_name) = row.list_name {
            sheet.write_string_with_format(number, 1, list_name, &text)?;
        }
        sheet.write_string_with_format(number, 2, row.text, &text)?;
        sheet.write_string_with_format(number, 3, row.channel.name(), &text)?;
        if let Some(encoding) = row.encoding {
            sheet.write_string_with_format(number, 4, encoding, &text)?;
        }
        sheet.write_number_with_format(number, 5, row.segment_count as f64, &whole)?;
        sheet.write_number_with_format(number, 6, row.recipients as f64, &whole)?;
        sheet.write_string_with_format(number, 7, row.country_code, &text)?;
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
