//! Delimited text: RFC 4180 and the variants that spreadsheets write.
//!
//! Here: detecting the delimiter. It is a comma, a semicolon, a tab or a pipe: the one that cuts
//! the first rows into as many cells as the header has. A first line `sep=;`, which Excel writes
//! and reads, states it explicitly. Not here: cutting rows, which is in `records`.

mod lines;
mod records;

use std::{fs::File, ops::ControlFlow};

use self::{lines::Lines, records::Records};
use super::{
    ReadError, Warning,
    intake::{Ended, Sink},
    phone_header::names_a_number,
    text::Text,
};

const DELIMITERS: [u8; 4] = *b",;\t|";
/// How many rows are tried with each delimiter.
const TRIED_ROWS: usize = 50;
/// How much of the text is tried at most.
const TRIED_BYTES: usize = 64 * 1024;

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// The name of its encoding.
    pub encoding: &'static str,
    /// The delimiter of its cells.
    pub delimiter: char,
}

/// Passes every row of a text to a sink, until it stops.
pub(super) fn read(file: File, sink: &mut dyn Sink) -> Result<(Form, Ended), ReadError> {
    let text = Text::of(file)?;
    let encoding = text.encoding();
    if text.is_guessed() {
        sink.guessed();
    }
    let last = text.is_cut().then(|| Warning {
        line: None,
        column: None,
        reason: written!("The MS-DOS end-of-file mark (0x1A) at the end of the file is left out.")
            .into(),
    });
    let mut lines = Lines::of(text)?;
    let delimiter = match declared(lines.ahead()) {
        Some(said) => {
            lines.skip()?;
            said
        }
        None => delimiter(lines.ahead().get(..TRIED_BYTES).unwrap_or(lines.ahead())),
    };
    let form = Form {
        encoding,
        delimiter: char::from(delimiter),
    };
    let mut records = Records::of(lines, delimiter);
    while let Some(row) = records.next()? {
        if sink.row(&row)? == ControlFlow::Break(()) {
            return Ok((form, Ended::BrokenOff));
        }
    }
    Ok((form, Ended::Whole(last)))
}

/// The delimiter declared by Excel's `sep=` line.
fn declared(text: &[u8]) -> Option<u8> {
    let (start, rest) = text.split_at_checked(4)?;
    let (delimiter, rest) = rest.split_first()?;
    let ends = matches!(rest.first(), None | Some(b'\r' | b'\n'));
    let divides =
        matches!(delimiter, b'\t' | b' ') || delimiter.is_ascii_punctuation() && *delimiter != b'"';
    (start.eq_ignore_ascii_case(b"sep=") && ends && divides).then_some(*delimiter)
}

/// Detects a text's delimiter from its beginning: the one with which the first row has a phone
/// header, most rows have as many cells as the first, and the first has the most; a comma if none
/// cuts it at all.
fn delimiter(sample: &[u8]) -> u8 {
    let judged = DELIMITERS.map(|delimiter| (judge(sample, delimiter), delimiter));
    // The first of equals.
    let best = judged.into_iter().rev().max_by_key(|(score, _)| *score);
    best.filter(|((_, _, cells), _)| *cells > 1)
        .map_or(b',', |(_, delimiter)| delimiter)
}

fn judge(sample: &[u8], delimiter: u8) -> (bool, usize, usize) {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(sample);
    let mut rows = reader.byte_records().map_while(Result::ok).take(TRIED_ROWS);
    let Some(header) = rows.next() else {
        return (false, 0, 0);
    };
    if header.len() < 2 {
        return (false, 0, header.len());
    }
    let named = header
        .iter()
        .any(|cell| std::str::from_utf8(cell).is_ok_and(names_a_number));
    let alike = rows.filter(|row| row.len() == header.len()).count();
    (named, alike, header.len())
}
