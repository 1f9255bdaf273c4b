//! An account whose shop pays through Shopify, over HTTP and on both databases: its connection, its
//! purchases, and their webhooks.

use std::time::Duration;

use entity::webhook_delivery;
use message_credits::payments::Providers;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, new_key, on_both_databases,
    payment_connection::{CONNECT, KEYS, stored, vault},
    purchase::{PURCHASE, begin, package},
    shopify::{Double, SHOP},
};

const PURCHASES: &str =
    "{ account { purchases { nodes { status confirmationUrl } } balance { total } } }";

/// A server that sells through the double, to a shop that is connected.
async fn connected(server: Server, double: &Double) -> (Server, Tenant) {
    let payments = Providers::of([double.provider()]);
    let server = server
        .with_settings(|settings| {
            settings.payments = payments;
            settings.vault = vault(&KEYS);
        })
        .await;
    let shop = server.account("Candles").await;
    let input = json!({
        "accountId": shop.id,
        "merchantId": "Candles.myshopify.com",
        "credentials": [
            { "name": "accessToken", "value": "token-1" },
            { "name": "refreshToken", "value": "refresh-1" },
        ],
    });
    let payload = server.done(server.admin_key(), CONNECT, input).await;
    assert_eq!(payload["paymentConnection"]["merchantId"], SHOP);
    (server, shop)
}

/// A package of 1,000 credits for 49.90 euros, the account's currency.
async fn starter(server: &Server) -> String {
    package(server, 1_000, 4_990, |_| {}).await
}

async fn account(server: &Server, shop: &Tenant) -> Value {
    server.data(&shop.owner, PURCHASES, json!({})).await["account"].take()
}

/// Waits until the double has delivered as many webhooks.
async fn delivered(server: &Server, count: u64) {
    for _ in 0..100 {
        let writer = server.services().store.writer();
        if webhook_delivery::Entity::find()
            .count(writer)
            .await
            .unwrap()
            >= count
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{count} webhooks did not come");
}

on_both_databases! {
    /// The owner approves at Shopify; its webhook has the purchase read, and the credits come in.
    async fn a_webhook_brings_the_credits_of_an_approved_purchase(server: Server) {
        let Some(double) = Double::billing_in("EUR").await else { return };
        let (server, shop) = connected(server, &double).await;
        double.script(json!({ "do": "webhooks", "to": server.url("/webhooks/shopify") })).await;
        let package = starter(&server).await;
        let bought = begin(&server, &shop, &package).await;
        assert_eq!(bought["status"], "PENDING");
        let page = bought["confirmationUrl"].as_str().unwrap();
        assert!(page.starts_with("https://candles.myshopify.com/"), "{page}");
        let at_shopify = double.state().await["purchases"][0].take();
        assert_eq!(at_shopify["sent"], "49.90");
        // The purchase's own address isn't known to a buyer without a return URL.
        assert_eq!(at_shopify["returnUrl"], server.url("/"));

        double.shop("decide", json!({ "id": at_shopify["id"], "status": "ACTIVE" })).await;
        delivered(&server, 2).await;
        server.run_workers().await;
        server.run_workers().await;
        let after = account(&server, &shop).await;
        assert_eq!(after, json!({
            "purchases": { "nodes": [{ "status": "PAID", "confirmationUrl": null }] },
            "balance": { "total": "1000" },
        }));
    }

    /// An answer that is lost ends the purchase, and the next one is another.
    async fn a_purchase_whose_page_was_lost_has_failed(server: Server) {
        let Some(double) = Double::billing_in("EUR").await else { return };
        let (server, shop) = connected(server, &double).await;
        let package = starter(&server).await;
        double.fail("AppPurchaseOneTimeCreate", "cut-after").await;
        let input = json!({ "packageId": package, "idempotencyKey": new_key() });
        let answer = server.graphql(Some(&shop.owner), PURCHASE, json!({ "input": input })).await;
        assert_eq!(answer["data"]["purchaseCredits"]["userErrors"][0]["code"], "PAYMENT_FAILED", "{answer}");
        server.set_time("2026-11-22T08:01:00Z");
        server.run_workers().await;
        let after = account(&server, &shop).await;
        assert_eq!(after["purchases"]["nodes"], json!([{ "status": "FAILED", "confirmationUrl": null }]));
        assert_eq!(double.state().await["purchases"].as_array().unwrap().len(), 1);
        begin(&server, &shop, &package).await;
        assert_eq!(double.state().await["purchases"].as_array().unwrap().len(), 2);
    }

    /// Tokens that expire are renewed and kept.
    async fn renewed_tokens_are_kept_encrypted(server: Server) {
        let Some(double) = Double::billing_in("EUR").await else { return };
        let (server, shop) = connected(server, &double).await;
        let package = starter(&server).await;
        let before = stored(&server, &shop, "shopify").await.unwrap();
        double.shop("expire", json!({})).await;
        for _ in 0..2 {
            assert_eq!(begin(&server, &shop, &package).await["status"], "PENDING");
        }
        assert_eq!(double.state().await["refreshes"], 1);
        let after = stored(&server, &shop, "shopify").await.unwrap();
        assert_ne!(before.secrets, after.secrets);
        let secrets = after.secrets.unwrap();
        assert!(!secrets.windows(7).any(|part| part == b"token-2"));
    }

    /// Only a shop's own domain can be connected: requests with its token go there.
    async fn another_host_is_no_shop(server: Server) {
        let Some(double) = Double::billing_in("EUR").await else { return };
        let (server, shop) = connected(server, &double).await;
        for merchant in ["candles.example", "https://candles.myshopify.com/", "127.0.0.1"] {
            let input = json!({
                "accountId": shop.id,
                "merchantId": merchant,
                "credentials": [{ "name": "accessToken", "value": "token-1" }],
            });
            let answer = server.graphql(Some(server.admin_key()), CONNECT, json!({ "input": input })).await;
            let error = &answer["data"]["connectPayments"]["userErrors"][0];
            assert_eq!(error["field"], json!(["input", "merchantId"]), "{answer}");
            assert!(error["message"].as_str().unwrap().contains("candles.myshopify.com"), "{error}");
        }
    }
}
