//! The options of retention: what is erased after which time.
//!
//! Here: the options and their bounds. Not here: erasing ([`crate::operations::retention`]).

use clap::{Args, builder::RangedU64ValueParser};

/// The least number of days that keys are kept: a client that repeats a request after a failure, or
/// a platform that replays its log after a restore, is done by then.
const LEAST_KEY_DAYS: u32 = 30;
/// The most, a hundred years.
const MOST_KEY_DAYS: u32 = 36_500;

/// What is erased after which time.
#[derive(Debug, Clone, Copy, Args)]
pub struct RetentionArgs {
    /// Months after their sendAt at which the names and texts of messages are erased, with what
    /// imports kept of their files, from 1 to 1,200. An account may have its own. If left out, they
    /// are kept for good.
    #[arg(long, env = "RETENTION_MONTHS", value_name = "MONTHS",
        value_parser = RangedU64ValueParser::<u32>::new().range(1..=1_200))]
    pub retention_months: Option<u32>,
    /// Days after which an idempotency key ends, from 30 to 36,500: the same key is a new one then.
    /// 0 for never.
    #[arg(long, env = "IDEMPOTENCY_KEY_DAYS", value_name = "DAYS", default_value = "90",
        value_parser = key_days)]
    pub idempotency_key_days: u32,
}

/// The days that a key is kept, or 0.
///
/// # Errors
/// Says which numbers are allowed.
pub fn key_days(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(days) if days == 0 || (LEAST_KEY_DAYS..=MOST_KEY_DAYS).contains(&days) => Ok(days),
        _ => Err(format!(
            "write a number of days from {LEAST_KEY_DAYS} to {MOST_KEY_DAYS}, or 0 for never"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::key_days;

    #[test]
    fn keys_are_kept_for_30_days_at_least() {
        for (text, expected) in [("0", 0), ("30", 30), ("90", 90), ("36500", 36_500)] {
            assert_eq!(key_days(text), Ok(expected), "{text}");
        }
        for text in ["", "1", "29", "-30", "36501", "90d"] {
            assert!(
                key_days(text).unwrap_err().contains("from 30 to 36500"),
                "{text}"
            );
        }
    }
}
