//! The decision of a purchase: its buyer approves or declines it, or it expires.
//!
//! Here: from the decision to the ledger. Not here: starting a purchase, and the page
//! ([`crate::http::checkout`]).

use domain::{
    calendar,
    id::{AccountId, LotId, PackageId, PurchaseId},
    money::Money,
};
use entity::{account, purchase, sql_enums::PurchaseStatus};
use jiff::{Timestamp, civil::Date};
use url::Url;

use super::{
    super::{OperationError, Path, RefusalCode, Services, account::time_zone},
    price,
};
use crate::{
    ledger::{Refused, Request, RequestKind, SubmitError},
    store::{self, actor::Actor},
};

/// The content of the approve page.
#[derive(Debug)]
pub struct Checkout {
    /// The purchase in its current state.
    pub purchase: purchase::Model,
    /// The name of the account that buys.
    pub account_name: String,
    /// The name of the package.
    pub package_name: String,
    /// The price of the package.
    pub price: Money,
    /// The page that the buyer may return to, if the account allows it now.
    pub return_url: Option<Url>,
    /// Whether the purchase can still be decided.
    pub may_be_decided: bool,
    /// How long its credits can be used, if it is approved now or was paid; `None` otherwise.
    pub usable: Option<Usable>,
}

/// How long credits can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usable {
    /// To the end of this day: the day before the one at whose first instant they expire (law L2).
    Through(Date),
    /// They never expire.
    ForGood,
}

/// A purchase after a decision.
#[derive(Debug)]
pub struct Decided {
    /// The purchase in its state after the decision.
    pub purchase: purchase::Model,
    /// The page that the buyer may return to, if the account allows it now.
    pub return_url: Option<Url>,
}

impl Services {
    /// The content of a purchase's approve page.
    ///
    /// # Errors
    /// `NotFound` if the token names no purchase.
    pub async fn checkout(&self, token: &str) -> Result<Checkout, OperationError> {
        let purchase = self.purchase_of_token(token).await?;
        let account = self.account_of(&purchase).await?;
        Ok(Checkout {
            usable: self.usable(&account, &purchase).await?,
            return_url: self.return_url_of(&account, &purchase),
            account_name: account.name,
            package_name: self.package_name(&purchase).await?,
            price: price(&purchase)?,
            may_be_decided: self.may_be_decided(&purchase),
            purchase,
        })
    }

    /// How long a purchase's credits can be used.
    async fn usable(
        &self,
        account: &account::Model,
        row: &purchase::Model,
    ) -> Result<Option<Usable>, OperationError> {
        let broken = |cause: &dyn std::fmt::Display| {
            OperationError::broken(format!("the days of purchase {}: {cause}", row.id))
        };
        let expires_on = match row.status {
            PurchaseStatus::Pending | PurchaseStatus::Unknown => match row.validity_days {
                None => None,
                Some(days) => {
                    let days = u32::try_from(days).map_err(|cause| broken(&cause))?;
                    let now = self.clock().now();
                    let expiry = calendar::expires_at(now, days, &time_zone(account)?);
                    Some(expiry.map_err(|cause| broken(&cause))?.0)
                }
            },
            PurchaseStatus::Paid => {
                let id = row.lot_id.ok_or_else(|| broken(&"it has no lot"))?;
                let of = (AccountId::new(row.account_id), LotId::new(id));
                let lot = store::lot::find(self.store().reader(), of.0, of.1).await?;
                let lot = lot.ok_or_else(|| broken(&"its lot is missing"))?;
                let day = lot.expires_on.as_deref().map(str::parse).transpose();
                day.map_err(|cause: jiff::Error| broken(&cause))?
            }
            PurchaseStatus::Declined | PurchaseStatus::Expired | PurchaseStatus::Failed => {
                return Ok(None);
            }
        };
        let Some(day) = expires_on else {
            return Ok(Some(Usable::ForGood));
        };
        let last = day.yesterday().map_err(|cause| broken(&cause))?;
        Ok(Some(Usable::Through(last)))
    }

