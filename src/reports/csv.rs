//! A report's messages as comma-separated values.
//!
//! RFC 4180 with a header, UTF-8 with a byte order mark (Excel reads bytes without one in the
//! machine's own code page). Text that a spreadsheet would run as a formula is made plain text, wherever that
//! spreadsheet cuts cells: where lists are separated by semicolons, as in Italian, it cuts there.

use std::io::Write;

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

use serde::{Deserialize, Serialize};

use super::{
    file::{MessageRow, MessageSource, WriteError},
    local_time::LocalTime,
    number_text::{push_count, push_credits, push_fraction},
};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Rows gather up to this size before they are written.
const BUFFER_BYTES: usize = 64 * 1024;
const END_OF_LINE: &[u8] = b"\r\n";
const MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * MICROS;
const HEADER: [&str; 10] = [
    "sent_at",
    "list",
    "text",
    "channel",
    "encoding",
    "segments",
    "recipients",
    "country",
    "credits",
    "message_id",
];

/// How values are separated, and numbers written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dialect {
    /// Between two values.
    pub delimiter: Delimiter,
    /// Before the fraction of a number.
    pub decimal: DecimalMark,
}

/// What stands between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Delimiter {
    /// As RFC 4180 has it.
    #[default]
    Comma,
    /// What spreadsheets expect where a comma begins fractions.
    Semicolon,
    /// A tab.
    Tab,
}

/// What stands before the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DecimalMark {
    /// As in 21.5.
    #[default]
    Point,
    /// As in 21,5.
    Comma,
}

