//! Recharges against localstripe: a saved card is charged without its owner, once.
//!
//! Here: cards that pay, decline and ask; answers that are lost. Not here: errors that localstripe
//! doesn't give ([`super::failures`]).

use domain::payment::Event;
use jiff::SignedDuration;
use message_credits::payments::{CallError, MandateState, MerchantTrouble, Order, Provider};
use serde_json::json;

use super::{
    after, again,
    front::{Fault, Front},
    known,
    localstripe::{ASKS, DECLINED, GOOD, NEVER_SAVED},
    merchant, order, stripe,
};

const LONG: SignedDuration = SignedDuration::from_mins(11);

#[tokio::test]
async fn a_saved_card_is_charged_once() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let shop = merchant(&local.customer().await);
    let customer = shop.id.clone().unwrap();

    // Nothing is saved yet.
    let mandate = stripe.mandate(&shop, None).await.unwrap();
    assert_eq!(mandate.state, MandateState::NeedsPurchase);
    let without = stripe.charge(&order(true), &shop).await.unwrap();
    assert_eq!(without.event, Event::Declined);
    assert!(without.reason.unwrap().contains("no card is saved"));
    assert_eq!(local.taken().await, [0_i64; 0]);

    let card = local.card(&customer, GOOD).await;
    let mandate = stripe.mandate(&shop, None).await.unwrap();
    assert_eq!(mandate.state, MandateState::Active);
    assert_eq!(mandate.reference.as_deref(), Some(card.as_str()));
    assert_eq!(
        (mandate.cap, mandate.used, mandate.period_end),
        (None, None, None)
    );

    let first = order(true);
    let paid = stripe.charge(&first, &shop).await.unwrap();
    assert_eq!((paid.event, paid.reversed_minor), (Event::Paid, 0));
    let id = paid.reference.clone().unwrap();
    let intent = local.get(&format!("/v1/payment_intents/{id}")).await;
    let key = first.purchase.uuid().to_string();
    assert_eq!(intent["metadata"], json!({ "purchase_id": key }));
    assert_eq!(
        (&intent["amount"], &intent["currency"]),
        (&json!(4_990), &json!("eur"))
    );

    // Repeated with the same key, read by its reference, looked for without one: the same payment.
    assert_eq!(stripe.charge(&first, &shop).await.unwrap(), paid);
    assert_eq!(stripe.charge(&again(&first), &shop).await.unwrap(), paid);
    assert_eq!(
        stripe.read(&known(&first, Some(&id)), &shop).await.unwrap(),
        paid
    );
    assert_eq!(stripe.read(&again(&first), &shop).await.unwrap(), paid);
    assert_eq!(local.taken().await, [4_990]);

    // The next recharge is a payment of its own.
    let second = stripe.charge(&order(true), &shop).await.unwrap();
    assert_ne!(second.reference, paid.reference);
    assert_eq!(local.taken().await, [4_990, 4_990]);
    for seen in front.asked() {
        assert_eq!(seen.form["off_session"], "true");
        assert_eq!(seen.form["confirm"], "true");
        assert_eq!(seen.form["description"], "Starter: 1000 credits for Shop");
        assert_eq!(seen.headers["stripe-version"], "2026-10-28.endive");
        assert_eq!(
            seen.headers["idempotency-key"],
            seen.form["metadata[purchase_id]"].as_str()
        );
    }
}

#[tokio::test]
async fn the_platforms_choice_or_the_newest_card_is_charged() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    let reference = async || stripe.mandate(&shop, None).await.unwrap().reference;
    let first = local.card(&customer, GOOD).await;
    assert_eq!(reference().await, Some(first.clone()));
    // Stripe's times are whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let second = local.card(&customer, GOOD).await;
    assert_eq!(reference().await, Some(second.clone()));
    let chosen = [("invoice_settings[default_payment_method]", first.as_str())];
    local
        .post(&format!("/v1/customers/{customer}"), &chosen)
        .await;
    assert_eq!(reference().await, Some(first.clone()));
    stripe.charge(&order(true), &shop).await.unwrap();
    assert_eq!(front.asked()[0].form["payment_method"], first);
}

