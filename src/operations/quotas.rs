//! Quotas: how much an account may store for free, and how fast it may create more.
//!
//! Here: the figures, the refusals and the allowances. Not here: what costs credits or money, which
//! its price bounds, and the rate of requests ([`crate::http`]).
//!
//! A limit is checked by a count in the database when something is created. Requests that run at
//! the same moment may exceed it by their number. An allowance belongs to this process and is full
//! again after a restart: it roughly bounds what one key can write in a day.

use crate::localization::Text;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::id::AccountId;
use entity::message;
use jiff::{SignedDuration, Timestamp};

use super::{OperationError, Path, RefusalCode, Services};
use crate::store;

/// The most scheduled messages of an account at a time. A platform that schedules a reminder for
/// each appointment of a month has a few thousand.
pub const MAX_SCHEDULED: u64 = 10_000;
/// The most lists of an account at a time, without archived ones.
pub const MAX_LISTS: u64 = 5_000;
/// The most working keys of an account at a time.
pub const MAX_KEYS: u64 = 200;
/// The most unpaid purchases of an account at a time.
pub const MAX_UNPAID: u64 = 50;

/// Cancelled messages. All that may be scheduled at a time can be cancelled and scheduled again
/// once; after that, one a second. The longest text counts tenfold, so one key can store about 400
/// MB a day.
const CANCELLED: Rate = Rate {
    at_once: 2 * MAX_SCHEDULED.cast_signed(),
    then_every: SignedDuration::from_secs(1),
};
/// A cancelled message counts once, and once more for each of these many bytes of its text.
const CANCELLED_BYTES: usize = 4_096;
/// New lists: twice as many as may exist at a time, then one a minute.
const NEW_LISTS: Rate = Rate {
    at_once: 2 * MAX_LISTS.cast_signed(),
    then_every: SignedDuration::from_mins(1),
};
/// New keys: twice as many as may work at a time, then one a minute.
const NEW_KEYS: Rate = Rate {
    at_once: 2 * MAX_KEYS.cast_signed(),
    then_every: SignedDuration::from_mins(1),
};
/// New purchases. An account that pays needs a few a day.
const NEW_PURCHASES: Rate = Rate {
    at_once: 4 * MAX_UNPAID.cast_signed(),
    then_every: SignedDuration::from_mins(5),
};

/// The number of accounts in memory above which those with a full allowance are dropped.
const REMEMBERED: usize = 10_000;

/// A burst, then one more in each period.
#[derive(Debug, Clone, Copy)]
struct Rate {
    at_once: i64,
    then_every: SignedDuration,
}

/// How much of a rate each account has used: one leaky bucket per account.
///
/// Unlike the token buckets of libraries it can go below zero. A cancellation gives credits back
/// and is never refused, but its use has to drain before more is scheduled.
#[derive(Debug)]
pub(super) struct Allowance {
    rate: Rate,
    used: Mutex<HashMap<AccountId, Used>>,
}

/// The use of one account: the time until its allowance is full again, as of an instant.
#[derive(Debug, Clone, Copy)]
struct Used {
    time: SignedDuration,
    at: Timestamp,
}

impl Used {
    /// What remains of it now. If the clock steps back, it stays unchanged.
    fn left(self, now: Timestamp) -> SignedDuration {
        let passed = now.duration_since(self.at).max(SignedDuration::ZERO);
        self.time
            .checked_sub(passed)
            .map_or(SignedDuration::ZERO, |left| left.max(SignedDuration::ZERO))
    }
}

/// The allowances of this process.
#[derive(Debug)]
pub(super) struct Allowances {
    cancelled: Allowance,
    lists: Allowance,
    keys: Allowance,
    purchases: Allowance,
}

impl Default for Allowances {
    fn default() -> Self {
        Self {
            cancelled: Allowance::new(CANCELLED),
            lists: Allowance::new(NEW_LISTS),
            keys: Allowance::new(NEW_KEYS),
            purchases: Allowance::new(NEW_PURCHASES),
        }
    }
}

