//! Runs one operation to its answer, whatever the resolvers do.
//!
//! Here: panics are caught, mutations run to completion, errors are masked. Not here: transports,
//! which turn an answer into an HTTP status or a WebSocket message.

use std::any::{Any, TypeId};
use std::panic::AssertUnwindSafe;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Response, ServerError, Value};
use futures_util::FutureExt;
use serde::Serialize;
use serde::ser::SerializeMap;
use tracing::Instrument;

use super::{errors, measured::Running};
use crate::{
    localization::Language,
    operations::{Viewer, viewer::Owner},
    telemetry::context::carried,
};

/// How far an operation got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It did not start: it does not fit the schema or a limit. There is no `data`.
    Refused,
    /// It ran; fields may have failed, and `data` may be null.
    Executed,
    /// A resolver panicked. There is no `data`.
    Crashed,
}

/// A response ready to be serialized: `errors` first if there are any, `data` only if the operation
/// ran.
#[derive(Debug)]
pub struct Answer {
    /// How far the operation got.
    pub stage: Stage,
    /// The engine's response, its errors masked and capped.
    pub response: Response,
}

impl Answer {
    /// The answer to an operation that was refused before it ran, which is counted.
    #[must_use]
    pub fn not_run(error: ServerError) -> Self {
        super::measured::refused(&error);
        Self::refused(error)
    }

    /// The answer to an operation that did not start.
    #[must_use]
    pub fn refused(error: ServerError) -> Self {
        Self {
            stage: Stage::Refused,
            response: Response::from_errors(vec![error]),
        }
    }

    /// Classifies a response of the engine, and masks its errors.
    #[must_use]
    pub fn of(mut response: Response, request_id: &str, language: Language) -> Self {
        if let Some(over) = errors::take_over_budget(&mut response.errors) {
            return Self::refused(over);
        }
        // Errors of validation have no path; those of execution have their field's path.
        let ran = !matches!(response.data, Value::Null)
            || response.errors.is_empty()
            || response.errors.iter().any(|error| !error.path.is_empty());
        response.errors = errors::finish(response.errors, request_id, language);
        Self {
            stage: if ran { Stage::Executed } else { Stage::Refused },
            response,
        }
    }

    /// The answer if a resolver panicked.
    #[must_use]
    pub fn crashed(panic: &(dyn Any + Send), request_id: &str, language: Language) -> Self {
        Self {
            stage: Stage::Crashed,
            response: Response::from_errors(vec![errors::crashed(panic, request_id, language)]),
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.response.errors.is_empty() {
            map.serialize_entry("errors", &self.response.errors)?;
        }
        if self.stage == Stage::Executed {
            map.serialize_entry("data", &self.response.data)?;
        }
        if !self.response.extensions.is_empty() {
            map.serialize_entry("extensions", &self.response.extensions)?;
        }
        map.end()
    }
}

/// The owner of an operation's reads: its viewer, if it has one.
pub fn owner_of(request: &Request) -> Owner {
    let viewer = request.data.get(&TypeId::of::<Viewer>());
    let viewer = viewer.and_then(|viewer| viewer.downcast_ref::<Viewer>());
    viewer.map_or(Owner::Nobody, Viewer::reads_as)
}

/// The language of an operation's texts, English unless its transport said another one.
pub fn language_of(request: &Request) -> Language {
    let language = request.data.get(&TypeId::of::<Language>());
    let language = language.and_then(|language| language.downcast_ref());
    language.copied().unwrap_or_default()
}

/// Counts a subscription that starts.
pub fn count_subscription(request: &mut Request) {
    Running::start(request).subscribed();
}

/// Runs a query or a mutation.
///
/// A mutation runs in a task of its own, so that a client that disconnects can't cut it between a
/// charge and its booking.
pub async fn execute<E: Executor>(
    executor: &E,
    mut request: Request,
    kind: OperationType,
    request_id: &str,
) -> Answer {
    let (owner, language) = (owner_of(&request), language_of(&request));
    let running = Running::start(&mut request);
    let span = running.span.clone();
    let outcome = if kind == OperationType::Mutation {
        let executor = executor.clone();
        let run = owner.reads(async move { executor.execute(request).await });
        tokio::spawn(span.in_scope(|| carried(run)))
            .await
            // Not a panic: the runtime is shutting down. The client gets the same error.
            .map_err(|error| {
                error
                    .try_into_panic()
                    .unwrap_or_else(|error| Box::new(error.to_string()))
            })
    } else {
        AssertUnwindSafe(owner.reads(executor.execute(request)))
            .catch_unwind()
            .instrument(span.clone())
            .await
    };
    let answer = span.in_scope(|| match outcome {
        Ok(response) => Answer::of(response, request_id, language),
        Err(panic) => Answer::crashed(panic.as_ref(), request_id, language),
    });
    running.ended(&answer);
    answer
}
