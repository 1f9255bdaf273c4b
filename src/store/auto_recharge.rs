//! Automatic recharges: their settings, and the charges that they began.
//!
//! Here: reading and writing settings, the threshold in the book included, and reading an account's
//! automatic purchases. Not here: which recharges are due ([`super::due_recharge`]), and the
//! purchases themselves ([`super::purchase`]).

use domain::id::AccountId;
use entity::{
    auto_recharge, book, purchase,
    sql_enums::PurchaseStatus::{Paid, Pending, Unknown},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, Select,
    sea_query::{Expr, OnConflict},
};

/// Finds an account's settings; `None` if nobody has set any.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<auto_recharge::Model>, DbErr> {
    auto_recharge::Entity::find_by_id(account.uuid())
        .one(connection)
        .await
}

/// Writes an account's settings, and the threshold that its ledger watches. The caller holds the
/// lock on the account's book.
pub async fn set(
    connection: &impl ConnectionTrait,
    row: auto_recharge::Model,
) -> Result<(), DbErr> {
    use auto_recharge::Column;
    let account = AccountId::new(row.account_id);
    let watched = row.threshold_units.filter(|_| row.enabled);
    let replaced = OnConflict::column(Column::AccountId)
        .update_columns([
            Column::Enabled,
            Column::ThresholdUnits,
            Column::PackageId,
            Column::MonthlyLimitMinor,
            Column::HeldBack,
            Column::UpdatedAt,
        ])
        .to_owned();
    auto_recharge::Entity::insert(row.into_active_model())
        .on_conflict(replaced)
        .exec_without_returning(connection)
        .await?;
    book::Entity::update_many()
        .col_expr(book::Column::RechargeBelowUnits, Expr::value(watched))
        .filter(book::Column::AccountId.eq(account.uuid()))
        .exec(connection)
        .await
        .map(drop)
}

/// Records what the last decision held back, and why; `None` if nothing was.
pub async fn set_held_back(
    connection: &impl ConnectionTrait,
    account: AccountId,
    held_back: Option<&str>,
) -> Result<(), DbErr> {
    auto_recharge::Entity::update_many()
        .col_expr(
            auto_recharge::Column::HeldBack,
            Expr::value(held_back.map(str::to_owned)),
        )
        .filter(auto_recharge::Column::AccountId.eq(account.uuid()))
        .exec(connection)
        .await
        .map(drop)
}

fn automatic(account: AccountId) -> Select<purchase::Entity> {
    purchase::Entity::find()
        .filter(purchase::Column::AccountId.eq(account.uuid()))
        .filter(purchase::Column::Automatic.eq(true))
}

/// Finds the automatic purchases that a decision depends on: those that are open, that were begun
/// or decided from the beginning of the month `from` on, or that were decided since the last paid
/// one or since the owner acted, whichever was later.
pub async fn charges(
    connection: &impl ConnectionTrait,
    account: AccountId,
    from: Timestamp,
    owner_acted_at: Timestamp,
) -> Result<Vec<purchase::Model>, DbErr> {
    let last_paid = automatic(account)
        .filter(purchase::Column::Status.eq(Paid))
        .order_by_desc(purchase::Column::DecidedAt)
        .order_by_desc(purchase::Column::Id)
        .one(connection)
        .await?;
    let paid_at = last_paid.and_then(|row| row.decided_at).unwrap_or(i64::MIN);
    let since = paid_at.max(owner_acted_at.as_microsecond());
    let from = from.as_microsecond();
    automatic(account)
        .filter(
            Condition::any()
                .add(purchase::Column::Status.is_in([Pending, Unknown]))
                .add(purchase::Column::CreatedAt.gte(from))
                .add(purchase::Column::DecidedAt.gte(from.min(since))),
        )
        .order_by_asc(purchase::Column::Id)
        .all(connection)
        .await
}

/// Finds the automatic purchase that was decided last.
pub async fn last_decided(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<purchase::Model>, DbErr> {
    automatic(account)
        .filter(purchase::Column::DecidedAt.is_not_null())
        .order_by_desc(purchase::Column::DecidedAt)
        .order_by_desc(purchase::Column::Id)
        .one(connection)
        .await
}

/// Finds an account's automatic purchase that is not decided yet.
pub async fn in_flight(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<purchase::Model>, DbErr> {
    automatic(account)
        .filter(purchase::Column::Status.is_in([Pending, Unknown]))
        .order_by_desc(purchase::Column::Id)
        .one(connection)
        .await
}