impl Delimiter {
    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// Writes every message: `sent_at` in ISO 8601 with the offset of the zone, counts and credits as plain decimals,
/// exact.
///
/// # Errors
///
/// The reader's first error, or the output's.
pub fn write_csv<W: Write, S: MessageSource>(
    mut out: W,
    time_zone: TimeZone,
    dialect: Dialect,
    mut rows: S,
) -> Result<(), WriteError<S::Error>> {
    out.write_all(BYTE_ORDER_MARK)?;
    let delimiter = [dialect.delimiter.byte()];
    for (place, name) in HEADER.iter().enumerate() {
        if place > 0 {
            out.write_all(&delimiter)?;
        }
        out.write_all(name.as_bytes())?;
    }
    out.write_all(END_OF_LINE)?;
    // The first bytes leave before the first row is read.
    out.flush()?;
    let mut moments = Moments::new(time_zone);
    let mut buffer = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 8);
    while let Some(row) = rows.next_row().map_err(WriteError::Source)? {
        push_row(&mut buffer, &row, &mut moments, dialect);
        if buffer.len() >= BUFFER_BYTES {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(())
}

fn push_row(
    out: &mut Vec<u8>,
    row: &MessageRow<'_>,
    moments: &mut Moments,
    Dialect { delimiter, decimal }: Dialect,
) {
    let delimiter = delimiter.byte();
    moments.push(out, row.sent_at);
    out.push(delimiter);
    push_text(out, row.list_name.unwrap_or_default(), delimiter);
    out.push(delimiter);
    push_text(out, row.text, delimiter);
    out.push(delimiter);
    out.extend_from_slice(row.channel.name().as_bytes());
    out.push(delimiter);
    out.extend_from_slice(row.encoding.unwrap_or_default().as_bytes());
    out.push(delimiter);
    push_count(out, row.segment_count);
    out.push(delimiter);
    push_count(out, row.recipients);
    out.push(delimiter);
    push_text(out, row.country_code, delimiter);
    out.push(delimiter);
    let number = out.len();
    push_credits(out, row.credits);
    if decimal == DecimalMark::Comma
        && let Some(point) = out.iter_mut().skip(number).find(|byte| **byte == b'.')
    {
        *point = b',';
    }
    out.push(delimiter);
    push_text(out, row.message_id, delimiter);
    out.extend_from_slice(END_OF_LINE);
}

/// Appends a text as RFC 4180 has it, with an apostrophe before whatever a spreadsheet would run:
/// <https://owasp.org/www-community/attacks/CSV_Injection>. A cell may begin at the text's start and behind any
/// delimiter in use; a quotation mark there may be taken for the cell's own, so that what follows begins it.
fn push_text(out: &mut Vec<u8>, text: &str, delimiter: u8) {
    let quoted = text
        .bytes()
        .any(|byte| byte == delimiter || matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if quoted {
        out.push(b'"');
    }
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut begins = true;
    for (at, character) in text.char_indices() {
        let runs = match character {
            '=' | '+' | '-' | '@' | '\u{FF1D}' | '\u{FF0B}' | '\u{FF0D}' | '\u{FF20}' => begins,
            '\t' | '\r' | '\n' => at == 0,
            _ => false,
        };
        // A quotation mark within quotes is doubled.
        if let Some(before) = (runs || character == '"').then(|| bytes.get(done..at)) {
            out.extend_from_slice(before.unwrap_or_default());
            out.push(if runs { b'\'' } else { b'"' });
            done = at;
        }
        begins = match character {
            ',' | ';' | '\t' | '|' | '\r' | '\n' => true,
            '"' => begins,
            _ => false,
        };
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    if quoted {
        out.push(b'"');
    }
}

/// Writes instants as the zone's clock shows them. Its date and its offset are the same for many of them.
struct Moments {
    local_time: LocalTime,
    /// Days since the epoch by the zone's clock, and its offset.
    of: Option<(i64, Offset)>,
    /// Up to the `T`.
    date: String,
    /// From the sign on.
    offset: String,
}

impl Moments {
    fn new(time_zone: TimeZone) -> Self {
        Self {
            local_time: LocalTime::new(time_zone),
            of: None,
            date: String::new(),
            offset: String::new(),
        }
    }

    fn push(&mut self, out: &mut Vec<u8>, instant: Timestamp) {
        let offset = self.local_time.offset_at(instant);
        let micros = instant.as_microsecond() + i64::from(offset.seconds()) * MICROS;
        let day = micros.div_euclid(DAY_MICROS);
        if self.of != Some((day, offset)) {
            self.of = Some((day, offset));
            let shown = instant.display_with_offset(offset).to_string();
            let (date, time) = shown.split_once('T').unwrap_or((&shown, ""));
            let (_, zone) = time.split_at(time.find(['+', '-']).unwrap_or(time.len()));
            self.date = format!("{date}T");
            self.offset = zone.to_owned();
        }
        out.extend_from_slice(self.date.as_bytes());
        let of_day = micros.rem_euclid(DAY_MICROS);
        let second = of_day / MICROS;
        for (place, part) in [second / 3_600, second / 60 % 60, second % 60]
            .into_iter()
            .enumerate()
        {
            if place > 0 {
                out.push(b':');
            }
            // Below 60, so both are digits.
            out.extend([b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
        }
        push_fraction(out, (of_day % MICROS).unsigned_abs().into(), 6);
        out.extend_from_slice(self.offset.as_bytes());
    }
}

#[cfg(test)]
mod tests {
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
    fn a_spreadsheet_with_decimal_commas_reads_numbers() {
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
            "2026-03-29T03:00:00.5+02:00;Clienti;\"a;b,c\";SMS;GSM-7;2;1653;IT;21,489;msg_1"
        );
        assert_eq!(
            lines(dialect(Delimiter::Tab, DecimalMark::Point)),
            "2026-03-29T03:00:00.5+02:00\tClienti\t\"a;b,c\"\tSMS\tGSM-7\t2\t1653\tIT\t21.489\tmsg_1"
        );
        let header = written_as(dialect(Delimiter::Semicolon, DecimalMark::Comma), vec![]);
        assert!(header.starts_with("\u{FEFF}sent_at;list;text;"), "{header}");
    }

    #[test]
    fn rows_are_as_rfc_4180_has_them() {
        let mut mms = message("2026-03-29T01:00:00.123456Z", "a \"b\"\r\nc");
        mms.list_name = None;
        mms.channel = Channel::Mms;
        mms.encoding = None;
        mms.credits = Credits::from_units(i64::MAX);
        let rows = vec![message("2026-03-29T00:59:59Z", "Ciao, più €"), mms];
        let expected = "\u{FEFF}sent_at,list,text,channel,encoding,segments,recipients,country,credits,message_id\r\n\
            2026-03-29T01:59:59+01:00,Clienti,\"Ciao, più €\",SMS,GSM-7,2,1653,IT,21.489,msg_1\r\n\
            2026-03-29T03:00:00.123456+02:00,,\"a \"\"b\"\"\r\nc\",MMS,,2,1653,IT,922337203685477.5807,msg_1\r\n";
        assert_eq!(written(rows), expected);
    }

    #[test]
    fn no_text_begins_a_formula() {
        let check = |text: &str, expected: &str| {
            let mut row = message("2026-03-29T00:00:00Z", text);
            row.list_name = Some(text);
            let file = written(vec![row]);
            let mut reader =
                csv::Reader::from_reader(file.trim_start_matches('\u{FEFF}').as_bytes());
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
        fn moments_are_shown_as_the_library_shows_them(
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
        fn texts_are_read_back(text in "[a\",\r\n =;€'-]{0,12}") {
            let mut row = message("2026-03-29T00:00:00Z", &text);
            row.list_name = Some("x");
            let file = written(vec![row]);
            let mut reader = csv::Reader::from_reader(file.trim_start_matches('\u{FEFF}').as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            // Nothing but apostrophes came in.
            let mut read = record.get(2).unwrap().chars().peekable();
            for character in text.chars() {
                if character != '\'' {
                    while read.next_if_eq(&'\'').is_some() {}
                }
                prop_assert_eq!(read.next(), Some(character));
            }
            prop_assert_eq!(read.next(), None);
        }

        /// Whoever cuts the file, wherever, whether quotation marks mean something to them or not.
        #[test]
        fn no_cell_begins_a_formula_wherever_it_is_cut(
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
    fn a_readers_error_is_handed_on() {
        let rows = [Ok(message("2026-03-29T00:00:00Z", "a")), Err("gone")];
        let failure = write_csv(
            Vec::new(),
            rome(),
            Dialect::default(),
            Ready::new(rows.into_iter()),
        );
        assert!(matches!(failure, Err(WriteError::Source("gone"))));
    }
}
