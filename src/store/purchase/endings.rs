//! Ends of purchases without money, and the confirmations of people.
//!
//! Not here: marking one as paid, which only [`crate::ledger`] does.

use entity::{purchase, sql_enums::PurchaseStatus};
use jiff::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, QueryFilter, UpdateMany, sea_query::Expr,
};

use super::{OPEN, changes::set_updated, released, this};

/// Closes an open purchase with any status but paid. The caller holds the lock on the account's
/// book, so that nobody credits it meanwhile.
pub async fn close(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    status: PurchaseStatus,
    reason: Option<&str>,
    (at, now): (Timestamp, Timestamp),
) -> Result<(), DbErr> {
    closed(row, status, reason, (at, now))
        .exec(connection)
        .await?;
    Ok(())
}

fn closed(
    row: &purchase::Model,
    status: PurchaseStatus,
    reason: Option<&str>,
    (at, now): (Timestamp, Timestamp),
) -> UpdateMany<purchase::Entity> {
    set_updated(released(row), now)
        .col_expr(purchase::Column::Status, Expr::value(status.to_value()))
        .col_expr(purchase::Column::Reason, Expr::value(reason))
        .col_expr(
            purchase::Column::DecidedAt,
            Expr::value(at.as_microsecond()),
        )
        .col_expr(purchase::Column::NextAt, Expr::value(Option::<i64>::None))
        .filter(purchase::Column::Status.is_in(OPEN))
}

/// Records what a person confirmed an unpaid purchase with, unless somebody has confirmed it, and
/// has a job carry on with it. The caller holds the lock on the account's book.
pub async fn confirm(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    reference: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    set_updated(this(row), now)
        .col_expr(purchase::Column::ConfirmedWith, Expr::value(reference))
        .col_expr(purchase::Column::NextAt, Expr::value(now.as_microsecond()))
        .filter(purchase::Column::ConfirmedWith.is_null())
        .filter(purchase::Column::Status.ne(PurchaseStatus::Paid))
        .exec(connection)
        .await?;
    Ok(())
}

/// Removes a purchase's confirmation if it isn't paid.
pub async fn take_confirmation_back(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    now: Timestamp,
) -> Result<(), DbErr> {
    set_updated(this(row), now)
        .col_expr(
            purchase::Column::ConfirmedWith,
            Expr::value(Option::<String>::None),
        )
        .filter(purchase::Column::Status.ne(PurchaseStatus::Paid))
        .exec(connection)
        .await?;
    Ok(())
}

/// Closes an open purchase that nobody has confirmed as expired. The caller holds the lock on the
/// account's book.
pub async fn expire_unconfirmed(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    (at, now): (Timestamp, Timestamp),
) -> Result<(), DbErr> {
    closed(row, PurchaseStatus::Expired, None, (at, now))
        .filter(purchase::Column::ConfirmedWith.is_null())
        .exec(connection)
        .await?;
    Ok(())
}

/// Cancels a pending purchase that nobody has confirmed, and sets when its provider is asked about
/// it. Returns false and does nothing for others. A claim stays: its holder may be asking the
/// provider to begin it. The caller holds the lock on the account's book.
pub async fn cancel(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    use purchase::Column;
    let next_at = next_at.map(Timestamp::as_microsecond);
    let done = set_updated(this(row), now)
        .col_expr(
            Column::Status,
            Expr::value(PurchaseStatus::Declined.to_value()),
        )
        .col_expr(Column::DecidedAt, Expr::value(now.as_microsecond()))
        .col_expr(Column::CanceledAt, Expr::value(now.as_microsecond()))
        .col_expr(Column::NextAt, Expr::value(next_at))
        .col_expr(Column::Attempts, Expr::value(0))
        .filter(Column::Status.eq(PurchaseStatus::Pending))
        .filter(Column::Automatic.eq(false))
        .filter(Column::ConfirmedWith.is_null())
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}
