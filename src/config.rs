//! The command line, environment variables and the file of settings.
//!
//! Here: every command and option. Not here: which source of a setting counts ([`sources`]), rules
//! about combinations of options ([`serving`]), and the administrator's key, which is not an option
//! ([`admin_key`]).

mod addresses;
pub mod admin_key;
pub mod audit;
pub mod database;
pub mod documents;
pub mod file;
pub mod limits;
pub mod logs;
pub mod openid;
pub mod rates;
pub mod reports;
pub mod retention;
pub mod serving;
pub mod sources;

use std::{net::SocketAddr, path::PathBuf};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{BoolishValueParser, PossibleValuesParser},
};
use ipnet::IpNet;
use jiff::Timestamp;
use url::Url;

pub use self::database::DatabaseArgs;
use self::{
    addresses::{http_url, network},
    audit::{HeadsArgs, VerifyArgs},
    documents::{DocumentArgs, SchemaArgs},
    limits::LimitArgs,
    logs::LogArgs,
    openid::OpenIdArgs,
    rates::RateArgs,
    reports::ReportArgs,
    retention::RetentionArgs,
};
use crate::payments::{self, ProviderSettings};

/// GraphQL server for prepaid message credits.
#[derive(Debug, Parser)]
// An option before the command would be parsed as one of `serve`, and the command would ignore it.
#[command(
    name = "message-credits",
    version,
    about,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// A TOML file of settings: each key is an option's name, such as listen = "127.0.0.1:8080".
    /// Options and environment variables take precedence over it.
    #[arg(long, global = true, env = sources::CONFIG_VARIABLE, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Log lines and traces.
    #[command(flatten)]
    pub logs: LogArgs,
    /// The command; `serve` if left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `serve`, if no command is given.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve. A SQLite database is migrated first; on PostgreSQL an old schema is refused.
    Serve(ServeArgs),
    /// Fill an empty database with realistic demo data, then serve.
    Demo(ServeArgs),
    /// Migrate the database to this version's schema. Servers may be running; migrations at the
    /// same time wait for each other.
    Migrate(MigrateArgs),
    /// Copy a SQLite database to a new file, also while a server uses it.
    Backup(BackupArgs),
    /// Rebuild every balance from the postings and check every hash chain; exit 1 if anything
    /// differs. It only reads, and refuses a database that is empty or of another version.
    Verify(VerifyArgs),
    /// Write the head of every account's hash chain, signed, to be kept apart from the database:
    /// `verify --against` then finds a history that was shortened.
    Heads(HeadsArgs),
    /// Recompute the usage by day, which reports read, from the messages. The server may be
    /// running: meanwhile its reports are correct but slower.
    RebuildUsage(RebuildUsageArgs),
    /// Print the GraphQL schema; needs no database.
    Schema(SchemaArgs),
    /// Print every error code of the API with its cause and remedy, as Markdown.
    Errors,
    /// Ask the server on this machine whether it is ready; exit 1 if it isn't. For supervisors of
    /// containers.
    Healthcheck(HealthcheckArgs),
    /// Check and list settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Manage secrets: the server's own, which signs download links and addresses of approval
    /// pages, and the keys that credentials are encrypted with.
    #[command(subcommand)]
    Secret(SecretCommand),
}

/// Commands about settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print each setting that `serve` would use with these options, and where it comes from.
    /// Secrets are printed as set or not set. Exit 1 if `serve` would refuse anything.
    Check(Box<ServeArgs>),
    /// Print every setting as a Markdown table.
    Reference,
}

/// The server to ask.
#[derive(Debug, Clone, Copy, Args)]
pub struct HealthcheckArgs {
    /// The address and port that the server listens on.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The address and port of its separate listener, which is asked instead if there is one.
    #[arg(long, env = "ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// Ask only whether the process responds (/healthz), and not whether its database does.
    #[arg(long)]
    pub live: bool,
}

/// Commands about secrets.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Replace the secret, for example after the database was exposed. Existing links stop working
    /// at once, on every server of the database, without a restart.
    Renew(DatabaseArgs),
    /// Encrypt the credentials for payment providers with the first of the keys for secrets. Every
    /// server must have that key already; servers may be running. An interrupted run is continued
    /// by another.
    RotateKeys(RotateKeysArgs),
}

/// The secrets to encrypt anew.
#[derive(Debug, Args)]
pub struct RotateKeysArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The keys.
    #[command(flatten)]
    pub secret_keys: SecretKeyArgs,
}

/// The keys for secrets.
#[derive(Debug, Clone, Default, Args)]
pub struct SecretKeyArgs {
    /// A file with the keys that payment providers' credentials are encrypted with, one on a line:
    /// id:key, such as 2027:… with the output of `openssl rand -base64 32`. The first encrypts, and
    /// all decrypt. The environment variable SECRET_KEYS may hold the keys themselves, separated by
    /// commas.
    #[arg(long, env = "SECRET_KEYS_FILE", value_name = "FILE")]
    pub secret_keys_file: Option<PathBuf>,
}

/// Commands about API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key and print its secret, once.
    Create(CreateKeyArgs),
}

/// Whose usage to recompute.
#[derive(Debug, Args)]
pub struct RebuildUsageArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The account, such as account_01j…; every account if left out.
    #[arg(long)]
    pub account: Option<String>,
}

