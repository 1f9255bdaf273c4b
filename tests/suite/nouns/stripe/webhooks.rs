//! Webhooks, signed by others: Stripe's own client library, and localstripe.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue};
use domain::payment::Event;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use message_credits::payments::{Provider, Rejected, Subject};
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::{
    PREVIOUS_WEBHOOK, WEBHOOK, front::Front, localstripe::GOOD, merchant, now, order, stripe,
};

/// A text with every kind of character, as an owner may name a list.
const BODY: &str = "{\"id\":\"evt_1NG8Du2eZvKYlo2CUI79vXWy\",\"object\":\"event\",\
    \"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":\"pi_1\",\
    \"description\":\"Caff\u{e8} \u{1f9f6}\\n\"}}}";

/// Has Stripe's library do tasks, and returns its results.
fn library(tasks: &[Value]) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/stripe");
    assert!(
        folder.join("node_modules/stripe").is_dir(),
        "Stripe's library is not installed: `cargo xtask test stripe` does it"
    );
    let mut child = Command::new("node")
        .current_dir(folder)
        .arg("signatures.mjs")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = tasks.iter().map(|task| format!("{task}\n")).collect();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let results: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), tasks.len());
    results
}

fn headers(signature: &str) -> HeaderMap {
    let value = HeaderValue::from_str(signature).unwrap();
    HeaderMap::from_iter([("stripe-signature".parse().unwrap(), value)])
}

/// The signature that the documentation describes, made here.
pub(super) fn signed(secret: &str, time: i64, body: &str) -> String {
    let mut signed = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    signed.update(format!("{time}.{body}").as_bytes());
    let bytes = signed.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={hex}")
}

#[tokio::test]
async fn webhooks_that_stripes_library_signs_are_accepted() {
    let stripe = stripe("http://127.0.0.1:9/");
    let time = now().as_second();
    let sign =
        |secret: &str, time: i64| json!({ "sign": BODY, "secret": secret, "timestamp": time });
    let results = library(&[
        sign(WEBHOOK, time),
        sign(PREVIOUS_WEBHOOK, time),
        sign("whsec_of_somebody_else", time),
        sign(WEBHOOK, time - 301),
        sign(WEBHOOK, time + 301),
    ]);
    let expected = [
        None,
        None,
        Some(Rejected::Signature),
        Some(Rejected::Stale),
        Some(Rejected::Stale),
    ];
    for (result, expected) in results.iter().zip(expected) {
        let header = result["header"].as_str().unwrap();
        let found = stripe.receive(&headers(header), BODY.as_bytes(), now());
        assert_eq!(found.as_ref().err(), expected.as_ref(), "{header}");
        if let Ok(notice) = found {
            assert_eq!(notice.delivery, "evt_1NG8Du2eZvKYlo2CUI79vXWy");
            assert_eq!(notice.topic, "payment_intent.succeeded");
            assert_eq!(notice.subject, Subject::Payment("pi_1".to_owned()));
        }
        let changed = BODY.replace("pi_1", "pi_2");
        let found = stripe.receive(&headers(header), changed.as_bytes(), now());
        assert_eq!(found, Err(Rejected::Signature), "{header}");
    }
}

/// What is accepted here is accepted by Stripe's library, and the other way round.
#[tokio::test]
async fn stripes_library_accepts_the_same_webhooks() {
    let stripe = stripe("http://127.0.0.1:9/");
    let time = now().as_second();
    let right = signed(WEBHOOK, time, BODY);
    let wrong = signed("whsec_of_somebody_else", time, BODY);
    let (_, right_hex) = right.rsplit_once('=').unwrap();
    let (_, wrong_hex) = wrong.rsplit_once('=').unwrap();
    let cases = [
        right.clone(),
        format!("t={time},v1={wrong_hex},v1={right_hex}"),
        format!("t={time},v0={wrong_hex},v1={right_hex}"),
        wrong.clone(),
        format!("t={time},v0={right_hex}"),
        format!("v1={right_hex}"),
        format!("t={time}"),
        format!("t={},v1={right_hex}", time - 1),
        signed(WEBHOOK, time - 299, BODY),
        signed(WEBHOOK, time - 301, BODY),
        "nothing".to_owned(),
    ];
    let verify = |header: &String| json!({ "verify": BODY, "secret": WEBHOOK, "header": header, "now": time });
    let tasks: Vec<Value> = cases.iter().map(verify).collect();
    for (header, result) in cases.iter().zip(library(&tasks)) {
        let ours = stripe.receive(&headers(header), BODY.as_bytes(), now());
        assert_eq!(
            result.get("event").is_some(),
            ours.is_ok(),
            "{header}: {result} {ours:?}"
        );
    }
}

/// localstripe signs and sends what happens; the purchase is found in it.
#[tokio::test]
async fn a_payments_webhook_names_its_purchase() {
    let receiver = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&receiver)
        .await;
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let endpoint = [("url", receiver.uri()), ("secret", WEBHOOK.to_owned())];
    let endpoint = endpoint
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    local.post("/_config/webhooks/test", &endpoint).await;
    let customer = local.customer().await;
    local.card(&customer, GOOD).await;
    let order = order(true);
    let paid = stripe.charge(&order, &merchant(&customer)).await.unwrap();
    assert_eq!(paid.event, Event::Paid);

    let mut subjects = Vec::new();
    // localstripe waits for a second.
    for _ in 0..100 {
        let requests = receiver.received_requests().await.unwrap();
        subjects = requests
            .iter()
            .map(|request| {
                let header = request.headers["stripe-signature"].clone();
                let time = header.to_str().unwrap().strip_prefix("t=").unwrap();
                let time = time.split(',').next().unwrap().parse().unwrap();
                let now = Timestamp::from_second(time).unwrap();
                let headers = HeaderMap::from_iter([("stripe-signature".parse().unwrap(), header)]);
                let notice = stripe.receive(&headers, &request.body, now).unwrap();
                (notice.topic, notice.subject)
            })
            .collect();
        if subjects.len() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let paid = (
        "payment_intent.succeeded".to_owned(),
        Subject::Purchase(order.purchase),
    );
    assert!(subjects.contains(&paid), "{subjects:?}");
}
