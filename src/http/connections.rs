//! Connections: how many are open at a time, how long one may be silent, and whose it is.
//!
//! They speak HTTP/1.1, and WebSocket from there; whatever stands in front speaks TLS and HTTP/2 with the clients.
//! Here: taking connections, and ending them when the server drains. Not here: what is asked over them.

mod guarded;
mod places;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::Duration,
};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

pub use self::places::Place;
use self::{
    guarded::Guarded,
    places::{Places, Rooms},
};
use super::address::{Address, TrustedProxies};

/// How long nobody is let in after the system had no room for another connection, and none could be ended: some will
/// have ended by then.
const PAUSE: Duration = Duration::from_secs(1);

/// How long it is waited until a connection that makes room for another has closed its file: about a task's turn.
const SHED: Duration = Duration::from_millis(1);

/// The longest head of a request: its line and headers. Keys, cookies and trace headers take a few kilobytes; proxies
/// allow 32 KiB at most as they come.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time, WebSockets among them: each takes memory and a file of the process.
    pub open: usize,
    /// Those among them over which no key was shown. Beyond it the oldest of the address with the most ends.
    pub strangers: usize,
    /// Strangers of one address.
    pub address_share: usize,
    /// Connections of one account over which a key was shown. What it opens beyond that counts as strangers'.
    pub account_share: usize,
    /// How long a stranger's connection is left alone while there is room for anybody, so that a client that opens many
    /// at once can show its key on each.
    pub grace: Duration,
    /// How long a connection may take to send its first request's headers.
    pub first: Duration,
    /// How long it may take to send another request's headers, and lie idle between two requests. Proxies keep theirs
    /// for 60 seconds mostly, and a request that meets the end of its connection is lost; so this is longer.
    pub silence: Duration,
    /// How long a client may take in nothing of an answer.
    pub stalled: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open: 4_096,
            // Strangers look at pages, pay and fetch reports: a quarter of the places is plenty. A connection takes
            // some 30 kB, and up to 64 KiB more while a head comes in.
            strangers: 1_024,
            // An office or a mobile network behind one address.
            address_share: 256,
            account_share: 1_024,
            // Some times what a request takes over half the world.
            grace: Duration::from_secs(1),
            first: Duration::from_secs(10),
            silence: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The limits of the listener for whoever runs the server: a few supervisors and collectors ask there.
    #[must_use]
    pub fn administration() -> Self {
        Self {
            open: 64,
            strangers: 64,
            address_share: 64,
            account_share: 64,
            ..Self::default()
        }
    }

    /// The same for a process that may have so many files open. A quarter of them, and 256 at most, is left to the
    /// database, files and all else.
    #[must_use]
    pub fn within_files(self, files: u64) -> Self {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let open = self.open.min(files - (files / 4).min(256));
        Self {
            open,
            strangers: self.strangers.min(open / 4).max(1),
            account_share: self.account_share.min(open / 4).max(1),
            ..self
        }
    }

    fn rooms(&self) -> Rooms {
        Rooms {
            strangers: self.strangers.min(self.open),
            address_share: self.address_share,
            known: self.open.saturating_sub(self.strangers),
            account_share: self.account_share,
            grace: self.grace,
        }
    }
}

/// Takes connections until `draining` is cancelled, and then waits until the requests on them are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: TrustedProxies,
    draining: CancellationToken,
) {
    let places = Places::new(limits.rooms());
    let connections = TaskTracker::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.silence)
        .max_buf_size(MAX_HEAD_BYTES);
    while let Some((stream, peer)) = draining.run_until_cancelled(take(&listener, &places)).await {
        let place = places.enter(Address::of(peer), proxies.trusts(peer));
        let (router, proxies) = (router.clone(), proxies.clone());
        let asking = place.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            asking.asks();
            let address = proxies.client(peer, request.headers());
            request.extensions_mut().insert(address);
            request.extensions_mut().insert(asking.clone());
            // A router is ready whenever it is asked.
            router.clone().call(request)
        });
        let stream = Guarded::new(stream, limits.stalled, place.clone());
        let connection = http
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let draining = draining.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = place.evicted().cancelled() => return,
                () = asks_nothing(&place, limits.first) => return,
                () = draining.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(cause) = ended {
                tracing::debug!(%cause, "a connection ended early");
            }
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Completes if nothing was asked over a connection in its first seconds.
async fn asks_nothing(place: &Place, first: Duration) {
    sleep(first).await;
    if place.has_asked() {
        std::future::pending::<()>().await;
    }
}

/// The next connection, and where it comes from.
async fn take(listener: &TcpListener, places: &Places) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // What is written leaves at once: the first bytes of a file would wait for those of its headers to be
                // acknowledged, which clients put off for some 40 ms.
                if let Err(cause) = stream.set_nodelay(true) {
                    tracing::debug!(%cause, "a connection keeps its delay");
                }
                return (stream, SocketAddr::ip(&peer));
            }
            // Whoever left already keeps nobody else waiting.
            Err(cause) if has_left(&cause) => {}
            Err(cause) if places.shed() => {
                tracing::debug!(%cause, "a stranger's connection makes room for another");
                sleep(SHED).await;
            }
            Err(cause) => {
                tracing::error!(%cause, "no connection can be taken just now");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the client is gone, and nothing is wrong here.
fn has_left(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::{Limits, Places, take};

    #[tokio::test]
    async fn what_is_written_leaves_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let places = Places::new(Limits::default().rooms());
        let (client, (stream, _)) = tokio::join!(client, take(&listener, &places));
        assert!(stream.nodelay().unwrap());
        drop(client);
    }

    #[test]
    fn connections_leave_files_to_the_database() {
        let open = |files| Limits::default().within_files(files).open;
        assert_eq!(open(1_048_576), 4_096);
        assert_eq!(open(1_024), 768);
        assert_eq!(open(64), 48);
        let few = Limits::default().within_files(1_024);
        assert_eq!((few.strangers, few.account_share), (192, 192));
    }
}
