//! The workbook without its messages, as the library writes it.
//!
//! Here: laying it out in memory, and taking its parts out again. Not here: the contents of each
//! sheet.

use std::io::{Cursor, Read};

use jiff::tz::TimeZone;
use rust_xlsxwriter::{DocProperties, Workbook, XlsxError};
use zip::{ZipArchive, result::ZipResult};

use super::{
    super::file::{ReportFile, UsageRow, WriteError},
    messages,
    sheet::{Correction, corrected},
    summary, timeline,
};

/// Sheets before the first sheet of messages.
const SHEETS_BEFORE: usize = 2;
/// Parts that name the sheets or count their contents. They are written once all sheets are known.
pub const INDEX_PARTS: [&str; 5] = [
    "[Content_Types].xml",
    "docProps/app.xml",
    "xl/_rels/workbook.xml.rels",
    SHARED_STRINGS,
    "xl/workbook.xml",
];

/// Parts that don't depend on the figures. They are written first.
pub const HEAD_PARTS: [&str; 3] = ["_rels/.rels", "docProps/core.xml", "xl/theme/theme1.xml"];

/// The part with the texts that several cells share.
pub const SHARED_STRINGS: &str = "xl/sharedStrings.xml";

/// A workbook with a summary, a timeline, and sheets of messages without rows.
pub struct Layout {
    archive: ZipArchive<Cursor<Vec<u8>>>,
    corrections: [Vec<Correction>; SHEETS_BEFORE],
}

impl Layout {
    /// Lays out a workbook whose sheets of messages end at `last_rows`, counted from 1.
    pub fn new(report: &ReportFile, last_rows: &[u32]) -> Result<Self, XlsxError> {
        let mut workbook = Workbook::new();
        // The parts are unpacked again at once, so strong compression would be wasted.
        workbook.set_zip_compression_level(1);
        workbook.set_properties(&properties(report));
        let summary = summary::write(workbook.add_worksheet(), report)?;
        let timeline = timeline::write(workbook.add_worksheet(), report)?;
        for (number, last_row) in (1..).zip(last_rows) {
            let sheet = workbook.add_worksheet();
            messages::write_frame(sheet, report, number, last_row.saturating_sub(1))?;
        }
        let archive = ZipArchive::new(Cursor::new(workbook.save_to_buffer()?))?;
        Ok(Self {
            archive,
            corrections: [summary, timeline],
        })
    }

    /// Lays out a workbook of the same report without any figures, which takes little time.
    pub fn without_figures(report: &ReportFile) -> Result<Self, XlsxError> {
        let nothing = ReportFile {
            account_name: report.account_name.clone(),
            currency_code: String::new(),
            time_zone: report.time_zone.clone(),
            filter: report.filter.clone(),
            totals: UsageRow::default(),
            lists: Vec::new(),
            buckets: Vec::new(),
            countries: Vec::new(),
            ..*report
        };
        Self::new(&nothing, &[])
    }

    /// The names of all parts but the head, the index and the messages.
    pub fn body_parts(&self) -> ZipResult<Vec<String>> {
        let messages = part_of_messages(1);
        let mut names = Vec::new();
        for name in self.archive.file_names() {
            let name = name?.into_owned();
            let mut elsewhere = INDEX_PARTS.iter().chain(&HEAD_PARTS);
            if name != messages && elsewhere.all(|part| *part != name) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns a part's text.
    pub fn part(&mut self, name: &str) -> ZipResult<String> {
        let mut text = String::new();
        self.archive.by_name(name)?.read_to_string(&mut text)?;
        let sheets = (1..).zip(&self.corrections);
        for (number, corrections) in sheets {
            if name == sheet_part(number) {
                return Ok(corrected(text, corrections));
            }
        }
        Ok(text)
    }
}

/// The parts of a workbook that the library lays out as a whole, in their order. The corrections
/// are those of its sheets.
pub fn all_parts<E>(
    workbook: &mut Workbook,
    corrections: &[Vec<Correction>],
) -> Result<Vec<(String, String)>, WriteError<E>> {
    let mut archive = ZipArchive::new(Cursor::new(workbook.save_to_buffer()?))?;
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index)?;
        let name = part.name()?.into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text)?;
        let mut sheets = (1..).zip(corrections);
        let own = sheets.find(|(number, _)| name == sheet_part(*number));
        if let Some((_, corrections)) = own {
            text = corrected(text, corrections);
        }
        parts.push((name, text));
    }
    Ok(parts)
}

/// The name of the part with a Messages sheet, by its number from 1.
pub fn part_of_messages(number: usize) -> String {
    sheet_part(SHEETS_BEFORE + number)
}

fn sheet_part(number: usize) -> String {
    format!("xl/worksheets/sheet{number}.xml")
}

fn properties(report: &ReportFile) -> DocProperties {
    let name: String = report
        .account_name
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    let day = |instant| report.time_zone.to_datetime(instant).date();
    DocProperties::new()
        .set_title(format!("Message credits: usage of {name}"))
        .set_subject(format!(
            "Usage from {} to {}",
            day(report.from),
            day(report.to)
        ))
        .set_company(name)
        .set_creation_datetime(&TimeZone::UTC.to_datetime(report.generated_at))
}
