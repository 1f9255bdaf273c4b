//! Traces, as a collector receives them from the program: one send, from its request to its
//! statements.
//!
//! Here: a collector that keeps every span. Not here: log lines ([`super::log_lines`]).

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use serde_json::{Value, json};

use crate::support::{
    message::{SEND, to_italians},
    new_key,
    payment_connection::{CONNECT, KEYS},
    postgres_database,
    process::{ADMIN_KEY, Process, command, output},
    purchase::PURCHASE,
};

/// What was received so far.
#[derive(Clone, Default)]
struct Received {
    spans: Arc<Mutex<Vec<Span>>>,
    /// The header `traceparent` of every request to the payment provider.
    parents: Arc<Mutex<Vec<String>>>,
}

impl Received {
    /// Starts a collector that is a payment provider as well; its address.
    async fn listen(&self) -> String {
        let router = Router::new()
            .route("/v1/traces", post(collect))
            .fallback(provide)
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Span> {
        self.spans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn collect(State(received): State<Received>, body: Bytes) -> Vec<u8> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let spans = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans);
    received
        .spans
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(spans);
    ExportTraceServiceResponse::default().encode_to_vec()
}

async fn provide(State(received): State<Received>, headers: HeaderMap) -> (StatusCode, String) {
    if let Some(parent) = headers.get("traceparent") {
        let mut parents = received
            .parents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        parents.push(parent.to_str().unwrap().to_owned());
    }
    (
        StatusCode::NOT_FOUND,
        json!({ "error": { "message": "none" } }).to_string(),
    )
}

/// A caller's trace and span, as its header says.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    let found = span.attributes.iter().find(|one| one.key == name)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => text.clone(),
        Any::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

async fn one_send_is_a_tree(database_url: &str) {
    let received = Received::default();
    let collector = received.listen().await;
    assert!(
        output(&["migrate", "--database-url", database_url])
            .status
            .success()
    );
    let mut program = command(&["serve", "--database-url", database_url]);
    program
        .args(["--stripe-base-url", &collector])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env("PAYMENT_PROVIDER", "stripe")
        .env("ALLOW_SANDBOX", "true")
        .env("STRIPE_SECRET_KEY", "sk_test_traces")
        .env("STRIPE_WEBHOOK_SECRET", "whsec_traces")
        .env("SECRET_KEYS", KEYS[0]);
    let server = Process::run(&mut program);
    let run = async |query: &str, input: Value| {
        let mut answer = server
            .graphql(ADMIN_KEY, query, json!({ "input": input }))
            .await
            .unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        let data = answer["data"].as_object_mut().unwrap();
        data.values_mut().next().unwrap().take()
    };
    let create =
        "mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }";
    let account = run(create, json!({ "name": "Shop" })).await["account"]["id"].take();
    let grant = "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) { userErrors { message } } }";
    let input = json!({ "accountId": account, "credits": "100", "note": "traces", "idempotencyKey": new_key() });
    run(grant, input).await;
    let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }";
    let input = json!({ "accountId": account, "role": "OWNER", "name": "Owner" });
    let owner = run(create, input).await["secret"].take();

    // The send, by a caller who has a trace already.
    let mut input = to_italians(2);
    input["idempotencyKey"] = json!(new_key());
    let (client, base) = server.door();
    let answer = client
        .post(format!("{base}/graphql"))
        .bearer_auth(owner.as_str().unwrap())
        .header("traceparent", format!("00-{TRACE}-{SPAN}-01"))
        .header("x-request-id", "the-send")
        .json(&json!({ "query": SEND, "variables": { "input": input } }))
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        answer["data"]["sendMessage"]["userErrors"],
        json!([]),
        "{answer}"
    );
    // A call to the payment provider, which knows nobody.
    let input = json!({ "accountId": account, "merchantId": "cus_1", "credentials": [] });
    run(CONNECT, input).await;
    let create = "mutation($input: CreateCreditPackageInput!) { createCreditPackage(input: $input) { package { id } } }";
    let price = json!({ "amount": "20.00", "currencyCode": "EUR" });
    let input = json!({ "code": "TRACES", "name": "Small", "credits": "500", "price": price });
    let package = run(create, input).await["package"]["id"].take();
    let input = json!({ "packageId": package, "accountId": account, "idempotencyKey": new_key() });
    run(PURCHASE, input).await;
    let log = server.terminated_log();

    let spans = received.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    let children = |parent: &Span| -> Vec<&Span> {
        let own = spans.iter();
        own.filter(|span| span.parent_span_id == parent.span_id)
            .collect()
    };
    let named = |among: Vec<&Span>, name: &str| -> Span {
        let found = among.into_iter().find(|span| span.name == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {names:?}\n{log}"))
            .clone()
    };
    // The request is the caller's child, and the operation the request's.
    let own = spans
        .iter()
        .filter(|span| hex(&span.parent_span_id) == SPAN);
    let request = named(own.collect(), "/graphql");
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(
        attribute(&request, "request_id").as_deref(),
        Some("the-send")
    );
    assert_eq!(
        attribute(&request, "http.response.status_code").as_deref(),
        Some("200")
    );
    let operation = named(children(&request), "operation");
    assert_eq!(
        attribute(&operation, "operation").as_deref(),
        Some("sendMessage")
    );
    assert_eq!(
        attribute(&operation, "account").as_deref(),
        account.as_str()
    );
    // It waits for a batch, which serves many and is linked.
    let submit = named(children(&operation), "submit");
    let is_linked = |batch: &&Span| {
        let mut links = batch.links.iter();
        links.any(|link| link.span_id == submit.span_id && link.trace_id == request.trace_id)
    };
    let batches = spans.iter().filter(|span| span.name == "batch");
    let batch = named(batches.filter(is_linked).collect(), "batch");
    assert!(batch.parent_span_id.is_empty(), "a batch has no parent");
    // The batch has statements, and their texts have no values.
    let statements = children(&batch);
    assert!(statements.len() >= 4, "{statements:?}");
    assert!(
        statements
            .iter()
            .all(|span| span.name.starts_with("sea_orm.")),
        "{statements:?}"
    );
    // The provider heard which trace the call belongs to.
    let parents = received
        .parents
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let calls = spans
        .iter()
        .filter(|span| attribute(span, "operation").as_deref() == Some("purchaseCredits"));
    let calls: Vec<String> = calls.map(|span| hex(&span.trace_id)).collect();
    assert!(!parents.is_empty(), "{log}");
    for parent in parents {
        let trace = parent.split('-').nth(1).unwrap();
        assert!(
            calls.iter().any(|call| call == trace),
            "{parent} isn't of {calls:?}"
        );
    }
    // The jobs' statements are in no trace, and nothing secret is.
    let text = format!("{spans:?}");
    for secret in [owner.as_str().unwrap(), ADMIN_KEY, "sk_test_traces", "Ciao"] {
        assert!(!text.contains(secret), "{secret} is in a span");
    }
    let roots = spans.iter().filter(|span| span.parent_span_id.is_empty());
    let odd: Vec<_> = roots
        .filter(|span| span.name.starts_with("sea_orm"))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_is_a_tree_of_spans_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("traces.db");
    one_send_is_a_tree(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_is_a_tree_of_spans_on_postgres() {
    if let Some(url) = postgres_database().await {
        one_send_is_a_tree(&url).await;
    }
}
