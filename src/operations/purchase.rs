//! Purchases: starting a one-time payment.
//!
//! Here: from the request to a stored purchase. Not here: asking its provider ([`super::payment`]),
//! the page where it is approved ([`checkout`]), the buyer's decision ([`decision`]), the page the
//! buyer returns to ([`return_url`]), what becomes of a bank transfer ([`transfer`]), canceling
//! ([`canceling`]), lists ([`listing`]) and who waits for changes ([`changes`]).

pub mod canceling;
mod changes;
mod checkout;
mod decision;
pub mod listing;
pub mod return_url;
pub mod transfer;

use std::sync::Arc;

use domain::{
    id::{AccountId, PackageId, PurchaseId},
    money::Money,
};
use entity::{account, credit_package, idempotency_key, purchase, sql_enums::PurchaseStatus};
use jiff::{SignedDuration, Timestamp};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

pub use decision::{Checkout, Decided, Usable};
use return_url::return_url;

use super::{
    OperationError, Path, Refusal, RefusalCode, Services, Viewer, idempotency,
    input::{known_currency, names_nothing},
    together::Together,
};
use crate::{
    clock::whole_micros,
    ledger::{self, Answer, Key, Refused, SubmitError},
    localization::Text,
    payments::Provider,
    store,
};

/// How long a purchase waits for its buyer on a page of this server, as with payment providers.
const PATIENCE: SignedDuration = SignedDuration::from_hours(48);
/// How long the process that begins a purchase has for its first call to the provider, before a job
/// carries on with it.
const FIRST_CALL: SignedDuration = SignedDuration::from_secs(30);

/// How a purchase is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With the payment provider.
    Provider,
    /// By a transfer to the platform's bank account, which a person confirms.
    BankTransfer,
}

/// The input of `purchaseCredits`.
#[derive(Debug)]
pub struct PurchaseCredits {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The package to buy.
    pub package: PackageId,
    /// How it is paid.
    pub method: Method,
    /// The page that the buyer returns to afterwards.
    pub return_url: Option<String>,
    /// The idempotency key, unique in the account.
    pub idempotency_key: String,
}

/// The result of `purchaseCredits`.
#[derive(Debug)]
pub struct Begun {
    /// The purchase in its current state.
    pub purchase: purchase::Model,
    /// Whether the key had been used before, so that no other purchase was begun (law B4).
    pub replayed: bool,
}

/// The arguments of a purchase as the caller gave them, for the fingerprint of its key.
#[derive(Serialize)]
struct PurchaseArguments<'a> {
    account: Uuid,
    package: Uuid,
    return_url: Option<&'a str>,
    /// Left out for the provider, as before there was another method.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
}

/// When a purchase that nobody has decided expires.
pub(super) fn deadline(row: &purchase::Model) -> Timestamp {
    let patience = match transfer::method(row) {
        Method::Provider => PATIENCE,
        Method::BankTransfer => transfer::PATIENCE,
    };
    whole_micros(row.created_at)
        .checked_add(patience)
        .unwrap_or(Timestamp::MAX)
}

/// When a pending purchase expires if nobody decides it until then; `None` for others.
#[must_use]
pub fn expires_at(row: &purchase::Model) -> Option<Timestamp> {
    match row.status {
        PurchaseStatus::Pending => Some(deadline(row)),
        PurchaseStatus::Unknown
        | PurchaseStatus::Paid
        | PurchaseStatus::Declined
        | PurchaseStatus::Expired
        | PurchaseStatus::Failed => None,
    }
}

/// The price of a purchase.
///
/// # Errors
/// A fault if the row holds an unknown currency.
pub fn price(row: &purchase::Model) -> Result<Money, OperationError> {
    money(row, row.price_minor)
}

/// When a purchase last changed, in microseconds since the epoch.
#[must_use]
pub fn updated_at(row: &purchase::Model) -> i64 {
    store::purchase::changes::updated_at(row)
}

/// What the provider of a purchase has taken back of its price.
///
/// # Errors
/// A fault if the row holds an unknown currency.
pub fn reversed(row: &purchase::Model) -> Result<Money, OperationError> {
    money(row, row.reversed_minor)
}

fn money(row: &purchase::Model, minor: i64) -> Result<Money, OperationError> {
    known_currency(&row.currency_code)
        .map(|currency| Money::new(minor, currency))
        .ok_or_else(|| OperationError::broken(format!("purchase {} has no currency", row.id)))
}

