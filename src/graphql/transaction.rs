//! Transactions and their postings: reading the ledger.

use async_graphql::{Context, Enum, ID, InputObject, Object};
use domain::id::{AccountId, ListId, MessageId, TransactionId};
use entity::{message, sql_enums, transaction};

use super::{
    account::{self, Account},
    actor::{self, Actor, ActorFilterInput},
    contact_list::ContactList,
    engine::{
        errors::ApiError,
        ids::PublicId,
        loaders,
        paging::{Nodes, connection},
        request::{optional_id, reader},
    },
    lot::CreditLot,
    message::Message,
    scalars::{Credits, DateTime},
};
use crate::operations::{
    Path,
    reader::{PostedLotsOf, PostingsOf, Window},
    transaction::{AskedTransactions, LotSum, PostingSum},
};

/// One entry of the ledger.
#[derive(Debug, Clone)]
pub struct Transaction(pub transaction::Model);

/// One entry of the append-only ledger. Its postings add up to zero. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl Transaction {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        TransactionId::new(self.0.id).encode()
    }

    /// The account whose credits moved.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        account::of(ctx, AccountId::new(self.0.account_id)).await
    }

    /// The reason why credits moved.
    async fn kind(&self) -> TransactionKind {
        self.0.kind.into()
    }

    /// The change of the available balance, negative if credits were taken.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.0.available_change_units)
    }

    /// The available balance right after the entry: that of the entry before it, changed by
    /// credits.
    async fn available_after(&self) -> Credits {
        Credits::from_units(self.0.available_units)
    }

    /// The list of the message, or the only list of an allocation; null if there is none.
    async fn list(&self, ctx: &Context<'_>) -> Option<Result<ContactList, ApiError>> {
        list_of(ctx, self.0.list_id.map(ListId::new))
            .await
            .transpose()
    }

    /// The message that the entry is about; null if there is none.
    async fn message(&self, ctx: &Context<'_>) -> Option<Result<Message, ApiError>> {
        let message = MessageId::new(self.0.message_id?);
        let found = loaders::load(ctx, message).await.transpose()?;
        Some(found.map(Message::new))
    }

    /// The reason: the note of a grant or a revocation, the name of the new time zone, or how many
    /// recipients had left the list of a released hold. Null for other transactions.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// The postings summed over lots, one for each book and list in the order of the books. Sums of
    /// zero are left out.
    async fn postings(&self, ctx: &Context<'_>) -> Result<Vec<Posting>, ApiError> {
        let key = PostingsOf {
            account: AccountId::new(self.0.account_id),
            sequence: self.0.sequence,
        };
        let sums = loaders::load(ctx, key).await?.unwrap_or_default();
        let of = PostedLotsOf {
            account: key.account,
            sequence: key.sequence,
        };
        let posting = |sum| Posting { sum, of };
        Ok(sums.into_iter().map(posting).collect())
    }

    /// Who did it; null for transactions from before actors were recorded.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Actor, ApiError>> {
        actor::of(ctx, self.0.account_id, self.0.actor_id)
            .await
            .transpose()
    }

    /// The instant as of which the entry was booked.
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
pub struct Posting {
    sum: PostingSum,
    /// Its transaction's lots.
    of: PostedLotsOf,
}

impl Posting {
    async fn sums(&self, ctx: &Context<'_>) -> Result<Vec<LotSum>, ApiError> {
        let all = loaders::load(ctx, self.of).await?.unwrap_or_default();
        let own = |sum: &LotSum| (sum.book, sum.list) == (self.sum.book, self.sum.list);
        Ok(all.into_iter().filter(own).collect())
    }
}

/// Credits put into a book (positive) or taken out of it (negative). Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl Posting {
    /// The book that the posting is for.
    async fn book(&self) -> Book {
        self.sum.book.into()
    }

    /// The list whose own credits are moved; null for the unassigned credits.
    async fn list(&self, ctx: &Context<'_>) -> Option<Result<ContactList, ApiError>> {
        list_of(ctx, self.sum.list).await.transpose()
    }

    /// The number of credits, negative if they are taken out of the book.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.sum.units)
    }

    /// The lots whose credits are moved, in the order in which they are spent, at most 100. Empty
    /// in SPENT, EXPIRED and REVOKED, whose credits are no lot's any more, and in an allocation.
    async fn lots(&self, ctx: &Context<'_>) -> Result<Vec<PostingLot>, ApiError> {
        Ok(self.sums(ctx).await?.into_iter().map(PostingLot).collect())
    }

    /// The number of lots whose credits are moved, also of those beyond the first 100.
    async fn lot_count(&self, ctx: &Context<'_>) -> Result<i64, ApiError> {
        let sums = self.sums(ctx).await?;
        Ok(sums.first().map_or(0, |sum| sum.lots))
    }
}

