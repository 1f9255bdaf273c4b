//! Keyset pagination.
//!
//! Here: the rows after or before a position, in an order that ids make total, so that no row is
//! repeated or skipped while others are added. Not here: cursors of the API
//! ([`crate::graphql::engine`]).

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder,
    QuerySelect, Select, prelude::Uuid,
};

/// The position of a row in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The first sort key: an instant or a sequence number.
    pub key: i64,
    /// The second sort key, which breaks ties.
    pub id: Uuid,
}

/// Tells the places of one list from those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope(pub u32);

/// The requested part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The most rows to return; zero if only their number is requested.
    pub limit: u64,
    /// Whether the limit counts from the end rather than from the start.
    pub from_end: bool,
    /// Only rows after this one.
    pub after: Option<Place>,
    /// Only rows before this one.
    pub before: Option<Place>,
    /// The list that the places are of, for whoever hands them out.
    pub scope: Scope,
}

/// A part of a list, in the list's order.
#[derive(Debug, Clone)]
pub struct Page<M> {
    /// The rows.
    pub rows: Vec<M>,
    /// Whether the list has rows after this page.
    pub has_next: bool,
    /// Whether the list has rows before this page.
    pub has_previous: bool,
}

impl<M> Page<M> {
    /// Makes a page of the rows that were read for a window, in the order in which it counts. One
    /// row more than the limit means that there are others.
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

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest key first.
    Ascending,
    /// The largest key first.
    Descending,
}

/// Reads one page of `select`, ordered by `key` and then by `id`.
pub async fn page<E, C>(
    connection: &impl ConnectionTrait,
    select: Select<E>,
    order: (C, C),
    direction: Direction,
    window: Window,
) -> Result<Page<E::Model>, DbErr>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let rows = rows(connection, select, order, direction, window).await?;
    Ok(Page::of(rows, window))
}

/// Reads the rows of [`page`], and one more if there are more, in the order in which the window
/// counts.
pub async fn rows<E, C>(
    connection: &impl ConnectionTrait,
    select: Select<E>,
    (key, id): (C, C),
    direction: Direction,
    window: Window,
) -> Result<Vec<E::Model>, DbErr>
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
        // The bound follows from the rest, but lets both databases seek in an index. They don't
        // seek by an OR, and would read all rows before a late page.
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
    select
        .order_by(key, order.clone())
        .order_by(id, order)
        .limit(window.limit + 1)
        .all(connection)
        .await
}
