//! Transactions: reading the ledger.

use domain::id::{AccountId, ListId, MessageId, TransactionId};
use entity::{message, sql_enums::TransactionKind, transaction};

use super::{
    OperationError, Path, Services, ViewerReader,
    actor::AskedActor,
    input,
    reader::{Listing, Owned, Window},
    together::Together,
};
pub use crate::store::transaction::{LotSum, PostingSum};
use crate::store::{
    self,
    transaction::{ChargedMessage, TransactionFilter},
};

/// The filter of `transactions`.
#[derive(Debug, Default)]
pub struct AskedTransactions {
    /// Only transactions that concern this list.
    pub list: Option<ListId>,
    /// Only transactions of these kinds.
    pub kinds: Option<Vec<TransactionKind>>,
    /// Only transactions of these actors.
    pub actor: Option<AskedActor>,
    /// Only transactions booked at this instant or later.
    pub from: Option<String>,
    /// Only transactions booked before this instant.
    pub to: Option<String>,
}

impl ViewerReader {
    /// A page of an account's transactions.
    ///
    /// # Errors
    /// An unknown list or an invalid instant, at its field of the filter.
    pub async fn transactions(
        &self,
        account: AccountId,
        asked: AskedTransactions,
        window: Window,
    ) -> Result<Listing<transaction::Model>, OperationError> {
        let path = Path::argument("filter");
        let filter = self.transaction_filter(account, asked, &path).await?;
        self.list(filter, window).await
    }

    /// A page of a message's transactions.
    ///
    /// # Errors
    /// None but a database error.
    pub async fn message_transactions(
        &self,
        message: &message::Model,
        window: Window,
    ) -> Result<Listing<transaction::Model>, OperationError> {
        let charged = ChargedMessage {
            id: MessageId::new(message.id),
            sent_at: message.sent_at,
        };
        let filter = TransactionFilter {
            account: AccountId::new(message.account_id),
            message: Some(charged),
            list: None,
            kinds: None,
            actor: None,
            from: None,
            to: None,
        };
        self.list(filter, window).await
    }

    /// The transactions of an account that meet the conditions at a path.
    ///
    /// # Errors
    /// An unknown list or an invalid instant, at its field of the filter.
    pub(super) async fn transaction_filter(
        &self,
        account: AccountId,
        asked: AskedTransactions,
        path: &Path,
    ) -> Result<TransactionFilter, OperationError> {
        let instant = |text: Option<String>, name| {
            text.map(|text| input::instant(&text, &path.at(name)))
                .transpose()
        };
        let list = match asked.list {
            Some(list) => {
                let row = self.by_key(list).await?;
                let row = row.filter(|row| row.belongs_to(account));
                let missing = || path.at("listId").not_found(text!("list"));
                row.map(drop).ok_or_else(missing)
            }
            None => Ok(()),
        };
        let actor = self.actor_filter(account, asked.actor).await;
        let checks = (
            list,
            actor,
            instant(asked.from, "from"),
            instant(asked.to, "to"),
        );
        let ((), actor, from, to) = checks.together()?;
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(path
                .at("to")
                .invalid(text!("Must not be before from."))
                .into());
        }
        Ok(TransactionFilter {
            account,
            message: None,
            list: asked.list,
            kinds: asked.kinds,
            actor,
            from,
            to,
        })
    }
}

impl Services {
    /// One transaction of any account.
    pub(super) async fn transaction(
        &self,
        id: TransactionId,
    ) -> Result<Option<transaction::Model>, OperationError> {
        Ok(store::transaction::find_all(self.store().reader(), [id])
            .await?
            .pop())
    }
}
