//! Logs and metrics of the process.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Sends log lines to standard error. `RUST_LOG` says which; `LOG_FORMAT=json` makes each line JSON.
pub fn init_logs() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let installed = if std::env::var("LOG_FORMAT").is_ok_and(|format| format == "json") {
        registry.with(lines.json()).try_init()
    } else {
        registry.with(lines).try_init()
    };
    // A test binary may have set up its own; then that one stays.
    drop(installed);
}

/// Collects the process's metrics, for `/metrics` to show. Only the first call in a process collects.
#[must_use]
pub fn init_metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    // A second server in one process (tests) leaves the first one's recorder in place.
    drop(metrics::set_global_recorder(recorder));
    handle
}
