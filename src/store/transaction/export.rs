//! The statement that reads all transactions of a list for a file.
//!
//! Here: its cells and its order, which is that of the list's pages. Not here: how rows leave the
//! database ([`crate::store::sql::bulk`]), and their form in the file.

use entity::transaction::{Column, Entity};
use sea_orm::{
    ConnectionTrait, DbErr, Order, QuerySelect, QueryTrait,
    sea_query::{Expr, SelectStatement},
};

use super::{TransactionFilter, pages};
use crate::store::{actor::with_actor, contact_list::with_name};

/// The number of cells in a row of [`export`].
pub const CELLS: usize = 13;

/// Selects the transactions that match a filter, the newest first. The cells are the id, the kind,
/// the units of the change and after it, the list's id and name, the message's id, the note, the
/// instant, and the kind, the key, the name and the label of the actor.
pub async fn export(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
) -> Result<SelectStatement, DbErr> {
    let all = pages::all(connection, filter).await?;
    let mut statement = all.select_only().into_query();
    statement
        .expr(Expr::col((Entity, Column::Id)))
        .expr(Expr::col((Entity, Column::Kind)))
        .expr(Expr::col((Entity, Column::AvailableChangeUnits)))
        .expr(Expr::col((Entity, Column::AvailableUnits)));
    with_name(
        &mut statement,
        (Entity, Column::AccountId),
        (Entity, Column::ListId),
    );
    statement
        .expr(Expr::col((Entity, Column::MessageId)))
        .expr(Expr::col((Entity, Column::Note)))
        .expr(Expr::col((Entity, Column::CreatedAt)));
    with_actor(
        &mut statement,
        (Entity, Column::AccountId),
        (Entity, Column::ActorId),
    );
    statement.order_by((Entity, Column::Sequence), Order::Desc);
    Ok(statement)
}
