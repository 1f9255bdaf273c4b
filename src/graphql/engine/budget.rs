//! The budget of one request: how many values and bytes its answer may have, and how long it may
//! run.
//!
//! Here: the counters and their limits. They are counted as the engine makes values ([`watch`]), and
//! bytes again when an answer is written as JSON ([`written`]). A request over its budget ends at
//! once, on every transport. Not here: the weight of an operation before it runs
//! ([`super::weight`]), which refuses most such requests earlier.

mod watch;
mod written;

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use async_graphql::{ServerError, Value};
use futures_util::future::poll_fn;

use super::errors::{ApiError, code, coded};

pub(super) use self::watch::Budgets;
pub(crate) use self::written::{Unwritten, surely_fits, to_json};

/// The limits of one request's answer.
#[derive(Clone, Copy, Debug)]
pub struct OutputLimits {
    /// At most this many values: fields and list items.
    pub values: usize,
    /// At most this many bytes of JSON.
    pub bytes: usize,
    /// At most this many bytes of text read from the database.
    pub read: usize,
    /// How long a query may run, or one event of a subscription may be resolved.
    pub time: Duration,
}

/// The most bytes of one answer. A page of 1,000 messages of 8,000 characters fits. While such an
/// answer is built, memory holds about five copies of it: rows, values, JSON and socket buffers.
pub(crate) const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// How long a request may hold a thread before it yields. Short compared to a delay that another
/// request would notice, long compared to the cost of yielding (a few microseconds).
const SLICE: Duration = Duration::from_millis(1);

/// The bytes that an error counts as: its text, path and extensions.
const ERROR_BYTES: usize = 1_024;

/// Why a request ended before its answer was complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Values,
    Bytes,
    Read,
    Time,
}

/// What a request has used of its limits so far. Cheap to clone; clones share the counters.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inside>);

#[derive(Debug)]
struct Inside {
    limits: OutputLimits,
    values: AtomicUsize,
    bytes: AtomicUsize,
    read: AtomicUsize,
    /// The first [`Over`] as a number, or 0. Later reasons don't replace it.
    over: AtomicU8,
    began: Instant,
    /// The deadline, in microseconds after `began`.
    ends: AtomicU64,
    /// When the task was last polled, in microseconds after `began`.
    slice: AtomicU64,
}

impl Budget {
    fn new(limits: OutputLimits) -> Self {
        Self(Arc::new(Inside {
            limits,
            values: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
            over: AtomicU8::new(0),
            began: Instant::now(),
            ends: AtomicU64::new(u64::MAX),
            slice: AtomicU64::new(0),
        }))
    }

