//! Shopify's webhooks: whether one is Shopify's, and what it is about.
//!
//! Here: the signature and the subject. Not here: what becomes of a delivery. Only the body is
//! signed. A header may be wrong, so that a delivery decides nothing: the payment or shop that it
//! names is read again, from Shopify.

use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use super::shop::Shop;
use crate::payments::{Notice, Rejected, Subject};

const SIGNATURE: &str = "x-shopify-hmac-sha256";
const DELIVERY: &str = "x-shopify-webhook-id";
const TOPIC: &str = "x-shopify-topic";
const SHOP: &str = "x-shopify-shop-domain";
const TRIGGERED_AT: &str = "x-shopify-triggered-at";

/// The oldest delivery that is accepted. Shopify sends some a day late, and repeats one for four
/// hours with the time at which it was triggered; the rest is a margin.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(30);
/// How far Shopify's clock may be ahead of this server's.
const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// The longest value of a header that is kept.
const MAX_HEADER: usize = 255;
/// How the ids of one-time purchases begin.
const PURCHASES: &str = "gid://shopify/AppPurchaseOneTime/";

/// The body of app_purchases_one_time/update.
#[derive(Deserialize)]
struct PurchaseUpdated {
    app_purchase_one_time: PurchaseId,
}

#[derive(Deserialize)]
struct PurchaseId {
    admin_graphql_api_id: String,
}

/// The body of app/uninstalled: the shop.
#[derive(Deserialize)]
struct Uninstalled {
    myshopify_domain: Option<String>,
}

/// Checks a delivery, whose signature is of one of these secrets.
pub(super) fn receive<'a>(
    secrets: impl IntoIterator<Item = &'a SecretString>,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Notice, Rejected> {
    let signature = header(headers, SIGNATURE).ok_or(Rejected::Signature)?;
    let signature = BASE64_STANDARD
        .decode(signature)
        .map_err(|_| Rejected::Signature)?;
    // Every secret is tried, so that the time doesn't tell which one matches.
    let matching = secrets
        .into_iter()
        .filter(|secret| is_signed(secret, body, &signature))
        .count();
    if matching == 0 {
        return Err(Rejected::Signature);
    }
    if let Some(at) = header(headers, TRIGGERED_AT) {
        let at: Timestamp = at.parse().map_err(|_| Rejected::Unreadable)?;
        let age = now.duration_since(at);
        if age > MAX_AGE || age < -MAX_AHEAD {
            return Err(Rejected::Stale);
        }
    }
    let delivery = header(headers, DELIVERY).ok_or(Rejected::Unreadable)?;
    let topic = header(headers, TOPIC).ok_or(Rejected::Unreadable)?;
    Ok(Notice {
        delivery: delivery.to_owned(),
        topic: topic.to_owned(),
        subject: subject(topic, headers, body)?,
    })
}

/// Whether the secret signed the body. The comparison takes the same time, whatever differs.
fn is_signed(secret: &SecretString, body: &[u8], signature: &[u8]) -> bool {
    let secret = secret.expose_secret().as_bytes();
    let Ok(mut signer) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    signer.update(body);
    signer.verify_slice(signature).is_ok()
}

fn subject(topic: &str, headers: &HeaderMap, body: &[u8]) -> Result<Subject, Rejected> {
    match topic {
        "app_purchases_one_time/update" => {
            let updated: PurchaseUpdated = read(body)?;
            let id = updated.app_purchase_one_time.admin_graphql_api_id;
            let is_purchase = id.starts_with(PURCHASES) && id.len() <= MAX_HEADER;
            if is_purchase {
                Ok(Subject::Payment(id))
            } else {
                Err(Rejected::Unreadable)
            }
        }
        "app_subscriptions/update" | "app_subscriptions/approaching_capped_amount" => {
            // Its body names the shop by a number alone.
            merchant(header(headers, SHOP))
        }
        "app/uninstalled" => {
            let shop: Uninstalled = read(body)?;
            let signed = shop.myshopify_domain.as_deref();
            merchant(signed.or(header(headers, SHOP)))
        }
        _ => Ok(Subject::Nothing),
    }
}

fn merchant(domain: Option<&str>) -> Result<Subject, Rejected> {
    let shop = domain.and_then(Shop::parse).ok_or(Rejected::Unreadable)?;
    Ok(Subject::Merchant(shop.to_string()))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Rejected> {
    serde_json::from_slice(body).map_err(|_| Rejected::Unreadable)
}

/// A header's value; `None` if it is missing, empty or too long.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (1..=MAX_HEADER).contains(&value.len()).then_some(value)
}
