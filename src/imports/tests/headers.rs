//! Detecting the column of numbers, the merge fields of the others, and mappings.

use super::{WarningSeen, mapped_rows, row, rows, warned_rows, warning};
use crate::imports::{ColumnMapping, MAX_COLUMNS, Mapping};

#[track_caller]
fn is_refused(text: &str, message: &str) {
    let error = rows(text.as_bytes()).unwrap_err();
    assert_eq!(error, message, "{text:?}");
}

#[test]
fn without_a_header_the_only_column_of_numbers_with_plus_is_taken() {
    let found = rows(b"id;chi;dove\n20240115;+39 340 123 4567;Roma\n20240116;;Bari\n").unwrap();
    assert_eq!(
        found,
        [
            row(
                2,
                "+39 340 123 4567",
                "{\"id\":\"20240115\",\"dove\":\"Roma\"}"
            ),
            (3, Err("20240116: The number is missing.".to_owned())),
        ]
    );
    // The first hundred rows decide; the others follow.
    let many = format!("a,b\n{}+391,x\n", "1,+393401234567\n".repeat(150));
    let found = rows(many.as_bytes()).unwrap();
    assert_eq!(found.len(), 151);
    assert_eq!(found[150], row(152, "x", "{\"a\":\"+391\"}"));
    let late = format!("a,b\n{}", "1,x\n".repeat(100)) + "2,+393401234567\n";
    assert!(rows(late.as_bytes()).unwrap_err().contains("a, b."));
}

#[test]
fn a_file_without_an_obvious_phone_column_is_refused() {
    is_refused(
        "customer_id,chi\n20240115,Ada\n",
        "No column of phone numbers was recognised. Set phoneColumn, or name the column phone in the file. \
         The file's columns are: customer_id, chi.",
    );
    is_refused(
        "a,b\n+393401234567,+393401234568\n",
        "More than one column holds phone numbers: a, b. Set phoneColumn, or name the column phone in the file.",
    );
    // A cell that is not a number makes the column ambiguous.
    is_refused(
        "a,b\n+393401234567,1\nn/a,2\n",
        "No column of phone numbers was recognised. Set phoneColumn, or name the column phone in the file. \
         The file's columns are: a, b.",
    );
    is_refused(
        "Number,Name\n3401234567,Ada\n",
        "No column of phone numbers was recognised. Set phoneColumn, or name the column phone in the file. \
         The file's columns are: Number, Name.",
    );
    let many: Vec<String> = (0..30).map(|at| format!("c{at}")).collect();
    let error = rows(format!("{}\n1\n", many.join(",")).as_bytes()).unwrap_err();
    assert!(error.ends_with("c18, c19 and 10 more."), "{error}");
}

/// `SMS` may be a number or a consent: the cells decide.
#[test]
fn a_channel_column_is_the_number_if_its_cells_are_numbers() {
    let found = rows(b"EMAIL,SMS,WHATSAPP\na@b.it,3401234567,3409999999\n").unwrap();
    assert_eq!(found[0].1.as_ref().unwrap().0, "3401234567");
    let found = rows(b"EMAIL,SMS,WHATSAPP\na@b.it,yes,3409999999\n").unwrap();
    assert_eq!(found[0].1.as_ref().unwrap().0, "3409999999");
    let found = rows(b"EMAIL,SMS,chi\na@b.it,yes,+393409999999\n").unwrap();
    assert_eq!(found[0].1.as_ref().unwrap().0, "+393409999999");
    assert!(rows(b"EMAIL,SMS\na@b.it,yes\n").is_err());
    assert_eq!(rows(b"EMAIL,SMS\n").unwrap(), []);
}

#[test]
fn columns_that_cannot_be_fields_are_left_out() {
    let of_file = |column: &str, reason: &str| warning(None, Some(column), reason);
    let check = |header: &str, fields: &str, message: &[WarningSeen]| {
        let cells = ["+391", "a", "b", "c"];
        let text = format!(
            "{header}\n{}\n",
            cells[..header.split(',').count()].join(",")
        );
        assert_eq!(
            warned_rows(text.as_bytes()).unwrap(),
            (vec![row(2, "+391", fields)], message.to_vec()),
            "{header}"
        );
    };
    check(
        "phone,,name",
        "{\"name\":\"b\"}",
        &[of_file("", "Column 2 has no name and is left out.")],
    );
    let long = "x".repeat(65);
    check(
        &format!("phone,{long},a"),
        "{\"a\":\"b\"}",
        &[of_file(
            &long,
            "The name of column 2 is longer than the 64 characters of a merge field; the column is left out.",
        )],
    );
}

