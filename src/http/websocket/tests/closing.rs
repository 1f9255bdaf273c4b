//! How connections end: every close code, every limit, and the drain.

use super::*;

#[tokio::test]
async fn a_close_is_acknowledged() {
    let mut client = server().await.open().await;
    client.socket.close(None).await.unwrap();
    assert!(matches!(
        client.socket.next().await,
        Some(Ok(Message::Close(_)))
    ));
}

#[tokio::test]
async fn invalid_messages_close_with_4400() {
    let server = server().await;
    let check = async |text: &str| {
        let mut client = server.open().await;
        client.text(text).await;
        assert_eq!(client.closed().await.0, 4400, "{text}");
    };
    check("").await;
    check("no json").await;
    check("[]").await;
    check("{}").await;
    check(r#"{"type":"start"}"#).await;
    check(r#"{"type":"subscribe","payload":{"query":"{ hello }"}}"#).await;
    check(r#"{"type":"subscribe","id":"1"}"#).await;
    check(r#"{"type":"subscribe","id":"1","payload":{}}"#).await;
    check(r#"{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}"#).await;
    check(r#"{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}"#).await;
    check(r#"{"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}"#).await;
    check(
        &json!({"type": "subscribe", "id": "x".repeat(65), "payload": {"query": "{ hello }"}})
            .to_string(),
    )
    .await;
    check(r#"{"type":"complete"}"#).await;
    let mut client = server.open().await;
    client.socket.send(Message::binary(vec![1])).await.unwrap();
    client.is_closed_with(4400).await;
}

#[tokio::test]
async fn only_authenticated_clients_get_responses() {
    let server = server().await;
    let mut client = server.connect().await;
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.closed().await, (4401, "Unauthorized".to_owned()));

    let mut client = server.connect().await;
    client.init("Bearer bad").await;
    assert_eq!(client.closed().await, (4401, "Unauthorized".to_owned()));

    let mut client = server.connect().await;
    client.say(json!({"type": "connection_init"})).await;
    client.is_closed_with(4401).await;

    // Authentication has started but not finished.
    let mut client = server.connect().await;
    client.init("Bearer slow").await;
    client.subscribe("1", "{ hello }").await;
    client.is_closed_with(4401).await;
}

#[tokio::test]
async fn a_revoked_session_is_closed_with_4401() {
    let server = server().await;
    let mut client = server.open().await;
    client.subscribe("e", "subscription { endless }").await;
    assert_eq!(client.read().await, next("e", json!({"endless": 0})));
    server.revoked.notify_one();
    client.is_closed_with(4401).await;
}

#[tokio::test]
async fn a_second_init_closes_with_4429() {
    let server = server().await;
    let mut client = server.open().await;
    client.init("Bearer good").await;
    assert_eq!(
        client.closed().await,
        (4429, "Too many initialisation requests".to_owned())
    );
    // Even while the first is being authenticated.
    let mut client = server.connect().await;
    client.init("Bearer slow").await;
    client.init("Bearer good").await;
    client.is_closed_with(4429).await;
    let mut client = server.connect().await;
    client.init("Bearer slow").await;
    server.judged.notify_one();
    assert_eq!(client.read().await, json!({"type": "connection_ack"}));
}

#[tokio::test]
async fn a_late_init_closes_with_4408() {
    let limits = SocketLimits {
        init_timeout: Duration::from_millis(1),
        ..SocketLimits::default()
    };
    let mut client = Server::start(limits).await.connect().await;
    assert_eq!(
        client.closed().await,
        (4408, "Connection initialisation timeout".to_owned())
    );
}

#[tokio::test]
async fn an_id_in_use_closes_with_4409() {
    let mut client = server().await.open().await;
    client.subscribe("e", "subscription { endless }").await;
    client.subscribe("e", "{ hello }").await;
    assert_eq!(client.read().await, next("e", json!({"endless": 0})));
    assert_eq!(
        client.closed().await,
        (4409, "Subscriber for e already exists".to_owned())
    );
}

#[tokio::test]
async fn other_subprotocols_close_with_4406() {
    let server = server().await;
    let mut client = server.connect_with(None).await;
    assert_eq!(
        client.closed().await,
        (4406, "Subprotocol not acceptable".to_owned())
    );
}

#[tokio::test]
async fn operations_have_a_limit() {
    let limits = SocketLimits {
        operations: 2,
        ..SocketLimits::default()
    };
    let server = Server::start(limits).await;
    let mut client = server.open().await;
    for id in ["1", "2"] {
        client.subscribe(id, "subscription { endless }").await;
        assert_eq!(client.read().await, next(id, json!({"endless": 0})));
    }
    client.subscribe("3", "{ hello }").await;
    let reply = client.read().await;
    assert_eq!(
        (reply["type"].as_str(), reply["id"].as_str()),
        (Some("error"), Some("3"))
    );
    assert_eq!(reply["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    client.say(complete("1")).await;
    client.subscribe("3", "{ hello }").await;
    assert_eq!(client.read().await, next("3", json!({"hello": "world"})));
}

#[tokio::test]
async fn messages_have_a_size_limit() {
    let limits = SocketLimits {
        message_bytes: 200,
        ..SocketLimits::default()
    };
    let server = Server::start(limits).await;
    let ping = |bytes: usize| format!("{:<bytes$}", r#"{"type":"ping"}"#);
    let mut client = server.connect().await;
    client.text(&ping(200)).await;
    assert_eq!(client.read().await, json!({"type": "pong"}));
    client.text(&ping(201)).await;
    client.is_closed_with(1009).await;
}

#[tokio::test]
async fn a_drain_completes_running_operations_and_closes_with_1001() {
    let server = server().await;
    let mut idle = server.open().await;
    let mut fresh = server.connect().await;
    let mut busy = server.open().await;
    busy.subscribe("e", "subscription { endless }").await;
    assert_eq!(busy.read().await, next("e", json!({"endless": 0})));
    busy.subscribe("m", "mutation { actLate }").await;
    while server.trace.live.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    server.drain.cancel();
    assert_eq!(idle.closed().await, (1001, "Going away".to_owned()));
    fresh.is_closed_with(1001).await;
    server.trace.gate.notify_one();
    assert_eq!(busy.read().await, next("m", json!({"actLate": 1})));
    assert_eq!(busy.read().await, complete("m"));
    busy.is_closed_with(1001).await;
}

#[tokio::test]
async fn a_quiet_client_that_answers_pings_stays_connected() {
    // Long enough that a busy machine answers within three intervals.
    let limits = SocketLimits {
        keep_alive: Duration::from_millis(250),
        ..SocketLimits::default()
    };
    let server = Server::start(limits).await;
    let mut client = server.open().await;
    for _ in 0..4 {
        // The next read writes the reply.
        assert!(matches!(
            client.socket.next().await,
            Some(Ok(Message::Ping(_)))
        ));
    }
    client.subscribe("q", "{ hello }").await;
    assert_eq!(client.read().await, next("q", json!({"hello": "world"})));
}

#[tokio::test]
async fn a_silently_dead_client_is_disconnected() {
    let limits = SocketLimits {
        keep_alive: Duration::from_millis(5),
        ..SocketLimits::default()
    };
    let server = Server::start(limits).await;
    // It completes the handshake and never sends anything again.
    let mut dead = TcpStream::connect(server.address).await.unwrap();
    let handshake = format!(
        "GET /graphql HTTP/1.1\r\nHost: {}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {}\r\n\r\n",
        server.address,
        subprotocol()
    );
    dead.write_all(handshake.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    dead.read_to_end(&mut rest).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 101"));
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let limits = SocketLimits {
        keep_alive: std::time::Duration::from_millis(20),
        idle: std::time::Duration::from_millis(1),
        ..SocketLimits::default()
    };
    let mut client = Server::start(limits).await.open().await;
    assert_eq!(client.closed().await, (1000, "Idle".to_owned()));
}
