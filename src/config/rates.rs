//! The rate limits that an operator may set.
//!
//! Here: the options. Not here: what enforces them ([`crate::http`]).

use clap::Args;
use entity::sql_enums::Role;
use sea_orm::ActiveEnum;

use super::limits::whole;

/// Rate limits in requests, and in the weight of operations, per second. A large request counts as
/// several, and a burst may use ten seconds' worth at once; 0 means no limit.
#[derive(Debug, Clone, Args)]
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
    /// The weight of operations per second of an address without a key; 0 means no limit.
    #[arg(long, env = "COST_LIMIT_ADDRESS", value_name = "POINTS", default_value_t = 20_000,
        value_parser = rate)]
    pub cost_limit_address: u32,
    /// The weight of operations per second of a key; 0 means no limit.
    #[arg(long, env = "COST_LIMIT_KEY", value_name = "POINTS", default_value_t = 500_000,
        value_parser = rate)]
    pub cost_limit_key: u32,
    /// Roles whose keys have another limit than --cost-limit-key, separated by commas, such as
    /// VIEWER=50000,SENDER=1000000.
    #[arg(long, env = "COST_LIMIT_ROLES", value_name = "ROLE=POINTS", value_delimiter = ',',
        value_parser = role)]
    pub cost_limit_roles: Vec<(Role, u32)>,
    /// The number of servers that share these limits: each grants its part of them. Set it where a
    /// balancer spreads every client's requests over all servers.
    #[arg(long, env = "RATE_LIMIT_SERVERS", value_name = "NUMBER", default_value_t = 1,
        value_parser = servers)]
    pub rate_limit_servers: u32,
}

/// A role's own limit.
fn role(text: &str) -> Result<(Role, u32), String> {
    let wrong = || format!("{text:?} must be a role and its points, such as VIEWER=50000");
    let (name, points) = text.split_once('=').ok_or_else(wrong)?;
    let role = Role::try_from_value(&name.to_owned()).map_err(|_| wrong())?;
    Ok((role, rate(points)?))
}

fn servers(text: &str) -> Result<u32, String> {
    whole(1, 1_000)(text)
}

/// Requests or points per second.
fn rate(text: &str) -> Result<u32, String> {
    whole(0, 1_000_000_000)(text)
}
