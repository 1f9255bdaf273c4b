//! Purchases.
//!
//! Here: finding, listing and writing purchases. Not here: marking one as paid, which only
//! [`crate::ledger`] does, together with its credits.

use domain::id::{AccountId, PurchaseId};
use entity::{purchase, sql_enums::PurchaseStatus};
use jiff::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use super::sql::paging::{Direction, Page, Window, page};

/// Finds a purchase of an account.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: PurchaseId,
) -> Result<Option<purchase::Model>, DbErr> {
    purchase::Entity::find_by_id((account.uuid(), id.uuid()))
        .one(connection)
        .await
}

/// Finds several purchases of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = PurchaseId>,
) -> Result<Vec<purchase::Model>, DbErr> {
    purchase::Entity::find()
        .filter(purchase::Column::Id.is_in(ids.into_iter().map(PurchaseId::uuid)))
        .all(connection)
        .await
}

/// Finds a purchase by the provider's reference.
pub async fn find_by_reference(
    connection: &impl ConnectionTrait,
    provider: &str,
    reference: &str,
) -> Result<Option<purchase::Model>, DbErr> {
    purchase::Entity::find()
        .filter(purchase::Column::ProviderReference.eq(reference))
        .filter(purchase::Column::Provider.eq(provider))
        .one(connection)
        .await
}

fn of_account(account: AccountId) -> Select<purchase::Entity> {
    purchase::Entity::find().filter(purchase::Column::AccountId.eq(account.uuid()))
}

/// Reads a page of an account's purchases, the newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    account: AccountId,
    window: Window,
) -> Result<Page<purchase::Model>, DbErr> {
    let order = (purchase::Column::CreatedAt, purchase::Column::Id);
    page(
        connection,
        of_account(account),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// Counts an account's purchases.
pub async fn count(connection: &impl ConnectionTrait, account: AccountId) -> Result<u64, DbErr> {
    of_account(account).count(connection).await
}

/// Counts an account's purchases since an instant that still wait for their payment.
pub async fn unpaid(
    connection: &impl ConnectionTrait,
    account: AccountId,
    since: Timestamp,
) -> Result<u64, DbErr> {
    of_account(account)
        .filter(purchase::Column::Status.eq(PurchaseStatus::Pending))
        .filter(purchase::Column::CreatedAt.gt(since.as_microsecond()))
        .count(connection)
        .await
}

/// Finds the purchases that an account paid in `from..to`, the oldest first.
pub async fn paid_between(
    connection: &impl ConnectionTrait,
    account: AccountId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<purchase::Model>, DbErr> {
    of_account(account)
        .filter(purchase::Column::Status.eq(PurchaseStatus::Paid))
        .filter(purchase::Column::DecidedAt.gte(from.as_microsecond()))
        .filter(purchase::Column::DecidedAt.lt(to.as_microsecond()))
        .order_by_asc(purchase::Column::DecidedAt)
        .order_by_asc(purchase::Column::Id)
        .all(connection)
        .await
}

/// Finds purchases that were started at or before `begun` and still wait, the oldest first, at most
/// `limit`.
pub async fn waiting_since(
    connection: &impl ConnectionTrait,
    begun: Timestamp,
    limit: u64,
) -> Result<Vec<purchase::Model>, DbErr> {
    purchase::Entity::find()
        .filter(purchase::Column::Status.eq(PurchaseStatus::Pending))
        .filter(purchase::Column::CreatedAt.lte(begun.as_microsecond()))
        .order_by_asc(purchase::Column::CreatedAt)
        .limit(limit)
        .all(connection)
        .await
}

/// Adds a purchase.
pub async fn insert(connection: &impl ConnectionTrait, row: purchase::Model) -> Result<(), DbErr> {
    purchase::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Records the provider's reference for the payment, and the address for its approval if the
/// provider has one. Values that are recorded already are kept: the first of two callers wins.
pub async fn set_reference(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    reference: &str,
    confirmation_url: Option<&str>,
) -> Result<(), DbErr> {
    purchase::Entity::update_many()
        .col_expr(purchase::Column::ProviderReference, Expr::value(reference))
        .col_expr(
            purchase::Column::ConfirmationUrl,
            Expr::value(confirmation_url),
        )
        .filter(purchase::Column::AccountId.eq(row.account_id))
        .filter(purchase::Column::Id.eq(row.id))
        .filter(purchase::Column::ProviderReference.is_null())
        .exec(connection)
        .await?;
    Ok(())
}

/// Closes a waiting purchase with any status but paid. The caller holds the lock on the account's
/// book, so that nobody credits it meanwhile.
pub async fn close(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    status: PurchaseStatus,
    at: Timestamp,
) -> Result<(), DbErr> {
    purchase::Entity::update_many()
        .col_expr(purchase::Column::Status, Expr::value(status.to_value()))
        .col_expr(
            purchase::Column::DecidedAt,
            Expr::value(at.as_microsecond()),
        )
        .filter(purchase::Column::AccountId.eq(row.account_id))
        .filter(purchase::Column::Id.eq(row.id))
        .filter(purchase::Column::Status.eq(PurchaseStatus::Pending))
        .exec(connection)
        .await?;
    Ok(())
}

/// Removes a provider's references from its purchases.
pub async fn forget_references(
    connection: &impl ConnectionTrait,
    provider: &str,
) -> Result<(), DbErr> {
    purchase::Entity::update_many()
        .col_expr(
            purchase::Column::ProviderReference,
            Expr::value(Option::<String>::None),
        )
        .filter(purchase::Column::Provider.eq(provider))
        .filter(purchase::Column::ProviderReference.is_not_null())
        .exec(connection)
        .await?;
    Ok(())
}
