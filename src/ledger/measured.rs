//! What the ledger counts and measures.
//!
//! Here: its series, and the words for refusals and outcomes. Not here: the metrics' names
//! ([`crate::telemetry::metrics`]).

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use domain::{book, ending::NoEnding};
use metrics::{Counter, Gauge, Histogram};

use super::{
    request::{Refused, SubmitError},
    ticket::Reply,
};
use crate::telemetry::metrics::{
    Counters, LEDGER_ASIDE, LEDGER_BATCH_COMMANDS, LEDGER_COMMANDS, LEDGER_HALVED, LEDGER_IN_DOUBT,
    LEDGER_LANES, LEDGER_PHASE_SECONDS, LEDGER_REFUSALS, LEDGER_REPLAYS, LEDGER_RETRIES,
    LEDGER_WAIT_SECONDS, LEDGER_WAITING,
};

/// The series of the ledger.
pub(super) struct Series {
    pub waiting: Gauge,
    pub wait: Histogram,
    pub commands: Histogram,
    phases: [Histogram; PHASES.len()],
    outcomes: Counters,
    pub replays: Counter,
    refusals: Counters,
    pub retries: Counter,
    pub halved: Counter,
    pub in_doubt: Counter,
    pub lanes: Gauge,
    pub aside_in_lane: Counter,
    pub aside_without_lane: Counter,
}

/// They exist from the start of the first ledger.
pub(super) static SERIES: LazyLock<Series> = LazyLock::new(|| Series {
    waiting: LEDGER_WAITING.gauge(&[]),
    wait: LEDGER_WAIT_SECONDS.histogram(&[]),
    commands: LEDGER_BATCH_COMMANDS.histogram(&[]),
    phases: PHASES.map(|phase| LEDGER_PHASE_SECONDS.histogram(&[phase.word()])),
    outcomes: Counters::of(&LEDGER_COMMANDS, &[], OUTCOMES),
    replays: LEDGER_REPLAYS.counter(&[]),
    refusals: Counters::of(&LEDGER_REFUSALS, &[], REASONS),
    retries: LEDGER_RETRIES.counter(&[]),
    halved: LEDGER_HALVED.counter(&[]),
    in_doubt: LEDGER_IN_DOUBT.counter(&[]),
    lanes: LEDGER_LANES.gauge(&[]),
    aside_in_lane: LEDGER_ASIDE.counter(&["taken"]),
    aside_without_lane: LEDGER_ASIDE.counter(&["none"]),
});

/// A part of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for a connection, and BEGIN.
    Begin,
    /// Locking the books.
    Lock,
    /// Reading the books, keys and rows.
    Load,
    /// Applying the commands in memory.
    Apply,
    /// Writing the rows.
    Write,
    /// COMMIT.
    Commit,
}

const PHASES: [Phase; 6] = [
    Phase::Begin,
    Phase::Lock,
    Phase::Load,
    Phase::Apply,
    Phase::Write,
    Phase::Commit,
];

impl Phase {
    const fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Lock => "lock",
            Self::Load => "load",
            Self::Apply => "apply",
            Self::Write => "write",
            Self::Commit => "commit",
        }
    }
}

/// Measures the parts of a batch one after the other.
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    /// The first part begins now.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// A part ended now, and the next one begins.
    pub(super) fn ended(&mut self, phase: Phase) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.0);
        if let Some(series) = SERIES.phases.get(phase as usize) {
            series.record(took);
        }
        self.0 = now;
    }
}

/// Counts a command that waited this long for its batch.
pub(super) fn begun(waited: Duration) {
    SERIES.wait.record(waited);
}

/// Counts what became of a command.
pub(super) fn answered(reply: &Reply) {
    let outcome = match reply {
        Ok(_) => "done",
        Err(error) => failed(error),
    };
    SERIES.outcomes.add(outcome, 1);
}

/// Counts a command that was not begun.
pub(super) fn not_begun(error: &SubmitError) {
    SERIES.outcomes.add(failed(error), 1);
}

const OUTCOMES: [&str; 9] = [
    "done",
    "refused",
    "fault",
    "busy",
    "account_busy",
    "late",
    "stopped",
    "not_done",
    "unknown",
];

fn failed(error: &SubmitError) -> &'static str {
    match error {
        SubmitError::Refused(refused) => {
            SERIES.refusals.add(reason(refused), 1);
            "refused"
        }
        SubmitError::Fault { .. } => "fault",
        SubmitError::AccountBusy => "account_busy",
        SubmitError::Busy => "busy",
        SubmitError::Late => "late",
        SubmitError::Stopped => "stopped",
        SubmitError::NotDone(_) => "not_done",
        SubmitError::Unknown(_) => "unknown",
    }
}

const REASONS: [&str; 22] = [
    "insufficient_credits",
    "unknown_lot",
    "not_held",
    "already_held",
    "not_positive",
    "too_many_credits",
    "no_such_day",
    "key_reused",
    "unknown_account",
    "unknown_list",
    "contacts_removed",
    "message_changed",
    "scheduled_messages",
    "unknown_purchase",
    "purchase_closed",
    "not_paid",
    "already_reversed",
    "lot_not_recorded",
    "message_due",
    "message_not_due",
    "message_with_sender",
    "already_credited",
];

fn reason(refused: &Refused) -> &'static str {
    match refused {
        Refused::Book(book::Refusal::Insufficient { .. }) => "insufficient_credits",
        Refused::Book(book::Refusal::UnknownLot) => "unknown_lot",
        Refused::Book(book::Refusal::NotHeld) => "not_held",
        Refused::Book(book::Refusal::AlreadyHeld) => "already_held",
        Refused::Book(book::Refusal::NotPositive) => "not_positive",
        Refused::Book(book::Refusal::TooMany) => "too_many_credits",
        Refused::Book(book::Refusal::NoSuchDay) => "no_such_day",
        Refused::KeyReused => "key_reused",
        Refused::UnknownAccount => "unknown_account",
        Refused::UnknownList(_) => "unknown_list",
        Refused::ContactsRemoved => "contacts_removed",
        Refused::MessageChanged => "message_changed",
        Refused::MessageDue => "message_due",
        Refused::ScheduledMessages(_) => "scheduled_messages",
        Refused::UnknownPurchase => "unknown_purchase",
        Refused::PurchaseClosed => "purchase_closed",
        Refused::NotPaid => "not_paid",
        Refused::AlreadyReversed => "already_reversed",
        Refused::UnknownLot => "lot_not_recorded",
        Refused::NoEnding(NoEnding::Due) => "message_due",
        Refused::NoEnding(NoEnding::NotDue) => "message_not_due",
        Refused::NoEnding(NoEnding::AtTheSendingService) => "message_with_sender",
        Refused::AlreadyCredited => "already_credited",
    }
}

#[cfg(test)]
mod tests {
    use super::{OUTCOMES, PHASES, Phase, REASONS, Refused, SERIES, SubmitError, failed, reason};

    #[test]
    fn phases_are_found_by_their_number() {
        for (number, phase) in PHASES.into_iter().enumerate() {
            assert_eq!(phase as usize, number);
        }
        assert_eq!(Phase::Commit.word(), "commit");
    }

    #[test]
    fn outcomes_and_reasons_have_series() {
        assert!(OUTCOMES.contains(&failed(&SubmitError::Late)));
        assert!(REASONS.contains(&reason(&Refused::KeyReused)));
        assert!(SERIES.refusals.knows("message_due"));
    }
}
