//! Deliveries of webhooks: each is stored once and worked off later.
//!
//! Here: storing, claiming and forgetting them. Not here: what they lead to
//! ([`crate::operations::webhook`]).

use entity::webhook_delivery;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Statement, TryInsertResult,
    sea_query::{Expr, OnConflict},
};

use super::sql::work_queue::WorkQueue;

const WORK: WorkQueue = WorkQueue {
    table: "webhook_deliveries",
    key: "provider, delivery",
    claimed_until: "next_at",
};

/// Adds a delivery. Returns whether it is new: a provider repeats deliveries.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: webhook_delivery::Model,
) -> Result<bool, DbErr> {
    use webhook_delivery::Column;
    let known = OnConflict::columns([Column::Provider, Column::Delivery])
        .do_nothing()
        .to_owned();
    let done = webhook_delivery::Entity::insert(row.into_active_model())
        .on_conflict(known)
        .try_insert()
        .exec_without_returning(connection)
        .await?;
    match done {
        TryInsertResult::Inserted(rows) => Ok(rows > 0),
        TryInsertResult::Conflicted | TryInsertResult::Empty => Ok(false),
    }
}

/// Claims the deliveries that are due for the caller until an instant, the longest due first, at
/// most `limit`. Two callers never claim the same one.
pub async fn claim_due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<webhook_delivery::Model>, DbErr> {
    WORK.claim_due::<webhook_delivery::Entity>(connection, (now, until), limit)
        .await
}

/// Sets when to work off a delivery again; `None` if nothing is left to do.
pub async fn set_next(
    connection: &impl ConnectionTrait,
    row: &webhook_delivery::Model,
    at: Option<Timestamp>,
    attempts: i32,
) -> Result<(), DbErr> {
    use webhook_delivery::Column;
    webhook_delivery::Entity::update_many()
        .col_expr(
            Column::NextAt,
            Expr::value(at.map(Timestamp::as_microsecond)),
        )
        .col_expr(Column::Attempts, Expr::value(attempts))
        .filter(Column::Provider.eq(&row.provider))
        .filter(Column::Delivery.eq(&row.delivery))
        .exec(connection)
        .await?;
    Ok(())
}

/// Whether a delivery was received before an instant.
pub async fn has_older(connection: &impl ConnectionTrait, than: Timestamp) -> Result<bool, DbErr> {
    let column = webhook_delivery::Column::ReceivedAt;
    let oldest: Option<i64> = webhook_delivery::Entity::find()
        .select_only()
        .column(column)
        .filter(column.lt(than.as_microsecond()))
        .order_by_asc(column)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(oldest.is_some())
}

/// Deletes up to `limit` deliveries that were received before an instant.
pub async fn forget_older(
    connection: &impl ConnectionTrait,
    than: Timestamp,
    limit: u64,
) -> Result<(), DbErr> {
    let delete = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "DELETE FROM webhook_deliveries WHERE (provider, delivery) IN (\
         SELECT provider, delivery FROM webhook_deliveries WHERE received_at < $1 \
         ORDER BY received_at LIMIT $2)",
        [than.as_microsecond().into(), limit.into()],
    );
    connection.execute_raw(delete).await?;
    Ok(())
}
