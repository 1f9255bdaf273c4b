//! The context of a resolver, and how an operation's outcome becomes an answer.
//!
//! Here: services, viewer, id arguments, `userErrors`. Not here: what operations do
//! ([`crate::operations`]).

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, SimpleObject};
use uuid::Uuid;

use super::{errors::ApiError, loaders::Loaders, measured};
use crate::{
    localization::{Language, Text},
    operations::{
        Fault, OperationError, Refusal, RefusalCode, Services, Viewer, ViewerReader,
        policy::authorise,
    },
};

/// The operations behind the schema.
///
/// # Errors
/// A fault, if the schema was built without them.
pub fn services<'a>(ctx: &Context<'a>) -> Result<&'a Services, ApiError> {
    ctx.data()
        .map_err(|error| ApiError::internal(Fault::Broken(error.message)))
}

/// Reads for the viewer, below a root field that was already authorised.
///
/// # Errors
/// Unauthenticated.
pub fn reader(ctx: &Context<'_>) -> Result<ViewerReader, ApiError> {
    let loaders = ctx.data_opt::<Loaders>();
    let loaders = loaders.ok_or(ApiError::Unauthenticated)?;
    Ok(loaders.reader().clone())
}

/// The viewer, if the root field is open to its role.
///
/// # Errors
/// Unauthenticated or Forbidden.
pub fn viewer_of(ctx: &Context<'_>, root_field: &str) -> Result<Viewer, ApiError> {
    Ok(authorise(ctx.data_opt::<Viewer>(), root_field)?)
}

/// The viewer below a root field that was already authorised.
///
/// # Errors
/// Unauthenticated.
pub fn viewer(ctx: &Context<'_>) -> Result<Viewer, ApiError> {
    ctx.data_opt::<Viewer>()
        .cloned()
        .ok_or(ApiError::Unauthenticated)
}

/// In a query a refusal is the field's error.
impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Refused(refusals) => refused(refusals),
            OperationError::Unauthenticated => Self::Unauthenticated,
            OperationError::Forbidden(roles) => Self::Forbidden(roles),
            OperationError::NeedsKey(roles) => Self::NeedsKey(roles),
            OperationError::RateLimited => Self::RateLimited,
            OperationError::Unavailable => Self::Unavailable,
            OperationError::Lost => Self::Lost,
            OperationError::NotDone => Self::NotDone,
            OperationError::Unknown => Self::Unknown,
            OperationError::Fault(fault) => Self::internal(fault),
        }
    }
}

/// The error of fields that were read together: each field reports it.
impl From<Arc<OperationError>> for ApiError {
    fn from(shared: Arc<OperationError>) -> Self {
        match &*shared {
            OperationError::Refused(refusals) => refused(refusals.clone()),
            OperationError::Unauthenticated => Self::Unauthenticated,
            OperationError::Forbidden(roles) => Self::Forbidden(roles),
            OperationError::NeedsKey(roles) => Self::NeedsKey(roles),
            OperationError::RateLimited => Self::RateLimited,
            OperationError::Unavailable => Self::Unavailable,
            OperationError::Lost => Self::Lost,
            OperationError::NotDone => Self::NotDone,
            OperationError::Unknown => Self::Unknown,
            OperationError::Fault(fault) => Self::internal(Fault::Broken(fault.to_string())),
        }
    }
}

