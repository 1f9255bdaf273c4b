//! The statement that reads all messages of a list for a file.
//!
//! Here: its cells and its order, which is that of the list's pages. Not here: how rows leave the
//! database ([`crate::store::sql::bulk`]), and their form in the file.

use sea_orm::{
    DatabaseBackend, Order, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, SelectStatement, UnionType},
};

use super::{Column, Entity, MessageFilter, Part, select};
use crate::store::{actor::with_actor, contact_list::with_name};

/// The number of cells in a row of [`export`].
pub const CELLS: usize = 19;

/// Selects the messages that match a filter, those with the latest sending time first. The cells
/// are the id, the name, the list's id and name, the status, the channel, the encoding, the text
/// (null once it was erased), the instant of erasure, the segments, the recipients, the units, the
/// instants of sending, charge and creation, and the kind, the key, the name and the label of the
/// actor.
#[must_use]
pub fn export(backend: DatabaseBackend, filter: &MessageFilter) -> SelectStatement {
    // No other column of a part has these names.
    let (send_at, id) = (Alias::new("place"), Alias::new("message_id"));
    let part = |part: Part| {
        let mut statement = select(backend, filter, part).select_only().into_query();
        statement.expr_as(Expr::col((Entity, Column::Id)), id.clone());
        statement.expr(Expr::col((Entity, Column::Name)));
        with_name(
            &mut statement,
            (Entity, Column::AccountId),
            (Entity, Column::ListId),
        );
        statement
            .expr(Expr::col((Entity, Column::Status)))
            .expr(Expr::col((Entity, Column::Channel)))
            .expr(Expr::col((Entity, Column::Encoding)))
            .expr(Expr::cust(
                "CASE WHEN messages.erased_at IS NULL THEN messages.text END",
            ))
            .expr(Expr::col((Entity, Column::ErasedAt)))
            .expr(Expr::col((Entity, Column::SegmentCount)))
            .expr(Expr::col((Entity, Column::Recipients)))
            .expr(Expr::col((Entity, Column::Units)))
            .expr_as(Expr::col((Entity, part.sends_at())), send_at.clone())
            .expr(Expr::col((Entity, Column::SentAt)))
            .expr(Expr::col((Entity, Column::CreatedAt)));
        with_actor(
            &mut statement,
            (Entity, Column::AccountId),
            (Entity, Column::ActorId),
        );
        statement
    };
    let mut parts = Part::of(filter).into_iter().map(part);
    let mut all = parts.next().unwrap_or_default();
    for other in parts {
        all.union(UnionType::All, other);
    }
    all.order_by(send_at, Order::Desc)
        .order_by(id, Order::Desc)
        .to_owned()
}
