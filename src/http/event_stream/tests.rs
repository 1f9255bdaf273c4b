//! Event streams byte by byte.

use async_graphql::{Response as Answered, value};
use axum::body::to_bytes;
use tokio::sync::Notify;

use super::*;
use crate::graphql::engine::execution::Stage;

/// A session that the test can revoke.
#[derive(Default)]
struct TestSession {
    revoked: Arc<Notify>,
}

impl Session for TestSession {
    fn prepare(&self, request: async_graphql::Request) -> async_graphql::Request {
        request
    }

    fn revoked(&self) -> impl Future<Output = ()> + Send {
        self.revoked.notified()
    }
}

fn result(number: i32) -> Answer {
    Answer {
        stage: Stage::Executed,
        response: Answered::new(value!({ "number": number })),
    }
}

fn refused() -> Answer {
    Answer::refused(coded(code::FORBIDDEN, "No."))
}

async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn open(events: Vec<Event>, session: TestSession, drain: &CancellationToken) -> Response {
    let events = stream::iter(events).chain(stream::pending()).boxed();
    serve(events, session, drain.clone(), HEARTBEAT)
}

const NUMBER: &str = "event: next\ndata: {\"data\":{\"number\":1}}\n\n";
const REFUSED: &str = "event: next\ndata: {\"errors\":[{\"message\":\"No.\",\"extensions\":{\"code\":\"FORBIDDEN\"}}]}\n\n";
const END: &str = "event: complete\ndata:\n\n";

#[tokio::test]
async fn a_query_is_answered_with_one_result_and_the_end() {
    let response = answer(&result(1));
    assert_eq!(response.status(), StatusCode::OK);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-accel-buffering"), "no");
    assert_eq!(text(response).await, format!("{NUMBER}{END}"));
    assert_eq!(text(answer(&refused())).await, format!("{REFUSED}{END}"));
}

#[tokio::test]
async fn a_subscription_sends_its_events_and_the_end() {
    let drain = CancellationToken::new();
    let events = vec![
        Event::Next(result(1)),
        Event::Next(result(1)),
        Event::Complete,
    ];
    let all = text(open(events, TestSession::default(), &drain)).await;
    assert_eq!(all, format!(":\n\n{NUMBER}{NUMBER}{END}"));
    let events = vec![Event::Next(result(1)), Event::Error(refused())];
    let all = text(open(events, TestSession::default(), &drain)).await;
    assert_eq!(all, format!(":\n\n{NUMBER}{REFUSED}{END}"));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_sends_comments() {
    let drain = CancellationToken::new();
    let body = open(vec![Event::Next(result(1))], TestSession::default(), &drain).into_body();
    let mut chunks = body.into_data_stream();
    let mut next = async || chunks.next().await.unwrap().unwrap();
    assert_eq!(next().await, ":\n\n");
    assert_eq!(next().await, NUMBER);
    let began = Instant::now();
    for beats in 1..=3 {
        assert_eq!(next().await, ":\n\n");
        assert_eq!(began.elapsed(), HEARTBEAT * beats);
    }
}

#[tokio::test]
async fn a_revoked_key_is_the_last_event() {
    let session = TestSession::default();
    session.revoked.notify_one();
    let all = text(open(vec![], session, &CancellationToken::new())).await;
    assert!(all.contains("\"code\":\"UNAUTHENTICATED\""), "{all}");
    assert!(all.ends_with(END), "{all}");
}

#[tokio::test]
async fn a_draining_server_ends_the_stream_without_an_end_event() {
    let drain = CancellationToken::new();
    let body = open(vec![Event::Next(result(1))], TestSession::default(), &drain).into_body();
    let mut chunks = body.into_data_stream();
    assert_eq!(chunks.next().await.unwrap().unwrap(), ":\n\n");
    assert_eq!(chunks.next().await.unwrap().unwrap(), NUMBER);
    drain.cancel();
    // Layers around the body may ask once more.
    for _ in 0..2 {
        assert!(chunks.next().await.is_none());
    }
}
