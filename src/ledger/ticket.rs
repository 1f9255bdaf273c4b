//! A command on its way. Either its writer begins it or its caller's time runs out, whichever comes
//! first.
//!
//! Here: the ticket and the caller's wait. Not here: the order of tickets ([`super::queue`]).

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use tokio::{
    sync::oneshot,
    time::{Duration, Instant, timeout_at},
};

use super::{
    answer::Answer,
    measured,
    request::{Request, SubmitError},
};
use crate::telemetry::traces::{self, Cause};

/// The reply that a caller gets.
pub(super) type Reply = Result<Answer, SubmitError>;

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// A request, and the channel for its answer.
#[derive(Debug)]
pub(super) struct Ticket {
    pub request: Request,
    /// The caller's span, if spans are recorded.
    pub cause: Option<Cause>,
    came: Instant,
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
    /// A ticket that must be begun within `patience`, and the wait for its answer.
    pub(super) fn new(request: Request, patience: Duration) -> (Self, Wait) {
        let (reply, answer) = oneshot::channel();
        let came = Instant::now();
        let deadline = came + patience;
        let stage = Arc::new(AtomicU8::new(WAITING));
        let ticket = Self {
            request,
            cause: traces::cause(),
            came,
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

    /// Takes the ticket into a batch if its caller is still there and its time is not over. From
    /// then on the caller waits for the answer, however long that takes, because the command may be
    /// committed.
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
        begun.is_ok().then(|| {
            measured::begun(now.saturating_duration_since(self.came));
            self
        })
    }

    /// Takes the ticket out of its batch again: nothing was done for it.
    pub(super) fn put_back(&self) {
        self.stage.store(WAITING, Ordering::SeqCst);
    }

    /// Answers the caller. One that left meanwhile can learn the outcome with its key.
    pub(super) fn answer(self, reply: Reply) {
        measured::answered(&reply);
        // A fault is logged by the caller that receives it.
        if let Err(Err(fault @ SubmitError::Fault { .. })) = self.reply.send(reply) {
            tracing::error!(%fault, "a command met a fault, and its caller has left");
        }
    }
}

impl Wait {
    /// The answer, or that the command was not begun in time.
    pub(super) async fn answer(mut self) -> Reply {
        // The ticket was dropped unanswered: only a repetition with the key returns the outcome.
        let gone = || SubmitError::Unknown("the writer ended before it answered".to_owned());
        if let Ok(answer) = timeout_at(self.deadline, &mut self.answer).await {
            return answer.unwrap_or_else(|_| Err(gone()));
        }
        let given_up =
            self.stage
                .compare_exchange(WAITING, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst);
        if given_up.is_ok() {
            measured::not_begun(&SubmitError::Late);
            return Err(SubmitError::Late);
        }
        self.answer.await.unwrap_or_else(|_| Err(gone()))
    }
}
