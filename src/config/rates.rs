//! The rate limits that an operator may set.
//!
//! Here: the options. Not here: what enforces them ([`crate::http`]).

use clap::Args;

use super::limits::whole;

/// Rate limits in requests per second. A large request counts as several, and a burst may use ten
/// seconds' worth at once; 0 means no limit.
#[derive(Debug, Clone, Copy, Args)]
pub struct RateArgs {
    /// Requests per second of an address without a key; 0 means no limit.
    #[arg(long, env = "RATE_LIMIT_ADDRESS", value_name = "NUMBER", default_value_t = 100,
        value_parser = rate)]
    pub rate_limit_address: u32,
    /// Requests per second of a key of an account; 0 means no limit.
    #[arg(long, env = "RATE_LIMIT_KEY", value_name = "NUMBER", default_value_t = 2_000,
        value_parser = rate)]
    pub rate_limit_key: u32,
    /// Requests per second of an account, all its keys together; 0 means no limit.
    #[arg(long, env = "RATE_LIMIT_ACCOUNT", value_name = "NUMBER", default_value_t = 4_000,
        value_parser = rate)]
    pub rate_limit_account: u32,
    /// Requests per second of a key of the platform; 0 means no limit.
    #[arg(long, env = "RATE_LIMIT_PLATFORM", value_name = "NUMBER", default_value_t = 10_000,
        value_parser = rate)]
    pub rate_limit_platform: u32,
}

/// Requests per second.
fn rate(text: &str) -> Result<u32, String> {
    whole(0, 1_000_000_000)(text)
}
