//! Cells as Excel displays them.

use super::{
    check,
    parts::{Parts, RELATIONS, SHEET, SPACE, STYLES, WORKBOOK},
    row, rows, warned_rows, warning,
};

/// A workbook of one row whose cells have these number formats, types and contents.
fn cells(cells: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut formats = String::new();
    let mut styles = String::new();
    let mut head = String::new();
    let mut body = String::new();
    for (at, (format, kind, content)) in cells.iter().enumerate() {
        let code = format
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;");
        formats.push_str(&format!(
            "<numFmt numFmtId=\"{}\" formatCode=\"{code}\"/>",
            200 + at
        ));
        styles.push_str(&format!("<xf numFmtId=\"{}\"/>", 200 + at));
        head.push_str(&format!("<c t=\"inlineStr\"><is><t>f{at}</t></is></c>"));
        body.push_str(&format!("<c s=\"{at}\" t=\"{kind}\">{content}</c>"));
    }
    let text = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    Parts::new()
        .with(
            STYLES,
            format!("<styleSheet {SPACE}><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>"),
        )
        .with(
            SHEET,
            format!(
                "<worksheet {SPACE}><sheetData><row>{}{head}</row><row>{}{body}</row></sheetData></worksheet>",
                text("phone"),
                text("+391")
            ),
        )
        .zip()
}

/// Asserts how a format displays a number.
#[track_caller]
fn is_shown(format: &str, number: &str, shown: &str) {
    let file = cells(&[(format, "n", &format!("<v>{number}</v>"))]);
    let fields = match shown {
        "" => String::new(),
        shown => serde_json::json!({ "f0": shown }).to_string(),
    };
    assert_eq!(
        rows(&file),
        Ok(vec![row(2, "+391", &fields)]),
        "{format} {number}"
    );
}

#[test]
fn numbers_have_fifteen_digits() {
    for (number, shown) in [
        ("0.30000000000000004", "0.3"),
        ("19.99", "19.99"),
        ("19.989999999999998", "19.99"),
        ("1234567890123456789", "1234567890123460000"),
        ("393401234567", "393401234567"),
        ("-12.5", "-12.5"),
        ("1E-5", "0.00001"),
        ("1.5E-12", "1.5E-12"),
        ("1e300", "1E+300"),
        ("-0", "0"),
        ("0", "0"),
    ] {
        is_shown("General", number, shown);
    }
}

#[test]
fn numbers_are_displayed_with_their_format() {
    for (format, number, shown) in [
        ("00000", "123", "00123"),
        ("0%", "0.25", "25%"),
        ("0.0%", "0.12345", "12.3%"),
        ("#,##0.00", "1234.5", "1234.50"),
        ("0.00", "0.30000000000000004", "0.30"),
        ("0.00", "2.675", "2.68"),
        ("0", "0.5", "1"),
        ("0", "-0.4", "0"),
        ("#", "0", ""),
        ("0.##", "1.5", "1.5"),
        ("0.##", "1", "1"),
        (".00", "12.3", "12.30"),
        ("#,##0,", "1234567", "1235"),
        ("0.0,,\\M", "1234567", "1.2M"),
        ("#,##0.00 \"€\"", "1234.5", "1234.50 €"),
        ("[$€-407] #,##0.00", "-3", "-€ 3.00"),
        ("#,##0_);(#,##0)", "-1234", "(1234)"),
        ("0;-0;\"none\"", "0", "none"),
        ("0;-0;;@", "0", ""),
        ("[Red][<0]0.0;0.00", "-1", "-1.0"),
        ("[Red][<0]0.0;0.00", "1", "1.00"),
        ("[<=9999999]###-####;(###) ###-####", "5551234", "555-1234"),
        (
            "[<=9999999]###-####;(###) ###-####",
            "2125551234",
            "(212) 555-1234",
        ),
        ("00 00 00 00 00", "612345678", "06 12 34 56 78"),
        ("\"+\"0", "393401234567", "+393401234567"),
        ("0.00E+00", "393401234567", "393401234567"),
        ("# ?/?", "0.5", "0.5"),
        ("@", "123", "123"),
        ("\"a;b\"0", "7", "a;b7"),
        ("General \"km\"", "7.5", "7.5"),
    ] {
        is_shown(format, number, shown);
    }
}

