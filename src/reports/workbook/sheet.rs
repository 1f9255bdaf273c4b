//! A sheet that keeps every digit of its numbers.
//!
//! Here: cells of the summary and the timeline, written through the library. Not here: messages,
//! which are too many for the library ([`super::messages`]).

use domain::credits::Credits;
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::xml::within_limit;

/// A worksheet for numbers that a double can't represent. The library takes doubles, which are
/// exact to 15 digits; [`ExactSheet::corrections`] returns the exact text of numbers with more.
pub struct ExactSheet<'a> {
    /// The sheet itself, for everything but numbers and text from users.
    pub sheet: &'a mut Worksheet,
    corrections: Vec<Correction>,
}

/// The exact decimal of a cell whose double prints a different one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Correction {
    row: u32,
    column: u16,
    text: String,
}

impl<'a> ExactSheet<'a> {
    /// Wraps a sheet, with nothing to correct yet.
    pub fn new(sheet: &'a mut Worksheet) -> Self {
        Self {
            sheet,
            corrections: Vec::new(),
        }
    }

    /// Returns the corrections in the order of the sheet's XML.
    pub fn corrections(mut self) -> Vec<Correction> {
        self.corrections.sort();
        self.corrections
    }

    /// Writes text from a user: never as a formula, and cut to Excel's limit.
    pub fn put_text(
        &mut self,
        row: u32,
        column: u16,
        text: &str,
        format: &Format,
    ) -> Result<(), XlsxError> {
        let text = within_limit(text);
        if text.starts_with("<r>") && text.ends_with("</r>") {
            // The library would take such a string for its own markup and write it unescaped.
            let plain = Format::new();
            self.sheet
                .write_rich_string_with_format(row, column, &[(&plain, &text)], format)?;
        } else {
            self.sheet
                .write_string_with_format(row, column, text, format)?;
        }
        Ok(())
    }

    /// Writes a count.
    pub fn put_count(
        &mut self,
        row: u32,
        column: u16,
        count: i64,
        format: &Format,
    ) -> Result<(), XlsxError> {
        self.put_decimal(row, column, &count.to_string(), format)
    }

    /// Writes an amount of credits.
    pub fn put_credits(
        &mut self,
        row: u32,
        column: u16,
        credits: Credits,
        format: &Format,
    ) -> Result<(), XlsxError> {
        self.put_decimal(row, column, &credits.to_string(), format)
    }

    /// Writes a plain decimal as a number, and anything else as text.
    pub fn put_decimal(
        &mut self,
        row: u32,
        column: u16,
        decimal: &str,
        format: &Format,
    ) -> Result<(), XlsxError> {
        let plain = decimal
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
        let Some(double) = decimal.parse::<f64>().ok().filter(|_| plain) else {
            return self.put_text(row, column, decimal, format);
        };
        self.sheet
            .write_number_with_format(row, column, double, format)?;
        let exact = without_trailing_zeros(decimal);
        if double.to_string() != exact {
            self.corrections.push(Correction {
                row,
                column,
                text: exact.to_owned(),
            });
        }
        Ok(())
    }
}

/// Puts the exact decimals into a sheet's XML.
pub fn corrected(xml: String, corrections: &[Correction]) -> String {
    let mut done = String::new();
    let mut rest = xml.as_str();
    for correction in corrections {
        let name = rust_xlsxwriter::utility::row_col_to_cell(correction.row, correction.column);
        let Some((before, after)) = split_value(rest, &name) else {
            continue;
        };
        done.push_str(before);
        done.push_str(&correction.text);
        rest = after;
    }
    if done.is_empty() {
        return xml;
    }
    done + rest
}

/// Splits XML around the value of the cell with that name.
fn split_value<'a>(xml: &'a str, cell: &str) -> Option<(&'a str, &'a str)> {
    const OPEN: &str = "<v>";
    let cell = xml.find(&format!("<c r=\"{cell}\""))?;
    let start = cell + xml.get(cell..)?.find(OPEN)? + OPEN.len();
    let end = start + xml.get(start..)?.find("</v>")?;
    Some((xml.get(..start)?, xml.get(end..)?))
}

fn without_trailing_zeros(decimal: &str) -> &str {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

#[cfg(test)]
mod tests {
    use super::{ExactSheet, corrected};
    use rust_xlsxwriter::{Format, Worksheet};

    #[test]
    fn only_numbers_that_a_double_prints_wrong_are_corrected() {
        let check = |decimal: &str, expected: Option<&str>| {
            let mut sheet = Worksheet::new();
            let mut exact = ExactSheet::new(&mut sheet);
            exact.put_decimal(6, 4, decimal, &Format::new()).unwrap();
            let corrections = exact.corrections();
            let xml = "<c r=\"E6\"><v>1</v></c><c r=\"E7\" s=\"3\"><v>?</v></c>";
            let xml = corrected(xml.to_owned(), &corrections);
            let value = expected.unwrap_or("?");
            assert_eq!(
                xml,
                format!("<c r=\"E6\"><v>1</v></c><c r=\"E7\" s=\"3\"><v>{value}</v></c>")
            );
        };
        check("0", None);
        check("12.50", None);
        check("-0.0001", None);
        check("99999999999.9999", None);
        check("922337203685477.5807", Some("922337203685477.5807"));
        check("9007199254740993", Some("9007199254740993"));
        check("9007199254740993.00", Some("9007199254740993"));
    }
}