    /// Resets the counters: each event of a subscription is an answer of its own.
    fn begin(&self, has_deadline: bool) {
        let now = self.micros();
        self.0.values.store(0, Ordering::Relaxed);
        self.0.bytes.store(0, Ordering::Relaxed);
        self.0.read.store(0, Ordering::Relaxed);
        self.0.over.store(0, Ordering::Relaxed);
        self.0.slice.store(now, Ordering::Relaxed);
        let most = u64::try_from(self.0.limits.time.as_micros()).unwrap_or(u64::MAX);
        let ends = if has_deadline {
            now.saturating_add(most)
        } else {
            u64::MAX
        };
        self.0.ends.store(ends, Ordering::Relaxed);
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn over(&self) -> Option<Over> {
        match self.0.over.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Over::Values),
            2 => Some(Over::Bytes),
            3 => Some(Over::Read),
            _ => Some(Over::Time),
        }
    }

    fn end(&self, why: Over) -> Over {
        let number = match why {
            Over::Values => 1,
            Over::Bytes => 2,
            Over::Read => 3,
            Over::Time => 4,
        };
        let first = self
            .0
            .over
            .compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_ok() {
            return why;
        }
        self.over().unwrap_or(why)
    }

    /// The values that were made so far.
    fn values(&self) -> usize {
        self.0.values.load(Ordering::Relaxed)
    }

    /// Reserves this many values and bytes before they are made.
    fn take(&self, values: usize, bytes: usize) -> Result<(), Over> {
        if let Some(over) = self.over() {
            return Err(over);
        }
        let inside = &self.0;
        if inside.values.fetch_add(values, Ordering::Relaxed) + values > inside.limits.values {
            return Err(self.end(Over::Values));
        }
        if inside.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > inside.limits.bytes {
            return Err(self.end(Over::Bytes));
        }
        Ok(())
    }

    fn take_read(&self, bytes: usize) -> Result<(), Over> {
        self.take(0, 0)?;
        let inside = &self.0;
        if inside.read.fetch_add(bytes, Ordering::Relaxed) + bytes > inside.limits.read {
            return Err(self.end(Over::Read));
        }
        Ok(())
    }

    /// Yields to other tasks if this one has held the thread for a slice. Fails if its time is up.
    async fn turn(&self) -> Result<(), Over> {
        let now = self.micros();
        if now > self.0.ends.load(Ordering::Relaxed) {
            return Err(self.end(Over::Time));
        }
        if self.has_slice(now) {
            return Ok(());
        }
        // A field that yields resumes only in the next slice, so fields already started finish
        // before their siblings start. That keeps few lists in memory at once.
        poll_fn(|context| {
            if self.has_slice(self.micros()) {
                return Poll::Ready(());
            }
            // The engine's lists stop polling their items when two of them yield this way. With the
            // runtime's `yield_now`, which wakes later, they would poll all other items in vain.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Ok(())
    }

    fn has_slice(&self, now: u64) -> bool {
        let slice = u64::try_from(SLICE.as_micros()).unwrap_or(u64::MAX);
        now.saturating_sub(self.0.slice.load(Ordering::Relaxed)) < slice
    }

    /// Runs a request in slices: each poll of its task starts one.
    async fn sliced<T>(&self, run: impl Future<Output = T>) -> T {
        let mut run = pin!(run);
        poll_fn(|context| {
            self.0.slice.store(self.micros(), Ordering::Relaxed);
            run.as_mut().poll(context)
        })
        .await
    }

    fn error(&self, over: Over) -> ServerError {
        over_error(&self.0.limits, over)
    }
}

/// The error for an answer that exceeded the byte limit when it was written.
pub(crate) fn too_many_bytes() -> ServerError {
    let limits = OutputLimits {
        bytes: MAX_ANSWER_BYTES,
        values: 0,
        read: 0,
        time: Duration::ZERO,
    };
    over_error(&limits, Over::Bytes)
}

fn over_error(limits: &OutputLimits, over: Over) -> ServerError {
    match over {
        Over::Values => coded(
            code::OUTPUT_TOO_LARGE,
            format!(
                "The answer has more than {} values. Ask for smaller pages, fewer ids or fewer fields.",
                limits.values
            ),
        ),
        Over::Bytes => coded(
            code::OUTPUT_TOO_LARGE,
            format!(
                "The answer has more than {} bytes. Ask for smaller pages, fewer ids or fewer fields.",
                limits.bytes
            ),
        ),
        Over::Read => coded(
            code::OUTPUT_TOO_LARGE,
            format!(
                "The texts that this asks for have more than {} bytes. Ask for smaller pages or fewer ids.",
                limits.read
            ),
        ),
        Over::Time => coded(
            code::TIMED_OUT,
            format!(
                "This took more than {} seconds and was ended. Ask for smaller pages, fewer ids or fewer fields.",
                limits.time.as_secs()
            ),
        ),
    }
}

/// The error for a mutation whose answer was too large. The data is withheld, and the mutation may
/// have acted.
fn done_before(mut over: ServerError) -> ServerError {
    over.message.push_str(
        " What the mutation does may have been done: repeat it with the same idempotency key and fewer fields.",
    );
    over
}

/// The values and bytes of a value, including its fields and items.
fn measure(value: &Value) -> (usize, usize) {
    match value {
        Value::Object(fields) => fields.iter().fold((1, 2), |sum, (name, value)| {
            let (values, bytes) = measure(value);
            (sum.0 + values, sum.1 + bytes + name.len() + 4)
        }),
        Value::List(items) => items.iter().fold((1, 2), |sum, value| {
            let (values, bytes) = measure(value);
            (sum.0 + values, sum.1 + bytes + 1)
        }),
        leaf => (1, leaf_bytes(leaf)),
    }
}

/// The approximate JSON size of a scalar. Escapes are counted only when it is written.
fn leaf_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Enum(name) => name.len() + 2,
        Value::Number(_) => 8,
        Value::Binary(bytes) => bytes.len().saturating_mul(4),
        Value::Null | Value::Boolean(_) => 4,
        Value::Object(_) | Value::List(_) => 2,
    }
}

/// Reserves values and bytes that a field is about to make. A schema served without limits has no
/// budget.
///
/// # Errors
/// The request is over its budget.
pub(super) fn take(budget: Option<&Budget>, values: usize, bytes: usize) -> Result<(), ApiError> {
    budget.map_or(Ok(()), |budget| {
        let taken = budget.take(values, bytes);
        taken.map_err(|over| ApiError::OverBudget(budget.error(over)))
    })
}

/// Counts the bytes of texts that were read.
///
/// # Errors
/// The request is over its budget.
pub(in crate::graphql) fn take_read(budget: Option<&Budget>, bytes: usize) -> Result<(), ApiError> {
    budget.map_or(Ok(()), |budget| {
        let taken = budget.take_read(bytes);
        taken.map_err(|over| ApiError::OverBudget(budget.error(over)))
    })
}

/// Reserves the size of a copy of a value before it is made.
///
/// # Errors
/// The request is over its budget.
pub(in crate::graphql) fn take_copy(
    budget: Option<&Budget>,
    value: &Value,
) -> Result<(), ServerError> {
    let (values, bytes) = measure(value);
    match budget {
        None => Ok(()),
        Some(budget) => {
            let taken = budget.take(values, bytes);
            taken.map_err(|over| budget.error(over))
        }
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
