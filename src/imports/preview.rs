//! Previews of files before their import.
//!
//! Here: the beginning of a file, as an import without a mapping would read it. Not here: reading
//! rows, which is in `csv` and `workbook`.

use std::{fs::File, ops::ControlFlow};

use super::{
    Entry, FileColumn, Format, Mapping, ReadError, Taker, Unreadable, Warning,
    cells::{Cells, KeptRow, Row},
    csv, cut,
    header::{self, Opinion},
    intake::{HELD_BYTES, HELD_ROWS, Intake, Sink},
    workbook,
};

/// The most rows of a preview.
pub const PREVIEW_ROWS: usize = 10;

/// The beginning of a file, as it would be read without a mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// The character between two cells; `None` for a workbook.
    pub delimiter: Option<char>,
    /// The name of the text's encoding, such as `UTF-8`; `None` for a workbook.
    pub encoding: Option<&'static str>,
    /// The name of the sheet that is read; `None` for a text.
    pub sheet: Option<String>,
    /// The columns of the first row, in order.
    pub columns: Vec<PreviewColumn>,
    /// The position among `columns`, from 0, of the phone numbers' column; `None` if it can't be
    /// recognised.
    pub phone_column: Option<usize>,
    /// Why an import without a mapping would refuse the file; `None` if it would not.
    pub problem: Option<String>,
    /// The first rows with cells, at most [`PREVIEW_ROWS`].
    pub rows: Vec<PreviewRow>,
    /// The warnings that an import would give for the first hundred rows.
    pub warnings: Vec<Warning>,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewColumn {
    /// Its header; empty if it has none.
    pub header: String,
    /// Its merge field; `None` for the phone numbers' column, and if it is left out.
    pub merge_field: Option<String>,
}

/// A row of a file, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRow {
    /// Its line in the file, from 1; in a workbook its row.
    pub line: u64,
    /// Its cells in the order of the columns, each truncated for display.
    pub cells: Vec<String>,
}

/// Reads the beginning of a file. Blocking: call it on a thread of its own.
///
/// # Errors
/// Why the file can't be read. Unrecognised columns are not an error: the preview reports them in
/// `problem`.
pub fn preview(file: File, format: Format) -> Result<Preview, ReadError> {
    let mut beginning = Beginning::default();
    let mut preview = Preview::default();
    match format {
        Format::Text => {
            let (form, _) = csv::read(file, &mut beginning)?;
            preview.delimiter = Some(form.delimiter);
            preview.encoding = Some(form.encoding);
        }
        Format::Workbook => {
            preview.sheet = Some(workbook::read_beginning(file, &mut beginning)?);
        }
    }
    if let Some(header) = &beginning.header {
        preview.describe(header.cells(), &beginning);
    } else {
        preview.problem = Some(Unreadable::Empty.to_string());
    }
    Ok(preview)
}

impl Preview {
    fn describe(&mut self, header: Cells<'_>, beginning: &Beginning) {
        let mapping = Mapping::default();
        let mut seen = SeenWarnings::default();
        let mut intake = Intake::new(&mapping, &mut seen);
        let read = beginning.replay(&mut intake);
        self.phone_column = (0..header.len()).find(|column| intake.is_number(*column));
        match read {
            Ok(()) => {}
            Err(error) => {
                self.problem = Some(error.to_string());
                self.phone_column = None;
            }
        }
        self.warnings = seen.warnings;
        let names = header::merge_fields(header, self.phone_column);
        self.columns = names
            .into_iter()
            .zip(header.iter())
            .map(|(merge_field, header)| PreviewColumn {
                header: header.to_owned(),
                merge_field,
            })
            .collect();
        let width = self.columns.len();
        let rows = beginning.rows.iter().take(PREVIEW_ROWS).map(|kept| {
            let row = kept.row();
            PreviewRow {
                line: row.line,
                cells: (0..width)
                    .map(|column| cut(row.cells.get(column)))
                    .collect(),
            }
        });
        self.rows = rows.collect();
    }
}

/// The first rows of a file.
#[derive(Default)]
struct Beginning {
    header: Option<KeptRow>,
    /// The columns that may hold the numbers.
    candidates: Vec<usize>,
    rows: Vec<KeptRow>,
    bytes: usize,
    is_guessed: bool,
}

impl Beginning {
    fn replay(&self, intake: &mut Intake<'_>) -> Result<(), ReadError> {
        if self.is_guessed {
            intake.guessed();
        }
        for kept in self.header.iter().chain(&self.rows) {
            if intake.row(&kept.row())?.is_break() {
                return Ok(());
            }
        }
        intake.end(None)
    }
}

impl Sink for Beginning {
    fn guessed(&mut self) {
        self.is_guessed = true;
    }

    fn row(&mut self, row: &Row<'_>) -> Result<ControlFlow<()>, ReadError> {
        if row.is_blank() {
            return Ok(ControlFlow::Continue(()));
        }
        let kept = KeptRow::of(row);
        if self.header.is_none() {
            self.candidates = match header::opinion(row.cells, &Mapping::default()) {
                Ok(Opinion::Sure(column)) => vec![column],
                Ok(Opinion::Unsure(columns)) => columns,
                Err(_) => Vec::new(),
            };
            self.header = Some(kept);
            return Ok(ControlFlow::Continue(()));
        }
        self.bytes += kept.bytes();
        self.rows.push(kept);
        let is_enough = self.rows.len() >= HELD_ROWS || self.bytes >= HELD_BYTES;
        Ok(if is_enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    fn is_number(&self, column: usize) -> bool {
        self.candidates.contains(&column)
    }
}

/// Collects warnings.
#[derive(Default)]
struct SeenWarnings {
    warnings: Vec<Warning>,
}

impl Taker for SeenWarnings {
    fn opened(&mut self, _columns: Vec<FileColumn>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn take(&mut self, _entry: Entry<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}