fn refused(mut refusals: Vec<Refusal>) -> ApiError {
    match refusals.len() {
        0 => ApiError::internal(Fault::Broken("refused without a reason".into())),
        1 => ApiError::from(refusals.remove(0)),
        _ => {
            let rows = refusals.into_iter();
            ApiError::BadInputs(rows.map(|one| (one.field, one.message)).collect())
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal.code {
            RefusalCode::NotFound => Self::NothingAt {
                field: refusal.field,
            },
            RefusalCode::Invalid
            | RefusalCode::Conflict
            | RefusalCode::InsufficientCredits
            | RefusalCode::UnsupportedDestination
            | RefusalCode::IdempotencyKeyReused
            | RefusalCode::PaymentFailed
            | RefusalCode::LimitReached => ApiError::BadInput {
                field: refusal.field,
                message: refusal.message,
            },
        }
    }
}

/// A refusal as a row of a payload's `userErrors`.
#[derive(Debug, Clone)]
pub struct UserError(Refusal);

/// A reason why a mutation was refused, which the caller can correct. Any other failure is a
/// top-level error with `extensions.code`.
#[Object]
impl UserError {
    /// The path to the argument, such as `["input", "allocations", "0", "assigned"]`; null if it is
    /// about no argument.
    async fn field(&self) -> Option<&[String]> {
        (!self.0.field.is_empty()).then_some(&self.0.field)
    }

    /// What is wrong, the limit, and what would be right: in Italian if the request's
    /// `Accept-Language` prefers it, otherwise in English.
    async fn message(&self, ctx: &Context<'_>) -> String {
        self.0.message.in_language(language(ctx))
    }

    /// The message in English with a place such as `{available}` for each of its details, as a key
    /// for translations. Braces of the text itself are doubled. Templates may change, codes don't.
    async fn template(&self) -> &str {
        self.0.message.template()
    }

    /// The values in the places of the template, such as how many credits are needed and available.
    async fn details(&self) -> Vec<ErrorDetail> {
        let values = self.0.message.values();
        values
            .map(|(name, value)| ErrorDetail {
                name,
                value: value.into_owned(),
            })
            .collect()
    }

    /// The kind of the refusal.
    async fn code(&self) -> UserErrorCode {
        self.0.code.into()
    }
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

/// A value in an error's message.
#[derive(Debug, Clone, SimpleObject)]
pub struct ErrorDetail {
    /// The name of its place in the template, such as `available`.
    name: &'static str,
    /// The value. Numbers are plain decimals without separators: `21.489`.
    value: String,
}

/// The language of an answer's texts.
pub fn language(ctx: &Context<'_>) -> Language {
    ctx.data_opt().copied().unwrap_or_default()
}

/// The kind of the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "RefusalCode")]
pub enum UserErrorCode {
    /// The value of an argument can't be used.
    Invalid,
    /// The object doesn't exist or isn't visible to the caller.
    NotFound,
    /// The object's state doesn't allow the mutation.
    Conflict,
    /// The credits don't suffice.
    InsufficientCredits,
    /// The rate card serves none of the recipients.
    UnsupportedDestination,
    /// The idempotency key was used before with other arguments.
    IdempotencyKeyReused,
    /// The payment provider refused, or couldn't be reached.
    PaymentFailed,
    /// The account has as many of these objects as it may have, or made too many in a short time.
    /// The message says how many, and what makes room.
    LimitReached,
}

impl UserErrorCode {
    /// What a client does about it, for docs/errors.md.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Invalid => "Correct the value at `field`; the message says what would be right.",
            Self::NotFound => "Check the id, and that the object belongs to the key's account.",
            Self::Conflict => {
                "Do what the message asks for first, or read the object again: it may have changed meanwhile."
            }
            Self::InsufficientCredits => {
                "Buy credits, assign more of them to the list, or reach fewer recipients. The message says how many are needed and available."
            }
            Self::UnsupportedDestination => {
                "Choose recipients in countries of the account's rate card, or ask the platform for another card."
            }
            Self::IdempotencyKeyReused => {
                "Send a new key with a new request. Only the same request may be repeated with its key."
            }
            Self::PaymentFailed => {
                "Do what the message says. If the provider couldn't be reached, repeat the mutation later."
            }
            Self::LimitReached => "Make room as the message says, or wait.",
        }
    }
}

/// Turns an operation's outcome into a payload: its result, or the refusals as `userErrors`.
///
/// # Errors
/// Failures that the caller can't correct.
pub fn payload<T>(
    result: Result<T, OperationError>,
) -> Result<(Option<T>, Vec<UserError>), ApiError> {
    match result {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(OperationError::Refused(refusals)) => {
            if let Some(first) = refusals.first() {
                measured::user_error(first.code, &first.field);
            }
            Ok((None, refusals.into_iter().map(Into::into).collect()))
        }
        Err(other) => Err(other.into()),
    }
}

/// Parses an id argument. An id of another kind, or a malformed one, becomes the id of nothing: the
/// operation looks it up and refuses it together with everything else that is wrong with its input.
#[must_use]
pub fn id<T: super::ids::PublicId>(text: &async_graphql::ID) -> T {
    T::decode(text).unwrap_or_else(|| T::from(Uuid::nil()))
}

/// Parses an optional id argument, as [`id`] does.
#[must_use]
pub fn optional_id<T: super::ids::PublicId>(text: Option<&async_graphql::ID>) -> Option<T> {
    text.map(id)
}

/// A text that was written in English, such as one that a job stored, in the language of the
/// answer.
#[must_use]
pub fn written(ctx: &Context<'_>, english: &str) -> String {
    match language(ctx) {
        Language::English => english.to_owned(),
        other => Text::written(english).in_language(other),
    }
}
