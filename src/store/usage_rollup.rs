//! Sums of usage by day of the account's time zone. Reports read them instead of the messages.
//!
//! A row sums the messages that were charged on one day, on one channel, at the prices of one
//! version of a rate card: of the whole account, of one list, or to one country. Each account has
//! rows for days from an instant on (`usage_rolled_from`); for earlier days, readers use the
//! messages. Writers hold the lock on the account's book.
//!
//! The most recent usage waits in the account's book ([`recent`]), and is not in the rows.
//!
//! The days of a list are summed by month too, because a year of many lists has many days. A month
//! sums the days that have rows, so it is complete if it starts at `usage_rolled_from` or later.
//!
//! Here: adding to the sums, reading them, and comparing them with the messages. Not here: the day
//! of an instant ([`domain::calendar::day_of`]), and which parts of a report are read from the sums
//! ([`crate::reports::sources`]).

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

/// The value of `usage_rolled_from` for an account without sums: later than every day.
pub const NOT_ROLLED: i64 = i64::MAX;

/// Adds the rows of days that have none, and adds the days to their months, which are `months`. The
/// caller holds the lock on the account's book.
pub async fn add_days(
    connection: &impl ConnectionTrait,
    chunk: &Chunk,
    months: &[Period],
) -> Result<(), DbErr> {
    history::add(connection, chunk).await?;
    months::add(connection, chunk, months).await
}

/// Rows to add to those that are there. They are written with everything else of a batch.
/// Makes rows that are added to existing ones, written together with the other rows of a batch.
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

/// From which instant on an account has sums by day.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Progress {
    /// The time zone of the days, an IANA name.
    pub time_zone: String,
    /// The instant, in microseconds since the epoch.
    pub rolled_from: i64,
    /// Usage since then that is not in rows yet, as text ([`Recent::parse`]).
    pub recent: String,
}

/// Reads from which instant on an account has sums; `None` if the account does not exist.
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

/// Finds accounts with days that have no sums, in id order after an account.
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

/// Records from which instant on an account has sums.
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

/// Deletes all sums of an account, because its days have changed or have to be counted again. The
/// caller holds the lock on its book.
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

/// Reads the sums of an account's days, or of months for a kind of months, from the start of one to
/// the start of another, that match the filter. The filter's period is ignored, and so are its
/// countries unless `kind` is by country. Recent usage ([`Recent::sums`]) is not included.
///
/// # Errors
/// If the key of a list is not an id.
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
            .map_err(|_| DbErr::Type("a list's key does not have sixteen bytes".to_owned())),
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

/// Like [`sums`], by country. Recent usage ([`Recent::country_sums`]) is not included.
///
/// # Errors
/// If the key of a country is not text.
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
                    .map_err(|_| DbErr::Type("a country's key is not text".to_owned()))?,
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

/// Reads rows of a kind, grouped by the requested keys.
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
