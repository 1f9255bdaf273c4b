//! The server with Stripe, over HTTP: connecting an account, buying on the payment page, recharging
//! with the card from there, and a chargeback.

use std::sync::Arc;

use entity::{payment_reversal, purchase};
use message_credits::payments::Provider;
use reqwest::StatusCode;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{WEBHOOK, front::Front, localstripe::GOOD, stripe, webhooks::signed};
use crate::support::{
    Server, on_both_databases,
    payment_connection::CONNECT,
    purchase::begin,
    recharge::{automatic, available, look, quiet_shop, set, spend},
};

/// Sends an event about an object, as Stripe does; the status of the answer.
async fn deliver(server: &Server, id: &str, topic: &str, object: Value) -> StatusCode {
    let body = json!({ "id": id, "object": "event", "type": topic, "data": { "object": object } });
    let body = body.to_string();
    let header = signed(WEBHOOK, server.services().clock.now().as_second(), &body);
    let request = server.http().post(server.url("/webhooks/stripe"));
    let request = request.header("stripe-signature", header).body(body);
    request.send().await.unwrap().status()
}

async fn settle(server: &Server) {
    for _ in 0..4 {
        server.run_workers().await;
    }
}

on_both_databases! {
    async fn an_owner_pays_once_and_recharges_follow(server: Server) {
        let front = Front::start().await;
        let local = front.stripe();
        let provider: Arc<dyn Provider> = Arc::new(stripe(&front.base));
        let server = server.paid_by([provider]).await;
        let shop = quiet_shop(&server, "60").await;
        let connect = async |merchant: &str| {
            let input = json!({ "accountId": shop.tenant.id, "merchantId": merchant, "credentials": [] });
            let variables = json!({ "input": input });
            let mut answer = server.graphql(Some(server.admin_key()), CONNECT, variables).await;
            answer["data"]["connectPayments"].take()
        };
        let refused = connect("candles.example").await;
        assert_eq!(refused["userErrors"][0]["field"], json!(["input", "merchantId"]), "{refused}");
        let customer = local.customer().await;
        let made = connect(&format!(" {customer} ")).await;
        assert_eq!(made["paymentConnection"]["merchantId"], customer.as_str(), "{made}");

        // The owner pays on the page, and a webhook says so.
        let purchase = begin(&server, &shop.tenant, &shop.package).await;
        let page = front.pages()[0]["id"].as_str().unwrap().to_owned();
        let url = format!("https://checkout.stripe.com/c/pay/{page}");
        assert_eq!((&purchase["status"], &purchase["confirmationUrl"]), (&json!("PENDING"), &json!(url)));
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "60");
        let intent = front.pay(&page, GOOD).await;
        let session = front.pages()[0].clone();
        for _ in 0..2 {
            let status = deliver(&server, "evt_1", "checkout.session.completed", session.clone()).await;
            assert_eq!(status, StatusCode::OK);
            settle(&server).await;
        }
        assert_eq!(available(&server, &shop).await, "110");
        assert_eq!(look(&server, &shop).await["purchases"]["nodes"][0]["status"], "PAID");

        // The card from there is charged when credits run low.
        set(&server, &shop, json!({ "enabled": true, "threshold": "20", "packageId": shop.package })).await;
        spend(&server, &shop, 95).await;
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "65");
        assert_eq!(automatic(&look(&server, &shop).await), ["PAID"]);
        assert_eq!(local.taken().await, [5_000, 5_000]);

        // A chargeback names the payment, not the page.
        front.dispute(&intent, &[(5_000, "needs_response")]);
        let dispute = json!({ "id": "du_1", "object": "dispute", "payment_intent": intent });
        let status = deliver(&server, "evt_2", "charge.dispute.created", dispute).await;
        assert_eq!(status, StatusCode::OK);
        settle(&server).await;
        let writer = server.services().store.writer();
        let taken_back = payment_reversal::Entity::find().all(writer).await.unwrap();
        let taken_back: Vec<i64> = taken_back.iter().map(|row| row.minor).collect();
        assert_eq!(taken_back, [5_000]);
    }

    /// A card that the bank declines pays nothing and brings nothing, and the owner reads why.
    async fn a_declined_recharge_is_explained(server: Server) {
        let front = Front::start().await;
        let local = front.stripe();
        let provider: Arc<dyn Provider> = Arc::new(stripe(&front.base));
        let server = server.paid_by([provider]).await;
        let shop = quiet_shop(&server, "60").await;
        let customer = local.customer().await;
        crate::support::recharge::connect(&server, &shop, "stripe", &customer).await;
        local.card(&customer, crate::nouns::stripe::localstripe::DECLINED).await;
        set(&server, &shop, json!({ "enabled": true, "threshold": "20", "packageId": shop.package })).await;
        spend(&server, &shop, 45).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["DECLINED"]);
        assert_eq!(account["balance"]["available"], "15");
        assert_eq!(local.taken().await, [0_i64; 0]);
        let row = purchase::Entity::find().one(server.services().store.writer()).await;
        let reason = row.unwrap().unwrap().reason;
        assert_eq!(reason.as_deref(), Some("the bank declined the payment"));
    }
}
