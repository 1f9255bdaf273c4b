//! The instants of rows' last changes, by which clients fetch what changed since.
//!
//! Here: the instant of a change, and lists restricted to a period of changes. Not here: what
//! counts as a change, which each noun says.

use jiff::Timestamp;
use sea_orm::{
    EntityTrait, QueryFilter, Select, UpdateMany,
    sea_query::{Expr, ExprTrait},
};

/// The period of the last changes of listed rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastChanges {
    /// Only rows that last changed at or after this instant.
    pub from: Option<Timestamp>,
    /// Only rows that last changed before this instant.
    pub to: Option<Timestamp>,
}

impl LastChanges {
    /// Whether it leaves out any row.
    #[must_use]
    pub fn is_restricted(self) -> bool {
        self != Self::default()
    }

    /// Restricts a list of rows, whose last change is this expression.
    pub fn restrict<E: EntityTrait>(self, mut select: Select<E>, last_change: Expr) -> Select<E> {
        if let Some(from) = self.from {
            select = select.filter(last_change.clone().gte(from.as_microsecond()));
        }
        if let Some(to) = self.to {
            select = select.filter(last_change.lt(to.as_microsecond()));
        }
        select
    }
}

/// The instant of a change now of a row that last changed at another one. The instants of one row
/// rise, also if the clock doesn't.
#[must_use]
pub fn later(before: Option<i64>, now: Timestamp) -> i64 {
    let now = now.as_microsecond();
    Ord::max(now, before.map_or(now, |at| at.saturating_add(1)))
}

/// An update that records a change now in its column.
pub fn record<E: EntityTrait>(
    update: UpdateMany<E>,
    column: E::Column,
    now: Timestamp,
) -> UpdateMany<E> {
    let now = now.as_microsecond();
    let later = Expr::case(Expr::col(column).gte(now), Expr::col(column).add(1)).finally(now);
    update.col_expr(column, later.into())
}