#[tokio::test]
async fn a_declined_card_pays_nothing() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    // Stripe refuses to save the one, and to charge the other.
    let never = local.new_card(NEVER_SAVED).await;
    let attach = format!("{}/v1/payment_methods/{never}/attach", local.base);
    let attach = reqwest::Client::new().post(attach).bearer_auth(super::KEY);
    let refused = attach
        .form(&[("customer", &customer)])
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 402);
    local.card(&customer, DECLINED).await;

    let order = order(true);
    let declined = stripe.charge(&order, &shop).await.unwrap();
    assert_eq!(declined.event, Event::Declined);
    assert_eq!(
        declined.reason.as_deref(),
        Some("the bank declined the payment")
    );
    // The same answer whenever it is asked for, and no second try of the same purchase.
    let repeated = stripe.charge(&again(&order), &shop).await.unwrap();
    assert_eq!(repeated.event, Event::Declined);
    let read = stripe.read(&again(&order), &shop).await.unwrap();
    assert_eq!(read.event, Event::Declined);
    let read = stripe
        .read(&known(&order, read.reference.as_deref()), &shop)
        .await
        .unwrap();
    assert_eq!(read.event, Event::Declined);
    assert_eq!(local.taken().await, [0_i64; 0]);
    let intents = local.get("/v1/payment_intents").await;
    assert_eq!(intents["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_payment_that_the_bank_asks_about_is_cancelled() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    local.card(&customer, ASKS).await;
    let order = order(true);
    let asked = stripe.charge(&order, &shop).await.unwrap();
    assert_eq!(asked.event, Event::Declined);
    assert!(asked.reason.unwrap().contains("asks the owner to approve"));
    // Nobody can approve it later, when another recharge may have paid for the gap.
    let id = asked.reference.unwrap();
    let intent = local.get(&format!("/v1/payment_intents/{id}")).await;
    assert_eq!(intent["status"], "canceled");
    let read = stripe.read(&known(&order, Some(&id)), &shop).await.unwrap();
    assert_eq!(read.event, Event::Declined);
    assert_eq!(local.taken().await, [0_i64; 0]);
}

#[tokio::test]
async fn refunds_and_chargebacks_are_read() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    local.card(&customer, GOOD).await;
    let order = order(true);
    let paid = stripe.charge(&order, &shop).await.unwrap();
    let id = paid.reference.unwrap();
    let known = known(&order, Some(&id));
    let reversed = async || {
        let read = stripe.read(&known, &shop).await.unwrap();
        assert_eq!(read.event, Event::Paid);
        read.reversed_minor
    };
    local.refund(&id, 1_000).await;
    assert_eq!(reversed().await, 1_000);
    for (status, withdrawn) in [
        ("warning_needs_response", 0),
        ("warning_under_review", 0),
        ("warning_closed", 0),
        ("needs_response", 990),
        ("under_review", 990),
        ("appeal_under_review", 990),
        ("lost", 990),
        ("won", 0),
        ("prevented", 0),
        ("a_status_of_tomorrow", 0),
    ] {
        front.dispute(&id, &[(990, status)]);
        assert_eq!(reversed().await, 1_000 + withdrawn, "{status}");
    }
    front.dispute(&id, &[(500, "lost"), (490, "needs_response"), (7, "won")]);
    assert_eq!(reversed().await, 1_990);
    // Refunded and disputed at once: never more than was paid.
    front.dispute(&id, &[(4_990, "needs_response")]);
    assert_eq!(reversed().await, 4_990);
    local.refund(&id, 3_990).await;
    assert_eq!(reversed().await, 4_990);
}

