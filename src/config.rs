//! What the server is told on its command line or in its environment.
//!
//! Here: every command and option. Not here: what follows from several options together ([`serving`]), and the
//! administrator's key, which is no option ([`admin_key`]).

pub mod admin_key;
pub mod serving;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::BoolishValueParser};
use ipnet::IpNet;
use jiff::Timestamp;
use url::Url;

/// GraphQL server for prepaid message credits.
#[derive(Debug, Parser)]
// An option before the command would be taken for one of serving, and left out by the command.
#[command(
    name = "message-credits",
    version,
    about,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; serve where left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve, where no command is given.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve. A SQLite database is migrated first; on PostgreSQL an old schema is refused.
    Serve(ServeArgs),
    /// Fill an empty database with a believable platform, then serve.
    Demo(ServeArgs),
    /// Bring the database to this version's schema.
    Migrate(DatabaseArgs),
    /// Rebuild every balance from the postings and walk every chain; exit 1 where anything differs.
    Verify(DatabaseArgs),
    /// Add up again, from the messages, the usage by day that reports are read from. The server may be running:
    /// its reports stay right meanwhile, and take longer.
    RebuildUsage(RebuildUsageArgs),
    /// Print the GraphQL schema; needs no database.
    Schema,
    /// Keys for the API.
    #[command(subcommand)]
    Key(KeyCommand),
    /// The server's secret, which download links and addresses of approve pages are signed with.
    #[command(subcommand)]
    Secret(SecretCommand),
}

/// The server's secret.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Make a new one, for when the database was seen by others. Links that were handed out stop working, at once
    /// and on every server of the database, without a restart.
    Renew(DatabaseArgs),
}

/// Keys for the API.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print its secret, once.
    Create(CreateKeyArgs),
}

/// Whose usage to add up again.
#[derive(Debug, Args)]
pub struct RebuildUsageArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The account, such as account_01j…; every account where left out.
    #[arg(long)]
    pub account: Option<String>,
}

/// Which key to make.
#[derive(Debug, Args)]
pub struct CreateKeyArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// What it may do.
    #[arg(long, value_enum)]
    pub role: KeyRole,
    /// The account that it opens, such as account_01j…; left out for the platform's roles.
    #[arg(long)]
    pub account: Option<String>,
    /// Shown to people.
    #[arg(long)]
    pub name: String,
}

/// The roles by their names in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyRole {
    /// The platform: everything.
    PlatformAdmin,
    /// The platform: reads, reports and grants.
    AccountManager,
    /// An account: everything in it.
    Owner,
    /// An account: lists, allocation, quotes, messages.
    Member,
    /// An account: reads and reports.
    Viewer,
    /// An account: a sending service.
    Sender,
}

/// Which database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// Where the data is: sqlite://FILE?mode=rwc or postgres://USER@HOST/NAME.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://message-credits.db?mode=rwc",
        hide_env_values = true
    )]
    pub database_url: String,
}

