//! The events of a subscription, whichever transport carries them.
//!
//! Here: which responses of the engine are results, which are errors, and when a subscription is
//! over. Not here: the transports, WebSockets ([`super::websocket`]) and event streams
//! ([`super::event_stream`]).

use std::{any::Any, panic::AssertUnwindSafe};

use async_graphql::{Executor, Request, Response, Value};
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::{
    graphql::engine::execution::{Answer, count_subscription, language_of, owner_of},
    localization::Language,
};

/// An event of an operation. Nothing follows an error or the end.
#[derive(Debug)]
pub(super) enum Event {
    /// A result.
    Next(Answer),
    /// The operation failed; the answer has only errors.
    Error(Answer),
    /// There are no more results.
    Complete,
}

impl Event {
    /// Whether it is the operation's last one.
    pub(super) fn is_last(&self) -> bool {
        match self {
            Self::Next(_) => false,
            Self::Error(_) | Self::Complete => true,
        }
    }
}

/// Starts a subscription.
pub(super) fn subscription<E: Executor>(
    executor: &E,
    mut request: Request,
    request_id: String,
) -> BoxStream<'static, Event> {
    count_subscription(&mut request);
    let (owner, language) = (owner_of(&request), language_of(&request));
    let responses = owner.reads_stream(executor.execute_stream(request, None));
    let responses = AssertUnwindSafe(responses).catch_unwind();
    stream::unfold(
        (Progress::NotStarted, responses),
        move |(progress, mut responses)| {
            let request_id = request_id.clone();
            async move {
                let event = match progress {
                    Progress::Over => return None,
                    Progress::NotStarted => first(responses.next().await, &request_id, language),
                    Progress::Running => later(responses.next().await, &request_id, language),
                };
                let progress = if event.is_last() {
                    Progress::Over
                } else {
                    Progress::Running
                };
                Some((event, (progress, responses)))
            }
        },
    )
    .fuse()
    .boxed()
}

/// The state of a subscription between two of its events.
enum Progress {
    NotStarted,
    Running,
    Over,
}

type Received = Option<Result<Response, Box<dyn Any + Send>>>;

/// A subscription that fails before its first value has not started: it is invalid, or its resolver
/// refused. The engine does not distinguish that from a first event without data, and neither does
/// this function.
fn first(received: Received, request_id: &str, language: Language) -> Event {
    match received {
        Some(Ok(response)) if !response.errors.is_empty() && response.data == Value::Null => {
            Event::Error(Answer::of(response, request_id, language))
        }
        received => later(received, request_id, language),
    }
}

fn later(received: Received, request_id: &str, language: Language) -> Event {
    match received {
        Some(Ok(response)) => Event::Next(Answer::of(response, request_id, language)),
        Some(Err(panic)) => Event::Error(Answer::crashed(panic.as_ref(), request_id, language)),
        None => Event::Complete,
    }
}