impl Allowance {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            used: Mutex::default(),
        }
    }

    /// Uses this much of an account's allowance, even if less is left.
    fn charge(&self, account: AccountId, weight: i64, now: Timestamp) {
        let mut accounts = self.lock();
        let left = accounts
            .get(&account)
            .map_or(SignedDuration::ZERO, |used| used.left(now));
        let time = left.saturating_add(saturating(self.rate.then_every, weight));
        accounts.insert(account, Used { time, at: now });
        if accounts.len() > REMEMBERED {
            accounts.retain(|_, used| used.left(now).is_positive());
        }
    }

    /// How long until an account may use its allowance again; `None` if it may now.
    fn wait(&self, account: AccountId, now: Timestamp) -> Option<SignedDuration> {
        let used = self.lock().get(&account).copied()?.left(now);
        let room = saturating(self.rate.then_every, self.rate.at_once - 1);
        used.checked_sub(room).filter(|wait| wait.is_positive())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, Used>> {
        // No code that holds the lock can panic halfway through a change.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn saturating(period: SignedDuration, times: i64) -> SignedDuration {
    SignedDuration::from_secs(period.as_secs().saturating_mul(times))
}

/// A wait in the unit that suits its length.
fn shown(wait: SignedDuration) -> Text {
    match wait.as_secs() {
        seconds if seconds < 120 => text!("{count} seconds", count = seconds.max(1)),
        seconds if seconds < 7_200 => text!("{count} minutes", count = seconds / 60 + 1),
        seconds => text!("{count} hours", count = seconds / 3_600 + 1),
    }
}

fn refused(path: &Path, message: Text) -> OperationError {
    path.refuse(RefusalCode::LimitReached, message).into()
}

/// Uses one of an allowance, if one is left.
fn use_one(
    allowance: &Allowance,
    account: AccountId,
    now: Timestamp,
    path: &Path,
    what: Text,
) -> Result<(), OperationError> {
    if let Some(wait) = allowance.wait(account, now) {
        let most = allowance.rate.at_once;
        return Err(refused(
            path,
            text!(
                "The account has made {limit} {what} in a short time; it may make the next one in {wait}.",
                limit = most,
                what = what,
                wait = shown(wait)
            ),
        ));
    }
    allowance.charge(account, 1, now);
    Ok(())
}

impl Services {
    /// Checks that an account may schedule one more message.
    ///
    /// # Errors
    /// `LimitReached` with the limit of scheduled messages, or the time to wait.
    pub(super) async fn refuse_to_schedule_more(
        &self,
        account: AccountId,
    ) -> Result<(), OperationError> {
        let path = Path::input("sendAt");
        if let Some(wait) = self
            .0
            .allowances
            .cancelled
            .wait(account, self.clock().now())
        {
            return Err(refused(
                &path,
                text!(
                    "The account has cancelled too many scheduled messages in a short time; it may schedule again in {wait}.",
                    wait = shown(wait)
                ),
            ));
        }
        let waiting =
            store::book::open_holds(self.store().lookups(), account, MAX_SCHEDULED).await?;
        if waiting >= MAX_SCHEDULED {
            return Err(refused(
                &path,
                text!(
                    "At most {limit} messages of an account may be scheduled at a time; schedule more when some are sent or cancelled.",
                    limit = MAX_SCHEDULED
                ),
            ));
        }
        Ok(())
    }

    /// Counts a cancelled message.
    pub(super) fn count_cancelled(&self, message: &message::Model) {
        let bytes = message.text.len();
        let weight = 1 + i64::try_from(bytes / CANCELLED_BYTES).unwrap_or(i64::MAX - 1);
        let account = AccountId::new(message.account_id);
        self.0
            .allowances
            .cancelled
            .charge(account, weight, self.clock().now());
    }

    /// Checks that an account may have one more list.
    ///
    /// # Errors
    /// `LimitReached` with the limit of lists, or the time to wait.
    pub(super) async fn refuse_more_lists(&self, account: AccountId) -> Result<(), OperationError> {
        let path = Path::input("name");
        self.refuse_another_list(account, &path).await?;
        let (lists, now) = (&self.0.allowances.lists, self.clock().now());
        use_one(lists, account, now, &path, text!("lists"))
    }

    /// Checks that an account may have one more list in use.
    ///
    /// # Errors
    /// `LimitReached` at `path` with the limit of lists.
    pub(super) async fn refuse_another_list(
        &self,
        account: AccountId,
        path: &Path,
    ) -> Result<(), OperationError> {
        let used = store::contact_list::in_use(self.store().reader(), account).await?;
        if used >= MAX_LISTS {
            return Err(refused(
                path,
                text!(
                    "At most {limit} lists of an account may be in use at a time; archive those that are not needed.",
                    limit = MAX_LISTS
                ),
            ));
        }
        Ok(())
    }

    /// Checks that an account may have one more key.
    ///
    /// # Errors
    /// `LimitReached` with the limit of keys, or the time to wait.
    pub(super) async fn refuse_more_keys(&self, account: AccountId) -> Result<(), OperationError> {
        let path = Path::input("name");
        let working = store::api_key::working(self.store().reader(), account).await?;
        if working >= MAX_KEYS {
            return Err(refused(
                &path,
                text!(
                    "At most {limit} keys of an account may work at a time; revoke those that are not needed.",
                    limit = MAX_KEYS
                ),
            ));
        }
        let (keys, now) = (&self.0.allowances.keys, self.clock().now());
        use_one(keys, account, now, &path, text!("keys"))
    }

    /// Checks that an account with so many unpaid purchases may start one more.
    ///
    /// # Errors
    /// `LimitReached` with the limit of unpaid purchases, or the time to wait.
    pub(super) fn refuse_more_purchases(
        &self,
        account: AccountId,
        unpaid: u64,
    ) -> Result<(), OperationError> {
        let path = Path::input("packageId");
        if unpaid >= MAX_UNPAID {
            return Err(refused(
                &path,
                text!(
                    "At most {limit} purchases of an account may wait for their payment at a time; pay one of them, or wait until they expire.",
                    limit = MAX_UNPAID
                ),
            ));
        }
        let (purchases, now) = (&self.0.allowances.purchases, self.clock().now());
        use_one(purchases, account, now, &path, text!("purchases"))
    }
}

#[cfg(test)]
mod tests {
    use domain::id::AccountId;
    use jiff::{SignedDuration, Timestamp};
    use uuid::Uuid;

    use super::{Allowance, Rate, shown};

    #[test]
    fn an_allowance_is_used_up_and_comes_back() {
        let allowance = Allowance::new(Rate {
            at_once: 3,
            then_every: SignedDuration::from_secs(10),
        });
        let account = |number| AccountId::new(Uuid::from_u128(number));
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let wait = |number, seconds| {
            let wait = allowance.wait(account(number), at(seconds));
            wait.map(|wait| wait.as_secs())
        };
        for _ in 0..3 {
            assert_eq!(wait(1, 0), None);
            allowance.charge(account(1), 1, at(0));
        }
        assert_eq!(wait(1, 0), Some(10));
        assert_eq!(wait(1, 9), Some(1));
        assert_eq!(wait(1, 10), None);
        assert_eq!(wait(2, 0), None, "another account has its own");
        // The excess is owed.
        allowance.charge(account(1), 5, at(10));
        assert_eq!(wait(1, 10), Some(50));
        // A clock that steps back changes nothing, however far.
        assert_eq!(wait(1, 0), Some(50));
        assert_eq!(wait(1, -1_000_000), Some(50));
        assert_eq!(wait(1, 60), None);
        // After a long time unused it is full, and no more than full.
        for _ in 0..3 {
            assert_eq!(wait(1, 10_000), None);
            allowance.charge(account(1), 1, at(10_000));
        }
        assert_eq!(wait(1, 10_000), Some(10));
    }

    #[test]
    fn a_wait_is_shown_in_its_unit() {
        let words = |seconds| shown(SignedDuration::from_secs(seconds)).english();
        assert_eq!(words(0), "1 seconds");
        assert_eq!(words(119), "119 seconds");
        assert_eq!(words(120), "3 minutes");
        assert_eq!(words(86_400), "25 hours");
    }
}
