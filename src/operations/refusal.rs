//! Why an operation has no result: refusals that the caller can correct, and all other errors.
//!
//! A refusal becomes a row of a mutation's `userErrors`, or the error of a query. The cause of a
//! fault goes to the log alone.

use std::sync::Arc;

use domain::{book, credits::ParseCreditsError, ending::NoEnding};
use entity::sql_enums::Role;
use sea_orm::{DbErr, RuntimeErr};

use crate::{
    ledger::{Refused, SubmitError},
    localization::Text,
    store::sql::{errors, lost_connections::lost_the_connection},
    telemetry::episode::DATABASE,
};

/// The kind of a refusal, by which clients branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// A value can't be used.
    Invalid,
    /// It does not exist, or is not the caller's.
    NotFound,
    /// Its state doesn't allow this.
    Conflict,
    /// There are not enough credits.
    InsufficientCredits,
    /// None of the recipients is in a country of the rate card.
    UnsupportedDestination,
    /// The idempotency key was used before with other arguments.
    IdempotencyKeyReused,
    /// The payment provider refused, or can't be reached.
    PaymentFailed,
    /// The account has as many of these as it may, or created too many in a short time.
    LimitReached,
}

/// Why an operation was refused, and which argument is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The path to the argument, such as `input`, `allocations`, `0`, `assigned`.
    pub field: Vec<String>,
    /// For the caller: what is wrong and what would be right.
    pub message: Text,
    /// The kind of the refusal.
    pub code: RefusalCode,
}

/// A path to an argument, usually below `input`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<String>);

impl Path {
    /// The path `input.<name>`.
    #[must_use]
    pub fn input(name: &str) -> Self {
        Self(vec!["input".to_owned(), name.to_owned()])
    }

    /// The path of a query's argument.
    #[must_use]
    pub fn argument(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// The path of a field or position below this one.
    #[must_use]
    pub fn at(&self, step: impl ToString) -> Self {
        let mut path = self.0.clone();
        path.push(step.to_string());
        Self(path)
    }

    /// A refusal that names this path.
    #[must_use]
    pub fn refuse(&self, code: RefusalCode, message: Text) -> Refusal {
        Refusal {
            field: self.0.clone(),
            message,
            code,
        }
    }

    /// The refusal of a value that can't be used.
    #[must_use]
    pub fn invalid(&self, message: Text) -> Refusal {
        self.refuse(RefusalCode::Invalid, message)
    }

    /// The refusal of something that doesn't exist or isn't visible to the caller, which look the
    /// same.
    #[must_use]
    pub fn not_found(&self, what: Text) -> Refusal {
        self.refuse(
            RefusalCode::NotFound,
            text!("There is no such {what}.", what = what),
        )
    }
}

/// Why an operation has no result.
#[derive(Debug)]
pub enum OperationError {
    /// The caller can correct the request. It has at least one row.
    Refused(Vec<Refusal>),
    /// The request has no valid key.
    Unauthenticated,
    /// The caller's role may not do this; these may.
    Forbidden(&'static [Role]),
    /// Only a key itself may do this, with one of these roles, and no access token.
    NeedsKey(&'static [Role]),
    /// Too many requests at once; the same request may succeed later.
    RateLimited,
    /// The server is stopping, or its database is away.
    Unavailable,
    /// The connection to the database broke. A read can be repeated; for a write it is unknown
    /// whether it took effect.
    Lost,
    /// The database failed before anything was done.
    NotDone,
    /// It is unknown whether it was done. Repeating it with the same key finds out.
    Unknown,
    /// Not the caller's fault. The text is for the log.
    Fault(Fault),
}

impl From<domain::fault::Fault> for OperationError {
    fn from(fault: domain::fault::Fault) -> Self {
        Self::broken(fault.to_string())
    }
}

/// The cause of a fault of the server.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// An assumption of the server is violated.
    #[error("{0}")]
    Broken(String),
}

impl From<Refusal> for OperationError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<DbErr> for OperationError {
    fn from(cause: DbErr) -> Self {
        out_of_reach(&cause).unwrap_or_else(|| Fault::Database(cause).into())
    }
}

impl From<Arc<DbErr>> for OperationError {
    fn from(cause: Arc<DbErr>) -> Self {
        match Arc::try_unwrap(cause) {
            Ok(cause) => cause.into(),
            Err(shared) => out_of_reach(&shared)
                .unwrap_or_else(|| Self::broken(format!("the database failed: {shared}"))),
        }
    }
}

/// The error for a cause that only says that the database is away.
fn out_of_reach(cause: &DbErr) -> Option<OperationError> {
    errors::count(cause);
    if matches!(
        cause,
        DbErr::ConnectionAcquire(_) | DbErr::Conn(RuntimeErr::Internal(_))
    ) {
        DATABASE.failed(cause);
        return Some(OperationError::Unavailable);
    }
    lost_the_connection(cause).then(|| {
        DATABASE.failed(cause);
        OperationError::Lost
    })
}

impl From<Fault> for OperationError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl OperationError {
    /// A fault for a violated assumption.
    pub fn broken(what: impl Into<String>) -> Self {
        Self::Fault(Fault::Broken(what.into()))
    }

