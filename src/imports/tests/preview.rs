//! Previews of files before their import.

use super::{file, formats::sheet, parts::Parts};
use crate::imports::{Preview, PreviewColumn, PreviewRow, ReadError, Unreadable, format, preview};

#[track_caller]
fn previewed(bytes: &[u8]) -> Preview {
    let mut file = file(bytes);
    let format = format(&mut file).unwrap();
    preview(file, format).unwrap()
}

fn column(header: &str, merge_field: Option<&str>) -> PreviewColumn {
    PreviewColumn {
        header: header.to_owned(),
        merge_field: merge_field.map(str::to_owned),
    }
}

fn row(line: u64, cells: &[&str]) -> PreviewRow {
    PreviewRow {
        line,
        cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
    }
}

#[test]
fn a_preview_of_a_text_shows_how_it_would_be_read() {
    let bytes = encoding_rs::WINDOWS_1252
        .encode("Nome;Città;;Cellulare\n\nNicolò;Roma;;340 1234567\n;Bari\n")
        .0;
    let found = previewed(&bytes);
    assert_eq!(
        found,
        Preview {
            delimiter: Some(';'),
            encoding: Some("windows-1252"),
            sheet: None,
            columns: vec![
                column("Nome", Some("Nome")),
                column("Città", Some("citta")),
                column("", None),
                column("Cellulare", None),
            ],
            phone_column: Some(3),
            problem: None,
            rows: vec![
                row(3, &["Nicolò", "Roma", "", "340 1234567"]),
                row(4, &["", "Bari", "", ""]),
            ],
            warnings: found.warnings.clone(),
        }
    );
    assert_eq!(
        found.warnings[0].reason,
        "Column 3 has no name and is left out."
    );
}

#[test]
fn a_file_without_a_recognised_phone_column_shows_its_columns() {
    let text = format!("id,who\n{}", "1,Ada\n".repeat(200_000));
    let found = previewed(text.as_bytes());
    assert_eq!(found.phone_column, None);
    let problem = found.problem.unwrap();
    assert!(
        problem.ends_with("The file's columns are: id, who."),
        "{problem}"
    );
    assert_eq!(
        found.columns,
        [column("id", Some("id")), column("who", Some("who"))]
    );
    assert_eq!(found.rows.len(), 10);
    let found = previewed(b"id\twho\n1\t+393401234567\n");
    assert_eq!(
        (found.phone_column, found.problem, found.delimiter),
        (Some(1), None, Some('\t'))
    );
    let found = previewed(b"+393401234567,Ada\n+393401234568,Bea\n");
    assert!(found.problem.unwrap().contains("must name the columns"));
    assert_eq!(found.rows, [row(2, &["+393401234568", "Bea"])]);
    assert_eq!(
        previewed(b"\n \n").problem.as_deref(),
        Some("The file is empty.")
    );
}

#[test]
fn a_preview_of_a_workbook_shows_its_sheet() {
    let found = previewed(&Parts::new().zip());
    assert_eq!(
        found,
        Preview {
            delimiter: None,
            encoding: None,
            sheet: Some("S".to_owned()),
            columns: vec![column("phone", None), column("name", Some("name"))],
            phone_column: Some(0),
            problem: None,
            rows: vec![row(2, &["+393401234567", "Anna"])],
            warnings: Vec::new(),
        }
    );
    // Only the beginning is read: damage further on has no effect.
    let many = "<row><c t=\"str\"><v>+391</v></c><c><f>A1</f></c></row>".repeat(101);
    let found = previewed(&sheet(&format!("{many}<row></c>")).zip());
    assert_eq!((found.rows.len(), found.warnings.len()), (10, 100));
}

#[test]
fn long_cells_are_truncated_and_headers_are_not() {
    let long = "x".repeat(5_000);
    let found = previewed(format!("phone,{long}\n+391,{long}\n").as_bytes());
    assert_eq!(found.columns[1], column(&long, None));
    assert_eq!(found.rows[0].cells[1].chars().count(), 101);
    let huge = format!(
        "phone,a\n{}",
        format!("+391,{}\n", "y".repeat(60_000)).repeat(100)
    );
    assert_eq!(previewed(huge.as_bytes()).rows.len(), 10);
}

#[test]
fn files_that_cannot_be_read_have_no_preview() {
    let mut unreadable = file(b"phone,name\n+391,Zo\x89\n");
    let format = format(&mut unreadable).unwrap();
    let error = preview(unreadable, format).unwrap_err();
    assert!(matches!(error, ReadError::Unreadable(Unreadable::Encoding)));
}
