//! Workbooks made to use up memory or time: each is a few kilobytes or megabytes that unpack to far
//! more.
//!
//! The memory that each takes is measured on the release build:
//! docs/decisions/reading-workbooks.md.

use super::{
    Rows, file,
    parts::{Parts, RELATIONS, ROOT, SHEET, SPACE, STYLES, TEXTS, WORKBOOK},
    row, rows,
};
use crate::imports::{
    Mapping,
    intake::Intake,
    workbook::{Bounds, read_within},
};

const MIB: usize = 1024 * 1024;

fn good() -> Vec<super::Row> {
    vec![row(2, "+393401234567", "{\"name\":\"Anna\"}")]
}

#[track_caller]
fn is_refused(parts: &Parts, message: &str) {
    let bomb = parts.zip();
    assert!(bomb.len() < 3 * MIB, "{} is small", bomb.len());
    let error = rows(&bomb).unwrap_err();
    assert!(error.contains(message), "{error}");
}

#[track_caller]
fn is_read(parts: &Parts) {
    assert_eq!(rows(&parts.zip()), Ok(good()));
}

/// A format is kept once, however many styles use it; fonts and the like are not kept at all.
#[test]
fn styles_take_no_more_than_two_bytes_each() {
    is_read(&Parts::new());
    let formats = |length: usize| {
        let code = "0".repeat(length);
        format!(
            "<styleSheet {SPACE}><numFmts><numFmt numFmtId=\"200\" formatCode=\"{code}\"/></numFmts><cellXfs>"
        )
    };
    let styles = |count: usize| "<xf numFmtId=\"200\"/>".repeat(count);
    let end = "</cellXfs></styleSheet>";
    for length in [10_000, 1_000_000] {
        let content = formats(length) + &styles(20_000) + end;
        is_read(&Parts::new().with(STYLES, content));
    }
    let content = formats(100) + &styles(65_491) + end;
    is_refused(
        &Parts::new().with(STYLES, content),
        "more than 65490 cell formats",
    );
    for (part, filling) in [
        ("fonts", "<font/>"),
        ("fills", "<fill/>"),
        ("borders", "<border/>"),
    ] {
        let content = (
            &*format!("<styleSheet {SPACE}><{part}>"),
            filling,
            &*format!("</{part}></styleSheet>"),
        );
        is_read(&Parts::new().filled(STYLES, content, 31 * MIB));
    }
    let content = (&*format!("<styleSheet {SPACE}><cellXfs>"), "<xf/>", end);
    is_refused(&Parts::new().filled(STYLES, content, MIB), "cell formats");
    is_refused(
        &Parts::new().filled(STYLES, content, 33 * MIB),
        "cell formats",
    );
    let numbered =
        (0..5_000).map(|number| format!("<numFmt numFmtId=\"{number}\" formatCode=\"0\"/>"));
    let content = format!(
        "<styleSheet {SPACE}><numFmts>{}</numFmts></styleSheet>",
        numbered.collect::<String>()
    );
    is_refused(
        &Parts::new().with(STYLES, content),
        "more than 4096 number formats",
    );
    let content = ("<styleSheet>", "<a/>", "</styleSheet>");
    is_refused(
        &Parts::new().filled(STYLES, content, 33 * MIB),
        "xl/styles.xml has more than 32 MiB",
    );
}

#[test]
fn the_workbook_and_its_relationships_have_limits() {
    let sheets = (
        "<workbook><sheets>",
        "<sheet name=\"T\" sheetId=\"2\" r:id=\"rId1\"/>",
        "</sheets></workbook>",
    );
    is_refused(
        &Parts::new().filled(WORKBOOK, sheets, 2 * MIB),
        "more than 1024 sheets",
    );
    let names = |filling: &str| {
        let good = Parts::new();
        let (_, workbook) = good.0.iter().find(|(name, _)| *name == WORKBOOK).unwrap();
        let workbook = String::from_utf8(workbook.clone()).unwrap();
        let (start, end) = workbook.split_once("</sheets>").unwrap();
        let end = format!("</definedNames>{end}");
        let start = format!("{start}</sheets><definedNames>");
        Parts::new().filled(WORKBOOK, (&start, filling, &end), 31 * MIB)
    };
    is_read(&names("<definedName name=\"n\">A1</definedName>"));
    let relations = |part: &'static str, filling: &str| {
        let good = Parts::new();
        let (_, content) = good.0.iter().find(|(name, _)| *name == part).unwrap();
        let content = String::from_utf8(content.clone()).unwrap();
        let (start, end) = content.split_once("</Rel").unwrap();
        let end = format!("</Rel{end}");
        Parts::new().filled(part, (start, filling, &end), 31 * MIB)
    };
    for part in [RELATIONS, ROOT] {
        is_read(&relations(
            part,
            "<Relationship Id=\"rIdX\" Type=\"t\" Target=\"a\"/>",
        ));
        is_read(&relations(
            part,
            "<Relationship Id=\"rId1\" Type=\"t/chartsheet\" Target=\"a\"/>",
        ));
        is_refused(
            &relations(
                part,
                &format!("<Relationship Id=\"{}\"/>", "x".repeat(2 * MIB)),
            ),
            "one cell has more than a mebibyte",
        );
    }
}

