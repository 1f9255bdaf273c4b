//! How many connections may be open, how long one may be silent, and which one is evicted: the real
//! server with small bounds.

use std::time::Duration;

use futures_util::StreamExt;
use message_credits::http::connections::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::Server;

const ALIVE: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// The most that any step here may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(server: &Server) -> TcpStream {
    let address = server.url("");
    let address = address.trim_start_matches("http://");
    TcpStream::connect(address).await.unwrap()
}

/// Sends a request and reads its answer's head.
async fn is_answered(connection: &mut TcpStream) {
    connection.write_all(ALIVE.as_bytes()).await.unwrap();
    head(connection).await;
}

async fn head(connection: &mut TcpStream) {
    let mut read = [0; 4096];
    let count = tokio::time::timeout(PATIENCE, connection.read(&mut read));
    let count = count.await.expect("an answer").unwrap();
    assert!(read[..count].starts_with(b"HTTP/1.1 200 OK"));
}

/// Waits until the server closes the connection.
async fn is_closed(mut connection: TcpStream) {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut rest));
    end.await.expect("the connection is closed").unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_are_closed() {
    let limits = Limits {
        silence: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = Server::with_connections(limits).await;
    let nothing = open(&server).await;
    let mut half = open(&server).await;
    half.write_all(&ALIVE.as_bytes()[..30]).await.unwrap();
    let mut idle = open(&server).await;
    is_answered(&mut idle).await;
    for connection in [nothing, half, idle] {
        is_closed(connection).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_request_are_closed() {
    let limits = Limits {
        first: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = Server::with_connections(limits).await;
    let mut asks = open(&server).await;
    is_answered(&mut asks).await;
    is_closed(open(&server).await).await;
    is_answered(&mut asks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_anonymous_connection_is_evicted_never_one_with_a_key() {
    let limits = Limits {
        open: 8,
        anonymous: 3,
        grace: Duration::ZERO,
        ..Limits::default()
    };
    let server = Server::with_connections(limits).await;
    let tenant = server.account("A").await;
    let mut first = open(&server).await;
    is_answered(&mut first).await;
    let mut known = open(&server).await;
    let body = r#"{"query":"{viewer{role}}"}"#;
    let asks = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        tenant.owner,
        body.len()
    );
    known.write_all(asks.as_bytes()).await.unwrap();
    head(&mut known).await;
    // A WebSocket takes a place like any other connection, and can lose it until it has shown a
    // key.
    let mut socket = server.socket().await;
    let mut others = Vec::new();
    for _ in 0..6 {
        let mut other = open(&server).await;
        is_answered(&mut other).await;
        others.push(other);
    }
    is_closed(first).await;
    let ended = async { while let Some(Ok(_)) = socket.next().await {} };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
    let last = others.split_off(3);
    for other in others {
        is_closed(other).await;
    }
    for mut other in last {
        is_answered(&mut other).await;
    }
    known.write_all(asks.as_bytes()).await.unwrap();
    head(&mut known).await;
}

/// The status that a request is answered with.
async fn status(server: &Server, request: &str) -> u16 {
    let mut connection = open(server).await;
    // The server may have answered before it has taken all of it.
    drop(connection.write_all(request.as_bytes()).await);
    let mut read = [0; 4096];
    let count = tokio::time::timeout(PATIENCE, connection.read(&mut read));
    let count = count.await.expect("an answer").unwrap();
    let text = String::from_utf8_lossy(&read[..count]);
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_head_is_refused() {
    let server = Server::on_sqlite().await;
    let request = |bytes: usize| {
        let filling = "x".repeat(bytes);
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Filling: {filling}\r\n\r\n")
    };
    assert_eq!(status(&server, &request(60 * 1024)).await, 200);
    // The last read may return as much again.
    assert_eq!(status(&server, &request(140 * 1024)).await, 431);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anonymous_bodies_are_limited_to_256_kib() {
    let server = Server::on_sqlite().await;
    let shop = server.account("Shop").await;
    let request = |key: Option<&str>, bytes: usize| {
        let key = key.map_or(String::new(), |key| {
            format!("Authorization: Bearer {key}\r\n")
        });
        let query = r#"{"query":"{ __typename }"}"#;
        let body = query.to_owned() + &" ".repeat(bytes - query.len());
        format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\n{key}Content-Type: application/json\r\n\
             Content-Length: {bytes}\r\n\r\n{body}"
        )
    };
    let most = 256 * 1024;
    assert_eq!(status(&server, &request(None, most)).await, 200);
    assert_eq!(status(&server, &request(None, most + 1)).await, 413);
    assert_eq!(
        status(&server, &request(Some(&shop.owner), most + 1)).await,
        200
    );
}
