//! One operation of a connection, as a stream of its events.
//!
//! Here: when an operation may start, and how long it may take. Not here: what the events of a
//! subscription are ([`crate::http::events`]); the wire format; a connection's set of operations.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, ServerError};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio::time::timeout;
use tracing::Instrument;

use super::{Pass, ROUTE};
use crate::graphql::engine::errors::{code, coded};
use crate::graphql::engine::execution::{Answer, Stage, execute};
use crate::http::events::{self, Event};
use crate::telemetry::{context, traces};

/// A running operation. Dropping it ends it.
pub(super) struct Operation {
    kind: OperationType,
    events: BoxStream<'static, Event>,
}

impl Operation {
    /// Responds with one error, and runs nothing.
    pub(super) fn refused(answer: Answer) -> Self {
        Self {
            // Like a query, it is answered before a draining server closes.
            kind: OperationType::Query,
            events: stream::iter([Event::Error(answer)]).boxed(),
        }
    }

    pub(super) fn start<E: Executor>(
        executor: E,
        request: Request,
        kind: OperationType,
        request_id: String,
    ) -> Self {
        let events = if kind == OperationType::Subscription {
            events::subscription(&executor, request, request_id)
        } else {
            // A trace of its own: a socket may last for hours.
            let span = traces::span!(parent: None, "request", request_id, method = "WebSocket");
            let about = context::Request::new(&request_id, "WebSocket", ROUTE);
            stream::once(async move {
                let running = execute(&executor, request, kind, &request_id);
                let answer = about.run(running.instrument(span)).await;
                stream::iter(match answer.stage {
                    Stage::Executed => vec![Event::Next(answer), Event::Complete],
                    Stage::Refused | Stage::Crashed => vec![Event::Error(answer)],
                })
            })
            .flatten()
            .boxed()
        };
        Self { kind, events }
    }

    /// Starts an operation once it is admitted; it keeps its pass until it ends. A query or a
    /// mutation that takes longer than `most` is abandoned.
    pub(super) fn admitted(
        kind: OperationType,
        admission: impl Future<Output = Result<Pass, ServerError>> + Send + 'static,
        most: Duration,
        start: impl FnOnce() -> Self + Send + 'static,
    ) -> Self {
        let events = stream::once(async move {
            let pass = match admission.await {
                Ok(pass) => pass,
                Err(error) => return Self::refused(Answer::refused(error)).events,
            };
            let mut events = start().events;
            if kind != OperationType::Subscription {
                // A mutation continues in the background: repeating it with its idempotency key
                // returns the outcome.
                events = match timeout(most, events.next()).await {
                    Ok(first) => stream::iter(first).chain(events).boxed(),
                    Err(_) => Self::refused(Answer::refused(timed_out())).events,
                };
            }
            events
                .map(move |event| {
                    let _kept = &pass;
                    event
                })
                .boxed()
        });
        Self {
            kind,
            events: events.flatten().fuse().boxed(),
        }
    }

    pub(super) fn is_subscription(&self) -> bool {
        self.kind == OperationType::Subscription
    }
}

impl Stream for Operation {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.as_mut().poll_next(context)
    }
}

fn timed_out() -> ServerError {
    coded(
        code::UNAVAILABLE,
        "The request timed out. A mutation may still take effect; send it again with the same idempotencyKey to get its result.",
    )
}