/// How to serve.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Where to listen.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where to answer /healthz, /readyz and /metrics apart from all else, such as 127.0.0.1:9090: floods on the other
    /// listener don't delay it, and metrics are shown there alone unless --metrics asks for both. If left out, there
    /// is no such listener.
    #[arg(long, env = "ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// How fast each may ask.
    #[command(flatten)]
    pub rates: RateArgs,
    /// Networks of the proxies in front, such as 10.0.0.0/8,127.0.0.1/32: their X-Forwarded-For says where a request
    /// comes from. None if left out: the address of the connection counts.
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_delimiter = ',',
        value_parser = network
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins of pages that may call /graphql and fetch /downloads from a browser, such as
    /// https://app.example,http://localhost:3000, or * for any. None but this server's own if left out.
    #[arg(
        long,
        env = "CORS_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    pub cors_origins: Vec<String>,
    /// Where clients reach this server; links begin with it. http://LISTEN where left out.
    #[arg(long, env = "PUBLIC_URL")]
    pub public_url: Option<Url>,
    /// A file with a key that is a PLATFORM_ADMIN, for the first steps: at least 32 random bytes, such as
    /// `openssl rand -base64 32` prints. The environment variable ADMIN_API_KEY may hold the key itself.
    #[arg(long, env = "ADMIN_API_KEY_FILE", value_name = "FILE")]
    pub admin_api_key_file: Option<PathBuf>,
    /// Removed, and kept only to say so: every user of the machine can read command lines.
    #[arg(long, hide = true, value_name = "KEY")]
    pub admin_api_key: Option<String>,
    /// Rehearsal: the server's clock starts at this instant and runs on. Refused with a real payment provider.
    #[arg(long, value_name = "INSTANT")]
    pub clock_start: Option<Timestamp>,
    /// Who takes the payments. If left out, `demo` uses the sandbox and `serve` sells nothing.
    #[arg(long, env = "PAYMENT_PROVIDER", value_enum)]
    pub payment_provider: Option<PaymentProvider>,
    /// Allow `serve` to use the sandbox, which charges nobody and gives real credits.
    #[arg(long, env = "ALLOW_SANDBOX", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_value = "false", default_missing_value = "true")]
    pub allow_sandbox: bool,
    /// What may be shown to strangers.
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// What may be shown to strangers. Each option takes true or false.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ShownArgs {
    /// Serve in production: GraphiQL, introspection and public metrics are off unless they are asked for. If left
    /// out, this is so if --public-url is https.
    #[arg(long, env = "PRODUCTION", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub production: Option<bool>,
    /// Serve GraphiQL at /graphiql.
    #[arg(long, env = "GRAPHIQL", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub graphiql: Option<bool>,
    /// Answer questions about the schema, and suggest names in error messages.
    #[arg(long, env = "INTROSPECTION", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub introspection: Option<bool>,
    /// Serve /metrics to whoever reaches the API.
    #[arg(long, env = "METRICS", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub metrics: Option<bool>,
}

/// How fast each may ask: requests a second. A large request counts as several, and ten seconds' worth may come at
/// once; 0 is no limit.
#[derive(Debug, Clone, Copy, Args)]
pub struct RateArgs {
    /// Requests a second of an address without a key; 0 is no limit.
    #[arg(long, env = "RATE_LIMIT_ADDRESS", default_value_t = 100)]
    pub rate_limit_address: u32,
    /// Requests a second of a key of an account; 0 is no limit.
    #[arg(long, env = "RATE_LIMIT_KEY", default_value_t = 2_000)]
    pub rate_limit_key: u32,
    /// Requests a second of an account, all its keys together; 0 is no limit.
    #[arg(long, env = "RATE_LIMIT_ACCOUNT", default_value_t = 4_000)]
    pub rate_limit_account: u32,
    /// Requests a second of a key of the platform; 0 is no limit.
    #[arg(long, env = "RATE_LIMIT_PLATFORM", default_value_t = 10_000)]
    pub rate_limit_platform: u32,
}

/// A network such as 10.0.0.0/8, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| {
            "write a network such as 10.0.0.0/8, or an address such as 10.0.0.1".to_owned()
        })
}

/// Who takes the payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PaymentProvider {
    /// Nobody: a page of the server's own with Approve and Decline.
    Sandbox,
}

impl PaymentProvider {
    /// Whether real money moves.
    #[must_use]
    pub fn is_real(self) -> bool {
        match self {
            Self::Sandbox => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn networks_are_read_and_nonsense_is_refused() {
        let networks = |text| {
            let cli = Cli::try_parse_from(["message-credits", "--trusted-proxies", text]);
            cli.map(|cli| cli.serve.trusted_proxies)
        };
        let found: Vec<String> = networks("10.0.0.0/8, 192.0.2.1,fd00::/8")
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]);
        let refused = networks("10.0.0.0/33").unwrap_err().to_string();
        assert!(refused.contains("write a network such as"), "{refused}");
    }
}
