//! Real-world texts: every delimiter, encoding and line ending. Workbooks, and files that resemble
//! either, are in `workbook`; malicious workbooks in `hostile`; displayed cells in `formats`.

mod cases;
mod formats;
mod headers;
mod hostile;
mod laws;
mod parts;
mod preview;
mod quotes;
mod workbook;

use std::{
    fs::File,
    io::{Seek, Write},
    ops::ControlFlow,
};

use encoding_rs::{Encoding, ISO_8859_2, SHIFT_JIS, UTF_8, WINDOWS_1251, WINDOWS_1252};

use super::{
    Entry, FileColumn, MAX_ROW_BYTES, Mapping, ReadError, Taker, Unreadable, Warning, format, read,
};

/// A row as the tests compare it: its line, and its number and fields, or the reason for refusing
/// it.
type Row = (u64, Result<(String, Option<String>), String>);

/// Rows, and warnings: line, column and reason.
#[derive(Default)]
struct Rows(Vec<Row>, Vec<WarningSeen>);

type WarningSeen = (Option<u64>, Option<String>, String);

impl Taker for Rows {
    fn opened(&mut self, _columns: Vec<FileColumn>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn take(&mut self, entry: Entry<'_>) -> ControlFlow<()> {
        self.0.push(match entry {
            Entry::Contact { line, contact, .. } => {
                (line, Ok((contact.number.to_owned(), contact.fields)))
            }
            Entry::Refused(row) => (
                row.line,
                Err(format!("{}: {}", row.value.unguarded(), row.fault.reason)),
            ),
        });
        ControlFlow::Continue(())
    }

    fn warn(&mut self, warning: Warning) {
        let Warning {
            line,
            column,
            reason,
        } = warning;
        self.1.push((line, column, reason.into_owned()));
    }
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn rows(bytes: &[u8]) -> Result<Vec<Row>, String> {
    mapped_rows(bytes, &Mapping::default()).map(|(rows, _)| rows)
}

/// Rows and warnings.
fn warned_rows(bytes: &[u8]) -> Result<(Vec<Row>, Vec<WarningSeen>), String> {
    mapped_rows(bytes, &Mapping::default())
}

fn mapped_rows(bytes: &[u8], mapping: &Mapping) -> Result<(Vec<Row>, Vec<WarningSeen>), String> {
    let mut file = file(bytes);
    let mut rows = Rows::default();
    let message = |error| match error {
        ReadError::Unreadable(Unreadable::Mapping { part, reason }) => format!("{part}: {reason}"),
        ReadError::Unreadable(why) => why.to_string(),
        ReadError::Io(cause) => panic!("{cause}"),
    };
    let format = format(&mut file).map_err(message)?;
    read(file, format, mapping, &mut rows).map_err(message)?;
    Ok((rows.0, rows.1))
}

fn row(line: u64, number: &str, fields: &str) -> Row {
    (
        line,
        Ok((
            number.to_owned(),
            Some(fields.to_owned()).filter(|fields| !fields.is_empty()),
        )),
    )
}

fn warning(line: Option<u64>, column: Option<&str>, reason: &str) -> WarningSeen {
    (line, column.map(str::to_owned), reason.to_owned())
}

#[track_caller]
fn check(bytes: &[u8], expected: &[Row]) {
    assert_eq!(
        rows(bytes).as_deref(),
        Ok(expected),
        "{}",
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn every_delimiter_and_line_ending_is_detected() {
    for delimiter in [",", ";", "\t", "|"] {
        for end in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{FEFF}"] {
                let text = [
                    "phone|name|note",
                    "+391|Anna|\"uno|due\"",
                    "",
                    "+392|\"Bea \"\"B\"\"\"|",
                    "+393|\"due\n\nrighe\"|x",
                    "+394|Dino|y",
                ];
                let text = text.join("\n").replace('\n', end).replace('|', delimiter);
                let breaks = end.replace('\r', "\\r").replace('\n', "\\n");
                let cell = delimiter.replace('\t', "\\t");
                let expected = [
                    row(
                        2,
                        "+391",
                        &format!("{{\"name\":\"Anna\",\"note\":\"uno{cell}due\"}}"),
                    ),
                    row(4, "+392", "{\"name\":\"Bea \\\"B\\\"\"}"),
                    row(
                        5,
                        "+393",
                        &format!("{{\"name\":\"due{breaks}{breaks}righe\",\"note\":\"x\"}}"),
                    ),
                    row(8, "+394", "{\"name\":\"Dino\",\"note\":\"y\"}"),
                ];
                check(format!("{mark}{text}").as_bytes(), &expected);
                check(format!("{mark}{text}{end}{end}").as_bytes(), &expected);
            }
        }
    }
}

#[test]
fn common_encodings_are_detected() {
    let check_in = |encoding: &'static Encoding, text: &str| {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{text} in {}", encoding.name());
        let expected: Vec<Row> = text
            .lines()
            .zip(1..)
            .skip(1)
            .map(|(line, number)| {
                let (phone, name) = line.split_once(';').unwrap();
                row(number, phone, &format!("{{\"nome\":\"{name}\"}}"))
            })
            .collect();
        check(&bytes, &expected);
    };
    let western =
        "telefono;nome\n+391;Nicolò è già perché\n+392;Zoë François\n+393;Müller Straße\n";
    check_in(UTF_8, western);
    check_in(WINDOWS_1252, western);
    check_in(
        ISO_8859_2,
        "telefono;nome\n+391;Łukasz Żółć\n+392;Bożena Dąbrowska\n+393;Świętosława Źdźbło\n",
    );
    check_in(
        WINDOWS_1251,
        "telefono;nome\n+391;Александр Сергеевич\n+392;Наташа Иванова\n+393;Дмитрий\n",
    );
    check_in(
        SHIFT_JIS,
        "telefono;nome\n+391;たなかさん\n+392;すずきはなこ\n+393;山田太郎です\n",
    );
    for (mark, bytes) in [
        (b"\xFF\xFE", u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (b"\xFE\xFF", u16::to_be_bytes),
    ] {
        let mut file = mark.to_vec();
        file.extend(
            "telefono;nome\r\n+391;Nicolò 😀\r\n"
                .encode_utf16()
                .flat_map(bytes),
        );
        check(&file, &[row(2, "+391", "{\"nome\":\"Nicolò 😀\"}")]);
    }
    // The first non-ASCII byte may be far beyond the first block.
    let mut late = b"telefono;nome\n".to_vec();
    for _ in 0..20_000 {
        late.extend_from_slice(b"+391;Anna\n");
    }
    late.extend_from_slice(b"+392;Nicol\xF2 e perch\xE9\n");
    let last = rows(&late).unwrap().pop();
    assert_eq!(
        last,
        Some(row(20_002, "+392", "{\"nome\":\"Nicolò e perché\"}"))
    );
}

#[test]
fn the_first_row_names_the_columns() {
    let check = |header: &str, number: usize, names: &[&str]| {
        let cells: Vec<String> = (0..header.split(',').count())
            .map(|at| format!("v{at}"))
            .collect();
        let found = rows(format!("{header}\n{}\n", cells.join(",")).as_bytes()).unwrap();
        let (_, Ok((at, fields))) = &found[0] else {
            panic!("{found:?}")
        };
        assert_eq!(*at, format!("v{number}"), "{header}");
        let fields: serde_json::Map<String, serde_json::Value> = fields
            .as_deref()
            .map_or_else(Default::default, |text| serde_json::from_str(text).unwrap());
        let mut expected: Vec<&str> = names.to_vec();
        expected.sort_unstable();
        assert_eq!(
            fields.keys().map(String::as_str).collect::<Vec<_>>(),
            expected,
            "{header}"
        );
    };
    check("name,phone", 1, &["name"]);
    check("Telefono,Cellulare,nome", 1, &["nome", "Telefono"]);
    check("Number,Mobile Phone", 1, &["Number"]);
    check("House,Numero di telefono", 1, &["House"]);
    check("Téléphone", 0, &[]);
    check(
        "phone,First name,LAST NAME,Città,1st order,e-mail,VAT (it),姓名",
        0,
        &[
            "firstName",
            "lastName",
            "citta",
            "_1stOrder",
            "e-mail",
            "vatIt",
            "column8",
        ],
    );
    check("phone,a.b-c_9,_x", 0, &["a.b-c_9", "_x"]);
}

#[test]
fn first_rows_without_column_names_are_refused() {
    let check = |text: &str, message: &str| {
        let error = rows(text.as_bytes()).unwrap_err();
        assert!(error.contains(message), "{text:?}: {error}");
    };
    check("", "is empty");
    check("\n\r\n", "is empty");
    check(",,\n", "is empty");
    check("+393401234567,Anna\n", "holds the number +393401234567");
    check("340 1234567\n", "holds the number");
    check("ada@example.com,Ada\n", "holds the address ada@example.com");
    check("phone,\"a\"b\n", "Text follows a closing quotation mark");
    check(
        &format!("phone,\"{}\"\n", "x".repeat(70_000)),
        "more than 65536 bytes",
    );
}

/// Values beyond the limits of a row are left out, and the contact is imported.
#[test]
fn values_beyond_the_limits_are_left_out() {
    let heavy: Vec<String> = (0..9).map(|at| format!("f{at}")).collect();
    let heavy = format!(
        "phone,{}\n+391{}\n+392,{}\u{1A}\u{1A}",
        heavy.join(","),
        format!(",{}", "z".repeat(1_000)).repeat(9),
        "y".repeat(1_001)
    );
    let (rows, warnings) = warned_rows(heavy.as_bytes()).unwrap();
    let [(2, Ok((_, Some(fields)))), (3, Ok((_, None)))] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(fields).unwrap();
    assert_eq!(fields.len(), 8);
    assert_eq!(
        warnings,
        [
            warning(
                Some(2),
                Some("f8"),
                "The row's fields come to more than 8192 bytes; this one is left out."
            ),
            warning(
                Some(3),
                Some("f0"),
                "The value has more than 1000 characters and is left out."
            ),
            warning(
                None,
                None,
                "The MS-DOS end-of-file mark (0x1A) at the end of the file is left out."
            ),
        ]
    );
}

#[test]
fn warnings_are_limited_and_the_others_counted() {
    let row = format!("+391,{}\n", "y".repeat(1_001));
    let (rows, warnings) =
        warned_rows(format!("phone,a\n{}", row.repeat(1_203)).as_bytes()).unwrap();
    assert_eq!((rows.len(), warnings.len()), (1_203, 1_001));
    assert_eq!(
        warnings.last(),
        Some(&warning(None, None, "203 more warnings are not listed."))
    );
}

#[test]
fn excels_sep_line_declares_the_delimiter() {
    check(
        b"sep=|\r\nphone|a,b;c\r\n+391|x,y\r\n",
        &[row(3, "+391", "{\"aBC\":\"x,y\"}")],
    );
}

#[test]
fn unusable_rows_are_reported_and_the_rest_is_imported() {
    let long = "x".repeat(10 * 1024 * 1024);
    let text = format!(
        "phone,a,b\n+391,1,2\n+392,{long},2\n+393,\"{long}\n\",2\n+394,1,2,3\n,1,2\n+395,a\u{0}b\n+396,{},\n+397,\n,,\n+398,1,2,,,\n",
        "y".repeat(1_001)
    );
    let found = rows(text.as_bytes()).unwrap();
    let refused = |line: u64, message: &str| (line, Err(message.to_owned()));
    let too_long = |start: &str| {
        format!("{start}: The row has more than {MAX_ROW_BYTES} bytes or 1024 cells.")
    };
    let shown = |number: &str| format!("{number}{}…", "x".repeat(100 - number.len()));
    let expected = [
        row(2, "+391", "{\"a\":\"1\",\"b\":\"2\"}"),
        refused(3, &too_long(&shown("+392,"))),
        refused(4, &too_long(&format!("+393,\"{}…", "x".repeat(94)))),
        refused(
            5,
            "\",2: A quotation mark in this row is not closed within 65536 bytes.",
        ),
        refused(6, "+394: The row has 4 cells, but the first row has 3."),
        refused(7, "1: The number is missing."),
        refused(8, "+395: a has control characters."),
        row(9, "+396", ""),
        row(10, "+397", ""),
        row(12, "+398", "{\"a\":\"1\",\"b\":\"2\"}"),
    ];
    assert_eq!(found, expected);
    // A quotation mark that is never closed costs its own row and no other.
    let open = format!("phone,a\n+391,\"open\n{}", "+392,x\n".repeat(20_000));
    let found = rows(open.as_bytes()).unwrap();
    assert!(
        matches!(found.as_slice(), [(2, Err(message)), (3, Ok(_)), ..] if message.contains("not closed")),
        "{:?}",
        &found[..3]
    );
    assert_eq!(found.len(), 20_001);
    let wide = format!("phone,a\n+391{}\n+392,x\n", ",".repeat(2_000));
    assert!(matches!(
        rows(wide.as_bytes()).unwrap().as_slice(),
        [(2, Err(_)), (3, Ok(_))]
    ));
}

#[test]
fn a_file_is_read_from_its_beginning_whatever_its_position() {
    let mut half_read = file(b"phone\n+391\n");
    half_read.seek(std::io::SeekFrom::End(0)).unwrap();
    let format = format(&mut half_read).unwrap();
    let mut rows = Rows::default();
    read(half_read, format, &Mapping::default(), &mut rows).unwrap();
    assert_eq!(rows.0, [row(2, "+391", "")]);
}
