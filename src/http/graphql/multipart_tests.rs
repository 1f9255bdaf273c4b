//! Forms as clients send them, and as they should not.

use axum::body::{Body, to_bytes};
use serde_json::{Value, json};

use crate::graphql::limits::Limits;
use crate::graphql::toy::{Trace, toy};
use crate::http::graphql::{BodyLimits, Endpoint};

const OPERATIONS: &str = r#"{"query":"mutation($f: Upload!, $o: Upload) { upload(file: $f, other: $o) }","variables":{"f":null,"o":null}}"#;

/// A part: its name, a file name where it is a file, and its content.
type Part<'a> = (&'a str, Option<&'a str>, &'a str);

fn form(parts: &[Part<'_>]) -> String {
    let mut body = String::new();
    for (name, file, content) in parts {
        body.push_str(&format!(
            "--cut\r\ncontent-disposition: form-data; name=\"{name}\""
        ));
        if let Some(file) = file {
            body.push_str(&format!("; filename=\"{file}\"\r\ncontent-type: text/csv"));
        }
        body.push_str(&format!("\r\n\r\n{content}\r\n"));
    }
    body + "--cut--\r\n"
}

const LIMITS: BodyLimits = BodyLimits {
    json_bytes: 200,
    form_bytes: 2_000,
    file_bytes: 100,
    files: 2,
};

async fn send(body: String) -> (u16, Value) {
    send_within(LIMITS, body).await
}

async fn send_within(limits: BodyLimits, body: String) -> (u16, Value) {
    let executor = toy(&Trace::default());
    let endpoint = Endpoint::new(Limits::default(), limits);
    let request = axum::extract::Request::post("/graphql")
        .header("content-type", "multipart/form-data; boundary=cut")
        .header("graphql-require-preflight", "1")
        .header("accept", "application/graphql-response+json")
        .body(Body::from(body))
        .unwrap();
    let response = endpoint
        .respond(&executor, request, |request| request)
        .await;
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn check(parts: &[Part<'_>], status: u16, told: &str) {
    let (answered, json) = send(form(parts)).await;
    let told_there = json.to_string();
    assert!(
        answered == status && told_there.contains(told),
        "{parts:?}: {answered} {told_there}"
    );
}

#[tokio::test]
async fn files_reach_their_variables() {
    let one = [
        ("operations", None, OPERATIONS),
        ("map", None, r#"{"0":["variables.f"]}"#),
        ("0", Some("a.csv"), "1,2"),
    ];
    let (status, json) = send(form(&one)).await;
    assert_eq!(
        (status, json),
        (200, json!({"data": {"upload": "a.csv text/csv 1,2"}}))
    );

    let two = [
        ("operations", None, OPERATIONS),
        ("map", None, r#"{"x":["variables.o"],"y":["variables.f"]}"#),
        ("x", Some("x.csv"), "x"),
        ("y", Some("y.csv"), ""),
    ];
    check(&two, 200, "y.csv text/csv  | x.csv text/csv x").await;
}

#[tokio::test]
async fn forms_that_are_not_as_specified_are_refused() {
    let operations = ("operations", None, OPERATIONS);
    let map = ("map", None, r#"{"0":["variables.f"]}"#);
    let file = ("0", Some("a.csv"), "1,2");
    check(&[map, operations, file], 400, "operations is missing").await;
    check(&[operations, file], 400, "map is missing").await;
    check(&[operations, map], 400, "has no file").await;
    check(&[operations, map, file, file], 400, "not in its map").await;
    check(
        &[operations, map, ("1", Some("a.csv"), "1")],
        400,
        "not in its map",
    )
    .await;
    check(&[operations, map, ("0", None, "1,2")], 400, "no file name").await;
    check(
        &[
            operations,
            ("map", None, r#"{"0":["variables.nobody"]}"#),
            file,
        ],
        400,
        "not among the variables",
    )
    .await;
    check(
        &[operations, ("map", None, "[]"), file],
        400,
        "can't be read",
    )
    .await;
    check(
        &[("operations", None, "[]"), map, file],
        400,
        "BATCHING_NOT_SUPPORTED",
    )
    .await;
    let (status, _) = send("--cut\r\nbroken".to_owned()).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn forms_are_bounded() {
    let operations = ("operations", None, OPERATIONS);
    let map = ("map", None, r#"{"0":["variables.f"]}"#);
    let content = |bytes: usize| "x".repeat(bytes);
    check(
        &[operations, map, ("0", Some("a"), &content(100))],
        200,
        "data",
    )
    .await;
    check(
        &[operations, map, ("0", Some("a"), &content(101))],
        413,
        "A file has more than 100 bytes",
    )
    .await;
    let long = format!("{OPERATIONS:<201}");
    check(
        &[("operations", None, &long), map],
        413,
        "The part operations has more than 200 bytes",
    )
    .await;
    // Three variables, two of them from one file: each is a file that is open.
    let many = r#"{"0":["variables.f","variables.o"],"1":["variables.f"]}"#;
    check(
        &[operations, ("map", None, many), ("0", Some("a"), "1")],
        400,
        "more than 2 files",
    )
    .await;
    let roomy = BodyLimits {
        file_bytes: 5_000,
        ..LIMITS
    };
    let large = form(&[operations, map, ("0", Some("a"), &content(2_000))]);
    let (status, json) = send_within(roomy, large).await;
    assert_eq!(status, 413);
    assert_eq!(
        json["errors"][0]["message"],
        "The form has more than 2000 bytes."
    );
}
