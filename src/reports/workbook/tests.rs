//! The workbook as calamine reads it.

mod endings;
mod readers;

use std::io::{Cursor, Read};

use calamine::{Data, DataType, Range, Reader, Xlsx};
use domain::{channel::Channel, credits::Credits};
use jiff::{Timestamp, tz::TimeZone};
use zip::ZipArchive;

use super::{
    super::file::{Interval, MessageRow, Ready, ReportFile, UsageRow},
    Effort, SheetLimits, write_within,
    xml::{CUT_MARK, MAX_TEXT_UNITS},
};

type Never = std::convert::Infallible;

fn usage(messages: i64, units: i64) -> UsageRow {
    UsageRow {
        messages,
        recipients: messages * 10,
        segments: messages * 20,
        credits: Credits::from_units(units),
        cost: format!("{}.{:02}", units / 20_000, units / 200 % 100),
    }
}

fn report() -> ReportFile {
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    ReportFile {
        account_name: "Bottega & Figli <Torino>".to_owned(),
        currency_code: "EUR".to_owned(),
        time_zone: TimeZone::get("Europe/Rome").unwrap(),
        from: instant("2026-03-27T23:00:00Z"),
        to: instant("2026-03-29T22:00:00Z"),
        interval: Interval::Day,
        filter: String::new(),
        totals: usage(3, 49_590_001),
        lists: vec![
            ("=SUM(A1)".to_owned(), usage(2, 49_580_000)),
            ("<r><t>markup</r>".to_owned(), usage(1, 10_001)),
        ],
        buckets: vec![
            (instant("2026-03-27T23:00:00Z"), usage(3, 49_590_001)),
            (instant("2026-03-28T23:00:00Z"), usage(0, 0)),
        ],
        countries: vec![("IT".to_owned(), usage(3, 49_590_001))],
        generated_at: instant("2026-04-01T08:00:00Z"),
        as_of: instant("2026-04-01T07:59:30Z"),
    }
}

fn message(text: &str) -> MessageRow<'_> {
    MessageRow {
        sent_at: "2026-03-28T09:30:15.250Z".parse().unwrap(),
        list_name: Some("Clienti"),
        text,
        channel: Channel::Sms,
        encoding: Some("GSM-7"),
        segment_count: 1,
        recipients: 1_653,
        country_code: "IT",
        credits: Credits::whole(1_653),
        message_id: "msg_01jt",
        sent_by: "Till",
        on_behalf_of: "Ada",
    }
}

const ONE_THREAD: Effort = Effort {
    level: 4,
    has_two_threads: false,
};

