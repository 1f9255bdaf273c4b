//! Which settings are in force, and where each comes from.
//!
//! Here: the report. Not here: the sources themselves ([`super`]).

use std::{collections::BTreeMap, env, path::Path};

use clap::{ArgMatches, Command, parser::ValueSource};
use secrecy::SecretString;

use super::{joined, option_of, variable_of};
use crate::config::file::FileSettings;

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Its name: the option without its dashes, and the key in a file.
    pub name: String,
    /// Its value. A secret's is "set" or "not set".
    pub value: String,
    /// Where it comes from.
    pub source: String,
}

/// The settings of a command below the root, each with its source. Those that every command has
/// come first.
pub(super) fn of(
    (root, command): (&Command, &Command),
    matches: &ArgMatches,
    file: &FileSettings,
    secrets: &BTreeMap<String, SecretString>,
) -> Vec<InForce> {
    let mut rows = Vec::new();
    let everywhere = root.get_arguments().filter(|arg| {
        let is_own = command
            .get_arguments()
            .any(|own| own.get_id() == arg.get_id());
        arg.is_global_set() && !is_own
    });
    for arg in everywhere.chain(command.get_arguments()) {
        let (Some(name), Some(variable), false) =
            (arg.get_long(), variable_of(arg), arg.is_hide_set())
        else {
            continue;
        };
        let values = matches.try_get_raw(arg.get_id().as_str()).ok().flatten();
        let value = match values {
            None => "not set".to_owned(),
            Some(_) if arg.is_hide_env_values_set() => "set".to_owned(),
            Some(values) => joined(values),
        };
        let source = match matches.value_source(arg.get_id().as_str()) {
            None => String::new(),
            Some(ValueSource::CommandLine) => format!("option --{name}"),
            Some(ValueSource::EnvVariable) => format!("environment {variable}"),
            Some(_) if secrets.contains_key(name) => format!("file of --{name}-file"),
            Some(_) if file.has(name) => in_file(file.path()),
            Some(_) => "default".to_owned(),
        };
        rows.push(InForce {
            name: name.to_owned(),
            value,
            source,
        });
    }
    for (variable, arg) in super::secrets(command) {
        let named = matches.try_get_raw(arg.get_id().as_str()).ok().flatten();
        let name = option_of(&variable);
        let source = match (env::var_os(&variable), named) {
            (Some(_), _) => format!("environment {variable}"),
            (None, Some(_)) => format!("file of --{name}-file"),
            (None, None) => String::new(),
        };
        let value = if source.is_empty() { "not set" } else { "set" };
        rows.push(InForce {
            name,
            value: value.to_owned(),
            source,
        });
    }
    rows
}

fn in_file(path: &Path) -> String {
    format!("file {}", path.display())
}