#[test]
fn dates_and_times_are_equal_however_they_are_stored() {
    for (format, number, shown) in [
        ("dd/mm/yyyy", "33000", "1990-05-07"),
        ("[$-410]d mmmm yyyy;@", "33000", "1990-05-07"),
        ("dd/mm/yyyy", "33000.5", "1990-05-07"),
        ("yyyy-mm-dd hh:mm", "33000.5", "1990-05-07 12:00:00"),
        ("yyyy-mm-dd hh:mm", "33000", "1990-05-07"),
        ("h:mm AM/PM", "33000.5", "12:00:00"),
        ("h:mm", "0.354166666666667", "08:30:00"),
        ("mm:ss", "0.0001", "00:00:08"),
        ("mmm", "33000", "1990-05-07"),
        ("[h]:mm:ss", "1.5", "36:00:00"),
        ("[h]:mm", "-0.5", "-12:00:00"),
        ("d/m/yy", "1", "1900-01-01"),
        ("d/m/yy", "59", "1900-02-28"),
        ("d/m/yy", "61", "1900-03-01"),
        ("d/m/yy", "2958465", "9999-12-31"),
        ("d/m/yy", "2958466", "2958466"),
        ("d/m/yy", "-1", "-1"),
    ] {
        is_shown(format, number, shown);
    }
    let iso = |written: &str| cells(&[("General", "d", &format!("<v>{written}</v>"))]);
    for (written, shown) in [
        ("1990-05-07T00:00:00", "1990-05-07"),
        ("1990-05-07", "1990-05-07"),
        ("1990-05-07T08:30:00.000Z", "1990-05-07 08:30:00"),
        ("08:30:00", "08:30:00"),
    ] {
        let fields = format!("{{\"f0\":\"{shown}\"}}");
        check(&iso(written), &[row(2, "+391", &fields)]);
    }
    // Built in, without a code: 14 is a date, 9 a percentage, 49 a text.
    let mut file = Parts::new();
    file.set(STYLES, "<styleSheet><cellXfs><xf/><xf numFmtId=\"14\"/><xf numFmtId=\"9\"/><xf numFmtId=\"49\"/></cellXfs></styleSheet>");
    let sheet = "<worksheet><sheetData><row><c t=\"str\"><v>phone</v></c><c t=\"str\"><v>a</v></c><c t=\"str\"><v>b</v></c><c t=\"str\"><v>c</v></c></row>\
        <row><c t=\"str\"><v>+391</v></c><c s=\"1\"><v>33000</v></c><c s=\"2\"><v>0.25</v></c><c s=\"3\"><v>7</v></c></row></sheetData></worksheet>";
    file.set(SHEET, sheet);
    let fields = "{\"a\":\"1990-05-07\",\"b\":\"25%\",\"c\":\"7\"}";
    check(&file.zip(), &[row(2, "+391", fields)]);
    let workbook = "<workbook xmlns:r=\"r\"><workbookPr date1904=\"1\"/><sheets><sheet r:id=\"rId1\"/></sheets></workbook>";
    let fields = "{\"a\":\"1994-05-08\",\"b\":\"25%\",\"c\":\"7\"}";
    check(
        &file.with(WORKBOOK, workbook).zip(),
        &[row(2, "+391", fields)],
    );
}

/// Number formats add no digits to a phone number.
#[test]
fn a_whole_number_stays_whole_in_the_column_of_numbers() {
    for (format, shown) in [
        ("0.00", "3401234567"),
        ("#,##0", "3401234567"),
        ("0%", "3401234567"),
        ("0.00E+00", "3401234567"),
        ("\"+39\" 000 0000000", "+39 340 1234567"),
        ("0000-000000", "3401-234567"),
    ] {
        let code = format.replace('"', "&quot;");
        let styles = format!(
            "<styleSheet><numFmts><numFmt numFmtId=\"200\" formatCode=\"{code}\"/></numFmts><cellXfs><xf numFmtId=\"200\"/></cellXfs></styleSheet>"
        );
        let sheet = "<worksheet><sheetData><row><c t=\"str\"><v>phone</v></c></row><row><c s=\"0\"><v>3401234567</v></c></row></sheetData></worksheet>";
        let file = Parts::new().with(STYLES, styles).with(SHEET, sheet).zip();
        check(&file, &[row(2, shown, "")]);
    }
}

#[test]
fn texts_are_read_as_typed() {
    let file = cells(&[
        (
            "0",
            "inlineStr",
            "<is><r><t>Anna </t></r><r><rPr/><t xml:space=\"preserve\">  Bea</t></r><rPh><t>anna</t></rPh></is>",
        ),
        ("0", "str", "<f>A1</f><v>a_x000D_\u{A}b _x0041_ _x00ZZ_</v>"),
        ("0", "str", "<v><![CDATA[a < b]]> &amp; &#233;</v>"),
        ("0", "b", "<v>1</v>"),
        ("0", "b", "<v>0</v>"),
        ("0", "e", "<v>#DIV/0!</v>"),
        ("0", "n", "<v>NaN</v>"),
    ]);
    let fields = "{\"f0\":\"Anna  Bea\",\"f1\":\"a\\r\\nb A _x00ZZ_\",\"f2\":\"a < b & é\",\"f3\":\"true\",\"f4\":\"false\",\"f6\":\"NaN\"}";
    check(&file, &[row(2, "+391", fields)]);
}

