//! Where settings come from: the command line, the environment, a file, or the default, in this
//! order.
//!
//! A file's values become the defaults of the options, so that every source goes through the same
//! parsers and gets the same messages. An option that may hold a password (its values are hidden in
//! the help) has a companion that names a file with the value, like every other secret.
//!
//! Here: reading all sources. Not here: the options ([`super`]), what a file may contain
//! ([`super::file`]), secrets that are not options ([`crate::secret_file`]), and the report of what
//! counts ([`in_force`]).

mod in_force;

use std::{collections::BTreeMap, env, ffi::OsString, path::PathBuf};

use clap::{
    Arg, ArgMatches, Command, CommandFactory, FromArgMatches, parser::ValueSource, value_parser,
};
use secrecy::{ExposeSecret, SecretString};

pub use self::in_force::InForce;
use super::{
    Cli,
    file::{FileError, FileSettings},
};
use crate::{
    secret_file::{self, SecretFileError},
    version,
};

/// The option that names the file of settings.
const CONFIG: &str = "config";
/// The variable that names it.
pub const CONFIG_VARIABLE: &str = "CONFIG_FILE";
/// The longest value of an option in a file of its own, in bytes.
const MAX_SECRET_BYTES: usize = 16 * 1024;

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The command line or the environment; also a request for help or the version.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The file of settings.
    #[error(transparent)]
    File(#[from] FileError),
    /// A secret's file.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The command and its options.
    pub cli: Cli,
    /// The command's settings in force, in the order of the help.
    pub in_force: Vec<InForce>,
}

/// A setting as the documentation lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The option, such as --listen; `None` for a secret, which is never an option.
    pub option: Option<String>,
    /// The environment variable.
    pub variable: String,
    /// The default; empty if there is none.
    pub default: String,
    /// What it sets.
    pub help: String,
}

/// The command line with every option.
#[must_use]
pub fn command() -> Command {
    with_secret_files(Cli::command().version(version::line()))
}

/// The settings by name: the options of any command that have an environment variable. They may be
/// in a file.
#[must_use]
pub fn settings(command: &Command) -> BTreeMap<String, Arg> {
    let mut found = BTreeMap::new();
    collect(command, &mut |arg, name| {
        if name != CONFIG {
            found.entry(name.to_owned()).or_insert_with(|| arg.clone());
        }
    });
    found
}

/// Whether a name is that of a secret that is no option, such as admin-api-key.
#[must_use]
pub fn is_secret(name: &str, command: &Command) -> bool {
    secrets(command)
        .keys()
        .any(|variable| option_of(variable) == name)
}

/// Every setting and secret, by option and then by variable.
#[must_use]
pub fn described() -> Vec<Described> {
    let command = command();
    let mut options = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    collect(&command, &mut |arg, name| {
        if names.insert(name.to_owned()) {
            options.push(Described {
                option: Some(format!("--{name}")),
                variable: variable_of(arg).unwrap_or_default(),
                default: joined(arg.get_default_values()),
                help: help_of(arg),
            });
        }
    });
    let secrets = secrets(&command).into_keys().map(|variable| Described {
        option: None,
        help: format!(
            "The secret itself, instead of a file that --{}-file names.",
            option_of(&variable)
        ),
        default: String::new(),
        variable,
    });
    options.extend(secrets);
    options.sort_by_key(|one| {
        (
            one.option.is_none(),
            one.option.clone(),
            one.variable.clone(),
        )
    });
    options
}

/// Reads the command line, the environment and the file of settings.
///
/// # Errors
/// A source has something that is unknown or can't be parsed, or a secret is given twice.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Read, ReadError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut command = command();
    let file = match config_file(&args) {
        Some(path) => FileSettings::read(&path, &command)?,
        None => FileSettings::default(),
    };
    command = with_defaults(command, &|name| file.values(name).map(<[String]>::to_vec));
    let mut matches = command.clone().try_get_matches_from(&args)?;
    let secrets = {
        let (leaf, found) = leaf(&command, &matches);
        values_of_secret_files(leaf, found, &file)?
    };
    if !secrets.is_empty() {
        command = with_defaults(command, &|name| {
            let value: &SecretString = secrets.get(name)?;
            Some(vec![value.expose_secret().to_owned()])
        });
        matches = command.clone().try_get_matches_from(&args)?;
    }
    let in_force = {
        let (leaf, found) = leaf(&command, &matches);
        in_force::of((&command, leaf), found, &file, &secrets)
    };
    Ok(Read {
        cli: Cli::from_arg_matches(&matches)?,
        in_force,
    })
}

