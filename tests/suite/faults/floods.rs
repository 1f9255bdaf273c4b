//! Floods of anonymous clients, and of another account, beside a paying account: none of its
//! requests fails.
//!
//! Here: whether requests are answered. Not here: how fast, which `cargo xtask bench floods`
//! measures.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use message_credits::http::{address::TrustedProxies, connections::Limits, rates::Rate};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Server, Tenant, new_key,
    process::{ADMIN_KEY, Process, command},
};

/// The most that any step here may take.
const PATIENCE: Duration = Duration::from_secs(20);
const SEND: &str = "mutation($input: SendMessageInput!) {
    sendMessage(input: $input) { message { id } userErrors { field message } } }";

/// A client that opens a connection for each request, like one that arrives during a flood.
fn newcomer() -> reqwest::Client {
    let client = reqwest::Client::builder().pool_max_idle_per_host(0);
    client.build().unwrap()
}

/// Sends one message after the other, each over its own connection.
async fn pays(server: &Server, tenant: &Tenant, list: &str, times: usize) {
    let client = newcomer();
    for _ in 0..times {
        let input =
            json!({ "audience": { "listId": list }, "text": "x", "idempotencyKey": new_key() });
        let body = json!({ "query": SEND, "variables": { "input": input } });
        let sent = client
            .post(server.url("/graphql"))
            .bearer_auth(&tenant.owner)
            .json(&body)
            .send();
        let response = tokio::time::timeout(PATIENCE, sent).await.unwrap().unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(
            answer["data"]["sendMessage"]["userErrors"],
            json!([]),
            "{answer}"
        );
        assert!(answer.get("errors").is_none(), "{answer}");
    }
}

async fn paying(server: &Server) -> (Tenant, String) {
    let tenant = server.account("Paying").await;
    server.grant(&tenant, "100000").await;
    let destinations = json!([{ "countryCode": "IT", "recipientCount": 10 }]);
    let list = server.list(&tenant, "List", destinations).await;
    (tenant, list)
}

