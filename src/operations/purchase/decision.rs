//! What becomes of a purchase: its buyer approves or declines it, or nobody does in time.
//!
//! Here: from the decision to the ledger. Not here: how it began, and the page ([`crate::http::checkout`]).

use domain::{
    id::{AccountId, LotId, PackageId, PurchaseId},
    money::Money,
};
use entity::{account, purchase, sql_enums::PurchaseStatus};
use jiff::Timestamp;
use url::Url;

use super::{
    super::{OperationError, Path, RefusalCode, Services},
    PATIENCE, as_of, deadline, price,
};
use crate::{
    ledger::{Act, Refused, Request, SubmitError},
    store,
};

/// Purchases that one pass gives up at most: the next pass goes on.
const MAX_EXPIRED_AT_ONCE: u64 = 500;

/// What the approve page shows.
#[derive(Debug)]
pub struct Checkout {
    /// The purchase as it stands.
    pub purchase: purchase::Model,
    /// For whom.
    pub account_name: String,
    /// What is bought.
    pub package_name: String,
    /// What it costs.
    pub price: Money,
    /// Where the buyer may go on, if the account allows it now.
    pub return_url: Option<Url>,
    /// Whether its page may still decide it.
    pub may_be_decided: bool,
}

/// A purchase after a decision.
#[derive(Debug)]
pub struct Decided {
    /// The purchase as it stands then.
    pub purchase: purchase::Model,
    /// Where the buyer may go on, if the account allows it now.
    pub return_url: Option<Url>,
}

impl Services {
    /// What a buyer sees of a purchase on its approve page.
    ///
    /// # Errors
    /// Not found, for a token that opens none.
    pub async fn checkout(&self, token: &str) -> Result<Checkout, OperationError> {
        let purchase = self.purchase_of_token(token).await?;
        let account = self.account_of(&purchase).await?;
        Ok(Checkout {
            return_url: self.return_url_of(&account, &purchase),
            account_name: account.name,
            package_name: self.package_name(&purchase).await?,
            price: price(&purchase)?,
            may_be_decided: self.may_be_decided(&purchase),
            purchase,
        })
    }

    /// Approves or declines the purchase that a sandbox token opens, and answers it as it stands then. The
    /// first decision counts; the credits of an approved one come in exactly once (law R1).
    ///
    /// # Errors
    /// Not found, for a token that opens none; a refusal, if the sandbox is no longer used or the account can't hold
    /// so many credits.
    pub async fn decide_purchase(
        &self,
        token: &str,
        approve: bool,
    ) -> Result<Decided, OperationError> {
        let row = self.purchase_of_token(token).await?;
        let account = self.account_of(&row).await?;
        let return_url = self.return_url_of(&account, &row);
        if row.status != PurchaseStatus::Pending {
            return Ok(Decided {
                purchase: row,
                return_url,
            });
        }
        if !self.may_be_decided(&row) {
            let refusal = Path::argument("token").refuse(
                RefusalCode::Conflict,
                "This purchase was begun in the sandbox, which this server no longer uses. It can be neither \
                 approved nor declined, and will expire. Nothing was changed.",
            );
            return Err(refusal.into());
        }
        if approve {
            self.credit_purchase(&row).await?;
        } else {
            self.close_purchase(&row, PurchaseStatus::Declined, self.clock.now())
                .await?;
        }
        Ok(Decided {
            purchase: self.purchase_again(&row).await?,
            return_url,
        })
    }

    async fn account_of(&self, row: &purchase::Model) -> Result<account::Model, OperationError> {
        let account = AccountId::new(row.account_id);
        store::account::find(self.store.reader(), account)
            .await?
            .ok_or_else(|| OperationError::broken("a purchase has no account"))
    }

    /// It was checked when it came in; the account may allow less by now, and earlier versions allowed more.
    fn return_url_of(&self, account: &account::Model, row: &purchase::Model) -> Option<Url> {
        let url: Url = row.return_url.as_deref()?.parse().ok()?;
        self.may_return_to(account, &url).then_some(url)
    }

    /// Books the credits of a purchase that was paid, whoever says so and however often.
    async fn credit_purchase(&self, row: &purchase::Model) -> Result<(), OperationError> {
        let request = Request {
            account: AccountId::new(row.account_id),
            act: Act::Credit {
                purchase: PurchaseId::new(row.id),
                lot: LotId::new(self.clock.new_id()),
            },
            key: None,
            at: None,
        };
        match self.ledger.submit(request).await {
            // What was decided meanwhile stays as it was decided.
            Ok(_)
            | Err(SubmitError::Refused(Refused::AlreadyCredited | Refused::PurchaseClosed)) => {
                Ok(())
            }
            Err(error) => Err(OperationError::from_ledger(error, &Path::argument("token"))),
        }
    }

    /// Gives up the purchases that nobody decided in time. Answers how many.
    ///
    /// # Errors
    /// A fault.
    pub async fn expire_purchases(&self) -> Result<usize, OperationError> {
        let begun = self
            .clock
            .now()
            .checked_sub(PATIENCE)
            .unwrap_or(Timestamp::MIN);
        let reader = self.store.reader();
        let rows = store::purchase::waiting_since(reader, begun, MAX_EXPIRED_AT_ONCE).await?;
        let mut expired = 0;
        for row in rows {
            self.close_purchase(&row, PurchaseStatus::Expired, deadline(&row))
                .await?;
            expired += 1;
        }
        Ok(expired)
    }

    /// Decides a purchase in any way but paid, where it still waits. The book is locked first, as by the
    /// ledger, so that no purchase is both credited and closed.
    pub(super) async fn close_purchase(
        &self,
        row: &purchase::Model,
        status: PurchaseStatus,
        at: Timestamp,
    ) -> Result<(), OperationError> {
        let transaction = self.store.begin().await?;
        store::book::lock(&transaction, [AccountId::new(row.account_id)]).await?;
        store::purchase::close(&transaction, row, status, at).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(super) async fn purchase_again(
        &self,
        row: &purchase::Model,
    ) -> Result<purchase::Model, OperationError> {
        let (account, id) = (AccountId::new(row.account_id), PurchaseId::new(row.id));
        let row = store::purchase::find(self.store.reader(), account, id).await?;
        row.map(|row| as_of(row, self.clock.now()))
            .ok_or_else(|| OperationError::broken("a purchase is gone"))
    }

    pub(super) async fn package_name(
        &self,
        row: &purchase::Model,
    ) -> Result<String, OperationError> {
        let id = PackageId::new(row.package_id);
        let package = store::credit_package::find(self.store.reader(), id).await?;
        Ok(package
            .ok_or_else(|| OperationError::broken("a purchase has no package"))?
            .name)
    }
}
