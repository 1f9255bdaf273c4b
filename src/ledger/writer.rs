//! The writers. Each takes the queued commands as a batch, commits it, answers the callers, and
//! begins again.
//!
//! An account that another transaction has locked is set aside and waited for beside the batches,
//! so that it delays only its own commands. Here: the loop and the sizes of its batches. Not here:
//! what a batch does ([`super::batch`]), and what happens to one that fails ([`super::commit`]).

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::id::AccountId;
use futures_util::FutureExt;
use tokio::sync::{Semaphore, broadcast};
use tracing::Instrument;

use super::{
    batch::Locked,
    commit::{Committer, Held},
    measured::SERIES,
    queue::{Queue, Taken},
    request::Request,
    ticket::Ticket,
};
use crate::{
    telemetry::{metrics::Running, traces},
    tuning::Tuned,
};

/// How long a locked account stays out of the batches if no more may be waited for.
const PAUSE: Duration = Duration::from_millis(20);
/// The smallest size that a slow batch is cut to.
/// Measured: docs/measured.md, "Batches of the ledger".
static MIN_BATCH: Tuned<usize> = Tuned::new("MIN_BATCH", 8);

/// One writer, or the task of an account that is waited for.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub queue: Arc<Queue>,
    pub committer: Committer,
    pub changes: broadcast::Sender<AccountId>,
    /// Accounts that may be waited for at once by all writers together.
    pub lanes: Arc<Semaphore>,
    pub batch: Pace,
}

/// How many commands a batch takes. Fewer after a slow one, so that the last caller in a batch
/// doesn't wait longer than the database needs. And at most half of the waiting and the just
/// answered callers, so that the two halves take turns: while the database works for one half, the
/// other half is answered and sends its next commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    size: usize,
    /// The last batch's commands.
    commands: usize,
    most: usize,
    time: Duration,
}

impl Pace {
    /// Batches of at most `most` commands that take about `time` at most.
    pub(super) fn new(most: usize, time: Duration) -> Self {
        Self {
            size: most,
            commands: 0,
            most,
            time,
        }
    }

    /// How many commands to take if `waiting` of them wait.
    fn next(&self, waiting: usize) -> usize {
        let half = (waiting + self.commands).div_ceil(2);
        half.clamp(MIN_BATCH.get().min(self.size), self.size)
    }

    /// Adjusts to the size and duration of a batch.
    fn note(&mut self, commands: usize, took: Duration) {
        self.commands = commands;
        if took > self.time {
            self.size =
                (commands.min(self.size) / 2).clamp(MIN_BATCH.get().min(self.most), self.most);
        } else if took < self.time / 2 {
            self.size = (self.size * 2).min(self.most);
        }
    }
}

impl Writer {
    /// Serves until the queue is closed and empty.
    pub(super) async fn run(mut self, seat: usize) {
        self.committer.seat = Some(seat);
        loop {
            let pace = self.batch;
            let taken = self.queue.next(|waiting| pace.next(waiting)).await;
            let Some(mut taken) = taken else {
                return;
            };
            let (commands, began) = (taken.tickets.len(), Instant::now());
            self.serve_safely(&mut taken, Locked::SetAside, None).await;
            self.batch.note(commands, began.elapsed());
            // Yields to the tasks of the answered callers, so that they can send their next
            // commands. Until then no other writer gets their accounts.
            tokio::task::yield_now().await;
            drop(taken);
        }
    }

    /// A bug in one batch must not end the writer: its callers hear that the outcome is unknown.
    async fn serve_safely(&self, taken: &mut Taken, locked: Locked, held: Option<Held>) {
        let served = AssertUnwindSafe(self.serve(taken, locked, held)).catch_unwind();
        if served.await.is_err() {
            tracing::error!("a batch panicked; the writer goes on");
        }
    }

