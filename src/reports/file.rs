//! What a report's file holds.
//!
//! Here: the report as it is handed to the writers, and what stops them. Not here: how it is read
//! from the books, and what a file of it looks like.

use std::{fmt, marker::PhantomData};

use domain::{channel::Channel, credits::Credits};
use jiff::{Timestamp, tz::TimeZone};

/// A usage report without its messages, which follow one by one.
#[derive(Debug, Clone)]
pub struct ReportFile {
    /// Whose usage it is.
    pub account_name: String,
    /// The ISO 4217 code that every cost is in.
    pub currency_code: String,
    /// The zone that every instant is shown in.
    pub time_zone: TimeZone,
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after the period.
    pub to: Timestamp,
    /// How long each of `buckets` is.
    pub interval: Interval,
    /// All of the period together.
    pub totals: UsageRow,
    /// Usage by list name, most credits first: charts show the first of them.
    pub lists: Vec<(String, UsageRow)>,
    /// Usage by the bucket's first instant, oldest first, empty ones included.
    pub buckets: Vec<(Timestamp, UsageRow)>,
    /// Usage by country code, most credits first: charts show the first of them.
    pub countries: Vec<(String, UsageRow)>,
    /// When the report was asked for.
    pub generated_at: Timestamp,
}

/// How long a bucket of the timeline is, in the report's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// From one full hour to the next.
    Hour,
    /// From midnight to midnight: 23, 24 or 25 hours.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of one month to the first of the next.
    Month,
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hour => "Hour",
            Self::Day => "Day",
            Self::Week => "Week",
            Self::Month => "Month",
        })
    }
}

/// Usage added up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageRow {
    /// Messages charged.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent, all recipients together.
    pub segments: i64,
    /// Credits spent.
    pub credits: Credits,
    /// What they are worth in the report's currency: a plain decimal such as `"12.50"`, already
    /// rounded to the currency's digits.
    pub cost: String,
}

/// One message to one destination country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRow<'a> {
    /// When it was charged.
    pub sent_at: Timestamp,
    /// The contact list; `None` for what was sent without one.
    pub list_name: Option<&'a str>,
    /// The text as written.
    pub text: &'a str,
    /// The channel that carried the message.
    pub channel: Channel,
    /// `"GSM-7"` or `"UCS-2"`; `None` if the channel has no encodings.
    pub encoding: Option<&'static str>,
    /// Segments a recipient.
    pub segment_count: i64,
    /// Recipients in this country.
    pub recipients: i64,
    /// The ISO 3166 code of the destination.
    pub country_code: &'a str,
    /// Credits charged for this country.
    pub credits: Credits,
    /// The message's id as the API shows it.
    pub message_id: &'a str,
}

/// The rows of a file, one by one: each is borrowed until the next is asked for, so that none is copied.
pub trait MessageSource {
    /// Why there is no next row although there should be.
    type Error;

    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// Where it can't be read. Nothing comes after it.
    fn next_row(&mut self) -> Result<Option<MessageRow<'_>>, Self::Error>;
}

/// Rows that are there already.
#[derive(Debug)]
pub struct Ready<'a, I> {
    rows: I,
    /// The rows live at least as long as this borrows them.
    borrowed: PhantomData<&'a ()>,
}

impl<I> Ready<'_, I> {
    /// These rows, in this order.
    pub fn new(rows: I) -> Self {
        Self {
            rows,
            borrowed: PhantomData,
        }
    }
}

impl<'a, I, E> MessageSource for Ready<'a, I>
where
    I: Iterator<Item = Result<MessageRow<'a>, E>>,
{
    type Error = E;

    fn next_row(&mut self) -> Result<Option<MessageRow<'_>>, E> {
        self.rows.next().transpose()
    }
}

/// Why a file was not written to its end. What was written until then is no whole file.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The next row could not be read.
    #[error("the report's rows could not be read")]
    Source(#[source] E),
    /// The output refused more: a full disk, a client that left.
    #[error("the report could not be written")]
    Output(#[from] std::io::Error),
    /// A sheet's frame could not be made, for example because there are more lists than rows.
    #[error("the workbook could not be laid out")]
    Layout(#[from] rust_xlsxwriter::XlsxError),
    /// A workbook of more than about 4 GB needs ZIP64, which Excel does not open reliably.
    #[error("the workbook would be larger than 4 GB")]
    TooLarge,
}

impl<E> From<zip::result::ZipError> for WriteError<E> {
    fn from(error: zip::result::ZipError) -> Self {
        // Keeps an output's own error, and its kind, as it was.
        Self::Output(error.into())
    }
}

/// How a time zone is named in a file: by its IANA name where it has one, else by its offset.
pub(super) fn zone_label(zone: &TimeZone) -> String {
    zone.iana_name()
        .map(str::to_owned)
        .or_else(|| Some(format!("UTC{}", zone.to_fixed_offset().ok()?)))
        .unwrap_or_else(|| "local time".to_owned())
}
