//! Webhooks of payment providers: what is accepted, what is refused, and what they lead to.

use domain::payment::Event;
use serde_json::json;

use crate::support::{
    on_both_databases,
    purchase::{begin, package},
    test_provider::{Call, TestProvider, purchase_id},
};

const PURCHASES: &str = "{ account { purchases { nodes { status } } balance { total } } }";

on_both_databases! {
    /// A payment that was approved on its provider's page is found by reading it, without a webhook.
    async fn a_payment_is_read_without_a_webhook(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let bought = begin(&server, &shop, &package).await;
        let purchase = purchase_id(&bought["id"]);
        assert_eq!(bought["confirmationUrl"], format!("https://pay.test/{}", purchase.uuid()));
        provider.decide(purchase, Event::Paid);
        server.set_time("2026-11-22T08:00:06Z");
        server.run_workers().await;
        let account = server.data(&shop.owner, PURCHASES, json!({})).await["account"].clone();
        assert_eq!(account, json!({
            "purchases": { "nodes": [{ "status": "PAID" }] }, "balance": { "total": "500" },
        }));
        assert_eq!(provider.calls_about(Call::Begin, purchase), 1);
        assert_eq!(provider.taken_minor(), 4_900);
    }
}
