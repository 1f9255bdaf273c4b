//! When a lot last changed: what is left of its credits, what is held of them, or its expiry.
//!
//! Here: which lots a batch changed, and lots in the order of their changes. Not here: writing
//! them.

use std::collections::BTreeSet;

use domain::{book::Book, hold::Hold, id::LotId, lot::Lot};
use entity::lot::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, Select,
    sea_query::{Expr, SimpleExpr},
};

use super::LotFilter;
use crate::store::sql::paging::{Direction, Key};

/// The orders of lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LotSort {
    /// The newest first.
    #[default]
    CreatedAt,
    /// The one that changed longest ago first.
    UpdatedAt,
}

impl LotSort {
    /// The key of a row's place.
    #[must_use]
    pub fn key(self, row: &Model) -> i64 {
        match self {
            Self::CreatedAt => row.created_at,
            Self::UpdatedAt => updated_at(row),
        }
    }

    pub(super) fn order(self) -> (Key, Direction) {
        match self {
            Self::CreatedAt => (Column::CreatedAt.into(), Direction::Descending),
            // Lots that change meanwhile come on a later page, so that none is missed.
            Self::UpdatedAt => (Key::number(last_change()), Direction::Ascending),
        }
    }
}

/// The instant of a lot's last change, in microseconds since the epoch, as far as it was recorded.
#[must_use]
pub fn updated_at(row: &Model) -> i64 {
    row.updated_at.unwrap_or(row.created_at)
}

/// The same of a row in the database.
fn last_change() -> SimpleExpr {
    Expr::cust("COALESCE(lots.updated_at, lots.created_at)")
}

/// The lots that differ between two states of a book, and those of which other credits are held.
#[must_use]
pub fn changed(before: &Book, after: &Book) -> Vec<(LotId, Lot)> {
    let drawn = |hold: Option<&Hold>| -> Vec<LotId> {
        let draws = hold.into_iter().flat_map(|hold| &hold.draws);
        draws.map(|draw| draw.lot).collect()
    };
    let messages: BTreeSet<_> = before.holds.keys().chain(after.holds.keys()).collect();
    let held: BTreeSet<LotId> = messages
        .into_iter()
        .map(|message| (before.holds.get(message), after.holds.get(message)))
        .filter(|(before, after)| before != after)
        .flat_map(|(before, after)| [drawn(before), drawn(after)].concat())
        .collect();
    let lots = after.lots.iter();
    let changed = lots.filter(|(id, lot)| before.lots.get(id) != Some(lot) || held.contains(id));
    changed.map(|(id, lot)| (*id, *lot)).collect()
}

/// Selects the lots of an account whose last change is within the bounds of a filter.
pub(super) fn changed_within(filter: &LotFilter) -> Select<Entity> {
    let all = Entity::find().filter(Column::AccountId.eq(filter.account.uuid()));
    filter.changed.restrict(all, last_change())
}
