//! Usage, added up from the messages.
//!
//! Here: sums by time, list, channel and country, and the messages one by one ([`rows`]). Not here:
//! sums by day, which are kept ([`super::usage_rollup`]), and adding sums up into a report
//! ([`crate::reports::usage`]).
//!
//! Usage counts charged messages, at the instant of their charge. Their recipients and segments are
//! those of the destinations that were paid for.

pub mod rows;

use std::collections::BTreeMap;

use domain::{
    calendar::buckets::QUARTER_HOUR_SECONDS,
    country::CountryCode,
    id::{AccountId, ListId},
};
use entity::{contact_list, sql_enums::Channel};
use jiff::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QuerySelect, Statement, Value, prelude::Uuid,
};

use super::{
    actor::ActorFilter,
    message_line::{self, COUNTRY, IS_SERVED, RECIPIENTS, SEGMENTS, UNITS},
};

/// Microseconds in a quarter of an hour, the finest grain of sums. In every time zone, buckets
/// begin on a quarter of an hour.
pub const QUARTER_HOUR_MICROS: i64 = QUARTER_HOUR_SECONDS * 1_000_000;

/// Ids in one statement, well below the limits of both databases.
const IDS_AT_ONCE: usize = 1_000;

/// The messages to count: those charged to an account in a period that match every filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageFilter {
    /// Messages of this account.
    pub account: AccountId,
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after the period.
    pub to: Timestamp,
    /// Only messages to these lists.
    pub lists: Option<Vec<ListId>>,
    /// Only messages to these countries. Of a message to other countries too, only these are
    /// counted.
    pub countries: Option<Vec<CountryCode>>,
    /// Only messages on this channel.
    pub channel: Option<Channel>,
    /// Only messages made by these actors.
    pub actor: Option<ActorFilter>,
}

impl UsageFilter {
    /// Counts every message of a period.
    #[must_use]
    pub fn of(account: AccountId, (from, to): (Timestamp, Timestamp)) -> Self {
        Self {
            account,
            from,
            to,
            lists: None,
            countries: None,
            channel: None,
            actor: None,
        }
    }
}

/// The keys by which sums are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grain {
    /// Whether sums are by quarter of an hour.
    pub quarter_hours: bool,
    /// Whether sums are by list.
    pub lists: bool,
    /// Whether sums are by channel.
    pub channels: bool,
}

/// A part of the usage of a list in a quarter of an hour, at the prices of one version of a rate
/// card. The rows of a list and time add up to its usage.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Sum {
    /// Quarters of an hour since the epoch; 0 if sums are not by time.
    pub quarter_hour: i64,
    /// The list; `None` for messages without a list, and if sums are not by list.
    pub list_id: Option<Uuid>,
    /// The channel; `None` if sums are not by channel.
    pub channel: Option<Channel>,
    /// The version of the rate card that priced the messages.
    pub rate_card_id: Uuid,
    /// Messages charged.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

/// The usage of one country at the prices of one version of a rate card.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct CountrySum {
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// The version of the rate card that priced the messages.
    pub rate_card_id: Uuid,
    /// Messages to this country, including those to other countries too.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

/// Sums usage by time, list and channel, as `grain` says.
///
/// Without a filter by country, credits are those of the messages, which the ledger charged, and
/// recipients and segments those of their lines. Sums by country come only from the lines and must
/// agree.
pub async fn sums(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    grain: Grain,
) -> Result<Vec<Sum>, DbErr> {
    let quarter_hour = if grain.quarter_hours {
        format!("m.sent_at / {QUARTER_HOUR_MICROS}")
    } else {
        "CAST(0 AS BIGINT)".to_owned()
    };
    let list = if grain.lists {
        "m.list_id"
    } else {
        "CAST(NULL AS UUID)"
    };
    let channel = if grain.channels {
        "m.channel"
    } else {
        "CAST(NULL AS TEXT)"
    };
    let group = format!(
        "{quarter_hour} AS quarter_hour, {list} AS list_id, {channel} AS channel, m.rate_card_id"
    );
    let (messages, units) = match &filter.countries {
        Some(_) => ("COUNT(DISTINCT m.id)", format!("SUM({UNITS})")),
        None => ("0", "0".to_owned()),
    };
    let lines = lines(connection.get_database_backend());
    let mut by_line = Query::new(format!(
        "SELECT {group}, CAST({messages} AS BIGINT) AS messages, \
         CAST(SUM({RECIPIENTS}) AS BIGINT) AS recipients, \
         CAST(SUM({RECIPIENTS} * {SEGMENTS}) AS BIGINT) AS segments, \
         CAST({units} AS BIGINT) AS units FROM messages m {lines}"
    ));
    by_line.only(filter);
    by_line.only_countries(filter);
    let mut rows = by_line.end("GROUP BY 1, 2, 3, 4").all(connection).await?;
    if filter.countries.is_none() {
        let mut by_message = Query::new(format!(
            "SELECT {group}, COUNT(*) AS messages, CAST(0 AS BIGINT) AS recipients, \
             CAST(0 AS BIGINT) AS segments, CAST(SUM(m.units) AS BIGINT) AS units FROM messages m"
        ));
        by_message.only(filter);
        rows.extend(
            by_message
                .end("GROUP BY 1, 2, 3, 4")
                .all::<Sum>(connection)
                .await?,
        );
    }
    Ok(rows)
}

