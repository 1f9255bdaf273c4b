//! Recharges: usage charges under a cap that the shop's owner approved.

use domain::{
    money::{Currency, Money},
    payment::Event,
};
use message_credits::payments::{
    CallError, Mandate, MandateState, MandateWish, Merchant, MerchantTrouble, Order, Provider,
};
use serde_json::json;

use crate::support::shopify::{Double, called, charged_under, dollars, merchant, order};

/// The call that charges.
const CHARGE: &str = "AppUsageRecordCreate";

fn wish(cap: Money) -> MandateWish {
    MandateWish {
        cap,
        terms: "$50.00 per automatic recharge of message credits".to_owned(),
        return_url: "https://app.example/recharges".parse().unwrap(),
    }
}

fn recharge(price: Money) -> Order {
    Order {
        is_automatic: true,
        ..order(price)
    }
}

/// Asks for a cap, approves it, and returns the shop with the permission.
async fn approved(double: &Double, provider: &dyn Provider, cap: Money) -> (Mandate, Merchant) {
    let asked = provider
        .mandate(&merchant(), Some(&wish(cap)))
        .await
        .unwrap();
    let page = asked.confirmation_url.unwrap();
    double
        .shop("approve", json!({ "url": page.as_str() }))
        .await;
    let mandate = provider.mandate(&merchant(), None).await.unwrap();
    let merchant = charged_under(mandate.reference.as_deref());
    (mandate, merchant)
}

#[tokio::test]
async fn an_approved_cap_is_charged_without_the_owner() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let none = provider.mandate(&merchant(), None).await.unwrap();
    assert_eq!(
        (none.state, none.reference),
        (MandateState::NeedsApproval, None)
    );
    let asked = provider
        .mandate(&merchant(), Some(&wish(dollars(30_000))))
        .await
        .unwrap();
    assert_eq!(asked.state, MandateState::NeedsApproval);
    assert!(asked.confirmation_url.is_some());

    let (mandate, merchant) = approved(&double, provider.as_ref(), dollars(30_000)).await;
    assert_eq!(mandate.state, MandateState::Active);
    assert_eq!(
        (mandate.cap, mandate.used),
        (Some(dollars(30_000)), Some(dollars(0)))
    );
    assert_eq!(
        mandate.period_end,
        Some("2026-12-22T08:00:00Z".parse().unwrap())
    );
    assert_eq!(mandate.confirmation_url, None);

    let order = recharge(dollars(5_000));
    let charged = provider.charge(&order, &merchant).await.unwrap();
    assert_eq!((charged.event, &charged.reason), (Event::Paid, &None));
    // The same purchase is charged once, however often it is asked for.
    for order in [
        order.clone(),
        called(&order, None),
        called(&order, charged.reference.as_deref()),
    ] {
        for again in [
            provider.charge(&order, &merchant).await,
            provider.read(&order, &merchant).await,
        ] {
            let again = again.unwrap();
            assert_eq!(
                (again.event, &again.reference),
                (Event::Paid, &charged.reference)
            );
        }
    }
    let usage = double.state().await["usage"].take();
    assert_eq!(usage.as_array().unwrap().len(), 1, "{usage}");
    assert_eq!(usage[0]["description"], "Starter: 1000 credits for Candles");
    assert_eq!(
        usage[0]["idempotencyKey"],
        order.purchase.uuid().to_string()
    );
    let mandate = provider.mandate(&merchant, None).await.unwrap();
    assert_eq!(mandate.used, Some(dollars(5_000)));
}