/// Writes a workbook with one thread and with two, and returns its bytes, which are the same.
fn written(report: &ReportFile, rows: &[MessageRow<'_>], limits: SheetLimits) -> Vec<u8> {
    let [one, two] = [false, true].map(|has_two_threads| {
        let mut out = Vec::new();
        let effort = Effort {
            has_two_threads,
            ..Effort::default()
        };
        let rows = rows.iter().copied().map(Ok::<_, Never>);
        let content = || Ok((report, Ready::new(rows)));
        write_within(&mut out, report, content, (limits, effort)).unwrap();
        out
    });
    assert!(one == two);
    one
}

fn opened(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

fn messages_of(rows: &[MessageRow<'_>]) -> Range<Data> {
    let bytes = written(&report(), rows, SheetLimits::EXCEL);
    opened(&bytes).worksheet_range("Messages").unwrap()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut part = archive.by_name(name).unwrap();
    part.read_to_string(&mut text).unwrap();
    text
}

/// The date and time in a cell.
fn moment(cell: &Data) -> String {
    let Data::DateTime(moment) = cell else {
        panic!("{cell:?} is not a moment");
    };
    let (year, month, day, hour, minute, second, millisecond) = moment.to_ymd_hms_milli();
    let date = jiff::civil::date(year as i16, month as i8, day as i8);
    let nanosecond = i32::from(millisecond) * 1_000_000;
    date.at(hour as i8, minute as i8, second as i8, nanosecond)
        .to_string()
}

#[test]
fn messages_read_back_unchanged() {
    let mut mms = message("");
    mms.list_name = None;
    mms.channel = Channel::Mms;
    mms.encoding = None;
    mms.credits = Credits::from_units(214_890);
    let range = messages_of(&[message("Ciao, 10% di sconto & più"), mms]);
    let headings: Vec<_> = range
        .rows()
        .next()
        .unwrap()
        .iter()
        .map(Data::to_string)
        .collect();
    let expected = [
        "Sent at (Europe/Rome)",
        "List",
        "Text",
        "Channel",
        "Encoding",
        "Segments",
        "Recipients",
        "Country",
        "Credits",
        "Message id",
        "Sent by",
        "On behalf of",
    ];
    assert_eq!(headings, expected);
    let row = |number: usize| range.rows().nth(number).unwrap().to_vec();
    let text = |text: &str| Data::String(text.to_owned());
    let first = row(1);
    let sent_at = moment(&first[0]);
    assert_eq!(sent_at, "2026-03-28T10:30:15.25");
    assert_eq!(
        first[1..],
        [
            text("Clienti"),
            text("Ciao, 10% di sconto & più"),
            text("SMS"),
            text("GSM-7"),
            Data::Float(1.0),
            Data::Float(1_653.0),
            text("IT"),
            Data::Float(1_653.0),
            text("msg_01jt"),
            text("Till"),
            text("Ada"),
        ]
    );
    let second = row(2);
    assert_eq!(second[1..3], [Data::Empty, Data::Empty]);
    assert_eq!(second[4], Data::Empty);
    assert_eq!(second[8], Data::Float(21.489));
}

#[test]
fn text_from_users_stays_text() {
    let check = |text: &str| {
        let range = messages_of(&[message(text)]);
        assert_eq!(
            range.get((1, 2)),
            Some(&Data::String(text.to_owned())),
            "{text:?}"
        );
    };
    for text in [
        "two\nlines",
        "=1+1",
        "+39",
        "@cmd",
        " lead and trail \n",
        "a\tb\nc",
        "00123",
        "\u{7}bell\r\n",
        "_x0007_",
        "]]>",
        "😀",
    ] {
        check(text);
    }
    let long = "😀".repeat(20_000);
    let range = messages_of(&[message(&long)]);
    let cut = range.get((1, 2)).unwrap().to_string();
    assert!(cut.ends_with(CUT_MARK) && cut.encode_utf16().count() <= MAX_TEXT_UNITS);
}

#[test]
fn summary_and_timeline_show_the_reports_figures() {
    let report = report();
    let bytes = written(&report, &[], SheetLimits::EXCEL);
    let mut book = opened(&bytes);
    let range = book.worksheet_range("Summary").unwrap();
    let row_of = |label: &str| {
        let found = range
            .rows()
            .find(|row| row[0].as_string().as_deref() == Some(label));
        found.unwrap_or_else(|| panic!("{label}")).to_vec()
    };
    let fact = |label| moment(&row_of(label)[1]);
    assert_eq!(fact("From"), "2026-03-28T00:00:00");
    assert_eq!(fact("To (exclusive)"), "2026-03-30T00:00:00");
    assert_eq!(fact("Created"), "2026-04-01T10:00:00");
    assert_eq!(fact("As of"), "2026-04-01T09:59:30");
    assert_eq!(row_of("Time zone")[1].to_string(), "Europe/Rome");
    assert_eq!(row_of("Currency")[1].to_string(), "EUR");
    assert_eq!(
        row_of(&report.account_name)[0].to_string(),
        report.account_name
    );
    let numbers = |label: &str| -> Vec<f64> {
        row_of(label)[1..6]
            .iter()
            .map(|cell| cell.as_f64().unwrap())
            .collect()
    };
    assert_eq!(numbers("Total"), [3.0, 30.0, 60.0, 4_959.000_1, 2_479.50]);
    assert_eq!(numbers("=SUM(A1)"), [2.0, 20.0, 40.0, 4_958.0, 2_479.0]);
    assert_eq!(
        numbers("<r><t>markup</r>"),
        [1.0, 10.0, 20.0, 1.000_1, 0.50]
    );
    assert_eq!(numbers("IT"), numbers("Total"));

    let range = book.worksheet_range("Timeline").unwrap();
    let starts: Vec<_> = range.rows().skip(1).map(|row| moment(&row[0])).collect();
    assert_eq!(starts, ["2026-03-28T00:00:00", "2026-03-29T00:00:00"]);
    assert_eq!(range.get((1, 4)), Some(&Data::Float(4_959.000_1)));
}

#[test]
fn a_repeated_hour_is_distinguished_by_its_offset() {
    let mut report = report();
    report.interval = Interval::Hour;
    report.buckets = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"]
        .map(|start| (start.parse().unwrap(), usage(0, 0)))
        .into();
    let bytes = written(&report, &[], SheetLimits::EXCEL);
    let range = opened(&bytes).worksheet_range("Timeline").unwrap();
    let hours: Vec<_> = range
        .rows()
        .skip(1)
        .map(|row| (moment(&row[0]), row[1].to_string()))
        .collect();
    let hour = |offset: &str| ("2026-10-25T02:00:00".to_owned(), offset.to_owned());
    assert_eq!(hours, [hour("+02:00"), hour("+01:00")]);
}

#[test]
fn numbers_are_exact_beyond_the_precision_of_a_double() {
    let units = 9_223_372_036_854_775_807;
    let mut report = report();
    report.totals.credits = Credits::from_units(units);
    report.lists[1].1.credits = Credits::from_units(units - 1);
    report.buckets[1].1.messages = 9_007_199_254_740_993;
    report.countries[0].1.cost = "90071992547409.93".to_owned();
    let mut row = message("");
    row.credits = Credits::from_units(units - 2);
    let bytes = written(&report, &[row], SheetLimits::EXCEL);
    let check = |sheet: u32, value: &str| {
        let xml = part(&bytes, &format!("xl/worksheets/sheet{sheet}.xml"));
        assert!(xml.contains(&format!("<v>{value}</v>")), "{value} in {xml}");
    };
    check(1, "922337203685477.5807");
    check(1, "922337203685477.5806");
    check(1, "90071992547409.93");
    check(2, "9007199254740993");
    check(3, "922337203685477.5805");
}

#[test]
fn messages_continue_on_another_sheet_at_the_limits() {
    let check = |count: usize, limits: SheetLimits, expected: &[usize]| {
        let given: Vec<_> = (0..count).map(|number| number.to_string()).collect();
        let rows: Vec<_> = given.iter().map(|text| message(text)).collect();
        let bytes = written(&report(), &rows, limits);
        let mut book = opened(&bytes);
        let names = book.sheet_names();
        assert_eq!(names[..2], ["Summary", "Timeline"]);
        let mut texts = Vec::new();
        let mut sizes = Vec::new();
        for (number, name) in (3..).zip(&names[2..]) {
            let range = book.worksheet_range(name).unwrap();
            assert_eq!(
                range.get((0, 2)),
                Some(&Data::String("Text".to_owned())),
                "{name}"
            );
            texts.extend(range.rows().skip(1).map(|row| row[2].to_string()));
            sizes.push(range.height() - 1);
            let filter = format!("<autoFilter ref=\"A1:L{}\"/>", range.height());
            assert!(part(&bytes, &format!("xl/worksheets/sheet{number}.xml")).contains(&filter));
            let area = format!("$A$1:$L${}", range.height());
            assert!(part(&bytes, "xl/workbook.xml").contains(&area), "{area}");
        }
        assert_eq!(sizes, expected, "{count} rows, {limits:?}");
        assert_eq!(texts, given);
        assert!(
            part(&bytes, "[Content_Types].xml")
                .contains(&format!("/xl/worksheets/sheet{}.xml", names.len()))
        );
        assert!(
            part(&bytes, "docProps/app.xml").contains(&format!("<vt:i4>{}</vt:i4>", names.len()))
        );
    };
    let rows = |rows| SheetLimits {
        rows,
        ..SheetLimits::EXCEL
    };
    check(0, rows(4), &[0]);
    check(3, rows(4), &[3]);
    check(4, rows(4), &[3, 1]);
    check(7, rows(4), &[3, 3, 1]);
    // The head of the frame is larger than this limit.
    let one_byte = SheetLimits {
        bytes: 1,
        ..SheetLimits::EXCEL
    };
    check(0, one_byte, &[0]);
    check(
        2,
        SheetLimits {
            bytes: 2_500,
            ..SheetLimits::EXCEL
        },
        &[2],
    );
}

#[test]
fn sheets_are_frozen_filtered_and_printed_with_their_header() {
    let bytes = written(&report(), &[message("a")], SheetLimits::EXCEL);
    for number in [2, 3] {
        let xml = part(&bytes, &format!("xl/worksheets/sheet{number}.xml"));
        for wanted in [
            "state=\"frozen\"",
            "<autoFilter ref=\"A1:",
            "orientation=\"landscape\"",
            "fitToPage=\"1\"",
            "fitToHeight=\"0\"",
        ] {
            assert!(xml.contains(wanted), "{wanted} in sheet {number}");
        }
    }
    let workbook = part(&bytes, "xl/workbook.xml");
    for sheet in ["Timeline", "Messages"] {
        assert!(workbook.contains(&format!("{sheet}!$1:$1")), "{workbook}");
    }
    for chart in [
        "xl/charts/chart1.xml",
        "xl/charts/chart2.xml",
        "xl/charts/chart3.xml",
    ] {
        assert!(part(&bytes, chart).contains("<c:v>"), "{chart}");
    }
}

#[test]
fn an_empty_report_makes_a_valid_workbook() {
    let mut report = report();
    report.lists.clear();
    report.buckets.clear();
    report.countries.clear();
    let bytes = written(&report, &[], SheetLimits::EXCEL);
    let names = opened(&bytes).sheet_names();
    assert_eq!(names, ["Summary", "Timeline", "Messages"]);
    assert_eq!(
        written(&report, &[], SheetLimits::EXCEL),
        bytes,
        "the same report is the same file"
    );
}
