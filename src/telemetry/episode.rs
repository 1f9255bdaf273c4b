//! One log line for an outage and one for its end, however often something fails meanwhile.
//!
//! Here: when such a line is due. Not here: what counts as a failure, which the callers decide.

use std::{
    fmt::Display,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How long nothing may have failed before an outage counts as over. Connections come back one
/// after the other, and a line for each would say nothing.
const CALM: Duration = Duration::from_secs(5);
/// How often an outage that goes on is reported again.
const REMINDER: Duration = Duration::from_secs(600);

/// The database doesn't answer, or connections to it are lost.
pub static DATABASE: Episode = Episode::new("the database");

/// Something that fails for a while, such as a database or a job.
#[derive(Debug)]
pub struct Episode {
    what: &'static str,
    /// Whether it fails; readable without a lock.
    fails: AtomicBool,
    state: Mutex<Option<Outage>>,
}

#[derive(Debug, Clone, Copy)]
struct Outage {
    began: Instant,
    last: Instant,
    reported: Instant,
    failures: u64,
}

/// What a failure means for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Began,
    GoesOn { seconds: u64, failures: u64 },
    Nothing,
}

impl Episode {
    /// Nothing has failed yet. `what` is the subject of the lines, such as "the database".
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self {
            what,
            fails: AtomicBool::new(false),
            state: Mutex::new(None),
        }
    }

    /// Records a failure. The first one of an outage is logged at ERROR, and one every ten minutes;
    /// the others at DEBUG.
    pub fn failed(&self, cause: &dyn Display) {
        let what = self.what;
        match self.note_failure(Instant::now()) {
            Report::Began => tracing::error!(what, %cause, "an outage began"),
            Report::GoesOn { seconds, failures } => {
                tracing::error!(what, %cause, seconds, failures, "an outage goes on");
            }
            Report::Nothing => tracing::debug!(what, %cause, "another failure of an outage"),
        }
    }

    /// Records a success. If nothing failed in the last seconds, an outage is over, which is logged
    /// at INFO. Takes one load from memory while there is no outage.
    pub fn worked(&self) {
        if !self.fails.load(Ordering::Relaxed) {
            return;
        }
        if let Some((seconds, failures)) = self.note_success(Instant::now()) {
            let what = self.what;
            tracing::info!(what, seconds, failures, "an outage is over");
        }
    }

    fn note_failure(&self, now: Instant) -> Report {
        let mut state = self.lock();
        self.fails.store(true, Ordering::Relaxed);
        let Some(outage) = state.as_mut() else {
            *state = Some(Outage {
                began: now,
                last: now,
                reported: now,
                failures: 1,
            });
            return Report::Began;
        };
        outage.last = now;
        outage.failures = outage.failures.saturating_add(1);
        if now.saturating_duration_since(outage.reported) < REMINDER {
            return Report::Nothing;
        }
        outage.reported = now;
        Report::GoesOn {
            seconds: now.saturating_duration_since(outage.began).as_secs(),
            failures: outage.failures,
        }
    }

    /// The seconds and the failures of an outage that is over now.
    fn note_success(&self, now: Instant) -> Option<(u64, u64)> {
        let mut state = self.lock();
        let outage = (*state)?;
        if now.saturating_duration_since(outage.last) < CALM {
            return None;
        }
        *state = None;
        self.fails.store(false, Ordering::Relaxed);
        let lasted = outage.last.saturating_duration_since(outage.began);
        Some((lasted.as_secs(), outage.failures))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outage>> {
        // No code that holds the lock can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets one of many equal log lines through in a while, with the number of those that were left
/// out.
#[derive(Debug)]
pub struct Limited {
    every: Duration,
    state: Mutex<(Option<Instant>, u64)>,
}

impl Limited {
    /// One line in `every`.
    #[must_use]
    pub const fn new(every: Duration) -> Self {
        Self {
            every,
            state: Mutex::new((None, 0)),
        }
    }

    /// Whether a line is due now, and how many were left out since the last one.
    pub fn left_out(&self) -> Option<u64> {
        self.left_out_at(Instant::now())
    }

    fn left_out_at(&self, now: Instant) -> Option<u64> {
        // No code that holds the lock can panic.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, left_out) = &mut *state;
        if last.is_some_and(|last| now.saturating_duration_since(last) < self.every) {
            *left_out = left_out.saturating_add(1);
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{CALM, Episode, Limited, REMINDER, Report};

    #[test]
    fn an_outage_has_a_line_at_its_start_and_one_at_its_end() {
        let episode = Episode::new("a test");
        let start = Instant::now();
        assert_eq!(episode.note_success(start), None, "nothing has failed");
        assert_eq!(episode.note_failure(start), Report::Began);
        for second in 1..300 {
            let now = start + Duration::from_secs(second);
            assert_eq!(episode.note_failure(now), Report::Nothing);
            // A success in between doesn't end it.
            assert_eq!(episode.note_success(now), None);
        }
        let last = start + Duration::from_secs(299);
        assert_eq!(episode.note_success(last + CALM / 2), None);
        assert_eq!(episode.note_success(last + CALM), Some((299, 300)));
        assert_eq!(episode.note_success(last + CALM), None);
        assert_eq!(episode.note_failure(last + CALM * 2), Report::Began);
    }

    #[test]
    fn an_outage_that_goes_on_is_reported_again() {
        let episode = Episode::new("a test");
        let start = Instant::now();
        assert_eq!(episode.note_failure(start), Report::Began);
        let expected = Report::GoesOn {
            seconds: REMINDER.as_secs(),
            failures: 2,
        };
        assert_eq!(episode.note_failure(start + REMINDER), expected);
        assert_eq!(episode.note_failure(start + REMINDER), Report::Nothing);
    }

    #[test]
    fn lines_that_are_left_out_are_counted() {
        let limited = Limited::new(Duration::from_secs(10));
        let start = Instant::now();
        assert_eq!(limited.left_out_at(start), Some(0));
        for _ in 0..7 {
            assert_eq!(limited.left_out_at(start + Duration::from_secs(9)), None);
        }
        assert_eq!(
            limited.left_out_at(start + Duration::from_secs(10)),
            Some(7)
        );
    }
}
