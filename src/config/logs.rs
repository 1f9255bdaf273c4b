//! The options of log lines and traces.
//!
//! Here: what is written, in which form, and where spans go. Not here: what is done with them
//! ([`crate::telemetry`]), and colours, which the terminal and `NO_COLOR` decide.

use clap::{Args, ValueEnum, builder::BoolishValueParser};
use tracing_subscriber::EnvFilter;
use url::Url;

use super::addresses::http_url;
use crate::telemetry::logs::Settings;

/// Which lines are written if nothing else is asked for. The driver's pools warn of each connection
/// that was lost and is replaced: an outage has one line of ours instead.
const USUAL: &str = "info,sqlx=warn,sqlx_core::pool=error,sea_orm=warn,sea_orm_migration=warn";

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One object of JSON on each line.
    Json,
}

/// Log lines and traces. Every command has these options.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// The form of log lines: text, or json for one object on each line.
    #[arg(
        long,
        global = true,
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        help_heading = "Logs and traces"
    )]
    pub log_format: LogFormat,
    /// Which lines are logged: a level, and levels of single parts, such as
    /// message_credits=debug,info.
    #[arg(long, global = true, env = "RUST_LOG", value_name = "FILTER", default_value = USUAL,
        value_parser = filter, help_heading = "Logs and traces")]
    pub log_filter: String,
    /// Log a line for each response.
    #[arg(long, global = true, env = "ACCESS_LOG", value_parser = BoolishValueParser::new(),
        num_args = 0..=1, require_equals = true, default_value = "false",
        default_missing_value = "true", help_heading = "Logs and traces")]
    pub access_log: bool,
    /// The collector that traces are sent to over HTTP, such as http://127.0.0.1:4318. If left out,
    /// no traces are sent. OpenTelemetry's other environment variables set the details.
    #[arg(
        long,
        global = true,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        value_name = "URL",
        value_parser = http_url, help_heading = "Logs and traces"
    )]
    pub traces_endpoint: Option<Url>,
}

impl LogArgs {
    /// The settings that the options ask for.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            json: self.log_format == LogFormat::Json,
            filter: self.log_filter.clone(),
            access_log: self.access_log,
            traces_endpoint: self.traces_endpoint.clone(),
        }
    }
}

/// A filter of log lines.
fn filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(cause) => Err(format!(
            "write a level (error, warn, info, debug or trace), or several as in \
             message_credits=debug,info: {cause}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;
    use tracing_subscriber::EnvFilter;

    use super::{USUAL, filter};

    #[test]
    fn lost_connections_have_no_lines_of_the_driver() {
        let lines = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(USUAL));
        tracing::subscriber::with_default(lines.finish(), || {
            assert!(!tracing::enabled!(target: "sqlx_core::pool::inner", Level::WARN));
            assert!(tracing::enabled!(target: "sqlx_core::pool::inner", Level::ERROR));
            assert!(tracing::enabled!(target: "message_credits", Level::INFO));
        });
    }

    #[test]
    fn filters_are_checked() {
        for text in [USUAL, "debug", "message_credits=debug,info", "off"] {
            assert_eq!(filter(text).as_deref(), Ok(text), "{text}");
        }
        for text in ["loud=very", "a=b=c"] {
            assert!(
                filter(text).unwrap_err().starts_with("write a level"),
                "{text}"
            );
        }
    }
}
