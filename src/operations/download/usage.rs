//! The parameters of a usage report in its link.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    calendar::{self, buckets},
    country::CountryCode,
    id::{AccountId, ListId},
};
use entity::sql_enums::Channel;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{OperationError, usage_report::UsageReport},
    Format, slug,
};
use crate::{
    clock::whole_micros,
    reports::{csv::Dialect, usage::Source},
    store::usage::UsageFilter,
};

/// The parameters of a report beside its account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UsageClaims {
    /// Microseconds since the epoch.
    from: i64,
    /// Microseconds since the epoch.
    to: i64,
    #[serde(with = "Interval")]
    interval: buckets::Interval,
    zone: String,
    /// 16 bytes each, concatenated in base64: 1,000 lists must fit in a URL.
    lists: Option<String>,
    countries: Option<Vec<String>>,
    channel: Option<Channel>,
    pub(super) format: Format,
    /// The dialect of a CSV file.
    #[serde(default)]
    pub(super) dialect: Dialect,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "buckets::Interval")]
enum Interval {
    Hour,
    Day,
    Week,
    Month,
}

impl UsageClaims {
    pub(super) fn new(
        report: &UsageReport,
        (format, dialect): (Format, Dialect),
    ) -> Result<Self, OperationError> {
        let filter = &report.filter;
        let zone = report.time_zone.iana_name();
        let lists = filter.lists.as_ref().map(|lists| {
            let bytes: Vec<u8> = lists
                .iter()
                .flat_map(|list| list.uuid().into_bytes())
                .collect();
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        });
        Ok(Self {
            from: filter.from.as_microsecond(),
            to: filter.to.as_microsecond(),
            interval: report.interval,
            // Zones are read by name, so every zone has one.
            zone: zone
                .ok_or_else(|| OperationError::broken("a report's zone has no name"))?
                .to_owned(),
            lists,
            countries: filter
                .countries
                .as_ref()
                .map(|codes| codes.iter().map(CountryCode::to_string).collect()),
            channel: filter.channel,
            format,
            dialect,
        })
    }

    /// The report that the link was made for. The account's name may have changed since.
    pub(super) fn report(
        &self,
        account: entity::account::Model,
    ) -> Result<UsageReport, OperationError> {
        let unlike = || OperationError::broken("a signed link says what no link says");
        let zone = calendar::parse_time_zone(&self.zone).map_err(|_| unlike())?;
        let (from, to) = (whole_micros(self.from), whole_micros(self.to));
        let lists = self.lists.as_ref().map(|lists| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(lists).ok()?;
            let (ids, rest) = bytes.as_chunks::<16>();
            rest.is_empty().then(|| {
                ids.iter()
                    .map(|id| ListId::new(Uuid::from_bytes(*id)))
                    .collect()
            })
        });
        let countries = self.countries.as_ref().map(|codes| {
            let codes = codes.iter().map(|code| code.parse().ok());
            codes.collect::<Option<Vec<CountryCode>>>()
        });
        Ok(UsageReport {
            filter: UsageFilter {
                account: AccountId::new(account.id),
                from,
                to,
                lists: lists.map(|lists| lists.ok_or_else(unlike)).transpose()?,
                countries: countries
                    .map(|codes| codes.ok_or_else(unlike))
                    .transpose()?,
                channel: self.channel,
            },
            account,
            interval: self.interval,
            buckets: buckets::buckets(from, to, self.interval, &zone).map_err(|_| unlike())?,
            time_zone: zone,
            source: Source::Days,
        })
    }
}

/// `usage-<account>-2026-10-01-2026-11-01.xlsx`: the account, and the days in the report's zone on
/// which the period begins and ends.
pub(super) fn file_name(report: &UsageReport, format: Format) -> String {
    let day = |instant| calendar::date_of(instant, &report.time_zone);
    let extension = match format {
        Format::Xlsx => "xlsx",
        Format::Csv => "csv",
    };
    format!(
        "usage-{}-{}-{}.{extension}",
        slug(&report.account.name),
        day(report.filter.from),
        day(report.filter.to)
    )
}
