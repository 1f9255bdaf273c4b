//! Purchases: starting a one-time payment.
//!
//! Here: from the request to the provider. Not here: the page where it is approved ([`checkout`]),
//! the buyer's decision ([`decision`]), the page the buyer returns to ([`return_url`]), and the
//! providers ([`crate::payments`]).

mod checkout;
mod decision;
pub mod return_url;

use domain::{
    credits::Credits,
    id::{AccountId, PackageId, PurchaseId},
    money::Money,
};
use entity::{account, credit_package, idempotency_key, purchase, sql_enums::PurchaseStatus};
use jiff::{SignedDuration, Timestamp};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

pub use decision::{Checkout, Decided};
use return_url::return_url;

use super::{
    OperationError, Path, RefusalCode, Services, Viewer, ViewerReader, idempotency,
    input::known_currency,
    reader::{Listing, Purchases, Window},
};
use crate::{
    clock::whole_micros,
    ledger::{Answer, Key, Refused, SubmitError},
    payments::{Charge, PaymentError, Provider, Started},
    store,
};

/// How long a purchase waits for its buyer, as with payment providers.
const PATIENCE: SignedDuration = SignedDuration::from_hours(48);

/// The input of `purchaseCredits`.
#[derive(Debug)]
pub struct PurchaseCredits {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The package to buy.
    pub package: PackageId,
    /// The page that the buyer returns to afterwards.
    pub return_url: Option<String>,
    /// The idempotency key, unique in the account.
    pub idempotency_key: String,
}

/// The arguments of a purchase as the caller gave them, for the fingerprint of its key.
#[derive(Serialize)]
struct PurchaseArguments<'a> {
    account: Uuid,
    package: Uuid,
    return_url: Option<&'a str>,
}

/// A purchase at an instant. One that waited too long is shown as expired, even if no job has
/// recorded that yet.
#[must_use]
pub fn as_of(row: purchase::Model, now: Timestamp) -> purchase::Model {
    let deadline = deadline(&row);
    if row.status == PurchaseStatus::Pending && deadline <= now {
        return purchase::Model {
            status: PurchaseStatus::Expired,
            decided_at: Some(deadline.as_microsecond()),
            ..row
        };
    }
    row
}

fn deadline(row: &purchase::Model) -> Timestamp {
    whole_micros(row.created_at)
        .checked_add(PATIENCE)
        .unwrap_or(Timestamp::MAX)
}

/// The price of a purchase.
///
/// # Errors
/// A fault if the row holds an unknown currency.
pub fn price(row: &purchase::Model) -> Result<Money, OperationError> {
    known_currency(&row.currency_code)
        .map(|currency| Money::new(row.price_minor, currency))
        .ok_or_else(|| OperationError::broken(format!("purchase {} has no currency", row.id)))
}

impl Services {
    /// Whether the purchase was started with the provider in use. Nobody can decide one that was
    /// started with another provider, and it expires: approving it would give credits that are no
    /// longer sold this way.
    fn may_be_decided(&self, row: &purchase::Model) -> bool {
        let used = self.payments();
        used.is_some_and(|used| used.name() == row.provider)
    }

    /// The payment provider.
    ///
    /// # Errors
    /// A refusal if no provider is configured.
    fn provider(&self) -> Result<&Provider, OperationError> {
        self.payments().ok_or_else(|| {
            payment_failed(
                "Nothing can be bought on this server: its operator has chosen no payment provider. No purchase was \
                 begun.",
            )
        })
    }
}

impl ViewerReader {
    /// A page of an account's purchases in their current states.
    pub async fn purchases(
        &self,
        account: AccountId,
        window: Window,
    ) -> Result<Listing<purchase::Model>, OperationError> {
        self.list(Purchases(account), window).await
    }
}

impl Services {
    /// Starts a one-time payment. The same key returns the same purchase in its current state, and
    /// starts its payment if a crash prevented that.
    ///
    /// # Errors
    /// An unknown account or package, a package in another currency, a forbidden return URL, an
    /// invalid key, too many unpaid purchases, and `PaymentFailed` if the provider refuses.
    pub async fn purchase_credits(
        &self,
        viewer: &Viewer,
        new: PurchaseCredits,
    ) -> Result<purchase::Model, OperationError> {
        let account = self
            .account_for(viewer, new.account, &Path::input("accountId"))
            .await?;
        let return_url = new.return_url.as_deref().map(return_url).transpose()?;
        let arguments = PurchaseArguments {
            account: account.id,
            package: new.package.uuid(),
            return_url: new.return_url.as_deref(),
        };
        let key = idempotency::key(&new.idempotency_key, "purchaseCredits", &arguments)?;
        let row = self
            .begin_purchase(&account, new.package, return_url, key)
            .await?;
        self.start_payment(&account, as_of(row, self.clock().now()))
            .await
    }

