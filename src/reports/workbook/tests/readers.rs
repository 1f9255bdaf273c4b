//! The workbook as openpyxl and LibreOffice read it, compared with calamine.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use calamine::{Data, Reader};
use domain::channel::Channel;
use serde_json::Value;

use super::{
    super::{
        SheetLimits,
        table::{Form, Row, Table, write_table_within},
    },
    MessageRow, message, moment, opened, report, written,
};

/// Prints what openpyxl reads: the rows, and the set-up of the sheets.
const SCRIPT: &str = r"
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
def shown(value):
    return value.isoformat() if hasattr(value, 'isoformat') else value
print(json.dumps({
    'title': book.properties.title,
    'sheets': [{
        'name': sheet.title,
        'charts': len(sheet._charts),
        'frozen': sheet.freeze_panes,
        'filter': sheet.auto_filter.ref,
        'repeated': sheet.print_title_rows,
        'landscape': sheet.page_setup.orientation == 'landscape',
        'rows': [[shown(value) for value in row] for row in sheet.iter_rows(values_only=True)],
    } for sheet in book.worksheets],
}))";

const TEXTS: [&str; 7] = [
    "Ciao, 10% di sconto & più",
    "=HYPERLINK(\"http://example.com\",\"x\")",
    "two\nlines, and \"quotes\"",
    " lead and trail ",
    "00123",
    "+39 😀 <b>",
    "@cmd",
];

/// A workbook with three sheets of messages, some without a list or an encoding.
fn file(folder: &Path) -> (PathBuf, Vec<u8>) {
    let rows: Vec<MessageRow<'_>> = TEXTS
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let mut row = message(text);
            if number % 3 == 1 {
                row.list_name = None;
                row.channel = Channel::Mms;
                row.encoding = None;
            } else if number % 3 == 2 {
                row.list_name = Some("=Saldi 🎉");
            }
            row.credits = domain::credits::Credits::from_units(12_345 + number as i64);
            row
        })
        .collect();
    let limits = SheetLimits {
        rows: 4,
        ..SheetLimits::EXCEL
    };
    let bytes = written(&report(), &rows, limits);
    let path = folder.join("usage.xlsx");
    std::fs::write(&path, &bytes).unwrap();
    (path, bytes)
}

/// Runs a program. Prints that the test is skipped and returns `None` if it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(cause) => {
            eprintln!("SKIPPED: {program} does not start ({cause}); cargo xtask test installs it");
            None
        }
    }
}