    async fn serve(&self, taken: &mut Taken, locked: Locked, held: Option<Held>) {
        // Tickets that are held here during a panic may have been committed: they aren't put back.
        let tickets = std::mem::take(&mut taken.tickets);
        if tickets.is_empty() {
            return;
        }
        SERIES
            .commands
            .record(u32::try_from(tickets.len()).unwrap_or(u32::MAX));
        let span = traces::span!(parent: None, "batch", commands = tickets.len());
        traces::link(&span, tickets.iter().filter_map(|one| one.cause.as_ref()));
        let requests: Vec<&Request> = tickets.iter().map(|ticket| &ticket.request).collect();
        let serving = self.committer.serve(&requests, locked, held);
        let replies = serving.instrument(span).await;
        let mut aside: Vec<Ticket> = Vec::new();
        for (ticket, reply) in tickets.into_iter().zip(replies) {
            let Some(reply) = reply else {
                aside.push(ticket);
                continue;
            };
            if reply.is_ok() {
                // The caller may be gone.
                let _ = self.changes.send(ticket.request.account);
            }
            ticket.answer(reply);
        }
        while let Some(first) = aside.first() {
            let account = first.request.account;
            let (own, others) = aside
                .into_iter()
                .partition(|ticket| ticket.request.account == account);
            aside = others;
            self.set_aside(account, taken.part(account, own));
        }
    }

    /// Serves an account that another process has locked: waits for its lock, and then takes what
    /// has come meanwhile, so that each turn does as much as it can. It goes on while the other
    /// processes lock the account too, and no other account waits for the lane.
    async fn serve_locked(&self, taken: &mut Taken, account: AccountId) {
        let mut is_locked = true;
        loop {
            let (held, was_locked) = self.committer.hold(account, is_locked).await;
            if held.as_ref().is_some_and(Result::is_ok) {
                taken.fill(self.batch.size);
            }
            self.serve_safely(taken, Locked::WaitFor, held).await;
            // The answered callers may send their next commands.
            tokio::task::yield_now().await;
            if was_locked && self.lanes.available_permits() > 0 {
                taken.fill(1);
            }
            if taken.tickets.is_empty() {
                return;
            }
            is_locked = false;
        }
    }

    /// Waits for a locked account beside the batches. If too many are waited for already, the
    /// account returns to the queue after a pause.
    fn set_aside(&self, account: AccountId, mut taken: Taken) {
        let Ok(lane) = self.lanes.clone().try_acquire_owned() else {
            SERIES.aside_without_lane.increment(1);
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                drop(taken);
            });
            return;
        };
        SERIES.aside_in_lane.increment(1);
        let waits = Running::one(&SERIES.lanes);
        let mut writer = self.clone();
        writer.committer.seat = None;
        tokio::spawn(async move {
            writer.serve_locked(&mut taken, account).await;
            drop(taken);
            drop(lane);
            drop(waits);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    #[test]
    fn waiting_and_answered_callers_take_turns() {
        let mut pace = Pace::new(512, Duration::from_millis(100));
        // Sixty-four callers: four came first, and the rest while those were served.
        let mut answered = 4;
        for expected in [32, 32, 32] {
            pace.note(answered, Duration::from_millis(5));
            answered = pace.next(64 - answered);
            assert_eq!(answered, expected);
        }
        // All of them sent another command before the next batch began.
        pace.note(64, Duration::from_millis(5));
        assert_eq!(pace.next(64), 64);
        // Few commands aren't split, and many are bounded.
        assert_eq!(Pace::new(512, Duration::ZERO).next(3), 8);
        pace.note(512, Duration::from_millis(5));
        assert_eq!(pace.next(10_000), 512);
    }

    #[test]
    fn a_batch_that_takes_long_is_cut_and_grows_again() {
        let mut pace = Pace::new(512, Duration::from_millis(100));
        let mut check = |commands, millis, size| {
            pace.note(commands, Duration::from_millis(millis));
            assert_eq!(pace.size, size, "after {commands} in {millis} ms");
        };
        check(512, 60, 512);
        check(512, 300, 256);
        check(256, 101, 128);
        // The database is slow, whatever the batch size: only the commands taken count.
        check(20, 5_000, 10);
        check(10, 5_000, 8);
        check(1, 5_000, 8);
        check(8, 70, 8);
        check(8, 3, 16);
        check(16, 3, 32);
    }
}
