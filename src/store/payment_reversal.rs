//! What providers have taken back of payments, and when they reported it.
//!
//! Not here: taking back the credits, which only [`crate::ledger`] does.

use domain::id::AccountId;
use entity::payment_reversal::{self, Column};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};

/// Records what a provider has taken back of a payment so far. Of equal reports the first is kept,
/// so that a repetition doesn't move a refund to another month.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: payment_reversal::Model,
) -> Result<(), DbErr> {
    let once = OnConflict::columns([Column::AccountId, Column::PurchaseId, Column::Minor])
        .do_nothing()
        .to_owned();
    payment_reversal::Entity::insert(row.into_active_model())
        .on_conflict(once)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Reads what was reported of an account's payments before an instant: by purchase, the oldest
/// report first.
pub async fn before(
    connection: &impl ConnectionTrait,
    account: AccountId,
    to: Timestamp,
) -> Result<Vec<payment_reversal::Model>, DbErr> {
    payment_reversal::Entity::find()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ReportedAt.lt(to.as_microsecond()))
        .order_by_asc(Column::PurchaseId)
        .order_by_asc(Column::ReportedAt)
        .order_by_asc(Column::Minor)
        .all(connection)
        .await
}
