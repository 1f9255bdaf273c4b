//! The errors that a client sees when a field fails, and the causes that it never sees.
//!
//! Here: the one error type of resolvers, its fixed texts and codes, and a last check of every
//! response that masks whatever slipped through. Not here: refusals that a caller can correct,
//! which are rows in a payload's `userErrors`.
//!
//! A non-null field (`T!`) returns `Result<T, ApiError>`; if it fails, its parent becomes null, as
//! the specification says. A nullable field returns `Option<Result<T, ApiError>>`
//! (`Result::transpose` makes one), and is null beside its error. `Result<Option<T>, ApiError>`
//! prints the same schema, but the engine then nulls the parent.

pub mod code;

use std::error::Error as StdError;
use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, Name, ServerError, Value};
use entity::sql_enums::Role;

use crate::{
    localization::{Language, Text},
    operations::policy::role_name,
};

pub use code::Code;

/// The most errors in a response. A list of 10,000 items that all fail must not answer with 10,000
/// errors.
pub const MAX_ERRORS: usize = 50;

/// The engine quotes the offending value in its messages, and a value may be as large as a request.
const MAX_MESSAGE_CHARS: usize = 500;

/// Why a resolver returns no value.
///
/// It has no `Display` and no `From` conversions: `?` on a database error doesn't compile, so its
/// text can't reach a client by accident.
#[derive(Clone, Debug)]
pub enum ApiError {
    /// Nobody is signed in.
    Unauthenticated,
    /// The viewer's role may not do this; these may.
    Forbidden(&'static [Role]),
    /// Only a key itself may do this, with one of these roles, and no access token.
    NeedsKey(&'static [Role]),
    /// It does not exist, or is not visible to this viewer. Clients can't tell the two apart.
    NotFound,
    /// The object that an argument names does not exist, or is not visible to this viewer.
    NothingAt {
        /// The path to the argument: `["input", "listIds", "3"]`.
        field: Vec<String>,
    },
    /// A value that can't be used.
    BadInput {
        /// The path to the value: `["input", "from"]`.
        field: Vec<String>,
        /// What is wrong with it, for the client.
        message: Text,
    },
    /// One or more values that can't be used, each with its path and a text for the client.
    BadInputs(Vec<(Vec<String>, Text)>),
    /// Too much at once.
    RateLimited,
    /// The request is over its budget; the error ends it ([`super::budget`]).
    OverBudget(ServerError),
    /// An argument that the engine could not read; its text is the engine's own.
    Engine(ServerError),
    /// A service that the answer depends on is down.
    Unavailable,
    /// The connection to the database was lost; whether anything was changed is unknown.
    Lost,
    /// The database failed before anything was changed.
    NotDone,
    /// The database did not say whether it made the change.
    Unknown,
    /// A fault of the server; its cause goes to the log only.
    Internal(Arc<dyn StdError + Send + Sync>),
}

impl ApiError {
    /// A value that can't be used, with the path to it and a text for the client.
    pub fn bad_input<S: Into<String>>(field: impl IntoIterator<Item = S>, message: Text) -> Self {
        Self::BadInput {
            field: field.into_iter().map(Into::into).collect(),
            message,
        }
    }

    /// A fault of the server, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    fn code(&self) -> Code {
        match self {
            Self::Unauthenticated => code::UNAUTHENTICATED,
            Self::Forbidden(_) | Self::NeedsKey(_) => code::FORBIDDEN,
            Self::NotFound | Self::NothingAt { .. } => code::NOT_FOUND,
            Self::BadInput { .. } | Self::BadInputs(_) | Self::Engine(_) => code::BAD_USER_INPUT,
            Self::RateLimited => code::RATE_LIMITED,
            Self::OverBudget(_) => code::OUTPUT_TOO_LARGE,
            Self::Unavailable | Self::Lost | Self::NotDone | Self::Unknown => code::UNAVAILABLE,
            Self::Internal(_) => code::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Carries a fault's cause through the engine to [`finish`], out of reach of any serializer.
struct Cause(Arc<dyn StdError + Send + Sync>);

fn set_field(extensions: &mut ErrorExtensionValues, field: Vec<String>) {
    let field = field.into_iter().map(Value::from).collect();
    extensions.set("field", Value::List(field));
}

/// What an error says, until the language of the answer is known: [`finish`] writes it.
struct Said {
    message: Text,
    /// Every invalid value if there are several. The error's own field and message are those of the
    /// first.
    all: Vec<(Vec<String>, Text)>,
}

impl Said {
    fn write(&self, error: &mut ServerError, language: Language) {
        error.message = self.message.in_language(language);
        let extensions = error
            .extensions
            .get_or_insert_with(ErrorExtensionValues::default);
        if !self.all.is_empty() {
            let row = |(field, message): &(Vec<String>, Text)| {
                let field = field.iter().cloned().map(Value::from).collect();
                let message = message.in_language(language);
                object([
                    ("field", Value::List(field)),
                    ("message", Value::from(message)),
                ])
            };
            extensions.set("all", Value::List(self.all.iter().map(row).collect()));
        }
    }
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.map(|(name, value)| (Name::new(name), value));
    Value::Object(entries.into_iter().collect())
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.code().name());
        let mut all = Vec::new();
        let message = match error {
            ApiError::Unauthenticated => {
                text!("Sign in first: send an API key or a token as a Bearer.")
            }
            ApiError::Forbidden(roles) => {
                let names: Vec<_> = roles.iter().copied().map(role_name).collect();
                let message = match names.as_slice() {
                    [] => text!("This needs a key with a role that nobody has."),
                    [role] => text!("This needs a key with the role {role}.", role = role),
                    [first @ .., last] => text!(
                        "This needs a key with the role {roles} or {last}.",
                        roles = first.join(", "),
                        last = last,
                    ),
                };
                let names = names.into_iter().map(Value::from).collect();
                extensions.set("roles", Value::List(names));
                message
            }
            ApiError::NeedsKey(roles) => {
                let names = roles.iter().copied().map(role_name).map(Value::from);
                extensions.set("roles", Value::List(names.collect()));
                text!(
                    "This needs an API key: an access token can't see or change keys, or make tokens."
                )
            }
            ApiError::NotFound => nothing_there(),
            ApiError::NothingAt { field } => {
                set_field(&mut extensions, field);
                nothing_there()
            }
            ApiError::BadInput { field, message } => {
                set_field(&mut extensions, field);
                message
            }
            ApiError::BadInputs(rows) => {
                all = rows;
                let Some((field, message)) = all.first().cloned() else {
                    return ApiError::internal("no value is invalid").into();
                };
                set_field(&mut extensions, field);
                message
            }
            ApiError::OverBudget(error) => {
                return Self {
                    message: error.message,
                    source: None,
                    extensions: error.extensions,
                };
            }
            ApiError::Engine(error) => Text::of_others(error.message),
            ApiError::RateLimited => text!("Too many requests; try again later."),
            ApiError::Unavailable => text!("This is out of order just now; try again later."),
            ApiError::Lost => {
                text!(
                    "The connection to the database was lost. What was only read can be asked for again; whether a \
                     change was made is not known: look before you repeat it, or repeat it with its idempotency key."
                )
            }
            ApiError::NotDone => {
                text!("The database failed and nothing was changed; try again later.")
            }
            ApiError::Unknown => {
                text!(
                    "The database did not say whether this was done. Repeat it with the same \
                     idempotency key: it answers what was done, and does it only if it was not."
                )
            }
            ApiError::Internal(cause) => {
                return Self {
                    message: internal_text().english(),
                    source: Some(Arc::new(Cause(cause))),
                    extensions: Some(extensions),
                };
            }
        };
        Self {
            message: message.english(),
            source: Some(Arc::new(Said { message, all })),
            extensions: Some(extensions),
        }
    }
}

fn nothing_there() -> Text {
    text!("There is no such thing, or it is not yours.")
}

fn internal_text() -> Text {
    text!("Something went wrong on our side. Quote the request id when you ask about it.")
}

/// An error with a code and a text for the client, outside any resolver.
pub(crate) fn coded(code: Code, message: impl Into<String>) -> ServerError {
    let mut error = ServerError::new(message, None);
    set(&mut error, "code", code.name());
    error
}

/// The error for a request whose execution panicked; the panic goes to the log.
pub(crate) fn crashed(
    panic: &(dyn std::any::Any + Send),
    request_id: &str,
    language: Language,
) -> ServerError {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text");
    tracing::error!(request_id, cause = text, "a resolver panicked");
    masked(ServerError::new("", None), request_id, language)
}

/// The last check of errors before they are sent: gives each a code and its text in the language
/// of the answer, logs and masks internal ones, and keeps the first [`MAX_ERRORS`].
pub(crate) fn finish(
    errors: Vec<ServerError>,
    request_id: &str,
    language: Language,
) -> Vec<ServerError> {
    let found = errors.len();
    // Faults beyond the cap are logged too: finish_one runs before anything is dropped.
    let mut finished: Vec<ServerError> = errors
        .into_iter()
        .map(|error| finish_one(error, request_id, language))
        .collect();
    if found > MAX_ERRORS {
        // The order is that of validation or of completion, so the first are as good as any.
        finished.truncate(MAX_ERRORS - 1);
        let left_out = found - finished.len();
        finished.push(coded(
            code::ERRORS_LEFT_OUT,
            text!("{count} more errors are left out.", count = left_out).in_language(language),
        ));
    }
    finished
}

fn finish_one(mut error: ServerError, request_id: &str, language: Language) -> ServerError {
    if let Some(Cause(cause)) = error.source::<Cause>() {
        log_fault(&error, &chain(cause.as_ref()), request_id);
        return masked(error, request_id, language);
    }
    let said = error.source.take_if(|source| source.is::<Said>());
    if let Some(said) = said.as_deref().and_then(|said| said.downcast_ref::<Said>()) {
        said.write(&mut error, language);
    }
    if code_of(&error).is_none() {
        if error.source.is_some() {
            // `?` turned a type with `Display` into an error. Its text was not written for clients.
            log_fault(&error, &error.message, request_id);
            return masked(error, request_id, language);
        }
        // An error without code and source is the engine's own. One of validation has no path; one
        // about an argument has the path of its field.
        let code = if error.path.is_empty() {
            code::GRAPHQL_VALIDATION_FAILED
        } else {
            code::BAD_USER_INPUT
        };
        set(&mut error, "code", code.name());
    }
    let path = &error.path;
    tracing::debug!(
        code = code_of(&error).map(Code::name),
        ?path,
        "a field was refused"
    );
    if error.message.chars().nth(MAX_MESSAGE_CHARS).is_some() {
        error.message = error.message.chars().take(MAX_MESSAGE_CHARS).collect();
        error.message.push('…');
    }
    error
}

/// Extracts the error of a request over its budget. It replaces all others.
pub(crate) fn take_over_budget(errors: &mut Vec<ServerError>) -> Option<ServerError> {
    let is_it = |error: &ServerError| {
        matches!(
            code_of(error),
            Some(code::OUTPUT_TOO_LARGE | code::TIMED_OUT)
        )
    };
    let place = errors.iter().position(is_it)?;
    let mut error = errors.swap_remove(place);
    error.path = Vec::new();
    error.locations = Vec::new();
    Some(error)
}

pub(super) fn code_of(error: &ServerError) -> Option<Code> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Code::find(code),
        _ => None,
    }
}

fn log_fault(error: &ServerError, cause: &str, request_id: &str) {
    let path = serde_json::to_string(&error.path).unwrap_or_default();
    tracing::error!(request_id, path, cause, "a field failed");
}

fn masked(error: ServerError, request_id: &str, language: Language) -> ServerError {
    let mut masked = ServerError::new(internal_text().in_language(language), None);
    masked.locations = error.locations;
    masked.path = error.path;
    set(&mut masked, "code", code::INTERNAL_SERVER_ERROR.name());
    set(&mut masked, "requestId", request_id);
    masked
}

fn set(error: &mut ServerError, name: &str, value: &str) {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set(name, value);
}

/// An error and its sources on one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