/// Charges until there is an answer, as the job does; the event, and the amounts taken.
async fn through(faults: &[Fault]) -> (Event, Vec<i64>) {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    local.card(&customer, GOOD).await;
    front.fail(faults);
    let first = order(true);
    let answer = stripe.charge(&first, &shop).await;
    assert!(matches!(answer, Err(CallError::NoAnswer(_))), "{answer:?}");
    let mut order = again(&first);
    let event = loop {
        match stripe.charge(&order, &shop).await {
            Ok(report) => break report.event,
            Err(CallError::NoAnswer(_)) => {
                order = after(&first, order.now.duration_since(first.now) + LONG)
            }
            Err(error) => panic!("{error}"),
        }
    };
    (event, local.taken().await)
}

#[tokio::test]
async fn a_lost_answer_charges_once() {
    assert_eq!(
        through(&[Fault::LoseAnswer]).await,
        (Event::Paid, vec![4_990])
    );
}

#[tokio::test]
async fn a_lost_request_charges_once() {
    let lost = [Fault::LoseRequest, Fault::LoseRequest];
    assert_eq!(through(&lost).await, (Event::Paid, vec![4_990]));
}

#[tokio::test]
async fn a_timeout_after_the_charge_took_effect_charges_once() {
    assert_eq!(through(&[Fault::Hang]).await, (Event::Paid, vec![4_990]));
}

#[tokio::test]
async fn a_stored_error_after_the_charge_took_effect_charges_once() {
    assert_eq!(
        through(&[Fault::ErrorAfter]).await,
        (Event::Paid, vec![4_990])
    );
}

/// The key's answer is an error for good, and another key could charge twice.
#[tokio::test]
async fn a_stored_error_without_effect_fails_the_purchase() {
    assert_eq!(
        through(&[Fault::ErrorBefore]).await,
        (Event::Failed, vec![])
    );
}

#[tokio::test]
async fn two_calls_at_once_charge_once() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    local.card(&customer, GOOD).await;
    let order = order(true);
    let calls = (0..8).map(|_| stripe.charge(&order, &shop));
    for answer in futures_util::future::join_all(calls).await {
        match answer {
            Ok(report) => assert_eq!(report.event, Event::Paid),
            // The key is in use.
            Err(CallError::Busy(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(
        stripe.charge(&again(&order), &shop).await.unwrap().event,
        Event::Paid
    );
    assert_eq!(local.taken().await, [4_990]);
}

/// The account is connected to another customer between two calls: the first one's charge is found,
/// because its key is used.
#[tokio::test]
async fn another_customer_is_not_charged_for_the_same_purchase() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let (before, now) = (local.customer().await, local.customer().await);
    for customer in [&before, &now] {
        local.card(customer, GOOD).await;
    }
    front.fail(&[Fault::LoseAnswer]);
    let order = order(true);
    stripe.charge(&order, &merchant(&before)).await.unwrap_err();
    let found = stripe
        .charge(&again(&order), &merchant(&now))
        .await
        .unwrap();
    assert_eq!(found.event, Event::Paid);
    assert_eq!(local.taken().await, [4_990]);
}

#[tokio::test]
async fn nothing_is_charged_long_after_it_was_due() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    local.card(&customer, GOOD).await;
    let late: Order = after(&order(true), SignedDuration::from_hours(23));
    let report = stripe.charge(&late, &shop).await.unwrap();
    assert_eq!(report.event, Event::Failed);
    assert!(report.reason.unwrap().contains("nothing was charged"));
    assert!(front.asked().is_empty());
}

#[tokio::test]
async fn a_deleted_customer_is_not_charged() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    local.card(&customer, GOOD).await;
    local.delete(&format!("/v1/customers/{customer}")).await;
    let gone = CallError::Merchant(MerchantTrouble::Uninstalled);
    assert_eq!(stripe.charge(&order(true), &shop).await, Err(gone.clone()));
    assert_eq!(stripe.mandate(&shop, None).await, Err(gone));
    assert_eq!(local.taken().await, [0_i64; 0]);
}
