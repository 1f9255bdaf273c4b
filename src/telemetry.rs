//! Logs and metrics of the process.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Our own crates, whose log lines contain no secret at any level.
const OURS: [&str; 4] = ["message_credits", "domain", "entity", "migration"];
/// Libraries that log their data: messages of sockets, the first of which contains a key, and
/// telephone numbers.
const WRITE_CONTENTS: [&str; 3] = ["tungstenite", "tokio_tungstenite", "rlibphonenumber"];

/// Whether a line may be logged, whatever `RUST_LOG` requests. At TRACE, libraries log bytes that
/// pass through them, including keys and numbers, and a future version of any may begin to; so that
/// level is limited to our own crates.
fn may_be_written(line: &Metadata<'_>) -> bool {
    let is_of = |crates: &[&str]| {
        let name = line.target().split("::").next().unwrap_or_default();
        crates.contains(&name)
    };
    let most = if is_of(&OURS) {
        Level::TRACE
    } else if is_of(&WRITE_CONTENTS) {
        Level::INFO
    } else {
        Level::DEBUG
    };
    // More verbose levels compare greater.
    *line.level() <= most
}

/// Sends log lines to standard error. `RUST_LOG` filters them; `LOG_FORMAT=json` makes each line
/// JSON.
pub fn init_logs() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn"));
    let registry = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(may_be_written));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let installed = if std::env::var("LOG_FORMAT").is_ok_and(|format| format == "json") {
        registry.with(lines.json()).try_init()
    } else {
        registry.with(lines).try_init()
    };
    // A test binary may have installed its own subscriber; then that one is kept.
    drop(installed);
}

/// Collects the process's metrics for `/metrics`. All servers of a process share them.
#[must_use]
pub fn init_metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // A test binary may have installed its own recorder; then that one is kept.
        drop(metrics::set_global_recorder(recorder));
        handle
    };
    METRICS.get_or_init(install).clone()
}