#[tokio::test]
async fn the_cap_holds_until_a_higher_one_is_approved() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let (_, merchant) = approved(&double, provider.as_ref(), dollars(7_000)).await;
    let event = |report: &message_credits::payments::Report| report.event;
    let paid = provider
        .charge(&recharge(dollars(5_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(event(&paid), Event::Paid);
    let over = provider
        .charge(&recharge(dollars(5_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(event(&over), Event::Declined);
    assert!(over.reason.unwrap().contains("spending limit"));

    // As much as there is, or less, needs no approval.
    for cap in [dollars(7_000), dollars(500)] {
        let mandate = provider.mandate(&merchant, Some(&wish(cap))).await.unwrap();
        assert_eq!(mandate.confirmation_url, None);
    }
    let raised = provider
        .mandate(&merchant, Some(&wish(dollars(30_000))))
        .await
        .unwrap();
    assert_eq!(
        (raised.state, raised.cap),
        (MandateState::Active, Some(dollars(7_000)))
    );
    let page = raised.confirmation_url.unwrap();
    let before = provider
        .charge(&recharge(dollars(5_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(event(&before), Event::Declined);
    double
        .shop("approve", json!({ "url": page.as_str() }))
        .await;
    let mandate = provider.mandate(&merchant, None).await.unwrap();
    assert_eq!(
        (mandate.cap, mandate.used),
        (Some(dollars(30_000)), Some(dollars(5_000)))
    );
    let after = provider
        .charge(&recharge(dollars(5_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(event(&after), Event::Paid);
    assert_eq!(
        double.state().await["subscriptions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn nothing_is_charged_without_an_approval() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let none = provider
        .charge(&recharge(dollars(5_000)), &merchant())
        .await
        .unwrap();
    assert_eq!((none.event, none.reference), (Event::Declined, None));
    assert_eq!(double.count(CHARGE).await, 0);

    let (_, merchant) = approved(&double, provider.as_ref(), dollars(30_000)).await;
    double.shop("end", json!({})).await;
    let ended = provider
        .charge(&recharge(dollars(5_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(ended.event, Event::Declined);
    assert!(ended.reason.unwrap().contains("approve"));
    let mandate = provider.mandate(&merchant, None).await.unwrap();
    assert_eq!(mandate.state, MandateState::NeedsApproval);

    let unknown = charged_under(Some("gid://shopify/AppSubscriptionLineItem/1"));
    let unknown = provider
        .charge(&recharge(dollars(5_000)), &unknown)
        .await
        .unwrap();
    assert_eq!(unknown.event, Event::Failed);
    assert_eq!(
        unknown.reason.unwrap(),
        "Shopify can't take this payment: Invalid id"
    );
}

#[tokio::test]
async fn a_frozen_subscription_is_a_frozen_shop() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let (_, merchant) = approved(&double, provider.as_ref(), dollars(30_000)).await;
    double.shop("freeze", json!({})).await;
    let frozen = provider.mandate(&merchant, None).await.unwrap_err();
    assert_eq!(frozen, CallError::Merchant(MerchantTrouble::Frozen));
    let charged = provider
        .charge(&recharge(dollars(5_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(charged.event, Event::Declined);
}

#[tokio::test]
async fn a_lost_answer_never_charges_twice() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let (_, merchant) = approved(&double, provider.as_ref(), dollars(30_000)).await;
    for (fault, charges) in [("cut-before", 1), ("cut-after", 2), ("500", 3)] {
        let order = recharge(dollars(5_000));
        double.fail(CHARGE, fault).await;
        let lost = provider.charge(&order, &merchant).await.unwrap_err();
        assert!(matches!(lost, CallError::NoAnswer(_)), "{fault}: {lost:?}");
        let again = provider
            .charge(&called(&order, None), &merchant)
            .await
            .unwrap();
        assert_eq!(again.event, Event::Paid, "{fault}");
        let usage = double.state().await["usage"].take();
        assert_eq!(usage.as_array().unwrap().len(), charges, "{fault}");
    }
}

#[tokio::test]
async fn a_charge_is_found_after_its_approval_ended() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let (_, approved) = approved(&double, provider.as_ref(), dollars(30_000)).await;
    let (charged, never) = (recharge(dollars(5_000)), recharge(dollars(5_000)));
    double.fail(CHARGE, "cut-after").await;
    provider.charge(&charged, &approved).await.unwrap_err();
    double.shop("end", json!({})).await;
    let without = merchant();
    let found = provider
        .charge(&called(&charged, None), &without)
        .await
        .unwrap();
    assert_eq!(found.event, Event::Paid);
    let read = provider
        .read(&called(&charged, None), &without)
        .await
        .unwrap();
    assert_eq!(read, found);
    let refused = provider
        .charge(&called(&never, None), &without)
        .await
        .unwrap();
    assert_eq!(refused.event, Event::Declined);
    let absent = provider
        .read(&called(&never, None), &without)
        .await
        .unwrap();
    assert_eq!(absent.event, Event::Absent);
}

#[tokio::test]
async fn more_charges_than_are_listed_leave_a_lost_one_unknown() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let (_, merchant) = approved(&double, provider.as_ref(), dollars(30_000)).await;
    for _ in 0..30 {
        let charged = provider
            .charge(&recharge(dollars(100)), &merchant)
            .await
            .unwrap();
        assert_eq!(charged.event, Event::Paid);
    }
    let lost = called(&recharge(dollars(100)), None);
    let unknown = provider.read(&lost, &merchant).await.unwrap_err();
    assert!(matches!(unknown, CallError::NoAnswer(_)), "{unknown:?}");
    // Two hours later none of these can be its own.
    let later = Order {
        created_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        ..lost
    };
    assert_eq!(
        provider.read(&later, &merchant).await.unwrap().event,
        Event::Absent
    );
}

#[tokio::test]
async fn the_platforms_own_plan_is_not_replaced() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let fee = json!({ "price": { "amount": "9.99", "currencyCode": "USD" } });
    let plan = json!([{ "plan": { "appRecurringPricingDetails": fee } }]);
    double.shop("subscribe", json!({ "lineItems": plan })).await;
    let mandate = provider
        .mandate(&merchant(), Some(&wish(dollars(30_000))))
        .await
        .unwrap();
    assert_eq!(
        (mandate.state, mandate.confirmation_url),
        (MandateState::NeedsApproval, None)
    );
    assert_eq!(double.count("AppSubscriptionCreate").await, 0);

    // A plan with a usage line is charged under that line.
    let cap = json!({ "amount": "70.00", "currencyCode": "USD" });
    let usage = json!({ "cappedAmount": cap, "terms": "as used" });
    let plan = json!([plan[0], { "plan": { "appUsagePricingDetails": usage } }]);
    let lines = double.shop("subscribe", json!({ "lineItems": plan })).await;
    let mandate = provider.mandate(&merchant(), None).await.unwrap();
    assert_eq!(
        (mandate.state, mandate.cap),
        (MandateState::Active, Some(dollars(7_000)))
    );
    assert_eq!(json!(mandate.reference), lines["lines"][1]);
}

#[tokio::test]
async fn a_cap_in_another_currency_is_not_asked_for() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let (_, merchant) = approved(&double, provider.as_ref(), dollars(7_000)).await;
    let euros = Money::new(30_000, Currency::new("EUR".parse().unwrap(), 2).unwrap());
    let mandate = provider
        .mandate(&merchant, Some(&wish(euros)))
        .await
        .unwrap();
    assert_eq!(
        (mandate.cap, mandate.confirmation_url),
        (Some(dollars(7_000)), None)
    );
    let order = recharge(Money::new(5_000, euros.currency()));
    let report = provider.charge(&order, &merchant).await.unwrap();
    assert_eq!(report.event, Event::Failed);
    assert_eq!(
        report.reason.unwrap(),
        "Shopify can't take this payment: Currency code must be USD"
    );
}

#[tokio::test]
async fn a_test_subscription_is_no_permission_for_real_charges() {
    let Some(double) = Double::start().await else {
        return;
    };
    let tests = double.provider_with(|settings| settings.shopify_test_charges = true);
    let (mandate, _) = approved(&double, tests.as_ref(), dollars(30_000)).await;
    assert_eq!(mandate.state, MandateState::Active);
    assert_eq!(double.state().await["subscriptions"][0]["test"], true);
    let (mandate, _) = approved(&double, double.provider().as_ref(), dollars(20_000)).await;
    assert_eq!(
        (mandate.state, mandate.cap),
        (MandateState::Active, Some(dollars(20_000)))
    );
    assert_eq!(double.state().await["subscriptions"][1]["test"], false);
}
