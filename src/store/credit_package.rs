//! Credit packages.
//!
//! Here: finding, listing, adding, changing, ordering and archiving packages. Not here: buying them
//! ([`super::purchase`]).

use domain::{credits::Credits, id::PackageId};
use entity::credit_package::{Column, Entity, Model};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use super::sql::{
    last_change::{LastChanges, record},
    paging::{Direction, Key, Page, Window, page},
};

/// Finds a package, also if it is archived.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: PackageId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id.uuid()).one(connection).await
}

/// Finds several packages, archived ones too, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = PackageId>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.into_iter().map(PackageId::uuid)))
        .all(connection)
        .await
}

/// The orders of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackageSort {
    /// The platform's order. Packages without a position follow, the fewest credits first.
    #[default]
    Position,
    /// The fewest credits first.
    Credits,
    /// The lowest price first, by its amount in the currency's minor unit.
    Price,
    /// By name, ignoring the case of ASCII letters.
    Name,
    /// The oldest first.
    CreatedAt,
    /// The one that changed longest ago first.
    UpdatedAt,
}

impl PackageSort {
    /// The key of a row's place.
    #[must_use]
    pub fn key(self, row: &Model) -> i64 {
        match self {
            Self::Position => row.position.unwrap_or(row.credits_units),
            Self::Credits => row.credits_units,
            Self::Price => row.price_minor,
            Self::Name => 0,
            Self::CreatedAt => row.created_at,
            Self::UpdatedAt => updated_at(row),
        }
    }
}

/// The packages to list. Each condition narrows the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageFilter {
    /// Whether archived packages are included.
    pub include_archived: bool,
    /// Only packages with a price in this currency, as an ISO 4217 code.
    pub currency_code: Option<String>,
    /// Only packages that last changed in this period.
    pub changed: LastChanges,
    /// The order.
    pub sort: PackageSort,
}

/// The instant of a package's last change, in microseconds since the epoch.
#[must_use]
pub fn updated_at(row: &Model) -> i64 {
    let recorded = row.updated_at.or(row.archived_at);
    recorded.unwrap_or(row.created_at)
}

/// The same of a row in the database.
fn last_change() -> Expr {
    Expr::cust("COALESCE(updated_at, archived_at, created_at)")
}

fn select(filter: &PackageFilter) -> Select<Entity> {
    let mut select = Entity::find();
    if !filter.include_archived {
        select = select.filter(Column::ArchivedAt.is_null());
    }
    let select = filter.changed.restrict(select, last_change());
    match &filter.currency_code {
        Some(code) => select.filter(Column::CurrencyCode.eq(code)),
        None => select,
    }
}

/// The key of the platform's order. Positions are negative and credits are positive.
fn position() -> Key {
    Key::number(Expr::cust("COALESCE(position, credits_units)"))
}

/// Reads a page of packages. There are few, and only their code has an index.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &PackageFilter,
    window: Window,
) -> Result<Page<Model>, DbErr> {
    let key = match filter.sort {
        PackageSort::Position => position(),
        PackageSort::Credits => Column::CreditsUnits.into(),
        PackageSort::Price => Column::PriceMinor.into(),
        PackageSort::Name => {
            let backend = connection.get_database_backend();
            Key::name(backend, (Column::Name, Column::Id), Entity::find())
        }
        PackageSort::CreatedAt => Column::CreatedAt.into(),
        PackageSort::UpdatedAt => Key::number(last_change()),
    };
    page(
        connection,
        select(filter),
        (key, Column::Id),
        Direction::Ascending,
        window,
    )
    .await
}

/// Counts the packages of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &PackageFilter,
) -> Result<u64, DbErr> {
    select(filter).count(connection).await
}

/// Finds the smallest package for sale in a currency with at least the given credits; of equal ones
/// the cheapest, and then the oldest.
pub async fn smallest_with(
    connection: &impl ConnectionTrait,
    credits: Credits,
    currency_code: &str,
) -> Result<Option<Model>, DbErr> {
    let in_currency = PackageFilter {
        include_archived: false,
        currency_code: Some(currency_code.to_owned()),
        changed: LastChanges::default(),
        sort: PackageSort::default(),
    };
    select(&in_currency)
        .filter(Column::CreditsUnits.gte(credits.units()))
        .order_by_asc(Column::CreditsUnits)
        .order_by_asc(Column::PriceMinor)
        .order_by_asc(Column::Id)
        .one(connection)
        .await
}

/// Adds a package.
///
/// # Errors
/// If the code exists: the error is a unique violation.
pub async fn insert(connection: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Finds a package and locks it until the end of the transaction.
pub async fn locked(
    transaction: &impl ConnectionTrait,
    id: PackageId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .one(transaction)
        .await
}

/// Writes a package's name, price and validity, and when they changed.
pub async fn update(connection: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Name, Expr::value(row.name))
        .col_expr(Column::PriceMinor, Expr::value(row.price_minor))
        .col_expr(Column::ValidityDays, Expr::value(row.validity_days))
        .col_expr(Column::UpdatedAt, Expr::value(row.updated_at))
        .filter(Column::Id.eq(row.id))
        .exec(connection)
        .await?;
    Ok(())
}

/// Finds all packages, archived ones too, in the platform's order, and locks them until the end of
/// the transaction.
pub async fn all_locked(transaction: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    // Locked in the order of ids, as each transaction does.
    let mut rows = Entity::find()
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(transaction)
        .await?;
    rows.sort_by_key(|row| (PackageSort::Position.key(row), row.id));
    Ok(rows)
}

/// Gives packages the positions of this order, of which they are the whole.
pub async fn order(transaction: &impl ConnectionTrait, rows: &[Model]) -> Result<(), DbErr> {
    /// The first position. Adding packages at the end changes no other position.
    const FIRST: i64 = i64::MIN / 2;
    for (row, position) in rows.iter().zip(FIRST..) {
        if row.position == Some(position) {
            continue;
        }
        Entity::update_many()
            .col_expr(Column::Position, Expr::value(position))
            .filter(Column::Id.eq(row.id))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Records that packages change now, and returns them in no particular order.
pub async fn touch(
    transaction: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = PackageId>,
    now: Timestamp,
) -> Result<Vec<Model>, DbErr> {
    let ids = ids.into_iter().map(PackageId::uuid);
    let touched = Entity::update_many().filter(Column::Id.is_in(ids));
    record(touched, Column::UpdatedAt, now)
        .exec_with_returning(transaction)
        .await
}

/// Archives a package, which takes it off sale, and returns it; `None` if it is archived already.
pub async fn archive(
    connection: &impl ConnectionTrait,
    id: PackageId,
    at: Timestamp,
) -> Result<Option<Model>, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::ArchivedAt, Expr::value(at.as_microsecond()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::ArchivedAt.is_null());
    let rows = record(update, Column::UpdatedAt, at)
        .exec_with_returning(connection)
        .await?;
    Ok(rows.into_iter().next())
}
