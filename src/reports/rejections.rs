//! The file of the rows that an import rejected, to be corrected and imported again.
//!
//! Here: the file as CSV and as a workbook: the original columns and one with the reasons. It is
//! small, at most 10,000 rows, and written from memory. Not here: reading the rows.

use std::{convert::Infallible, fmt, io::Write};

use rust_xlsxwriter::Workbook;

use super::{
    csv::{BYTE_ORDER_MARK, Delimiter, END_OF_LINE, push_text},
    file::WriteError,
};

/// The header of the column with the reasons.
const REASON: &str = "Reason";

/// The rows that an import rejected.
#[derive(Clone)]
pub struct RejectionsFile {
    /// The headers of the original columns.
    pub headers: Vec<String>,
    /// The rows, each with its cells and the reason.
    pub rows: Vec<(Vec<String>, String)>,
}

/// Without the content of the file, so that no log line contains it.
impl fmt::Debug for RejectionsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectionsFile")
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl RejectionsFile {
    /// The first row, and then every row, each with the reason in the same column.
    fn lines(&self) -> impl Iterator<Item = Vec<&str>> {
        let cells = |(cells, _): &(Vec<String>, String)| cells.len();
        let width = self.rows.iter().map(cells).max().unwrap_or_default();
        let width = width.max(self.headers.len());
        let first = std::iter::once((&self.headers, REASON));
        let rows = self.rows.iter();
        let rows = rows.map(|(cells, reason)| (cells, reason.as_str()));
        first.chain(rows).map(move |(cells, reason)| {
            let mut line: Vec<&str> = cells.iter().map(String::as_str).collect();
            line.resize(width, "");
            line.push(reason);
            line
        })
    }

    /// Writes it as CSV.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn write_csv<W: Write>(
        &self,
        mut out: W,
        delimiter: Delimiter,
    ) -> Result<(), WriteError<Infallible>> {
        out.write_all(BYTE_ORDER_MARK)?;
        let delimiter = delimiter.byte();
        let mut buffer = Vec::new();
        for line in self.lines() {
            buffer.clear();
            for (place, text) in line.into_iter().enumerate() {
                if place > 0 {
                    buffer.push(delimiter);
                }
                push_text(&mut buffer, text, delimiter);
            }
            buffer.extend_from_slice(END_OF_LINE);
            out.write_all(&buffer)?;
        }
        Ok(out.flush()?)
    }

    /// Writes it as a workbook, every cell as text.
    ///
    /// # Errors
    /// If the sheet can't be laid out, or `out` fails.
    pub fn write_workbook<W: Write>(&self, mut out: W) -> Result<(), WriteError<Infallible>> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, line) in (0_u32..).zip(self.lines()) {
            for (column, text) in (0_u16..).zip(line) {
                if !text.is_empty() {
                    sheet.write_string(row, column, text)?;
                }
            }
        }
        out.write_all(&workbook.save_to_buffer()?)?;
        Ok(out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Delimiter, RejectionsFile};

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn every_row_has_its_cells_and_its_reason() {
        let file = RejectionsFile {
            headers: texts(&["phone", "name"]),
            rows: vec![
                (texts(&["340", "Ada, \"A\""]), "Is short.".to_owned()),
                (texts(&[]), "Is empty.".to_owned()),
                (texts(&["=1", "b", "c"]), "Is long.".to_owned()),
            ],
        };
        let mut out = Vec::new();
        file.write_csv(&mut out, Delimiter::Comma).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "\u{FEFF}phone,name,,Reason\r\n340,\"Ada, \"\"A\"\"\",,Is short.\r\n,,,Is empty.\r\n'=1,b,c,Is long.\r\n"
        );
    }
}
