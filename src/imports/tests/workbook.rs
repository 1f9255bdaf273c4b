//! Workbooks, and files that are neither workbook nor text.

use rust_xlsxwriter::{Format as CellFormat, Workbook};

use super::{check, parts::zipped, row, rows};

#[test]
fn the_format_is_detected_by_content() {
    let check = |bytes: &[u8], message: &str| {
        let error = rows(bytes).unwrap_err();
        assert!(error.contains(message), "{error}");
    };
    check(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "a PNG image");
    check(b"%PDF-1.7 phone", "a PDF document");
    check(b"\x1F\x8B\x08\0\0", "compressed with gzip");
    check(b"phone\0name\n", "not a text file");
    check(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old", ".xls");
    let encrypted: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let padding = vec![0; 100_000];
    check(
        &[
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(),
            &padding,
            &encrypted,
        ]
        .concat(),
        "protected by a password",
    );
    check(b"PK\x03\x04 broken off", "damaged");
    check(
        &zipped([("readme.txt", b"hello".as_slice())]),
        "a zip archive without a workbook",
    );
    check(&zipped([("xl/workbook.bin", b"".as_slice())]), ".xlsb");
    check(
        &zipped([
            ("content.xml", b"".as_slice()),
            ("META-INF/manifest.xml", b"".as_slice()),
        ]),
        "OpenDocument",
    );
    check(
        &zipped([
            ("[Content_Types].xml", b"<Types/>".as_slice()),
            ("xl/workbook.xml", b"no xml".as_slice()),
        ]),
        "damaged",
    );
}

#[test]
fn a_workbook_is_read_cell_by_cell() {
    let mut workbook = Workbook::new();
    let hidden = workbook.add_worksheet();
    hidden.write(0, 0, "phone").unwrap();
    hidden.set_hidden(true);
    let sheet = workbook.add_worksheet();
    sheet.set_active(true);
    let date = CellFormat::new().set_num_format("yyyy-mm-dd");
    for (column, name) in ["Nome", "Cellulare", "Punti", "Nato il", "Socio"]
        .into_iter()
        .enumerate()
    {
        sheet
            .write(1, u16::try_from(column).unwrap(), name)
            .unwrap();
    }
    sheet.write(2, 0, "Nicolò").unwrap();
    sheet.write(2, 1, "+393401234567").unwrap();
    sheet.write(2, 2, 12.5).unwrap();
    sheet.write_with_format(2, 3, 33_000, &date).unwrap();
    sheet.write(2, 4, true).unwrap();
    sheet.write(5, 1, 3_401_234_567_u64).unwrap();
    sheet
        .write_formula(5, 2, rust_xlsxwriter::Formula::new("=1+1").set_result("2"))
        .unwrap();
    sheet.write(6, 0, "Nobody").unwrap();
    sheet.write(7, 1, "+391").unwrap();
    sheet.write(7, 7, "beyond").unwrap();
    check(
        &workbook.save_to_buffer().unwrap(),
        &[
            row(
                3,
                "+393401234567",
                "{\"Nome\":\"Nicolò\",\"Punti\":\"12.5\",\"natoIl\":\"1990-05-07\",\"Socio\":\"true\"}",
            ),
            row(6, "3401234567", "{\"Punti\":\"2\"}"),
            (7, Err("Nobody: The number is missing.".to_owned())),
            (
                8,
                Err("+391: The row has 8 cells, but the first row has 5.".to_owned()),
            ),
        ],
    );
    let mut empty = Workbook::new();
    empty.add_worksheet();
    assert_eq!(
        rows(&empty.save_to_buffer().unwrap()),
        Err("The file is empty.".to_owned())
    );
}
