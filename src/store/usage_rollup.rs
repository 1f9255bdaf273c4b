//! Usage by day of the account's time zone, kept beside the messages: what reports read instead of
//! them.
//!
//! A row sums the messages that were charged on one day, in one channel, at the prices of one card
//! version: of all of them, of one list, or to one country. Rows are kept from an instant on that
//! is the account's (`usage_rolled_from`): days that start before it are not there, so that whoever
//! reads takes the messages for those. Whoever writes holds the lock on the account's book.
//!
//! What was charged last waits in the account's book ([`recent`]), and is not in the rows.
//!
//! The days of a list are summed by month as well, since a year of many lists is many days. A month
//! sums the days that are kept: it is whole where it starts at that instant or later.
//!
//! Here: adding to them, reading them, and what they must be by the messages. Not here: which day
//! an instant is in ([`domain::calendar::day_of`]), and which part of a report may be read from
//! them ([`crate::reports::sources`]).

mod history;
mod months;
mod recent;

use domain::id::AccountId;
use entity::{
    account,
    sql_enums::{Channel, UsageKind},
    usage_rollup,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QuerySelect, Statement, prelude::Uuid,
};

pub use self::{
    history::{Chunk, Difference, Period, differences, first_day, first_kept, last_charge},
    months::{first_month, month_differences},
    recent::{Counts, NOTHING as NO_RECENT, Of, Recent, Slot},
};
use super::{
    sql::table_rows::TableRows,
    usage::{CountrySum, Grain, QUARTER_HOUR_MICROS, Query, Sum, UsageFilter},
};

/// Where nothing is added up yet: no day starts so late.
pub const NOT_ROLLED: i64 = i64::MAX;

/// Fills in the rows of days that have none, and adds them to the months that they are in, which
/// are `months`. The caller holds the lock on the account's book.
///
/// # Errors
/// What the database says.
pub async fn add_days(
    connection: &impl ConnectionTrait,
    chunk: &Chunk,
    months: &[Period],
) -> Result<(), DbErr> {
    history::add(connection, chunk).await?;
    months::add(connection, chunk, months).await
}

/// Rows to add to those that are there. They are written with everything else of a batch.
#[must_use]
pub fn added(rows: Vec<usage_rollup::Model>) -> TableRows {
    use usage_rollup::Column;
    TableRows::add(
        rows,
        &[
            Column::AccountId,
            Column::Kind,
            Column::DayStart,
            Column::Key,
            Column::Channel,
            Column::RateCardId,
        ],
        &[
            Column::Messages,
            Column::Recipients,
            Column::Segments,
            Column::Units,
        ],
    )
}

const COLUMNS: &str = "account_id, kind, day_start, key, channel, rate_card_id, messages, \
                       recipients, segments, units";

/// How far an account's usage is added up.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Progress {
    /// The zone of the days, an IANA name.
    pub time_zone: String,
    /// From this instant on, in microseconds since the epoch.
    pub rolled_from: i64,
    /// What of it is in no row yet ([`Recent::parse`]).
    pub recent: String,
}

/// How far an account's usage is added up, as the connection sees it; `None` where there is no such
/// account.
///
/// # Errors
/// What the database says.
pub async fn progress(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<Progress>, DbErr> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        format!(
            "SELECT a.time_zone, a.usage_rolled_from AS rolled_from, \
             COALESCE(b.recent_usage, '{NO_RECENT}') AS recent \
             FROM accounts a LEFT JOIN books b ON b.account_id = a.id WHERE a.id = $1"
        ),
        [account.uuid().into()],
    );
    Progress::find_by_statement(statement).one(connection).await
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
/// The caller holds the lock on its book.
///
/// # Errors
/// What the database says.
pub async fn forget(connection: &impl ConnectionTrait, account: AccountId) -> Result<(), DbErr> {
    for text in [
        "DELETE FROM usage_rollups WHERE account_id = $1",
        &format!("UPDATE books SET recent_usage = '{NO_RECENT}' WHERE account_id = $1"),
    ] {
        let backend = connection.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, text, [account.uuid().into()]);
        connection.execute_raw(statement).await?;
    }
    set_rolled_from(connection, account, NOT_ROLLED).await
}

/// What an account's days, or a kind's months, sum to, from one's start to another's, where that
/// fits the filter; its period and its countries apart from `kind` are not looked at. What waits
/// ([`Recent::sums`]) is not in it.
///
/// # Errors
/// What the database says; a list's key that is none.
pub async fn sums(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    kind: UsageKind,
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

/// The same by country. What waits ([`Recent::country_sums`]) is not in it.
///
/// # Errors
/// What the database says; a country's key that is none.
pub async fn country_sums(
    connection: &impl ConnectionTrait,
    filter: &UsageFilter,
    days: (Timestamp, Timestamp),
) -> Result<Vec<CountrySum>, DbErr> {
    let grain = Grain::default();
    let rows = read(connection, filter, UsageKind::Country, days, (grain, true)).await?;
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
    kind: UsageKind,
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
        kind.to_value()
    ));
    let keys: Option<Vec<Vec<u8>>> = match kind {
        UsageKind::All => None,
        UsageKind::List | UsageKind::ListMonth => (filter.lists.as_ref()).map(|lists| {
            lists
                .iter()
                .map(|id| id.uuid().into_bytes().to_vec())
                .collect()
        }),
        UsageKind::Country => (filter.countries.as_ref())
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
