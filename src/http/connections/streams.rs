//! The requests of one HTTP/2 connection.
//!
//! Here: which connections carry none any more, and which have a client that takes no more of an
//! answer while it reads others. Not here: HTTP/1.1, where a connection carries one request at a
//! time, and silence and stalled writes are the connection's own ([`super::guarded`]).

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The requests of a connection. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Cancelled by the first request over HTTP/2.
    is_http2: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Requests so far, which numbers them.
    begun: u64,
    running: usize,
    /// When the latest request ended.
    quiet_since: Option<Instant>,
    /// Answers of which the client has not asked for the next part, each with the time of its
    /// latest part. A client that reads asks at once, so there are few.
    waiting: Vec<(u64, Instant)>,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request.
    pub(super) fn begin(&self) -> Stream {
        self.0.is_http2.cancel();
        let mut state = self.lock();
        state.begun += 1;
        state.running += 1;
        Stream {
            number: state.begun,
            streams: self.clone(),
        }
    }

    /// Completes when the connection should take no more requests: the server is about to stop, or
    /// there was no request for this time. Never for a connection over HTTP/1.1.
    pub(super) async fn closing(&self, leaving: &CancellationToken, silence: Duration) {
        self.0.is_http2.cancelled().await;
        tokio::select! {
            () = leaving.cancelled() => {}
            () = self.quiet_for(silence) => {}
        }
    }

    async fn quiet_for(&self, silence: Duration) {
        loop {
            let now = Instant::now();
            let since = {
                let state = self.lock();
                state.quiet_since.filter(|_| state.running == 0)
            };
            let end = since.unwrap_or(now) + silence;
            if end <= now {
                return;
            }
            sleep_until(end).await;
        }
    }

    /// Completes when the client has taken nothing more of an answer for this time, or for up to
    /// twice as long.
    pub(super) async fn stalled(&self, most: Duration) {
        self.0.is_http2.cancelled().await;
        loop {
            let now = Instant::now();
            let first = self.lock().waiting.iter().map(|(_, since)| *since).min();
            let end = first.unwrap_or(now) + most;
            if end <= now {
                return;
            }
            sleep_until(end).await;
        }
    }
}

/// A request of a connection, until its answer is sent.
#[derive(Debug)]
pub(super) struct Stream {
    number: u64,
    streams: Streams,
}

impl Stream {
    /// The body of its answer.
    pub(super) fn watch(self, body: Body) -> Body {
        Body::new(Watched { body, stream: self })
    }

    fn asked(&self) {
        let number = self.number;
        let mut state = self.streams.lock();
        state.waiting.retain(|(waiting, _)| *waiting != number);
    }

    fn given(&self) {
        let since = Instant::now();
        self.streams.lock().waiting.push((self.number, since));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.asked();
        let mut state = self.streams.lock();
        state.running -= 1;
        state.quiet_since = Some(Instant::now());
    }
}

/// A body that notes when it is asked for its next part, which HTTP/2 does only if the client has
/// room for it.
struct Watched {
    body: Body,
    stream: Stream,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.stream.asked();
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_some() && !self.body.is_end_stream() {
            self.stream.given();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::{FutureExt, stream};

    use super::*;

    const MOST: Duration = Duration::from_secs(30);
    const SILENCE: Duration = Duration::from_secs(75);

    /// An answer of three parts.
    fn parts() -> Body {
        let parts = ["a", "b", "c"].map(|part| Ok::<_, axum::Error>(Bytes::from(part)));
        Body::from_stream(stream::iter(parts))
    }

    async fn part(body: &mut Body) -> bool {
        let next = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
        next.await.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_which_nothing_more_is_taken_stalls() {
        let streams = Streams::default();
        let mut body = streams.begin().watch(parts());
        // Nobody has taken anything yet: the answer may be waiting for the database.
        let stalled = streams.stalled(MOST);
        tokio::pin!(stalled);
        let mut other = streams.begin().watch(parts());
        assert!(part(&mut other).await);
        assert!(part(&mut other).await);
        drop(other);
        tokio::time::sleep(MOST * 3).await;
        assert!(stalled.as_mut().now_or_never().is_none());
        assert!(part(&mut body).await);
        let began = Instant::now();
        stalled.await;
        assert!((MOST..=MOST * 2).contains(&began.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_closes() {
        let streams = Streams::default();
        let leaving = CancellationToken::new();
        let closing = streams.closing(&leaving, SILENCE);
        tokio::pin!(closing);
        assert!(closing.as_mut().now_or_never().is_none());
        let stream = streams.begin();
        tokio::time::sleep(SILENCE * 5).await;
        assert!(closing.as_mut().now_or_never().is_none());
        drop(stream);
        let began = Instant::now();
        closing.await;
        assert!((SILENCE..=SILENCE * 2).contains(&began.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_leaves_closes_connections_over_http2_alone() {
        let (http1, http2) = (Streams::default(), Streams::default());
        let _stream = http2.begin();
        let leaving = CancellationToken::new();
        leaving.cancel();
        http2.closing(&leaving, SILENCE).await;
        let closing = http1.closing(&leaving, SILENCE);
        assert!(tokio::time::timeout(SILENCE * 3, closing).await.is_err());
    }
}