/// This many connections, each of which sends these bytes. Connections that the server closes stay
/// closed.
async fn flood(server: &Server, count: usize, request: &[u8]) -> Vec<TcpStream> {
    let address = server.url("");
    let address = address.trim_start_matches("http://");
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // A connection that is closed already can't be written to.
        drop(stream.write_all(request).await);
        streams.push(stream);
    }
    streams
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_bodies_block_nobody() {
    let server = Server::on_sqlite().await;
    let (tenant, list) = paying(&server).await;
    let request = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 200000\r\n\r\n{\"query\":\"";
    let flood = flood(&server, 1_024, request).await;
    pays(&server, &tenant, &list, 50).await;
    drop(flood);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anonymous_sockets_block_nobody() {
    let server = Server::on_sqlite().await;
    let (tenant, list) = paying(&server).await;
    let request =
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
    let flood = flood(&server, 4_096, request).await;
    pays(&server, &tenant, &list, 20).await;
    let alive = newcomer().get(server.url("/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), StatusCode::OK);
    drop(flood);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_answers_are_abandoned() {
    let limits = Limits {
        stalled: Duration::from_millis(200),
        ..Limits::default()
    };
    let server = Server::with_connections(limits).await;
    let (tenant, list) = paying(&server).await;
    let query =
        "{__schema{types{name description fields{name description args{name description}}}}}";
    let body = json!({ "query": query }).to_string();
    let one = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // More answers than the system's buffers hold.
    let flood = flood(&server, 8, one.repeat(300).as_bytes()).await;
    pays(&server, &tenant, &list, 20).await;
    for mut stream in flood {
        // Bytes on their way can still be read, and then the connection ends before the last
        // answer.
        let mut read = Vec::new();
        tokio::time::sleep(Duration::from_millis(600)).await;
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read));
        drop(ended.await.expect("the server has hung up"));
        let answers = read
            .windows(12)
            .filter(|part| *part == b"HTTP/1.1 200")
            .count();
        assert!(answers < 300, "{answers} answers of {} bytes", read.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_cannot_take_other_tenants_places() {
    let server = Arc::new(Server::on_sqlite().await);
    let (tenant, list) = paying(&server).await;
    let other = server.account("Flooding").await;
    server.grant(&other, "100000").await;
    let destinations = json!([{ "countryCode": "IT", "recipientCount": 1 }]);
    let others_list = server.list(&other, "List", destinations).await;
    let (stop, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut flood = JoinSet::new();
    for _ in 0..400 {
        let (stop, asked) = (Arc::clone(&stop), Arc::clone(&asked));
        let client = server.http().clone();
        let (url, key) = (server.url("/graphql"), other.owner.clone());
        let query = format!(
            "query {{ quote(input: {{ audience: {{ listId: \"{others_list}\" }}, text: \"x\" }}) {{ credits }} }}"
        );
        flood.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let request = client.post(&url).bearer_auth(&key);
                drop(request.json(&json!({ "query": query })).send().await);
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    pays(&server, &tenant, &list, 30).await;
    stop.store(true, Ordering::Relaxed);
    while flood.join_next().await.is_some() {}
    assert!(asked.load(Ordering::Relaxed) > 0);
}

/// The close code of a socket after it has sent these messages.
async fn close_code(server: &Server, messages: &[Value]) -> u16 {
    let mut socket = server.socket().await;
    for message in messages {
        // The server may have closed before the last one.
        drop(socket.send(Message::text(message.to_string())).await);
    }
    let closed = async {
        while let Some(message) = socket.next().await {
            match message {
                Ok(Message::Close(Some(close))) => return u16::from(close.code),
                Ok(_) => {}
                Err(_) => return 0,
            }
        }
        0
    };
    tokio::time::timeout(PATIENCE, closed).await.unwrap()
}

fn init(key: &str) -> Value {
    json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {key}") } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_must_authenticate_first() {
    let server = Server::on_sqlite().await;
    let nothing = json!({ "type": "connection_init" });
    assert_eq!(close_code(&server, &[nothing]).await, 4401);
    assert_eq!(close_code(&server, &[init("mc_wrong")]).await, 4401);
    // More requests than one key may have: the rest is refused without reading it.
    let large = json!({ "type": "connection_init", "payload": { "x": "a".repeat(40_000) } });
    assert_eq!(close_code(&server, &[large]).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keys_subscriptions_are_bounded() {
    let server = Server::on_sqlite().await;
    let (tenant, _) = paying(&server).await;
    let mut refused = 0;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let (socket, codes) = subscribes(&server, &tenant.owner, 50).await;
        refused += codes.iter().filter(|code| *code == "RATE_LIMITED").count();
        sockets.push(socket);
    }
    assert_eq!(refused, 150 - 128);
    // Another key of the account has its own places, until the account's share is used up.
    let other = server.key(&tenant, "VIEWER").await;
    let (_, codes) = subscribes(&server, &other, 1).await;
    assert_eq!(codes, [""]);
}

/// A socket with this many subscriptions, and the code of each refusal.
async fn subscribes(server: &Server, key: &str, count: usize) -> (impl Sized, Vec<String>) {
    let mut socket = server.socket().await;
    let say = |message: Value| Message::text(message.to_string());
    socket.send(say(init(key))).await.unwrap();
    let mut codes = vec![None; count];
    while codes.iter().any(Option::is_none) {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
        let Message::Text(text) = message.unwrap().unwrap() else {
            continue;
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["type"] == "connection_ack" {
            for number in 0..count {
                let payload = json!({ "query": "subscription { balanceChanged { available } }" });
                let id = number.to_string();
                let subscribe = json!({ "type": "subscribe", "id": id, "payload": payload });
                socket.send(say(subscribe)).await.unwrap();
            }
            continue;
        }
        let number: usize = message["id"].as_str().unwrap().parse().unwrap();
        let code = message["payload"][0]["extensions"]["code"].as_str();
        codes[number] = Some(code.unwrap_or_default().to_owned());
    }
    (socket, codes.into_iter().flatten().collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_limited_clients_get_retry_after() {
    let server = Server::with(Limits::default(), |settings| {
        settings.rates.key = Rate::holding(1, 3);
        settings.rates.address = Rate::holding(1, 2);
        settings.trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    })
    .await;
    let (tenant, _) = paying(&server).await;
    let other = server.key(&tenant, "VIEWER").await;
    let ask = async |key: Option<&str>, from: &str| {
        let mut request = server
            .http()
            .post(server.url("/graphql"))
            .header("x-forwarded-for", from);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        request
            .json(&json!({ "query": "{__typename}" }))
            .send()
            .await
            .unwrap()
    };
    let key = Some(tenant.owner.as_str());
    let response = loop {
        let response = ask(key, "192.0.2.1").await;
        if response.status() != StatusCode::OK {
            break response;
        }
    };
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(
        ask(Some(&other), "192.0.2.1").await.status(),
        StatusCode::OK
    );
    // Without a key, the address that the proxy names is counted.
    let mut statuses = vec![0];
    while *statuses.last().unwrap() != 429 {
        let response = ask(None, "198.51.100.7, 192.0.2.1").await;
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses[1], 200);
    let another = ask(None, "192.0.2.1, 192.0.2.2").await;
    assert_eq!(another.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_have_their_own_listener() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display());
    let mut program: Command = command(&["serve", "--database-url", &url]);
    program.env("ADMIN_LISTEN", "127.0.0.1:0");
    let process = Process::run(&mut program);
    let own = process
        .welcome
        .lines()
        .find_map(|line| line.trim().strip_prefix("metrics "))
        .expect("the program says where metrics are")
        .trim()
        .trim_end_matches("/metrics")
        .to_owned();
    let (client, public) = process.door();
    let status = async |url: String| client.get(url).send().await.unwrap().status().as_u16();
    for (path, at_own, at_public) in [
        ("/healthz", 200, 200),
        ("/readyz", 200, 200),
        ("/metrics", 200, 404),
        ("/graphql?query=%7B__typename%7D", 404, 200),
    ] {
        assert_eq!(status(format!("{own}{path}")).await, at_own, "{path}");
        assert_eq!(status(format!("{public}{path}")).await, at_public, "{path}");
    }
    let made = process
        .graphql(ADMIN_KEY, "{ viewer { role } }", json!({}))
        .await;
    assert!(made.is_some());
}
