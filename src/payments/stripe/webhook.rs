//! Webhooks of Stripe: their signature, and whose state they say to read.
//!
//! Here: the header `Stripe-Signature`, and the events that concern a payment or a customer. Not
//! here: deliveries that come twice, and what follows from one.

use axum::http::HeaderMap;
use domain::id::PurchaseId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use super::{PURCHASE, is_id};
use crate::payments::{Notice, Rejected, Subject};

const HEADER: &str = "stripe-signature";
/// How far a signature's time may be from now, either way, in seconds: the tolerance of Stripe's
/// own libraries.
const TOLERANCE: u64 = 300;

/// The secrets that sign webhooks: the current one, and during a rotation the one before.
#[derive(Debug)]
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn new(secrets: Vec<SecretString>) -> Self {
        Self(secrets)
    }
}

#[derive(Deserialize)]
struct Delivery {
    id: String,
    #[serde(rename = "type")]
    topic: String,
    data: Data,
}

/// The object as it was then, of any kind.
#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// Checks a delivery's signature and reads what it is about.
pub(super) fn receive(
    secrets: &Secrets,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Notice, Rejected> {
    let header = headers.get(HEADER).and_then(|value| value.to_str().ok());
    let signed_at = verified(secrets, header.ok_or(Rejected::Signature)?, body)?;
    if signed_at.abs_diff(now.as_second()) > TOLERANCE {
        return Err(Rejected::Stale);
    }
    let delivery: Delivery = serde_json::from_slice(body).map_err(|_| Rejected::Unreadable)?;
    if !is_id(&delivery.id, "evt_") {
        return Err(Rejected::Unreadable);
    }
    Ok(Notice {
        subject: subject(&delivery.topic, &delivery.data.object),
        delivery: delivery.id,
        topic: delivery.topic,
    })
}

/// The time of the signature, in seconds since the epoch, if one of the header's signatures was
/// made with one of the secrets.
fn verified(secrets: &Secrets, header: &str, body: &[u8]) -> Result<i64, Rejected> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => {
                if time.replace(value).is_some() {
                    return Err(Rejected::Signature);
                }
            }
            Some(("v1", value)) => signatures.extend(from_hex(value)),
            Some(_) | None => {}
        }
    }
    let time = time.ok_or(Rejected::Signature)?;
    let is_signed = secrets.0.iter().any(|secret| {
        let signed = signature(secret.expose_secret(), time, body);
        signed.is_some_and(|signed| {
            let fits = |given: &Vec<u8>| signed.clone().verify_slice(given).is_ok();
            signatures.iter().any(fits)
        })
    });
    if !is_signed {
        return Err(Rejected::Signature);
    }
    time.parse().map_err(|_| Rejected::Signature)
}

/// The signature of a body at a time: HMAC-SHA-256 of `{time}.{body}` with the whole secret, its
/// prefix included.
fn signature(secret: &str, time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut signed = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    signed.update(time.as_bytes());
    signed.update(b".");
    signed.update(body);
    Some(signed)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Whose state an event says to read. The payload itself isn't believed.
fn subject(topic: &str, object: &Value) -> Subject {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let payment = |name: &str, prefix: &str| {
        let reference = text(name).filter(|id| is_id(id, prefix)).map(str::to_owned);
        let found = purchase(object).map(Subject::Purchase);
        found
            .or(reference.map(Subject::Payment))
            .unwrap_or(Subject::Nothing)
    };
    let merchant = |name: &str| {
        let customer = text(name).filter(|id| is_id(id, "cus_"));
        customer.map_or(Subject::Nothing, |id| Subject::Merchant(id.to_owned()))
    };
    match topic {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => payment("id", "cs_"),
        "payment_intent.succeeded"
        | "payment_intent.payment_failed"
        | "payment_intent.canceled" => payment("id", "pi_"),
        "charge.refunded"
        | "charge.dispute.created"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => payment("payment_intent", "pi_"),
        "customer.updated" | "customer.deleted" => merchant("id"),
        "payment_method.attached" => merchant("customer"),
        _ => Subject::Nothing,
    }
}

/// The purchase that a payment names. Whoever may write to Stripe's account may name any, so that
/// no more than a look at Stripe follows from it.
fn purchase(object: &Value) -> Option<PurchaseId> {
    let text = object.get("metadata")?.get(PURCHASE)?.as_str()?;
    Uuid::parse_str(text).ok().map(PurchaseId::new)
}

#[cfg(test)]
mod tests;
