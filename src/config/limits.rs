//! Limits and times that an operator may set.
//!
//! Here: the options, their defaults and their bounds. Not here: what enforces them
//! ([`crate::http`], [`crate::lifecycle`]), and the limits of an account, which are the same on
//! every server.

use std::time::Duration;

use clap::{Args, builder::RangedU64ValueParser};
use jiff::SignedDuration;

/// The longest time that an option may set: a day.
const MAX_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Limits of this process, and times.
#[derive(Debug, Clone, Copy, Args)]
pub struct LimitArgs {
    /// Client connections open at a time, WebSockets included. The process needs as many files
    /// (`ulimit -Hn`) and 256 more; if it may not have them, the limit is lowered.
    #[arg(long, env = "MAX_CLIENTS", value_name = "NUMBER", default_value = "4096",
        value_parser = RangedU64ValueParser::<usize>::new().range(4..=1_000_000))]
    pub max_clients: usize,
    /// Client connections that have shown no API key; they are included in --max-clients. Beyond
    /// it, the oldest connection of the address with the most is closed.
    #[arg(long, env = "MAX_ANONYMOUS_CLIENTS", value_name = "NUMBER", default_value = "1024",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub max_anonymous_clients: usize,
    /// GraphQL requests with a key that run at once. An account may use a quarter of them, and a
    /// key half of that; others wait up to 5 seconds.
    #[arg(long, env = "MAX_REQUESTS", value_name = "NUMBER", default_value = "1024",
        value_parser = RangedU64ValueParser::<usize>::new().range(8..=1_000_000))]
    pub max_requests: usize,
    /// Requests with files that run at once. Each keeps up to --max-upload-mib on disk, in the
    /// folder that TMPDIR names.
    #[arg(long, env = "MAX_UPLOADS", value_name = "NUMBER", default_value = "12",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub max_uploads: usize,
    /// The largest file that may be uploaded, in MiB. A proxy in front must allow one MiB more.
    #[arg(long, env = "MAX_UPLOAD_MIB", value_name = "MIB", default_value = "256",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=2_048))]
    pub max_upload_mib: usize,
    /// Files that are generated for downloads at once. Each takes a connection to the database, up
    /// to three threads and up to 10 MB.
    #[arg(long, env = "MAX_DOWNLOADS", value_name = "NUMBER", default_value = "6",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    pub max_downloads: usize,
    /// Files of one account that are generated for downloads at once.
    #[arg(long, env = "MAX_ACCOUNT_DOWNLOADS", value_name = "NUMBER", default_value = "2",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    pub max_account_downloads: usize,
    /// After SIGTERM or Ctrl-C: how long /readyz fails before the listener closes, such as 10s, so
    /// that a proxy sends new requests elsewhere first. A second signal ends the wait.
    #[arg(long, env = "STOP_DELAY", value_name = "TIME", default_value = "0s",
        value_parser = time)]
    pub stop_delay: Duration,
    /// How long requests in flight may take once the listener is closed. After that they are cut
    /// off; what the ledger has acknowledged is committed all the same.
    #[arg(long, env = "DRAIN_TIME", value_name = "TIME", default_value = "20s",
        value_parser = positive_time)]
    pub drain_time: Duration,
}

/// A time such as 500ms, 10s or 2m, up to a day.
///
/// # Errors
/// Says how to write one.
pub fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time up to 24h, such as 500ms, 10s or 2m".to_owned();
    let parsed: SignedDuration = text.trim().parse().map_err(|_| wrong())?;
    let time = Duration::try_from(parsed).map_err(|_| wrong())?;
    if time > MAX_TIME {
        Err(wrong())
    } else {
        Ok(time)
    }
}

/// A time above zero.
///
/// # Errors
/// Says how to write one.
pub fn positive_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("write a time above zero, such as 500ms, 10s or 2m".to_owned()),
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{positive_time, time};

    #[test]
    fn times_are_parsed_and_others_refused() {
        for (text, expected) in [("0s", 0), ("500ms", 500), ("10s", 10_000), ("2m", 120_000)] {
            assert_eq!(time(text), Ok(Duration::from_millis(expected)), "{text}");
        }
        for text in ["", "10", "-1s", "25h", "soon"] {
            assert!(time(text).unwrap_err().contains("write a time"), "{text}");
        }
        assert!(positive_time("0s").is_err());
    }
}
