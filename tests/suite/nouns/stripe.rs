//! Stripe as a payment provider: every call, every failure, and its webhooks.
//!
//! The recharges run against localstripe, a program that answers like Stripe and that nobody here
//! wrote ([`localstripe`]); what it lacks is in front of it ([`front`]). Here: what the tests share.
//! Not here: what becomes of a purchase, which is the same for every provider.

mod checkout;
mod failures;
mod front;
mod localstripe;
mod recharges;
mod server;
mod webhooks;

use std::{path::PathBuf, sync::Arc};

use domain::{
    id::{AccountId, PurchaseId},
    money::{Currency, Money},
};
use jiff::{SignedDuration, Timestamp};
use message_credits::{
    entropy,
    payments::{
        CallError, Credentials, Merchant, MerchantTrouble, Order, Renew, Secrets,
        stripe::{Settings, Stripe},
    },
};
use uuid::Uuid;

/// The secret key of the tests; localstripe takes any.
const KEY: &str = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";
/// The secrets that sign webhooks: the current one and the one before.
const WEBHOOK: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PREVIOUS_WEBHOOK: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
/// The time of every call.
const NOW: &str = "2026-11-27T08:00:00Z";

/// The provider with its API at an address.
fn stripe(base_url: &str) -> Stripe {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> Option<PathBuf> {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        Some(file)
    };
    Stripe::new(&Settings {
        stripe_secret_key_file: file("key", KEY),
        stripe_webhook_secret_file: file("webhook", WEBHOOK),
        stripe_previous_webhook_secret_file: file("previous", PREVIOUS_WEBHOOK),
        stripe_base_url: Some(base_url.parse().unwrap()),
        ..Settings::default()
    })
    .unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::new("EUR".parse().unwrap(), 2).unwrap())
}

/// A purchase of 49.90 euros that was created a second ago and not begun.
fn order(is_automatic: bool) -> Order {
    Order {
        purchase: PurchaseId::new(Uuid::from_bytes(entropy::bytes())),
        description: "Starter: 1000 credits for Shop".to_owned(),
        price: euros(4_990),
        return_url: Some("https://shop.example/credits?tab=2".parse().unwrap()),
        home_url: "https://credits.example/".parse().unwrap(),
        now: now(),
        created_at: now().checked_sub(SignedDuration::from_secs(1)).unwrap(),
        called_at: None,
        reference: None,
        is_automatic,
    }
}

/// The same purchase when it is looked at again after some time.
fn after(order: &Order, time: SignedDuration) -> Order {
    Order {
        now: now().checked_add(time).unwrap(),
        called_at: Some(now()),
        ..order.clone()
    }
}

/// The same purchase a few seconds after its first call.
fn again(order: &Order) -> Order {
    after(order, SignedDuration::from_secs(5))
}

/// The same purchase with the reference that a report gave it.
fn known(order: &Order, reference: Option<&str>) -> Order {
    Order {
        reference: Some(reference.unwrap().to_owned()),
        ..again(order)
    }
}

#[derive(Debug)]
struct NoCredentials;

#[async_trait::async_trait]
impl Credentials for NoCredentials {
    async fn current(&self) -> Result<Secrets, CallError> {
        Ok(Secrets::new())
    }

    async fn renewed(&self, _: &Secrets, _: Renew<'_>) -> Result<Secrets, CallError> {
        Err(CallError::Merchant(MerchantTrouble::NotConnected))
    }
}

/// An account that is connected to a customer.
fn merchant(customer: &str) -> Merchant {
    Merchant {
        account: AccountId::new(Uuid::from_bytes([1; 16])),
        id: Some(customer.to_owned()),
        credentials: Arc::new(NoCredentials),
        mandate: None,
    }
}
