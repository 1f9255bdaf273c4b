//! The one door to the books: [`Ledger::submit`].
//!
//! Commands that arrive together are gathered and applied as one database transaction: lock the accounts
//! in one order, read their books, apply each command in turn, write all that came of it as sets, commit,
//! answer each caller. Nothing waits to be gathered: what queued while the last batch was written is the
//! next batch. The same code serves one command and a thousand, one process and many.
//!
//! Here: the queue, the batches and their writes. Not here: who may ask ([`crate::operations`]), what a
//! message costs ([`domain::quote`]), and reading ([`crate::store`]).

mod acts;
mod batch;
pub mod chain;
mod facts;
mod request;
mod rows;
pub mod verify;
mod write;
mod writer;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use domain::id::AccountId;
use sea_orm::DatabaseBackend;
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

pub use self::request::{
    Act, Answer, BalanceAnswer, Key, LineAnswer, MessageAnswer, NewMessage, Refused, Request, Sent,
    SubmitError,
};
use crate::{clock::Clock, store::Store};

/// Commands that may wait for one writer: a few batches' worth. Beyond it callers are told at once that
/// the server is busy, rather than kept in a queue that only grows.
const QUEUE: usize = 4_096;
/// Writers on PostgreSQL. An account always has the same one, so that its commands meet in a batch
/// rather than at its lock; a slow account holds up a quarter of the others at most.
const POSTGRES_WRITERS: usize = 4;
/// Changes that a slow subscriber may fall behind by before it is told that it missed some.
const CHANGES: usize = 1_024;

/// The door to the books. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    queues: Arc<[mpsc::Sender<Ticket>]>,
    changes: broadcast::Sender<AccountId>,
}

/// The writers at work.
#[derive(Debug)]
pub struct Writers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

/// A request and whom to answer.
#[derive(Debug)]
struct Ticket {
    request: Request,
    reply: oneshot::Sender<Result<Answer, SubmitError>>,
}

impl Ledger {
    /// Starts the writers over a migrated database.
    #[must_use]
    pub fn start(store: &Store, clock: &Clock) -> (Self, Writers) {
        let count = match store.backend() {
            DatabaseBackend::Postgres => POSTGRES_WRITERS,
            // SQLite has one writer at a time, whoever asks.
            _ => 1,
        };
        let (changes, _) = broadcast::channel(CHANGES);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let queues = (0..count)
            .map(|_| {
                let (queue, tickets) = mpsc::channel(QUEUE);
                let (store, clock, changes) = (store.clone(), clock.clone(), changes.clone());
                tasks.spawn(writer::run(store, clock, tickets, changes, stop.clone()));
                queue
            })
            .collect();
        (Self { queues, changes }, Writers { tasks, stop })
    }

    /// Applies one command. The answer comes when it is committed.
    ///
    /// # Errors
    /// A refusal, and then nothing changed; that the server is busy or stopping, and then it was not
    /// begun; or that the database failed, and then only the command's key tells whether it was done.
    pub async fn submit(&self, request: Request) -> Result<Answer, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue(request.account).ok_or(SubmitError::Stopped)?;
        queue
            .try_send(Ticket { request, reply })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => SubmitError::Busy,
                mpsc::error::TrySendError::Closed(_) => SubmitError::Stopped,
            })?;
        // Whoever held the ticket is gone: whether it was done, only its key tells.
        let gone = || SubmitError::Database("the writer ended before it answered".to_owned());
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Tells of every account whose books change through this process.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<AccountId> {
        self.changes.subscribe()
    }

    fn queue(&self, account: AccountId) -> Option<&mpsc::Sender<Ticket>> {
        let mut hasher = DefaultHasher::new();
        account.hash(&mut hasher);
        let place = hasher.finish() % u64::try_from(self.queues.len()).ok()?;
        self.queues.get(usize::try_from(place).ok()?)
    }
}

impl Writers {
    /// Takes no more commands, and waits until what was queued is committed.
    pub async fn drain(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(cause) = ended {
                tracing::error!(%cause, "a ledger writer ended badly");
            }
        }
    }
}
