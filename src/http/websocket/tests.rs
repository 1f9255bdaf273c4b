//! Real sockets against the test schema. No test sleeps: each waits for the message that proves its
//! point.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::graphql::engine::limits::Limits;
use crate::graphql::engine::test_schema::{Caller, Trace, test_schema};

mod closing;

/// A session that the test can revoke.
struct TestSession {
    revoked: Arc<Notify>,
}

impl Session for TestSession {
    fn prepare(&self, request: async_graphql::Request) -> async_graphql::Request {
        request.data(Caller("ann"))
    }

    fn revoked(&self) -> impl Future<Output = ()> + Send {
        self.revoked.notified()
    }
}

struct Server {
    address: SocketAddr,
    trace: Trace,
    drain: CancellationToken,
    revoked: Arc<Notify>,
    /// Connections whose key is "slow" are authenticated once this is notified.
    judged: Arc<Notify>,
}

impl Server {
    async fn start(limits: SocketLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            trace: Trace::default(),
            drain: CancellationToken::new(),
            revoked: Arc::new(Notify::new()),
            judged: Arc::new(Notify::new()),
        };
        let sockets = Sockets {
            documents: Arc::new(Documents::new(Limits::default())),
            limits,
            drain: server.drain.clone(),
        };
        let schema = test_schema(&server.trace);
        let (revoked, judged) = (Arc::clone(&server.revoked), Arc::clone(&server.judged));
        let handler = move |upgrade: WebSocketUpgrade| {
            let (revoked, judged) = (Arc::clone(&revoked), Arc::clone(&judged));
            let connect = async move |payload: Value| match payload["Authorization"].as_str() {
                Some("Bearer good") => Ok(TestSession { revoked }),
                Some("Bearer slow") => {
                    judged.notified().await;
                    Ok(TestSession { revoked })
                }
                _ => Err(Refused::Unauthorized),
            };
            let response = sockets.serve(upgrade, schema.clone(), "req-9".to_owned(), connect);
            async move { response }
        };
        let router = Router::new().route("/graphql", any(handler));
        tokio::spawn(axum::serve(listener, router).into_future());
        server
    }

    async fn connect(&self) -> Client {
        self.connect_with(Some(subprotocol())).await
    }

    async fn connect_with(&self, subprotocol: Option<&'static str>) -> Client {
        let mut request = format!("ws://{}/graphql", self.address)
            .into_client_request()
            .unwrap();
        if let Some(subprotocol) = subprotocol {
            request
                .headers_mut()
                .insert("sec-websocket-protocol", subprotocol.parse().unwrap());
        }
        let (socket, response) = connect_async(request).await.unwrap();
        assert_eq!(
            response.headers().get("sec-websocket-protocol").is_some(),
            subprotocol.is_some()
        );
        Client { socket }
    }

    /// A connected client that was acknowledged.
    async fn open(&self) -> Client {
        let mut client = self.connect().await;
        client.init("Bearer good").await;
        assert_eq!(client.read().await, json!({"type": "connection_ack"}));
        client
    }
}

async fn server() -> Server {
    Server::start(SocketLimits::default()).await
}

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn say(&mut self, message: Value) {
        self.text(&message.to_string()).await;
    }

    async fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    async fn init(&mut self, authorization: &str) {
        self.say(json!({"type": "connection_init", "payload": {"Authorization": authorization}}))
            .await;
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({"type": "subscribe", "id": id, "payload": {"query": query}}))
            .await;
    }

    async fn read(&mut self) -> Value {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reads the close frame, and asserts that no message precedes it.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Close(Some(frame)) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn is_closed_with(&mut self, code: u16) {
        assert_eq!(self.closed().await.0, code);
    }
}

fn next(id: &str, data: Value) -> Value {
    json!({"type": "next", "id": id, "payload": {"data": data}})
}

fn complete(id: &str) -> Value {
    json!({"type": "complete", "id": id})
}

#[tokio::test]
async fn a_subscription_sends_its_events_and_completes() {
    let mut client = server().await.open().await;
    client.subscribe("1", "subscription { count(to: 3) }").await;
    for n in 1..=3 {
        assert_eq!(client.read().await, next("1", json!({"count": n})));
    }
    assert_eq!(client.read().await, complete("1"));
    // The id can be used again.
    client.subscribe("1", "subscription { caller }").await;
    assert_eq!(client.read().await, next("1", json!({"caller": "ann"})));
    assert_eq!(client.read().await, complete("1"));
}

