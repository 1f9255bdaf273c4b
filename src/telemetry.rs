//! Logs and metrics of the process.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Our own crates, whose lines name no secret at any level.
const OURS: [&str; 4] = ["message_credits", "domain", "entity", "migration"];
/// Libraries that write what they handle: messages of sockets, which begin with a key, and telephone numbers.
const WRITE_CONTENTS: [&str; 3] = ["tungstenite", "tokio_tungstenite", "rlibphonenumber"];

/// Whether a line may be written, whatever `RUST_LOG` asks for. At TRACE libraries write bytes that pass through
/// them, keys and numbers among them, and the next version of one may begin to: that level is for our own lines.
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
    // The more a level says, the greater it is.
    *line.level() <= most
}

/// Sends log lines to standard error. `RUST_LOG` says which; `LOG_FORMAT=json` makes each line JSON.
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
