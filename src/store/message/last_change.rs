//! When a message last changed.
//!
//! Not here: who waits for changes ([`crate::store::message_change`]).

use entity::message::Model;
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};

use crate::store::sql::last_change;

/// The orders of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageSort {
    /// The latest sending time first.
    #[default]
    SendAt,
    /// The one that changed longest ago first.
    UpdatedAt,
}

impl MessageSort {
    /// The key of a row's place.
    #[must_use]
    pub fn key(self, row: &Model) -> i64 {
        match self {
            Self::SendAt => row.send_at,
            Self::UpdatedAt => updated_at(row),
        }
    }
}

/// The instant of a message's last change, in microseconds since the epoch. One that was charged as
/// it was made has that of its charge, and so do those that earlier programs changed; without a
/// charge, that of their creation.
#[must_use]
pub fn updated_at(row: &Model) -> i64 {
    row.updated_at.or(row.sent_at).unwrap_or(row.created_at)
}

/// The same of a row in the database. The indexes of last changes have the same expression.
pub(super) fn last_change() -> SimpleExpr {
    Expr::cust("COALESCE(messages.updated_at, messages.sent_at, messages.created_at)")
}

/// The instant of a change now. The instants of one message rise, also if the clock doesn't.
#[must_use]
pub fn updated(now: Timestamp) -> SimpleExpr {
    let now = now.as_microsecond();
    Expr::case(last_change().gte(now), last_change().add(1))
        .finally(now)
        .into()
}

/// The same for a row whose change is written as a whole.
#[must_use]
pub fn later(row: &Model, now: Timestamp) -> i64 {
    last_change::later(Some(updated_at(row)), now)
}
