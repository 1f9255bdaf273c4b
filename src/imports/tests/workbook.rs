//! Workbooks, bombs among them, and files that are neither workbook nor text.

use std::io::Write;

use rust_xlsxwriter::{Format as CellFormat, Workbook};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{check, row, rows};

#[test]
fn content_decides_and_not_the_name() {
    let check = |bytes: &[u8], told: &str| {
        let error = rows(bytes).unwrap_err();
        assert!(error.contains(told), "{error}");
    };
    check(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "a PNG image");
    check(b"%PDF-1.7 phone", "a PDF document");
    check(b"\x1F\x8B\x08\0\0", "compressed with gzip");
    check(b"phone\0name\n", "no text that can be read");
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
        &zipped(&[("readme.txt", b"hello")]),
        "a zip file that is no workbook",
    );
    check(&zipped(&[("xl/workbook.bin", b"")]), ".xlsb");
    check(
        &zipped(&[("content.xml", b""), ("META-INF/manifest.xml", b"")]),
        "OpenDocument",
    );
    check(
        &zipped(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.xml", b"no xml"),
        ]),
        "damaged",
    );
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
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
            (7, Err("Nobody: There is no number.".to_owned())),
            (
                8,
                Err("+391: The row has 8 cells and the first row 5.".to_owned()),
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

/// A workbook whose part of this name is replaced.
fn tampered(part: &str, content: &mut dyn FnMut(&mut dyn Write)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().write(0, 0, "phone").unwrap();
    let good = workbook.save_to_buffer().unwrap();
    let mut good = zip::ZipArchive::new(std::io::Cursor::new(good)).unwrap();
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for index in 0..good.len() {
        let mut file = good.by_index(index).unwrap();
        let name = file.name().unwrap().to_string();
        zip.start_file(name.clone(), options).unwrap();
        if name == part {
            content(&mut zip);
        } else {
            std::io::copy(&mut file, &mut zip).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn bombs_are_refused_before_they_are_kept() {
    let check = |part: &str, before: &str, filling: &str, mebibytes: usize, told: &str| {
        let bomb = tampered(part, &mut |out| {
            out.write_all(before.as_bytes()).unwrap();
            let block = filling.repeat(64 * 1024 / filling.len());
            for _ in 0..mebibytes * 16 {
                out.write_all(block.as_bytes()).unwrap();
            }
        });
        assert!(bomb.len() < 2 * 1024 * 1024, "{} is small", bomb.len());
        let error = rows(&bomb).unwrap_err();
        assert!(error.contains(told), "{part}: {error}");
    };
    let sheet = "xl/worksheets/sheet1.xml";
    let texts = "xl/sharedStrings.xml";
    check(
        "xl/styles.xml",
        "<styleSheet>",
        "<a>",
        33,
        "more than 32 MiB",
    );
    check(
        sheet,
        "<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>",
        "aaaa",
        33,
        "one cell",
    );
    check(
        sheet,
        "<worksheet><sheetData><row><c t=\"inlineStr\"><is>",
        "<r><t>a</t></r>",
        33,
        "one cell",
    );
    check(texts, "<sst><si><t>", "aaaa", 2, "one cell");
    check(
        texts,
        "<sst uniqueCount=\"99999999999\">",
        "<si/>",
        0,
        "more than 4000000 texts",
    );
    check(texts, "<x:sst>", "<x:si/>", 32, "more than 4000000 texts");
    check(sheet, "<worksheet>\0", "<c/>", 0, "damaged");
}