    /// The error for an answer of the ledger. `amount` is the argument that requested the credits.
    pub fn from_ledger(error: SubmitError, amount: &Path) -> Self {
        match error {
            fault @ SubmitError::Fault { .. } => Self::broken(fault.to_string()),
            SubmitError::Refused(refused) => refusal(refused, amount).into(),
            SubmitError::AccountBusy => Self::RateLimited,
            SubmitError::Busy | SubmitError::Late | SubmitError::Stopped => Self::Unavailable,
            // The causes are logged already.
            SubmitError::NotDone(_) => Self::NotDone,
            SubmitError::Unknown(_) => Self::Unknown,
        }
    }
}

fn refusal(refused: Refused, amount: &Path) -> Refusal {
    use RefusalCode::{Conflict, IdempotencyKeyReused, InsufficientCredits};
    match refused {
        Refused::Book(book::Refusal::Insufficient { needed, available }) => amount.refuse(
            InsufficientCredits,
            text!(
                "{needed} credits are needed and {available} are available.",
                needed = needed,
                available = available
            ),
        ),
        Refused::Book(book::Refusal::UnknownLot) => Path::input("lotId").not_found(text!("lot")),
        Refused::Book(book::Refusal::NotHeld) => Path::input("messageId").refuse(
            Conflict,
            text!("The message was settled or cancelled already."),
        ),
        Refused::Book(book::Refusal::AlreadyHeld) => {
            Path::input("messageId").refuse(Conflict, text!("The message is scheduled already."))
        }
        Refused::Book(book::Refusal::NotPositive) => {
            amount.invalid(text!("Must be more than zero."))
        }
        Refused::Book(book::Refusal::TooMany) => amount.invalid(text!(
            "The account would have more than {limit} credits.",
            limit = book::Book::MAX_TOTAL
        )),
        Refused::Book(book::Refusal::NoSuchDay) => amount.invalid(text!(
            "A lot's expiration day is outside the calendar of the account's time zone."
        )),
        Refused::KeyReused => Path::input("idempotencyKey").refuse(
            IdempotencyKeyReused,
            text!("This key was used with other arguments; a new request needs a new key."),
        ),
        Refused::UnknownAccount => Path::input("accountId").not_found(text!("account")),
        Refused::UnknownList(_) => Path::input("listId").not_found(text!("list")),
        Refused::ContactsRemoved => Path::input("listId").refuse(
            Conflict,
            text!("Contacts are being removed from the list; try again when they are gone."),
        ),
        Refused::MessageChanged => Path::input("messageId").refuse(
            Conflict,
            text!("The message is being changed by other requests; try again."),
        ),
        Refused::MessageDue => Path::input("messageId").refuse(
            Conflict,
            text!("The message's time has come, so that it can't be changed any more."),
        ),
        Refused::ScheduledMessages(_) => Path::input("listId").refuse(
            Conflict,
            text!("The list has scheduled messages; send or cancel them first."),
        ),
        Refused::NoEnding(why) => Path::input("messageId").refuse(Conflict, no_ending(why)),
        Refused::UnknownPurchase => Path::input("purchaseId").not_found(text!("purchase")),
        Refused::PurchaseClosed | Refused::AlreadyCredited => {
            Path::input("purchaseId").refuse(Conflict, text!("The purchase was decided already."))
        }
        Refused::NotPaid => Path::input("purchaseId").refuse(
            Conflict,
            text!("The purchase isn't paid, so that nothing can be taken back of it."),
        ),
        Refused::AlreadyReversed => Path::input("purchaseId").refuse(
            Conflict,
            text!("As much was taken back of the purchase already."),
        ),
        Refused::UnknownLot => Path::input("purchaseId").refuse(
            Conflict,
            text!("The lot that the purchase bought was not recorded."),
        ),
    }
}

/// Why a scheduled message can't end in the requested way, and how it will end.
fn no_ending(why: NoEnding) -> Text {
    match why {
        NoEnding::Due => {
            text!(
                "The message's time has come: the server charges it for all who have not left the list. settleMessage without sent does so at once."
            )
        }
        NoEnding::NotDue => {
            text!("The message's time has not come, or the server does not settle it.")
        }
        NoEnding::AtTheSendingService => {
            text!(
                "The message's time has come: only the platform and its sending service (a SENDER key) can still cancel it."
            )
        }
    }
}

/// What is wrong with an amount of credits, in words for the caller.
#[must_use]
pub fn credits_message(error: ParseCreditsError) -> Text {
    match error {
        ParseCreditsError::Malformed => {
            text!(
                "Must be a plain decimal number with at most 4 fraction digits, such as \"3306\" or \"21.489\"."
            )
        }
        ParseCreditsError::TooPrecise => text!("Must have at most 4 fraction digits."),
        ParseCreditsError::TooLarge => text!("Must be at most 1000000000000 credits."),
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};

    use super::OperationError;

    #[test]
    fn database_errors_are_classified() {
        let lost = || {
            let cause = sqlx::Error::Io(io::Error::from(io::ErrorKind::BrokenPipe));
            DbErr::Query(RuntimeErr::SqlxError(Arc::new(cause)))
        };
        assert!(matches!(lost().into(), OperationError::Lost));
        // Others hold it too if the read was shared.
        let shared = Arc::new(lost());
        assert!(matches!(shared.clone().into(), OperationError::Lost));
        let absent = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        assert!(matches!(absent.into(), OperationError::Unavailable));
        let other = DbErr::RecordNotFound("an account".to_owned());
        assert!(matches!(other.into(), OperationError::Fault(_)));
    }
}
