//! Properties of reading, over thousands of generated files and workbooks: contacts are imported as
//! written, nothing valid is refused, and a corrupted row costs only itself.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use proptest::{prelude::*, sample::select};
use rust_xlsxwriter::Workbook;

use super::{Row, file, rows};
use crate::imports::{format, preview};

/// A contact: its number and the cells of its fields.
type Written = (String, Vec<String>);

fn number() -> impl Strategy<Value = String> {
    (
        0_u32..10_000_000,
        select(vec!["+39340", "+39 340 ", "340-", "0039340"]),
    )
        .prop_map(|(number, start)| format!("{start}{number:07}"))
}

/// Texts with every separator, but without digits, so that they contain no lines that look like
/// rows.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Zàèéìòùßñ ']{0,12}",
        1 => "[a-z,;|\"\\t\\n\\r é=+@-]{0,12}",
        1 => "\\PC{0,6}".prop_filter("no digits", |text| !text.contains(char::is_numeric)),
    ]
}

fn contacts(cell: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Vec<Written>> {
    let cell = cell.boxed();
    (1_usize..5).prop_flat_map(move |width| {
        let row = (number(), prop::collection::vec(cell.clone(), width));
        prop::collection::vec(row, 1..12)
    })
}

/// The rows expected for contacts on these lines.
fn expected(contacts: &[Written], lines: &[u64]) -> Vec<Row> {
    let rows = contacts.iter().zip(lines).map(|((number, cells), line)| {
        let fields: serde_json::Map<String, serde_json::Value> = cells
            .iter()
            .enumerate()
            .map(|(at, cell)| (format!("f{at}"), cell.trim().into()))
            .filter(|(_, cell)| cell != "")
            .collect();
        let fields = (!fields.is_empty()).then(|| serde_json::to_string(&fields).unwrap());
        let is_garbled = cells.iter().any(|cell| cell.contains('\u{FFFD}'));
        let read = if is_garbled {
            Err(String::new())
        } else {
            Ok((number.trim().to_owned(), fields))
        };
        (*line, read)
    });
    rows.collect()
}

/// The format of a text.
#[derive(Debug, Clone, Copy)]
struct Style {
    delimiter: char,
    end: &'static str,
    all_quoted: bool,
    /// The number's position among the fields, capped at their count.
    phone: usize,
}

fn style() -> impl Strategy<Value = Style> {
    let delimiter = select(vec![',', ';', '\t', '|']);
    let end = select(vec!["\n", "\r\n", "\r"]);
    (delimiter, end, any::<bool>(), 0_usize..5).prop_map(|(delimiter, end, all_quoted, phone)| {
        Style {
            delimiter,
            end,
            all_quoted,
            phone,
        }
    })
}

/// A text by RFC 4180, and the line of each row.
fn text(contacts: &[Written], style: Style) -> (String, Vec<u64>) {
    let quoted = |cell: &str| {
        let needs =
            cell.contains([style.delimiter, '"', '\n', '\r']) || cell.starts_with([' ', '\t']);
        if style.all_quoted || needs {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let width = contacts[0].1.len();
    let row = |number: &str, cells: &[String]| {
        let mut row: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        row.insert(style.phone.min(width), number.to_owned());
        row.join(&style.delimiter.to_string())
    };
    let names: Vec<String> = (0..width).map(|at| format!("f{at}")).collect();
    let mut text = row("phone", &names);
    let mut lines = Vec::new();
    for (number, cells) in contacts {
        text.push_str(style.end);
        let breaks = text.replace("\r\n", "\n").matches(['\n', '\r']).count();
        lines.push(breaks as u64 + 1);
        text.push_str(&row(&quoted(number), cells));
    }
    (text, lines)
}

fn reasonless(rows: Vec<Row>) -> Vec<Row> {
    let rows = rows.into_iter();
    rows.map(|(line, read)| (line, read.map_err(|_| String::new())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every well-formed text is imported as written.
    #[test]
    fn texts_are_imported_as_written(
        contacts in contacts(cell()),
        style in style(),
        ends_with_end: bool,
        encoding in 0..4_u8,
    ) {
        let (mut text, lines) = text(&contacts, style);
        let expected = expected(&contacts, &lines);
        if ends_with_end {
            text.push_str(style.end);
        }
        let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{FEFF}{text}").encode_utf16().flat_map(bytes).collect()
        };
        let bytes = match encoding {
            0 => text.into_bytes(),
            1 => format!("\u{FEFF}{text}").into_bytes(),
            2 => wide(u16::to_le_bytes),
            _ => wide(u16::to_be_bytes),
        };
        prop_assert_eq!(reasonless(rows(&bytes).unwrap()), expected);
        // A preview reads it in the same way.
        let mut file = file(&bytes);
        let format = format(&mut file).unwrap();
        let preview = preview(file, format).unwrap();
        prop_assert_eq!((preview.phone_column, preview.problem), (Some(style.phone.min(contacts[0].1.len())), None));
        prop_assert_eq!(preview.delimiter, Some(style.delimiter));
        prop_assert_eq!(preview.rows.len(), contacts.len().min(10));
        let names = [UTF_16LE.name(), UTF_16BE.name(), "UTF-8"];
        prop_assert!(names.contains(&preview.encoding.unwrap()));
    }

    /// A stray quotation mark costs its row; two cost the rows between them; nothing is imported
    /// shifted.
    #[test]
    fn stray_quotation_marks_cost_only_the_rows_they_touch(
        contacts in contacts("[a-zà]{0,6}".boxed()),
        first: prop::sample::Index,
        second in prop::option::of(any::<prop::sample::Index>()),
        style in style(),
    ) {
        let style = Style { all_quoted: false, ..style };
        let end = style.end;
        let (text, lines) = text(&contacts, style);
        let expected = expected(&contacts, &lines);
        // After the header, and not between the two halves of CRLF.
        let places: Vec<usize> = text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .filter(|at| *at > text.find(['\r', '\n']).unwrap() && !text[..*at].ends_with('\r') | (end == "\r"))
            .collect();
        let line_of = |at: usize| text[..at].replace("\r\n", "\n").matches(['\n', '\r']).count() as u64 + 1;
        let mut marks = vec![*first.get(&places)];
        marks.extend(second.map(|second| *second.get(&places)).filter(|at| line_of(*at) != line_of(marks[0])));
        marks.sort_unstable();
        let mut spoilt = text.clone();
        for at in marks.iter().rev() {
            spoilt.insert(*at, '"');
        }
        let touched: Vec<u64> = marks.iter().map(|at| line_of(*at)).collect();
        let (from, to) = (touched[0], *touched.last().unwrap());
        let found = rows(spoilt.as_bytes()).unwrap();
        // Each row is present once, in order, either refused or as written.
        for row in &expected {
            let (line, read) = row;
            let read_now: Vec<_> = found.iter().filter(|(found, _)| found == line).collect();
            prop_assert_eq!(read_now.len(), 1, "{:?}", spoilt);
            let is_as_written = read_now[0].1 == *read;
            prop_assert!(is_as_written || read_now[0].1.is_err(), "{:?} {:?}", spoilt, read_now);
            if touched.contains(line) {
                prop_assert!(read_now[0].1.is_err(), "{:?}", spoilt);
            } else if !(from..=to).contains(line) {
                prop_assert!(is_as_written, "{:?}", spoilt);
            }
        }
        prop_assert_eq!(found.len(), expected.len());
    }

    /// A byte that is invalid in UTF-8 costs its row.
    #[test]
    fn wrong_bytes_cost_their_row(
        contacts in contacts("[a-zàèé]{1,6}".boxed()),
        at: prop::sample::Index,
        wrong in select(vec![0xFF_u8, 0xE9, 0x80, 0xC3]),
    ) {
        let contacts: Vec<Written> = contacts.into_iter().map(|(number, mut cells)| {
            cells[0].push('è');
            (number, cells)
        }).collect();
        let (mut text, lines) = text(&contacts, Style { delimiter: ';', end: "\n", all_quoted: false, phone: 0 });
        text.push('\n');
        let expected = expected(&contacts, &lines);
        // At the end of a cell's text, so that it splits no other character.
        let places: Vec<usize> = (0..text.len())
            .filter(|at| *at > text.find('\n').unwrap() && matches!(text.as_bytes()[*at], b';' | b'\n'))
            .filter(|at| text[..*at].ends_with(char::is_alphabetic))
            .collect();
        let place = *at.get(&places);
        let mut bytes = text.clone().into_bytes();
        bytes.insert(place, wrong);
        let touched = text[..place].matches('\n').count() as u64 + 1;
        let found = rows(&bytes).unwrap();
        prop_assert_eq!(found.len(), expected.len());
        for (found, row) in found.iter().zip(&expected) {
            if row.0 == touched {
                prop_assert!(found.1.is_err());
            } else {
                prop_assert_eq!(found, row);
            }
        }
    }

    /// No input panics the reader, and no text is invented.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), start in select(vec!["", "phone,a\n", "PK\u{3}\u{4}", "sep=;\nphone;a\n"])) {
        let bytes = [start.as_bytes(), &bytes].concat();
        let mut file = file(&bytes);
        if let Ok(format) = format(&mut file) {
            let _ = preview(file, format);
            let _ = rows(&bytes);
        }
    }

    /// Accented names in Windows-1252 are decoded as such, however many there are.
    #[test]
    fn western_texts_are_decoded_as_such(names in prop::collection::vec(
        select(vec!["Nicolò", "Müller", "José", "François", "Zoë", "città", "Señor", "João", "Søren", "Anna’s", "50 €"]), 1..20,
    )) {
        let text: String = names.iter().map(|name| format!("+391;{name}\r\n")).collect();
        let bytes = [b"phone;f0\r\n".as_slice(), &WINDOWS_1252.encode(&text).0].concat();
        let expected: Vec<Row> = names.iter().zip(2..).map(|(name, line)| super::row(line, "+391", &format!("{{\"f0\":\"{name}\"}}"))).collect();
        prop_assert_eq!(rows(&bytes), Ok(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A workbook's texts and numbers are imported as written.
    #[test]
    fn workbooks_are_imported_as_written(contacts in contacts(cell()), gap in 0..3_u32, column in 0..3_u16) {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write(0, column, "phone").unwrap();
        for at in 0..u16::try_from(contacts[0].1.len()).unwrap() {
            sheet.write(0, column + 1 + at, format!("f{at}")).unwrap();
        }
        let mut lines = Vec::new();
        let mut row = 0;
        for (number, cells) in &contacts {
            row += 1 + gap;
            lines.push(u64::from(row) + 1);
            sheet.write(row, column, number).unwrap();
            for (cell, at) in cells.iter().zip(column + 1..) {
                sheet.write(row, at, cell).unwrap();
            }
        }
        let bytes = workbook.save_to_buffer().unwrap();
        let found = reasonless(rows(&bytes).unwrap());
        prop_assert_eq!(found, expected(&contacts, &lines));
        let mut file = file(&bytes);
        let format = format(&mut file).unwrap();
        let preview = preview(file, format).unwrap();
        prop_assert_eq!(preview.phone_column, Some(usize::from(column)));
    }
}