/// Sums usage by country.
pub async fn country_sums(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
) -> Result<Vec<CountrySum>, DbErr> {
    let lines = lines(connection.get_database_backend());
    let mut query = Query::new(format!(
        "SELECT {COUNTRY} AS country_code, m.rate_card_id, COUNT(DISTINCT m.id) AS messages, \
         CAST(SUM({RECIPIENTS}) AS BIGINT) AS recipients, \
         CAST(SUM({RECIPIENTS} * {SEGMENTS}) AS BIGINT) AS segments, \
         CAST(SUM({UNITS}) AS BIGINT) AS units FROM messages m {lines}"
    ));
    query.only(filter);
    query.only_countries(filter);
    query.end("GROUP BY 1, 2").all(connection).await
}

/// Reads the names of those lists that belong to the account, archived ones too.
pub async fn list_names(
    connection: &impl ConnectionTrait,
    account: AccountId,
    lists: &[ListId],
) -> Result<BTreeMap<ListId, String>, DbErr> {
    let mut names = BTreeMap::new();
    for chunk in lists.chunks(IDS_AT_ONCE) {
        let rows: Vec<(Uuid, String)> = contact_list::Entity::find()
            .select_only()
            .columns([contact_list::Column::Id, contact_list::Column::Name])
            .filter(contact_list::Column::AccountId.eq(account.uuid()))
            .filter(contact_list::Column::Id.is_in(chunk.iter().map(|list| list.uuid())))
            .into_tuple()
            .all(connection)
            .await?;
        names.extend(rows.into_iter().map(|(id, name)| (ListId::new(id), name)));
    }
    Ok(names)
}

/// Reads the names of all of an account's lists, archived ones too.
pub async fn all_list_names(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<BTreeMap<ListId, String>, DbErr> {
    let rows: Vec<(Uuid, String)> = contact_list::Entity::find()
        .select_only()
        .columns([contact_list::Column::Id, contact_list::Column::Name])
        .filter(contact_list::Column::AccountId.eq(account.uuid()))
        .into_tuple()
        .all(connection)
        .await?;
    Ok((rows.into_iter().map(|(id, name)| (ListId::new(id), name))).collect())
}

/// Joins the lines of messages `m` whose country is served, as `l`.
fn lines(backend: DatabaseBackend) -> String {
    let elements = message_line::elements(backend, "m.lines");
    format!("JOIN {elements} AS l ON {IS_SERVED}")
}

/// A statement and its bound values. Both databases accept parameters like `$1`.
pub(super) struct Query {
    pub(super) text: String,
    values: Vec<Value>,
}

impl Query {
    pub(super) fn new(text: String) -> Self {
        Self {
            text,
            values: Vec::new(),
        }
    }

    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    pub(super) fn bind_all<V: Into<Value>>(
        &mut self,
        values: impl IntoIterator<Item = V>,
    ) -> String {
        let mut names: Vec<_> = values.into_iter().map(|value| self.bind(value)).collect();
        // The last is repeated up to one of few lengths, so that the reads of several accounts have
        // one text ([`super::sql::siblings`]), and few texts are prepared.
        if let Some(last) = names.last().and(self.values.last()).cloned() {
            while !names.len().is_power_of_two() {
                names.push(self.bind(last.clone()));
            }
        }
        names.join(", ")
    }

    /// Adds the conditions of the filter, except its countries.
    fn only(&mut self, filter: &UsageFilter) {
        let account = self.bind(filter.account.uuid());
        let from = self.bind(filter.from.as_microsecond());
        let to = self.bind(filter.to.as_microsecond());
        self.text.push_str(&format!(
            " WHERE m.account_id = {account} AND m.sent_at >= {from} AND m.sent_at < {to} \
             AND m.status = 'SENT'"
        ));
        if let Some(lists) = &filter.lists {
            let lists = self.bind_all(lists.iter().map(|list| list.uuid()));
            self.text.push_str(&format!(" AND m.list_id IN ({lists})"));
        }
        if let Some(channel) = filter.channel {
            let channel = self.bind(channel.to_value());
            self.text.push_str(&format!(" AND m.channel = {channel}"));
        }
        if let Some(actor) = &filter.actor {
            let ids = self.actors(filter.account, actor);
            self.text.push_str(&format!(" AND m.actor_id IN ({ids})"));
        }
    }

    /// Selects the ids of an account's actors, as [`ActorFilter::ids`] does.
    fn actors(&mut self, account: AccountId, actor: &ActorFilter) -> String {
        let account = self.bind(account.uuid());
        let mut ids = format!("SELECT id FROM actors WHERE account_id = {account}");
        if let Some(keys) = actor.keys.as_deref() {
            let is_one = if keys.is_empty() {
                // No key matches, and neither database takes an empty list.
                "1 = 0".to_owned()
            } else {
                let keys = self.bind_all(keys.iter().map(|key| key.uuid()));
                format!("api_key_id IN ({keys})")
            };
            let or_user = if actor.own_users {
                " OR kind = 'ACCOUNT_USER'"
            } else {
                ""
            };
            ids.push_str(&format!(" AND ({is_one}{or_user})"));
        }
        if let Some(label) = &actor.on_behalf_of {
            let label = self.bind(label.as_str());
            ids.push_str(&format!(" AND on_behalf_of = {label}"));
        }
        ids
    }

    fn only_countries(&mut self, filter: &UsageFilter) {
        if let Some(countries) = &filter.countries {
            let countries = self.bind_all(countries.iter().map(|code| code.as_str()));
            self.text
                .push_str(&format!(" AND {COUNTRY} IN ({countries})"));
        }
    }

    pub(super) fn end(mut self, clause: &str) -> Self {
        self.text.push(' ');
        self.text.push_str(clause);
        self
    }

    pub(super) async fn all<T: FromQueryResult>(
        self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<T>, DbErr> {
        let statement = Statement::from_sql_and_values(
            connection.get_database_backend(),
            self.text,
            self.values,
        );
        T::find_by_statement(statement).all(connection).await
    }
}
