//! What goes wrong between this server and Shopify: tokens, busy and closed shops, lost and
//! unusable answers.

use std::{sync::Arc, time::Duration};

use domain::payment::Event;
use message_credits::payments::{CallError, Merchant, MerchantTrouble};
use serde_json::json;

use crate::support::shopify::{
    Double, Tokens, called, charged_under, dollars, merchant, merchant_of, order,
};

/// The call that begins a purchase.
const BEGIN: &str = "AppPurchaseOneTimeCreate";
/// The time at which the tokens expire in most of these tests.
const LATER: &str = "2026-11-22T09:00:00Z";

#[tokio::test]
async fn every_fault_of_a_call_says_what_it_means() {
    let Some(double) = Double::start().await else {
        return;
    };
    let (provider, merchant) = (double.provider(), merchant());
    let trouble = |trouble| Some(CallError::Merchant(trouble));
    let busy = |seconds| Some(CallError::Busy(Duration::from_secs(seconds)));
    for (fault, expected) in [
        ("throttle", busy(2)),
        ("429", busy(2)),
        ("402", trouble(MerchantTrouble::Frozen)),
        ("403", trouble(MerchantTrouble::Unauthorized)),
        ("404", trouble(MerchantTrouble::Uninstalled)),
        ("423", trouble(MerchantTrouble::Frozen)),
        ("500", None),
        ("302", None),
        ("garbage", None),
        ("long", None),
        ("cut-before", None),
    ] {
        double.fail(BEGIN, fault).await;
        let error = provider
            .begin(&order(dollars(1_000)), &merchant)
            .await
            .unwrap_err();
        match expected {
            Some(expected) => assert_eq!(error, expected, "{fault}"),
            None => assert!(
                matches!(error, CallError::NoAnswer(_)),
                "{fault}: {error:?}"
            ),
        }
        assert!(!error.to_string().contains("token-1"), "{error}");
        // The next call finds the shop as it was.
        let begun = provider
            .begin(&order(dollars(1_000)), &merchant)
            .await
            .unwrap();
        assert_eq!(begun.event, Event::Waiting, "{fault}");
    }
    // No call was repeated.
    assert_eq!(double.count(BEGIN).await, 22);
}

#[tokio::test]
async fn a_server_that_is_gone_is_no_answer() {
    let Some(double) = Double::start().await else {
        return;
    };
    let (provider, merchant) = (double.provider(), merchant());
    drop(double);
    let error = provider
        .begin(&order(dollars(1_000)), &merchant)
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::NoAnswer(_)), "{error:?}");
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_the_call() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let tokens = Tokens::expiring_at("2026-11-22T08:00:30Z");
    let merchant = merchant_of(tokens.clone(), None);
    provider
        .begin(&order(dollars(1_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(double.state().await["requests"], json!(["refresh", BEGIN]));
    assert_eq!(tokens.get("accessToken").await.unwrap(), "token-2");
    assert_eq!(tokens.get("refreshToken").await.unwrap(), "refresh-2");
    let expires_at = tokens.get("expiresAt").await.unwrap();
    // By Shopify's clock, which in this test is not the server's.
    assert!(
        expires_at.parse::<jiff::Timestamp>().is_ok(),
        "{expires_at}"
    );
    assert_ne!(expires_at, "2026-11-22T08:00:30Z");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    double.shop("expire", json!({})).await;
    let merchant = charged_under(None);
    let begun = provider
        .begin(&order(dollars(1_000)), &merchant)
        .await
        .unwrap();
    assert_eq!(begun.event, Event::Waiting);
    assert_eq!(
        double.state().await["requests"],
        json!([BEGIN, "refresh", BEGIN])
    );

    // Shopify refuses the new one, too.
    double
        .script(json!({ "do": "fail", "on": BEGIN, "with": "401", "times": 2 }))
        .await;
    let error = provider
        .begin(&order(dollars(1_000)), &merchant)
        .await
        .unwrap_err();
    assert_eq!(error, CallError::Merchant(MerchantTrouble::Unauthorized));
    assert_eq!(double.state().await["refreshes"], 2);
}

#[tokio::test]
async fn calls_at_the_same_time_renew_a_token_once() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    double.shop("expire", json!({})).await;
    let merchant = Arc::new(charged_under(None));
    let calls = (0..20).map(|_| {
        let (provider, merchant) = (Arc::clone(&provider), Arc::clone(&merchant));
        tokio::spawn(async move { provider.begin(&order(dollars(1_000)), &merchant).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap().event, Event::Waiting);
    }
    let state = double.state().await;
    assert_eq!(state["refreshes"], 1);
    assert_eq!(state["purchases"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn a_token_that_can_not_be_replaced_is_unauthorized() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    double.shop("expire", json!({})).await;
    let unauthorized = CallError::Merchant(MerchantTrouble::Unauthorized);
    for secrets in [
        vec![("accessToken", "token-1")],
        vec![("accessToken", "token-1"), ("refreshToken", "revoked")],
        vec![("accessToken", "two\nlines")],
        vec![],
    ] {
        let merchant = merchant_of(Tokens::of(&secrets), None);
        let error = provider
            .begin(&order(dollars(1_000)), &merchant)
            .await
            .unwrap_err();
        assert_eq!(error, unauthorized, "{secrets:?}");
    }
    for (fault, is_no_answer) in [("500", true), ("garbage", true), ("404", false)] {
        double.fail("refresh", fault).await;
        let error = provider.mandate(&merchant(), None).await.unwrap_err();
        assert_eq!(
            matches!(error, CallError::NoAnswer(_)),
            is_no_answer,
            "{fault}: {error:?}"
        );
    }
}

#[tokio::test]
async fn tokens_whose_renewal_was_lost_are_renewed_again() {
    let Some(double) = Double::start().await else {
        return;
    };
    let provider = double.provider();
    let tokens = Tokens::expiring_at(LATER);
    let merchant = merchant_of(tokens.clone(), None);
    double.shop("expire", json!({})).await;
    double.fail("refresh", "cut-after").await;
    let order = order(dollars(1_000));
    provider.begin(&order, &merchant).await.unwrap_err();
    assert_eq!(tokens.get("accessToken").await.unwrap(), "token-1");
    let begun = provider
        .begin(&called(&order, None), &merchant)
        .await
        .unwrap();
    assert_eq!(begun.event, Event::Waiting);
    assert_eq!(tokens.get("accessToken").await.unwrap(), "token-3");
}

#[tokio::test]
async fn a_shop_that_removed_the_app_is_unauthorized() {
    let Some(double) = Double::start().await else {
        return;
    };
    double.shop("uninstall", json!({})).await;
    let error = double
        .provider()
        .mandate(&merchant(), None)
        .await
        .unwrap_err();
    assert_eq!(error, CallError::Merchant(MerchantTrouble::Unauthorized));
}

#[tokio::test]
async fn requests_go_to_shops_of_shopify_only() {
    let Some(double) = Double::start().await else {
        return;
    };
    for id in [
        None,
        Some("evil.example"),
        Some("evil.example/x.myshopify.com"),
        Some("localhost"),
    ] {
        let merchant = Merchant {
            id: id.map(str::to_owned),
            ..merchant()
        };
        let error = double
            .provider()
            .mandate(&merchant, None)
            .await
            .unwrap_err();
        assert_eq!(
            error,
            CallError::Merchant(MerchantTrouble::NotConnected),
            "{id:?}"
        );
    }
    assert_eq!(double.state().await["requests"], json!([]));
}
