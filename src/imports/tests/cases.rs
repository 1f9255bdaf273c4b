//! Files from public bug reports, recreated: what went wrong elsewhere, and the correct result. The
//! numbers are those of the collection of reports.

use encoding_rs::WINDOWS_1252;

use super::{check, formats::sheet, row, rows, warned_rows, warning};

/// A 12: exports whose column of numbers follows ids that are valid numbers somewhere.
#[test]
fn case_12_the_numbers_column_is_not_an_id() {
    for header in [
        "billing_phone",
        "shipping phone",
        "Phone 1 - Value",
        "Primary phone",
        "Phone Number (SMS)",
        "customer_phone",
        "mobile_phone_number",
        "Tel. cellulare",
        "Rufnummer Mobil",
        // Detected by its cells.
        "something else",
    ] {
        let file =
            format!("customer_id,{header}\n20240115,+491701234567\n20240116,+491701234568\n");
        let field = |id: &str| format!("{{\"customer_id\":\"{id}\"}}");
        check(
            file.as_bytes(),
            &[
                row(2, "+491701234567", &field("20240115")),
                row(3, "+491701234568", &field("20240116")),
            ],
        );
    }
    check(
        b"customer_id,billing_phone\n12345678,+436641234567\n",
        &[row(2, "+436641234567", "{\"customer_id\":\"12345678\"}")],
    );
}

/// B 13: headers in other alphabets, and Google's, whose cells may hold several numbers.
#[test]
fn case_13_headers_of_other_alphabets_and_of_google() {
    check(
        "\u{418}\u{43C}\u{44F},\u{422}\u{435}\u{43B}\u{435}\u{444}\u{43E}\u{43D}\n\u{410}\u{43D}\u{43D}\u{430},+393401234567\n".as_bytes(),
        &[row(2, "+393401234567", "{\"column1\":\"Анна\"}")],
    );
    check(
        b"First Name,Phone 1 - Label,Phone 1 - Value\nAda,Mobile,+39 340 123 4567 ::: +39 06 1234567\n",
        &[row(
            2,
            "+39 340 123 4567 ::: +39 06 1234567",
            "{\"firstName\":\"Ada\",\"phone1Label\":\"Mobile\"}",
        )],
    );
}

/// B 14: a first row that is the first contact.
#[test]
fn case_14_a_first_contact_is_not_a_header() {
    for first in [
        "'+393401234567",
        "tel:+393401234567",
        "393401234567.0",
        "3.934E+11",
        "+393401234567",
    ] {
        let error = rows(format!("{first},Ada\n+393401234568,Bea\n").as_bytes()).unwrap_err();
        let message = format!(
            "The first row must name the columns, such as phone,firstName; it holds the number {first}."
        );
        assert_eq!(error, message);
    }
}

/// B 15: headers that can't all be merge fields.
#[test]
fn case_15_columns_that_cannot_be_fields_are_left_out() {
    let doubled = |name: &str| {
        warning(
            None,
            Some(name),
            &format!(
                "Column 3 would be the merge field {}, as column 2 is; it is left out.",
                if name == "Notes" {
                    "Notes"
                } else {
                    "firstName"
                }
            ),
        )
    };
    let read = |text: &str| warned_rows(text.as_bytes()).unwrap();
    assert_eq!(
        read("phone,Notes,Notes\n+393401234567,a,b\n"),
        (
            vec![row(2, "+393401234567", "{\"Notes\":\"a\"}")],
            vec![doubled("Notes")]
        )
    );
    assert_eq!(
        read("phone,first name,FIRST NAME\n+393401234567,a,b\n"),
        (
            vec![row(2, "+393401234567", "{\"firstName\":\"a\"}")],
            vec![doubled("FIRST NAME")]
        )
    );
    let question =
        "Would you like to hear from us about new offers in your own city or region, once a week?";
    assert_eq!(
        read(&format!("phone,\"{question}\"\n+393401234567,yes\n")),
        (
            vec![row(2, "+393401234567", "")],
            vec![warning(
                None,
                Some(question),
                "The name of column 2 is longer than the 64 characters of a merge field; the column is left out."
            )]
        )
    );
    let columns: Vec<String> = (1..=100).map(|at| format!("c{at}")).collect();
    let cells = vec!["x"; 100].join(",");
    let (rows, warnings) = read(&format!(
        "phone,{}\n+393401234567,{cells}\n",
        columns.join(",")
    ));
    let fields = rows[0].1.as_ref().unwrap().1.as_ref().unwrap();
    assert!(
        fields.contains("\"c99\"") && !fields.contains("\"c100\""),
        "{fields}"
    );
    assert_eq!(
        warnings,
        [warning(
            None,
            None,
            "At most 100 columns are read; the last 1 of the file are left out."
        )]
    );
    assert_eq!(
        read("phone,note,Note\n+393401234567,a,b\n"),
        (
            vec![row(2, "+393401234567", "{\"note\":\"a\",\"Note\":\"b\"}")],
            vec![warning(
                None,
                Some("Note"),
                "The merge fields note (column 2) and Note (column 3) differ only in case."
            )]
        )
    );
}