/// A cell as [`SCRIPT`] would print it.
fn shown(cell: &Data) -> Value {
    match cell {
        Data::Empty => Value::Null,
        Data::String(text) => text.as_str().into(),
        Data::DateTime(_) => moment(cell).into(),
        Data::Float(number) if number.fract() == 0.0 => (*number as i64).into(),
        Data::Float(number) => (*number).into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn openpyxl_reads_what_calamine_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = file(folder.path());
    if run("python3", &["-c", "import openpyxl"]).is_none_or(|output| !output.status.success()) {
        eprintln!("SKIPPED: python3 has no openpyxl");
        return;
    }
    let output = run("python3", &["-c", SCRIPT, path.to_str().unwrap()]).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        found["title"],
        "Message credits: usage of Bottega & Figli <Torino>"
    );
    let sheets = found["sheets"].as_array().unwrap();
    let mut book = opened(&bytes);
    let names = book.sheet_names();
    assert_eq!(
        names,
        [
            "Summary",
            "Timeline",
            "Messages",
            "Messages 2",
            "Messages 3"
        ]
    );
    let mut texts = Vec::new();
    for (sheet, name) in sheets.iter().zip(&names) {
        assert_eq!(sheet["name"], *name);
        assert_eq!(
            sheet["charts"].as_u64().unwrap() > 0,
            !name.starts_with("Messages"),
            "{name}"
        );
        if name.starts_with("Messages") {
            assert_eq!(sheet["frozen"], "A2", "{name}");
            // Older versions of openpyxl omit the dollar signs.
            let repeated = sheet["repeated"].as_str().unwrap().replace('$', "");
            assert_eq!(repeated, "1:1", "{name}");
            assert_eq!(sheet["landscape"], true, "{name}");
        }
        let range = book.worksheet_range(name).unwrap();
        let rows = sheet["rows"].as_array().unwrap();
        if name.starts_with("Messages") {
            assert_eq!(sheet["filter"], format!("A1:J{}", rows.len()), "{name}");
        }
        for ((at, row), ours) in rows.iter().enumerate().zip(range.rows()) {
            for (column, cell) in ours.iter().enumerate() {
                let (theirs, cell) = (&row[column], shown(cell));
                // The two readers round a double's moment differently, by less than a millisecond.
                let is_moment = name.starts_with("Messages") && column == 0 && at > 0;
                if is_moment {
                    let cut = |value: &Value| value.as_str().unwrap()[..22].to_owned();
                    assert_eq!(cut(theirs), cut(&cell), "{name} {at}");
                } else if name.starts_with("Messages") {
                    assert_eq!(*theirs, cell, "{name} row {at} column {column}");
                }
            }
            if name.starts_with("Messages") && at > 0 {
                texts.push(row[2].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(rows.len(), range.height(), "{name}");
    }
    assert_eq!(texts, TEXTS);
}

#[test]
fn libreoffice_opens_the_workbook_without_repair() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = file(folder.path());
    let Some(output) = sheets_as_csv(folder.path(), &path) else {
        return;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut texts = Vec::new();
    for name in [
        "Summary",
        "Timeline",
        "Messages",
        "Messages 2",
        "Messages 3",
    ] {
        let sheet = folder.path().join(format!("usage-{name}.csv"));
        let sheet =
            std::fs::read(&sheet).unwrap_or_else(|cause| panic!("{name}: {cause} {errors}"));
        if name.starts_with("Messages") {
            let mut reader = csv::Reader::from_reader(sheet.as_slice());
            texts.extend(reader.records().map(|record| record.unwrap()[2].to_owned()));
        }
    }
    assert_eq!(texts, TEXTS);
}

/// LibreOffice writes every sheet of a workbook as CSV into a folder: comma, double quotes, UTF-8,
/// from the first row, text unchanged. `None` if it isn't installed.
fn sheets_as_csv(folder: &Path, workbook: &Path) -> Option<Output> {
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.display());
    let format = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1";
    let arguments = [
        &profile,
        "--headless",
        "--norestore",
        "--convert-to",
        format,
        "--outdir",
        folder.to_str().unwrap(),
        workbook.to_str().unwrap(),
    ];
    run("soffice", &arguments)
}

#[test]
fn libreoffice_opens_a_table_and_runs_nothing_in_it() {
    let columns = [
        ("text", Form::Text),
        ("at", Form::Moment),
        ("credits", Form::Number),
    ];
    let table = Table {
        name: "Contacts",
        columns: (columns.map(|(name, form)| (name.to_owned(), form))).to_vec(),
        time_zone: jiff::tz::TimeZone::UTC,
        generated_at: jiff::Timestamp::UNIX_EPOCH,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.xlsx");
    let mut texts = TEXTS.iter();
    let next = |row: &mut Row| {
        let Some(text) = texts.next() else {
            return Ok::<_, std::convert::Infallible>(false);
        };
        row.text(text);
        row.moment("2026-11-22T08:00:00Z".parse().unwrap());
        row.credits(domain::credits::Credits::from_units(25_000));
        Ok(true)
    };
    let file = std::fs::File::create(&path).unwrap();
    let limits = SheetLimits {
        rows: 5,
        bytes: u64::MAX,
    };
    write_table_within(file, &table, next, limits).unwrap();
    let Some(output) = sheets_as_csv(folder.path(), &path) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let mut found = Vec::new();
    for name in ["Contacts", "Contacts 2"] {
        let sheet = std::fs::read(folder.path().join(format!("table-{name}.csv"))).unwrap();
        let mut reader = csv::Reader::from_reader(sheet.as_slice());
        for record in reader.records() {
            let record = record.unwrap();
            assert_eq!((&record[1], &record[2]), ("2026-11-22 08:00:00", "2.5"));
            found.push(record[0].to_owned());
        }
    }
    assert_eq!(found, TEXTS);
}