fn mapping(phone: Option<&str>, columns: Option<&[(&str, &str)]>) -> Mapping {
    Mapping {
        phone_column: phone.map(str::to_owned),
        columns: columns.map(|columns| {
            let columns = columns.iter().map(|(header, field)| ColumnMapping {
                header: (*header).to_owned(),
                merge_field: (*field).to_owned(),
            });
            columns.collect()
        }),
    }
}

#[test]
fn a_mapping_decides_the_use_of_columns() {
    let text = b"Phone,Recapito , Nome,nome,20240115\n1,2,3,4,5\n";
    let read = |mapping: &Mapping| mapped_rows(text, mapping).map(|(rows, _)| rows[0].clone());
    assert_eq!(
        read(&mapping(Some(" recapito"), Some(&[]))),
        Ok(row(2, "2", ""))
    );
    assert_eq!(
        read(&mapping(
            Some("20240115"),
            Some(&[("Nome", "first"), ("nome", "last"), ("phone", "old.phone")])
        )),
        Ok(row(
            2,
            "5",
            "{\"first\":\"3\",\"last\":\"4\",\"old.phone\":\"1\"}"
        ))
    );
    let known = b"Phone,Nome\n1,2\n";
    let found = mapped_rows(known, &mapping(None, Some(&[("NOME", "n")]))).unwrap();
    assert_eq!(found, (vec![row(2, "1", "{\"n\":\"2\"}")], Vec::new()));
}

#[test]
fn an_invalid_mapping_is_refused_with_its_path() {
    let text = b"Phone,Nome,Note,Note\n1,2,3,4\n";
    let check = |mapping: &Mapping, message: &str| {
        assert_eq!(mapped_rows(text, mapping), Err(message.to_owned()));
    };
    check(
        &mapping(Some("Cell"), None),
        "phoneColumn: The file has no column Cell. Its columns are: Phone, Nome, Note, Note.",
    );
    check(
        &mapping(Some("note"), None),
        "phoneColumn: Columns 3 and 4 of the file both have this header; rename one of them.",
    );
    check(
        &mapping(Some(" "), None),
        "phoneColumn: Must be the header of a column; it is empty.",
    );
    check(
        &mapping(None, Some(&[("Nome", "a"), ("Cognome", "b")])),
        "columns.1.header: The file has no column Cognome. Its columns are: Phone, Nome, Note, Note.",
    );
    check(
        &mapping(None, Some(&[("Nome", "a"), ("nome", "b")])),
        "columns.1.header: Must not repeat the header of an earlier column.",
    );
    check(
        &mapping(None, Some(&[("Phone", "a")])),
        "columns.0.header: Must be a column other than that of the phone numbers.",
    );
    check(
        &mapping(Some("Nome"), Some(&[("Phone", "a"), ("Nome", "b")])),
        "columns.1.header: Must be a column other than that of the phone numbers.",
    );
    check(
        &mapping(None, Some(&[("Nome", "first name")])),
        "columns.0.mergeField: Must be a letter or _, then letters, digits, _, . or -, at most 64 characters in all, such as firstName.",
    );
    let text = b"Phone,Nome,Note\n1,2,3\n";
    assert_eq!(
        mapped_rows(text, &mapping(None, Some(&[("Nome", "a"), ("Note", "a")]))),
        Err(
            "columns.1.mergeField: Must not repeat the merge field of an earlier column."
                .to_owned()
        )
    );
    let many = vec![("Nome", "a"); MAX_COLUMNS + 1];
    assert_eq!(
        mapped_rows(text, &mapping(None, Some(&many))),
        Err("columns: At most 100 columns can be stored; got 101.".to_owned())
    );
}