/// A sheet of a number, a name and a total.
pub fn sheet(rows: &str) -> Parts {
    let head = "<row><c t=\"str\"><v>phone</v></c><c t=\"str\"><v>name</v></c><c t=\"str\"><v>total</v></c></row>";
    Parts::new().with(
        SHEET,
        format!("<worksheet><sheetData>{head}{rows}</sheetData></worksheet>"),
    )
}

#[test]
fn formulas_that_were_never_computed_are_reported() {
    let message =
        "The cell holds a formula that was not computed; open the file in Excel and save it.";
    let file = sheet(
        "<row><c><f>\"+39\"&amp;\"340\"</f><v></v></c><c t=\"str\"><v>Ada</v></c></row>\
        <row><c><f>A1</f></c></row>\
        <row><c t=\"str\"><v>+391</v></c><c t=\"str\"><f>A1</f><v></v></c><c><f>1+1</f><v/></c></row>\
        <row><c t=\"str\"><v>+392</v></c><c/><c><f>1+1</f><v>2</v></c><c><f>9</f></c></row>",
    );
    let (rows, warnings) = warned_rows(&file.zip()).unwrap();
    assert_eq!(
        rows,
        [
            (2, Err(format!("Ada: {message}"))),
            (3, Err(format!(": {message}"))),
            row(4, "+391", ""),
            row(5, "+392", "{\"total\":\"2\"}"),
        ]
    );
    let message = "The cell holds a formula that was not computed and is left out; open the file in Excel and save it.";
    assert_eq!(warnings, [warning(Some(4), Some("total"), message)]);
}

#[test]
fn hidden_rows_are_imported_and_counted() {
    let file = |rows: &str| {
        sheet(&format!(
            "<row><c t=\"str\"><v>+391</v></c></row>\
            <row hidden=\"1\"><c t=\"str\"><v>+392</v></c></row><row hidden=\"1\"/>{rows}"
        ))
        .zip()
    };
    let of_file = |reason: &str| vec![warning(None, None, reason)];
    assert_eq!(
        warned_rows(&file("")).unwrap(),
        (
            vec![row(2, "+391", ""), row(3, "+392", "")],
            of_file("One row is hidden, by a filter or by hand; it was read like the others.")
        )
    );
    let more = "<row hidden=\"true\"><c t=\"str\"><v>+393</v></c></row>";
    assert_eq!(
        warned_rows(&file(more)).unwrap(),
        (
            vec![row(2, "+391", ""), row(3, "+392", ""), row(5, "+393", "")],
            of_file("2 rows are hidden, by a filter or by hand; they were read like the others.")
        )
    );
}

/// The sheet that Excel shows on opening is read; a cover page before it is not.
#[test]
fn the_active_sheet_is_read() {
    let other =
        "<worksheet><sheetData><row><c t=\"str\"><v>Telefono</v></c></row></sheetData></worksheet>";
    let relations = "<Relationships>\
        <Relationship Id=\"r1\" Type=\"x/worksheet\" Target=\"/xl/worksheets/cover.xml\"/>\
        <Relationship Id=\"r2\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
        <Relationship Id=\"r3\" Type=\"x/chartsheet\" Target=\"chartsheets/sheet1.xml\"/></Relationships>";
    let is_read = |view: &str, first: &str, second: &str| {
        let workbook = format!(
            "<workbook xmlns:r=\"r\"><bookViews>{view}</bookViews><sheets><sheet r:id=\"r3\"/>\
            <sheet {first} r:id=\"r1\"/><sheet {second} r:id=\"r2\"/></sheets></workbook>"
        );
        let mut file = Parts::new()
            .with(WORKBOOK, workbook)
            .with(RELATIONS, relations);
        file.set("xl/worksheets/cover.xml", other);
        rows(&file.zip())
    };
    let contacts = Ok(vec![row(2, "+393401234567", "{\"name\":\"Anna\"}")]);
    let cover = Ok(Vec::new());
    let hidden = "state=\"hidden\"";
    assert_eq!(is_read("<workbookView activeTab=\"2\"/>", "", ""), contacts);
    assert_eq!(
        is_read(
            "<workbookView activeTab=\"1\"/><workbookView activeTab=\"2\"/>",
            "",
            ""
        ),
        cover
    );
    // The active sheet is hidden, a chart, or missing: the first visible one is read.
    assert_eq!(
        is_read("<workbookView activeTab=\"1\"/>", hidden, ""),
        contacts
    );
    assert_eq!(is_read("<workbookView activeTab=\"0\"/>", "", ""), cover);
    assert_eq!(is_read("<workbookView activeTab=\"9\"/>", "", ""), cover);
    assert_eq!(is_read("", "", ""), cover);
    let none = Err("The workbook has no sheet to read: it needs a visible worksheet.".to_owned());
    assert_eq!(is_read("", hidden, "state=\"veryHidden\""), none);
}
