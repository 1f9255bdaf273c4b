//! Connections: how many are open at a time, how long one may be silent, and who owns it.
//!
//! They speak HTTP/1.1, upgraded to WebSocket if asked, or HTTP/2, recognised by its first bytes; a
//! proxy in front terminates TLS. Here: accepting connections, and closing them when the server
//! drains. Not here: the requests on them.

mod guarded;
mod places;
mod streams;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderValue, Request, StatusCode, Version, header},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use metrics::Gauge;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

pub use self::places::Place;
use self::{
    guarded::Guarded,
    places::{Places, Rooms},
    streams::Streams,
};
use super::{
    address::{Address, TrustedProxies},
    capacity::Capacity,
};
use crate::telemetry::{
    episode::Episode,
    metrics::{CONNECTIONS, Running},
};

/// How long the server accepts no connection after the system ran out of room for one and none
/// could be evicted: some will have closed by then.
const PAUSE: Duration = Duration::from_secs(1);

/// Accepting connections fails if the system has no room for another.
static ACCEPTING: Episode = Episode::new("accepting connections");

/// How long to wait until an evicted connection has closed its file: about one turn of a task.
const SHED: Duration = Duration::from_millis(1);

/// How long a draining server leaves idle connections open: a request that a client sent before it
/// could know arrives within that time, and is answered. Several times a round trip within a data
/// centre.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

/// The largest request head: its line and headers. Keys, cookies and trace headers take a few
/// kilobytes; proxies allow at most 32 KiB by default.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The same over HTTP/2, which counts 32 bytes more for each header.
const HTTP2_HEAD_BYTES: u32 = 64 * 1024;

/// Requests at once on one HTTP/2 connection, which browsers use for all event streams of a page.
/// What they may do is limited by `shares`, as on any connection.
const STREAMS: u32 = 100;

/// Bytes of bodies that an HTTP/2 client may send before they are read, on one stream and on a
/// connection. At 20 ms from a client to the server it lets 6 MiB/s through; a flood of the 1,024
/// anonymous connections takes 128 MiB.
const WINDOW_BYTES: u32 = 128 * 1024;

/// Bytes of an answer that are kept for a slow HTTP/2 client: as much as a connection buffers.
const SEND_BYTES: usize = 64 * 1024;

/// How often an HTTP/2 client is asked whether it is there, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);

/// Limits of connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections, WebSockets included: each takes memory and a file descriptor.
    pub open: usize,
    /// Open connections without a key. Beyond it, the oldest connection of the address with the
    /// most is closed.
    pub anonymous: usize,
    /// Anonymous connections of one address.
    pub address_share: usize,
    /// Connections of one account that have shown a key. Further ones count as anonymous.
    pub account_share: usize,
    /// How long an anonymous connection is left alone while there is room, so that a client that
    /// opens many at once can show its key on each.
    pub grace: Duration,
    /// How long a connection may take to send its first request's headers.
    pub first: Duration,
    /// How long it may take to send another request's headers, or idle between two requests. Most
    /// proxies keep connections for 60 seconds, and a request sent just as its connection closes is
    /// lost; so this is longer.
    pub silence: Duration,
    /// How long a client may read nothing of a response.
    pub stalled: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open: 4_096,
            // Anonymous clients view pages, pay and download reports: a quarter of the places is
            // plenty. A connection takes about 30 kB, and up to 64 KiB more while a head arrives.
            anonymous: 1_024,
            // An office or a mobile network behind one address.
            address_share: 256,
            account_share: 1_024,
            // Several times the duration of a request from the other side of the world.
            grace: Duration::from_secs(1),
            first: Duration::from_secs(10),
            silence: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Limits of the public listener. One address may have a quarter of the anonymous connections,
    /// and one account a quarter of all.
    #[must_use]
    pub fn of(capacity: &Capacity) -> Self {
        let open = capacity.clients;
        let anonymous = capacity.anonymous_clients.min(open);
        Self {
            open,
            anonymous,
            address_share: (anonymous / 4).max(1),
            account_share: (open / 4).max(1),
            ..Self::default()
        }
    }

    /// Limits of the operators' listener: a few supervisors and metrics collectors connect there.
    #[must_use]
    pub fn administration() -> Self {
        Self {
            open: 64,
            anonymous: 64,
            address_share: 64,
            account_share: 64,
            ..Self::default()
        }
    }

    /// These limits, reduced for a process that may have this many files open. A quarter of them,
    /// at most 256, stays reserved for the database, files and everything else.
    #[must_use]
    pub fn within_files(self, files: u64) -> Self {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let open = self.open.min(files - (files / 4).min(256));
        Self {
            open,
            anonymous: self.anonymous.min(open / 4).max(1),
            account_share: self.account_share.min(open / 4).max(1),
            ..self
        }
    }

    fn rooms(&self) -> Rooms {
        Rooms {
            anonymous: self.anonymous.min(self.open),
            address_share: self.address_share,
            known: self.open.saturating_sub(self.anonymous),
            account_share: self.account_share,
            grace: self.grace,
        }
    }
}

/// The two steps of a stop.
#[derive(Debug, Clone, Default)]
pub struct Stopping {
    /// Cancelled first: connections are still accepted, but each closes after its next answer, so
    /// that a proxy in front keeps none open.
    pub leaving: CancellationToken,
    /// Cancelled then: no connection is accepted any more.
    pub draining: CancellationToken,
}

impl From<CancellationToken> for Stopping {
    /// Both steps at once.
    fn from(stop: CancellationToken) -> Self {
        Self {
            leaving: stop.clone(),
            draining: stop,
        }
    }
}

