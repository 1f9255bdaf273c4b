//! The only way to the books: [`Ledger::submit`].
//!
//! Commands that arrive together are batched and applied in one database transaction: lock the
//! accounts in id order, read their books, apply the commands in turn, write the resulting rows as
//! row sets, commit, and answer each caller. There is no delay for batching: commands that are
//! queued while one batch is written form the next. The same code serves one command and a
//! thousand, one process and many.
//!
//! A [`Request`] names an account, what to do, and an idempotency key; the core's
//! [`domain::book::Command`] is what it does to the books. There is no third word for either.
//!
//! A caller hears "not done" only if nothing was done. If the commit may have happened, the caller
//! hears that the outcome is unknown, and can repeat the command with its key to learn it.
//!
//! Here: the queue, the batches and their writes. Not here: who may ask ([`crate::operations`]),
//! what a message costs ([`domain::quote`]), and reading ([`crate::store`]).

#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod batch;
mod bookings;
pub mod chain;
mod commit;
mod facts;
mod failure;
mod fault;
pub mod heads;
mod known_actors;
mod losses;
mod measured;
mod perform;
mod queue;
mod recharges;
mod request;
mod rollups;
mod rows;
mod stored_answer;
mod ticket;
pub mod verify;
mod write;
mod writer;

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use domain::id::AccountId;
#[cfg(feature = "bench")]
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sea_orm::DatabaseBackend;
use tokio::{
    sync::{Notify, Semaphore, broadcast},
    task::JoinSet,
};
use tracing::Instrument;

pub use self::{
    answer::{Answer, BalanceAnswer},
    chain::Chaining,
    fault::Fault,
    request::{
        Audience, End, Key, MessageCharge, MessageUpdate, NewMessage, Plan, Priced, Refused,
        Request, RequestKind, SubmitError,
    },
    stored_answer::{Unfinished, read as stored_answer, text as answer_text, unfinished},
};
use self::{
    bookings::Bookings,
    commit::Committer,
    queue::Queue,
    ticket::Ticket,
    writer::{Pace, Writer},
};
pub use crate::store::actor::Actor;
use crate::{clock::Clock, store::Store, telemetry::traces, tuning::Tuned};

/// Changes that a slow subscriber may fall behind by before it hears that it missed some.
const CHANGES: usize = 1_024;

/// Commands in one batch. Larger ones gain little and make the first caller wait for the last.
/// Measured: docs/measured.md, "Batches of the ledger".
static BATCH: Tuned<usize> = Tuned::new("BATCH", 512);
/// Milliseconds that a batch may take before the following ones are made smaller.
/// Measured: docs/measured.md, "Batches of the ledger".
static BATCH_MILLISECONDS: Tuned<u64> = Tuned::new("BATCH_MILLISECONDS", 100);

/// The limits of the ledger's queue, batches and connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Commands that may wait in all. Callers beyond this are refused at once because the server is
    /// busy; otherwise the queue would grow without bound.
    pub waiting: usize,
    /// Commands of one account that may wait, so that one account doesn't fill the queue.
    pub waiting_of_account: usize,
    /// Commands in one batch. Larger ones gain little and make the first caller wait for the last.
    pub batch: usize,
    /// The time that a batch may take before the following ones are made smaller.
    pub batch_time: Duration,
    /// How long a command waits for its turn. After that it is refused, and never begun.
    pub deadline: Duration,
    /// The most writers on PostgreSQL. There are as many as the store has connections for. One
    /// account's commands are with one writer at a time. SQLite always has a single writer.
    pub writers: usize,
    /// The most accounts locked by another process that are waited for at once, each on its own
    /// connection, of which half stay free for other writes.
    pub lanes: usize,
    /// Whether transactions are hashed.
    pub chaining: Chaining,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting: 16_384,
            waiting_of_account: 4_096,
            batch: BATCH.get(),
            batch_time: Duration::from_millis(BATCH_MILLISECONDS.get()),
            deadline: Duration::from_secs(10),
            writers: usize::MAX,
            lanes: 4,
            chaining: Chaining::On,
        }
    }
}

/// A handle to the ledger. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    door: Door,
    bookings: Arc<Bookings>,
    changes: broadcast::Sender<AccountId>,
    recharges: Arc<Notify>,
}

#[derive(Clone)]
enum Door {
    Queue {
        queue: Arc<Queue>,
        deadline: Duration,
    },
    #[cfg(feature = "bench")]
    Other(Arc<Serve>),
}

/// Serves a command in place of the writers.
#[cfg(feature = "bench")]
type Serve = dyn Fn(Request) -> BoxFuture<'static, Result<Answer, SubmitError>> + Send + Sync;

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Queue { .. } => "Queue",
            #[cfg(feature = "bench")]
            Self::Other(_) => "Other",
        })
    }
}

