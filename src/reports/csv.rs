//! A report's messages as comma-separated values.
//!
//! RFC 4180 with a header, UTF-8 with a byte order mark (Excel reads bytes without one in the
//! machine's own code page). Text that a spreadsheet would run as a formula is made plain text.

use std::{borrow::Cow, io::Write};

use super::{
    file::{MessageRow, MessageSource, ReportFile, WriteError},
    local_time::LocalTime,
    number_text::{push_count, push_credits},
};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Rows gather up to this size before they are written.
const BUFFER_BYTES: usize = 64 * 1024;
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

/// Writes every message: `sent_at` in ISO 8601 with the offset of the report's zone, counts and
/// credits as plain decimals, exact.
///
/// # Errors
///
/// The reader's first error, or the output's.
pub fn write_csv<W: Write, S: MessageSource>(
    mut out: W,
    report: &ReportFile,
    mut rows: S,
) -> Result<(), WriteError<S::Error>> {
    out.write_all(BYTE_ORDER_MARK)?;
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .buffer_capacity(BUFFER_BYTES)
        .from_writer(out);
    writer.write_record(HEADER).map_err(std::io::Error::from)?;
    // The first bytes leave before the first row is read.
    writer.flush()?;
    let mut fields = Fields {
        local_time: LocalTime::new(report.time_zone.clone()),
        number: Vec::new(),
    };
    while let Some(row) = rows.next_row().map_err(WriteError::Source)? {
        fields
            .write(&mut writer, &row)
            .map_err(std::io::Error::from)?;
    }
    writer.flush()?;
    Ok(())
}

struct Fields {
    local_time: LocalTime,
    number: Vec<u8>,
}

impl Fields {
    fn write<W: Write>(
        &mut self,
        writer: &mut csv::Writer<W>,
        row: &MessageRow<'_>,
    ) -> Result<(), csv::Error> {
        let offset = self.local_time.offset_at(row.sent_at);
        let sent_at = row.sent_at.display_with_offset(offset);
        self.write_number(writer, |out| {
            // A buffer in memory takes every write.
            let _ = write!(out, "{sent_at}");
        })?;
        let list_name = row.list_name.unwrap_or_default();
        writer.write_field(plain_text(list_name).as_bytes())?;
        writer.write_field(plain_text(row.text).as_bytes())?;
        writer.write_field(row.channel)?;
        writer.write_field(row.encoding.unwrap_or_default())?;
        self.write_number(writer, |out| push_count(out, row.segment_count))?;
        self.write_number(writer, |out| push_count(out, row.recipients))?;
        writer.write_field(plain_text(row.country_code).as_bytes())?;
        self.write_number(writer, |out| push_credits(out, row.credits))?;
        writer.write_field(plain_text(row.message_id).as_bytes())?;
        writer.write_record(None::<&[u8]>)
    }

    fn write_number<W: Write>(
        &mut self,
        writer: &mut csv::Writer<W>,
        push: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), csv::Error> {
        self.number.clear();
        push(&mut self.number);
        writer.write_field(&self.number)
    }
}

/// The text behind an apostrophe where a spreadsheet would run it:
/// <https://owasp.org/www-community/attacks/CSV_Injection>.
fn plain_text(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use domain::credits::Credits;
    use jiff::tz::TimeZone;

    use super::write_csv;
    use crate::reports::file::{Interval, MessageRow, Ready, ReportFile, UsageRow, WriteError};

    fn report() -> ReportFile {
        let instant = "2026-03-01T00:00:00Z".parse().unwrap();
        ReportFile {
            account_name: String::new(),
            currency_code: "EUR".to_owned(),
            time_zone: TimeZone::get("Europe/Rome").unwrap(),
            from: instant,
            to: instant,
            interval: Interval::Day,
            totals: UsageRow {
                messages: 0,
                recipients: 0,
                segments: 0,
                credits: Credits::ZERO,
                cost: "0".to_owned(),
            },
            lists: Vec::new(),
            buckets: Vec::new(),
            countries: Vec::new(),
            generated_at: instant,
        }
    }

    fn message<'a>(sent_at: &str, text: &'a str) -> MessageRow<'a> {
        MessageRow {
            sent_at: sent_at.parse().unwrap(),
            list_name: Some("Clienti"),
            text,
            channel: "SMS",
            encoding: Some("GSM-7"),
            segment_count: 2,
            recipients: 1_653,
            country_code: "IT",
            credits: Credits::from_units(214_890),
            message_id: "msg_1",
        }
    }

    fn written(rows: Vec<MessageRow<'_>>) -> String {
        let mut out = Vec::new();
        let rows = rows.into_iter().map(Ok::<_, std::convert::Infallible>);
        write_csv(&mut out, &report(), Ready::new(rows)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rows_are_as_rfc_4180_has_them() {
        let mut mms = message("2026-03-29T01:00:00.123456Z", "a \"b\"\r\nc");
        mms.list_name = None;
        mms.channel = "MMS";
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
        for text in ["=1+1", "+39", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            check(text, &format!("'{text}"));
        }
        check("1=1", "1=1");
        check(" =1", " =1");
        check("'=1", "'=1");
    }

    #[test]
    fn a_readers_error_is_handed_on() {
        let rows = [Ok(message("2026-03-29T00:00:00Z", "a")), Err("gone")];
        let failure = write_csv(Vec::new(), &report(), Ready::new(rows.into_iter()));
        assert!(matches!(failure, Err(WriteError::Source("gone"))));
    }
}
