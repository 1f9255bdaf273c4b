//! Retention: what is erased after a time.
//!
//! Here: the settings, and the job that works on two sweeps, one process at a time, in parts of a
//! bounded number of rows: [`texts`] erases names and texts of old messages and what imports kept
//! of old files (law E1), and [`keys`] ends idempotency keys. Not here: what archiving a list
//! deletes ([`super::contact`]), and erasing one person ([`person`]).

mod keys;
mod person;
mod texts;

use domain::id::AccountId;
use entity::{account, retention_task};
use jiff::SignedDuration;

pub use person::{ErasePerson, Erased, MAX_MESSAGES};
pub use texts::MAX_MONTHS;

use super::{OperationError, Path, Services};
use crate::{clock, store};

/// How long a process has a sweep for itself. A part takes a second or two; if the process dies,
/// another one goes on after this time.
const CLAIM: SignedDuration = SignedDuration::from_mins(1);
/// How long after the start of a sweep over texts the next one begins.
const TEXTS_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// How long after the start of a sweep over keys the next one begins: it reads the whole table.
const KEYS_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What a platform erases after which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Months after which texts are erased in accounts without a setting of their own; `None` if
    /// they are kept for good.
    pub months: Option<u32>,
    /// Days after which idempotency keys end; `None` if they never do.
    pub key_days: Option<u32>,
}

/// What one part of a sweep did.
#[derive(Debug)]
struct Part {
    /// Rows that were erased.
    erased: usize,
    /// Where the sweep goes on; `None` at its end.
    next: Option<String>,
}

impl Services {
    /// The months after which an account's texts are erased; `None` if they are kept for good.
    #[must_use]
    pub fn retention_months(&self, account: &account::Model) -> Option<u32> {
        self.months_of(account.retention_months)
    }

    /// An account's own months, or the platform's.
    fn months_of(&self, own: Option<i32>) -> Option<u32> {
        match own {
            Some(own) => Some(own.unsigned_abs()),
            None => self.0.parts.retention.months,
        }
    }

    /// Does a part of each sweep that is due and that no other process works on. Returns how many
    /// rows it erased: texts, rows of imports, and keys.
    ///
    /// # Errors
    /// Fails only with faults of the database. The next call goes on where this one stopped.
    pub async fn erase_what_is_old(&self) -> Result<usize, OperationError> {
        let now = self.clock().now();
        let until = clock::later(now, CLAIM);
        let claimed = store::retention::claim_due(self.store().writer(), now, until).await?;
        let mut erased = 0;
        for task in claimed {
            let part = if task.name == store::retention::KEYS {
                self.end_keys(&task.position).await?
            } else {
                self.erase_texts(&task.position).await?
            };
            erased += part.erased;
            self.give_up(&task, part.next).await?;
        }
        Ok(erased)
    }

    /// Lets anybody do the next part of a sweep. While a sweep goes on it stays due since its
    /// start, so that the metric of what is late shows how long it takes.
    async fn give_up(
        &self,
        task: &retention_task::Model,
        next: Option<String>,
    ) -> Result<(), OperationError> {
        let every = if task.name == store::retention::KEYS {
            KEYS_EVERY
        } else {
            TEXTS_EVERY
        };
        let (at, position) = match next {
            Some(position) => (task.next_at, position),
            None => {
                let later = clock::later(self.clock().now(), every);
                (later.as_microsecond(), String::new())
            }
        };
        let writer = self.store().writer();
        store::retention::release(writer, &task.name, at, &position).await?;
        Ok(())
    }

    /// Has the texts of an account erased soon, because its months changed.
    pub(super) async fn hurry_retention(&self) -> Result<(), OperationError> {
        let (writer, now) = (self.store().writer(), self.clock().now());
        store::retention::hurry(writer, store::retention::TEXTS, now).await?;
        Ok(())
    }
}

/// An account's own months, as they are stored.
///
/// # Errors
/// `Invalid` at `path` if they are out of bounds.
pub(super) fn own_months(months: Option<i32>, path: &Path) -> Result<Option<i32>, OperationError> {
    match months {
        Some(months) if !(0..=MAX_MONTHS).contains(&months) => Err(path
            .invalid(text!(
                "Must be from 0 to {limit} months; got {got}.",
                limit = MAX_MONTHS,
                got = months
            ))
            .into()),
        months => Ok(months),
    }
}

/// An account's position in a sweep, as it is stored.
fn position_of(account: AccountId) -> String {
    account.uuid().to_string()
}
