//! The ledger's transactions.
//!
//! Here: finding and listing transactions and their postings. Not here: writing them, which only
//! [`crate::ledger`] does.

mod export;
mod instants;
mod lots;
mod of_message;
mod pages;

use std::collections::BTreeMap;

use domain::id::{AccountId, ListId, MessageId, TransactionId};
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

pub use self::{
    export::{CELLS as EXPORT_CELLS, export},
    instants::last_by,
    lots::{LotSum, lots},
};
use super::{
    actor::ActorFilter,
    sql::{
        paging::{Direction, Page, Window, page},
        routes,
    },
};

/// A message, and the instant of its charge in microseconds since the epoch if it was charged: its
/// charge may be found by the instant alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargedMessage {
    /// The message.
    pub id: MessageId,
    /// When it was charged.
    pub sent_at: Option<i64>,
}

/// The transactions to list. Each condition narrows the list.
#[derive(Debug, Clone)]
pub struct TransactionFilter {
    /// Transactions of this account.
    pub account: AccountId,
    /// Only transactions of this message.
    pub message: Option<ChargedMessage>,
    /// Only transactions of this list, or with a posting in its pool.
    pub list: Option<ListId>,
    /// Only transactions of these kinds.
    pub kinds: Option<Vec<TransactionKind>>,
    /// Only transactions of these actors.
    pub actor: Option<ActorFilter>,
    /// Only transactions booked at or after this instant.
    pub from: Option<Timestamp>,
    /// Only transactions booked before this instant.
    pub to: Option<Timestamp>,
}

/// Reads a page of an account's transactions, the newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
    window: Window,
) -> Result<Page<transaction::Model>, DbErr> {
    // Ordered by sequence number, because one command may book several transactions at one instant.
    let order = (transaction::Column::Sequence, transaction::Column::Id);
    let select = pages::within(connection, filter, window).await?;
    page(connection, select, order, Direction::Descending, window).await
}

/// Counts the transactions of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &TransactionFilter,
) -> Result<u64, DbErr> {
    let all = pages::all(connection, filter).await?;
    all.count(connection).await
}

/// Finds several transactions of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = TransactionId>,
) -> Result<Vec<transaction::Model>, DbErr> {
    let columns = (transaction::Column::AccountId, transaction::Column::Id);
    let ids = ids.into_iter().map(TransactionId::uuid).collect();
    routes::find(connection, transaction::Entity::find(), ids, columns).await
}

/// The credits that a transaction moved in one book and one pool, over all lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostingSum {
    /// The book.
    pub book: BookName,
    /// The list whose pool it is; `None` for the unassigned pool.
    pub list: Option<ListId>,
    /// Units of 1/10,000 credit, with a sign and never zero.
    pub units: i64,
}

/// Reads the postings of several transactions, each given by its account and sequence number:
/// summed by book and pool, without sums of zero, ordered by book and then by list.
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
    // PostgreSQL's sum has a wider type than the column, but one account's credits fit the column.
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
