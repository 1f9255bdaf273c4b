//! What changed among an account's messages, for those who wait for it.
//!
//! Here: the messages of the account's transactions, and of holds that stayed when their message
//! changed. Not here: waking those who wait ([`super::sql::hints`]).

use domain::id::{AccountId, MessageId};
use entity::{hold_draw, transaction};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

/// The number of an account's last transaction, and the message of its last one with a message.
pub async fn last(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<(i64, Option<MessageId>), DbErr> {
    use transaction::Column;
    let of_account = || {
        transaction::Entity::find()
            .select_only()
            .columns([Column::Sequence, Column::MessageId])
            .filter(Column::AccountId.eq(account.uuid()))
            .order_by_desc(Column::Sequence)
            .limit(1)
    };
    let last: Option<(i64, Option<Uuid>)> = of_account().into_tuple().one(connection).await?;
    let message = match last {
        None | Some((_, Some(_))) => last.and_then(|(_, message)| message),
        Some((sequence, None)) => {
            // What is booked after the first statement is a change that is still to be reported.
            let of_messages = of_account()
                .filter(Column::Sequence.lt(sequence))
                .filter(Column::MessageId.is_not_null());
            let found: Option<(i64, Option<Uuid>)> =
                of_messages.into_tuple().one(connection).await?;
            found.and_then(|(_, message)| message)
        }
    };
    let sequence = last.map_or(0, |(sequence, _)| sequence);
    Ok((sequence, message.map(MessageId::new)))
}

/// The account's transactions after a number, each with its number and its message, in their order.
pub async fn after(
    connection: &impl ConnectionTrait,
    account: AccountId,
    sequence: i64,
    limit: u64,
) -> Result<Vec<(i64, Option<MessageId>)>, DbErr> {
    use transaction::Column;
    let rows: Vec<(i64, Option<Uuid>)> = transaction::Entity::find()
        .select_only()
        .columns([Column::Sequence, Column::MessageId])
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Sequence.gt(sequence))
        .order_by_asc(Column::Sequence)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    let row = |(sequence, message): (i64, Option<Uuid>)| (sequence, message.map(MessageId::new));
    Ok(rows.into_iter().map(row).collect())
}

/// The scheduled messages that changed while their holds stayed, at or after an instant in
/// microseconds since the epoch, each with the instant of its last such change, the earliest first.
pub async fn unmoved(
    connection: &impl ConnectionTrait,
    account: AccountId,
    from: i64,
) -> Result<Vec<(MessageId, i64)>, DbErr> {
    use hold_draw::Column;
    let rows: Vec<(Uuid, i64)> = hold_draw::Entity::find()
        .select_only()
        .columns([Column::MessageId, Column::ChangedAt])
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ChangedAt.is_not_null())
        .filter(Column::ChangedAt.gte(from))
        .order_by_asc(Column::ChangedAt)
        .order_by_asc(Column::MessageId)
        .into_tuple()
        .all(connection)
        .await?;
    let row = |(message, at)| (MessageId::new(message), at);
    Ok(rows.into_iter().map(row).collect())
}

/// Records that a scheduled message changed at an instant while its hold stayed. The instants of
/// one message rise, also if the clock doesn't.
pub async fn record_unmoved(
    connection: &impl ConnectionTrait,
    (account, message): (Uuid, Uuid),
    at: i64,
) -> Result<(), DbErr> {
    use hold_draw::Column;
    let later = Expr::case(
        Expr::col(Column::ChangedAt).gte(at),
        Expr::col(Column::ChangedAt).add(1),
    )
    .finally(at);
    hold_draw::Entity::update_many()
        .col_expr(Column::ChangedAt, later.into())
        .filter(Column::AccountId.eq(account))
        .filter(Column::MessageId.eq(message))
        // Each hold has exactly one row with this position.
        .filter(Column::Position.eq(0))
        .exec(connection)
        .await?;
    Ok(())
}
