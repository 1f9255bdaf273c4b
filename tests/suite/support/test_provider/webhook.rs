//! The test provider's webhooks: signing and checking them.

use axum::http::{HeaderMap, HeaderValue};
use domain::id::PurchaseId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use message_credits::{
    graphql::engine::ids::PublicId,
    payments::{Notice, Rejected, Subject},
};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret that its webhooks are signed with, and the one before it, which is still accepted.
pub const WEBHOOK_SECRETS: [&str; 2] = ["new-webhook-secret", "old-webhook-secret"];
/// The header of a webhook's signature: `t=SECONDS,v1=HEX`.
pub const SIGNATURE: &str = "test-signature";
/// How far the time of a signature may be from now, in seconds.
pub const TOLERANCE: u64 = 300;

/// A webhook, ready to be sent.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The body of a webhook.
pub(super) fn body(delivery: &str, about: &Subject) -> Vec<u8> {
    let subject = match about {
        Subject::Payment(reference) => json!({ "payment": reference }),
        Subject::Purchase(purchase) => json!({ "purchase": purchase.encode().as_str() }),
        Subject::Merchant(merchant) => json!({ "merchant": merchant }),
        Subject::Nothing => json!({}),
    };
    let body = json!({ "delivery": delivery, "topic": "test/changed", "subject": subject });
    body.to_string().into_bytes()
}

/// Checks a webhook and reads it.
pub(super) fn receive(
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Notice, Rejected> {
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let (time, code) = signature
        .and_then(|text| text.strip_prefix("t=")?.split_once(",v1="))
        .ok_or(Rejected::Signature)?;
    let code = bytes_of(code).ok_or(Rejected::Signature)?;
    let is_ours = |secret: &&str| mac(secret, time, body).verify_slice(&code).is_ok();
    if !WEBHOOK_SECRETS.iter().any(is_ours) {
        return Err(Rejected::Signature);
    }
    let seconds: i64 = time.parse().map_err(|_| Rejected::Signature)?;
    if now.as_second().abs_diff(seconds) > TOLERANCE {
        return Err(Rejected::Stale);
    }
    notice(body).ok_or(Rejected::Unreadable)
}

fn notice(body: &[u8]) -> Option<Notice> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let about = body.get("subject")?;
    let subject = if let Some(reference) = about.get("payment") {
        Subject::Payment(text(reference)?)
    } else if let Some(purchase) = about.get("purchase") {
        Subject::Purchase(PurchaseId::decode(purchase.as_str()?)?)
    } else if let Some(merchant) = about.get("merchant") {
        Subject::Merchant(text(merchant)?)
    } else {
        Subject::Nothing
    };
    Some(Notice {
        delivery: text(body.get("delivery")?)?,
        topic: text(body.get("topic")?)?,
        subject,
    })
}

impl Webhook {
    /// These bytes, signed with a secret at an instant.
    pub fn signed(body: Vec<u8>, secret: &str, at: Timestamp) -> Self {
        let time = at.as_second().to_string();
        let code = mac(secret, &time, &body).finalize().into_bytes();
        let code: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut headers = HeaderMap::new();
        let signature = HeaderValue::from_str(&format!("t={time},v1={code}")).unwrap();
        headers.insert(SIGNATURE, signature);
        Self { headers, body }
    }
}

fn mac(secret: &str, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
