//! A command on its way: who begins it first wins, its writer or its caller's patience.
//!
//! Here: the ticket and the caller's wait. Not here: the order of tickets, which is [`super::queue`]'s.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{
    answer::Answer,
    request::{Request, SubmitError},
};

/// What a caller learns.
pub(super) type Reply = Result<Answer, SubmitError>;

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// A request and whom to answer.
#[derive(Debug)]
pub(super) struct Ticket {
    pub request: Request,
    deadline: Instant,
    stage: Arc<AtomicU8>,
    reply: oneshot::Sender<Reply>,
}

/// The caller's side of a ticket.
#[derive(Debug)]
pub(super) struct Wait {
    deadline: Instant,
    stage: Arc<AtomicU8>,
    answer: oneshot::Receiver<Reply>,
}

impl Ticket {
    /// A ticket that must be begun by `deadline`, and where its answer comes.
    pub(super) fn new(request: Request, deadline: Instant) -> (Self, Wait) {
        let (reply, answer) = oneshot::channel();
        let stage = Arc::new(AtomicU8::new(WAITING));
        let ticket = Self {
            request,
            deadline,
            stage: stage.clone(),
            reply,
        };
        let wait = Wait {
            deadline,
            stage,
            answer,
        };
        (ticket, wait)
    }

    /// Takes the ticket into a batch, where its caller is still there and its time is not over. From here
    /// on the caller waits for the answer, however long that takes: it may be committed.
    pub(super) fn begin(self, now: Instant) -> Option<Self> {
        if self.reply.is_closed() {
            return None;
        }
        if self.deadline <= now {
            self.answer(Err(SubmitError::Late));
            return None;
        }
        let begun = self
            .stage
            .compare_exchange(WAITING, BEGUN, Ordering::SeqCst, Ordering::SeqCst);
        begun.is_ok().then_some(self)
    }

    /// Takes it out of its batch again: nothing was done for it.
    pub(super) fn put_back(&self) {
        self.stage.store(WAITING, Ordering::SeqCst);
    }

    /// Answers the caller. One that left meanwhile learns the outcome by its key.
    pub(super) fn answer(self, reply: Reply) {
        // Whoever receives a fault logs it.
        if let Err(Err(fault @ SubmitError::Fault { .. })) = self.reply.send(reply) {
            tracing::error!(%fault, "a command met a fault, and its caller has left");
        }
    }
}

impl Wait {
    /// The answer, or that the command was not begun in time.
    pub(super) async fn answer(mut self) -> Reply {
        // Whoever held the ticket is gone: whether it was done, only its key tells.
        let gone = || SubmitError::Unknown("the writer ended before it answered".to_owned());
        if let Ok(answer) = timeout_at(self.deadline, &mut self.answer).await {
            return answer.unwrap_or_else(|_| Err(gone()));
        }
        let given_up =
            self.stage
                .compare_exchange(WAITING, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst);
        if given_up.is_ok() {
            return Err(SubmitError::Late);
        }
        self.answer.await.unwrap_or_else(|_| Err(gone()))
    }
}
