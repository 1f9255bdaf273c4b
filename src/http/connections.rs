//! Connections: how many are open at a time, and how long one may be silent.
//!
//! They speak HTTP/1.1, and WebSocket from there; whatever stands in front speaks TLS and HTTP/2 with the clients.
//! Here: taking connections, and ending them when the server drains. Not here: what is asked over them.

use std::{io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service;

use super::address::TrustedProxies;

/// How long nobody is let in after the system had no room for another connection: some will have ended by then.
const PAUSE: Duration = Duration::from_secs(1);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time, WebSockets among them. Whoever comes beyond it waits in the system's own queue until
    /// one ends: each takes memory and a file of the process, of which systems allow 1,024 unless told otherwise.
    pub open: usize,
    /// How long a connection may take to send a request's headers, and lie idle between two requests. Proxies keep
    /// theirs for 60 seconds mostly, and a request that meets the end of its connection is lost; so this is longer.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open: 4_096,
            silence: Duration::from_secs(75),
        }
    }
}

/// A connection's place among those that may be open, in the extensions of its requests. A WebSocket keeps it for as
/// long as it lives.
#[derive(Debug, Clone)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Takes connections until `draining` is cancelled, and then waits until the requests on them are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: TrustedProxies,
    draining: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.open));
    let connections = TaskTracker::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.silence);
    while let Some(Ok((stream, peer, place))) =
        draining.run_until_cancelled(take(&listener, &places)).await
    {
        let (router, proxies) = (router.clone(), proxies.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let address = proxies.client(peer, request.headers());
            request.extensions_mut().insert(address);
            request.extensions_mut().insert(place.clone());
            // A router is ready whenever it is asked.
            router.clone().call(request)
        });
        let connection = http
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let draining = draining.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let ended = match draining.run_until_cancelled(connection.as_mut()).await {
                Some(ended) => ended,
                None => {
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

/// The next connection, when there is a place for it. It ends without one only where nobody is let in any more.
async fn take(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Result<(TcpStream, IpAddr, Place), AcquireError> {
    let permit = places.clone().acquire_owned().await?;
    let place = Place {
        _permit: Arc::new(permit),
    };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // What is written leaves at once: the first bytes of a file would wait for those of its headers to be
                // acknowledged, which clients put off for some 40 ms.
                if let Err(cause) = stream.set_nodelay(true) {
                    tracing::debug!(%cause, "a connection keeps its delay");
                }
                return Ok((stream, peer.ip(), place));
            }
            // Whoever left already keeps nobody else waiting.
            Err(cause) if has_left(&cause) => {}
            Err(cause) => {
                tracing::error!(%cause, "no connection can be taken just now");
                tokio::time::sleep(PAUSE).await;
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
    use std::sync::Arc;

    use tokio::{
        net::{TcpListener, TcpStream},
        sync::Semaphore,
    };

    use super::take;

    #[tokio::test]
    async fn what_is_written_leaves_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let places = Arc::new(Semaphore::new(1));
        let (client, taken) = tokio::join!(client, take(&listener, &places));
        let (stream, _, place) = taken.unwrap();
        assert!(stream.nodelay().unwrap());
        assert_eq!(places.available_permits(), 0);
        drop(place);
        assert_eq!(places.available_permits(), 1);
        drop(client);
    }
}