/// Calls `take` with each option that has an environment variable, of the command and of those
/// below it, and the option's name.
fn collect(command: &Command, take: &mut impl FnMut(&Arg, &str)) {
    for arg in command.get_arguments() {
        if let (Some(name), Some(_), false) = (arg.get_long(), arg.get_env(), arg.is_hide_set()) {
            take(arg, name);
        }
    }
    for inner in command.get_subcommands() {
        collect(inner, take);
    }
}

/// The secrets that aren't options: the variable of each, and the option that names its file.
fn secrets(command: &Command) -> BTreeMap<String, Arg> {
    let (mut files, mut variables) = (BTreeMap::new(), Vec::new());
    collect(command, &mut |arg, name| {
        let variable = variable_of(arg).unwrap_or_default();
        // Options of another name, such as --config, name files that are no secrets of this form.
        if let Some(secret) = secret_file::secret_of(&variable)
            && name == format!("{}-file", option_of(secret))
        {
            files.insert(secret.to_owned(), arg.clone());
        }
        variables.push(variable);
    });
    files.retain(|secret, _| !variables.contains(secret));
    files
}

/// Adds to each option that may hold a password one that names a file with the value.
fn with_secret_files(command: Command) -> Command {
    let companions: Vec<Arg> = command
        .get_arguments()
        .filter(|arg| arg.is_hide_env_values_set())
        .filter_map(companion)
        .collect();
    command.args(companions).mut_subcommands(with_secret_files)
}

fn companion(arg: &Arg) -> Option<Arg> {
    let (name, variable) = (arg.get_long()?, variable_of(arg)?);
    let id = format!("{}_file", arg.get_id());
    let help = format!("A file with the value of --{name}, which may hold a password.");
    let named = Arg::new(id)
        .long(format!("{name}-file"))
        .env(format!("{variable}_FILE"));
    Some(
        named
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(help),
    )
}

/// Replaces the defaults of options by the values that `values` has for their names.
fn with_defaults(command: Command, values: &impl Fn(&str) -> Option<Vec<String>>) -> Command {
    command
        .mut_args(|arg| {
            let name = arg.get_long().map(str::to_owned);
            let is_setting = arg.get_env().is_some();
            match name.filter(|_| is_setting).and_then(|name| values(&name)) {
                Some(values) if !values.is_empty() => {
                    let is_hidden = arg.is_hide_env_values_set();
                    arg.default_values(values).hide_default_value(is_hidden)
                }
                Some(_) | None => arg,
            }
        })
        .mut_subcommands(|inner| with_defaults(inner, values))
}

/// The file of settings that the command line names, or else the environment.
fn config_file(args: &[OsString]) -> Option<PathBuf> {
    let mut words = args.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let word = word.to_str().unwrap_or_default();
        let Some(rest) = word.strip_prefix("--config") else {
            continue;
        };
        if rest.is_empty() {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = rest.strip_prefix('=') {
            return Some(path.into());
        }
    }
    env::var_os(CONFIG_VARIABLE)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// The command that runs, and its matches.
fn leaf<'a>(
    mut command: &'a Command,
    mut matches: &'a ArgMatches,
) -> (&'a Command, &'a ArgMatches) {
    while let Some((name, inner)) = matches.subcommand()
        && let Some(found) = command.find_subcommand(name)
    {
        (command, matches) = (found, inner);
    }
    (command, matches)
}

/// The values of options whose files were named, by the options' names.
fn values_of_secret_files(
    command: &Command,
    matches: &ArgMatches,
    file: &FileSettings,
) -> Result<BTreeMap<String, SecretString>, SecretFileError> {
    let mut values = BTreeMap::new();
    for arg in command.get_arguments() {
        let (Some(name), Some(variable)) = (arg.get_long(), variable_of(arg)) else {
            continue;
        };
        if !arg.is_hide_env_values_set() {
            continue;
        }
        let named = matches.try_get_one::<PathBuf>(&format!("{}_file", arg.get_id()));
        let Ok(Some(path)) = named else {
            continue;
        };
        let is_given = matches!(
            matches.value_source(arg.get_id().as_str()),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        );
        if is_given || file.has(name) {
            return Err(SecretFileError::Twice { variable });
        }
        let text = secret_file::text_of(&variable, path, MAX_SECRET_BYTES)?;
        values.insert(name.to_owned(), text);
    }
    Ok(values)
}

fn variable_of(arg: &Arg) -> Option<String> {
    let name = arg.get_env()?;
    Some(name.to_string_lossy().into_owned())
}

/// The name of the option that a variable would belong to.
fn option_of(variable: &str) -> String {
    variable.to_ascii_lowercase().replace('_', "-")
}

fn help_of(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let text = help.map(ToString::to_string).unwrap_or_default();
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

fn joined<T: AsRef<std::ffi::OsStr>>(values: impl IntoIterator<Item = T>) -> String {
    values
        .into_iter()
        .map(|value| value.as_ref().to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests;