/// The key to create.
#[derive(Debug, Args)]
pub struct CreateKeyArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The key's role.
    #[arg(long, value_enum)]
    pub role: KeyRole,
    /// The account of the key, such as account_01j…; leave it out for the platform's roles.
    #[arg(long)]
    pub account: Option<String>,
    /// The key's name, for display.
    #[arg(long)]
    pub name: String,
}

/// The roles by their names in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyRole {
    /// Platform: everything.
    PlatformAdmin,
    /// Platform: read, report and grant credits.
    AccountManager,
    /// Account: everything in it.
    Owner,
    /// Account: lists, allocation, quotes and messages.
    Member,
    /// Account: read and report.
    Viewer,
    /// Account: a sending service.
    Sender,
}

/// The database to migrate.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// The database, as a role that owns its tables.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Roles of PostgreSQL, separated by commas, that get the rights to serve: they read and write
    /// rows, but neither change the tables nor alter the books. Name them in each migration.
    #[arg(
        long,
        env = "MIGRATE_GRANT",
        value_name = "ROLES",
        value_delimiter = ','
    )]
    pub grant: Vec<String>,
    /// Distribute the tables by account over the servers of a Citus cluster. Later migrations of
    /// the database keep them distributed, with or without this.
    #[arg(long, env = "MIGRATE_DISTRIBUTE")]
    pub distribute: bool,
}

/// The copy to write.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The file to write, which must not exist.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The address and port to listen on.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The address and port of a separate listener for /healthz, /readyz and /metrics, such as
    /// 127.0.0.1:9090: floods on the public listener don't delay it, and metrics are available
    /// there only, unless --metrics enables both. If left out, there is no such listener.
    #[arg(long, env = "ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// Where reports are read.
    #[command(flatten)]
    pub reports: ReportArgs,
    /// What is erased after which time.
    #[command(flatten)]
    pub retention: RetentionArgs,
    /// Rate limits.
    #[command(flatten)]
    pub rates: RateArgs,
    /// Limits of this process, and times.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Networks of the proxies in front, such as 10.0.0.0/8,127.0.0.1/32, whose X-Forwarded-For
    /// gives the client's address. If left out, the connection's address counts.
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_delimiter = ',',
        value_parser = network
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call /graphql and /downloads from a browser, such as
    /// https://app.example,http://localhost:3000, or * for any. If left out, only this server's
    /// own.
    #[arg(
        long,
        env = "CORS_ORIGINS",
        value_name = "ORIGINS",
        value_delimiter = ','
    )]
    pub cors_origins: Vec<String>,
    /// The URL at which clients reach this server; links begin with it. http://LISTEN if left out.
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", value_parser = http_url)]
    pub public_url: Option<Url>,
    /// A file with an API key that has the role PLATFORM_ADMIN, for the first steps: at least 32
    /// random bytes, such as the output of `openssl rand -base64 32`. The environment variable
    /// ADMIN_API_KEY may hold the key itself.
    #[arg(long, env = "ADMIN_API_KEY_FILE", value_name = "FILE")]
    pub admin_api_key_file: Option<PathBuf>,
    /// The keys that payment providers' credentials are encrypted with.
    #[command(flatten)]
    pub secret_keys: SecretKeyArgs,
    /// An OpenID provider.
    #[command(flatten)]
    pub openid: OpenIdArgs,
    /// Removed, and kept only to report that: every user of the machine can read command lines.
    #[arg(long, hide = true, value_name = "KEY")]
    pub admin_api_key: Option<String>,
    /// Rehearsal: start the server's clock at this instant, from which it runs on. Refused with a
    /// real payment provider.
    #[arg(long, value_name = "INSTANT")]
    pub clock_start: Option<Timestamp>,
    /// The provider of new payments. If left out, `demo` uses the sandbox and `serve` sells
    /// nothing. Payments begun with another provider are followed as long as its settings are
    /// given.
    #[arg(long, env = "PAYMENT_PROVIDER", value_parser = PossibleValuesParser::new(payments::NAMES))]
    pub payment_provider: Option<String>,
    /// Allow `serve` to use the sandbox, which charges nobody and gives real credits.
    #[arg(long, env = "ALLOW_SANDBOX", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_value = "false", default_missing_value = "true")]
    pub allow_sandbox: bool,
    /// The payment providers' settings.
    #[command(flatten)]
    pub providers: ProviderSettings,
    /// Which documents are run.
    #[command(flatten)]
    pub documents: DocumentArgs,
    /// What anonymous clients may see.
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// What anonymous clients may see. Each option takes true or false.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct ShownArgs {
    /// Serve in production: GraphiQL, introspection and public metrics are off unless enabled. If
    /// left out, production is assumed if --public-url is https.
    #[arg(long, env = "PRODUCTION", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub production: Option<bool>,
    /// Serve GraphiQL at /graphiql. If left out: unless in production.
    #[arg(long, env = "GRAPHIQL", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub graphiql: Option<bool>,
    /// Allow introspection of the schema, and suggest names in error messages. If left out: unless
    /// in production.
    #[arg(long, env = "INTROSPECTION", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub introspection: Option<bool>,
    /// Serve /metrics on the public listener. If left out: unless in production or with
    /// --admin-listen.
    #[arg(long, env = "METRICS", value_parser = BoolishValueParser::new(), num_args = 0..=1,
        require_equals = true, default_missing_value = "true")]
    pub metrics: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn networks_are_parsed_and_invalid_ones_refused() {
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
