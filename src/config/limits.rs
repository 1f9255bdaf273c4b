//! Limits and times that an operator may set.
//!
//! Here: the options, their defaults and their bounds. Not here: what enforces them
//! ([`crate::http`], [`crate::lifecycle`]), and the limits of an account, which are the same on
//! every server.

use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

/// The longest time that an option may set: a day.
const MAX_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Limits of this process, and times.
#[derive(Debug, Clone, Copy, Args)]
pub struct LimitArgs {
    /// Client connections open at a time, WebSockets included. The process needs as many files
    /// (`ulimit -Hn`) and 256 more; if it may not have them, the limit is lowered.
    #[arg(long, env = "MAX_CLIENTS", value_name = "NUMBER", default_value = "4096",
        value_parser = whole::<usize>(4, 1_000_000))]
    pub max_clients: usize,
    /// Client connections that have shown no API key; they are included in --max-clients. Beyond
    /// it, the oldest connection of the address with the most is closed.
    #[arg(long, env = "MAX_ANONYMOUS_CLIENTS", value_name = "NUMBER", default_value = "1024",
        value_parser = whole::<usize>(1, 1_000_000))]
    pub max_anonymous_clients: usize,
    /// GraphQL requests with a key that run at once. An account may use a quarter of them, and a
    /// key half of that; others wait up to 5 seconds.
    #[arg(long, env = "MAX_REQUESTS", value_name = "NUMBER", default_value = "1024",
        value_parser = whole::<usize>(8, 1_000_000))]
    pub max_requests: usize,
    /// Requests with files that run at once. Each keeps up to --max-upload-mib on disk, in the
    /// folder that TMPDIR names.
    #[arg(long, env = "MAX_UPLOADS", value_name = "NUMBER", default_value = "12",
        value_parser = whole::<usize>(1, 10_000))]
    pub max_uploads: usize,
    /// The largest file that may be uploaded, in MiB. A proxy in front must allow one MiB more.
    #[arg(long, env = "MAX_UPLOAD_MIB", value_name = "MIB", default_value = "256",
        value_parser = whole::<usize>(1, 2_048))]
    pub max_upload_mib: usize,
    /// Files that are generated for downloads at once. Each takes a connection to the database, up
    /// to three threads and up to 10 MB.
    #[arg(long, env = "MAX_DOWNLOADS", value_name = "NUMBER", default_value = "6",
        value_parser = whole::<usize>(1, 1_000))]
    pub max_downloads: usize,
    /// Files of one account that are generated for downloads at once.
    #[arg(long, env = "MAX_ACCOUNT_DOWNLOADS", value_name = "NUMBER", default_value = "2",
        value_parser = whole::<usize>(1, 1_000))]
    pub max_account_downloads: usize,
    /// Imports that run at once; a workbook counts as two. An account may use half of them, and at
    /// least two; others wait up to 15 seconds.
    #[arg(long, env = "MAX_IMPORTS", value_name = "NUMBER", default_value = "4",
        value_parser = whole::<usize>(2, 1_000))]
    pub max_imports: usize,
    /// How long a request may take before it is answered with UNAVAILABLE; what it began goes on.
    /// Downloads, requests with files and WebSockets have limits of their own.
    #[arg(long, env = "REQUEST_TIMEOUT", value_name = "TIME", default_value = "30s",
        value_parser = positive_time)]
    pub request_timeout: Duration,
    /// How long a request with files may take, its import included.
    #[arg(long, env = "UPLOAD_TIMEOUT", value_name = "TIME", default_value = "30m",
        value_parser = positive_time)]
    pub upload_timeout: Duration,
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

/// A parser of whole numbers from `least` to `most`, whose refusals say what would be right.
pub fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.trim().parse().ok();
        number
            .filter(|number| (least..=most).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("write a whole number from {least} to {most}"))
    }
}

/// A parser of times from `least` to `most`, whose refusals say what would be right.
pub fn time_between(
    least: Duration,
    most: Duration,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| {
        let found = time(text).ok();
        found
            .filter(|time| (least..=most).contains(time))
            .ok_or_else(|| {
                let [least, most] = [least, most]
                    .map(|time| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX));
                format!("write a time from {least:#} to {most:#}, such as 10s or 2m")
            })
    }
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

    use super::{positive_time, time, time_between, whole};

    #[test]
    fn numbers_outside_of_their_bounds_are_refused_with_the_bounds() {
        let parse = whole::<u16>(2, 40);
        assert_eq!(parse(" 40 "), Ok(40));
        for text in ["1", "41", "x", "-2", "2.5", "", "99999999999999999999"] {
            let refused = parse(text).unwrap_err();
            assert_eq!(refused, "write a whole number from 2 to 40", "{text}");
        }
    }

    #[test]
    fn times_outside_of_their_bounds_are_refused_with_the_bounds() {
        let parse = time_between(Duration::from_secs(1), Duration::from_secs(3_600));
        assert_eq!(parse("1m"), Ok(Duration::from_secs(60)));
        for text in ["999ms", "61m", "10", "x"] {
            let refused = parse(text).unwrap_err();
            assert_eq!(
                refused, "write a time from 1s to 1h, such as 10s or 2m",
                "{text}"
            );
        }
    }

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
