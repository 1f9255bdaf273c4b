//! Usage by day of the account's time zone, kept beside the messages: what reports read instead of them.
//!
//! A row sums the messages that were charged on one day, in one channel, at the prices of one card version:
//! of all of them, of one list, or to one country. Rows are kept from an instant on that is the account's
//! (`usage_rolled_from`): days that start before it are not there, so that whoever reads takes the messages
//! for those. Whoever writes holds the lock on the account's book.
//!
//! Here: adding to them, reading them, and what they must be by the messages. Not here: which day an instant
//! is in ([`domain::calendar::day_of`]), and which part of a report may be read from them
//! ([`crate::reports::sources`]).

mod history;

use domain::id::AccountId;
use entity::{account, sql_enums::Channel};
use jiff::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QuerySelect, Statement, prelude::Uuid,
};

pub use self::history::{
    Chunk, Difference, add_days, differences, first_day, first_kept, last_charge,
};
use super::usage::{CountrySum, Grain, QUARTER_HOUR_MICROS, Query, Sum, UsageFilter};

/// Where nothing is added up yet: no day starts so late.
pub const NOT_ROLLED: i64 = i64::MAX;

/// What rows sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All of an account.
    All,
    /// One list of it; its key is the list's sixteen bytes, or none for what was sent without one.
    List,
    /// What went to one country, its key; a message that went to several is one in each.
    Country,
}

impl Kind {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::List => "LIST",
            Self::Country => "COUNTRY",
        }
    }
}

/// What a row sums, but for its account and channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// What `key` names.
    pub kind: Kind,
    /// The first instant of the day, in microseconds since the epoch.
    pub day_start: i64,
    /// Which list or country.
    pub key: Vec<u8>,
    /// The version that priced it.
    pub rate_card_id: Uuid,
}

/// The sums of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages.
    pub messages: i64,
    /// Recipients reached.
    pub recipients: i64,
    /// Segments sent to all of them.
    pub segments: i64,
    /// Units of 1/10,000 credit.
    pub units: i64,
}

/// What a batch adds to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollup {
    /// Whose.
    pub account_id: Uuid,
    /// Which row.
    pub cell: Cell,
    /// How it travelled.
    pub channel: Channel,
    /// What is added.
    pub counts: Counts,
}

/// Adds to the rows, all in one statement.
///
/// # Errors
/// What the database says.
pub async fn add(connection: &impl ConnectionTrait, rollups: &[Rollup]) -> Result<(), DbErr> {
    if rollups.is_empty() {
        return Ok(());
    }
    let backend = connection.get_database_backend();
    let rows = match backend {
        DatabaseBackend::Postgres => {
            "SELECT r.a, r.k, r.d, decode(r.y, 'hex'), r.c, r.p, r.m, r.r, r.s, r.u \
             FROM json_to_recordset($1::json) AS r(a uuid, k text, d bigint, y text, c text, \
             p uuid, m bigint, r bigint, s bigint, u bigint) WHERE true"
        }
        _ => {
            "SELECT unhex(value ->> 'a'), value ->> 'k', value ->> 'd', unhex(value ->> 'y'), \
             value ->> 'c', unhex(value ->> 'p'), value ->> 'm', value ->> 'r', value ->> 's', \
             value ->> 'u' FROM json_each($1) WHERE true"
        }
    };
    let text = format!(
        "INSERT INTO usage_rollups ({COLUMNS}) {rows} \
         ON CONFLICT (account_id, kind, day_start, key, channel, rate_card_id) DO UPDATE SET \
         messages = usage_rollups.messages + excluded.messages, \
         recipients = usage_rollups.recipients + excluded.recipients, \
         segments = usage_rollups.segments + excluded.segments, \
         units = usage_rollups.units + excluded.units"
    );
    let statement = Statement::from_sql_and_values(backend, text, [json(rollups).into()]);
    connection.execute_raw(statement).await.map(drop)
}

const COLUMNS: &str = "account_id, kind, day_start, key, channel, rate_card_id, messages, \
                       recipients, segments, units";

/// The rows as a JSON array. Nothing in them needs an escape.
fn json(rollups: &[Rollup]) -> String {
    let rows: Vec<String> = rollups
        .iter()
        .map(|rollup| {
            let (cell, counts) = (&rollup.cell, rollup.counts);
            let key: String = cell.key.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(
                r#"{{"a":"{}","k":"{}","d":{},"y":"{key}","c":"{}","p":"{}","m":{},"r":{},"s":{},"u":{}}}"#,
                rollup.account_id.simple(),
                cell.kind.as_str(),
                cell.day_start,
                rollup.channel.to_value(),
                cell.rate_card_id.simple(),
                counts.messages,
                counts.recipients,
                counts.segments,
                counts.units,
            )
        })
        .collect();
    format!("[{}]", rows.join(","))
}

/// How far an account's usage is added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The zone of the days, an IANA name.
    pub time_zone: String,
    /// From this instant on, in microseconds since the epoch.
    pub rolled_from: i64,
}

/// How far an account's usage is added up, as the connection sees it; `None` where there is no such account.
///
/// # Errors
/// What the database says.
pub async fn progress(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<Progress>, DbErr> {
    let row: Option<(String, i64)> = account::Entity::find_by_id(account.uuid())
        .select_only()
        .columns([account::Column::TimeZone, account::Column::UsageRolledFrom])
        .into_tuple()
        .one(connection)
        .await?;
    Ok(row.map(|(time_zone, rolled_from)| Progress {
        time_zone,
        rolled_from,
    }))
}

/// Accounts of which some days are not added up, by id, after one of them.
///
/// # Errors
/// What the database says.
pub async fn unfinished(
    connection: &impl ConnectionTrait,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    use sea_orm::QueryOrder;
    let mut select = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::UsageRolledFrom.gt(0))
        .order_by_asc(account::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(account::Column::Id.gt(after.uuid()));
    }
    let ids: Vec<Uuid> = select.into_tuple().all(connection).await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}

