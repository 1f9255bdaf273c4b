//! Traces: spans of requests, sent to a collector over OTLP.
//!
//! Here: the exporter, which spans it gets, and the context that passes between services in the
//! header `traceparent`. Not here: the spans themselves, which the code makes that does the work.
//!
//! Traces are on if `--traces-endpoint` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set;
//! the other standard variables apply too: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
//! `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`. Otherwise nothing here does anything.

use std::{sync::OnceLock, time::Duration};

use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator,
    trace::{SpanContext, TraceContextExt, TracerProvider},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, registry::LookupSpan};
use url::Url;

use super::episode::Episode;
use crate::tls;

/// The name of this service in traces, unless `OTEL_SERVICE_NAME` gives another.
const SERVICE: &str = "message-credits";
/// How long one delivery to the collector may take.
const DELIVERY: Duration = Duration::from_secs(10);
/// How long the last spans may take when the process ends.
const LAST_DELIVERY: Duration = Duration::from_secs(5);

/// The target of our spans. They are for traces alone: log lines name their request without them
/// ([`super::context`]).
pub const SPANS: &str = "message_credits::spans";

/// A span of a trace; without traces, none.
macro_rules! span {
    ($($inner:tt)*) => {
        if $crate::telemetry::traces::is_on() {
            ::tracing::info_span!(target: $crate::telemetry::traces::SPANS, $($inner)*)
        } else {
            ::tracing::Span::none()
        }
    };
}
pub(crate) use span;

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();
static COLLECTOR: Episode = Episode::new("the collector of traces");

/// The span that a batch or another request was caused by.
#[derive(Debug, Clone)]
pub struct Cause(SpanContext);

/// Whether spans are sent to a collector.
#[must_use]
pub fn is_on() -> bool {
    PROVIDER.get().is_some()
}

/// Where traces go that don't have an address of their own, which the exporter reads itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Collector {
    /// An address for traces alone.
    Own,
    /// Below the address for all signals.
    Shared(String),
}

impl Collector {
    /// The collector, if one is configured and nothing turns it off.
    fn find(endpoint: Option<&Url>) -> Option<Self> {
        let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        if value("OTEL_SDK_DISABLED").is_some_and(|value| value == "true") {
            None
        } else if value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").is_some() {
            Some(Self::Own)
        } else {
            let base = endpoint?.as_str().trim_end_matches('/');
            Some(Self::Shared(format!("{base}/v1/traces")))
        }
    }
}

/// The layer that sends our spans, and those of statements below them, to the collector; `None` if
/// none is configured.
pub(super) fn layer<S>(endpoint: Option<&Url>) -> Option<impl Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let collector = Collector::find(endpoint)?;
    let provider = match provider(collector) {
        Ok(provider) => PROVIDER.get_or_init(|| provider),
        Err(cause) => {
            super::logs::report_failure(&format!("traces can't be sent: {cause}"));
            return None;
        }
    };
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(SERVICE))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    // The jobs ask the database each second; their statements have no span above them.
    let is_ours = dynamic_filter_fn(|metadata, context| {
        let target = metadata.target();
        metadata.is_span()
            && (target == SPANS
                || (target.starts_with("sea_orm") && context.lookup_current().is_some()))
    });
    Some(spans.with_filter(is_ours))
}

fn provider(collector: Collector) -> Result<SdkTracerProvider, HttpError> {
    tls::install();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Sender::new()?);
    let exporter = match collector {
        Collector::Own => exporter,
        Collector::Shared(address) => exporter.with_endpoint(address),
    }
    .build()?;
    let own_name = std::env::var_os("OTEL_SERVICE_NAME").is_none();
    let mut resource = Resource::builder().with_attributes([
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", i64::from(std::process::id())),
    ]);
    if own_name {
        resource = resource.with_service_name(SERVICE);
    }
    Ok(SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter)
        .build())
}

/// Sends the last spans. Call it when nothing is served any more; it may take some seconds.
pub fn end() {
    if let Some(provider) = PROVIDER.get()
        && let Err(cause) = provider.shutdown_with_timeout(LAST_DELIVERY)
    {
        tracing::warn!(%cause, "the last spans were not sent");
    }
}

/// Makes a span the child of the caller's, if its request says which that is.
pub fn accept(span: &Span, headers: &HeaderMap) {
    if is_on() {
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // A span that nobody records has no parent.
        drop(span.set_parent(caller));
    }
}

/// Adds the current span to a request to another service.
#[must_use]
pub fn passed_on() -> HeaderMap {
    let mut headers = HeaderMap::new();
    if is_on() {
        let current = Span::current().context();
        TraceContextPropagator::new().inject_context(&current, &mut HeaderInjector(&mut headers));
    }
    headers
}

/// The current span, to which work for many callers can be linked.
#[must_use]
pub fn cause() -> Option<Cause> {
    if !is_on() {
        return None;
    }
    let current: Context = Span::current().context();
    let current = current.span().span_context().clone();
    current.is_valid().then_some(Cause(current))
}

/// Links a span to what caused it.
pub fn link<'a>(span: &Span, causes: impl Iterator<Item = &'a Cause>) {
    for cause in causes {
        span.add_link(cause.0.clone());
    }
}

/// Sends spans over HTTP. The exporter calls it from a thread of its own, outside of any runtime.
#[derive(Debug)]
struct Sender {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Sender {
    fn new() -> Result<Self, HttpError> {
        Ok(Self {
            client: reqwest::Client::builder().timeout(DELIVERY).build()?,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("traces")
                .enable_all()
                .build()?,
        })
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(
        &self,
        request: axum::http::Request<Bytes>,
    ) -> Result<axum::http::Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let response = client.execute(request).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.bytes().await?))
        });
        let (status, headers, body) = sent
            .await?
            .inspect_err(|cause| COLLECTOR.failed(&cause.to_string()))?;
        if status.is_success() {
            COLLECTOR.worked();
        } else {
            COLLECTOR.failed(&format!("it answered {status}"));
        }
        let mut response = axum::http::Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
