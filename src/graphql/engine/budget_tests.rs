//! Requests over their budget, on a small schema: too many values, too many bytes, too much time.

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Schema};
use futures_util::StreamExt;
use serde_json::json;

use super::*;
use crate::graphql::engine::execution::{Answer, Stage, execute};
use crate::graphql::engine::limits::Limits;
use crate::graphql::engine::test_schema::{
    Mutation, Query, Subscriptions, TestSchema, Trace, test_schema,
};
use crate::localization::Language;

fn limited(trace: &Trace, change: impl Fn(&mut Limits)) -> TestSchema {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
        .apply(Schema::build(Query, Mutation, Subscriptions))
        .data(trace.clone())
        .finish()
}

async fn answer(schema: &TestSchema, text: &str) -> Answer {
    execute(schema, Request::new(text), OperationType::Query, "r1").await
}

/// A request that was ended answers one error and no data.
fn ended(answer: &Answer) -> (String, String) {
    assert_eq!(answer.stage, Stage::Refused, "{answer:?}");
    let told = serde_json::to_value(answer).unwrap();
    assert_eq!(told["errors"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told.get("data"), None);
    let error = &told["errors"][0];
    assert_eq!(error.get("path"), None, "{told}");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&error["extensions"]["code"]), text(&error["message"]))
}

#[tokio::test]
async fn values_are_counted_exactly() {
    // The list, and each item with its number.
    let text = "{ items(count: 10) { n } }";
    let trace = Trace::default();
    let exact = limited(&trace, |limits| limits.output.values = 21);
    assert_eq!(answer(&exact, text).await.stage, Stage::Executed);
    let short = limited(&trace, |limits| limits.output.values = 20);
    let (code, message) = ended(&answer(&short, text).await);
    assert_eq!(code, code::OUTPUT_TOO_LARGE.name());
    assert!(message.contains("more than 20 values"), "{message}");
}

#[tokio::test]
async fn bytes_are_counted_as_they_are_made() {
    let text = format!(
        "{{ a: echo(text: \"{0}\") b: echo(text: \"{0}\") }}",
        "x".repeat(500)
    );
    let trace = Trace::default();
    let enough = limited(&trace, |limits| limits.output.bytes = 1_100);
    assert_eq!(answer(&enough, &text).await.stage, Stage::Executed);
    let short = limited(&trace, |limits| limits.output.bytes = 1_000);
    let (code, message) = ended(&answer(&short, &text).await);
    assert_eq!(code, code::OUTPUT_TOO_LARGE.name());
    assert!(message.contains("more than 1000 bytes"), "{message}");
}

#[tokio::test]
async fn nullable_fields_do_not_hide_a_spent_budget() {
    let trace = Trace::default();
    let short = limited(&trace, |limits| limits.output.values = 30);
    let text = "{ a: fails b: fails items(count: 20) { fails n } }";
    assert_eq!(
        ended(&answer(&short, text).await).0,
        code::OUTPUT_TOO_LARGE.name()
    );
}

#[tokio::test]
async fn the_deadline_ends_a_computing_and_a_waiting_query() {
    let trace = Trace::default();
    let no_time = limited(&trace, |limits| limits.output.time = Duration::ZERO);
    let (code, message) = ended(&answer(&no_time, "{ items(count: 1000) { n } }").await);
    assert_eq!(code, code::TIMED_OUT.name());
    assert!(message.contains("more than 0 seconds"), "{message}");
    let little = limited(&trace, |limits| {
        limits.output.time = Duration::from_millis(20);
    });
    let (code, _) = ended(&answer(&little, "{ waits }").await);
    assert_eq!(code, code::TIMED_OUT.name());
}

#[tokio::test]
async fn a_mutation_has_no_deadline() {
    let trace = Trace::default();
    let no_time = limited(&trace, |limits| limits.output.time = Duration::ZERO);
    let request = Request::new("mutation { act }");
    let done = execute(&no_time, request, OperationType::Mutation, "r1").await;
    assert_eq!(
        serde_json::to_value(&done).unwrap(),
        json!({ "data": { "act": 1 } })
    );
}

#[tokio::test]
async fn each_event_of_a_subscription_has_a_budget_of_its_own() {
    let trace = Trace::default();
    let schema = limited(&trace, |limits| limits.output.values = 1);
    let events = schema.execute_stream("subscription { count(to: 5) }");
    let events: Vec<_> = events.collect().await;
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|event| event.errors.is_empty()));
    let none = limited(&trace, |limits| limits.output.values = 0);
    let mut events = none.execute_stream("subscription { count(to: 5) }");
    let event = events.next().await.unwrap();
    assert_eq!(
        ended(&Answer::of(event, "r1", Language::English)).0,
        code::OUTPUT_TOO_LARGE.name()
    );
}

#[tokio::test]
async fn a_long_answer_yields_to_other_tasks() {
    let schema = test_schema(&Trace::default());
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    // Both share one thread: without yielding, the other task is not polled until the answer is
    // complete.
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let made = answer(&schema, "{ items(count: 30000) { n item { n } } }").await;
    assert_eq!(made.stage, Stage::Executed);
    other.abort();
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns > 3, "{turns}");
}

#[test]
fn the_written_answer_is_bounded() {
    let fits = "x".repeat(MAX_ANSWER_BYTES - 2);
    assert_eq!(to_json(&fits).unwrap().len(), MAX_ANSWER_BYTES);
    assert!(matches!(to_json(&(fits + "x")), Err(Unwritten::TooLarge)));
    // Escapes count when they are written.
    let escaped = "\u{1}".repeat(MAX_ANSWER_BYTES / 4);
    assert!(matches!(to_json(&escaped), Err(Unwritten::TooLarge)));
}

#[test]
fn a_copy_counts_as_its_content() {
    let value = Value::from_json(json!({ "a": ["xy", null, { "b": 1 }], "c": true })).unwrap();
    let written = to_json(&value).unwrap().len();
    let (values, bytes) = measure(&value);
    assert_eq!(values, 7);
    assert!(
        bytes >= written && bytes < written + 32,
        "{bytes} {written}"
    );
}

#[tokio::test]
async fn a_client_that_asks_is_told_the_cost() {
    let schema = test_schema(&Trace::default());
    let mut request = Request::new("{ items(count: 3) { n } }");
    let plain = execute(
        &schema,
        Request::new(&request.query),
        OperationType::Query,
        "r1",
    )
    .await;
    assert_eq!(plain.response.extensions.get("cost"), None);
    let asked = async_graphql::Value::Boolean(true);
    request.extensions.insert("cost".to_owned(), asked);
    let told = execute(&schema, request, OperationType::Query, "r1").await;
    let told = serde_json::to_value(told).unwrap();
    // A list of unknown length weighs as five items; it had three.
    let cost = json!({ "requested": 11, "used": 7, "limit": 100_000 });
    assert_eq!(told["extensions"], json!({ "cost": cost }), "{told}");
}
