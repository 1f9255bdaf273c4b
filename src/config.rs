//! What the server is told on its command line or in its environment.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use secrecy::SecretString;
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
    /// Where clients reach this server; links begin with it. http://LISTEN where left out.
    #[arg(long, env = "PUBLIC_URL")]
    pub public_url: Option<Url>,
    /// A key that is a PLATFORM_ADMIN, for the first steps; at least 16 bytes.
    #[arg(long, env = "ADMIN_API_KEY", hide_env_values = true)]
    pub admin_api_key: Option<SecretString>,
    /// Rehearsal: the server's clock starts at this instant and runs on. Refused with a real payment provider.
    #[arg(long, value_name = "INSTANT")]
    pub clock_start: Option<Timestamp>,
    /// Who takes the payments.
    #[arg(long, env = "PAYMENT_PROVIDER", value_enum, default_value_t = PaymentProvider::Sandbox)]
    pub payment_provider: PaymentProvider,
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
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
