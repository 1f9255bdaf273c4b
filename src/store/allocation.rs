//! Credits that lists hold for their scheduled messages.
//!
//! Not here: the credits that lists have free, which are in the book ([`crate::store::book`]).

use domain::{
    credits::Credits,
    id::{AccountId, ListId},
};
use entity::{message, sql_enums::MessageStatus};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    prelude::Uuid,
    sea_query::{Alias, Expr, ExprTrait},
};

/// Reads the credits that each list holds for its scheduled messages. Lists without any are left
/// out. Ids are unique across accounts, so the ids of accounts and lists need not match in order.
pub async fn held(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    lists: impl IntoIterator<Item = ListId>,
) -> Result<Vec<(ListId, Credits)>, DbErr> {
    use message::Column;
    // On PostgreSQL a sum of integers is not an integer without a cast.
    let units = Expr::col(Column::Units).sum().cast_as(Alias::new("bigint"));
    let rows: Vec<(Option<Uuid>, i64)> = message::Entity::find()
        .select_only()
        .column(Column::ListId)
        .column_as(units, "held_units")
        .filter(Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .filter(Column::ListId.is_in(lists.into_iter().map(ListId::uuid)))
        // Finds unsent messages by the index on lists and sending times, however long the history.
        .filter(Column::SentAt.is_null())
        .filter(Column::Status.eq(MessageStatus::Scheduled))
        .group_by(Column::ListId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(list, units)| Some((ListId::new(list?), Credits::from_units(units))))
        .collect())
}
