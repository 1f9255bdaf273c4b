//! Transactions and their postings: what the ledger wrote, to read.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use domain::id::{AccountId, ListId, MessageId, TransactionId};
use entity::{sql_enums, transaction};
use futures_util::FutureExt;

use super::{
    contact_list::ContactList,
    errors::ApiError,
    ids::PublicId,
    loaders::{self, LoadError, Loader, Rows},
    message::Message,
    paging::{Nodes, connection},
    request::id,
    scalars::{Credits, DateTime},
};
use crate::{
    operations::{OperationError, Path, Services, transaction::AskedTransactions},
    store::{
        self,
        paging::{Place, Window},
        transaction::{PostingSum, TransactionFilter},
    },
};

/// One entry of the ledger.
#[derive(Debug, Clone)]
pub struct Transaction(pub transaction::Model);

/// One entry of the append-only ledger; its postings add up to zero.
#[Object]
impl Transaction {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        TransactionId::new(self.0.id).encode()
    }

    /// Why credits moved.
    async fn kind(&self) -> TransactionKind {
        self.0.kind.into()
    }

    /// What it did to the available balance; negative where it took away.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.0.available_change_units)
    }

    /// The list of the message, or the only list of an allocation; null where there is none.
    async fn list(&self, ctx: &Context<'_>) -> Option<Result<ContactList, ApiError>> {
        list_of(ctx, self.0.list_id.map(ListId::new))
            .await
            .transpose()
    }

    /// The message that it is about; null where there is none.
    async fn message(&self, ctx: &Context<'_>) -> Option<Result<Message, ApiError>> {
        let message = MessageId::new(self.0.message_id?);
        let found = loaders::load(ctx, message).await.transpose()?;
        Some(found.map(Message::new))
    }

    /// Why: the words of whoever gave or revoked credits; the name of the zone that the account changed to; for a
    /// release how many recipients had left the list. Null for what needs no reason.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// What it moved, summed over lots: one posting for each book and list, none for what adds up to
    /// nothing, in the order of the books.
    async fn postings(&self, ctx: &Context<'_>) -> Result<Vec<Posting>, ApiError> {
        let key = PostingsOf {
            account: AccountId::new(self.0.account_id),
            sequence: self.0.sequence,
        };
        let sums = loaders::load(ctx, key).await?.unwrap_or_default();
        Ok(sums.into_iter().map(Posting).collect())
    }

    /// As of when it was booked.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }
}

connection!(
    Transaction,
    TransactionConnection,
    TransactionEdge,
    "transactions"
);

/// Credits put into a book or taken out of it.
#[derive(Debug, Clone, Copy)]
pub struct Posting(pub PostingSum);

/// Credits put into a book (positive) or taken out of it (negative).
#[Object]
impl Posting {
    /// Which book.
    async fn book(&self) -> Book {
        self.0.book.into()
    }

    /// The list with a limit whose own credits it moves; null for the unassigned.
    async fn list(&self, ctx: &Context<'_>) -> Option<Result<ContactList, ApiError>> {
        list_of(ctx, self.0.list).await.transpose()
    }

    /// How many, signed.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.0.units)
    }
}

async fn list_of(ctx: &Context<'_>, id: Option<ListId>) -> Result<Option<ContactList>, ApiError> {
    match id {
        Some(id) => Ok(loaders::load(ctx, id).await?.map(ContactList)),
        None => Ok(None),
    }
}

/// Which transactions an account's list shows; a condition that is left out holds for all.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "TransactionFilter")]
pub struct TransactionFilterInput {
    /// Only those that concern this list: that are booked for it, or that move credits of its own.
    list_id: Option<ID>,
    /// Only these kinds; none of them where the list is empty.
    kind: Option<Vec<TransactionKind>>,
    /// Only those booked then or later.
    from: Option<DateTime>,
    /// Only those booked before.
    to: Option<DateTime>,
}

/// A page of an account's transactions.
pub(super) async fn connection(
    services: &Services,
    account: AccountId,
    filter: Option<TransactionFilterInput>,
    window: Window,
) -> Result<TransactionConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let asked = AskedTransactions {
        list: list(filter.list_id.as_ref())?,
        kinds: filter
            .kind
            .map(|kinds| kinds.into_iter().map(Into::into).collect()),
        from: filter.from.map(|from| from.0),
        to: filter.to.map(|to| to.0),
    };
    let (filter, page) = services.transactions(account, asked, window).await?;
    let counting = services.clone();
    Ok(TransactionConnection(Nodes::new(
        page,
        |row| Place {
            key: row.sequence,
            id: row.id,
        },
        Transaction,
        move || count(counting.clone(), filter.clone()).boxed(),
    )))
}

fn list(text: Option<&ID>) -> Result<Option<ListId>, OperationError> {
    let path = Path::argument("filter").at("listId");
    text.map(|text| id(text, &path, "list")).transpose()
}

async fn count(services: Services, filter: TransactionFilter) -> Result<u64, sea_orm::DbErr> {
    store::transaction::count(services.store.reader(), &filter).await
}

impl Loader<TransactionId> for Rows {
    type Value = transaction::Model;

    async fn load(
        &self,
        ids: &[TransactionId],
    ) -> Result<HashMap<TransactionId, transaction::Model>, LoadError> {
        let reader = self.services.store.reader();
        let rows = store::transaction::find_all(reader, ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| self.viewer.sees(AccountId::new(row.account_id)))
            .map(|row| (TransactionId::new(row.id), row))
            .collect())
    }
}

/// Names a transaction whose postings are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostingsOf {
    account: AccountId,
    sequence: i64,
}

impl Loader<PostingsOf> for Rows {
    type Value = Vec<PostingSum>;

    async fn load(
        &self,
        keys: &[PostingsOf],
    ) -> Result<HashMap<PostingsOf, Vec<PostingSum>>, LoadError> {
        let seen = keys
            .iter()
            .filter(|key| self.viewer.sees(key.account))
            .map(|key| (key.account, key.sequence));
        let sums = store::transaction::postings(self.services.store.reader(), seen).await?;
        Ok(sums
            .into_iter()
            .map(|((account, sequence), sums)| (PostingsOf { account, sequence }, sums))
            .collect())
    }
}

/// Why credits moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::TransactionKind")]
pub enum TransactionKind {
    /// A package was paid for.
    Purchase,
    /// The automatic recharge bought a package.
    Recharge,
    /// Credits were given by the platform.
    Grant,
    /// A balance was corrected downward.
    Revocation,
    /// Credits moved between the unassigned and lists with a limit.
    Allocation,
    /// Credits were set aside for a scheduled message.
    Hold,
    /// Credits that were set aside came back.
    Release,
    /// A message was charged.
    Spend,
    /// A lot's expiration day came.
    Expiry,
    /// The account's time zone changed: lots keep their expiration days, which begin at other instants. No credits move.
    TimeZoneChange,
}

/// Where a posting puts credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::BookName")]
pub enum Book {
    /// What the account was given: it goes down as credits come in.
    Issued,
    /// What can be spent.
    Available,
    /// What is set aside for scheduled messages.
    Held,
    /// What messages have cost.
    Spent,
    /// What was left of lots on their expiration day.
    Expired,
    /// What was corrected downward.
    Revoked,
}
