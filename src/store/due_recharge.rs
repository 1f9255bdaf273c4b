//! Recharges that are due: at most one for an account, and none while it has enough credits.
//!
//! Here: claiming them, and when to decide about each. Not here: adding and removing them as
//! balances cross thresholds, which [`crate::ledger`] does, and the decision
//! ([`crate::operations`]).

use domain::id::AccountId;
use entity::due_recharge;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, UpdateMany,
    sea_query::{Expr, OnConflict},
};

use super::sql::work_queue::WorkQueue;

const WORK: WorkQueue = WorkQueue {
    table: "due_recharges",
    key: "account_id",
    claimed_until: "claimed_until",
};

/// Finds an account's due recharge.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<due_recharge::Model>, DbErr> {
    due_recharge::Entity::find_by_id(account.uuid())
        .one(connection)
        .await
}

/// Claims the recharges that are to be decided for the caller until an instant, the longest due
/// first, at most `limit`. Two callers never claim the same one.
pub async fn claim_due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<due_recharge::Model>, DbErr> {
    WORK.claim_due::<due_recharge::Entity>(connection, (now, until), limit)
        .await
}

fn of_account(account: AccountId) -> UpdateMany<due_recharge::Entity> {
    due_recharge::Entity::update_many()
        .filter(due_recharge::Column::AccountId.eq(account.uuid()))
        .col_expr(
            due_recharge::Column::ClaimedUntil,
            Expr::value(Option::<i64>::None),
        )
}

/// Gives up the claim on an account's due recharge, and sets when to decide about it; `None` if
/// the owner must act first. Nothing happens if no recharge is due.
pub async fn decide_at(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: Option<Timestamp>,
) -> Result<(), DbErr> {
    let at = at.map(Timestamp::as_microsecond);
    of_account(account)
        .col_expr(due_recharge::Column::NextAt, Expr::value(at))
        .exec(connection)
        .await
        .map(drop)
}

/// Has an account's due recharge decided at once, unless it waits for its owner.
pub async fn decide_now(
    connection: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<(), DbErr> {
    of_account(account)
        .col_expr(
            due_recharge::Column::NextAt,
            Expr::value(now.as_microsecond()),
        )
        .filter(due_recharge::Column::NextAt.gt(now.as_microsecond()))
        .exec(connection)
        .await
        .map(drop)
}

/// Makes an account's recharge due, to be decided at once, whatever it waited for. The caller holds
/// the lock on the account's book.
pub async fn set_due(
    connection: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<(), DbErr> {
    use due_recharge::Column;
    let row = due_recharge::Model {
        account_id: account.uuid(),
        due_at: now.as_microsecond(),
        next_at: Some(now.as_microsecond()),
        claimed_until: None,
    };
    let again = OnConflict::column(Column::AccountId)
        .update_columns([Column::NextAt, Column::ClaimedUntil])
        .to_owned();
    due_recharge::Entity::insert(row.into_active_model())
        .on_conflict(again)
        .exec_without_returning(connection)
        .await
        .map(drop)
}

/// Removes an account's due recharge. The caller holds the lock on the account's book.
pub async fn remove(connection: &impl ConnectionTrait, account: AccountId) -> Result<(), DbErr> {
    due_recharge::Entity::delete_by_id(account.uuid())
        .exec(connection)
        .await
        .map(drop)
}