#[test]
fn sheets_and_texts_have_limits() {
    let sheet = |filling: &str, bytes: usize| {
        let start = format!("<worksheet {SPACE}><sheetData>");
        Parts::new().filled(SHEET, (&start, filling, "</sheetData></worksheet>"), bytes)
    };
    is_refused(
        &sheet("<row><c t=\"inlineStr\"><is><t>", 33 * MIB),
        "damaged",
    );
    let cell = |filling: &str| {
        let start = format!("<worksheet {SPACE}><sheetData><row><c t=\"inlineStr\"><is>");
        Parts::new().filled(
            SHEET,
            (&start, filling, "</is></c></row></sheetData></worksheet>"),
            33 * MIB,
        )
    };
    is_refused(
        &cell("<r><t>a</t></r>"),
        "one cell has more than a mebibyte",
    );
    is_refused(
        &cell(&format!("<t>{}</t>", "a".repeat(2 * MIB))),
        "one cell has more than a mebibyte",
    );
    is_refused(
        &cell(&format!("<t>{}</t>", "&amp;".repeat(MIB))),
        "one cell has more than a mebibyte",
    );
    let formula = |filling: &str| {
        let start = format!("<worksheet {SPACE}><sheetData><row><c><f>");
        Parts::new().filled(
            SHEET,
            (&start, filling, "</f></c></row></sheetData></worksheet>"),
            33 * MIB,
        )
    };
    is_refused(&formula("1+"), "one cell has more than a mebibyte");

    let texts = |start: &str, filling: &str, bytes: usize| {
        Parts::new().filled(TEXTS, (start, filling, "</sst>"), bytes)
    };
    is_refused(
        &texts("<sst>", "<si/>", 20 * MIB),
        "more than 4000000 texts",
    );
    is_refused(
        &texts("<x:sst>", "<x:si/>", 32 * MIB),
        "more than 4000000 texts",
    );
    is_refused(
        &texts("<sst>", "<si><t>a</t></si>", 65 * MIB),
        "more than 4000000 texts",
    );
    is_refused(
        &texts(
            "<sst>",
            &format!("<si><t>{}</t></si>", "a".repeat(60_000)),
            129 * MIB,
        ),
        "more than 128 MiB",
    );
    is_refused(
        &texts("<sst><si><t>", "aaaa", 2 * MIB),
        "one cell has more than a mebibyte",
    );
    // Declared sizes allocate no memory.
    is_read(&texts(
        "<sst uniqueCount=\"18446744073709551615\">",
        "<si/>",
        50,
    ));
}

/// A sheet's limits are checked before any of its rows is imported.
#[test]
fn the_work_of_a_sheet_is_limited() {
    let within = |bounds: Bounds, filling: &str| {
        let start = format!("<worksheet {SPACE}><sheetData>");
        let content = (&*start, filling, "</sheetData></worksheet>");
        let file = file(&Parts::new().filled(SHEET, content, 3 * MIB).zip());
        let mut taken = Rows::default();
        let mapping = Mapping::default();
        let mut intake = Intake::new(&mapping, &mut taken);
        let read = read_within(bounds, file, &mut intake).and_then(|_| intake.end(None));
        assert!(taken.0.is_empty());
        read.unwrap_err().to_string()
    };
    let row = "<row r=\"2\"/>";
    let bounds = Bounds {
        bytes: 4 * MIB as u64,
        tags: 1_000_000,
    };
    assert!(within(bounds, row).contains("The file is empty"));
    let bytes = MIB as u64;
    assert!(within(Bounds { bytes, ..bounds }, row).contains("more than 1 MiB"));
    let tags = 100_000;
    assert!(within(Bounds { tags, ..bounds }, row).contains("tags; a cell has four"));
}

#[test]
fn nesting_entities_and_other_encodings_are_refused() {
    let sheet = |content: &str| Parts::new().with(SHEET, content);
    is_refused(
        &sheet(&format!("<worksheet><sheetData>{}", "<a>".repeat(MIB))),
        "damaged",
    );
    is_refused(&Parts::new().with(STYLES, "<a>".repeat(MIB)), "damaged");
    let lol = "<!DOCTYPE lolz [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let cell = "<row r=\"1\"><c t=\"inlineStr\"><is><t>&b;</t></is></c></row>";
    is_refused(
        &sheet(&format!(
            "{lol}<worksheet><sheetData>{cell}</sheetData></worksheet>"
        )),
        "damaged",
    );
    is_refused(
        &sheet(&format!(
            "<worksheet><sheetData>{cell}</sheetData></worksheet>"
        )),
        "damaged",
    );
    let outside = "<!DOCTYPE r [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>";
    is_refused(
        &sheet(&format!(
            "{outside}<worksheet><sheetData>{cell}</sheetData></worksheet>"
        )),
        "damaged",
    );
    let wide: Vec<u8> = "<worksheet/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    is_refused(&Parts::new().with(SHEET, wide), "damaged");
    is_refused(&sheet("<worksheet>\0<c/>"), "damaged");
    is_refused(&sheet("<worksheet><sheetData><row></c></row>"), "damaged");
}

