//! The queue of commands: one line per account, and the accounts in a ring, so that one account
//! with ten thousand commands doesn't delay the others.
//!
//! An account whose commands are in a batch is not given to a second writer until that batch is
//! done. Its new commands join its next batch instead of waiting for its lock, and keep their
//! order. Not here: what a batch does.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::id::AccountId;
use tokio::{sync::Notify, time::Instant};

use super::{measured::SERIES, request::SubmitError, ticket::Ticket};
use crate::{store::sql::shards, telemetry::metrics::figure};

/// The waiting commands of all accounts.
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
    /// Accounts with a line that no writer has taken, in order of waiting.
    ready: VecDeque<AccountId>,
    count: usize,
    closed: bool,
}

/// Commands that a writer has taken. Their accounts return to the ring on drop.
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

    /// Adds a command to its account's line, or returns why it can't be added.
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
            // Its account is in the ring already, or with a writer, who returns it.
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
        SERIES.waiting.increment(1.0);
        if is_ready {
            self.came.notify_one();
        }
        Ok(())
    }

    /// The next commands. `most` maps the number of waiting commands to the most to take. Waits
    /// until there are some; returns `None` after the queue is closed and empty.
    pub(super) async fn next(self: &Arc<Self>, most: impl Fn(usize) -> usize) -> Option<Taken> {
        loop {
            let mut came = std::pin::pin!(self.came.notified());
            // Registered before the check, so that a command that comes after it wakes this.
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

    /// Takes an equal share of commands from as many accounts as there is room for. Remaining room
    /// goes to accounts with more commands, the longest waiting first.
    fn take(self: &Arc<Self>, most: &impl Fn(usize) -> usize) -> Option<Taken> {
        let now = Instant::now();
        let mut guard = self.lock();
        let waiting = &mut *guard;
        let most = most(waiting.count).max(1);
        // A batch on distributed tables is a transaction on one server.
        let most_accounts = if shards::are_used() { 1 } else { most };
        let accounts = waiting.ready.len().min(most_accounts);
        if accounts == 0 {
            return None;
        }
        let share = (most / accounts).max(1);
        let before = waiting.count;
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
                    // A command whose caller is gone or whose time is over is skipped.
                    if let Some(ticket) = ticket.begin(now) {
                        tickets.push(ticket);
                        room -= 1;
                    }
                }
            }
        }
        let more = !waiting.ready.is_empty();
        let gone = before - waiting.count;
        drop(guard);
        SERIES.waiting.decrement(figure(gone as u64));
        if more {
            self.came.notify_one();
        }
        Some(Taken {
            queue: self.clone(),
            accounts,
            tickets,
        })
    }

    /// Accepts no more commands. Waiting ones are still served.
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
    /// Takes more commands of its accounts, up to `most` in all: those that came since it was
    /// taken.
    pub(super) fn fill(&mut self, most: usize) {
        let now = Instant::now();
        let mut guard = self.queue.lock();
        let waiting = &mut *guard;
        let before = waiting.count;
        for account in &self.accounts {
            let Some(line) = waiting.lines.get_mut(account) else {
                continue;
            };
            while self.tickets.len() < most {
                let Some(ticket) = line.pop_front() else {
                    break;
                };
                waiting.count -= 1;
                self.tickets.extend(ticket.begin(now));
            }
        }
        let gone = before - waiting.count;
        drop(guard);
        SERIES.waiting.decrement(figure(gone as u64));
    }

    /// Splits off an account with its commands, so that the rest can go on without it.
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
            // Nothing was done for the remaining commands: they return to the front of their lines.
            ticket.put_back();
            let line = waiting.lines.entry(ticket.request.account).or_default();
            line.push_front(ticket);
            waiting.count += 1;
            SERIES.waiting.increment(1.0);
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
