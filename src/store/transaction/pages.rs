//! Selects the rows of a page of transactions, in a time that does not grow with the history.
//!
//! Here: the conditions. Instants only rise along an account's chain, so a range of instants is a
//! range of sequence numbers. Each list or kind is looked up by its own index, for no more rows
//! than the page needs, and the results are merged. Not here: the page's order and bounds, which
//! are [`super::page`]'s.

use domain::id::ListId;
use entity::{
    posting_row,
    sql_enums::TransactionKind::{self, *},
    transaction::{self, Column},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Iterable, Order, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType},
};

use super::{TransactionFilter, Window, instants::last_by, of_message::of_message};

/// The kinds that move credits of lists without naming them; all other kinds name their list.
const SHARED_OUT: [TransactionKind; 4] = [Expiry, Revocation, Allocation, Chargeback];

/// Selects all transactions that match a filter.
pub(super) async fn all(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
) -> Result<Select<transaction::Entity>, DbErr> {
    let span = Span::of(connection, filter).await?;
    let mut select = span.apply(of_account(filter));
    if let Some(message) = filter.message {
        select = select.filter(of_message(connection, filter.account, message).await?);
    }
    if let Some(list) = filter.list {
        select = select.filter(
            Condition::any()
                .add(Column::ListId.eq(list.uuid()))
                .add(moves_credits_of(filter, list)),
        );
    }
    if let Some(kinds) = &filter.kinds {
        select = select.filter(Column::Kind.is_in(kinds.iter().copied()));
    }
    Ok(select)
}

/// Selects transactions that match a filter, at least as many as a page of the window needs.
pub(super) async fn within(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
    window: Window,
) -> Result<Select<transaction::Entity>, DbErr> {
    if filter.message.is_some() {
        // A message has few.
        return all(connection, filter).await;
    }
    let span = Span::of(connection, filter).await?;
    let kinds: Vec<TransactionKind> = match &filter.kinds {
        None => TransactionKind::iter().collect(),
        Some(kinds) => TransactionKind::iter()
            .filter(|kind| kinds.contains(kind))
            .collect(),
    };
    let mut parts = Vec::new();
    match filter.list {
        None if filter.kinds.is_none() => return Ok(span.apply(of_account(filter))),
        None => parts.extend(kinds.iter().map(|kind| of_kind(filter, *kind))),
        Some(list) => {
            let booked = |kind: &TransactionKind| {
                of_account(filter)
                    .filter(Column::ListId.eq(list.uuid()))
                    .filter(Column::Kind.eq(*kind))
            };
            parts.extend(kinds.iter().map(booked));
            let shared_out = kinds.iter().filter(|kind| SHARED_OUT.contains(kind));
            parts.extend(
                shared_out
                    .map(|kind| of_kind(filter, *kind).filter(moves_credits_of(filter, list))),
            );
        }
    }
    let parts = parts
        .into_iter()
        .map(|part| first(span.apply(part), window));
    Ok(match union(parts) {
        Some(places) => of_account(filter).filter(Column::Sequence.in_subquery(places)),
        None => of_account(filter).filter(Expr::value(false)),
    })
}

fn of_account(filter: &TransactionFilter) -> Select<transaction::Entity> {
    let select = transaction::Entity::find().filter(Column::AccountId.eq(filter.account.uuid()));
    match &filter.actor {
        Some(actor) => select.filter(Column::ActorId.in_subquery(actor.ids(filter.account))),
        None => select,
    }
}

fn of_kind(filter: &TransactionFilter, kind: TransactionKind) -> Select<transaction::Entity> {
    let select = of_account(filter).filter(Column::Kind.eq(kind));
    match kind {
        Spend => select,
        // The index's own condition, word for word: the planner would not match a bound value to
        // it.
        Purchase | Recharge | Grant | Revocation | Allocation | Hold | Release | Expiry
        | TimeZoneChange | Chargeback | DebtPayment => select.filter(Expr::cust("kind <> 'SPEND'")),
    }
}

fn moves_credits_of(filter: &TransactionFilter, list: ListId) -> Expr {
    // Only charges have postings without a row, and they name their list.
    let postings = posting_row::Entity::find()
        .select_only()
        .column(posting_row::Column::Sequence)
        .filter(posting_row::Column::AccountId.eq(filter.account.uuid()))
        .filter(posting_row::Column::ListId.eq(list.uuid()))
        .filter(
            Expr::col((posting_row::Entity, posting_row::Column::Sequence))
                .equals((transaction::Entity, Column::Sequence)),
        );
    Expr::exists(postings.into_query())
}

/// Selects the sequence numbers of a part's first rows, as many as a page of the window may need.
fn first(part: Select<transaction::Entity>, window: Window) -> SelectStatement {
    let mut part = part.select_only().column(Column::Sequence);
    if let Some(place) = window.after {
        part = part.filter(Column::Sequence.lt(place.key));
    }
    if let Some(place) = window.before {
        part = part.filter(Column::Sequence.gt(place.key));
    }
    let order = if window.from_end {
        Order::Asc
    } else {
        Order::Desc
    };
    // One row more than the page shows whether there are others.
    part.order_by(Column::Sequence, order)
        .limit(window.limit + 1)
        .into_query()
}

/// Selects the rows of all parts. SQLite accepts an order and a limit only within a subquery.
fn union(parts: impl Iterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let part = Alias::new("part");
    let mut wrapped = parts.map(|statement| {
        Query::select()
            .column(Column::Sequence)
            .from_subquery(statement, part.clone())
            .to_owned()
    });
    let mut first = wrapped.next()?;
    for other in wrapped {
        first.union(UnionType::All, other);
    }
    Some(first)
}

/// A range of sequence numbers, both ends included.
#[derive(Debug, Default)]
struct Span {
    from: Option<i64>,
    to: Option<i64>,
}

impl Span {
    /// Finds the range for a filter's range of instants. It is empty if nothing was booked in it.
    async fn of(
        connection: &impl ConnectionTrait,
        filter: &TransactionFilter,
    ) -> Result<Self, DbErr> {
        let before = async |instant: Timestamp| {
            let last = instant.as_microsecond().saturating_sub(1);
            last_by(connection, filter.account, last).await
        };
        let mut span = Self::default();
        if let Some(from) = filter.from {
            span.from = Some(before(from).await? + 1);
        }
        if let Some(to) = filter.to {
            span.to = Some(before(to).await?);
        }
        Ok(span)
    }

    fn apply(&self, mut select: Select<transaction::Entity>) -> Select<transaction::Entity> {
        if let Some(from) = self.from {
            select = select.filter(Column::Sequence.gte(from));
        }
        if let Some(to) = self.to {
            select = select.filter(Column::Sequence.lte(to));
        }
        select
    }
}