    /// Stores a purchase with its key, or finds the purchase of the key.
    async fn begin_purchase(
        &self,
        account: &account::Model,
        package: PackageId,
        return_url: Option<Url>,
        key: Key,
    ) -> Result<purchase::Model, OperationError> {
        let id = AccountId::new(account.id);
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [id]).await?;
        if let Some(used) = store::idempotency_key::find(&transaction, id, &key.key).await? {
            return repeated(&transaction, id, &used, &key).await;
        }
        let provider = self.provider()?;
        // An earlier purchase is answered again, whatever the account allows now.
        if let Some(url) = &return_url {
            self.check_return_to(account, url)?;
        }
        let package = store::credit_package::find(&transaction, package)
            .await?
            .filter(|package| package.archived_at.is_none())
            .ok_or_else(|| Path::input("packageId").not_found("package"))?;
        if package.currency_code != account.currency_code {
            return Err(Path::input("packageId")
                .invalid(format!(
                    "The package is sold in {} and the account pays in {}.",
                    package.currency_code, account.currency_code
                ))
                .into());
        }
        let since = self
            .clock()
            .now()
            .checked_sub(PATIENCE)
            .unwrap_or(Timestamp::MIN);
        let unpaid = store::purchase::unpaid(&transaction, id, since).await?;
        self.refuse_more_purchases(id, unpaid)?;
        let row = self.new_purchase(id, &package, return_url, provider);
        let answer = Answer {
            transaction: None,
            lot: None,
            lot_expires_at: None,
            purchase: Some(row.id),
            message: None,
            balance: None,
            row: None,
        };
        let used = idempotency_key::Model {
            account_id: account.id,
            key: key.key,
            fingerprint: key.fingerprint.to_vec(),
            answer: serde_json::to_string(&answer)
                .map_err(|cause| OperationError::broken(cause.to_string()))?,
            created_at: row.created_at,
        };
        store::purchase::insert(&transaction, row.clone()).await?;
        store::idempotency_key::insert(&transaction, used).await?;
        transaction.commit().await?;
        Ok(row)
    }

    fn new_purchase(
        &self,
        account: AccountId,
        package: &credit_package::Model,
        return_url: Option<Url>,
        provider: &Provider,
    ) -> purchase::Model {
        purchase::Model {
            account_id: account.uuid(),
            id: self.clock().new_id(),
            status: PurchaseStatus::Pending,
            package_id: package.id,
            credits_units: package.credits_units,
            price_minor: package.price_minor,
            currency_code: package.currency_code.clone(),
            validity_days: package.validity_days,
            automatic: false,
            provider: provider.name().to_owned(),
            provider_reference: None,
            confirmation_url: None,
            return_url: return_url.map(Into::into),
            created_at: self.clock().now().as_microsecond(),
            decided_at: None,
        }
    }

    /// Calls the provider outside of any transaction, with the purchase as the idempotency key (law
    /// R4).
    async fn start_payment(
        &self,
        account: &account::Model,
        row: purchase::Model,
    ) -> Result<purchase::Model, OperationError> {
        if row.status == PurchaseStatus::Failed {
            return Err(payment_failed(
                "The payment provider refused the payment; begin a new purchase.",
            ));
        }
        if row.status != PurchaseStatus::Pending || row.provider_reference.is_some() {
            return Ok(row);
        }
        let provider = self.provider()?;
        if row.provider != provider.name() {
            return Err(payment_failed(
                "The purchase was begun with a payment provider that is no longer used; begin a new one.",
            ));
        }
        let package = self.package_name(&row).await?;
        let credits = Credits::from_units(row.credits_units);
        let charge = Charge {
            purchase: PurchaseId::new(row.id),
            description: format!("{package}: {credits} credits for {}", account.name),
            price: price(&row)?,
            return_url: row.return_url.as_deref().and_then(|url| url.parse().ok()),
        };
        match provider.start(&charge).await {
            Ok(Started {
                reference,
                confirmation_url,
            }) => {
                let url = confirmation_url.as_ref().map(Url::as_str);
                store::purchase::set_reference(self.store().writer(), &row, &reference, url)
                    .await?;
                self.purchase_again(&row).await
            }
            Err(PaymentError::Refused(cause)) => {
                tracing::warn!(purchase = %row.id, cause, "the payment provider refused a payment");
                self.close_purchase(&row, PurchaseStatus::Failed, self.clock().now())
                    .await?;
                Err(payment_failed(
                    "The payment provider refused the payment; begin a new purchase.",
                ))
            }
            Err(PaymentError::Unreachable(cause)) => {
                tracing::warn!(purchase = %row.id, cause, "the payment provider did not answer");
                Err(payment_failed(
                    "The payment provider can't be reached; try again with the same key.",
                ))
            }
        }
    }
}

/// The purchase that a key started.
async fn repeated(
    connection: &impl ConnectionTrait,
    account: AccountId,
    used: &idempotency_key::Model,
    key: &Key,
) -> Result<purchase::Model, OperationError> {
    if used.fingerprint != key.fingerprint {
        let path = Path::input("idempotencyKey");
        return Err(OperationError::from_ledger(
            Refused::KeyReused.into(),
            &path,
        ));
    }
    let answer = Answer::read(&used.answer).map_err(|fault| {
        let fault = SubmitError::Fault { account, fault };
        OperationError::from_ledger(fault, &Path::input("idempotencyKey"))
    })?;
    // A key of another operation has another fingerprint, so this key has a purchase.
    let id = answer.purchase.ok_or_else(|| {
        let what = "the key of a purchase was answered by another command";
        OperationError::broken(format!("{what}, in account {}", account.uuid()))
    })?;
    store::purchase::find(connection, account, PurchaseId::new(id))
        .await?
        .ok_or_else(|| OperationError::broken("a purchase is gone"))
}

fn payment_failed(message: &str) -> OperationError {
    Path::input("packageId")
        .refuse(RefusalCode::PaymentFailed, message)
        .into()
}