    /// Approves or declines the purchase of a sandbox token, and returns it in its new state. The
    /// first decision counts, and the credits of an approved purchase come in exactly once (law
    /// R1).
    ///
    /// # Errors
    /// `NotFound` if the token names no purchase. `Conflict` if the sandbox is no longer used. A
    /// refusal if the account can't hold so many credits.
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
                text!("This purchase was begun with a payment provider that this server no longer uses. It can be neither \
                 approved nor declined, and will expire. Nothing was changed."),
            );
            return Err(refusal.into());
        }
        if approve {
            self.credit_purchase(&row, false).await?;
        } else {
            self.close_purchase(&row, PurchaseStatus::Declined, None, self.clock().now())
                .await?;
        }
        Ok(Decided {
            purchase: self.purchase_again(&row).await?,
            return_url,
        })
    }

    pub(in crate::operations) async fn account_of(
        &self,
        row: &purchase::Model,
    ) -> Result<account::Model, OperationError> {
        let account = AccountId::new(row.account_id);
        store::account::find(self.store().reader(), account)
            .await?
            .ok_or_else(|| OperationError::broken("a purchase has no account"))
    }

    /// Checked again, because the account may allow fewer origins now, and earlier versions allowed
    /// more.
    pub(in crate::operations) fn return_url_of(
        &self,
        account: &account::Model,
        row: &purchase::Model,
    ) -> Option<Url> {
        let url: Url = row.return_url.as_deref()?.parse().ok()?;
        self.may_return_to(account, &url).then_some(url)
    }

    /// Books the credits of a paid purchase, whoever reports the payment and however often.
    pub(in crate::operations) async fn credit_purchase(
        &self,
        row: &purchase::Model,
        is_confirmed: bool,
    ) -> Result<(), OperationError> {
        let path = Path::argument("token");
        let provider = Actor::Provider(row.provider.clone());
        self.credit_or_refuse(row, provider, is_confirmed, &path)
            .await
    }

    /// The same, with the argument that a refusal is about.
    pub(super) async fn credit_or_refuse(
        &self,
        row: &purchase::Model,
        actor: Actor,
        is_confirmed: bool,
        path: &Path,
    ) -> Result<(), OperationError> {
        let request = Request {
            account: AccountId::new(row.account_id),
            actor,
            kind: RequestKind::Credit {
                purchase: PurchaseId::new(row.id),
                lot: LotId::new(self.clock().new_id_in(row.account_id)),
                is_confirmed,
            },
            key: None,
            at: None,
        };
        match self.ledger().submit(request).await {
            // A purchase that was decided meanwhile keeps that decision.
            Ok(_)
            | Err(SubmitError::Refused(Refused::AlreadyCredited | Refused::PurchaseClosed)) => {
                Ok(())
            }
            Err(error) => Err(OperationError::from_ledger(error, path)),
        }
    }

    /// Closes a purchase that isn't paid if it is still open. It locks the book first, as the
    /// ledger does, so that no purchase is both credited and closed.
    pub(in crate::operations) async fn close_purchase(
        &self,
        row: &purchase::Model,
        status: PurchaseStatus,
        reason: Option<&str>,
        at: Timestamp,
    ) -> Result<(), OperationError> {
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [AccountId::new(row.account_id)]).await?;
        let at = (at, self.clock().now());
        store::purchase::endings::close(&transaction, row, status, reason, at).await?;
        transaction.commit().await?;
        self.tell_of_purchases(AccountId::new(row.account_id));
        Ok(())
    }

    pub(in crate::operations) async fn purchase_again(
        &self,
        row: &purchase::Model,
    ) -> Result<purchase::Model, OperationError> {
        let (account, id) = (AccountId::new(row.account_id), PurchaseId::new(row.id));
        let row = store::purchase::find(self.store().reader(), account, id).await?;
        row.map(|row| self.purchase_as_of(row, self.clock().now()))
            .ok_or_else(|| OperationError::broken("a purchase is gone"))
    }

    pub(in crate::operations) async fn package_name(
        &self,
        row: &purchase::Model,
    ) -> Result<String, OperationError> {
        let id = PackageId::new(row.package_id);
        let package = store::credit_package::find(self.store().reader(), id).await?;
        Ok(package
            .ok_or_else(|| OperationError::broken("a purchase has no package"))?
            .name)
    }
}
