//! The contents of a report's file: the expected rows, in a workbook and in a CSV file.

use std::{collections::BTreeSet, io::Cursor};

use calamine::{Data, DataType, Range, Reader, Xlsx};
use domain::{channel::Channel, credits::Credits};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::support::{
    sending::{Leg, Message},
    usage::History,
};

/// Messages, recipients, segments, credits and cost of a row, exact.
pub type Figures = [String; 5];

pub fn figures(usage: &Value) -> Figures {
    let count = |name: &str| usage[name].as_i64().unwrap().to_string();
    [
        count("messageCount"),
        count("recipientCount"),
        count("segmentCount"),
        usage["credits"].as_str().unwrap().to_owned(),
        usage["cost"]["amount"].as_str().unwrap().to_owned(),
    ]
}

/// The numbers of a row of a sheet. The test's values are far below the point at which a double
/// loses digits.
pub fn cells(row: &[Data]) -> Figures {
    let number = |place: usize| row[place].as_f64().unwrap();
    let credits = Credits::from_units((number(3) * 10_000.0).round() as i64);
    [
        format!("{:.0}", number(0)),
        format!("{:.0}", number(1)),
        format!("{:.0}", number(2)),
        credits.to_string(),
        format!("{:.2}", number(4)),
    ]
}

/// A row of a file's messages.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub sent_at: String,
    pub list: String,
    pub text: String,
    pub channel: String,
    pub encoding: String,
    pub segment_count: String,
    pub recipients: String,
    pub country: String,
    pub credits: String,
}

/// The expected rows of a file: one for each country and length that was charged.
pub fn expected_rows(
    history: &History,
    counts: impl Fn(&Message, Option<&Leg>) -> bool,
) -> Vec<Row> {
    let zone = TimeZone::get("Europe/Rome").unwrap();
    let mut rows = Vec::new();
    for message in &history.messages {
        let list = history
            .lists
            .iter()
            .position(|list| Some(*list) == message.list);
        let row = |leg: Option<&Leg>| Row {
            sent_at: message.at.to_zoned(zone.clone()).datetime().to_string(),
            list: list
                .map_or("", |place| ["=Winter", "Summer", "Winter"][place])
                .to_owned(),
            text: message.text.clone(),
            channel: format!("{:?}", message.channel).to_uppercase(),
            encoding: match message.channel {
                Channel::Sms => "GSM-7".to_owned(),
                Channel::Mms => String::new(),
            },
            segment_count: leg
                .map_or(
                    message.legs.first().map_or(1, |leg| leg.segment_count),
                    |leg| leg.segment_count,
                )
                .to_string(),
            recipients: leg.map_or(0, |leg| leg.recipients).to_string(),
            country: leg.map_or("", |leg| leg.country).to_owned(),
            credits: Credits::from_units(leg.map_or(0, |leg| leg.units())).to_string(),
        };
        let served: Vec<&Leg> = (message.legs.iter())
            .filter(|leg| leg.rate_units.is_some() && counts(message, Some(leg)))
            .collect();
        rows.extend(served.iter().map(|leg| row(Some(leg))));
        let reached_none = message.legs.iter().all(|leg| leg.rate_units.is_none());
        if reached_none && counts(message, None) {
            rows.push(row(None));
        }
    }
    rows.sort();
    rows
}

/// A cell's moment, to the millisecond that Excel keeps.
pub fn moment(cell: &Data) -> String {
    let Data::DateTime(moment) = cell else {
        panic!("{cell:?} is no moment");
    };
    let (year, month, day, hour, minute, second, millisecond) = moment.to_ymd_hms_milli();
    let date = jiff::civil::date(year as i16, month as i8, day as i8);
    let nanosecond = i32::from(millisecond) * 1_000_000;
    date.at(hour as i8, minute as i8, second as i8, nanosecond)
        .to_string()
}

pub fn sheet_rows(range: &Range<Data>) -> (Vec<Row>, BTreeSet<String>) {
    let mut ids = BTreeSet::new();
    let mut rows: Vec<Row> = range
        .rows()
        .skip(1)
        .map(|row| {
            let text = |place: usize| row[place].as_string().unwrap_or_default();
            ids.insert(text(9));
            let credits = row[8].as_f64().unwrap();
            Row {
                sent_at: moment(&row[0]),
                list: text(1),
                text: text(2),
                channel: text(3),
                encoding: text(4),
                segment_count: text(5),
                recipients: text(6),
                country: text(7),
                credits: Credits::from_units((credits * 10_000.0).round() as i64).to_string(),
            }
        })
        .collect();
    rows.sort();
    (rows, ids)
}

