//! Every error code with its cause and remedy, for docs/errors.md.
//!
//! Here: both kinds of codes in one form. Not here: the texts, which are beside the codes
//! ([`code`], [`UserErrorCode`]), and the page ([`crate::commands`]).

use async_graphql::{
    parser::{
        parse_schema,
        types::{TypeKind, TypeSystemDefinition},
    },
    resolver_utils::EnumType,
};

use super::{
    engine::{errors::code, request::UserErrorCode},
    schema::sdl,
};

/// A code with its texts, each in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCode {
    /// The code, such as `NOT_FOUND`.
    pub name: &'static str,
    /// When it is sent.
    pub cause: String,
    /// What a client does about it.
    pub remedy: &'static str,
}

/// The codes in `extensions.code` of an answer's errors.
#[must_use]
pub fn of_extensions() -> Vec<ErrorCode> {
    let code = |known: &code::Known| ErrorCode {
        name: known.code.name(),
        cause: line(known.cause),
        remedy: known.remedy,
    };
    code::ALL.iter().map(code).collect()
}

/// The codes in `userErrors`. Their causes are the descriptions of the enum's values in the schema.
///
/// # Errors
/// If the schema has no description of a value.
pub fn of_user_errors() -> Result<Vec<ErrorCode>, String> {
    let described = descriptions("UserErrorCode");
    let code = |name: &'static str, remedy| {
        let found = described.iter().find(|(value, _)| value == name);
        let (_, cause) = found.ok_or_else(|| format!("{name} has no description"))?;
        Ok(ErrorCode {
            name,
            cause: line(cause),
            remedy,
        })
    };
    let items = UserErrorCode::items().iter();
    items
        .map(|item| code(item.name, item.value.remedy()))
        .collect()
}

/// The values of an enum with their descriptions.
fn descriptions(name: &str) -> Vec<(String, String)> {
    let Ok(document) = parse_schema(sdl()) else {
        return Vec::new();
    };
    let values = document.definitions.into_iter().find_map(|definition| {
        let TypeSystemDefinition::Type(found) = definition else {
            return None;
        };
        match found.node.kind {
            TypeKind::Enum(values) if found.node.name.node == name => Some(values.values),
            _ => None,
        }
    });
    let values = values.into_iter().flatten().map(|value| value.node);
    values
        .filter_map(|value| Some((value.value.node.to_string(), value.description?.node)))
        .collect()
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
