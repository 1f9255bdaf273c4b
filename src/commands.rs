//! The commands: serve, demo, migrate, backup, verify, heads, rebuild-usage, schema, errors,
//! healthcheck, config, key, secret.
//!
//! Here: which function runs for which command. Not here: the options ([`crate::config`]).

mod audit;
mod config;
mod database;
mod documents;
mod errors;
mod healthcheck;
mod keys;
mod serve;

use std::{io::Write, process::ExitCode};

use domain::id::AccountId;

use crate::{
    config::{Command, ConfigCommand, KeyCommand, SecretCommand, serving::Purpose, sources::Read},
    graphql::{engine::ids::PublicId, federation, schema},
};

/// Why a command failed, worded for the operator.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs a command to its end. The exit code is 1 if it found something wrong.
///
/// # Errors
/// Why the command could not do its work.
pub async fn run(read: Read) -> Result<ExitCode, Failure> {
    let Read { cli, in_force } = read;
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::serve(args, Purpose::Platform).await,
        Command::Demo(args) => serve::serve(args, Purpose::Demo).await,
        Command::Migrate(args) => database::migrate(&args).await,
        Command::Backup(args) => database::backup(&args),
        Command::Verify(args) => audit::verify(&args).await,
        Command::Heads(args) => audit::heads(&args).await,
        Command::RebuildUsage(args) => database::rebuild_usage(&args).await,
        Command::Schema(args) => {
            let sdl = if args.federation {
                federation::subgraph_sdl()
            } else {
                schema::sdl()
            };
            print(&sdl)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Errors => errors::errors(),
        Command::Healthcheck(args) => healthcheck::healthcheck(&args),
        Command::Config(ConfigCommand::Check(args)) => config::check(&args, &in_force).await,
        Command::Config(ConfigCommand::Reference) => config::reference(),
        Command::Key(KeyCommand::Create(args)) => keys::create_key(args).await,
        Command::Secret(SecretCommand::Renew(args)) => keys::renew_secret(&args).await,
        Command::Secret(SecretCommand::RotateKeys(args)) => keys::rotate_keys(&args).await,
    }
}

/// A number of things, such as "1 account" and "2 accounts".
fn many(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

fn account_id(text: &str) -> Result<AccountId, Failure> {
    Ok(AccountId::decode(text).ok_or("--account must be an id such as account_01j…")?)
}

/// Writes to standard output; a closed pipe is an error like any other.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