#[test]
fn positions_beyond_the_sheet_are_refused() {
    let rows = |content: &str| {
        let content = format!("<worksheet {SPACE}><sheetData>{content}</sheetData></worksheet>");
        Parts::new().with(SHEET, content)
    };
    for content in [
        "<row r=\"4294967295\"><c><v>1</v></c></row>",
        "<row r=\"0\"><c><v>1</v></c></row>",
        "<c><v>1</v></c>",
        &"<row r=\"1\"/>".repeat(1_048_577),
        "<row r=\"1\"><c r=\"A1048577\"><v>1</v></c></row>",
        "<row r=\"1\"><c r=\"ZZZZZZZZZZZZZZZZ2\"><v>1</v></c></row>",
        "<row r=\"1\"><c r=\"XFE1\"><v>1</v></c></row>",
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>999999999</v></c></row>",
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>-1</v></c></row>",
    ] {
        is_refused(&rows(content), "damaged");
    }
}

/// Zips with false directories.
#[test]
fn a_false_zip_directory_allocates_no_memory() {
    let good = Parts::new().zip();
    let end = good.len() - 22;
    let directory = u32::from_le_bytes(good[end + 16..end + 20].try_into().unwrap());
    let directory_bytes = u32::from_le_bytes(good[end + 12..end + 16].try_into().unwrap());
    let changed = |at: usize, bytes: &[u8]| {
        let mut zip = good.clone();
        zip[at..at + bytes.len()].copy_from_slice(bytes);
        zip
    };
    let refuses = |zip: &[u8], message: &str| {
        let error = rows(zip).unwrap_err();
        assert!(error.contains(message), "{error}");
    };
    refuses(
        &changed(end + 10, &60_000_u16.to_le_bytes()),
        "more than 10000 parts",
    );
    refuses(&changed(end + 10, &9_000_u16.to_le_bytes()), "damaged");
    refuses(
        &changed(end + 16, &(directory + 1).to_le_bytes()),
        "damaged",
    );
    refuses(
        &changed(end + 12, &(directory_bytes + 1).to_le_bytes()),
        "damaged",
    );
    // The position of the sheet, and its checksum.
    let name = SHEET.as_bytes();
    let entry = good.windows(name.len()).rposition(|window| window == name);
    let entry = entry.unwrap() - 46;
    refuses(
        &changed(entry + 42, &0xFFFF_0000_u32.to_le_bytes()),
        "damaged",
    );
    refuses(&changed(entry + 42, &1_u32.to_le_bytes()), "damaged");
    refuses(&changed(entry + 16, &[!good[entry + 16]]), "damaged");
    refuses(&changed(entry + 8, &[1]), "protected by a password");
    refuses(&changed(entry + 10, &[99]), "damaged");

    // The 64-bit form, whose figures may be of any size.
    for (parts, bytes, at) in [
        (u64::MAX, u64::MAX, u64::MAX),
        (9_000, u64::MAX, 1),
        (9_000, 46 * 9_000, u64::MAX - 5),
        (1, u64::from(directory_bytes), u64::MAX),
    ] {
        let mut zip = good[..end].to_vec();
        let end64 = zip.len() as u64;
        zip.extend(b"PK\x06\x06");
        zip.extend(44_u64.to_le_bytes());
        zip.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [parts, parts, bytes, at] {
            zip.extend(value.to_le_bytes());
        }
        zip.extend(b"PK\x06\x07");
        zip.extend([0; 4]);
        zip.extend(end64.to_le_bytes());
        zip.extend([1, 0, 0, 0]);
        zip.extend(b"PK\x05\x06");
        zip.extend([0; 4]);
        zip.extend([0xFF; 12]);
        zip.extend([0; 2]);
        assert!(rows(&zip).is_err());
    }
    let many: Vec<String> = (0..10_001)
        .map(|number| format!("xl/x{number}.xml"))
        .collect();
    let zip = super::parts::zipped(many.iter().map(|name| (name.as_str(), b"".as_slice())));
    refuses(&zip, "more than 10000 parts");
    let long = "x".repeat(60_000);
    let long: Vec<String> = (0..100)
        .map(|number| format!("xl/{long}{number}"))
        .collect();
    let zip = super::parts::zipped(long.iter().map(|name| (name.as_str(), b"".as_slice())));
    refuses(&zip, "the list of its parts has more than 4194304 bytes");
}

/// Any byte at any position of the archive gives an error or is read; the reader never panics.
#[test]
fn no_byte_makes_the_reader_panic() {
    let good = Parts::new().zip();
    for at in 0..good.len() {
        for byte in [0, 0x7F, 0xFF] {
            let mut zip = good.clone();
            zip[at] = byte;
            let _ = rows(&zip);
        }
        let _ = rows(&good[..at]);
    }
}
