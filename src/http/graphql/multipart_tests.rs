//! Valid and invalid forms.

use axum::body::{Body, to_bytes};
use serde_json::{Value, json};

use crate::graphql::engine::documents::Documents;
use crate::graphql::engine::limits::Limits;
use crate::graphql::engine::test_schema::{Trace, test_schema};
use crate::graphql::engine::uploads::Taker;
use crate::http::graphql::tests::Anyone;
use crate::http::graphql::{BodyLimits, Denied, Endpoint, Gate};
use futures_util::{StreamExt, stream};
use std::time::Duration;
use tokio::time::sleep;

const OPERATIONS: &str = r#"{"query":"mutation($f: Upload!, $o: Upload) { upload(file: $f, other: $o) }","variables":{"f":null,"o":null}}"#;

/// The upload field of the test schema.
const TAKERS: &[Taker] = &[Taker {
    field: "upload",
    within: None,
}];

/// A part: its name, a file name if it is a file, and its content.
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

async fn send_within(limits: BodyLimits, body: impl Into<Body>) -> (u16, Value) {
    send_through(&Anyone, limits, body).await
}

async fn send_through(gate: &impl Gate, limits: BodyLimits, body: impl Into<Body>) -> (u16, Value) {
    let executor = test_schema(&Trace::default());
    let endpoint = Endpoint::new(Documents::new(Limits::default()), limits, TAKERS);
    let request = axum::extract::Request::post("/graphql")
        .header("content-type", "multipart/form-data; boundary=cut")
        .header("graphql-require-preflight", "1")
        .header("accept", "application/graphql-response+json")
        .body(body.into())
        .unwrap();
    let response = endpoint
        .respond(&executor, request, |request| request, gate)
        .await;
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn check(parts: &[Part<'_>], status: u16, message: &str) {
    let (answered, json) = send(form(parts)).await;
    let response = json.to_string();
    assert!(
        answered == status && response.contains(message),
        "{parts:?}: {answered} {response}"
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
async fn forms_that_violate_the_specification_are_refused() {
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
    // The map decides what is a file; the file name is only for display.
    check(&[operations, map, ("0", None, "1,2")], 200, "upload  1,2").await;
    check(
        &[operations, map, ("0", Some(""), "1,2")],
        200,
        "upload text/csv 1,2",
    )
    .await;
    check(
        &[
            operations,
            map,
            ("0\"; filename*=\"utf-8''citt%C3%A0.csv", None, "1,2"),
        ],
        200,
        "città.csv  1,2",
    )
    .await;
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
async fn forms_have_size_limits() {
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
    // Three variables, two of them from one file: each is an open file.
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

/// A body that begins with this text and then stalls.
fn beginning(text: String) -> Body {
    let start = stream::iter([Ok::<_, std::io::Error>(text)]);
    Body::from_stream(start.chain(stream::pending()))
}

/// A form up to the first byte of its first file.
fn up_to_a_file(query: &str, variables: Value, map: Value) -> Body {
    let operations = json!({ "query": query, "variables": variables }).to_string();
    let map = map.to_string();
    let form = form(&[
        ("operations", None, &operations),
        ("map", None, &map),
        ("0", Some("a.csv"), "x"),
    ]);
    beginning(form.replace("x\r\n--cut--\r\n", ""))
}

const ROOMY: BodyLimits = BodyLimits {
    json_bytes: 1_000,
    form_bytes: 100_000_000,
    file_bytes: 100_000_000,
    files: 2,
};

/// The body stalls: a server that waited for the file would report that no data arrived.
#[tokio::test(start_paused = true)]
async fn a_request_is_validated_before_its_files_are_read() {
    let map = json!({"0": ["variables.f"]});
    let null = json!({"f": null});
    let upload = "mutation($f: Upload!) { upload(file: $f) }";
    for (query, variables, map, message) in [
        (
            "query($f: Upload) { hello }",
            &null,
            &map,
            "No field of the operation takes a file",
        ),
        (
            "mutation($f: Upload!) { act }",
            &null,
            &map,
            "No field of the operation takes a file",
        ),
        (
            "mutation($f: Int) { upload(file: $f) }",
            &null,
            &map,
            "$f is of the type Int",
        ),
        (
            "mutation($f: Upload!, $g: Upload!) { upload(file: $g) }",
            &json!({"f": null, "g": "x"}),
            &map,
            "is given $f",
        ),
        (
            upload,
            &json!({"f": null}),
            &json!({"0": ["variables.g"]}),
            "not among the variables",
        ),
        (upload, &json!({"f": 1}), &map, "not among the variables"),
        (
            upload,
            &null,
            &json!({"0": ["variables.f.x"]}),
            "not among the variables",
        ),
        (
            upload,
            &null,
            &json!({"0": ["query"]}),
            "not among the variables",
        ),
        (
            upload,
            &null,
            &json!({"0": [""]}),
            "not among the variables",
        ),
        ("mutation {", &null, &map, "Syntax error"),
        (
            "mutation($f: Upload!, $n: Int!) { upload(file: $f) }",
            &null,
            &map,
            "`$n` is required",
        ),
    ] {
        let body = up_to_a_file(query, variables.clone(), map.clone());
        let (status, json) = send_within(ROOMY, body).await;
        assert!(
            status == 400 && json.to_string().contains(message),
            "{query}: {status} {json}"
        );
    }
}

/// Admits nobody.
struct Shut(fn() -> Denied);

impl Gate for Shut {
    type Place = ();

    async fn admit(&self, fields: &[&'static str]) -> Result<(), Denied> {
        assert_eq!(fields, ["upload"]);
        Err(self.0())
    }
}

#[tokio::test(start_paused = true)]
async fn unauthorized_uploads_are_refused_before_their_files_are_read() {
    let upload = "mutation($f: Upload!) { a: upload(file: $f) ...more } fragment more on Mutation { upload(file: $f) }";
    let body = || up_to_a_file(upload, json!({"f": null}), json!({"0": ["variables.f"]}));
    let forbidden = || Denied::Refused(async_graphql::ServerError::new("no", None));
    let (status, json) = send_through(&Shut(forbidden), ROOMY, body()).await;
    assert_eq!(
        (status, json),
        (400, json!({"errors": [{"message": "no"}]}))
    );
    let (status, json) = send_through(&Shut(|| Denied::Busy("full")), ROOMY, body()).await;
    assert_eq!(status, 503);
    assert_eq!(json["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}

/// A form whose file arrives in pieces of this many bytes, one every 20 seconds.
async fn dripped(bytes: usize, pieces: usize) -> (u16, Value) {
    let start = form(&[
        ("operations", None, OPERATIONS),
        ("map", None, r#"{"0":["variables.f"]}"#),
        ("0", Some("a.csv"), "x"),
    ]);
    let (start, end) = start.split_once("x\r\n--cut--").unwrap();
    let pieces = stream::iter(0..pieces).then(move |_| async move {
        sleep(Duration::from_secs(20)).await;
        Ok::<_, std::io::Error>("y".repeat(bytes))
    });
    let start = stream::iter([Ok(start.to_owned())]);
    let end = stream::iter([Ok(format!("\r\n--cut--{end}"))]);
    send_within(ROOMY, Body::from_stream(start.chain(pieces).chain(end))).await
}

#[tokio::test(start_paused = true)]
async fn files_must_arrive_at_the_minimum_rate() {
    let (status, json) = dripped(1, 100).await;
    assert_eq!(status, 408, "{json}");
    let message = json["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("too slowly"), "{message}");
    // This one is slow, but done before the first check.
    let (status, json) = dripped(1, 2).await;
    assert_eq!(status, 200, "{json}");
    let (status, json) = dripped(1_900_000, 4).await;
    assert_eq!(status, 200, "{json}");
}

#[tokio::test(start_paused = true)]
async fn the_parts_before_files_have_a_timeout_of_their_own() {
    let drip = stream::iter(0..).then(|_: u64| async {
        sleep(Duration::from_secs(20)).await;
        Ok::<_, std::io::Error>("-")
    });
    let (status, _) = send_within(ROOMY, Body::from_stream(drip)).await;
    assert_eq!(status, 408);
}
