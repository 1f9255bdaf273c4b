//! Payment pages: made once, read until they are decided, and the card that they save.

use std::collections::BTreeMap;

use domain::payment::Event;
use jiff::SignedDuration;
use message_credits::payments::{CallError, Order, Provider, Report};
use serde_json::{Value, json};

use super::{
    after, again,
    front::{Fault, Front},
    known,
    localstripe::{DECLINED, GOOD},
    merchant, order, stripe,
};

#[tokio::test]
async fn a_page_is_made_once_and_paid_once() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    let order = order(false);
    let begun = stripe.begin(&order, &shop).await.unwrap();
    assert_eq!(begun.event, Event::Waiting);
    let page = begun.reference.clone().unwrap();
    let url = begun.confirmation_url.clone().unwrap();
    assert_eq!(
        url.as_str(),
        format!("https://checkout.stripe.com/c/pay/{page}")
    );

    let asked = front.asked();
    let key = order.purchase.uuid().to_string();
    let expected = [
        ("mode", "payment"),
        ("customer", &customer),
        ("client_reference_id", &key),
        ("metadata[purchase_id]", &key),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "4990"),
        (
            "line_items[0][price_data][product_data][name]",
            "Starter: 1000 credits for Shop",
        ),
        ("line_items[0][quantity]", "1"),
        ("payment_intent_data[setup_future_usage]", "off_session"),
        (
            "payment_intent_data[description]",
            "Starter: 1000 credits for Shop",
        ),
        ("payment_intent_data[metadata][purchase_id]", &key),
        (
            "success_url",
            "https://shop.example/credits?tab=2&session_id={CHECKOUT_SESSION_ID}",
        ),
        ("cancel_url", "https://shop.example/credits?tab=2"),
        // 23 hours after the purchase was created.
        ("expires_at", "1795849199"),
    ];
    let expected: BTreeMap<_, _> = expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(asked[0].form, expected);
    assert_eq!(asked[0].headers["idempotency-key"], key.as_str());

    // Repeated, read, looked for: the same page.
    assert_eq!(stripe.begin(&again(&order), &shop).await.unwrap(), begun);
    assert_eq!(
        stripe
            .read(&known(&order, Some(&page)), &shop)
            .await
            .unwrap(),
        begun
    );
    assert_eq!(stripe.read(&again(&order), &shop).await.unwrap(), begun);
    assert_eq!(front.pages().len(), 1);

    let intent = front.pay(&page, GOOD).await;
    let paid = stripe
        .read(&known(&order, Some(&page)), &shop)
        .await
        .unwrap();
    let expected = Report {
        reference: Some(intent.clone()),
        ..Report::of(Event::Paid)
    };
    assert_eq!(paid, expected);
    // From now on it is known by its payment, which refunds and chargebacks name.
    local.refund(&intent, 990).await;
    let read = stripe
        .read(&known(&order, Some(&intent)), &shop)
        .await
        .unwrap();
    assert_eq!((read.event, read.reversed_minor), (Event::Paid, 990));
    let read = stripe
        .read(&known(&order, Some(&page)), &shop)
        .await
        .unwrap();
    assert_eq!((read.event, read.reversed_minor), (Event::Paid, 990));

    // The card is saved, and recharges use it.
    let recharge = super::order(true);
    assert_eq!(
        stripe.charge(&recharge, &shop).await.unwrap().event,
        Event::Paid
    );
    assert_eq!(local.taken().await, [4_990, 4_990]);
}

/// A canceled purchase's page is closed. If its buyer was faster, it is paid.
#[tokio::test]
async fn a_page_is_closed_unless_it_is_paid() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let shop = merchant(&local.customer().await);
    for is_paid in [false, true] {
        let order = order(false);
        let begun = stripe.begin(&order, &shop).await.unwrap();
        let page = begun.reference.unwrap();
        if is_paid {
            front.pay(&page, GOOD).await;
        }
        let event = if is_paid { Event::Paid } else { Event::Expired };
        for _ in 0..2 {
            // Its reference is known, or was lost.
            for order in [known(&order, Some(&page)), again(&order)] {
                let canceled = stripe.cancel(&order, &shop).await.unwrap();
                assert_eq!(canceled.event, event, "{is_paid}");
            }
        }
    }
    // Of a purchase that was never begun there is nothing to end.
    let canceled = stripe.cancel(&again(&order(false)), &shop).await.unwrap();
    assert_eq!(canceled.event, Event::Absent);
}

