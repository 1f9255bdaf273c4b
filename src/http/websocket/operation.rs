//! One operation of a connection, as a stream of the messages that it sends.
//!
//! Here: how responses become `next`, `error` and `complete`. Not here: a connection's set of
//! operations.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Response, ServerError};
use axum::extract::ws::Message;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio::time::timeout;
use tracing::Instrument;

use super::protocol::{ServerMessage, TooLarge};
use super::{Pass, ROUTE};
use crate::graphql::engine::budget;
use crate::graphql::engine::errors::{code, coded};
use crate::graphql::engine::execution::{Answer, Stage, count_subscription, execute, owner_of};
use crate::telemetry::{context, traces};

/// A message of an operation; the operation ends with its last one.
pub(super) struct Frame {
    /// `None` if it can't be serialized.
    pub(super) message: Option<Message>,
    pub(super) last: bool,
}

/// A running operation. Dropping it ends it.
pub(super) struct Operation {
    kind: OperationType,
    frames: BoxStream<'static, Frame>,
}

impl Operation {
    /// Responds with one `error`, and runs nothing.
    pub(super) fn refused(id: &str, answer: &Answer) -> Self {
        Self {
            // Like a query, it is answered before a draining server closes.
            kind: OperationType::Query,
            frames: stream::iter([error(id, answer)]).boxed(),
        }
    }

    pub(super) fn start<E: Executor>(
        executor: E,
        mut request: Request,
        kind: OperationType,
        id: String,
        request_id: String,
    ) -> Self {
        // A trace of its own: a socket may last for hours.
        let span = traces::span!(parent: None, "request", request_id, method = "WebSocket");
        let about = context::Request::new(&request_id, "WebSocket", ROUTE);
        let frames = if kind == OperationType::Subscription {
            count_subscription(&mut request);
            let owner = owner_of(&request);
            let responses = owner.reads_stream(executor.execute_stream(request, None));
            subscription(responses, id, request_id)
        } else {
            stream::once(async move {
                let running = execute(&executor, request, kind, &request_id);
                let answer = about.run(running.instrument(span)).await;
                stream::iter(match answer.stage {
                    Stage::Executed => vec![next(&id, &answer), complete(&id)],
                    Stage::Refused | Stage::Crashed => vec![error(&id, &answer)],
                })
            })
            .flatten()
            .boxed()
        };
        Self { kind, frames }
    }

    /// Starts an operation once it is admitted; it keeps its pass until it ends. A query or a
    /// mutation that takes longer than `most` is abandoned.
    pub(super) fn admitted(
        kind: OperationType,
        id: String,
        admission: impl Future<Output = Result<Pass, ServerError>> + Send + 'static,
        most: Duration,
        start: impl FnOnce() -> Self + Send + 'static,
    ) -> Self {
        let frames = stream::once(async move {
            let pass = match admission.await {
                Ok(pass) => pass,
                Err(error) => return Self::refused(&id, &Answer::refused(error)).frames,
            };
            let mut frames = start().frames;
            if kind != OperationType::Subscription {
                // A mutation continues in the background: repeating it with its idempotency key
                // returns the outcome.
                frames = match timeout(most, frames.next()).await {
                    Ok(first) => stream::iter(first).chain(frames).boxed(),
                    Err(_) => Self::refused(&id, &Answer::refused(timed_out())).frames,
                };
            }
            frames
                .map(move |frame| {
                    let _kept = &pass;
                    frame
                })
                .boxed()
        });
        Self {
            kind,
            frames: frames.flatten().fuse().boxed(),
        }
    }

    pub(super) fn is_subscription(&self) -> bool {
        self.kind == OperationType::Subscription
    }
}

impl Stream for Operation {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        self.frames.as_mut().poll_next(context)
    }
}

fn timed_out() -> ServerError {
    coded(
        code::UNAVAILABLE,
        "The request timed out. A mutation may still take effect; send it again with the same idempotencyKey to get its result.",
    )
}

/// The state of a subscription between two of its messages.
enum Progress {
    NotStarted,
    Running,
    Over,
}

fn subscription(
    responses: BoxStream<'static, Response>,
    id: String,
    request_id: String,
) -> BoxStream<'static, Frame> {
    let responses = AssertUnwindSafe(responses).catch_unwind();
    stream::unfold(
        (Progress::NotStarted, responses),
        move |(progress, mut responses)| {
            let (id, request_id) = (id.clone(), request_id.clone());
            async move {
                let frame = match progress {
                    Progress::Over => return None,
                    Progress::NotStarted => first(responses.next().await, &id, &request_id),
                    Progress::Running => later(responses.next().await, &id, &request_id),
                };
                let progress = if frame.last {
                    Progress::Over
                } else {
                    Progress::Running
                };
                Some((frame, (progress, responses)))
            }
        },
    )
    .fuse()
    .boxed()
}

type Event = Option<Result<Response, Box<dyn Any + Send>>>;

/// A subscription that fails before its first value has not started: it is invalid, or its resolver
/// refused. The engine does not distinguish that from a first event without data, and neither does
/// this function.
fn first(event: Event, id: &str, request_id: &str) -> Frame {
    match event {
        Some(Ok(response))
            if !response.errors.is_empty() && response.data == async_graphql::Value::Null =>
        {
            error(id, &Answer::of(response, request_id))
        }
        event => later(event, id, request_id),
    }
}

fn later(event: Event, id: &str, request_id: &str) -> Frame {
    match event {
        Some(Ok(response)) => next(id, &Answer::of(response, request_id)),
        Some(Err(panic)) => error(id, &Answer::crashed(panic.as_ref(), request_id)),
        None => complete(id),
    }
}

fn next(id: &str, payload: &Answer) -> Frame {
    match (ServerMessage::Next { id, payload }).write() {
        Ok(message) => Frame {
            message,
            last: false,
        },
        Err(TooLarge) => error(id, &Answer::refused(budget::too_many_bytes())),
    }
}

fn error(id: &str, answer: &Answer) -> Frame {
    let payload = &answer.response.errors;
    Frame {
        message: ServerMessage::Error { id, payload }.encode(),
        last: true,
    }
}

fn complete(id: &str) -> Frame {
    Frame {
        message: ServerMessage::Complete { id }.encode(),
        last: true,
    }
}
