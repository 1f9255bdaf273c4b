//! What a usage report is asked for with: its period, its interval, its filters, and the format of
//! its file.
//!
//! Not here: checking them ([`crate::operations::usage_report`]).

use async_graphql::{Enum, ID, InputObject};
use domain::{
    calendar::{buckets, comparison},
    id::ListId,
};

use super::super::{
    actor::ActorFilterInput,
    engine::{ids::PublicId, request::optional_id},
    scalars::{CountryCode, DateTime, TimeZone},
    segmentation::Channel,
};
use crate::{
    operations::{
        Path, download,
        usage_report::{MAX_LISTS, UsageReportRequest},
    },
    reports::csv,
};

/// The length of a report's intervals, which are whole in its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "buckets::Interval")]
pub enum Interval {
    /// Hours. When clocks go back, the repeated hour is two intervals.
    Hour,
    /// Calendar days, including days of 23 and 25 hours when clocks change.
    Day,
    /// Weeks that begin on Monday.
    Week,
    /// Calendar months of the time zone.
    Month,
}

/// A part of the calendar, by months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "comparison::CalendarPeriod")]
pub enum CalendarPeriod {
    /// A calendar month.
    Month,
    /// A quarter of a year: three months from January, April, July or October on.
    Quarter,
    /// A calendar year.
    Year,
}

/// The format of a report's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "download::Format")]
pub enum ReportFormat {
    /// An Excel workbook (.xlsx) with a summary, a timeline and every message.
    Xlsx,
    /// A CSV file of every message, for programs unless csvDelimiter and csvDecimal say otherwise.
    /// A value that a spreadsheet would run as a formula begins with an apostrophe.
    Csv,
}

/// The delimiter between the values of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "csv::Delimiter")]
pub enum CsvDelimiter {
    /// A comma, as in RFC 4180, for programs.
    Comma,
    /// A semicolon, which Excel expects in languages with a decimal comma.
    Semicolon,
    /// A tab character.
    Tab,
}

/// The decimal separator of numbers in a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "csv::DecimalMark")]
pub enum CsvDecimal {
    /// A point, as in 21.5, for programs.
    Point,
    /// A comma, as in 21,5. An Excel that expects a comma reads 21.489 as 21489.
    Comma,
}

/// The period, the interval and the filters of the report.
#[derive(Debug, InputObject)]
pub struct UsageReportInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// The first instant of the period.
    from: DateTime,
    /// The first instant after the period. A period is at most ten years long.
    to: DateTime,
    /// The length of the intervals, of which the period may have at most 5,000.
    #[graphql(default_with = "Interval::Day")]
    interval: Interval,
    /// The time zone of the intervals. If it is left out, the account's time zone is used.
    time_zone: Option<TimeZone>,
    /// Counts only usage of these lists, at most 1,000.
    list_ids: Option<Vec<ID>>,
    /// Counts only usage in these countries, at most 1,000 codes. Of a message to several
    /// countries, only this part counts.
    country_codes: Option<Vec<CountryCode>>,
    /// Counts only usage on this channel.
    channel: Option<Channel>,
    /// Counts only messages that this actor sent, or scheduled. The messages of a period are read
    /// for it one by one, so a report takes longer than without it.
    actor: Option<ActorFilterInput>,
    /// The month, quarter or year that the period is the beginning of, or all of: `previous` is
    /// then the same days of the one before. It must begin at `from` and not end before `to`. If it
    /// is left out, it is found from the period: see `previous`.
    part_of: Option<CalendarPeriod>,
}

impl UsageReportInput {
    /// Reads the parameters.
    pub(super) fn read(self) -> UsageReportRequest {
        let lists = self.list_ids.map(|ids| {
            // One id above the limit is enough to refuse the list.
            let ids = ids.iter().take(MAX_LISTS + 1);
            ids.map(|id| ListId::decode(id)).collect()
        });
        UsageReportRequest {
            account: optional_id(self.account_id.as_ref()),
            from: self.from.0,
            to: self.to.0,
            interval: self.interval.into(),
            time_zone: self.time_zone.map(|zone| zone.0),
            lists,
            countries: self
                .country_codes
                .map(|codes| codes.into_iter().map(|code| code.0).collect()),
            channel: self.channel.map(Into::into),
            actor: (self.actor).map(|actor| actor.read_at(Path::input("actor"))),
            part_of: self.part_of.map(Into::into),
        }
    }
}
