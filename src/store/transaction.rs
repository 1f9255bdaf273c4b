//! The ledger's transactions, to read.

use std::collections::BTreeMap;

use domain::{
    book::{Balance, NextExpiry},
    credits::Credits,
    id::{AccountId, ListId, TransactionId},
    lot::Expiry,
};
use entity::{
    posting,
    sql_enums::{BookName, TransactionKind},
    transaction,
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

use super::{
    book::day,
    paging::{Direction, Page, Window, page},
};
use crate::clock::whole_micros;

/// An account's last transaction at an instant.
///
/// # Errors
/// What the database says.
pub async fn last_at(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: jiff::Timestamp,
) -> Result<Option<transaction::Model>, DbErr> {
    transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account.uuid()))
        .filter(transaction::Column::CreatedAt.lte(at.as_microsecond()))
        .order_by_desc(transaction::Column::CreatedAt)
        .order_by_desc(transaction::Column::Sequence)
        .one(connection)
        .await
}

/// The balance that a transaction left.
///
/// # Errors
/// Where the row holds what it never should.
pub fn balance_after(row: &transaction::Model) -> Result<Balance, DbErr> {
    let next_expiry = match (
        row.next_expiry_units,
        row.next_expiry_at,
        &row.next_expiry_on,
    ) {
        (Some(units), Some(at), Some(on)) => Some(NextExpiry {
            credits: Credits::from_units(units),
            expiry: Expiry {
                at: whole_micros(at),
                on: day(on)?,
            },
        }),
        _ => None,
    };
    Ok(Balance {
        available: Credits::from_units(row.available_units),
        held: Credits::from_units(row.held_units),
        unassigned: Credits::from_units(row.unassigned_units),
        next_expiry,
    })
}

/// Which transactions are listed.
#[derive(Debug, Clone)]
pub struct TransactionFilter {
    /// Whose.
    pub account: AccountId,
    /// Only those that concern this list: by their own list, or by a posting of its pool.
    pub list: Option<ListId>,
    /// Only these kinds.
    pub kinds: Option<Vec<TransactionKind>>,
    /// Only those booked then or later.
    pub from: Option<Timestamp>,
    /// Only those booked before.
    pub to: Option<Timestamp>,
}

fn select(filter: &TransactionFilter) -> Select<transaction::Entity> {
    use transaction::Column;
    let mut select =
        transaction::Entity::find().filter(Column::AccountId.eq(filter.account.uuid()));
    if let Some(list) = filter.list {
        let by_posting = posting::Entity::find()
            .select_only()
            .column(posting::Column::Sequence)
            .filter(posting::Column::AccountId.eq(filter.account.uuid()))
            .filter(posting::Column::ListId.eq(list.uuid()))
            .filter(
                Expr::col((posting::Entity, posting::Column::Sequence))
                    .equals((transaction::Entity, Column::Sequence)),
            )
            .into_query();
        select = select.filter(
            Condition::any()
                .add(Column::ListId.eq(list.uuid()))
                .add(Expr::exists(by_posting)),
        );
    }
    if let Some(kinds) = &filter.kinds {
        select = select.filter(Column::Kind.is_in(kinds.iter().copied()));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::CreatedAt.gte(from.as_microsecond()));
    }
    if let Some(to) = filter.to {
        select = select.filter(Column::CreatedAt.lt(to.as_microsecond()));
    }
    select
}

/// A page of an account's transactions, the newest first.
///
/// # Errors
/// What the database says.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
    window: Window,
) -> Result<Page<transaction::Model>, DbErr> {
    // The place in the chain, since one command may book several transactions at one instant.
    let order = (transaction::Column::Sequence, transaction::Column::Id);
    page(
        connection,
        select(filter),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// How many transactions a list has in all.
///
/// # Errors
/// What the database says.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
) -> Result<u64, DbErr> {
    select(filter).count(connection).await
}

/// Several transactions of any accounts, in no order.
///
/// # Errors
/// What the database says.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = TransactionId>,
) -> Result<Vec<transaction::Model>, DbErr> {
    transaction::Entity::find()
        .filter(transaction::Column::Id.is_in(ids.into_iter().map(TransactionId::uuid)))
        .all(connection)
        .await
}

/// What a transaction moved in one book and one pool, over all lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostingSum {
    /// The book.
    pub book: BookName,
    /// The limited list whose pool it concerns; `None` for the unassigned pool.
    pub list: Option<ListId>,
    /// Units of 1/10,000 credit, signed, not zero.
    pub units: i64,
}

/// The postings of several transactions, each named by its account and its place in the chain: summed by
/// book and pool, without what adds up to nothing, ordered by book and then by list.
///
/// # Errors
/// What the database says.
pub async fn postings(
    connection: &impl ConnectionTrait,
    of: impl IntoIterator<Item = (AccountId, i64)>,
) -> Result<BTreeMap<(AccountId, i64), Vec<PostingSum>>, DbErr> {
    use posting::Column;
    let mut wanted: BTreeMap<AccountId, Vec<i64>> = BTreeMap::new();
    for (account, sequence) in of {
        wanted.entry(account).or_default().push(sequence);
    }
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let any = wanted
        .into_iter()
        .fold(Condition::any(), |any, (account, sequences)| {
            any.add(
                Condition::all()
                    .add(Column::AccountId.eq(account.uuid()))
                    .add(Column::Sequence.is_in(sequences)),
            )
        });
    // PostgreSQL widens a sum beyond what the column holds; one account's credits fit the column.
    let sum = Expr::col(Column::Units).sum().cast_as("bigint");
    let rows: Vec<(Uuid, i64, BookName, Option<Uuid>, i64)> = posting::Entity::find()
        .select_only()
        .columns([
            Column::AccountId,
            Column::Sequence,
            Column::Book,
            Column::ListId,
        ])
        .column_as(sum, "moved")
        .filter(any)
        .group_by(Column::AccountId)
        .group_by(Column::Sequence)
        .group_by(Column::Book)
        .group_by(Column::ListId)
        .into_tuple()
        .all(connection)
        .await?;
    let mut postings: BTreeMap<_, Vec<PostingSum>> = BTreeMap::new();
    for (account, sequence, book, list, units) in rows {
        if units != 0 {
            postings
                .entry((AccountId::new(account), sequence))
                .or_default()
                .push(PostingSum {
                    book,
                    list: list.map(ListId::new),
                    units,
                });
        }
    }
    for sums in postings.values_mut() {
        sums.sort_by_key(|sum| (sum.book, sum.list));
    }
    Ok(postings)
}
