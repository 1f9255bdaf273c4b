//! Every failure of Stripe, as a table: what it answers, and what that means for a payment.

use std::time::Duration;

use domain::{
    money::{Currency, Money},
    payment::Event,
};
use message_credits::payments::{
    CallError, MandateState, MerchantTrouble, Order, Provider, Report,
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, path, query_param},
};

use super::{KEY, again, known, merchant, order, stripe};

const CUSTOMER: &str = "cus_NffrFeUfNV2Hib";

/// A Stripe whose customer has a card, and that answers requests for an effect like this.
async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let customer = json!({ "id": CUSTOMER, "object": "customer",
        "invoice_settings": { "default_payment_method": "pm_1" } });
    let list = json!({ "object": "list", "data": [], "has_more": false });
    for (at, body) in [
        ("/v1/customers/cus_NffrFeUfNV2Hib", customer),
        ("/v1/payment_intents", list.clone()),
        ("/v1/payment_intents/search", list.clone()),
        ("/v1/checkout/sessions", list),
    ] {
        let found = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(found)
            .mount(&server)
            .await;
    }
    Mock::given(any())
        .respond_with(answer)
        .with_priority(9)
        .mount(&server)
        .await;
    server
}

fn refusal(status: u16, error: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "error": error }))
}

fn merchant_trouble(trouble: MerchantTrouble) -> CallError {
    CallError::Merchant(trouble)
}

/// The answers to a charge, a new page and the reading of a payment.
async fn all(answer: ResponseTemplate) -> [Result<Report, CallError>; 3] {
    let server = answering(answer).await;
    let stripe = stripe(&server.uri());
    let shop = merchant(CUSTOMER);
    let read = known(&order(true), Some("pi_3MtwBwLkdIwHu7ix28a3tqPa"));
    [
        stripe.charge(&order(true), &shop).await,
        stripe.begin(&order(false), &shop).await,
        stripe.read(&read, &shop).await,
    ]
}

#[tokio::test]
async fn what_may_have_had_an_effect_is_unknown() {
    let bytes = |text: &str| ResponseTemplate::new(200).set_body_raw(text, "application/json");
    let long = format!(
        "{{\"id\":\"pi_1\",\"more\":\"{}\"}}",
        "a".repeat(1024 * 1024)
    );
    let answers = [
        ResponseTemplate::new(500),
        refusal(
            500,
            json!({ "type": "api_error", "message": "An unknown error occurred" }),
        ),
        ResponseTemplate::new(502).set_body_string("<html>"),
        ResponseTemplate::new(503),
        ResponseTemplate::new(504),
        ResponseTemplate::new(424),
        ResponseTemplate::new(400).set_body_string("not JSON"),
        ResponseTemplate::new(404).set_body_string("not JSON"),
        ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example/"),
        ResponseTemplate::new(307).insert_header("location", "https://elsewhere.example/"),
        bytes(""),
        bytes("null"),
        bytes("{\"id\":"),
        bytes("{\"id\":\"pi_1\",\"object\":\"payment_intent\"}"),
        bytes(&long),
    ];
    for answer in answers {
        let shown = format!("{answer:?}");
        for found in all(answer).await {
            assert!(
                matches!(found, Err(CallError::NoAnswer(_))),
                "{shown:.300}: {found:?}"
            );
        }
    }
    // Nobody is there.
    let stripe = stripe("http://127.0.0.1:9/");
    let found = stripe.charge(&order(true), &merchant(CUSTOMER)).await;
    let Err(CallError::NoAnswer(text)) = found else {
        panic!("{found:?}");
    };
    assert!(!text.contains(KEY) && !text.contains(CUSTOMER), "{text}");
}

