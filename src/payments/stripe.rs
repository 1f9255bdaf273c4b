//! Stripe: one-time purchases on its payment page (Checkout), recharges with the card that the
//! owner paid with there.
//!
//! Stripe knows an account as one of its customers, which the platform creates; the server's own
//! secret key is the only credential. Here: what is asked of Stripe for each call of the interface.
//! Not here: the payment page ([`checkout`]), charges without the owner ([`intents`]), HTTP and the
//! meaning of its errors ([`api`]), and webhooks' signatures ([`webhook`]).

mod amounts;
mod api;
mod checkout;
mod intents;
mod objects;
mod refunds;
mod settings;
mod webhook;
mod words;

use axum::http::HeaderMap;
use domain::{id::PurchaseId, money::Money, payment::Event};
use jiff::{SignedDuration, Timestamp};

use self::{
    api::{Api, Failure},
    objects::{Customer, List, PaymentMethod},
};
use super::{
    Approval, CallError, Credential, Mandate, MandateState, MandateWish, Merchant, MerchantTrouble,
    Notice, Order, Provider, Rejected, Report, SettingsError,
};

pub use settings::{API_VERSION, Settings};

/// The name in options and stored with purchases.
pub const NAME: &str = "stripe";

/// How long after a purchase was created its payment may be begun. Later the purchase ends without
/// one. Stripe remembers an idempotency key for 24 hours at least, so that within this time one key
/// never has a second effect; the rest is for clocks that differ.
const BEGINS_WITHIN: SignedDuration = SignedDuration::from_hours(22);
/// When the payment page closes, after the purchase was created. Stripe allows from 30 minutes to
/// 24 hours after the page was made, which [`BEGINS_WITHIN`] keeps with an hour to spare.
const PAGE_CLOSES_AFTER: SignedDuration = SignedDuration::from_hours(23);
/// After this time a first call to Stripe has had its effect, or has none.
const SETTLES_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// Payments of one list; Stripe's limit is 100.
const PAGE: &str = "100";
/// The most payments of a customer that are looked through for one, in pages of 100, the newest
/// first.
const MAX_PAGES: usize = 3;
/// How the id of a customer begins.
const CUSTOMER: &str = "cus_";
/// The key of the purchase's id among a payment's metadata.
const PURCHASE: &str = "purchase_id";

/// The provider.
#[derive(Debug)]
pub struct Stripe {
    api: Api,
    is_real: bool,
    webhook_secrets: webhook::Secrets,
}

/// Stripe, if its settings are given.
pub(super) fn configured(settings: &Settings) -> Result<Option<Stripe>, SettingsError> {
    let Some(read) = settings::read(settings)? else {
        return Ok(None);
    };
    Ok(Some(Stripe {
        api: Api::new(&read.secret_key, &read.api_version, read.base_url)?,
        is_real: read.is_real,
        webhook_secrets: read.webhook_secrets,
    }))
}

impl Stripe {
    /// Stripe with these settings. For tests.
    ///
    /// # Errors
    /// A setting is wrong or missing.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        configured(settings)?.ok_or_else(|| SettingsError::Missing(NAME.to_owned()))
    }
}

#[async_trait::async_trait]
impl Provider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_real(&self) -> bool {
        self.is_real
    }

    fn approval(&self) -> Approval {
        Approval::ProviderPage
    }

    fn credentials(&self) -> Option<&'static [Credential]> {
        Some(&[])
    }

    fn check_merchant(&self, id: &str) -> Result<String, String> {
        let id = id.trim();
        if is_id(id, CUSTOMER) {
            return Ok(id.to_owned());
        }
        Err(written!("Must be the id of a customer of Stripe, such as \"cus_NffrFeUfNV2Hib\".").to_owned())
    }

    async fn begin(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        self.begin_checkout(order, customer_id(merchant)?).await
    }

    async fn charge(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        self.charge_off_session(order, customer_id(merchant)?).await
    }

    async fn read(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        match order.reference.as_deref() {
            Some(id) if is_id(id, "cs_") => self.read_checkout(order, id).await,
            Some(id) if is_id(id, "pi_") => self.read_intent(order, id).await,
            Some(id) => Err(CallError::NoAnswer(format!(
                "{id:?} is no payment of Stripe"
            ))),
            None => {
                let customer = customer_id(merchant)?;
                let found = if order.is_automatic {
                    self.charged_before(order, customer).await?
                } else {
                    self.checkout_before(order, customer).await?
                };
                let found = match found {
                    Some(report) => Some(report),
                    None => self.searched(order).await?,
                };
                Ok(found.unwrap_or_else(|| Report::of(Event::Absent)))
            }
        }
    }

    async fn cancel(&self, order: &Order, merchant: &Merchant) -> Result<Report, CallError> {
        let report = self.read(order, merchant).await?;
        match report.reference.as_deref() {
            // Its page is open.
            Some(id) if report.confirmation_url.is_some() => self.close_checkout(order, id).await,
            Some(_) | None => Ok(report),
        }
    }

    async fn mandate(
        &self,
        merchant: &Merchant,
        _: Option<&MandateWish>,
    ) -> Result<Mandate, CallError> {
        let reference = self.means_of_payment(customer_id(merchant)?).await?;
        let state = match reference {
            Some(_) => MandateState::Active,
            None => MandateState::NeedsPurchase,
        };
        Ok(Mandate {
            state,
            reference,
            cap: None,
            used: None,
            period_end: None,
            confirmation_url: None,
        })
    }

    fn receive(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, Rejected> {
        webhook::receive(&self.webhook_secrets, headers, body, now)
    }
}

