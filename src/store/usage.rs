//! What was sent, to report on: added up by the database, and message by message.
//!
//! Here: the one place that reads a report's figures, so that what they are read from can change. Not
//! here: adding them up into a report ([`crate::reports::usage`]).
//!
//! Only what was charged counts: messages that were sent, at the instant of their charge. Recipients and
//! segments are those of destinations that are served, which are those that are paid for.

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
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, Statement, Value, prelude::Uuid,
};

/// Microseconds in a quarter of an hour, by which sums are taken: no bucket of any zone cuts one.
pub const QUARTER_HOUR_MICROS: i64 = QUARTER_HOUR_SECONDS * 1_000_000;

/// Ids in one statement, well below what either database takes.
const IDS_AT_ONCE: usize = 1_000;

/// What is counted: an account's messages charged in a period, where they fit every filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageFilter {
    /// Whose.
    pub account: AccountId,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
    /// Only what was sent for these lists.
    pub lists: Option<Vec<ListId>>,
    /// Only what was sent to these countries; of a message that went elsewhere too, only that part.
    pub countries: Option<Vec<CountryCode>>,
    /// Only what travelled so.
    pub channel: Option<Channel>,
}

/// How finely sums are taken. What is not asked for is not grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grain {
    /// By quarter of an hour.
    pub quarter_hours: bool,
    /// By list.
    pub lists: bool,
    /// By channel.
    pub channels: bool,
}

/// A part of the usage of a list in a quarter of an hour at the prices of one card version: the rows
/// of one list and time add up to its usage.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Sum {
    /// Quarters of an hour since the epoch; 0 where they are not asked for.
    pub quarter_hour: i64,
    /// `None` for what was sent without a list, and where lists are not asked for.
    pub list_id: Option<Uuid>,
    /// `None` where channels are not asked for.
    pub channel: Option<Channel>,
    /// The version that priced it.
    pub rate_card_id: Uuid,
    /// Messages.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

/// The usage of one country at the prices of one card version.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct CountrySum {
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// The version that priced it.
    pub rate_card_id: Uuid,
    /// Messages that went there, wherever else they went.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

/// Usage by time and list.
///
/// Without a filter by country the credits are those of the messages, as the ledger charged them, and
/// recipients and segments those of their lines; countries, which come from the lines alone, must agree.
///
/// # Errors
/// What the database says.
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
        Some(_) => ("COUNT(DISTINCT m.id)", "SUM(l.units)"),
        None => ("0", "0"),
    };
    let mut by_line = Query::new(format!(
        "SELECT {group}, CAST({messages} AS BIGINT) AS messages, \
         CAST(SUM(l.recipients) AS BIGINT) AS recipients, \
         CAST(SUM(l.recipients * l.segment_count) AS BIGINT) AS segments, \
         CAST({units} AS BIGINT) AS units FROM messages m {LINES}"
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

/// Usage by country.
///
/// # Errors
/// What the database says.
pub async fn country_sums(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
) -> Result<Vec<CountrySum>, DbErr> {
    let mut query = Query::new(format!(
        "SELECT l.country_code, m.rate_card_id, COUNT(DISTINCT m.id) AS messages, \
         CAST(SUM(l.recipients) AS BIGINT) AS recipients, \
         CAST(SUM(l.recipients * l.segment_count) AS BIGINT) AS segments, \
         CAST(SUM(l.units) AS BIGINT) AS units FROM messages m {LINES}"
    ));
    query.only(filter);
    query.only_countries(filter);
    query.end("GROUP BY 1, 2").all(connection).await
}

/// The names of those of the lists that are the account's, archived ones too.
///
/// # Errors
/// What the database says.
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

/// The names of all of an account's lists, archived ones too.
///
/// # Errors
/// What the database says.
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

const LINES: &str = "JOIN message_lines l ON l.account_id = m.account_id AND l.message_id = m.id \
                     AND l.units_per_segment IS NOT NULL";

/// A statement with the values that are bound to it; both databases take `$1`.
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
        let names: Vec<_> = values.into_iter().map(|value| self.bind(value)).collect();
        names.join(", ")
    }

    /// Only what fits the filter, its countries apart.
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
    }

    fn only_countries(&mut self, filter: &UsageFilter) {
        if let Some(countries) = &filter.countries {
            let countries = self.bind_all(countries.iter().map(|code| code.as_str()));
            self.text
                .push_str(&format!(" AND l.country_code IN ({countries})"));
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
