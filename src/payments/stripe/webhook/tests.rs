//! Signatures of webhooks: who signed them, when, and with which secret.

use domain::id::PurchaseId;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    HEADER, HeaderMap, Mac, Notice, Rejected, Secrets, Subject, from_hex, receive, signature,
    subject,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
const NOW: i64 = 1_795_680_000;

fn hex(secret: &str, time: &str, body: &[u8]) -> String {
    let signed = signature(secret, time, body).unwrap().finalize();
    let bytes = signed.into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn event() -> Vec<u8> {
    json!({
        "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy", "object": "event", "type": "payment_intent.succeeded",
        "data": { "object": { "id": "pi_1", "object": "payment_intent", "metadata": {} } },
    })
    .to_string()
    .into_bytes()
}

fn received(secrets: &[&str], header: &str, body: &[u8]) -> Result<Notice, Rejected> {
    let secrets = secrets.iter().map(|&secret| secret.to_owned().into());
    let headers = HeaderMap::from_iter([(HEADER.parse().unwrap(), header.parse().unwrap())]);
    let now = Timestamp::from_second(NOW).unwrap();
    receive(&Secrets::new(secrets.collect()), &headers, body, now)
}

#[test]
fn only_signed_bodies_are_accepted() {
    let body = event();
    let right = hex(SECRET, &NOW.to_string(), &body);
    let wrong = hex(OTHER, &NOW.to_string(), &body);
    let check = |secrets: &[&str], header: String, fits: bool| {
        let found = received(secrets, &header, &body);
        let expected = if fits {
            None
        } else {
            Some(Rejected::Signature)
        };
        assert_eq!(found.err(), expected, "{header}");
    };
    check(&[SECRET], format!("t={NOW},v1={right}"), true);
    check(&[SECRET], format!("t={NOW}, v1={right}"), true);
    // Several signatures while Stripe rotates, several secrets while the operator does.
    check(
        &[SECRET],
        format!("t={NOW},v1={wrong},v1={right},v0=ab"),
        true,
    );
    check(&[OTHER, SECRET], format!("t={NOW},v1={right}"), true);
    check(&[OTHER], format!("t={NOW},v1={right}"), false);
    check(&[], format!("t={NOW},v1={right}"), false);
    for header in [
        String::new(),
        format!("t={NOW}"),
        format!("v1={right}"),
        format!("t={NOW},v0={right}"),
        format!("t={NOW},v1="),
        format!("t={NOW},v1={}", &right[1..]),
        format!("t={NOW},v1={}", &right[2..]),
        format!("t={NOW},v1={right}00"),
        // Not the time that was signed.
        format!("t={},v1={right}", NOW + 1),
        format!("t={NOW},t={NOW},v1={right}"),
    ] {
        check(&[SECRET], header, false);
    }
    let mut changed = body.clone();
    *changed.last_mut().unwrap() = b' ';
    let header = format!("t={NOW},v1={right}");
    assert_eq!(
        received(&[SECRET], &header, &changed),
        Err(Rejected::Signature)
    );
    assert_eq!(
        receive(
            &Secrets::new(vec![]),
            &HeaderMap::new(),
            &body,
            Timestamp::UNIX_EPOCH
        ),
        Err(Rejected::Signature)
    );
}

#[test]
fn a_signature_is_five_minutes_old_at_most() {
    let body = event();
    for (time, fits) in [
        (NOW - 300, true),
        (NOW + 300, true),
        (NOW - 301, false),
        (NOW + 301, false),
        (0, false),
        (i64::MIN, false),
    ] {
        let header = format!("t={time},v1={}", hex(SECRET, &time.to_string(), &body));
        let found = received(&[SECRET], &header, &body).err();
        assert_eq!(found, (!fits).then_some(Rejected::Stale), "{time}");
    }
}

#[test]
fn a_delivery_without_an_event_is_unreadable() {
    let data = json!({ "object": {} });
    for body in [
        json!(null),
        json!([]),
        json!({ "id": "evt_1" }),
        json!({ "id": "evt_1", "type": "payment_intent.succeeded" }),
        json!({ "id": "evt/1", "type": "payment_intent.succeeded", "data": data }),
        json!({ "id": 1, "type": "payment_intent.succeeded", "data": data }),
    ] {
        let body = body.to_string().into_bytes();
        let header = format!("t={NOW},v1={}", hex(SECRET, &NOW.to_string(), &body));
        assert_eq!(
            received(&[SECRET], &header, &body),
            Err(Rejected::Unreadable)
        );
    }
}

#[test]
fn an_event_names_a_purchase_a_payment_or_a_customer() {
    let check = |topic: &str, object: Value, expected: Subject| {
        assert_eq!(subject(topic, &object), expected, "{topic} {object}");
    };
    let id = Uuid::from_bytes([7; 16]);
    let ours = json!({ "purchase_id": id.to_string(), "more": "x" });
    let purchase = Subject::Purchase(PurchaseId::new(id));
    let payment = |id: &str| Subject::Payment(id.to_owned());
    let customer = || Subject::Merchant("cus_1".to_owned());
    for topic in [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    ] {
        check(
            topic,
            json!({ "id": "cs_test_1", "metadata": ours }),
            purchase.clone(),
        );
        check(
            topic,
            json!({ "id": "cs_test_1", "metadata": {} }),
            payment("cs_test_1"),
        );
        check(
            topic,
            json!({ "id": "cs_test_1", "metadata": null }),
            payment("cs_test_1"),
        );
        let odd = json!({ "purchase_id": "7" });
        check(
            topic,
            json!({ "id": "cs_test_1", "metadata": odd }),
            payment("cs_test_1"),
        );
        check(topic, json!({ "id": "../1" }), Subject::Nothing);
    }
    for topic in [
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
    ] {
        check(
            topic,
            json!({ "id": "pi_1", "metadata": ours }),
            purchase.clone(),
        );
        check(topic, json!({ "id": "pi_1" }), payment("pi_1"));
    }
    for topic in [
        "charge.refunded",
        "charge.dispute.created",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    ] {
        let object = json!({ "id": "ch_1", "payment_intent": "pi_1", "metadata": ours });
        check(topic, object, purchase.clone());
        let object = json!({ "id": "du_1", "payment_intent": "pi_1", "metadata": {} });
        check(topic, object, payment("pi_1"));
        check(
            topic,
            json!({ "id": "du_1", "payment_intent": null }),
            Subject::Nothing,
        );
    }
    check("customer.updated", json!({ "id": "cus_1" }), customer());
    check("customer.deleted", json!({ "id": "cus_1" }), customer());
    check(
        "payment_method.attached",
        json!({ "id": "pm_1", "customer": "cus_1" }),
        customer(),
    );
    check(
        "invoice.paid",
        json!({ "id": "in_1", "metadata": ours }),
        Subject::Nothing,
    );
    check("payment_intent.succeeded", json!("pi_1"), Subject::Nothing);
}

#[test]
fn signatures_are_hexadecimal() {
    assert_eq!(from_hex("00fFa9"), Some(vec![0, 255, 169]));
    for text in ["0", "0g", "è0", "0x00", " 0"] {
        assert_eq!(from_hex(text), None, "{text}");
    }
}