impl Services {
    /// A purchase at an instant. One that waited too long for its owner on a page of this server,
    /// or for a bank transfer, is shown as expired, even if no job has recorded that yet.
    #[must_use]
    pub fn purchase_as_of(&self, row: purchase::Model, now: Timestamp) -> purchase::Model {
        let deadline = deadline(&row);
        let is_approved_here = self.is_approved_here(&row) && !row.automatic;
        let is_decided_here = is_approved_here || transfer::is_transfer(&row);
        if row.status == PurchaseStatus::Pending && is_decided_here && deadline <= now {
            return purchase::Model {
                status: PurchaseStatus::Expired,
                decided_at: Some(deadline.as_microsecond()),
                ..row
            };
        }
        row
    }

    /// Whether the purchase was started with the provider of new payments. Nobody can decide one
    /// that was started with another provider's page of this server, and it expires: approving it
    /// would give credits that are no longer sold this way.
    fn may_be_decided(&self, row: &purchase::Model) -> bool {
        let selling = self.payments().selling();
        !self.is_approved_here(row) || selling.is_some_and(|used| used.name() == row.provider)
    }

    /// The provider of new payments.
    ///
    /// # Errors
    /// A refusal if no provider is configured.
    fn provider(&self) -> Result<&Arc<dyn Provider>, OperationError> {
        self.payments().selling().ok_or_else(|| {
            payment_failed(text!("Nothing can be bought on this server: its operator has chosen no payment provider. No purchase was \
                 begun."))
        })
    }
}

impl Services {
    /// Starts a one-time payment. The same key returns the same purchase in its current state, and
    /// starts its payment if a crash prevented that. A bank transfer needs no provider, and waits
    /// until it is confirmed.
    ///
    /// # Errors
    /// An unknown account or package, a package in another currency, a forbidden return URL, an
    /// invalid key, too many unpaid purchases, and `PaymentFailed` if the provider refuses.
    pub async fn purchase_credits(
        &self,
        viewer: &Viewer,
        new: PurchaseCredits,
    ) -> Result<Begun, OperationError> {
        let account = self
            .account_for(viewer, new.account, &Path::input("accountId"))
            .await;
        let method = match new.method {
            Method::Provider => None,
            Method::BankTransfer => Some(transfer::NAME),
        };
        let known = account.as_ref().ok().map(|account| account.id);
        let arguments = PurchaseArguments {
            account: known.unwrap_or_default(),
            package: new.package.uuid(),
            return_url: new.return_url.as_deref(),
            method,
        };
        let key = idempotency::key(&new.idempotency_key, "purchaseCredits", &arguments);
        let return_url = match (new.method, new.return_url.as_deref()) {
            (Method::Provider, url) => url.map(return_url).transpose(),
            (Method::BankTransfer, None) => Ok(None),
            (Method::BankTransfer, Some(_)) => Err(Path::input("returnUrl").invalid(text!(
                "Must be left out of a bank transfer, which has no page to return from."
            ))),
        };
        // A package is looked up only after the key, which stands for what the account bought.
        let package = match names_nothing(new.package) {
            true if known.is_none() || key.is_err() || return_url.is_err() => Err(no_package()),
            _ => Ok(()),
        };
        let (account, (), return_url, key) = (account, package, return_url, key).together()?;
        let (row, replayed) = self
            .begin_purchase(viewer, &account, (new.package, new.method), return_url, key)
            .await?;
        let row = self.purchase_as_of(row, self.clock().now());
        let purchase = match new.method {
            Method::Provider => self.begin_payment(row).await?,
            Method::BankTransfer => row,
        };
        Ok(Begun { purchase, replayed })
    }