impl Stripe {
    /// What a customer pays with if nobody is there: the default that the platform chose for it, or
    /// else the card that was saved last. `None` if there is neither.
    async fn means_of_payment(&self, customer: &str) -> Result<Option<String>, CallError> {
        let found: Customer = match self.api.get(&["customers", customer], &[]).await {
            Ok(found) => found,
            Err(Failure::Missing(_)) => return Err(deleted()),
            Err(failure) => return Err(failure.while_reading()),
        };
        if found.deleted {
            return Err(deleted());
        }
        let settings = found.invoice_settings.unwrap_or_default();
        if let Some(chosen) = settings.default_payment_method {
            return Ok(Some(chosen.into_id()));
        }
        let query = [("customer", customer), ("type", "card"), ("limit", PAGE)];
        let cards = self.api.get(&["payment_methods"], &query).await;
        let cards: List<PaymentMethod> = cards.map_err(Failure::while_reading)?;
        let newest = cards.data.into_iter().max_by_key(|card| card.created);
        Ok(newest.map(|card| card.id))
    }
}

/// The customer that an account is connected to.
fn customer_id(merchant: &Merchant) -> Result<&str, CallError> {
    let id = merchant.id.as_deref().filter(|id| is_id(id, CUSTOMER));
    id.ok_or(CallError::Merchant(MerchantTrouble::NotConnected))
}

/// Whether a text is an id of Stripe with this prefix. Ids become parts of paths.
fn is_id(text: &str, prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    !rest.is_empty() && text.len() <= 255 && rest.bytes().all(is_plain)
}

fn deleted() -> CallError {
    CallError::Merchant(MerchantTrouble::Uninstalled)
}

/// The idempotency key of a purchase.
fn key(purchase: PurchaseId) -> String {
    purchase.uuid().to_string()
}

/// Whether it is too late to begin a purchase's payment.
fn is_too_late(order: &Order) -> bool {
    order.now.duration_since(order.created_at) > BEGINS_WITHIN
}

/// Whether an earlier call has had its effect by now, or has none.
fn is_settled(order: &Order) -> bool {
    order
        .called_at
        .is_some_and(|at| order.now.duration_since(at) > SETTLES_WITHIN)
}

/// A report with a reason in words for the owner.
fn because(event: Event, reason: impl Into<String>) -> Report {
    Report {
        reason: Some(reason.into()),
        ..Report::of(event)
    }
}

/// A price that Stripe can't take.
fn unpayable(price: Money) -> Report {
    let code = price.currency().code();
    because(
        Event::Failed,
        text!("Stripe can't charge exactly {price} {code}", price = price, code = code).english(),
    )
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn an_id_fits_into_a_path() {
        for id in ["cus_NffrFeUfNV2Hib", "cus_a_b"] {
            assert!(is_id(id, "cus_"), "{id}");
        }
        let long = format!("cus_{}", "a".repeat(252));
        for text in [
            "",
            "cus_",
            "cus",
            "pi_1",
            "cus_a/../b",
            "cus_a?b",
            "cus_a#b",
            "cus_è",
            "cus_a b",
            &long,
        ] {
            assert!(!is_id(text, "cus_"), "{text}");
        }
    }
}