/// The running writers.
#[derive(Debug)]
pub struct Writers {
    tasks: JoinSet<()>,
    queue: Arc<Queue>,
}

impl Ledger {
    /// Starts the writers over a migrated database.
    #[must_use]
    pub fn start(store: &Store, clock: &Clock) -> (Self, Writers) {
        Self::start_with(store, clock, Limits::default())
    }

    /// Starts the writers with other limits.
    #[must_use]
    pub fn start_with(store: &Store, clock: &Clock, limits: Limits) -> (Self, Writers) {
        // SQLite has one writer at a time, whatever the limits say.
        let count = if store.backend() == DatabaseBackend::Postgres {
            limits.writers.min(store.ledger_writers())
        } else {
            1
        };
        // A file has one connection for all writes, on which nobody waits for a lock.
        let lanes = if store.backend() == DatabaseBackend::Postgres {
            limits.lanes.min(store.writers() / 2)
        } else {
            limits.lanes
        };
        LazyLock::force(&measured::SERIES);
        let (changes, _) = broadcast::channel(CHANGES);
        let queue = Arc::new(Queue::new(limits.waiting, limits.waiting_of_account));
        let bookings = Arc::new(Bookings::default());
        let recharges = Arc::new(Notify::new());
        let writer = Writer {
            queue: queue.clone(),
            committer: Committer {
                store: store.clone(),
                clock: clock.clone(),
                bookings: bookings.clone(),
                chaining: limits.chaining,
                actors: Arc::default(),
                recharges: recharges.clone(),
                seat: None,
            },
            changes: changes.clone(),
            lanes: Arc::new(Semaphore::new(lanes)),
            batch: Pace::new(limits.batch, limits.batch_time),
        };
        let mut tasks = JoinSet::new();
        for seat in 0..count {
            let writer = writer.clone().run(seat);
            match store.writer_threads() {
                Some(own) => tasks.spawn_on(writer, own),
                None => tasks.spawn(writer),
            };
        }
        let door = Door::Queue {
            queue: queue.clone(),
            deadline: limits.deadline,
        };
        let ledger = Self {
            door,
            bookings,
            changes,
            recharges,
        };
        (ledger, Writers { tasks, queue })
    }

    /// A ledger whose commands are served by `serve`. Benchmarks only: they measure the writers
    /// against an alternative behind the same operations.
    #[cfg(feature = "bench")]
    #[must_use]
    pub fn served_by(
        serve: impl Fn(Request) -> BoxFuture<'static, Result<Answer, SubmitError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let (changes, _) = broadcast::channel(CHANGES);
        let door = Door::Other(Arc::new(serve));
        Self {
            door,
            bookings: Arc::default(),
            changes,
            recharges: Arc::default(),
        }
    }

    /// Applies one command. Returns after it is committed.
    ///
    /// If the future is dropped before the command's batch begins, nothing is done. If it is
    /// dropped later, only a repetition with the command's key returns the outcome.
    ///
    /// # Errors
    ///
    /// Nothing was changed by a refusal, by a fault, if the server is busy or stopping, if the
    /// command waited too long for its turn, or if the database failed before the commit. After
    /// [`SubmitError::Unknown`] the command may have been done: repeat it with the same key.
    pub async fn submit(&self, request: Request) -> Result<Answer, SubmitError> {
        match &self.door {
            Door::Queue { queue, deadline } => {
                let span = traces::span!("submit");
                let ticket = span.in_scope(|| Ticket::new(request, *deadline));
                let (ticket, wait) = ticket;
                if let Err(error) = queue.push(ticket) {
                    measured::not_begun(&error);
                    return Err(error);
                }
                wait.answer().instrument(span).await
            }
            #[cfg(feature = "bench")]
            Door::Other(serve) => serve(request).await,
        }
    }

    /// Waits until this process can no longer book anything at or before a past instant. Takes no
    /// database lock and delays no writer.
    pub async fn passed(&self, at: Timestamp) {
        self.bookings.passed(at).await;
    }

    /// Waits until a recharge is due that this process made due, by a batch or by
    /// [`Self::make_recharge_known`]. It is a hint, so that nobody waits for the next pass of a
    /// job.
    pub async fn recharge_due(&self) {
        self.recharges.notified().await;
    }

    /// Wakes whoever waits for a due recharge.
    pub fn make_recharge_known(&self) {
        self.recharges.notify_one();
    }

    /// Subscribes to the ids of accounts whose books change through this process.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<AccountId> {
        self.changes.subscribe()
    }
}

impl Writers {
    /// Accepts no more commands, and waits until the queued ones are committed.
    pub async fn drain(mut self) {
        self.queue.close();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a ledger writer ended badly");
            }
        }
    }
}