#[tokio::test]
async fn queries_and_mutations_are_answered_too() {
    let server = server().await;
    let mut client = server.open().await;
    client
        .say(json!({"type": "subscribe", "id": "q", "payload": {
            "query": "query A { hello } query B($t: String!) { echo(text: $t) caller }",
            "operationName": "B", "variables": {"t": "hi"}, "extensions": null,
        }}))
        .await;
    assert_eq!(
        client.read().await,
        next("q", json!({"echo": "hi", "caller": "ann"}))
    );
    assert_eq!(client.read().await, complete("q"));
    client.subscribe("m", "mutation { act }").await;
    assert_eq!(client.read().await, next("m", json!({"act": 1})));
    assert_eq!(client.read().await, complete("m"));
    client.subscribe("f", "{ hello fails }").await;
    let failed = client.read().await;
    assert_eq!(failed["type"], "next");
    assert_eq!(
        failed["payload"]["data"],
        json!({"hello": "world", "fails": null})
    );
    assert_eq!(client.read().await, complete("f"));
}

#[tokio::test]
async fn an_operation_that_cannot_start_sends_only_an_error() {
    let mut client = server().await.open().await;
    let check = async |client: &mut Client, query: &str, code: &str| {
        client.subscribe("x", query).await;
        let reply = client.read().await;
        assert_eq!(
            (reply["type"].as_str(), reply["id"].as_str()),
            (Some("error"), Some("x")),
            "{query}"
        );
        assert_eq!(reply["payload"][0]["extensions"]["code"], code, "{query}");
    };
    check(&mut client, "{", "GRAPHQL_PARSE_FAILED").await;
    check(&mut client, "{ nothing }", "GRAPHQL_VALIDATION_FAILED").await;
    check(
        &mut client,
        "subscription { nothing }",
        "GRAPHQL_VALIDATION_FAILED",
    )
    .await;
    check(&mut client, "subscription { refuses }", "FORBIDDEN").await;
    check(
        &mut client,
        "query($v: Int!) { item(n: $v) { n } }",
        "BAD_USER_INPUT",
    )
    .await;
    check(&mut client, "{ panics }", "INTERNAL_SERVER_ERROR").await;
    check(&mut client, "mutation { panics }", "INTERNAL_SERVER_ERROR").await;
    // The connection has survived all of it.
    client.subscribe("x", "{ hello }").await;
    assert_eq!(client.read().await, next("x", json!({"hello": "world"})));
}

#[tokio::test]
async fn a_panic_ends_only_its_own_subscription() {
    let mut client = server().await.open().await;
    client.subscribe("p", "subscription { panics }").await;
    assert_eq!(client.read().await, next("p", json!({"panics": 1})));
    let reply = client.read().await;
    assert_eq!(reply["type"], "error");
    assert_eq!(
        reply["payload"][0]["extensions"],
        json!({"code": "INTERNAL_SERVER_ERROR", "requestId": "req-9.1"})
    );
    client.subscribe("p", "{ hello }").await;
    assert_eq!(client.read().await, next("p", json!({"hello": "world"})));
}

#[tokio::test]
async fn ping_is_answered_with_its_payload_at_any_time() {
    let mut client = server().await.connect().await;
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.read().await, json!({"type": "pong"}));
    client
        .say(json!({"type": "ping", "payload": {"n": 1}}))
        .await;
    assert_eq!(
        client.read().await,
        json!({"type": "pong", "payload": {"n": 1}})
    );
    client
        .say(json!({"type": "pong", "payload": {"n": 1}}))
        .await;
    client.init("Bearer good").await;
    assert_eq!(client.read().await, json!({"type": "connection_ack"}));
}

#[tokio::test]
async fn complete_ends_a_subscription() {
    let server = server().await;
    let mut client = server.open().await;
    client.subscribe("e", "subscription { endless }").await;
    assert_eq!(client.read().await, next("e", json!({"endless": 0})));
    assert_eq!(server.trace.live.load(Ordering::SeqCst), 1);
    client.say(complete("e")).await;
    client.say(complete("never-there")).await;
    client.say(json!({"type": "ping"})).await;
    // Messages are handled in order: those before the ping have been handled.
    assert_eq!(client.read().await, json!({"type": "pong"}));
    assert_eq!(server.trace.live.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_disconnected_client_ends_its_subscriptions() {
    let server = server().await;
    let mut client = server.open().await;
    client.subscribe("e", "subscription { endless }").await;
    assert_eq!(client.read().await, next("e", json!({"endless": 0})));
    drop(client);
    while server.trace.live.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
}
