//! Accounts.
//!
//! Here: finding, listing and writing accounts, and the rate card of each. Not here: their books
//! ([`super::book`]), and the rate cards themselves ([`super::rate_card`]).

pub mod charged;

use domain::id::AccountId;
use entity::{
    account, account_rate_card, book, rate_card,
    sql_enums::{ConsumptionOrder, Settlement},
};
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait,
    FromQueryResult, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, Select, sea_query::Expr,
};

use super::{
    rate_card::IN_FORCE,
    sql::{
        joined,
        last_change::{LastChanges, record},
        paging::{Direction, Key, Page, Window, page},
        routes,
        row_set::RowSet,
        search::contains,
        shards,
    },
};

/// Finds an account.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: AccountId,
) -> Result<Option<account::Model>, DbErr> {
    routes::meet_all([id.uuid()]);
    account::Entity::find_by_id(id.uuid()).one(connection).await
}

/// Finds several accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = AccountId>,
) -> Result<Vec<account::Model>, DbErr> {
    RowSet::of_ids(ids.into_iter().map(AccountId::uuid))
        .find::<account::Entity>(connection, &["id"], "")
        .await
}

/// An account and the version of the rate card that prices its messages; `None` before its first
/// card.
pub type Charged = (account::Model, Option<rate_card::Model>);

/// Finds several accounts with the rate cards that are in force at an instant, in no particular
/// order.
pub async fn find_all_charged(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = AccountId>,
    at: jiff::Timestamp,
) -> Result<Vec<Charged>, DbErr> {
    let columns = format!(
        "{}, {}",
        joined::all::<account::Column>("a"),
        joined::columns::<rate_card::Column>("c", "card_")
    );
    let tables = format!("accounts a LEFT JOIN rate_cards c ON c.id = {IN_FORCE}");
    let read = |row: &QueryResult| {
        let account = account::Model::from_query_result(row, "")?;
        Ok((account, joined::row(row, "card_")?))
    };
    let query = (columns.as_str(), tables.as_str(), "a.id = w.account_id");
    let row = |id: AccountId| [id.uuid().into(), at.as_microsecond().into()];
    if shards::are_used() {
        let ids: Vec<AccountId> = ids.into_iter().collect();
        routes::meet_all(ids.iter().map(|id| id.uuid()));
        // Citus finds the card of one account at a time.
        let mut found = Vec::new();
        for id in ids {
            let one = RowSet::of([row(id)]);
            found.extend(
                one.query(connection, &["account_id", "at"], query, read)
                    .await?,
            );
        }
        return Ok(found);
    }
    RowSet::of(ids.into_iter().map(row))
        .query(connection, &["account_id", "at"], query, read)
        .await
}

/// The orders of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountSort {
    /// The oldest first.
    #[default]
    CreatedAt,
    /// By name, ignoring the case of ASCII letters.
    Name,
    /// The one that changed longest ago first.
    UpdatedAt,
}

impl AccountSort {
    /// The key of a row's place.
    #[must_use]
    pub fn key(self, row: &account::Model) -> i64 {
        match self {
            Self::CreatedAt => row.created_at,
            Self::Name => 0,
            Self::UpdatedAt => updated_at(row),
        }
    }
}

/// The accounts to list. Each condition narrows the list.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only this account.
    pub only: Option<AccountId>,
    /// Only accounts whose name contains this text, in any case.
    pub search: Option<String>,
    /// Only accounts that last changed in this period.
    pub changed: LastChanges,
    /// The order.
    pub sort: AccountSort,
}

/// The instant of an account's last change, in microseconds since the epoch.
#[must_use]
pub fn updated_at(row: &account::Model) -> i64 {
    row.updated_at.unwrap_or(row.created_at)
}

/// The same of a row in the database. The index of last changes has the same expression.
fn last_change() -> Expr {
    Expr::cust("COALESCE(updated_at, created_at)")
}

fn select(backend: DatabaseBackend, filter: &AccountFilter) -> Select<account::Entity> {
    let mut select = account::Entity::find();
    if let Some(only) = filter.only {
        select = select.filter(account::Column::Id.eq(only.uuid()));
    }
    if let Some(search) = &filter.search {
        select = select.filter(contains(backend, account::Column::Name, search));
    }
    filter.changed.restrict(select, last_change())
}

/// Reads a page of accounts.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &AccountFilter,
    window: Window,
) -> Result<Page<account::Model>, DbErr> {
    use account::Column::{CreatedAt, Id, Name};
    let backend = connection.get_database_backend();
    let key = match filter.sort {
        AccountSort::CreatedAt => CreatedAt.into(),
        AccountSort::Name => Key::name(backend, (Name, Id), account::Entity::find()),
        AccountSort::UpdatedAt => Key::number(last_change()),
    };
    page(
        connection,
        select(backend, filter),
        (key, Id),
        Direction::Ascending,
        window,
    )
    .await
}

/// Counts the accounts of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &AccountFilter,
) -> Result<u64, DbErr> {
    select(connection.get_database_backend(), filter)
        .count(connection)
        .await
}