#[tokio::test]
async fn a_page_ends_paid_declined_or_expired() {
    let front = Front::start().await;
    let (stripe, local) = (stripe(&front.base), front.stripe());
    let customer = local.customer().await;
    let shop = merchant(&customer);
    let order = order(false);
    let page = stripe
        .begin(&order, &shop)
        .await
        .unwrap()
        .reference
        .unwrap();
    let known = known(&order, Some(&page));
    let read = async |changes: Value| {
        front.change_page(&page, |page| {
            for (name, value) in changes.as_object().unwrap() {
                page[name] = value.clone();
            }
        });
        stripe.read(&known, &shop).await
    };
    let event = async |changes: Value| read(changes).await.unwrap().event;
    let expired = json!({ "status": "expired", "url": null });
    assert_eq!(event(expired).await, Event::Expired);
    let free = json!({ "status": "complete", "payment_status": "no_payment_required" });
    assert_eq!(event(free).await, Event::Paid);
    // A direct debit that takes days.
    let unpaid = json!({ "status": "complete", "payment_status": "unpaid" });
    assert_eq!(event(unpaid).await, Event::Waiting);
    // It fails in the end.
    let card = local.card(&customer, DECLINED).await;
    let form = [
        ("amount", "4990"),
        ("currency", "eur"),
        ("customer", &customer),
        ("payment_method", &card),
    ];
    let intent = local.post("/v1/payment_intents", &form).await["id"].clone();
    let confirm = format!(
        "{}/v1/payment_intents/{}/confirm",
        local.base,
        intent.as_str().unwrap()
    );
    let confirm = reqwest::Client::new().post(confirm).bearer_auth(super::KEY);
    assert_eq!(confirm.send().await.unwrap().status(), 402);
    let failed = read(json!({ "payment_intent": intent })).await.unwrap();
    assert_eq!(failed.event, Event::Declined);
    assert_eq!(
        failed.reason.as_deref(),
        Some("the bank declined the payment")
    );
    let unknown = read(json!({ "status": "a_status_of_tomorrow" })).await;
    assert!(
        matches!(unknown, Err(CallError::NoAnswer(_))),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn the_buyer_returns_to_this_server_without_another_page() {
    let front = Front::start().await;
    let stripe = stripe(&front.base);
    let shop = merchant(&front.stripe().customer().await);
    let order = Order {
        return_url: None,
        ..order(false)
    };
    stripe.begin(&order, &shop).await.unwrap();
    let asked = front.asked();
    let expected = "https://credits.example/?session_id={CHECKOUT_SESSION_ID}";
    assert_eq!(asked[0].form["success_url"], expected);
    assert_eq!(asked[0].form["cancel_url"], "https://credits.example/");
}

#[tokio::test]
async fn no_page_is_made_twice() {
    let front = Front::start().await;
    let stripe = stripe(&front.base);
    let shop = merchant(&front.stripe().customer().await);
    for (count, fault) in [Fault::LoseRequest, Fault::LoseAnswer, Fault::ErrorAfter]
        .into_iter()
        .enumerate()
    {
        let order = order(false);
        front.fail(&[fault]);
        let lost = stripe.begin(&order, &shop).await;
        assert!(
            matches!(lost, Err(CallError::NoAnswer(_))),
            "{fault:?}: {lost:?}"
        );
        let begun = stripe.begin(&again(&order), &shop).await.unwrap();
        assert_eq!(begun.event, Event::Waiting, "{fault:?}");
        assert!(begun.confirmation_url.is_some(), "{fault:?}");
        assert_eq!(front.pages().len(), count + 1, "{fault:?}");
    }
    // The name of what is bought changed between two calls.
    let order = order(false);
    front.fail(&[Fault::LoseAnswer]);
    stripe.begin(&order, &shop).await.unwrap_err();
    let renamed = Order {
        description: "Other".to_owned(),
        ..again(&order)
    };
    assert_eq!(
        stripe.begin(&renamed, &shop).await.unwrap().event,
        Event::Waiting
    );
    assert_eq!(front.pages().len(), 4);
}

#[tokio::test]
async fn a_stored_error_without_a_page_fails_the_purchase() {
    let front = Front::start().await;
    let stripe = stripe(&front.base);
    let shop = merchant(&front.stripe().customer().await);
    let order = order(false);
    front.fail(&[Fault::ErrorBefore]);
    stripe.begin(&order, &shop).await.unwrap_err();
    // The first call may still be under way.
    stripe.begin(&again(&order), &shop).await.unwrap_err();
    let later = after(&order, SignedDuration::from_mins(11));
    assert_eq!(
        stripe.begin(&later, &shop).await.unwrap().event,
        Event::Failed
    );
    assert!(front.pages().is_empty());
}

#[tokio::test]
async fn no_page_is_made_after_a_day() {
    let front = Front::start().await;
    let stripe = stripe(&front.base);
    let shop = merchant(&front.stripe().customer().await);
    let late = after(&order(false), SignedDuration::from_hours(23));
    assert_eq!(
        stripe.begin(&late, &shop).await.unwrap().event,
        Event::Expired
    );
    assert_eq!(
        stripe.read(&late, &shop).await.unwrap().event,
        Event::Absent
    );
    assert!(front.asked().is_empty());

    // One that was made in time is found.
    let order = order(false);
    front.fail(&[Fault::LoseAnswer]);
    stripe.begin(&order, &shop).await.unwrap_err();
    let page = front.pages()[0]["id"].as_str().unwrap().to_owned();
    front.pay(&page, GOOD).await;
    let late = after(&order, SignedDuration::from_hours(23));
    assert_eq!(stripe.begin(&late, &shop).await.unwrap().event, Event::Paid);
}
