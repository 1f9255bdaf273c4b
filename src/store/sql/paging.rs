//! Pages by keyset: rows after or before a place, in an order that an id makes total, so that no row is
//! shown twice or left out while others come in.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder,
    QuerySelect, Select, prelude::Uuid,
};

/// The place of a row in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What the rows are ordered by first: an instant or a sequence number.
    pub key: i64,
    /// Breaks ties.
    pub id: Uuid,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// At most so many rows; none if only their number is asked for.
    pub limit: u64,
    /// Counted from the end rather than from the start.
    pub from_end: bool,
    /// Only rows after this one.
    pub after: Option<Place>,
    /// Only rows before this one.
    pub before: Option<Place>,
}

/// A part of a list, in the list's order.
#[derive(Debug, Clone)]
pub struct Page<M> {
    /// The rows.
    pub rows: Vec<M>,
    /// Whether there are rows after them.
    pub has_next: bool,
    /// Whether there are rows before them.
    pub has_previous: bool,
}

impl<M> Page<M> {
    /// A page of the rows that were read for a window, from the side that it counts from. One row more than
    /// asked says whether there are others.
    #[must_use]
    pub fn of(mut rows: Vec<M>, window: Window) -> Self {
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let (has_next, has_previous) = if window.from_end {
            rows.reverse();
            (window.before.is_some(), more)
        } else {
            (more, window.after.is_some())
        };
        Self {
            rows,
            has_next,
            has_previous,
        }
    }

    /// The same page of other rows, made of these.
    #[must_use]
    pub fn map<T>(self, row: impl FnMut(M) -> T) -> Page<T> {
        Page {
            rows: self.rows.into_iter().map(row).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest key first.
    Ascending,
    /// The largest key first.
    Descending,
}

/// Reads one page of `select`, ordered by `key` and then by `id`.
///
/// # Errors
/// What the database says.
pub async fn page<E, C>(
    connection: &impl ConnectionTrait,
    select: Select<E>,
    (key, id): (C, C),
    direction: Direction,
    window: Window,
) -> Result<Page<E::Model>, DbErr>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let beyond = |place: Place, larger: bool| {
        let (bound, first, tie) = if larger {
            (key.gte(place.key), key.gt(place.key), id.gt(place.id))
        } else {
            (key.lte(place.key), key.lt(place.key), id.lt(place.id))
        };
        let tied = Condition::all().add(key.eq(place.key)).add(tie);
        // The bound follows from the rest, but an index is entered by it: no database enters one by an OR,
        // and a page far down would be reached by walking all that is before it.
        Condition::all()
            .add(bound)
            .add(Condition::any().add(first).add(tied))
    };
    let ascending = direction == Direction::Ascending;
    let mut select = select;
    if let Some(place) = window.after {
        select = select.filter(beyond(place, ascending));
    }
    if let Some(place) = window.before {
        select = select.filter(beyond(place, !ascending));
    }
    let order = if ascending == window.from_end {
        Order::Desc
    } else {
        Order::Asc
    };
    let rows = select
        .order_by(key, order.clone())
        .order_by(id, order)
        .limit(window.limit + 1)
        .all(connection)
        .await?;
    Ok(Page::of(rows, window))
}
