//! Log lines: which are written, in which form, and where.
//!
//! Here: filters, formats, and the layer that counts lines. Not here: the request that a
//! line belongs to ([`super::context`]), and traces ([`super::traces`]).

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::filter_fn,
    fmt::{self, FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};
use url::Url;

use super::{
    context,
    metrics::{LOGGED_ERRORS, LOGGED_WARNINGS, count},
    traces,
};

/// The target of the access log: one line at DEBUG for each response.
pub const ACCESS: &str = "message_credits::access";
/// Whether lines are JSON, once the settings are known.
static JSON: OnceLock<bool> = OnceLock::new();

/// What is written, in which form, and where spans go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether each line is an object of JSON.
    pub json: bool,
    /// Which lines are written, as [`EnvFilter`] reads it.
    pub filter: String,
    /// Whether there is a line for each response.
    pub access_log: bool,
    /// The collector that spans are sent to.
    pub traces_endpoint: Option<Url>,
}

/// Our own crates, whose log lines contain no secret at any level.
const OURS: [&str; 4] = ["message_credits", "domain", "entity", "migration"];
/// Libraries that log their data: messages of sockets, the first of which contains a key, and
/// telephone numbers.
const WRITE_CONTENTS: [&str; 3] = ["tungstenite", "tokio_tungstenite", "rlibphonenumber"];

/// Whether a line may be logged, whatever the filter says. At TRACE, libraries log bytes that
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

/// Whether log lines are JSON.
fn is_json() -> bool {
    JSON.get().copied().unwrap_or_default()
}

/// Whether colours are wanted: only on a terminal, and not if `NO_COLOR` is set.
fn is_coloured() -> bool {
    let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !is_unwanted
}

fn filter(settings: &Settings) -> EnvFilter {
    // The option's parser has accepted it.
    let filter = EnvFilter::new(&settings.filter);
    let access = format!("{ACCESS}=debug");
    // Spans are for traces: a line names its request without them.
    let spans = format!("{}=off", traces::SPANS);
    [(access, settings.access_log), (spans, true)]
        .into_iter()
        .filter(|(_, is_wanted)| *is_wanted)
        .filter_map(|(directive, _)| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive)
}

/// Lines on standard error.
fn text<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let format = fmt::format().with_ansi(is_coloured());
    fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .event_format(WithRequest {
            format,
            is_json: false,
        })
}

/// The same as JSON.
fn json<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let format = fmt::format().json();
    let format = format.with_current_span(false).with_span_list(false);
    fmt::layer()
        .json()
        .with_writer(io::stderr)
        .event_format(WithRequest {
            format,
            is_json: true,
        })
}

/// Sends log lines to standard error, and spans to a collector if one is configured.
pub fn init(settings: &Settings) {
    let _ = JSON.set(settings.json);
    let registry = tracing_subscriber::registry();
    // A test binary may have installed its own subscriber; then that one is kept. Without traces
    // the filter is for all layers together, so that what nobody wants costs nothing.
    let installed = match (traces::layer(settings.traces_endpoint.as_ref()), is_json()) {
        (None, true) => registry
            .with(filter(settings))
            .with(filter_fn(may_be_written))
            .with(Counted)
            .with(json())
            .try_init(),
        (None, false) => registry
            .with(filter(settings))
            .with(filter_fn(may_be_written))
            .with(Counted)
            .with(text())
            .try_init(),
        (Some(spans), true) => registry
            .with(spans)
            .with(filter_fn(may_be_written))
            .with(Counted.with_filter(filter(settings)))
            .with(json().with_filter(filter(settings)))
            .try_init(),
        (Some(spans), false) => registry
            .with(spans)
            .with(filter_fn(may_be_written))
            .with(Counted.with_filter(filter(settings)))
            .with(text().with_filter(filter(settings)))
            .try_init(),
    };
    drop(installed);
}

/// Ends each line with the request that it belongs to.
struct WithRequest<F> {
    format: F,
    is_json: bool,
}

impl<S, N, F> FormatEvent<S, N> for WithRequest<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = String::new();
        self.format
            .format_event(context, Writer::new(&mut line), event)?;
        let line = line.trim_end();
        if !self.is_json {
            writer.write_str(line)?;
            context::as_text(&mut writer)?;
            return writer.write_char('\n');
        }
        match (line.strip_suffix('}'), context::as_json()) {
            (Some(open), Some(request)) => writeln!(writer, "{open},\"request\":{request}}}"),
            _ => writeln!(writer, "{line}"),
        }
    }
}

/// Writes a text for the operator to standard output; in JSON, as one line with the text's lines.
///
/// # Errors
/// Standard output is closed.
pub fn announce(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if is_json() {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.collect();
        let line = serde_json::json!({ "level": "INFO", "announcement": lines });
        writeln!(out, "{line}")?;
    } else {
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}

/// Reports why a command failed: a text on standard error, or a log line if lines are JSON.
pub fn report_failure(cause: &dyn std::fmt::Display) {
    if is_json() {
        tracing::error!(%cause, "the command failed");
    } else {
        // Standard error may be closed; the exit code still reports the failure.
        drop(writeln!(io::stderr(), "message-credits: {cause}"));
    }
}

/// Counts lines at WARN and ERROR.
struct Counted;

impl<S: Subscriber> Layer<S> for Counted {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        match *event.metadata().level() {
            Level::ERROR => count(&LOGGED_ERRORS, 1),
            Level::WARN => count(&LOGGED_WARNINGS, 1),
            _ => {}
        }
    }
}
