//! HTTP requests: methods, media types, parameters, limits, and clients that disconnect.

use axum::http::Method;

use super::*;

#[tokio::test]
async fn get_runs_queries_with_all_parameters() {
    let text = "query A($t: String!) { echo(text: $t) } query B { hello }";
    let named = |name| {
        get(&[
            ("query", text),
            ("operationName", name),
            ("variables", r#"{"t":"x y"}"#),
            ("extensions", "{}"),
        ])
    };
    assert_eq!(send(named("A")).await.text, r#"{"data":{"echo":"x y"}}"#);
    assert_eq!(send(named("B")).await.text, r#"{"data":{"hello":"world"}}"#);
    assert_eq!(
        send(named("C")).await.code(),
        "OPERATION_RESOLUTION_FAILURE"
    );
    assert_eq!(
        send(get(&[("query", "{ hello }"), ("variables", "[]")]))
            .await
            .status,
        400
    );
    assert_eq!(
        send(get(&[("query", "{ hello }"), ("variables", "")]))
            .await
            .status,
        200
    );
    assert_eq!(send(get(&[])).await.status, 400);
}

#[tokio::test]
async fn get_never_mutates() {
    let endpoint = Endpoint::new(
        Documents::new(Limits::default()),
        BodyLimits::default(),
        &[],
    );
    let trace = Trace::default();
    let text = "query Q { hello } mutation M { act }";
    let answered = send_to(
        &endpoint,
        &trace,
        get(&[("query", text), ("operationName", "M")]),
    )
    .await;
    assert_eq!(
        (answered.status, answered.headers["allow"].to_str().unwrap()),
        (405, "POST")
    );
    assert_eq!(trace.acted.load(Ordering::SeqCst), 0);
    let answered = send_to(
        &endpoint,
        &trace,
        get(&[("query", text), ("operationName", "Q")]),
    )
    .await;
    assert_eq!(answered.status, 200);
}

#[tokio::test]
async fn requests_that_are_not_graphql_are_refused_with_a_reason() {
    let check = async |request: Request, status: u16, code: &str| {
        let shown = format!("{request:?}");
        let answered = send(request).await;
        assert_eq!(
            (answered.status, answered.code().as_str()),
            (status, code),
            "{shown}"
        );
    };
    let typed = |content_type: &'static str| {
        let mut request = query("{ hello }");
        request
            .headers_mut()
            .insert("content-type", HeaderValue::from_static(content_type));
        request
    };
    check(typed("text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE").await;
    check(
        typed("application/x-www-form-urlencoded"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )
    .await;
    check(
        typed("application/json; charset=latin1"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )
    .await;
    check(
        typed("multipart/form-data; boundary=x"),
        400,
        "PREFLIGHT_REQUIRED",
    )
    .await;
    assert_eq!(
        send(typed("Application/JSON; Charset=\"UTF-8\""))
            .await
            .status,
        200
    );

    check(post(""), 400, "BAD_REQUEST").await;
    check(post("{"), 400, "BAD_REQUEST").await;
    check(post("\"{ hello }\""), 400, "BAD_REQUEST").await;
    check(post("{}"), 400, "BAD_REQUEST").await;
    check(
        post(r#" [{"query":"{ hello }"}]"#),
        400,
        "BATCHING_NOT_SUPPORTED",
    )
    .await;
    check(
        post(r#"{"extensions":{"persistedQuery":{}}}"#),
        400,
        "GRAPHQL_VALIDATION_FAILED",
    )
    .await;
    check(
        post(r#"{"query":null,"documentId":"sha256:0"}"#),
        400,
        "PERSISTED_QUERY_NOT_FOUND",
    )
    .await;
    check(
        post(r#"{"query":"{ hello }","variables":"x"}"#),
        400,
        "BAD_REQUEST",
    )
    .await;
    let forged = json!({"query": "mutation($f: Upload!) { upload(file: $f) }", "variables": {"f": "#__graphql_file__:7"}});
    check(post(forged.to_string()), 400, "BAD_REQUEST").await;
    check(
        query(r##"mutation { upload(file: "#__graphql_file__:7") }"##),
        400,
        "GRAPHQL_VALIDATION_FAILED",
    )
    .await;
    check(
        query("subscription { count(to: 3) }"),
        400,
        "SUBSCRIPTION_NOT_SUPPORTED",
    )
    .await;

    let mut put = query("{ hello }");
    *put.method_mut() = Method::PUT;
    check(put, 405, "METHOD_NOT_ALLOWED").await;
    let mut html = query("{ hello }");
    html.headers_mut()
        .insert("accept", HeaderValue::from_static("text/html"));
    check(html, 406, "NOT_ACCEPTABLE").await;
}

#[tokio::test]
async fn a_json_body_has_a_size_limit() {
    let endpoint = Endpoint::new(
        Documents::new(Limits::default()),
        BodyLimits {
            json_bytes: 100,
            ..BodyLimits::default()
        },
        &[],
    );
    let body = |bytes: usize| {
        let query = json!({"query": "{ hello }"}).to_string();
        post(format!("{query:<bytes$}"))
    };
    let trace = Trace::default();
    assert_eq!(send_to(&endpoint, &trace, body(100)).await.status, 200);
    let answered = send_to(&endpoint, &trace, body(101)).await;
    assert_eq!(
        (answered.status, answered.code().as_str()),
        (413, "PAYLOAD_TOO_LARGE")
    );
    assert_eq!(
        answered.headers["content-type"],
        "application/graphql-response+json; charset=utf-8"
    );
}

#[tokio::test]
async fn a_mutation_continues_after_its_client_disconnects() {
    let endpoint = Endpoint::new(
        Documents::new(Limits::default()),
        BodyLimits::default(),
        &[],
    );
    let trace = Trace::default();
    let schema = test_schema(&trace);
    let mut waiting = Box::pin(endpoint.respond(
        &schema,
        query("mutation { actLate }"),
        |request| request,
        &Anyone,
    ));
    while trace.live.load(Ordering::SeqCst) == 0 {
        assert!(futures_util::poll!(&mut waiting).is_pending());
        tokio::task::yield_now().await;
    }
    drop(waiting);
    trace.gate.notify_one();
    while trace.acted.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_body_times_out() {
    use std::time::Duration;

    use futures_util::{StreamExt, stream};

    let begun = tokio::time::Instant::now();
    let first = stream::iter([Ok::<_, std::io::Error>("{")]);
    let silent = post(Body::from_stream(first.chain(stream::pending())));
    let answered = send(silent).await;
    assert_eq!(
        (answered.status, answered.code().as_str()),
        (408, "REQUEST_TIMEOUT")
    );
    assert!(begun.elapsed() < Duration::from_secs(6));

    // A byte now and then does not reset the total timeout.
    let begun = tokio::time::Instant::now();
    let slow = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Some((Ok::<_, std::io::Error>(" "), ()))
    });
    let answered = send(post(Body::from_stream(slow))).await;
    assert_eq!(
        (answered.status, answered.code().as_str()),
        (408, "REQUEST_TIMEOUT")
    );
    assert!(begun.elapsed() < Duration::from_secs(21));
}

#[tokio::test]
async fn an_event_stream_carries_results_and_errors_alike() {
    let ask = async |body: &str, accept: &'static str| {
        let mut request = post(body.to_owned());
        let accept = HeaderValue::from_static(accept);
        request.headers_mut().insert("accept", accept);
        send(request).await
    };
    let stream = async |body: &str| {
        let answered = ask(body, "text/event-stream").await;
        assert_eq!(answered.status, 200, "{body}");
        let kind = answered.headers["content-type"].to_str().unwrap();
        assert_eq!(kind, "text/event-stream; charset=utf-8", "{body}");
        let data = answered.text.strip_prefix("event: next\ndata: ");
        let json = data.unwrap().strip_suffix("\n\nevent: complete\ndata:\n\n");
        serde_json::from_str::<Value>(json.unwrap()).unwrap()
    };
    let done = stream(r#"{"query":"{ hello }"}"#).await;
    assert_eq!(done, json!({"data": {"hello": "world"}}));
    for (body, code) in [
        ("{", "BAD_REQUEST"),
        (r#"{"query":"{"}"#, "GRAPHQL_PARSE_FAILED"),
        (r#"{"query":"{ nothing }"}"#, "GRAPHQL_VALIDATION_FAILED"),
        (r#"{"query":"{ panics }"}"#, "INTERNAL_SERVER_ERROR"),
    ] {
        let failed = stream(body).await;
        assert_eq!(failed["errors"][0]["extensions"]["code"], code, "{body}");
    }
    let either = ask(
        r#"{"query":"{ hello }"}"#,
        "application/json, text/event-stream",
    )
    .await;
    assert_eq!(either.json(), json!({"data": {"hello": "world"}}));
    let only_json = ask(r#"{"query":"subscription { caller }"}"#, "application/json").await;
    assert_eq!(only_json.code(), "SUBSCRIPTION_NOT_SUPPORTED");
}