/// Reads the ids of accounts after one of them, in order.
pub async fn ids(
    connection: &impl ConnectionTrait,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    let mut select = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .order_by_asc(account::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        select = select.filter(account::Column::Id.gt(after.uuid()));
    }
    let ids: Vec<sea_orm::prelude::Uuid> = select.into_tuple().all(connection).await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}

/// Finds an account and locks its row until the end of the transaction.
pub async fn locked(
    transaction: &impl ConnectionTrait,
    id: AccountId,
) -> Result<Option<account::Model>, DbErr> {
    account::Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .one(transaction)
        .await
}

/// Adds an account with empty books.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: account::Model,
    rate_card_code: &str,
) -> Result<(), DbErr> {
    let empty = book::Model {
        account_id: row.id,
        sequence: 0,
        head_hash: super::book::CHAIN_START.to_vec(),
        held_units: 0,
        unassigned_units: 0,
        last_at: 0,
        recent_usage: super::usage_rollup::NO_RECENT.to_owned(),
        debt_units: 0,
        recharge_below_units: None,
    };
    let card = account_rate_card::Model {
        account_id: row.id,
        effective_at: row.created_at,
        rate_card_code: rate_card_code.to_owned(),
    };
    account::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    book::Entity::insert(empty.into_active_model())
        .exec_without_returning(connection)
        .await?;
    account_rate_card::Entity::insert(card.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Settings to write. A setting that is `None` is not written, so a concurrent change of it is
/// kept.
#[derive(Debug, Clone, Default)]
pub struct AccountSettings {
    /// The account's name.
    pub name: Option<String>,
    /// The order in which lots are drawn.
    pub consumption_order: Option<ConsumptionOrder>,
    /// Who settles scheduled messages.
    pub settlement: Option<Settlement>,
    /// The origins that buyers may be sent back to, separated by spaces.
    pub return_origins: Option<String>,
    /// The months after which texts are erased; `Some(None)` for the platform's.
    pub retention_months: Option<Option<i32>>,
}

/// Writes an account's settings and returns the updated account.
pub async fn update(
    connection: &impl ConnectionTrait,
    id: AccountId,
    settings: AccountSettings,
) -> Result<account::Model, DbErr> {
    let row = account::ActiveModel {
        id: ActiveValue::Unchanged(id.uuid()),
        name: settings.name.map_or(ActiveValue::NotSet, ActiveValue::Set),
        consumption_order: settings
            .consumption_order
            .map_or(ActiveValue::NotSet, ActiveValue::Set),
        settlement: settings
            .settlement
            .map_or(ActiveValue::NotSet, ActiveValue::Set),
        return_origins: settings
            .return_origins
            .map_or(ActiveValue::NotSet, ActiveValue::Set),
        retention_months: settings
            .retention_months
            .map_or(ActiveValue::NotSet, ActiveValue::Set),
        ..Default::default()
    };
    account::Entity::update(row).exec(connection).await
}

/// Records that an account's settings change now, and returns it.
pub async fn touch(
    connection: &impl ConnectionTrait,
    id: AccountId,
    now: jiff::Timestamp,
) -> Result<Option<account::Model>, DbErr> {
    let touched = account::Entity::update_many().filter(account::Column::Id.eq(id.uuid()));
    let touched = record(touched, account::Column::UpdatedAt, now);
    let rows = touched.exec_with_returning(connection).await?;
    Ok(rows.into_iter().next())
}

/// Sets an account's time zone. The caller holds the lock on its book, because lots and sums by day
/// depend on the zone.
pub async fn set_time_zone(
    connection: &impl ConnectionTrait,
    id: AccountId,
    (zone, now): (&str, jiff::Timestamp),
) -> Result<(), DbErr> {
    let update = account::Entity::update_many()
        .col_expr(account::Column::TimeZone, Expr::value(zone))
        .filter(account::Column::Id.eq(id.uuid()));
    record(update, account::Column::UpdatedAt, now)
        .exec(connection)
        .await
        .map(drop)
}

/// The code of the rate card that prices an account's messages at an instant; `None` before its
/// first card.
pub async fn rate_card_code(
    connection: &impl ConnectionTrait,
    id: AccountId,
    at: jiff::Timestamp,
) -> Result<Option<String>, DbErr> {
    use account_rate_card::Column;
    let row = account_rate_card::Entity::find()
        .filter(Column::AccountId.eq(id.uuid()))
        .filter(Column::EffectiveAt.lte(at.as_microsecond()))
        .order_by_desc(Column::EffectiveAt)
        .one(connection)
        .await?;
    Ok(row.map(|row| row.rate_card_code))
}

/// Sets the rate card that prices an account's messages from an instant on.
pub async fn set_rate_card(
    connection: &impl ConnectionTrait,
    id: AccountId,
    code: &str,
    at: jiff::Timestamp,
) -> Result<(), DbErr> {
    use account_rate_card::Column;
    let row = account_rate_card::Model {
        account_id: id.uuid(),
        effective_at: at.as_microsecond(),
        rate_card_code: code.to_owned(),
    };
    let same_instant =
        sea_orm::sea_query::OnConflict::columns([Column::AccountId, Column::EffectiveAt])
            .update_column(Column::RateCardCode)
            .to_owned();
    account_rate_card::Entity::insert(row.into_active_model())
        .on_conflict(same_instant)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
