//! The ledger's transactions, to read.

mod pages;

use std::collections::BTreeMap;

use domain::id::{AccountId, ListId, TransactionId};
use entity::{
    posting,
    sql_enums::{BookName, TransactionKind},
    transaction,
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

use super::sql::paging::{Direction, Page, Window, page};

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
    let select = pages::within(connection, filter, window).await?;
    page(connection, select, order, Direction::Descending, window).await
}

/// How many transactions a list has in all.
///
/// # Errors
/// What the database says.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
) -> Result<u64, DbErr> {
    pages::all(filter).count(connection).await
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
