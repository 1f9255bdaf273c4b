//! What a caller may still spend on operations.
//!
//! Here: the interface that an operation's weight is charged through, and the error if it can't be
//! paid. Not here: the buckets and whose they are ([`crate::http`]).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_graphql::{ServerError, Value};

use super::errors::{code, coded};

/// A caller's bucket of points.
pub trait Bucket: std::fmt::Debug + Send + Sync {
    /// Takes points before an operation runs.
    ///
    /// # Errors
    /// The time until there are enough; nothing was taken.
    fn spend(&self, points: u64) -> Result<(), Duration>;

    /// Returns points that an operation didn't use.
    fn give_back(&self, points: u64);

    /// Takes points that were used already, as many as there are.
    fn charge(&self, points: u64);

    /// What there is.
    fn level(&self) -> Level;
}

/// What is in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Points in a full bucket.
    pub maximum: u64,
    /// Points that can be spent now.
    pub available: u64,
    /// Points that are added each second.
    pub restore_rate: u64,
}

/// The bucket of an operation's caller, in the operation's data.
#[derive(Debug, Clone)]
pub struct Allowance(pub Arc<dyn Bucket>);

/// The extension of an error that says after how many seconds the caller may try again.
pub(crate) const RETRY_AFTER: &str = "retryAfter";

/// What one operation took from its caller's bucket. Points that it holds when it is dropped,
/// because its caller has gone, stay spent.
#[derive(Debug)]
pub(super) struct Paid {
    allowance: Allowance,
    held: AtomicU64,
}

impl Paid {
    /// Pays an operation's weight before it runs.
    ///
    /// # Errors
    /// RATE_LIMITED, with the time until the bucket has enough.
    pub(super) fn pay(allowance: &Allowance, weight: u64) -> Result<Self, ServerError> {
        if let Err(wait) = allowance.0.spend(weight) {
            // Rounded up, and at least one.
            let seconds = u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
            let seconds = seconds.max(1);
            let level = allowance.0.level();
            let mut error = coded(
                code::RATE_LIMITED,
                format!(
                    "The operation weighs {weight}, and {} of {} points are left, to which {} are added each second: \
                     try again in {seconds} s, or ask for less.",
                    level.available, level.maximum, level.restore_rate
                ),
            );
            let extensions = error.extensions.get_or_insert_default();
            extensions.set(RETRY_AFTER, seconds);
            return Err(error);
        }
        Ok(Self {
            allowance: allowance.clone(),
            held: AtomicU64::new(weight),
        })
    }

    /// Returns what an answer didn't use. Further answers, such as the events of a subscription,
    /// are charged when they are made.
    pub(super) fn used(&self, points: u64) {
        let held = self.held.swap(0, Ordering::Relaxed);
        match held.checked_sub(points) {
            Some(rest) => self.allowance.0.give_back(rest),
            None => self.allowance.0.charge(points - held),
        }
    }

    /// What is left, as clients of other APIs know it.
    pub(super) fn status(&self) -> Value {
        let level = self.allowance.0.level();
        async_graphql::value!({
            "maximumAvailable": level.maximum,
            "currentlyAvailable": level.available,
            "restoreRate": level.restore_rate,
        })
    }
}

/// The seconds that a refused operation's caller has to wait.
pub(crate) fn retry_after(error: &ServerError) -> Option<u64> {
    let extensions = error.extensions.as_ref()?;
    match extensions.get(RETRY_AFTER)? {
        Value::Number(seconds) => seconds.as_u64(),
        Value::Null
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_)
        | Value::List(_)
        | Value::Object(_) => None,
    }
}
