//! Server-sent events: the protocol graphql-sse in its mode of distinct connections, in which each
//! operation has a response of its own.
//!
//! Here: the wire format, heartbeats, and the ends of a stream. Not here: which requests are
//! answered so ([`super::graphql`]), and whose subscriptions are admitted.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use futures_util::{
    future::{BoxFuture, FutureExt},
    stream::{self, BoxStream, StreamExt},
};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::{
    events::Event,
    graphql::{headers, media::Media},
    websocket::{Pass, Session},
};
use crate::{
    graphql::engine::{
        budget::{self, Unwritten},
        errors::{code, coded},
        execution::Answer,
    },
    telemetry::context,
};

/// How often a comment is sent on a quiet stream, so that proxies keep it (nginx and HAProxy close
/// after 60 and 50 seconds by default) and a client that is gone is noticed.
pub const HEARTBEAT: Duration = Duration::from_secs(20);

/// The event without a payload. An event without a line of data would never reach the client.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A line that clients ignore.
const COMMENT: &[u8] = b":\n\n";

/// nginx buffers responses unless they say otherwise.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The response to a query or a mutation, or to an operation that was refused: one result, then the
/// end.
pub(super) fn answer(answer: &Answer) -> Response {
    let mut body = next(answer);
    body.extend_from_slice(COMPLETE);
    respond(body)
}

/// The response to a subscription: its events until it is over. It also ends if the session loses
/// access, which is the last event, and when the server drains, which is none: the client
/// subscribes again, at another server.
pub(super) fn serve<S: Session>(
    events: BoxStream<'static, Event>,
    session: S,
    drain: CancellationToken,
    heartbeat: Duration,
) -> Response {
    let session = Arc::new(session);
    let watched = Arc::clone(&session);
    let revoked = async move { watched.revoked().await }.boxed();
    let mut beat = interval_at(Instant::now() + heartbeat, heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = Open {
        events,
        session,
        revoked,
        drain: drain.cancelled_owned().boxed(),
        beat,
        room: None,
        over: false,
    };
    let about = context::current();
    let chunks = stream::unfold(open, move |mut open| {
        let about = about.clone();
        async move {
            let chunk = match about {
                Some(about) => about.run(open.chunk()).await,
                None => open.chunk().await,
            };
            Some((Ok::<_, Infallible>(chunk?), open))
        }
    });
    // The comment shows the client, and every proxy on the way, that the stream is open.
    let opening = stream::iter([Ok(Bytes::from_static(COMMENT))]);
    // Layers may ask once more after the end, at which the inner stream would panic.
    respond(Body::from_stream(opening.chain(chunks).fuse()))
}

fn respond(body: impl Into<Body>) -> Response {
    let unbuffered = [(BUFFERING, HeaderValue::from_static("no"))];
    let headers = headers(Media::EventStream);
    (StatusCode::OK, headers, unbuffered, body.into()).into_response()
}

/// A stream that is open.
struct Open<S> {
    events: BoxStream<'static, Event>,
    session: Arc<S>,
    revoked: BoxFuture<'static, ()>,
    drain: BoxFuture<'static, ()>,
    beat: tokio::time::Interval,
    /// Room for the latest event among the outgoing ones, until the client asks for the next.
    room: Option<Pass>,
    over: bool,
}

impl<S: Session> Open<S> {
    async fn chunk(&mut self) -> Option<Bytes> {
        self.room = None;
        if self.over {
            return None;
        }
        let event = tokio::select! {
            () = &mut self.drain => return None,
            () = &mut self.revoked => Event::Error(Answer::refused(coded(
                code::UNAUTHENTICATED,
                "The API key or access token was revoked, or has expired.",
            ))),
            event = self.events.next() => event.unwrap_or(Event::Complete),
            _ = self.beat.tick() => return Some(Bytes::from_static(COMMENT)),
        };
        self.beat.reset();
        self.over = event.is_last();
        let chunk = match event {
            Event::Next(answer) => next(&answer),
            Event::Error(answer) => {
                let mut chunk = next(&answer);
                chunk.extend_from_slice(COMPLETE);
                chunk
            }
            Event::Complete => return Some(Bytes::from_static(COMPLETE)),
        };
        // Without room soon, the stream ends, and the client subscribes again.
        self.room = Some(self.session.deliver(chunk.len()).await?);
        Some(chunk.into())
    }
}

/// The event of a result.
fn next(answer: &Answer) -> Vec<u8> {
    let json = match budget::to_json(answer) {
        Ok(json) => json,
        Err(Unwritten::TooLarge) => {
            let refused = Answer::refused(budget::too_many_bytes());
            serde_json::to_vec(&refused).unwrap_or_default()
        }
        Err(Unwritten::NoJson(error)) => {
            tracing::error!(cause = %error, "a response can't be serialized as JSON");
            let failed = Answer::refused(coded(
                code::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side.",
            ));
            serde_json::to_vec(&failed).unwrap_or_default()
        }
    };
    // JSON as it is written here has no line breaks, which would need a line of data each.
    [b"event: next\ndata: ".as_slice(), &json, b"\n\n"].concat()
}

#[cfg(test)]
mod tests;
