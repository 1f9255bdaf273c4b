//! The contents of a report's file.
//!
//! Here: the report as the writers take it, and their errors. Not here: how it is read from the
//! database, and the layout of a file.

use std::{fmt, marker::PhantomData};

use domain::{channel::Channel, credits::Credits};
use jiff::{Timestamp, tz::TimeZone};

/// A usage report without its messages, which come one by one from a [`MessageSource`].
#[derive(Debug, Clone)]
pub struct ReportFile {
    /// The name of the account whose usage it is.
    pub account_name: String,
    /// The ISO 4217 code of the currency of every cost.
    pub currency_code: String,
    /// The time zone in which every instant is shown.
    pub time_zone: TimeZone,
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after the period.
    pub to: Timestamp,
    /// The length of each of `buckets`.
    pub interval: Interval,
    /// What usage is restricted to, in words; empty if all counts.
    pub filter: String,
    /// Usage of the whole period.
    pub totals: UsageRow,
    /// Usage by list name, most credits first: charts show the first ones.
    pub lists: Vec<(String, UsageRow)>,
    /// Usage by the bucket's first instant, oldest first, with empty buckets.
    pub buckets: Vec<(Timestamp, UsageRow)>,
    /// Usage by country code, most credits first: charts show the first ones.
    pub countries: Vec<(String, UsageRow)>,
    /// When the report was requested.
    pub generated_at: Timestamp,
    /// The instant whose state of the database it shows.
    pub as_of: Timestamp,
}

/// The length of a bucket of the timeline, in the report's time zone.
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

/// The usage of a period, a bucket, a list or a country.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageRow {
    /// Messages charged.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all recipients together.
    pub segments: i64,
    /// Credits spent.
    pub credits: Credits,
    /// The cost of those credits in the report's currency: a plain decimal such as `"12.50"`,
    /// already rounded to the currency's digits.
    pub cost: String,
}

/// One message to one destination country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRow<'a> {
    /// When it was charged.
    pub sent_at: Timestamp,
    /// The contact list's name; `None` for a message without a list.
    pub list_name: Option<&'a str>,
    /// The text as it was written, with its merge fields.
    pub text: &'a str,
    /// The channel that carried the message.
    pub channel: Channel,
    /// `"GSM-7"` or `"UCS-2"`; `None` if the channel has no encodings.
    pub encoding: Option<&'static str>,
    /// Segments for each recipient.
    pub segment_count: i64,
    /// Recipients in this country.
    pub recipients: i64,
    /// The ISO 3166 code of the destination.
    pub country_code: &'a str,
    /// Credits charged for this country.
    pub credits: Credits,
    /// The message's id as the API shows it.
    pub message_id: &'a str,
    /// The name of the key, job or provider that sent it, or what it is if its name isn't shown;
    /// empty for a message from before actors were recorded.
    pub sent_by: &'a str,
    /// The label of whom the key acted for, or the user; empty for nobody.
    pub on_behalf_of: &'a str,
}

/// The rows of a file, one by one. Each is borrowed until the next one is requested, so none is
/// copied.
pub trait MessageSource {
    /// Why the next row can't be read.
    type Error;

    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// If the row can't be read. No row follows an error.
    fn next_row(&mut self) -> Result<Option<MessageRow<'_>>, Self::Error>;
}

/// Rows from an iterator.
#[derive(Debug)]
pub struct Ready<'a, I> {
    rows: I,
    /// The rows live at least as long as this borrows them.
    borrowed: PhantomData<&'a ()>,
}

impl<I> Ready<'_, I> {
    /// Yields these rows in this order.
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

/// Why a file was not written to its end. The bytes written until then don't make a valid file.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// A row could not be read.
    #[error("the report's rows could not be read")]
    Source(#[source] E),
    /// The output failed: for example, the disk is full, or the client has disconnected.
    #[error("the report could not be written")]
    Output(#[from] std::io::Error),
    /// A sheet could not be laid out, for example because there are more lists than rows.
    #[error("the workbook could not be laid out")]
    Layout(#[from] rust_xlsxwriter::XlsxError),
    /// The workbook would exceed about 4 GB and need ZIP64, which Excel does not open reliably.
    #[error("the workbook would be larger than 4 GB")]
    TooLarge,
}

impl<E> From<zip::result::ZipError> for WriteError<E> {
    fn from(error: zip::result::ZipError) -> Self {
        // An error of the output keeps its kind.
        Self::Output(error.into())
    }
}

/// The name of a time zone in a file: its IANA name, or its offset if it has none.
pub(super) fn zone_label(zone: &TimeZone) -> String {
    zone.iana_name()
        .map(str::to_owned)
        .or_else(|| Some(format!("UTC{}", zone.to_fixed_offset().ok()?)))
        .unwrap_or_else(|| "local time".to_owned())
}