    /// Stores a purchase with its key, or finds the purchase of the key. The second value says
    /// whether it was found.
    async fn begin_purchase(
        &self,
        viewer: &Viewer,
        account: &account::Model,
        (package, method): (PackageId, Method),
        return_url: Option<Url>,
        key: Key,
    ) -> Result<(purchase::Model, bool), OperationError> {
        let id = AccountId::new(account.id);
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [id]).await?;
        if let Some(used) = store::idempotency_key::find(&transaction, id, &key.key).await? {
            let row = repeated(&transaction, id, &used, &key).await?;
            return Ok((row, true));
        }
        let provider = match method {
            Method::Provider => self.provider()?.name(),
            Method::BankTransfer => transfer::NAME,
        };
        // An earlier purchase is answered again, whatever the account allows now.
        if let Some(url) = &return_url {
            self.check_return_to(account, url)?;
        }
        let package = store::credit_package::find(&transaction, package)
            .await?
            .filter(|package| package.archived_at.is_none())
            .ok_or_else(no_package)?;
        if package.currency_code != account.currency_code {
            return Err(Path::input("packageId")
                .invalid(text!(
                    "The package is sold in {sold} and the account pays in {paid}.",
                    sold = package.currency_code,
                    paid = account.currency_code
                ))
                .into());
        }
        let now = self.clock().now();
        let since = |patience| now.checked_sub(patience).unwrap_or(Timestamp::MIN);
        let transfers = (transfer::NAME, since(transfer::PATIENCE));
        let unpaid = store::purchase::unpaid(&transaction, id, since(PATIENCE), transfers).await?;
        self.refuse_more_purchases(id, unpaid)?;
        let actor = viewer.actor().of(id).row;
        let row = purchase::Model {
            actor_id: Some(actor.id),
            ..self.new_purchase(id, &package, return_url, provider)
        };
        let answer = Answer {
            purchase: Some(row.id),
            ..Answer::default()
        };
        let used = idempotency_key::Model {
            account_id: account.id,
            key: key.key,
            fingerprint: key.fingerprint.to_vec(),
            answer: ledger::answer_text(&answer)
                .map_err(|fault| OperationError::broken(fault.to_string()))?,
            created_at: row.created_at,
        };
        store::actor::insert_missing(&transaction, vec![actor]).await?;
        store::purchase::insert(&transaction, row.clone()).await?;
        store::idempotency_key::insert(&transaction, used).await?;
        transaction.commit().await?;
        self.tell_of_purchases(id);
        Ok((row, false))
    }

    fn new_purchase(
        &self,
        account: AccountId,
        package: &credit_package::Model,
        return_url: Option<Url>,
        provider: &str,
    ) -> purchase::Model {
        let now = self.clock().now();
        // No process has anything to do for a transfer before its time is over.
        let wait = if provider == transfer::NAME {
            transfer::PATIENCE
        } else {
            FIRST_CALL
        };
        let later = now.checked_add(wait).unwrap_or(now).as_microsecond();
        purchase::Model {
            account_id: account.uuid(),
            id: self.clock().new_id_in(account.uuid()),
            status: PurchaseStatus::Pending,
            package_id: package.id,
            credits_units: package.credits_units,
            price_minor: package.price_minor,
            currency_code: package.currency_code.clone(),
            validity_days: package.validity_days,
            automatic: false,
            provider: provider.to_owned(),
            provider_reference: None,
            confirmation_url: None,
            return_url: return_url.map(Into::into),
            package_count: 1,
            reason: None,
            called_at: None,
            next_at: Some(later),
            claimed_until: None,
            attempts: 0,
            lot_id: None,
            reversed_minor: 0,
            reversed_units: 0,
            confirmed_with: None,
            created_at: now.as_microsecond(),
            decided_at: None,
            actor_id: None,
            updated_at: Some(now.as_microsecond()),
            canceled_at: None,
        }
    }

    /// Asks the provider for the first time, unless that was done; the answer says how to go on.
    async fn begin_payment(&self, row: purchase::Model) -> Result<purchase::Model, OperationError> {
        let refused = || {
            payment_failed(text!(
                "The payment provider refused the payment; begin a new purchase."
            ))
        };
        let row = match row.status {
            PurchaseStatus::Failed => return Err(refused()),
            PurchaseStatus::Pending | PurchaseStatus::Unknown
                if row.provider_reference.is_none() =>
            {
                row
            }
            PurchaseStatus::Pending
            | PurchaseStatus::Unknown
            | PurchaseStatus::Paid
            | PurchaseStatus::Declined
            | PurchaseStatus::Expired => return Ok(row),
        };
        if !self.may_be_decided(&row) {
            return Err(payment_failed(text!(
                "The purchase was begun with a payment provider that is no longer used; begin a new one."
            )));
        }
        let row = self.carry_on(row).await?;
        match row.status {
            PurchaseStatus::Failed => Err(refused()),
            PurchaseStatus::Unknown => Err(payment_failed(text!(
                "The payment provider can't be reached; try again with the same key."
            ))),
            PurchaseStatus::Pending
            | PurchaseStatus::Paid
            | PurchaseStatus::Declined
            | PurchaseStatus::Expired => Ok(row),
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
    let answer = ledger::stored_answer(used).map_err(|fault| {
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

fn no_package() -> Refusal {
    Path::input("packageId").not_found(text!("package"))
}

fn payment_failed(message: Text) -> OperationError {
    Path::input("packageId")
        .refuse(RefusalCode::PaymentFailed, message)
        .into()
}
