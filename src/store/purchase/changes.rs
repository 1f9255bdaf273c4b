//! Which purchases of an account changed, for those who wait for it.
//!
//! Not here: waking those who wait ([`crate::store::sql::hints`]).

use domain::id::AccountId;
use entity::purchase::{Column, Entity, Model};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    UpdateMany,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

/// The instant of a purchase's last change, in microseconds since the epoch. Purchases that earlier
/// programs changed have that of their last state.
#[must_use]
pub fn updated_at(row: &Model) -> i64 {
    row.updated_at.or(row.decided_at).unwrap_or(row.created_at)
}

/// The same of a row in the database. The index of last changes has the same expression.
pub(super) fn last_change() -> SimpleExpr {
    Expr::cust("COALESCE(updated_at, decided_at, created_at)")
}

/// The instant of a change now. The instants of one purchase rise, also if the clock doesn't.
pub(super) fn updated(now: Timestamp) -> SimpleExpr {
    let now = now.as_microsecond();
    Expr::case(
        Expr::col(Column::UpdatedAt).gte(now),
        Expr::col(Column::UpdatedAt).add(1),
    )
    .finally(now)
    .into()
}

/// The same for a row whose change is written as a whole.
#[must_use]
pub fn later(row: &Model, now: Timestamp) -> i64 {
    let now = now.as_microsecond();
    let after = row.updated_at.map_or(now, |at| at.saturating_add(1));
    Ord::max(now, after)
}

/// An update that changes what is visible of a purchase.
pub(super) fn set_updated(update: UpdateMany<Entity>, now: Timestamp) -> UpdateMany<Entity> {
    update.col_expr(Column::UpdatedAt, updated(now))
}

/// The purchases of an account that changed at or after an instant in microseconds since the epoch,
/// as far as the programs that changed them recorded it, each with the instant of its last change,
/// the earliest first.
pub async fn since(
    connection: &impl ConnectionTrait,
    account: AccountId,
    from: i64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::UpdatedAt.gte(from))
        .order_by_asc(Column::UpdatedAt)
        .order_by_asc(Column::Id)
        .all(connection)
        .await
}

/// The purchase of an account that changed last, if it has any.
pub async fn last(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<Model>, DbErr> {
    let of_account = || Entity::find().filter(Column::AccountId.eq(account.uuid()));
    let recorded = of_account()
        .filter(Column::UpdatedAt.is_not_null())
        .order_by_desc(Column::UpdatedAt)
        .order_by_desc(Column::Id)
        .limit(1)
        .one(connection)
        .await?;
    let created = of_account()
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(1)
        .one(connection)
        .await?;
    let found = [recorded, created].into_iter().flatten();
    Ok(found.max_by_key(updated_at))
}
