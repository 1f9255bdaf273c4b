//! The file of settings: TOML, whose keys are options.
//!
//! Here: which keys it may have, and of which kind. Not here: the options themselves, and which
//! source of a setting counts ([`super::sources`]).

use std::{
    any::TypeId,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, Command, builder::Resettable};
use toml::Value;

use super::sources::{is_secret, settings};

/// The largest file that is read, in bytes: several hundred times what all settings take.
const MAX_BYTES: u64 = 1024 * 1024;
/// How similar an unknown key must be to a setting to be taken for it, from 0 to 1.
const SIMILAR: f64 = 0.7;

/// The settings of a file: the values of each option, as texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSettings {
    path: PathBuf,
    values: BTreeMap<String, Vec<String>>,
}

/// Why a file of settings is refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file can't be read.
    #[error("the settings in {} can't be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The file isn't TOML.
    #[error("{} isn't a TOML file: {cause}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The parser's error, with line and column.
        cause: String,
    },
    /// A key or its value is wrong.
    #[error("{}: {key}: {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

/// The kind of value that an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Switch,
    Number,
    Text,
}

impl FileSettings {
    /// Reads a file, whose keys must be settings of this command line.
    ///
    /// # Errors
    /// The file can't be read, or names the key that is wrong and says what would be right.
    pub fn read(path: &Path, command: &Command) -> Result<Self, FileError> {
        let unreadable = |cause| FileError::Unreadable {
            path: path.to_owned(),
            cause,
        };
        let size = fs::metadata(path).map_err(unreadable)?.len();
        if size > MAX_BYTES {
            let cause = io::Error::other("it has more than 1 MiB");
            return Err(unreadable(cause));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(path, &text, command)
    }

    /// The settings of a file's text.
    ///
    /// # Errors
    /// The text isn't TOML, or a key or its value is wrong.
    pub fn parse(path: &Path, text: &str, command: &Command) -> Result<Self, FileError> {
        let table: toml::Table = text.parse().map_err(|cause: toml::de::Error| {
            let cause = cause.to_string();
            FileError::Syntax {
                path: path.to_owned(),
                cause: cause.trim_end().to_owned(),
            }
        })?;
        let known = settings(command);
        let mut values = BTreeMap::new();
        for (key, value) in &table {
            let wrong = |problem| FileError::Key {
                path: path.to_owned(),
                key: key.clone(),
                problem,
            };
            let name = key.replace('_', "-");
            let arg = known
                .get(&name)
                .ok_or_else(|| wrong(unknown(&name, command)))?;
            let texts = texts(arg, value).map_err(wrong)?;
            for text in &texts {
                check(arg, &name, text).map_err(wrong)?;
            }
            if values.insert(name.clone(), texts).is_some() {
                return Err(wrong(format!("{name} is set twice; set it once")));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            values,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file sets this option.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.values.contains_key(option)
    }

    /// The values of an option, if the file sets it.
    #[must_use]
    pub fn values(&self, option: &str) -> Option<&[String]> {
        self.values.get(option).map(Vec::as_slice)
    }
}

/// What would be right instead of a key that is no setting.
fn unknown(name: &str, command: &Command) -> String {
    if is_secret(name, command) {
        return format!(
            "a secret can't be in this file: put it into a file of its own, and set {name}-file to its path"
        );
    }
    if let Some(owner) = owner(name, command) {
        return format!("this is an option of `{owner}` on the command line, and not a setting");
    }
    let known = settings(command);
    let nearest = known
        .keys()
        .map(|key| (strsim::jaro_winkler(name, key), key))
        .filter(|(similar, _)| *similar >= SIMILAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, key)) => format!("there is no such setting; did you mean {key}?"),
        None => "there is no such setting; `message-credits config reference` lists all".to_owned(),
    }
}

/// The command that has an option of this name, which is not a setting.
fn owner(name: &str, command: &Command) -> Option<String> {
    if command
        .get_arguments()
        .any(|arg| arg.get_long() == Some(name))
    {
        return Some(command.get_name().to_owned());
    }
    command
        .get_subcommands()
        .find_map(|inner| owner(name, inner))
}

/// The texts of a value; each is parsed like the option's value on the command line.
fn texts(arg: &Arg, value: &Value) -> Result<Vec<String>, String> {
    let is_list = arg.get_value_delimiter().is_some();
    match value {
        Value::Array(values) if is_list => {
            let texts = values.iter().map(|value| text(arg, value, is_list));
            texts.collect()
        }
        value => text(arg, value, is_list).map(|text| vec![text]),
    }
}

fn text(arg: &Arg, value: &Value, is_list: bool) -> Result<String, String> {
    let found = match (kind(arg), value) {
        (Kind::Switch, Value::Boolean(value)) => return Ok(value.to_string()),
        (Kind::Number, Value::Integer(value)) => return Ok(value.to_string()),
        (Kind::Text, Value::String(value)) => return Ok(value.clone()),
        (_, Value::String(_)) => "text",
        (_, Value::Integer(_)) => "a number",
        (_, Value::Float(_)) => "a number with a fraction",
        (_, Value::Boolean(_)) => "true or false",
        (_, Value::Datetime(_)) => "a date",
        (_, Value::Array(_)) => "a list",
        (_, Value::Table(_)) => "a table",
    };
    let expected = match (kind(arg), is_list) {
        (Kind::Switch, _) => "true or false, without quotation marks",
        (Kind::Number, _) => "a whole number, without quotation marks",
        (Kind::Text, false) => "text in quotation marks",
        (Kind::Text, true) => "text in quotation marks, or a list of such texts in brackets",
    };
    Err(format!("this must be {expected}, and is {found}"))
}

/// The kind of an option, by the type that its parser returns.
fn kind(arg: &Arg) -> Kind {
    let parsed = arg.get_value_parser().type_id();
    let is_of = |types: &[TypeId]| types.iter().any(|one| parsed == *one);
    if is_of(&[TypeId::of::<bool>()]) {
        return Kind::Switch;
    }
    let numbers = [
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<i32>(),
        TypeId::of::<i64>(),
    ];
    if is_of(&numbers) {
        Kind::Number
    } else {
        Kind::Text
    }
}

/// Checks a value with the option's own parser.
fn check(arg: &Arg, name: &str, text: &str) -> Result<(), String> {
    let alone = arg
        .clone()
        .action(ArgAction::Set)
        .env(Resettable::Reset)
        .required(false)
        .global(false);
    let parsed = Command::new("settings")
        .no_binary_name(true)
        .disable_help_flag(true)
        .arg(alone)
        .try_get_matches_from([format!("--{name}={text}")]);
    parsed.map(drop).map_err(|cause| {
        let said = cause.to_string();
        let said = said.split("\n\nFor more").next().unwrap_or_default();
        let said = said.strip_prefix("error: ").unwrap_or(said);
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

#[cfg(test)]
mod tests;
