//! Requests as clients send them; the audits of graphql-http run separately, in tests/clients.

use axum::body::{Body, to_bytes};
use serde_json::{Value, json};

use super::*;
use crate::graphql::engine::limits::Limits;
use crate::graphql::engine::test_schema::{Caller, Trace, test_schema};

mod requests;

const MODERN: &str = "application/graphql-response+json";

/// Admits everybody.
pub(super) struct Anyone;

impl Gate for Anyone {
    type Place = ();

    async fn admit(&self, _fields: &[&'static str]) -> Result<(), Denied> {
        Ok(())
    }
}

struct Answered {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

async fn send_to(endpoint: &Endpoint, trace: &Trace, request: Request) -> Answered {
    let prepare = |request: async_graphql::Request| request.data(Caller("ann"));
    let response = endpoint
        .respond(&test_schema(trace), request, prepare, &Anyone)
        .await;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answered {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn send(request: Request) -> Answered {
    let endpoint = Endpoint::new(
        Documents::new(Limits::default()),
        BodyLimits::default(),
        &[],
    );
    send_to(&endpoint, &Trace::default(), request).await
}

fn post(body: impl Into<Body>) -> Request {
    Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", MODERN)
        .body(body.into())
        .unwrap()
}

fn query(text: &str) -> Request {
    post(json!({ "query": text }).to_string())
}

fn get(parameters: &[(&str, &str)]) -> Request {
    let query = serde_urlencoded::to_string(parameters).unwrap();
    Request::get(format!("/graphql?{query}"))
        .header("accept", MODERN)
        .body(Body::empty())
        .unwrap()
}

/// Compares the whole response byte by byte: the order of keys is part of it.
async fn check_text(text: &str, status: u16, expected: &str) {
    let answered = send(query(text)).await;
    assert_eq!(
        (answered.status, answered.text.as_str()),
        (status, expected),
        "{text}"
    );
}

#[tokio::test]
async fn data_has_the_order_of_the_query() {
    check_text(
        "{ z: hello item { n b: n a: n } hello a: caller }",
        200,
        r#"{"data":{"z":"world","item":{"n":0,"b":0,"a":0},"hello":"world","a":"ann"}}"#,
    )
    .await;
    check_text(
        "{ ...F hello } fragment F on Query { b: hello item { ...G item { n } } } fragment G on Item { b: n a: n }",
        200,
        r#"{"data":{"b":"world","item":{"b":0,"a":0,"item":{"n":1}},"hello":"world"}}"#,
    )
    .await;
}

#[tokio::test]
async fn a_nullable_field_that_fails_is_null_beside_its_error() {
    let answered = send(query("{ b: hello fails a: hello }")).await;
    assert_eq!(answered.status, 200);
    insta::assert_snapshot!(answered.text, @r#"{"errors":[{"message":"The time is in the future.","locations":[{"line":1,"column":12}],"path":["fails"],"extensions":{"code":"BAD_USER_INPUT","field":["input","from"]}}],"data":{"b":"world","fails":null,"a":"world"}}"#);
}

#[tokio::test]
async fn a_strict_field_that_fails_leaves_data_null() {
    let answered = send(query("{ hello failsStrictly }")).await;
    assert_eq!(answered.status, 200);
    insta::assert_snapshot!(answered.text, @r#"{"errors":[{"message":"There is no such thing, or it is not yours.","locations":[{"line":1,"column":9}],"path":["failsStrictly"],"extensions":{"code":"NOT_FOUND"}}],"data":null}"#);
}

#[tokio::test]
async fn faults_are_masked_and_carry_the_request_id() {
    for text in ["{ hello faults }", "{ hello leaks }"] {
        let mut request = query(text);
        request
            .extensions_mut()
            .insert(RequestId::new(HeaderValue::from_static("req-7")));
        let answered = send(request).await;
        let json = answered.json();
        assert_eq!(
            json["errors"][0]["extensions"],
            json!({"code": "INTERNAL_SERVER_ERROR", "requestId": "req-7"})
        );
        assert_eq!(json["data"]["hello"], "world");
        assert!(
            !answered.text.contains("secret") && !answered.text.contains("hunter2"),
            "{}",
            answered.text
        );
    }
}

#[tokio::test]
async fn a_panic_is_a_masked_error() {
    for text in ["{ hello panics }", "mutation { panics }"] {
        let answered = send(query(text)).await;
        assert_eq!(
            (answered.status, answered.code().as_str()),
            (500, "INTERNAL_SERVER_ERROR")
        );
        assert!(answered.json()["errors"][0]["extensions"]["requestId"].is_string());
        assert!(answered.json().get("data").is_none());
        assert!(!answered.text.contains("hunter2"), "{}", answered.text);
    }
}

#[tokio::test]
async fn errors_are_capped_and_the_last_counts_the_rest() {
    let errors = |answered: &Answered| answered.json()["errors"].as_array().unwrap().clone();
    let exactly = errors(&send(query("{ items(count: 50) { fails } }")).await);
    assert_eq!(exactly.len(), 50);
    assert!(
        exactly
            .iter()
            .all(|error| error["extensions"]["code"] == "FORBIDDEN")
    );
    let over = errors(&send(query("{ items(count: 1000) { fails } }")).await);
    assert_eq!(over.len(), 50);
    assert_eq!(over[48]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(over[49]["extensions"]["code"], "ERRORS_LEFT_OUT");
    assert_eq!(over[49]["message"], "951 more errors are left out.");
}

#[tokio::test]
async fn invalid_documents_are_refused_without_data() {
    let check = async |text: &str, code: &str| {
        let answered = send(query(text)).await;
        assert_eq!(
            (answered.status, answered.code().as_str()),
            (400, code),
            "{text}"
        );
        assert!(answered.json().get("data").is_none(), "{text}");
        let mut legacy = query(text);
        legacy
            .headers_mut()
            .insert("accept", HeaderValue::from_static("application/json"));
        assert_eq!(send(legacy).await.status, 200, "{text}");
    };
    check("{", "GRAPHQL_PARSE_FAILED").await;
    check("# nothing", "GRAPHQL_PARSE_FAILED").await;
    check("{ nothing }", "GRAPHQL_VALIDATION_FAILED").await;
    check("{ echo }", "GRAPHQL_VALIDATION_FAILED").await;
    check(
        "query($text: String!) { echo(text: $text) }",
        "BAD_USER_INPUT",
    )
    .await;
    check(
        "query A { hello } query B { hello }",
        "OPERATION_RESOLUTION_FAILURE",
    )
    .await;
    check("mutation { act act }", "GRAPHQL_VALIDATION_FAILED").await;
    // A document of a kilobyte that expands to millions of fields.
    let spreads = (0..25).map(|n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }}", n + 1));
    let doubling = spreads.collect::<String>() + "fragment F25 on Query { hello }";
    check(
        &format!("{{ ...F0 }} {doubling}"),
        "GRAPHQL_VALIDATION_FAILED",
    )
    .await;
    check(
        &format!("{{ hello }} #{}", "x".repeat(64 * 1024)),
        "DOCUMENT_TOO_LARGE",
    )
    .await;
}

#[tokio::test]
async fn a_variable_of_the_wrong_type_is_a_client_error() {
    let body = json!({"query": "query($t: String!) { echo(text: $t) }", "variables": {"t": 5}});
    let answered = send(post(body.to_string())).await;
    assert_eq!(
        (answered.status, answered.code().as_str()),
        (400, "GRAPHQL_VALIDATION_FAILED")
    );
}

#[tokio::test]
async fn a_syntax_error_has_its_location() {
    let answered = send(query("{ hello(")).await;
    insta::assert_snapshot!(answered.text, @r#"{"errors":[{"message":"Syntax error: expected name","locations":[{"line":1,"column":9}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}"#);
}

#[tokio::test]
async fn responses_without_errors_are_serialized_like_all_others() {
    let answer = || {
        let data =
            async_graphql::Value::from_json(json!({"text": "\u{1}\u{e8}", "list": [1, null]}));
        Answer::of(
            async_graphql::Response::new(data.unwrap()),
            "r1",
            Language::English,
        )
    };
    let bounded = budget::to_json(&answer()).unwrap();
    for media in [Media::Json, Media::GraphqlResponse] {
        let response = encode(answer(), media);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            media.content_type()
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, bounded);
    }
}
