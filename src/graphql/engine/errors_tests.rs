//! Which errors reach the client, and which stay in the log.

use std::io;
use std::sync::{Arc, Mutex};

use async_graphql::PathSegment;
use entity::sql_enums::Role;
use serde_json::{Value as Json, json};
use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Runs `act` and returns the lines that it logged.
fn logged(act: impl FnOnce()) -> Vec<Json> {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, act);
    let bytes = log.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn failed(error: ApiError) -> ServerError {
    let mut error = async_graphql::Error::from(error)
        .into_server_error(async_graphql::Pos { line: 1, column: 2 });
    error.path = vec![PathSegment::Field("a".to_owned()), PathSegment::Index(0)];
    error
}

fn finish_json(error: ServerError) -> Json {
    serde_json::to_value(finish(vec![error], "req-1", Language::English)).unwrap()[0].clone()
}

#[derive(Debug, thiserror::Error)]
#[error("the query failed")]
struct Outer(#[source] io::Error);

#[test]
fn each_kind_has_its_code() {
    let check = |error: ApiError, code: &str| {
        let json = finish_json(failed(error));
        assert_eq!(json["extensions"]["code"], code);
        assert_eq!(json["path"], json!(["a", 0]));
        assert_eq!(json["locations"], json!([{"line": 1, "column": 2}]));
    };
    check(ApiError::Unauthenticated, "UNAUTHENTICATED");
    check(ApiError::Forbidden(&[Role::Owner]), "FORBIDDEN");
    check(ApiError::NeedsKey(&[Role::Owner]), "FORBIDDEN");
    check(ApiError::NotFound, "NOT_FOUND");
    check(ApiError::bad_input(["x"], text!("No.")), "BAD_USER_INPUT");
    check(ApiError::RateLimited, "RATE_LIMITED");
    check(ApiError::Unavailable, "UNAVAILABLE");
    check(ApiError::Lost, "UNAVAILABLE");
    check(ApiError::NotDone, "UNAVAILABLE");
    check(ApiError::Unknown, "UNAVAILABLE");
    check(ApiError::internal("oh"), "INTERNAL_SERVER_ERROR");
}

#[test]
fn a_fault_is_logged_in_full_and_masked_for_the_client() {
    let mut told = Json::Null;
    let lines = logged(|| {
        told = finish_json(failed(ApiError::internal(Outer(io::Error::other(
            "hunter2",
        )))));
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["fields"]["request_id"], "req-1");
    assert_eq!(lines[0]["fields"]["cause"], "the query failed: hunter2");
    assert_eq!(lines[0]["fields"]["path"], r#"["a",0]"#);
    assert_eq!(
        told["extensions"],
        json!({"code": "INTERNAL_SERVER_ERROR", "requestId": "req-1"})
    );
    assert!(!told.to_string().contains("hunter2"));
}

#[test]
fn an_error_text_from_display_is_masked() {
    let error = async_graphql::Error::from(io::Error::other("hunter2"));
    let mut told = Json::Null;
    let lines = logged(|| told = finish_json(error.into_server_error(Default::default())));
    assert_eq!(
        (lines.len(), lines[0]["fields"]["cause"].as_str()),
        (1, Some("hunter2"))
    );
    assert_eq!(told["extensions"]["code"], "INTERNAL_SERVER_ERROR");
    assert!(!told.to_string().contains("hunter2"));
}

#[test]
fn a_refusal_is_not_logged() {
    assert_eq!(
        logged(|| drop(finish_json(failed(ApiError::NotFound)))).len(),
        0
    );
}

#[test]
fn faults_beyond_the_cap_are_logged_too() {
    let errors = vec![failed(ApiError::internal("oh")); 60];
    let mut told = Vec::new();
    assert_eq!(
        logged(|| told = finish(errors, "req-1", Language::English)).len(),
        60
    );
    assert_eq!(told.len(), MAX_ERRORS);
    assert_eq!(told[MAX_ERRORS - 1].message, "11 more errors are left out.");
}

#[test]
fn a_message_is_cut_between_characters() {
    let told = finish(
        vec![ServerError::new("é".repeat(600), None)],
        "req-1",
        Language::English,
    );
    assert_eq!(told[0].message, format!("{}…", "é".repeat(500)));
    let told = finish(
        vec![ServerError::new("é".repeat(500), None)],
        "req-1",
        Language::English,
    );
    assert_eq!(told[0].message, "é".repeat(500));
}
