//! The CSV's bytes, how readers parse them, and that no cell runs as a formula.

use domain::{channel::Channel, credits::Credits};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::{DecimalMark, Delimiter, Dialect, write_csv};
use crate::reports::file::{MessageRow, Ready, WriteError};

fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap()
}

fn message<'a>(sent_at: &str, text: &'a str) -> MessageRow<'a> {
    MessageRow {
        sent_at: sent_at.parse().unwrap(),
        list_name: Some("Clienti"),
        text,
        channel: Channel::Sms,
        encoding: Some("GSM-7"),
        segment_count: 2,
        recipients: 1_653,
        country_code: "IT",
        credits: Credits::from_units(214_890),
        message_id: "msg_1",
        sent_by: "Till",
        on_behalf_of: "Ada",
    }
}

fn written(rows: Vec<MessageRow<'_>>) -> String {
    written_as(Dialect::default(), rows)
}

fn written_as(dialect: Dialect, rows: Vec<MessageRow<'_>>) -> String {
    let mut out = Vec::new();
    let rows = rows.into_iter().map(Ok::<_, std::convert::Infallible>);
    write_csv(&mut out, rome(), dialect, Ready::new(rows)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn dialects_change_delimiter_and_decimal_mark() {
    let dialect = |delimiter, decimal| Dialect { delimiter, decimal };
    let row = || message("2026-03-29T01:00:00.5Z", "a;b,c");
    let lines = |dialect| {
        written_as(dialect, vec![row()])
            .lines()
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        lines(dialect(Delimiter::Semicolon, DecimalMark::Comma)),
        "2026-03-29T03:00:00.5+02:00;Clienti;\"a;b,c\";SMS;GSM-7;2;1653;IT;21,489;msg_1;Till;Ada"
    );
    assert_eq!(
        lines(dialect(Delimiter::Tab, DecimalMark::Point)),
        "2026-03-29T03:00:00.5+02:00\tClienti\t\"a;b,c\"\tSMS\tGSM-7\t2\t1653\tIT\t21.489\tmsg_1\tTill\tAda"
    );
    let header = written_as(dialect(Delimiter::Semicolon, DecimalMark::Comma), vec![]);
    assert!(header.starts_with("\u{FEFF}sent_at;list;text;"), "{header}");
}

#[test]
fn rows_follow_rfc_4180() {
    let mut mms = message("2026-03-29T01:00:00.123456Z", "a \"b\"\r\nc");
    mms.list_name = None;
    mms.channel = Channel::Mms;
    mms.encoding = None;
    mms.credits = Credits::from_units(i64::MAX);
    let rows = vec![message("2026-03-29T00:59:59Z", "Ciao, più €"), mms];
    let expected = "\u{FEFF}sent_at,list,text,channel,encoding,segments,recipients,country,credits,message_id,sent_by,on_behalf_of\r\n\
        2026-03-29T01:59:59+01:00,Clienti,\"Ciao, più €\",SMS,GSM-7,2,1653,IT,21.489,msg_1,Till,Ada\r\n\
        2026-03-29T03:00:00.123456+02:00,,\"a \"\"b\"\"\r\nc\",MMS,,2,1653,IT,922337203685477.5807,msg_1,Till,Ada\r\n";
    assert_eq!(written(rows), expected);
}

#[test]
fn no_text_begins_a_formula() {
    let check = |text: &str, expected: &str| {
        let mut row = message("2026-03-29T00:00:00Z", text);
        row.list_name = Some(text);
        let file = written(vec![row]);
        let mut reader = csv::Reader::from_reader(file.trim_start_matches('\u{FEFF}').as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.get(1), Some(expected), "{text:?}");
        assert_eq!(record.get(2), Some(expected), "{text:?}");
    };
    for text in [
        "=1+1", "+39", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x", "\tx", "\rx",
    ] {
        check(text, &format!("'{text}"));
    }
    check("\t=1", "'\t'=1");
    check("\r\n=1", "'\r\n'=1");
    check("x;=cmd|'/c calc'!A0;y", "x;'=cmd|'/c calc'!A0;y");
    check("x|+1\t@a,-b;;＝c", "x|'+1\t'@a,'-b;;'＝c");
    check("x;\"=1\"", "x;\"'=1\"");
    check("a;b - c = d", "a;b - c = d");
    check("1=1", "1=1");
    check(" =1", " =1");
    check("'=1", "'=1");
}

proptest! {
    #[test]
    fn moments_are_written_like_the_library_writes_them(
        micros in 0_i64..4_102_444_800_000_000,
        step in prop_oneof![Just(1_i64), Just(1_000_000), Just(3_600_000_000), Just(86_400_000_000)],
        zone in prop::sample::select(vec!["Europe/Rome", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"]),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let mut moments = super::Moments::new(zone.clone());
        for micros in [micros, micros + step, micros + 2 * step] {
            let instant = Timestamp::from_microsecond(micros).unwrap();
            let mut out = Vec::new();
            moments.push(&mut out, instant);
            let expected = instant.display_with_offset(zone.to_offset(instant)).to_string();
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn texts_read_back(text in "[a\",\r\n =;€'-]{0,12}") {
        let mut row = message("2026-03-29T00:00:00Z", &text);
        row.list_name = Some("x");
        let file = written(vec![row]);
        let mut reader = csv::Reader::from_reader(file.trim_start_matches('\u{FEFF}').as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        // Only apostrophes were added.
        let mut read = record.get(2).unwrap().chars().peekable();
        for character in text.chars() {
            if character != '\'' {
                while read.next_if_eq(&'\'').is_some() {}
            }
            prop_assert_eq!(read.next(), Some(character));
        }
        prop_assert_eq!(read.next(), None);
    }

    /// For every delimiter at which a program may split lines, with and without support for quotes.
    #[test]
    fn no_cell_begins_a_formula_with_any_delimiter(
        text in "[ax \"',;|\t\r\n=+@＝＋－＠-]{0,16}",
        list in "[a\";\t=+-]{0,8}",
        written_with in prop::sample::select(vec![Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab]),
    ) {
        let mut row = message("2026-03-29T00:00:00Z", &text);
        row.list_name = Some(&list);
        let decimal = DecimalMark::Point;
        let file = written_as(Dialect { delimiter: written_with, decimal }, vec![row]);
        let file = file.trim_start_matches('\u{FEFF}');
        let is_safe = |cell: &str| !cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        for delimiter in [b',', b';', b'\t', b'|'] {
            for quoting in [true, false] {
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(delimiter)
                    .quoting(quoting)
                    .has_headers(false)
                    .flexible(true)
                    .from_reader(file.as_bytes());
                for record in reader.records() {
                    for cell in &record.unwrap() {
                        prop_assert!(is_safe(cell), "{cell:?} of {file:?}");
                        prop_assert!(is_safe(cell.trim_start_matches('"')), "{cell:?} of {file:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_error_of_the_reader_is_returned() {
    let rows = [Ok(message("2026-03-29T00:00:00Z", "a")), Err("gone")];
    let failure = write_csv(
        Vec::new(),
        rome(),
        Dialect::default(),
        Ready::new(rows.into_iter()),
    );
    assert!(matches!(failure, Err(WriteError::Source("gone"))));
}
