//! How many connections may be open, and how long one may be silent: the real server behind small bounds.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use message_credits::http::connections::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::Server;

const ALIVE: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// How long anything here may take.
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

/// Waits until the server hangs up.
async fn is_closed(mut connection: TcpStream) {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut rest));
    end.await.expect("the connection is closed").unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_silent_for_long_is_hung_up_on() {
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
async fn whoever_comes_beyond_the_bound_waits_for_a_place() {
    let limits = Limits {
        open: 2,
        ..Limits::default()
    };
    let server = Server::with_connections(limits).await;
    let mut first = open(&server).await;
    is_answered(&mut first).await;
    let mut socket = server.socket().await;

    // The system takes the connection; the server does not.
    let mut third = open(&server).await;
    third.write_all(ALIVE.as_bytes()).await.unwrap();
    for _ in 0..20 {
        is_answered(&mut first).await;
    }
    let mut byte = [0];
    assert!(third.peek(&mut byte).now_or_never().is_none());

    // A WebSocket has a place like any other, and leaves it when it ends.
    socket.close(None).await.unwrap();
    while let Some(Ok(_)) = socket.next().await {}
    head(&mut third).await;
    let mut fourth = open(&server).await;
    fourth.write_all(ALIVE.as_bytes()).await.unwrap();
    for _ in 0..20 {
        is_answered(&mut first).await;
    }
    assert!(fourth.peek(&mut byte).now_or_never().is_none());
    drop(third);
    head(&mut fourth).await;
}
