//! The provider Shopify against its double, which runs every document that it is sent through
//! graphql-js.
//!
//! Here: one-time purchases. Not here: recharges, what goes wrong, and webhooks, which are in the
//! folder; accounts and their connections, for which the provider needs no server.

mod accounts;
mod failures;
mod recharges;
mod settings;
mod webhooks;

use domain::{
    money::{Currency, Money},
    payment::Event,
};
use message_credits::payments::CallError;
use serde_json::json;

use crate::support::shopify::{Double, called, dollars, merchant, order};

/// The call that begins a purchase.
const BEGIN: &str = "AppPurchaseOneTimeCreate";

#[tokio::test]
async fn a_purchase_is_approved_or_declined_at_shopify() {
    let Some(double) = Double::start().await else {
        return;
    };
    let (provider, merchant) = (double.provider(), merchant());
    for (status, event) in [
        ("ACCEPTED", Event::Waiting),
        ("ACTIVE", Event::Paid),
        ("DECLINED", Event::Declined),
        ("EXPIRED", Event::Expired),
    ] {
        let order = order(dollars(4_990));
        let begun = provider.begin(&order, &merchant).await.unwrap();
        assert_eq!((begun.event, &begun.reason), (Event::Waiting, &None));
        let page = begun.confirmation_url.unwrap();
        assert!(
            page.as_str()
                .starts_with("https://candles.myshopify.com/admin/charges/"),
            "{page}"
        );
        let order = called(&order, begun.reference.as_deref());
        let read = provider.read(&order, &merchant).await.unwrap();
        assert_eq!(read.event, Event::Waiting);

        double
            .shop("decide", json!({ "id": begun.reference, "status": status }))
            .await;
        // Once it is begun, beginning it again reads it.
        for read in [
            provider.read(&order, &merchant).await,
            provider.begin(&order, &merchant).await,
        ] {
            let read = read.unwrap();
            assert_eq!(
                (read.event, &read.reference),
                (event, &begun.reference),
                "{status}"
            );
            assert_eq!(read.reason.is_some(), event == Event::Declined, "{read:?}");
        }
    }
    let state = double.state().await;
    let bought = &state["purchases"][0];
    assert_eq!(bought["sent"], "49.90");
    assert_eq!(bought["test"], false);
    assert_eq!(
        bought["returnUrl"],
        "https://app.example/credits?purchase=1"
    );
    let name = bought["name"].as_str().unwrap();
    assert!(
        name.starts_with("Starter: 1000 credits for Candles (#"),
        "{name}"
    );
}

#[tokio::test]
async fn yen_have_no_decimals_and_the_buyer_returns_to_this_server() {
    let Some(double) = Double::billing_in("JPY").await else {
        return;
    };
    let yen = Currency::new("JPY".parse().unwrap(), 0).unwrap();
    let mut order = order(Money::new(1_500, yen));
    order.return_url = None;
    order.description = "ö".repeat(500);
    let (provider, merchant) = (double.provider(), merchant());
    let begun = provider.begin(&order, &merchant).await.unwrap();
    let order = called(&order, begun.reference.as_deref());
    assert_eq!(
        provider.read(&order, &merchant).await.unwrap().event,
        Event::Waiting
    );
    let bought = &double.state().await["purchases"][0];
    assert_eq!(bought["sent"], "1500");
    assert_eq!(bought["returnUrl"], "https://credits.example/");
    assert!(
        bought["name"].as_str().unwrap().chars().count() < 120,
        "{bought}"
    );
}

#[tokio::test]
async fn what_shopify_refuses_has_failed_with_its_reason() {
    let Some(double) = Double::start().await else {
        return;
    };
    let (provider, merchant) = (double.provider(), merchant());
    let euros = Currency::new("EUR".parse().unwrap(), 2).unwrap();
    for (price, reason) in [
        (dollars(49), "Price must be at least 0.50 USD."),
        (
            Money::new(4_990, euros),
            "Price currency must match shop billing currency USD.",
        ),
    ] {
        let report = provider.begin(&order(price), &merchant).await.unwrap();
        assert_eq!((report.event, &report.reference), (Event::Failed, &None));
        assert!(report.reason.unwrap().ends_with(reason));
    }
    assert_eq!(double.state().await["purchases"], json!([]));
}

