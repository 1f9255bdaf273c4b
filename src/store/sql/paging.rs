//! Keyset pagination.
//!
//! Here: the rows after or before a position, in an order that ids make total, so that no row is
//! repeated or skipped while others are added. Not here: cursors of the API
//! ([`crate::graphql::engine`]).

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Order,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Func, SelectStatement},
};

/// The position of a row in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The first sort key: an instant or another number; 0 in an order of names.
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
    /// Whether start and end, and after and before, are those of the list in reverse.
    pub reverse: bool,
    /// The list that the places are of, for whoever hands them out.
    pub scope: Scope,
}

impl Window {
    /// The same part of the list as it is without being reversed.
    #[must_use]
    pub fn forward(self) -> Self {
        match self.reverse {
            false => self,
            true => Self {
                from_end: !self.from_end,
                after: self.before,
                before: self.after,
                reverse: false,
                ..self
            },
        }
    }
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

    /// The page of a window, made of the page of [`Window::forward`].
    #[must_use]
    pub fn seen_in(mut self, window: Window) -> Self {
        if window.reverse {
            self.rows.reverse();
            std::mem::swap(&mut self.has_next, &mut self.has_previous);
        }
        self
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

/// The first sort key of a list.
#[derive(Debug, Clone)]
pub struct Key {
    key: Expr,
    /// The keys of rows, and the ids by which they are found, if a place doesn't hold its key.
    by_id: Option<(SelectStatement, Expr)>,
}

impl<C: ColumnTrait> From<C> for Key {
    /// A column of numbers.
    fn from(column: C) -> Self {
        Self {
            key: Expr::col((column.entity_name(), column)),
            by_id: None,
        }
    }
}

impl Key {
    /// An expression of numbers.
    #[must_use]
    pub fn number(key: Expr) -> Self {
        Self { key, by_id: None }
    }

    /// A column of names, in the order of their bytes with ASCII letters in lower case, which is
    /// the same on both databases. The indexes of names have the same expression.
    ///
    /// A place has no room for a name, and it's read by the place's id, among `rows`.
    pub fn name<E: EntityTrait>(
        backend: DatabaseBackend,
        (name, id): (E::Column, E::Column),
        rows: Select<E>,
    ) -> Self {
        let column = Expr::col((name.entity_name(), name));
        let column = match backend {
            DatabaseBackend::Sqlite => column,
            _ => Expr::cust_with_expr("$1 COLLATE \"C\"", column),
        };
        let key = Expr::from(Func::lower(column));
        let names = rows.select_only().expr(key.clone()).into_query();
        let id = Expr::col((id.entity_name(), id));
        Self {
            key,
            by_id: Some((names, id)),
        }
    }

    /// The key of a place.
    fn at(&self, place: Place) -> Expr {
        match self.by_id.clone() {
            None => Expr::value(place.key),
            Some((mut names, id)) => names.and_where(id.eq(place.id)).take().into(),
        }
    }
}

/// Reads one page of `select`, ordered by `key` and then by `id`.
pub async fn page<E, C>(
    connection: &impl ConnectionTrait,
    select: Select<E>,
    order: (impl Into<Key>, C),
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
    (key, id): (impl Into<Key>, C),
    direction: Direction,
    window: Window,
) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    C: ColumnTrait,
{
    let of = key.into();
    let beyond = |place: Place, larger: bool| {
        let (key, at) = (|| of.key.clone(), || of.at(place));
        let (bound, first, tie) = if larger {
            (
                key().gte(at()),
                key().gt(at()),
                ColumnTrait::gt(&id, place.id),
            )
        } else {
            (
                key().lte(at()),
                key().lt(at()),
                ColumnTrait::lt(&id, place.id),
            )
        };
        let tied = Condition::all().add(key().eq(at())).add(tie);
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
        .order_by(of.key, order.clone())
        .order_by(id, order)
        .limit(window.limit + 1)
        .all(connection)
        .await
}
