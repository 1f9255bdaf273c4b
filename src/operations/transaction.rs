//! Transactions: reading the ledger.

use domain::id::{AccountId, ListId, TransactionId};
use entity::{sql_enums::TransactionKind, transaction};

use super::{OperationError, Path, Services, input};
use crate::store::{
    self,
    sql::paging::{Page, Window},
    transaction::TransactionFilter,
};

/// The filter of `transactions`.
#[derive(Debug, Default)]
pub struct AskedTransactions {
    /// Only transactions that concern this list.
    pub list: Option<ListId>,
    /// Only transactions of these kinds.
    pub kinds: Option<Vec<TransactionKind>>,
    /// Only transactions booked at this instant or later.
    pub from: Option<String>,
    /// Only transactions booked before this instant.
    pub to: Option<String>,
}

impl Services {
    /// A page of an account's transactions.
    ///
    /// # Errors
    /// An unknown list or an invalid instant, at its field of the filter.
    pub async fn transactions(
        &self,
        account: AccountId,
        asked: AskedTransactions,
        window: Window,
    ) -> Result<(TransactionFilter, Page<transaction::Model>), OperationError> {
        let path = Path::argument("filter");
        let instant = |text: Option<String>, name| {
            text.map(|text| input::instant(&text, &path.at(name)))
                .transpose()
        };
        let from = instant(asked.from, "from")?;
        let to = instant(asked.to, "to")?;
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(path.at("to").invalid("Must not be before from.").into());
        }
        if let Some(list) = asked.list {
            store::contact_list::find(self.store.reader(), list)
                .await?
                .filter(|row| row.account_id == account.uuid())
                .ok_or_else(|| path.at("listId").not_found("list"))?;
        }
        let filter = TransactionFilter {
            account,
            list: asked.list,
            kinds: asked.kinds,
            from,
            to,
        };
        let page = store::transaction::list(self.store.reader(), &filter, window).await?;
        Ok((filter, page))
    }

    /// One transaction of any account.
    pub(super) async fn transaction(
        &self,
        id: TransactionId,
    ) -> Result<Option<transaction::Model>, OperationError> {
        Ok(store::transaction::find_all(self.store.reader(), [id])
            .await?
            .pop())
    }
}