/// Accepts connections until the server drains, then waits until their requests are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: TrustedProxies,
    stopping: impl Into<Stopping>,
) {
    let stopping = stopping.into();
    let server = Server {
        router,
        limits,
        proxies,
        places: Places::new(limits.rooms()),
        http: http(&limits),
        stopping: stopping.clone(),
        connections: TaskTracker::new(),
        open: CONNECTIONS.gauge(&[]),
    };
    let draining = stopping.draining;
    while let Some((stream, peer)) = draining
        .run_until_cancelled(take(&listener, &server.places))
        .await
    {
        server.begin(stream, peer);
    }
    server.begin_queued(listener);
    server.connections.close();
    server.connections.wait().await;
}

fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.silence)
        .max_buf_size(MAX_HEAD_BYTES);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HTTP2_HEAD_BYTES)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    http
}

/// A listener's connections, and what each needs.
struct Server {
    router: Router,
    limits: Limits,
    proxies: TrustedProxies,
    places: Places,
    http: auto::Builder<TokioExecutor>,
    stopping: Stopping,
    connections: TaskTracker,
    /// The connections of every listener, in metrics.
    open: Gauge,
}

impl Server {
    /// Begins the connections that the system has accepted and nobody has taken yet: clients have
    /// sent requests on them, which closing the listener would lose.
    fn begin_queued(&self, listener: TcpListener) {
        // It doesn't block: tokio has set it so.
        let Ok(listener) = listener.into_std() else {
            return;
        };
        while let Ok((stream, peer)) = listener.accept() {
            let taken = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = taken {
                self.begin(stream, peer.ip());
            }
        }
    }

    fn begin(&self, stream: TcpStream, peer: IpAddr) {
        let place = self
            .places
            .enter(Address::of(peer), self.proxies.trusts(peer));
        let (router, proxies) = (self.router.clone(), self.proxies.clone());
        let (request_place, leaving) = (place.clone(), self.stopping.leaving.clone());
        let streams = Streams::default();
        let (own_streams, left) = (streams.clone(), leaving.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request_place.note_request();
            let address = proxies.client(peer, request.headers());
            request.extensions_mut().insert(address);
            request.extensions_mut().insert(request_place.clone());
            let is_http2 = request.version() == Version::HTTP_2;
            let stream = is_http2.then(|| own_streams.begin());
            // A router is always ready.
            let answered = router.clone().call(request);
            let leaving = leaving.clone();
            async move {
                let mut response = answered.await?;
                if let Some(stream) = stream {
                    return Ok::<_, Infallible>(response.map(|body| stream.watch(body)));
                }
                if leaving.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok(response)
            }
        });
        let first = self.limits.first;
        let stream = Guarded::new(stream, self.limits.stalled, place.clone());
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let Limits {
            silence, stalled, ..
        } = self.limits;
        let draining = self.stopping.draining.clone();
        let running = Running::one(&self.open);
        self.connections.spawn(async move {
            let _running = running;
            let mut connection = pin!(connection);
            let mut closing = pin!(streams.closing(&left, silence));
            let mut stalls = pin!(streams.stalled(stalled));
            let mut silent = pin!(no_request_within(&place, first));
            let mut is_closing = false;
            let ended = loop {
                tokio::select! {
                    ended = connection.as_mut() => break ended,
                    () = place.evicted().cancelled() => return,
                    () = silent.as_mut() => return,
                    () = stalls.as_mut() => return,
                    () = closing.as_mut(), if !is_closing => {
                        is_closing = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    () = draining.cancelled() => {
                        let ended = match timeout(ON_ITS_WAY, connection.as_mut()).await {
                            Ok(ended) => ended,
                            Err(_) => {
                                connection.as_mut().graceful_shutdown();
                                connection.await
                            }
                        };
                        break ended;
                    }
                }
            };
            if let Err(cause) = ended {
                tracing::debug!(%cause, "a connection ended early");
            }
        });
    }
}

/// Completes if no request arrives on a connection in its first seconds.
async fn no_request_within(place: &Place, first: Duration) {
    sleep(first).await;
    if place.has_request() {
        std::future::pending::<()>().await;
    }
}

/// The next connection, and its peer's address.
async fn take(listener: &TcpListener, places: &Places) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                ACCEPTING.worked();
                // Sends writes at once (TCP_NODELAY): otherwise a file's first bytes would wait for
                // the acknowledgement of its headers, which clients delay for some 40 ms.
                if let Err(cause) = stream.set_nodelay(true) {
                    tracing::debug!(%cause, "TCP_NODELAY can't be set on a connection");
                }
                return (stream, SocketAddr::ip(&peer));
            }
            // A client that has already gone must not delay the others.
            Err(cause) if has_left(&cause) => {}
            Err(cause) if places.shed() => {
                tracing::debug!(%cause, "an anonymous connection was closed to make room for another");
                sleep(SHED).await;
            }
            Err(cause) => {
                ACCEPTING.failed(&cause);
                sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the error only means that the client is gone.
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
    async fn writes_are_sent_without_delay() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let places = Places::new(Limits::default().rooms());
        let (client, (stream, _)) = tokio::join!(client, take(&listener, &places));
        assert!(stream.nodelay().unwrap());
        drop(client);
    }

    #[test]
    fn connections_leave_file_descriptors_for_the_database() {
        let open = |files| Limits::default().within_files(files).open;
        assert_eq!(open(1_048_576), 4_096);
        assert_eq!(open(1_024), 768);
        assert_eq!(open(64), 48);
        let few = Limits::default().within_files(1_024);
        assert_eq!((few.anonymous, few.account_share), (192, 192));
    }
}
