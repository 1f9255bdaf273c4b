//! A small schema for tests of code that is generic over the schema.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Context, Object, Schema, Subscription, Upload};
use futures_util::stream::{self, Stream, StreamExt};

use super::errors::ApiError;
use super::limits::Limits;

/// The caller of a request; tests set it as a router would.
pub(crate) struct Caller(pub(crate) &'static str);

/// Observes what resolvers did.
#[derive(Clone, Default)]
pub(crate) struct Trace {
    /// Mutations that have acted.
    pub(crate) acted: Arc<AtomicUsize>,
    /// Endless subscriptions in progress.
    pub(crate) live: Arc<AtomicUsize>,
    /// Blocks mutations that `wait` until the test releases them.
    pub(crate) gate: Arc<tokio::sync::Notify>,
}

pub(crate) type TestSchema = Schema<Query, Mutation, Subscriptions>;

pub(crate) fn test_schema(trace: &Trace) -> TestSchema {
    Limits::default()
        .apply(Schema::build(Query, Mutation, Subscriptions))
        .data(trace.clone())
        .finish()
}

fn bug<T>() -> T {
    panic!("a bug named hunter2")
}

pub(crate) struct Query;

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }

    async fn caller(&self, ctx: &Context<'_>) -> Result<&str, ApiError> {
        ctx.data_opt::<Caller>()
            .map(|caller| caller.0)
            .ok_or(ApiError::Unauthenticated)
    }

    async fn echo(&self, text: String) -> String {
        text
    }

    async fn item(&self, n: Option<i32>) -> Item {
        Item(n.unwrap_or_default())
    }

    async fn items(&self, count: i32) -> Vec<Item> {
        (0..count).map(Item).collect()
    }

    async fn fails(&self) -> Option<Result<&str, ApiError>> {
        Some(Err(ApiError::bad_input(
            ["input", "from"],
            text!("The time is in the future."),
        )))
    }

    async fn fails_strictly(&self) -> Result<&str, ApiError> {
        Err(ApiError::NotFound)
    }

    async fn faults(&self) -> Option<Result<&str, ApiError>> {
        let cause = std::io::Error::other("disk full at /secret/path");
        Some(Err(ApiError::internal(cause)))
    }

    /// Turns an error's text into a GraphQL error, as a careless resolver does.
    async fn leaks(&self) -> Option<async_graphql::Result<&str>> {
        Some(Err(std::io::Error::other("password=hunter2").into()))
    }

    async fn panics(&self) -> Option<&str> {
        bug()
    }

    /// Never answers.
    async fn waits(&self) -> Option<i32> {
        std::future::pending().await
    }
}

pub(crate) struct Item(i32);

#[Object]
impl Item {
    async fn n(&self) -> i32 {
        self.0
    }

    async fn item(&self) -> Item {
        Item(self.0 + 1)
    }

    async fn fails(&self) -> Option<Result<&str, ApiError>> {
        Some(Err(ApiError::Forbidden(&[])))
    }
}

pub(crate) struct Mutation;

#[Object]
impl Mutation {
    async fn act(&self, ctx: &Context<'_>) -> usize {
        ctx.data_unchecked::<Trace>()
            .acted
            .fetch_add(1, Ordering::SeqCst)
            + 1
    }

    /// Acts once the test releases it.
    async fn act_late(&self, ctx: &Context<'_>) -> usize {
        let trace = ctx.data_unchecked::<Trace>();
        trace.live.fetch_add(1, Ordering::SeqCst);
        trace.gate.notified().await;
        trace.acted.fetch_add(1, Ordering::SeqCst) + 1
    }

    async fn panics(&self) -> Option<i32> {
        bug()
    }

    async fn upload(&self, ctx: &Context<'_>, file: Upload, other: Option<Upload>) -> String {
        let read = |upload: Upload| {
            let value = upload.value(ctx).unwrap();
            let text = std::io::read_to_string(value.content).unwrap();
            format!(
                "{} {} {text}",
                value.filename,
                value.content_type.unwrap_or_default()
            )
        };
        let first = read(file);
        match other {
            Some(other) => format!("{first} | {}", read(other)),
            None => first,
        }
    }
}

pub(crate) struct Subscriptions;

struct Live(Arc<AtomicUsize>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[Subscription]
impl Subscriptions {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }

    async fn refuses(&self) -> Result<stream::Empty<i32>, ApiError> {
        Err(ApiError::Forbidden(&[]))
    }

    async fn caller(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = String> + use<>, ApiError> {
        let caller = ctx.data_opt::<Caller>().ok_or(ApiError::Unauthenticated)?.0;
        Ok(stream::iter([caller.to_owned()]))
    }

    async fn panics(&self) -> impl Stream<Item = i32> {
        stream::iter(1..).map(|n| if n == 2 { bug() } else { n })
    }

    /// Sends one event, then nothing until it is dropped.
    async fn endless(&self, ctx: &Context<'_>) -> impl Stream<Item = i32> + use<> {
        let live = Arc::clone(&ctx.data_unchecked::<Trace>().live);
        live.fetch_add(1, Ordering::SeqCst);
        let live = Live(live);
        stream::iter([0])
            .chain(stream::pending())
            .inspect(move |_| {
                let _ = &live;
            })
    }
}