#[tokio::test]
async fn what_can_be_asked_again_is_busy() {
    let after =
        |answer: ResponseTemplate, seconds: &str| answer.insert_header("retry-after", seconds);
    let limited = || {
        refusal(
            429,
            json!({ "code": "rate_limit", "type": "invalid_request_error" }),
        )
    };
    let in_use = json!({ "type": "idempotency_error", "message": "There is currently another in-progress request" });
    for (answer, seconds) in [
        (limited(), 5),
        (after(limited(), "30"), 30),
        (after(limited(), "soon"), 5),
        (refusal(409, in_use.clone()), 2),
        (after(refusal(409, in_use), "7"), 7),
    ] {
        let shown = format!("{answer:?}");
        for found in all(answer).await {
            let expected = CallError::Busy(Duration::from_secs(seconds));
            assert_eq!(found, Err(expected), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_refused_key_and_a_missing_customer_are_the_merchants_trouble() {
    let error = json!({ "type": "invalid_request_error", "message": "Invalid API Key provided" });
    for status in [401, 403] {
        for found in all(refusal(status, error.clone())).await {
            assert_eq!(found, Err(merchant_trouble(MerchantTrouble::Unauthorized)));
        }
    }
    let missing = json!({ "type": "invalid_request_error", "code": "resource_missing", "param": "customer",
        "message": "No such customer: 'cus_NffrFeUfNV2Hib'" });
    for status in [400, 404] {
        let [charge, begin, read] = all(refusal(status, missing.clone())).await;
        let gone = Err(merchant_trouble(MerchantTrouble::Uninstalled));
        assert_eq!((charge, begin), (gone.clone(), gone));
        assert!(matches!(read, Err(CallError::NoAnswer(_))), "{read:?}");
    }
    let server = MockServer::start().await;
    let deleted = json!({ "id": CUSTOMER, "object": "customer", "deleted": true });
    let deleted = ResponseTemplate::new(200).set_body_json(deleted);
    Mock::given(any())
        .respond_with(deleted)
        .mount(&server)
        .await;
    let stripe_of = stripe(&server.uri());
    let gone = Err(merchant_trouble(MerchantTrouble::Uninstalled));
    assert_eq!(
        stripe_of.charge(&order(true), &merchant(CUSTOMER)).await,
        gone
    );
    // Ids become parts of paths: what is none isn't sent.
    let before = server.received_requests().await.unwrap().len();
    for id in ["", "cus_", "cus_1/../../x", "acct_1", "cus_1?x=1"] {
        let found = stripe_of.charge(&order(true), &merchant(id)).await;
        assert_eq!(
            found,
            Err(merchant_trouble(MerchantTrouble::NotConnected)),
            "{id}"
        );
    }
    let unknown = known(&order(true), Some("../customers"));
    let found = stripe_of.read(&unknown, &merchant(CUSTOMER)).await;
    assert!(matches!(found, Err(CallError::NoAnswer(_))), "{found:?}");
    assert_eq!(server.received_requests().await.unwrap().len(), before);
}

#[tokio::test]
async fn a_decline_is_explained_to_the_owner() {
    let intent =
        |status: &str| json!({ "id": "pi_1", "object": "payment_intent", "status": status });
    let error = |code: &str, decline_code: Option<&str>, status: &str| {
        json!({ "type": "card_error", "code": code, "decline_code": decline_code,
            "message": "Your card was declined.", "payment_intent": intent(status) })
    };
    let waits = "requires_payment_method";
    for (error, words) in [
        (
            error(
                "authentication_required",
                Some("authentication_required"),
                waits,
            ),
            "asks the owner to approve",
        ),
        (
            error("card_declined", Some("insufficient_funds"), waits),
            "insufficient funds",
        ),
        (
            error("card_declined", Some("generic_decline"), waits),
            "the bank declined the payment",
        ),
        (error("expired_card", None, waits), "has expired"),
        (
            error("processing_error", None, waits),
            "couldn't process the payment now",
        ),
    ] {
        let [charge, ..] = all(refusal(402, error)).await;
        let report = charge.unwrap();
        assert_eq!(report.event, Event::Declined);
        assert_eq!(report.reference.as_deref(), Some("pi_1"));
        assert!(
            report.reason.as_deref().unwrap().contains(words),
            "{report:?}"
        );
    }
    // A payment that waits for the owner is cancelled.
    let server = answering(refusal(
        402,
        error("card_declined", None, "requires_action"),
    ))
    .await;
    let cancelled = ResponseTemplate::new(200).set_body_json(intent("canceled"));
    Mock::given(method("POST"))
        .and(path("/v1/payment_intents/pi_1/cancel"))
        .respond_with(cancelled)
        .expect(1)
        .mount(&server)
        .await;
    let report = stripe(&server.uri())
        .charge(&order(true), &merchant(CUSTOMER))
        .await
        .unwrap();
    assert_eq!(report.event, Event::Declined);
}

#[tokio::test]
async fn a_payment_that_cannot_be_cancelled_was_decided_meanwhile() {
    for (status, expected) in [
        ("succeeded", Some(Event::Paid)),
        ("processing", Some(Event::Waiting)),
        ("canceled", Some(Event::Declined)),
        ("requires_action", None),
    ] {
        let intent =
            |status: &str| json!({ "id": "pi_1", "object": "payment_intent", "status": status });
        let asks = ResponseTemplate::new(200).set_body_json(intent("requires_action"));
        let server = answering(asks).await;
        let unexpected =
            json!({ "type": "invalid_request_error", "code": "payment_intent_unexpected_state" });
        Mock::given(path("/v1/payment_intents/pi_1/cancel"))
            .respond_with(refusal(400, unexpected))
            .mount(&server)
            .await;
        let now = ResponseTemplate::new(200).set_body_json(intent(status));
        Mock::given(method("GET"))
            .and(path("/v1/payment_intents/pi_1"))
            .and(query_param("expand[]", "latest_charge"))
            .respond_with(now)
            .mount(&server)
            .await;
        let found = stripe(&server.uri())
            .charge(&order(true), &merchant(CUSTOMER))
            .await;
        match expected {
            Some(event) => assert_eq!(found.unwrap().event, event, "{status}"),
            None => assert!(matches!(found, Err(CallError::NoAnswer(_))), "{found:?}"),
        }
    }
}

#[tokio::test]
async fn a_refused_request_fails_the_purchase() {
    let small = json!({ "type": "invalid_request_error", "code": "amount_too_small", "param": "amount",
        "message": "Amount must be at least €0.50 eur" });
    let [charge, begin, read] = all(refusal(400, small)).await;
    for report in [charge.unwrap(), begin.unwrap()] {
        assert_eq!(report.event, Event::Failed);
        let reason = report.reason.unwrap();
        assert_eq!(
            reason,
            "Stripe refuses the payment: Amount must be at least €0.50 eur"
        );
    }
    // Reading decides nothing.
    assert!(matches!(read, Err(CallError::NoAnswer(_))), "{read:?}");
    let gone = json!({ "type": "invalid_request_error", "code": "resource_missing", "param": "payment_method" });
    let [charge, ..] = all(refusal(400, gone)).await;
    assert_eq!(charge.unwrap().event, Event::Declined);

    // A price that Stripe can't take isn't asked for.
    let server = answering(ResponseTemplate::new(500)).await;
    let stripe = stripe(&server.uri());
    let dinars = Currency::new("KWD".parse().unwrap(), 3).unwrap();
    for is_automatic in [true, false] {
        let order = Order {
            price: Money::new(5_124, dinars),
            ..order(is_automatic)
        };
        let report = if is_automatic {
            stripe.charge(&order, &merchant(CUSTOMER)).await
        } else {
            stripe.begin(&order, &merchant(CUSTOMER)).await
        };
        let report = report.unwrap();
        assert_eq!(report.event, Event::Failed);
        assert_eq!(
            report.reason.as_deref(),
            Some("Stripe can't charge exactly 5.124 KWD")
        );
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_with_other_parameters_decides_nothing() {
    let reused = json!({ "type": "idempotency_error",
        "message": "Keys for idempotent requests can only be used with the same parameters" });
    let [charge, begin, _] = all(refusal(400, reused)).await;
    for found in [charge, begin] {
        assert!(matches!(found, Err(CallError::NoAnswer(_))), "{found:?}");
    }
}

#[tokio::test]
async fn a_payment_is_looked_for_on_every_page() {
    let server = MockServer::start().await;
    let order = order(true);
    let intent = |id: &str, purchase: &str| {
        json!({ "id": id, "object": "payment_intent", "status": "succeeded",
            "metadata": { "purchase_id": purchase } })
    };
    let page = |data: Vec<Value>, has_more: bool| {
        let body = json!({ "object": "list", "data": data, "has_more": has_more });
        ResponseTemplate::new(200).set_body_json(body)
    };
    let at = || Mock::given(method("GET")).and(path("/v1/payment_intents"));
    let ours = order.purchase.uuid().to_string();
    at().and(query_param("starting_after", "pi_2"))
        .respond_with(page(vec![intent("pi_3", &ours)], true))
        .mount(&server)
        .await;
    at().and(query_param("customer", CUSTOMER))
        .respond_with(page(vec![intent("pi_1", "a"), intent("pi_2", "b")], true))
        .with_priority(9)
        .mount(&server)
        .await;
    let found = ResponseTemplate::new(200).set_body_json(intent("pi_3", &ours));
    Mock::given(path("/v1/payment_intents/pi_3"))
        .respond_with(found)
        .mount(&server)
        .await;
    let report = stripe(&server.uri())
        .charge(&again(&order), &merchant(CUSTOMER))
        .await
        .unwrap();
    assert_eq!(
        (report.event, report.reference.as_deref()),
        (Event::Paid, Some("pi_3"))
    );
}

#[tokio::test]
async fn the_key_is_sent_and_never_shown() {
    let server = answering(ResponseTemplate::new(500)).await;
    let stripe = stripe(&server.uri());
    let shown = format!("{stripe:?}");
    for secret in [KEY, super::WEBHOOK, super::PREVIOUS_WEBHOOK] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!stripe.is_real());
    assert_eq!(stripe.credentials(), Some(&[][..]));
    let mandate = stripe.mandate(&merchant(CUSTOMER), None).await.unwrap();
    assert_eq!(mandate.state, MandateState::Active);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(
        requests[0].headers["authorization"],
        format!("Bearer {KEY}").as_str()
    );
    assert_eq!(requests[0].headers["stripe-version"], "2026-10-28.endive");
}
