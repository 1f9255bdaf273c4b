//! The commands that wait: a line for each account, and the accounts in a ring, so that one with ten
//! thousand commands does not keep the others from their turn.
//!
//! An account whose commands are in a batch is not given to a second writer until that batch is done: its
//! commands meet in its next batch instead of at its lock, and keep their order. Not here: what a batch does.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::id::AccountId;
use tokio::{sync::Notify, time::Instant};

use super::{request::SubmitError, ticket::Ticket};

/// The commands of all accounts that wait.
#[derive(Debug)]
pub(super) struct Queue {
    /// Commands that may wait in all.
    most: usize,
    /// Commands of one account that may wait.
    most_of_account: usize,
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: HashMap<AccountId, VecDeque<Ticket>>,
    /// Accounts with a line that no writer has taken, the longest waiting first.
    ready: VecDeque<AccountId>,
    count: usize,
    closed: bool,
}

/// Commands that a writer has taken. Their accounts go back to the ring when this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    queue: Arc<Queue>,
    accounts: Vec<AccountId>,
    pub tickets: Vec<Ticket>,
}

impl Queue {
    pub(super) fn new(most: usize, most_of_account: usize) -> Self {
        Self {
            most,
            most_of_account,
            waiting: Mutex::default(),
            came: Notify::new(),
        }
    }

    /// Adds a command to its account's line, or says why not.
    pub(super) fn push(&self, ticket: Ticket) -> Result<(), SubmitError> {
        let mut guard = self.lock();
        let waiting = &mut *guard;
        if waiting.closed {
            return Err(SubmitError::Stopped);
        }
        if waiting.count >= self.most {
            return Err(SubmitError::Busy);
        }
        let account = ticket.request.account;
        let is_ready = match waiting.lines.get_mut(&account) {
            Some(line) if line.len() >= self.most_of_account => {
                return Err(SubmitError::AccountBusy);
            }
            // Its account is told of already, or with a writer, who gives it back.
            Some(line) => {
                line.push_back(ticket);
                false
            }
            None => {
                waiting.lines.insert(account, VecDeque::from([ticket]));
                waiting.ready.push_back(account);
                true
            }
        };
        waiting.count += 1;
        drop(guard);
        if is_ready {
            self.came.notify_one();
        }
        Ok(())
    }

    /// The next commands, at most as many as `most` says of how many wait; waits until there are some. `None` once
    /// the queue is closed and everything that was in it is done.
    pub(super) async fn next(self: &Arc<Self>, most: impl Fn(usize) -> usize) -> Option<Taken> {
        loop {
            let mut came = std::pin::pin!(self.came.notified());
            // Before looking, so that what comes after the look is heard.
            came.as_mut().enable();
            if let Some(taken) = self.take(&most) {
                return Some(taken);
            }
            let is_done = {
                let waiting = self.lock();
                waiting.closed && waiting.lines.is_empty()
            };
            if is_done {
                return None;
            }
            came.await;
        }
    }

    /// Takes commands of as many accounts as there is room for, an equal share of each; what is left of
    /// the room goes to those that have more, the longest waiting first.
    fn take(self: &Arc<Self>, most: &impl Fn(usize) -> usize) -> Option<Taken> {
        let now = Instant::now();
        let mut guard = self.lock();
        let waiting = &mut *guard;
        let most = most(waiting.count).max(1);
        let accounts = waiting.ready.len().min(most);
        if accounts == 0 {
            return None;
        }
        let share = (most / accounts).max(1);
        let accounts: Vec<AccountId> = waiting.ready.drain(..accounts).collect();
        let mut tickets = Vec::new();
        for share in [share, most] {
            for account in &accounts {
                let Some(line) = waiting.lines.get_mut(account) else {
                    continue;
                };
                let mut room = share.min(most - tickets.len().min(most));
                while room > 0 {
                    let Some(ticket) = line.pop_front() else {
                        break;
                    };
                    waiting.count -= 1;
                    // Who hung up before its turn, or waited too long, is not worked for.
                    if let Some(ticket) = ticket.begin(now) {
                        tickets.push(ticket);
                        room -= 1;
                    }
                }
            }
        }
        let more = !waiting.ready.is_empty();
        drop(guard);
        if more {
            self.came.notify_one();
        }
        Some(Taken {
            queue: self.clone(),
            accounts,
            tickets,
        })
    }

    /// Takes no more commands; those that wait are served.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.came.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that holds the lock can panic between two states.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Parts with an account and its commands, so that the rest can go on without it.
    pub(super) fn part(&mut self, account: AccountId, tickets: Vec<Ticket>) -> Self {
        self.accounts.retain(|own| *own != account);
        Self {
            queue: self.queue.clone(),
            accounts: vec![account],
            tickets,
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut guard = self.queue.lock();
        let waiting = &mut *guard;
        for ticket in self.tickets.drain(..).rev() {
            // Nothing was done for what is still here: it is first in its line again.
            ticket.put_back();
            let line = waiting.lines.entry(ticket.request.account).or_default();
            line.push_front(ticket);
            waiting.count += 1;
        }
        for account in self.accounts.drain(..) {
            match waiting.lines.get(&account) {
                Some(line) if line.is_empty() => {
                    waiting.lines.remove(&account);
                }
                Some(_) => waiting.ready.push_back(account),
                None => {}
            }
        }
        let closed = waiting.closed;
        let ready = !waiting.ready.is_empty();
        drop(guard);
        if closed {
            self.queue.came.notify_waiters();
        } else if ready {
            self.queue.came.notify_one();
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
