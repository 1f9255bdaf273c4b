//! What lists hold for their scheduled messages. What they have free is in the book
//! ([`crate::store::book`]).

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

/// What each list holds for its scheduled messages; a list that holds nothing is left out. Ids are unique
/// across accounts, so the pairs need not match.
///
/// # Errors
/// What the database says.
pub async fn held(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    lists: impl IntoIterator<Item = ListId>,
) -> Result<Vec<(ListId, Credits)>, DbErr> {
    use message::Column;
    // A sum of integers is no integer on PostgreSQL unless it is told to be.
    let units = Expr::col(Column::Units).sum().cast_as(Alias::new("bigint"));
    let rows: Vec<(Option<Uuid>, i64)> = message::Entity::find()
        .select_only()
        .column(Column::ListId)
        .column_as(units, "held_units")
        .filter(Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .filter(Column::ListId.is_in(lists.into_iter().map(ListId::uuid)))
        // What is not sent yet, by the index over lists and sending times, whatever the history.
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