/// Credits of one lot in a posting.
#[derive(Debug, Clone, Copy)]
pub struct PostingLot(LotSum);

/// The credits of one lot that a posting moves. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER,
/// MEMBER or VIEWER.
#[Object]
impl PostingLot {
    /// The lot as it is now.
    async fn lot(&self, ctx: &Context<'_>) -> Result<CreditLot, ApiError> {
        let lot = loaders::load(ctx, self.0.lot).await?;
        lot.map(CreditLot).ok_or(ApiError::NotFound)
    }

    /// The number of the lot's credits, negative if they are taken out of the book.
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

/// The conditions that listed transactions meet. A condition that is left out doesn't restrict the
/// list.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "TransactionFilter")]
pub struct TransactionFilterInput {
    /// Returns only transactions that are booked for this list or move its own credits.
    list_id: Option<ID>,
    /// Returns only transactions of these kinds, and none if the list is empty.
    kinds: Option<Vec<TransactionKind>>,
    /// Returns only transactions of this actor.
    actor: Option<ActorFilterInput>,
    /// Returns only transactions booked at or after this instant.
    from: Option<DateTime>,
    /// Returns only transactions booked before this instant.
    to: Option<DateTime>,
}

impl TransactionFilterInput {
    /// Reads the conditions at a path.
    pub(super) fn read_at(self, path: &Path) -> AskedTransactions {
        let list = self.list_id.as_ref();
        let actor = self.actor;
        AskedTransactions {
            list: optional_id(list),
            kinds: self
                .kinds
                .map(|kinds| kinds.into_iter().map(Into::into).collect()),
            actor: actor.map(|actor| actor.read_at(path.at("actor"))),
            from: self.from.map(|from| from.0),
            to: self.to.map(|to| to.0),
        }
    }
}

/// A page of an account's transactions.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: AccountId,
    filter: Option<TransactionFilterInput>,
    window: Window,
) -> Result<TransactionConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let asked = filter.read_at(&Path::argument("filter"));
    let transactions = reader(ctx)?.transactions(account, asked, window).await?;
    Ok(TransactionConnection(Nodes::new(transactions, Transaction)))
}

/// A page of a message's transactions.
pub(super) async fn of_message(
    ctx: &Context<'_>,
    message: &message::Model,
    window: Window,
) -> Result<TransactionConnection, ApiError> {
    let transactions = reader(ctx)?.message_transactions(message, window).await?;
    Ok(TransactionConnection(Nodes::new(transactions, Transaction)))
}

/// The reason why credits moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::TransactionKind")]
pub enum TransactionKind {
    /// A one-time payment bought a package.
    Purchase,
    /// The automatic recharge bought a package.
    Recharge,
    /// The platform gave credits.
    Grant,
    /// The platform took credits back.
    Revocation,
    /// Credits moved between the unassigned ones and lists with a limit.
    Allocation,
    /// Credits were held for a scheduled message.
    Hold,
    /// Held credits were released.
    Release,
    /// A message was charged.
    Spend,
    /// Credits expired with their lot.
    Expiry,
    /// The account's time zone changed: lots keep their expiration days, which begin at other
    /// instants. No credits move.
    TimeZoneChange,
    /// The payment provider took a payment back, such as by a refund. What was left of its credits
    /// was revoked, and the rest became debt as far as it was used.
    Chargeback,
    /// Credits paid what the account owed: bought credits, or ones that a hold gave back to a lot
    /// whose payment was taken back.
    DebtPayment,
}

/// The book of the double-entry ledger that a posting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::BookName")]
pub enum Book {
    /// The source of all credits, whose balance falls as credits come in.
    Issued,
    /// What can be spent.
    Available,
    /// Credits that are held for scheduled messages.
    Held,
    /// Credits that messages were charged.
    Spent,
    /// Credits that were left in lots when they expired.
    Expired,
    /// Credits that the platform took back, or the payment provider with their payment.
    Revoked,
    /// Credits that the account owes, as a negative number.
    Debt,
}
