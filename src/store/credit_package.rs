//! Credit packages: what is for sale, and what no longer is.

use domain::{credits::Credits, id::PackageId};
use entity::credit_package::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, Select, sea_query::Expr,
};

use super::sql::paging::{Direction, Page, Window, page};

/// One package, archived or not.
///
/// # Errors
/// What the database says.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: PackageId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id.uuid()).one(connection).await
}

/// Several packages, archived or not, in no order.
///
/// # Errors
/// What the database says.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = PackageId>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.into_iter().map(PackageId::uuid)))
        .all(connection)
        .await
}

fn select(include_archived: bool) -> Select<Entity> {
    let select = Entity::find();
    if include_archived {
        select
    } else {
        select.filter(Column::ArchivedAt.is_null())
    }
}

/// A page of packages, the smallest first.
///
/// # Errors
/// What the database says.
pub async fn list(
    connection: &impl ConnectionTrait,
    include_archived: bool,
    window: Window,
) -> Result<Page<Model>, DbErr> {
    let order = (Column::CreditsUnits, Column::Id);
    page(
        connection,
        select(include_archived),
        order,
        Direction::Ascending,
        window,
    )
    .await
}

/// How many packages a list has in all.
///
/// # Errors
/// What the database says.
pub async fn count(
    connection: &impl ConnectionTrait,
    include_archived: bool,
) -> Result<u64, DbErr> {
    select(include_archived).count(connection).await
}

/// The smallest package for sale in a currency that has at least so many credits; of equals the cheapest,
/// and then the oldest.
///
/// # Errors
/// What the database says.
pub async fn smallest_with(
    connection: &impl ConnectionTrait,
    credits: Credits,
    currency_code: &str,
) -> Result<Option<Model>, DbErr> {
    select(false)
        .filter(Column::CurrencyCode.eq(currency_code))
        .filter(Column::CreditsUnits.gte(credits.units()))
        .order_by_asc(Column::CreditsUnits)
        .order_by_asc(Column::PriceMinor)
        .order_by_asc(Column::Id)
        .one(connection)
        .await
}

/// Puts a package up for sale.
///
/// # Errors
/// What the database says; that the code is taken, among others.
pub async fn insert(connection: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Takes a package off sale. One that was taken off before keeps its instant.
///
/// # Errors
/// What the database says.
pub async fn archive(
    connection: &impl ConnectionTrait,
    id: PackageId,
    at: jiff::Timestamp,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::ArchivedAt, Expr::value(at.as_microsecond()))
        .filter(Column::Id.eq(id.uuid()))
        .filter(Column::ArchivedAt.is_null())
        .exec(connection)
        .await?;
    Ok(())
}