/// Notes from which instant on an account's days are added up.
///
/// # Errors
/// What the database says.
pub async fn set_rolled_from(
    connection: &impl ConnectionTrait,
    account: AccountId,
    from: i64,
) -> Result<(), DbErr> {
    account::Entity::update_many()
        .col_expr(
            account::Column::UsageRolledFrom,
            sea_orm::sea_query::Expr::value(from),
        )
        .filter(account::Column::Id.eq(account.uuid()))
        .exec(connection)
        .await
        .map(drop)
}

/// Forgets all that is added up of an account: its days have changed, or are to be counted anew.
///
/// # Errors
/// What the database says.
pub async fn forget(connection: &impl ConnectionTrait, account: AccountId) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "DELETE FROM usage_rollups WHERE account_id = $1",
        [account.uuid().into()],
    );
    connection.execute_raw(statement).await?;
    set_rolled_from(connection, account, NOT_ROLLED).await
}

/// What an account's days sum to, from one day's start to another's, where that fits the filter; its
/// period and its countries apart from `kind` are not looked at.
///
/// # Errors
/// What the database says; a list's key that is none.
pub async fn sums(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    kind: Kind,
    days: (Timestamp, Timestamp),
    grain: Grain,
) -> Result<Vec<Sum>, DbErr> {
    let rows = read(connection, filter, kind, days, (grain, grain.lists)).await?;
    let list = |key: &[u8]| match key {
        [] => Ok(None),
        key => Uuid::from_slice(key)
            .map(Some)
            .map_err(|_| DbErr::Type("a list's key has not sixteen bytes".to_owned())),
    };
    rows.into_iter()
        .map(|row| {
            Ok(Sum {
                quarter_hour: row.day_start / QUARTER_HOUR_MICROS,
                list_id: list(&row.key)?,
                channel: row.channel,
                rate_card_id: row.rate_card_id,
                messages: row.messages,
                recipients: row.recipients,
                segments: row.segments,
                units: row.units,
            })
        })
        .collect()
}

/// The same by country.
///
/// # Errors
/// What the database says; a country's key that is none.
pub async fn country_sums(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    days: (Timestamp, Timestamp),
) -> Result<Vec<CountrySum>, DbErr> {
    let grain = Grain::default();
    let rows = read(connection, filter, Kind::Country, days, (grain, true)).await?;
    rows.into_iter()
        .map(|row| {
            Ok(CountrySum {
                country_code: String::from_utf8(row.key)
                    .map_err(|_| DbErr::Type("a country's key is no text".to_owned()))?,
                rate_card_id: row.rate_card_id,
                messages: row.messages,
                recipients: row.recipients,
                segments: row.segments,
                units: row.units,
            })
        })
        .collect()
}

#[derive(Debug, FromQueryResult)]
struct Row {
    day_start: i64,
    key: Vec<u8>,
    channel: Option<Channel>,
    rate_card_id: Uuid,
    messages: i64,
    recipients: i64,
    segments: i64,
    units: i64,
}

/// Rows of a kind, grouped by what is asked for.
async fn read(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    kind: Kind,
    (from, to): (Timestamp, Timestamp),
    (grain, by_key): (Grain, bool),
) -> Result<Vec<Row>, DbErr> {
    let day = if grain.quarter_hours {
        "day_start"
    } else {
        "CAST(0 AS BIGINT)"
    };
    let key = match connection.get_database_backend() {
        _ if by_key => "key",
        DatabaseBackend::Postgres => "CAST('' AS BYTEA)",
        _ => "x''",
    };
    let channel = if grain.channels {
        "channel"
    } else {
        "CAST(NULL AS TEXT)"
    };
    let mut query = Query::new(format!(
        "SELECT {day} AS day_start, {key} AS key, {channel} AS channel, rate_card_id, \
         CAST(SUM(messages) AS BIGINT) AS messages, CAST(SUM(recipients) AS BIGINT) AS recipients, \
         CAST(SUM(segments) AS BIGINT) AS segments, CAST(SUM(units) AS BIGINT) AS units \
         FROM usage_rollups"
    ));
    let account = query.bind(filter.account.uuid());
    let (from, to) = (
        query.bind(from.as_microsecond()),
        query.bind(to.as_microsecond()),
    );
    query.text.push_str(&format!(
        " WHERE account_id = {account} AND kind = '{}' AND day_start >= {from} AND day_start < {to}",
        kind.as_str()
    ));
    let keys: Option<Vec<Vec<u8>>> = match kind {
        Kind::All => None,
        Kind::List => (filter.lists.as_ref()).map(|lists| {
            lists
                .iter()
                .map(|id| id.uuid().into_bytes().to_vec())
                .collect()
        }),
        Kind::Country => (filter.countries.as_ref())
            .map(|codes| codes.iter().map(|code| code.as_str().into()).collect()),
    };
    if let Some(keys) = keys {
        let keys = query.bind_all(keys);
        query.text.push_str(&format!(" AND key IN ({keys})"));
    }
    if let Some(channel) = filter.channel {
        let channel = query.bind(channel.to_value());
        query.text.push_str(&format!(" AND channel = {channel}"));
    }
    query.end("GROUP BY 1, 2, 3, 4").all(connection).await
}