#[tokio::test]
async fn a_lost_answer_never_begins_a_purchase_twice() {
    let Some(double) = Double::start().await else {
        return;
    };
    let (provider, merchant) = (double.provider(), merchant());

    // Nothing was begun: the next call begins it.
    let first = order(dollars(1_000));
    double.fail(BEGIN, "cut-before").await;
    let lost = provider.begin(&first, &merchant).await.unwrap_err();
    assert!(matches!(lost, CallError::NoAnswer(_)), "{lost:?}");
    let begun = provider
        .begin(&called(&first, None), &merchant)
        .await
        .unwrap();
    assert_eq!(begun.event, Event::Waiting);
    assert_eq!(double.count(BEGIN).await, 2);

    // It was begun, but nobody has its approval page.
    let second = order(dollars(1_000));
    double.fail(BEGIN, "cut-after").await;
    provider.begin(&second, &merchant).await.unwrap_err();
    let found = provider
        .begin(&called(&second, None), &merchant)
        .await
        .unwrap();
    assert_eq!(found.event, Event::Failed);
    assert!(found.reason.unwrap().contains("Please buy again"));
    let purchases = double.state().await["purchases"].take();
    assert_eq!(purchases.as_array().unwrap().len(), 2);
    assert_eq!(json!(found.reference), purchases[1]["id"]);

    // If it is paid all the same, its credits come in.
    double
        .shop(
            "decide",
            json!({ "id": found.reference, "status": "ACTIVE" }),
        )
        .await;
    for order in [
        called(&second, None),
        called(&second, found.reference.as_deref()),
    ] {
        for report in [
            provider.begin(&order, &merchant).await,
            provider.read(&order, &merchant).await,
        ] {
            let report = report.unwrap();
            assert_eq!(
                (report.event, &report.reference),
                (Event::Paid, &found.reference)
            );
        }
    }

    // The caller gave up waiting.
    let third = order(dollars(1_000));
    double.fail(BEGIN, "hang-after").await;
    let limit = std::time::Duration::from_millis(500);
    tokio::time::timeout(limit, provider.begin(&third, &merchant))
        .await
        .unwrap_err();
    let found = provider
        .begin(&called(&third, None), &merchant)
        .await
        .unwrap();
    assert_eq!(found.event, Event::Failed);
    assert_eq!(
        double.state().await["purchases"].as_array().unwrap().len(),
        3
    );
}

#[tokio::test]
async fn a_purchase_is_found_among_newer_ones_and_older_ones_are_not_searched() {
    let Some(double) = Double::start().await else {
        return;
    };
    let (provider, merchant) = (double.provider(), merchant());
    double
        .script(json!({ "do": "clock", "at": "2026-11-22T06:00:00Z" }))
        .await;
    for _ in 0..60 {
        provider
            .begin(&order(dollars(1_000)), &merchant)
            .await
            .unwrap();
    }
    double
        .script(json!({ "do": "clock", "at": "2026-11-22T08:00:00Z" }))
        .await;
    let lost = order(dollars(1_000));
    // Older than the purchase by more than clocks differ: one page is enough.
    let read = provider
        .read(&called(&lost, None), &merchant)
        .await
        .unwrap();
    assert_eq!((read.event, read.reference), (Event::Absent, None));
    assert_eq!(double.count("RecentPurchases").await, 1);

    provider.begin(&lost, &merchant).await.unwrap();
    for _ in 0..60 {
        provider
            .begin(&order(dollars(1_000)), &merchant)
            .await
            .unwrap();
    }
    let found = provider
        .read(&called(&lost, None), &merchant)
        .await
        .unwrap();
    assert!(found.reference.is_some(), "{found:?}");
    assert_eq!(double.count("RecentPurchases").await, 3);
}

#[tokio::test]
async fn a_payment_that_shopify_does_not_know_is_absent() {
    let Some(double) = Double::start().await else {
        return;
    };
    let order = called(
        &order(dollars(1_000)),
        Some("gid://shopify/AppPurchaseOneTime/1"),
    );
    let read = double.provider().read(&order, &merchant()).await.unwrap();
    assert_eq!(read.event, Event::Absent);
}

#[tokio::test]
async fn another_amount_than_the_price_is_never_believed() {
    let Some(double) = Double::start().await else {
        return;
    };
    let (provider, merchant) = (double.provider(), merchant());
    let begun = provider
        .begin(&order(dollars(1_000)), &merchant)
        .await
        .unwrap();
    double
        .shop(
            "decide",
            json!({ "id": begun.reference, "status": "ACTIVE" }),
        )
        .await;
    let other = called(&order(dollars(5_000)), begun.reference.as_deref());
    let error = provider
        .read(&other, &merchant)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("about 10.0 USD, not about 50.00 USD"),
        "{error}"
    );
}

#[tokio::test]
async fn a_test_charge_brings_credits_only_while_charges_are_tests() {
    let Some(double) = Double::start().await else {
        return;
    };
    let merchant = merchant();
    let tests = double.provider_with(|settings| settings.shopify_test_charges = true);
    let real = double.provider();
    assert_eq!((tests.is_real(), real.is_real()), (false, true));
    let order = order(dollars(1_000));
    let begun = tests.begin(&order, &merchant).await.unwrap();
    assert_eq!(double.state().await["purchases"][0]["test"], true);
    double
        .shop(
            "decide",
            json!({ "id": begun.reference, "status": "ACTIVE" }),
        )
        .await;
    let order = called(&order, begun.reference.as_deref());
    assert_eq!(
        tests.read(&order, &merchant).await.unwrap().event,
        Event::Paid
    );
    let read = real.read(&order, &merchant).await.unwrap();
    assert_eq!(read.event, Event::Failed);
    assert_eq!(
        read.reason.unwrap(),
        "This was a test charge: nobody was charged."
    );
}