pub fn csv_rows(bytes: &[u8]) -> (Vec<Row>, BTreeSet<String>) {
    let bytes = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .expect("a byte order mark");
    let mut reader = csv::Reader::from_reader(bytes);
    let mut ids = BTreeSet::new();
    let mut rows: Vec<Row> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            // Text that a spreadsheet would execute is prefixed with an apostrophe.
            let plain = |place: usize| {
                let text = &record[place];
                text.strip_prefix('\'').unwrap_or(text).to_owned()
            };
            ids.insert(record[9].to_owned());
            let sent_at: jiff::Timestamp = record[0].parse().unwrap();
            let zone = TimeZone::get("Europe/Rome").unwrap();
            assert!(
                record[0].ends_with(&sent_at.to_zoned(zone.clone()).strftime("%:z").to_string())
            );
            Row {
                sent_at: sent_at.to_zoned(zone).datetime().to_string(),
                list: plain(1),
                text: plain(2),
                channel: plain(3),
                encoding: plain(4),
                segment_count: plain(5),
                recipients: plain(6),
                country: plain(7),
                credits: plain(8),
            }
        })
        .collect();
    rows.sort();
    (rows, ids)
}

/// To the millisecond, where rows are compared with a sheet's.
pub fn to_milliseconds(mut rows: Vec<Row>) -> Vec<Row> {
    for row in &mut rows {
        let moment: jiff::civil::DateTime = row.sent_at.parse().unwrap();
        let cut = moment.subsec_nanosecond() / 1_000_000 * 1_000_000;
        row.sent_at = moment
            .with()
            .subsec_nanosecond(cut)
            .build()
            .unwrap()
            .to_string();
    }
    rows.sort();
    rows
}

/// The rows add up to the totals: both halves of the file agree.
pub fn adds_up(rows: &[Row], ids: &BTreeSet<String>, totals: &Figures) {
    let sum = |number: &dyn Fn(&Row) -> i64| rows.iter().map(number).sum::<i64>().to_string();
    let int = |text: &str| text.parse::<i64>().unwrap();
    assert_eq!(ids.len().to_string(), totals[0]);
    assert_eq!(sum(&|row| int(&row.recipients)), totals[1]);
    assert_eq!(
        sum(&|row| int(&row.recipients) * int(&row.segment_count)),
        totals[2]
    );
    let units = rows
        .iter()
        .map(|row| row.credits.parse::<Credits>().unwrap().units());
    assert_eq!(Credits::from_units(units.sum()).to_string(), totals[3]);
}

/// A workbook's Summary and Timeline against the report.
pub fn check_workbook(book: &mut Xlsx<Cursor<Vec<u8>>>, report: &Value) {
    let summary = book.worksheet_range("Summary").unwrap();
    let rows: Vec<(String, Vec<Data>)> = summary
        .rows()
        .map(|row| (row[0].as_string().unwrap_or_default(), row.to_vec()))
        .collect();
    let place = |label: &str| rows.iter().position(|(first, _)| first == label).unwrap();
    let totals = figures(&report["totals"]);
    assert_eq!(cells(&rows[place("Total")].1[1..]), totals);
    assert_eq!(rows[1].0, "Caffè & Co");
    let table = |title: &str, expected: Vec<(String, Figures)>| {
        let first = place(title) + 2;
        for (row, (name, figures)) in rows[first..].iter().zip(&expected) {
            assert_eq!((&row.0, &cells(&row.1[1..])), (name, figures));
        }
    };
    let named = |rows: &Value, name: &dyn Fn(&Value) -> String| -> Vec<(String, Figures)> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| (name(row), figures(&row["usage"])))
            .collect()
    };
    let list_name = |row: &Value| {
        row["list"]["name"]
            .as_str()
            .unwrap_or("(no list)")
            .to_owned()
    };
    table("Usage by list", named(&report["lists"], &list_name));
    let code = |row: &Value| row["countryCode"].as_str().unwrap().to_owned();
    table("Usage by country", named(&report["countries"], &code));

    let zone = TimeZone::get("Europe/Rome").unwrap();
    let timeline = book.worksheet_range("Timeline").unwrap();
    let found: Vec<(String, Figures)> = timeline
        .rows()
        .skip(1)
        .map(|row| (moment(&row[0]), cells(&row[1..])))
        .collect();
    let start = |row: &Value| {
        let start: jiff::Timestamp = row["start"].as_str().unwrap().parse().unwrap();
        start.to_zoned(zone.clone()).datetime().to_string()
    };
    assert_eq!(found, named(&report["buckets"], &start));
}
