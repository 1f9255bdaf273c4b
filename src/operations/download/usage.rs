//! The parameters of a usage report in its link.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    calendar::{self, buckets},
    country::CountryCode,
    id::{AccountId, ApiKeyId, ListId},
};
use entity::sql_enums::{Channel, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        OperationError,
        usage_report::{AskedIn, UsageReport},
    },
    Format, slug,
};
use crate::{
    clock::whole_micros,
    reports::{csv::Dialect, usage::Source},
    store::{actor::ActorFilter, usage::UsageFilter},
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
    /// Links from before reports had it say nothing of it.
    #[serde(default)]
    actor: Option<ActorClaims>,
    pub(super) format: Format,
    /// The dialect of a CSV file.
    #[serde(default)]
    pub(super) dialect: Dialect,
    /// The role of who made the link. Earlier programs' links don't say it.
    #[serde(default)]
    pub(super) role: Option<Role>,
}

/// The actors of a report.
#[derive(Debug, Serialize, Deserialize)]
struct ActorClaims {
    /// Of each key 16 bytes, as of lists.
    keys: Option<String>,
    /// Earlier programs' links don't say it.
    #[serde(default)]
    own_users: bool,
    label: Option<String>,
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
        role: Role,
    ) -> Result<Self, OperationError> {
        let filter = &report.filter;
        let zone = report.time_zone.iana_name();
        let lists = filter.lists.as_ref();
        Ok(Self {
            from: filter.from.as_microsecond(),
            to: filter.to.as_microsecond(),
            interval: report.interval,
            // Zones are read by name, so every zone has one.
            zone: zone
                .ok_or_else(|| OperationError::broken("a report's zone has no name"))?
                .to_owned(),
            lists: lists.map(|lists| packed(lists.iter().map(|list| list.uuid()))),
            countries: filter
                .countries
                .as_ref()
                .map(|codes| codes.iter().map(CountryCode::to_string).collect()),
            channel: filter.channel,
            actor: filter.actor.as_ref().map(|actor| ActorClaims {
                keys: (actor.keys.as_ref()).map(|keys| packed(keys.iter().map(|key| key.uuid()))),
                own_users: actor.own_users,
                label: actor.on_behalf_of.clone(),
            }),
            format,
            dialect,
            role: Some(role),
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
        let ids = |packed: &String| unpacked(packed).ok_or_else(unlike);
        let lists = self.lists.as_ref().map(ids).transpose()?;
        let actor = match &self.actor {
            None => None,
            Some(actor) => {
                let keys = actor.keys.as_ref().map(ids).transpose()?;
                Some(ActorFilter {
                    keys: keys.map(|keys| keys.into_iter().map(ApiKeyId::new).collect()),
                    own_users: actor.own_users,
                    on_behalf_of: actor.label.clone(),
                })
            }
        };
        let countries = self.countries.as_ref().map(|codes| {
            let codes = codes.iter().map(|code| code.parse().ok());
            codes.collect::<Option<Vec<CountryCode>>>()
        });
        Ok(UsageReport {
            filter: UsageFilter {
                account: AccountId::new(account.id),
                from,
                to,
                lists: lists.map(|lists| lists.into_iter().map(ListId::new).collect()),
                countries: countries
                    .map(|codes| codes.ok_or_else(unlike))
                    .transpose()?,
                channel: self.channel,
                actor,
            },
            account,
            interval: self.interval,
            buckets: buckets::buckets(from, to, self.interval, &zone).map_err(|_| unlike())?,
            time_zone: zone,
            part_of: None,
            source: Source::Days,
            asked_in: AskedIn::Input,
        })
    }
}

/// Ids as 16 bytes each in base64.
fn packed(ids: impl Iterator<Item = Uuid>) -> String {
    let bytes: Vec<u8> = ids.flat_map(Uuid::into_bytes).collect();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn unpacked(packed: &str) -> Option<Vec<Uuid>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(packed).ok()?;
    let (ids, rest) = bytes.as_chunks::<16>();
    let ids = || ids.iter().map(|id| Uuid::from_bytes(*id)).collect();
    rest.is_empty().then(ids)
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
