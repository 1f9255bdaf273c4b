//! The subscription to an account's purchases: each change is an event, whoever made it.

use std::time::Duration;

use domain::payment::Event;
use futures_util::{SinkExt, StreamExt};
use message_credits::payments::Subject;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::support::{
    Server, on_both_databases,
    purchase::{begin, begin_transfer, package},
    test_provider::{TestProvider, purchase_id, reference},
};

const CHANGED: &str = "subscription($id: ID) { purchaseChanged(accountId: $id) {
    id status confirmationUrl updatedAt reversed { amount } } }";
/// Long enough for a subscription to look several times without a hint.
const SILENCE: Duration = Duration::from_secs(3);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A socket with a subscription to an account's purchases.
async fn subscribed(server: &Server, key: &str, account: Option<&str>) -> Socket {
    let mut socket = server.socket().await;
    let say = |message: Value| Message::text(message.to_string());
    let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {key}") } });
    socket.send(say(init)).await.unwrap();
    // A subscription before it closes the socket.
    assert_eq!(next(&mut socket).await["type"], "connection_ack");
    let payload = json!({ "query": CHANGED, "variables": { "id": account } });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload });
    socket.send(say(subscribe)).await.unwrap();
    socket
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
        if let Message::Text(text) = message.expect("there is an event").unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// The purchase of the next events until it has this status.
async fn changed(socket: &mut Socket, purchase: &Value, status: &str) -> Value {
    loop {
        let mut event = next(socket).await;
        let found = event["payload"]["data"]["purchaseChanged"].take();
        assert_eq!(found["id"], purchase["id"], "{event}");
        if found["status"] == status {
            return found;
        }
        assert_eq!(found["status"], "PENDING", "{found}");
    }
}

/// Reads the events that are left, until none comes for a while.
async fn settles(socket: &mut Socket) {
    while tokio::time::timeout(SILENCE, next(socket)).await.is_ok() {}
}

async fn is_silent(socket: &mut Socket) {
    let event = tokio::time::timeout(SILENCE, next(socket)).await;
    assert!(event.is_err(), "{event:?}");
}

const CANCEL: &str = "mutation($input: CancelPurchaseInput!) { cancelPurchase(input: $input) {
    purchase { id } userErrors { field } } }";
const CONFIRM: &str = "mutation($input: ConfirmPurchaseInput!) { confirmPurchase(input: $input) {
    purchase { id } userErrors { field } } }";

on_both_databases! {
    /// A purchase is reported after it was begun, paid, refunded, canceled, confirmed or expired, by
    /// a person, the provider or the server.
    async fn each_change_of_a_purchase_is_an_event(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let mut socket = subscribed(&server, &shop.owner, None).await;
        let purchase = begin(&server, &shop, &package).await;
        loop {
            let event = changed(&mut socket, &purchase, "PENDING").await;
            if event["confirmationUrl"] == purchase["confirmationUrl"] {
                break;
            }
        }
        settles(&mut socket).await;
        let id = purchase_id(&purchase["id"]);
        let webhook = async |number: &str| {
            let now = server.services().clock.now();
            let webhook = provider.webhook(number, &Subject::Payment(reference(id)), now);
            let request = server.http().post(server.url("/webhooks/test"));
            let request = request.headers(webhook.headers.clone()).body(webhook.body.clone());
            assert!(request.send().await.unwrap().status().is_success());
            server.run_workers().await;
        };
        provider.decide(id, Event::Paid);
        webhook("1").await;
        let paid = changed(&mut socket, &purchase, "PAID").await;
        assert_eq!(paid["reversed"]["amount"], "0.00");
        provider.take_back(id, 1_000);
        server.set_time("2026-11-23T08:00:00Z");
        webhook("2").await;
        let refunded = changed(&mut socket, &purchase, "PAID").await;
        assert_eq!(refunded["reversed"]["amount"], "10.00");
        assert!(refunded["updatedAt"].as_str().unwrap().starts_with("2026-11-23T08:00:00"), "{refunded}");
        // A payment that is read again without news is no event.
        webhook("3").await;
        is_silent(&mut socket).await;

        let canceled = begin(&server, &shop, &package).await;
        changed(&mut socket, &canceled, "PENDING").await;
        server.done(&shop.owner, CANCEL, json!({ "purchaseId": canceled["id"] })).await;
        changed(&mut socket, &canceled, "CANCELED").await;
        let transfer = begin_transfer(&server, &shop, &package).await;
        changed(&mut socket, &transfer, "PENDING").await;
        let input = json!({ "purchaseId": transfer["id"], "reference": "RF18" });
        server.done(server.admin_key(), CONFIRM, input).await;
        changed(&mut socket, &transfer, "PAID").await;
        let expired = begin_transfer(&server, &shop, &package).await;
        changed(&mut socket, &expired, "PENDING").await;
        server.set_time("2026-12-23T08:00:00Z");
        server.run_workers().await;
        changed(&mut socket, &expired, "EXPIRED").await;
        // Credits that move without a purchase are no event.
        server.grant(&shop, "5").await;
        is_silent(&mut socket).await;
    }

    /// The first event is the purchase that changed last, and an account hears nothing of another's.
    async fn a_subscription_begins_with_the_purchase_that_changed_last(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let package = package(&server, 500, 4_900, |_| {}).await;
        let first = begin_transfer(&server, &shop, &package).await;
        let second = begin_transfer(&server, &shop, &package).await;
        let mut others = subscribed(&server, &other.owner, None).await;
        let mut admins = subscribed(&server, server.admin_key(), Some(&shop.id)).await;
        changed(&mut admins, &second, "PENDING").await;
        // Long after its last change.
        server.set_time("2026-11-25T08:00:00Z");
        let viewer = server.key(&shop, "VIEWER").await;
        let mut own = subscribed(&server, &viewer, None).await;
        changed(&mut own, &second, "PENDING").await;
        server.done(&shop.owner, CANCEL, json!({ "purchaseId": first["id"] })).await;
        for socket in [&mut own, &mut admins] {
            changed(socket, &first, "CANCELED").await;
        }
        is_silent(&mut others).await;
        let mut foreign = subscribed(&server, &other.owner, Some(&shop.id)).await;
        let answer = next(&mut foreign).await;
        let code = answer.pointer("/payload/0/extensions/code").or(answer.pointer("/payload/errors/0/extensions/code"));
        assert_eq!(code, Some(&json!("NOT_FOUND")), "{answer}");
    }
}
