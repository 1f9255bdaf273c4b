//! The one door to the books: [`Ledger::submit`].
//!
//! Commands that arrive together are gathered and applied as one database transaction: lock the accounts
//! in one order, read their books, apply each command in turn, write all that came of it as sets, commit,
//! answer each caller. Nothing waits to be gathered: what queued while the last batch was written is the
//! next batch. The same code serves one command and a thousand, one process and many.
//!
//! A caller is told "not done" only of what was not done: it never hears of a failure where the commit may
//! have happened, but that it is unknown, and that its key tells.
//!
//! Here: the queue, the batches and their writes. Not here: who may ask ([`crate::operations`]), what a
//! message costs ([`domain::quote`]), and reading ([`crate::store`]).

#![warn(clippy::wildcard_enum_match_arm)]

mod acts;
mod answer;
mod batch;
mod bookings;
pub mod chain;
mod commit;
mod facts;
mod failure;
mod fault;
mod queue;
mod request;
mod rollups;
mod rows;
mod ticket;
pub mod verify;
mod write;
mod writer;

use std::{sync::Arc, time::Duration};

use domain::id::AccountId;
#[cfg(feature = "bench")]
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sea_orm::DatabaseBackend;
use tokio::{
    sync::{Semaphore, broadcast},
    task::JoinSet,
    time::Instant,
};

pub use self::{
    answer::{Answer, BalanceAnswer, LineAnswer, MessageAnswer},
    chain::Chaining,
    fault::Fault,
    request::{Act, Audience, End, Key, MessageCharge, NewMessage, Refused, Request, SubmitError},
};
use self::{
    bookings::Bookings,
    commit::Committer,
    queue::Queue,
    ticket::Ticket,
    writer::{Pace, Writer},
};
use crate::{
    clock::Clock,
    store::{Store, sql::connection::POSTGRES_LEDGER_WRITERS},
    tuning::Tuned,
};

/// Changes that a slow subscriber may fall behind by before it is told that it missed some.
const CHANGES: usize = 1_024;

/// Commands in one batch: larger ones gain little and make the first caller wait for the last.
/// Measured: docs/measured.md, "Batches of the ledger".
static BATCH: Tuned<usize> = Tuned::new("BATCH", 512);
/// Milliseconds that a batch may take before the next ones are made smaller.
/// Measured: docs/measured.md, "Batches of the ledger".
static BATCH_MILLISECONDS: Tuned<u64> = Tuned::new("BATCH_MILLISECONDS", 100);

/// What the ledger takes on at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Commands that may wait in all. Beyond it callers are told at once that the server is busy, rather
    /// than kept in a queue that only grows.
    pub waiting: usize,
    /// Commands of one account that may wait, so that one account does not fill the queue.
    pub waiting_of_account: usize,
    /// Commands in one batch: larger ones gain little and make the first caller wait for the last.
    pub batch: usize,
    /// What a batch may take before the next ones are made smaller.
    pub batch_time: Duration,
    /// How long a command waits for its turn. Beyond it it is refused, and never begun.
    pub deadline: Duration,
    /// Writers on PostgreSQL, as many as have a connection of their own. An account's commands are with one at a time.
    /// SQLite has one, whoever asks.
    pub writers: usize,
    /// Accounts locked by somebody else that are waited for at a time, on a connection each.
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
            writers: POSTGRES_LEDGER_WRITERS.get(),
            lanes: 4,
            chaining: Chaining::On,
        }
    }
}

/// The door to the books. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    door: Door,
    bookings: Arc<Bookings>,
    changes: broadcast::Sender<AccountId>,
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

/// The writers at work.
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
        // SQLite has one writer at a time, whoever asks.
        let count = if store.backend() == DatabaseBackend::Postgres {
            limits.writers
        } else {
            1
        };
        let (changes, _) = broadcast::channel(CHANGES);
        let queue = Arc::new(Queue::new(limits.waiting, limits.waiting_of_account));
        let bookings = Arc::new(Bookings::default());
        let writer = Writer {
            queue: queue.clone(),
            committer: Committer {
                store: store.clone(),
                clock: clock.clone(),
                bookings: bookings.clone(),
                chaining: limits.chaining,
                seat: None,
            },
            changes: changes.clone(),
            lanes: Arc::new(Semaphore::new(limits.lanes)),
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
        };
        (ledger, Writers { tasks, queue })
    }

    /// A ledger whose commands `serve` serves. Benchmarks only: they measure the writers against it, behind
    /// the same operations.
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
        }
    }

    /// Applies one command. The answer comes when it is committed.
    ///
    /// Dropped before its batch begins, nothing is done; dropped later, only the command's key tells.
    ///
    /// # Errors
    /// A refusal or a fault, and then nothing changed; that the server is busy or stopping, or that the
    /// command's time was over, and then it was not begun; that the database failed, and nothing was done;
    /// or that it is not known whether it was done, and then only a repetition with the same key tells.
    pub async fn submit(&self, request: Request) -> Result<Answer, SubmitError> {
        match &self.door {
            Door::Queue { queue, deadline } => {
                let (ticket, wait) = Ticket::new(request, Instant::now() + *deadline);
                queue.push(ticket)?;
                wait.answer().await
            }
            #[cfg(feature = "bench")]
            Door::Other(serve) => serve(request).await,
        }
    }

    /// Waits until this process can book nothing at or before an instant that is past. It takes no lock of
    /// the database, and holds up no writer.
    pub async fn passed(&self, at: Timestamp) {
        self.bookings.passed(at).await;
    }

    /// Tells of every account whose books change through this process.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<AccountId> {
        self.changes.subscribe()
    }
}

impl Writers {
    /// Takes no more commands, and waits until what was queued is committed.
    pub async fn drain(mut self) {
        self.queue.close();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a ledger writer ended badly");
            }
        }
    }
}