/// B 16: a wrong byte costs its row.
#[test]
fn case_16_one_wrong_byte_costs_one_row() {
    let refused = "has characters that can't be read; save the file as UTF-8.";
    check(
        b"phone,name\n+393401234567,Nicol\xC3\xB2\n+393401234568,Jos\xE9\n",
        &[
            row(2, "+393401234567", "{\"name\":\"Nicolò\"}"),
            (3, Err(format!("+393401234568: name {refused}"))),
        ],
    );
    // One row in UTF-8 among many in Windows-1252.
    let mut text = WINDOWS_1252
        .encode(&"+391,José\n".repeat(20))
        .0
        .into_owned();
    text.splice(..0, *b"phone,name\n");
    text.extend_from_slice("+392,Nicolò\n".as_bytes());
    let found = rows(&text).unwrap();
    assert_eq!(found[0], row(2, "+391", "{\"name\":\"José\"}"));
    assert_eq!(found[20], (22, Err(format!("+392: name {refused}"))));
}

/// B 17: Excel's formats for Macintosh and for MS-DOS.
#[test]
fn case_17_mac_roman_and_code_page_850_are_recognised() {
    let expected = [row(2, "+393401234567", "{\"name\":\"Nicolò\"}")];
    check(b"phone,name\r+393401234567,Nicol\x98\r", &expected);
    check(b"phone,name\r\n+393401234567,Nicol\x95\r\n", &expected);
    let refused = "The file's encoding can't be recognised. Save it as UTF-8 (in Excel: CSV UTF-8), or as an Excel workbook.";
    assert_eq!(rows(b"phone,name\n+391,Zo\x89\n"), Err(refused.to_owned()));
}

/// B 18: quotation marks that no grammar allows.
#[test]
fn case_18_cells_are_never_shifted() {
    check(
        b"phone,name,city,zip\n+393401234567, \"Rossi, Ada\", Roma\n",
        &[row(
            2,
            "+393401234567",
            "{\"name\":\"Rossi, Ada\",\"city\":\"Roma\"}",
        )],
    );
    check(
        b"phone,name\n+393401234568,\"Ada \\\"Nina\\\" Rossi\"\n",
        &[(
            2,
            Err(
                "+393401234568,\"Ada \\\"Nina\\\" Rossi\": Text follows a closing quotation mark. \
                 Double each quotation mark inside a cell."
                    .to_owned(),
            ),
        )],
    );
}

/// B 19: a mark that is never closed costs no other row.
#[test]
fn case_19_an_open_quotation_costs_one_row() {
    check(
        b"phone,name\n+393401234567,\"Ada\n+393401234568,Bea\n+393401234569,Cy\n+393401234560,\"Dan\"\n",
        &[
            (
                2,
                Err("+393401234567,\"Ada: Text follows a closing quotation mark. \
                     Double each quotation mark inside a cell."
                    .to_owned()),
            ),
            row(3, "+393401234568", "{\"name\":\"Bea\"}"),
            row(4, "+393401234569", "{\"name\":\"Cy\"}"),
            row(5, "+393401234560", "{\"name\":\"Dan\"}"),
        ],
    );
}

/// B 21: no column means "do not write"; a consent is a field like any other, and never taken for
/// the number.
#[test]
fn case_21_a_consent_is_a_field() {
    check(
        b"Phone Number,SMS Consent,First Name\n+393401234567,SUBSCRIBED,Ada\n+393401234568,UNSUBSCRIBED,Bea\n",
        &[
            row(2, "+393401234567", "{\"smsConsent\":\"SUBSCRIBED\",\"firstName\":\"Ada\"}"),
            row(3, "+393401234568", "{\"smsConsent\":\"UNSUBSCRIBED\",\"firstName\":\"Bea\"}"),
        ],
    );
}

/// C 25: formulas without a result. C 22, C 23 and the active sheet of C 25 are in `formats`.
#[test]
fn case_25_formulas_that_were_never_computed() {
    let file = sheet(
        "<row><c><f>\"+39\"&amp;\"3401234567\"</f></c><c t=\"str\"><v>Ada</v></c></row>\
        <row><c t=\"str\"><v>+391</v></c><c><f>A1</f></c></row>",
    );
    let message = "The cell holds a formula that was not computed";
    assert_eq!(
        warned_rows(&file.zip()).unwrap(),
        (
            vec![
                (
                    2,
                    Err(format!(
                        "Ada: {message}; open the file in Excel and save it."
                    ))
                ),
                row(3, "+391", ""),
            ],
            vec![warning(
                Some(3),
                Some("name"),
                &format!("{message} and is left out; open the file in Excel and save it.")
            )],
        )
    );
}
