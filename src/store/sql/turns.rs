//! Turns: what the fields of one request ask for at the same time is gathered, and answered
//! together.
//!
//! Here: who of those that wait leads, and what it gathers. Not here: what is done with it
//! ([`super::siblings`], [`crate::graphql`]'s loaders).

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many polls of the task a turn takes at most. A large answer is made in slices, each a poll,
/// so a turn goes on while each poll adds to it; but the fields of a turn are in memory together.
const MOST_POLLS: usize = 64;

/// How many polls must add nothing before a turn ends. On a busy machine a slice may pass before
/// any field has used it. A poll that adds nothing takes microseconds.
const QUIET_POLLS: usize = 3;

/// What waits for the next turn.
#[derive(Debug)]
pub struct Turns<T>(Mutex<Waiting<T>>);

#[derive(Debug)]
struct Waiting<T> {
    asked: Vec<T>,
    /// Whether one of those that wait will take all.
    is_led: bool,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self(Mutex::new(Waiting {
            asked: Vec::new(),
            is_led: false,
        }))
    }
}

impl<T> Turns<T> {
    /// Joins the next turn. The first to join leads it.
    pub fn join(&self, asked: T) -> Option<Lead<'_, T>> {
        let leads = {
            let mut waiting = self.lock();
            waiting.asked.push(asked);
            !std::mem::replace(&mut waiting.is_led, true)
        };
        // Lazily: a leader that is dropped takes the lock.
        leads.then(|| Lead {
            turns: self,
            has_taken: false,
        })
    }

    fn take(&self) -> Vec<T> {
        let mut waiting = self.lock();
        waiting.is_led = false;
        std::mem::take(&mut waiting.asked)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        // No code that holds the lock can panic between two states.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The leader of a turn. If it is dropped before it takes what was asked, everything asked is
/// dropped, and whoever waits asks again.
#[derive(Debug)]
pub struct Lead<'a, T> {
    turns: &'a Turns<T>,
    has_taken: bool,
}

impl<T> Lead<'_, T> {
    /// Waits until the other fields of the same task have asked, and takes what was asked.
    pub async fn gather(mut self) -> Vec<T> {
        let (mut count, mut quiet) = (1, 0);
        for _ in 0..MOST_POLLS {
            // The runtime wakes the leader after the whole task was polled, and not in between: the
            // futures of nested fields would poll it again before the fields beside their parents.
            tokio::task::yield_now().await;
            let now = self.turns.lock().asked.len();
            quiet = if now == count { quiet + 1 } else { 0 };
            if quiet == QUIET_POLLS {
                break;
            }
            count = now;
        }
        self.has_taken = true;
        self.turns.take()
    }
}

impl<T> Drop for Lead<'_, T> {
    fn drop(&mut self) {
        if !self.has_taken {
            drop(self.turns.take());
        }
    }
}
