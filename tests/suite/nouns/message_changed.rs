//! The subscription to an account's messages: each change is an event, whoever made it.
//!
//! Not here: changes by other processes ([`crate::faults`]).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::support::{
    Server, Tenant,
    message::{CANCEL, scheduled, send, to_italians},
    new_key, on_both_databases,
};

const CHANGED: &str = "subscription($id: ID) { messageChanged(accountId: $id) {
    id status name credits sendAt text } }";
const UPDATE: &str = "mutation($input: UpdateMessageInput!) { updateMessage(input: $input) {
    message { id } userErrors { field message } } }";
const AT: &str = "2026-11-23T08:00:00Z";
/// Long enough for a subscription to look several times without a hint.
const SILENCE: Duration = Duration::from_secs(3);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A socket with a subscription to an account's messages.
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

/// The message of the next event.
async fn changed(socket: &mut Socket) -> Value {
    let mut event = next(socket).await;
    let message = event["payload"]["data"]["messageChanged"].take();
    assert!(message["id"].is_string(), "{event}");
    message
}

/// That no event comes for a while.
async fn is_silent(socket: &mut Socket) {
    let event = tokio::time::timeout(SILENCE, next(socket)).await;
    assert!(event.is_err(), "{event:?}");
}

async fn update(server: &Server, shop: &Tenant, message: &Value, mut changes: Value) {
    changes["messageId"] = message.clone();
    changes["idempotencyKey"] = json!(new_key());
    server.done(&shop.owner, UPDATE, changes).await;
}

async fn shop(server: &Server) -> Tenant {
    let shop = server.account("Shop").await;
    server.grant(&shop, "1000").await;
    shop
}

on_both_databases! {
    /// A message is reported as it is after it was scheduled, changed, canceled or sent, also by the
    /// server's job, and also if no credits moved.
    async fn each_change_of_a_message_is_an_event(server: Server) {
        let shop = shop(&server).await;
        let mut socket = subscribed(&server, &shop.owner, None).await;
        let id = scheduled(&server, &shop, AT, to_italians(10)).await;
        let mut expected = json!({ "id": id, "status": "SCHEDULED", "name": null, "credits": "10", "sendAt": AT, "text": "Ciao" });
        assert_eq!(changed(&mut socket).await, expected);
        for (changes, field, value) in [
            (json!({ "name": "Uno" }), "name", "Uno"),
            // At the same instant by the clock.
            (json!({ "name": "Due" }), "name", "Due"),
            (json!({ "sendAt": "2026-11-24T08:00:00Z" }), "sendAt", "2026-11-24T08:00:00Z"),
            (json!({ "text": "Ciao!" }), "text", "Ciao!"),
            (json!({ "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 7 }] } }), "credits", "7"),
            (json!({ "name": "Tre" }), "name", "Tre"),
        ] {
            update(&server, &shop, &id, changes.clone()).await;
            expected[field] = json!(value);
            assert_eq!(changed(&mut socket).await, expected, "{changes}");
        }
        let canceled = scheduled(&server, &shop, AT, to_italians(1)).await;
        assert_eq!(changed(&mut socket).await["id"], canceled);
        server.done(&shop.owner, CANCEL, json!({ "messageId": canceled, "idempotencyKey": new_key() })).await;
        let event = changed(&mut socket).await;
        assert_eq!((&event["id"], &event["status"], &event["credits"]), (&canceled, &json!("CANCELED"), &json!("0")));
        let sent = send(&server, &shop, to_italians(2)).await["message"]["id"].clone();
        let event = changed(&mut socket).await;
        assert_eq!((&event["id"], &event["status"]), (&sent, &json!("SENT")));
        // Credits that move without a message are no event.
        server.grant(&shop, "5").await;
        server.set_time("2026-11-24T08:00:00Z");
        server.run_workers().await;
        expected["status"] = json!("SENT");
        assert_eq!(changed(&mut socket).await, expected);
        is_silent(&mut socket).await;
    }

    /// The first event is the message that changed last, and many that change at once are each
    /// reported.
    async fn a_subscription_begins_with_the_last_change(server: Server) {
        let shop = shop(&server).await;
        let first = scheduled(&server, &shop, AT, to_italians(1)).await;
        let second = scheduled(&server, &shop, AT, to_italians(2)).await;
        server.grant(&shop, "5").await;
        let sender = server.key(&shop, "SENDER").await;
        let mut sockets = [
            subscribed(&server, &shop.owner, None).await,
            subscribed(&server, &sender, None).await,
            subscribed(&server, server.admin_key(), Some(&shop.id)).await,
        ];
        for socket in &mut sockets {
            assert_eq!(changed(socket).await["id"], second);
        }
        update(&server, &shop, &first, json!({ "name": "Uno" })).await;
        for socket in &mut sockets {
            assert_eq!(changed(socket).await["name"], "Uno");
        }
        const MANY: usize = 450;
        let many = (0..MANY).map(|_| send(&server, &shop, to_italians(1)));
        let sent: Vec<String> = futures_util::future::join_all(many).await.into_iter()
            .map(|payload| payload["message"]["id"].as_str().unwrap().to_owned()).collect();
        let mut heard = std::collections::BTreeSet::new();
        for _ in 0..MANY {
            let event = changed(&mut sockets[0]).await;
            assert_eq!(event["status"], "SENT");
            heard.insert(event["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(heard, sent.into_iter().collect());
        is_silent(&mut sockets[0]).await;
    }

    /// An account hears nothing of another's messages, and may not subscribe to them.
    async fn an_account_hears_nothing_of_anothers_messages(server: Server) {
        let (shop, other) = (shop(&server).await, server.account("Other").await);
        let mut own = subscribed(&server, &shop.owner, None).await;
        let mut others = subscribed(&server, &other.owner, None).await;
        let id = scheduled(&server, &shop, AT, to_italians(10)).await;
        assert_eq!(changed(&mut own).await["id"], id);
        update(&server, &shop, &id, json!({ "name": "Uno" })).await;
        assert_eq!(changed(&mut own).await["name"], "Uno");
        is_silent(&mut others).await;
        let mut foreign = subscribed(&server, &other.owner, Some(&shop.id)).await;
        let answer = next(&mut foreign).await;
        let code = answer.pointer("/payload/0/extensions/code").or(answer.pointer("/payload/errors/0/extensions/code"));
        assert_eq!(code, Some(&json!("NOT_FOUND")), "{answer}");
    }

    /// The same over an event stream.
    async fn an_event_stream_reports_messages(server: Server) {
        let shop = shop(&server).await;
        let ask = server.http().post(server.url("/graphql")).bearer_auth(&shop.owner);
        let ask = ask.header("Accept", "text/event-stream").json(&json!({ "query": CHANGED }));
        let mut stream = ask.send().await.unwrap();
        assert!(stream.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        let id = scheduled(&server, &shop, AT, to_italians(10)).await;
        let mut text = String::new();
        while !text.contains(id.as_str().unwrap()) {
            let chunk = tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await;
            text.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap().unwrap()));
        }
        assert!(text.contains("event: next"), "{text}");
        update(&server, &shop, &id, json!({ "name": "Saldi" })).await;
        while !text.contains("\"name\":\"Saldi\"") {
            let chunk = tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await;
            text.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap().unwrap()));
        }
    }
}
