//! A payment as a state machine: what becomes of it with each report of its provider.
//!
//! Here: the states and the transitions (laws R1 and R6). Not here: asking the provider, and the
//! credits that a paid payment brings ([`crate::book`]).

/// The state of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Not begun yet, or waiting for its buyer.
    Pending,
    /// The provider was asked and did not answer: it may have been taken or not.
    Unknown,
    /// The money was taken. The only state with credits.
    Paid,
    /// The buyer or the buyer's bank refused.
    Declined,
    /// Nobody decided in time.
    Expired,
    /// The provider can't take it.
    Failed,
}

/// What a provider reports about a payment, or its silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// It waits for its buyer.
    Waiting,
    /// The provider knows no such payment, so nothing was taken and it can be begun.
    Absent,
    /// The provider didn't answer a call that may have had an effect.
    NoAnswer,
    /// The money was taken.
    Paid,
    /// It was refused.
    Declined,
    /// Its time is over.
    Expired,
    /// It can't be taken.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Unknown,
        Self::Paid,
        Self::Declined,
        Self::Expired,
        Self::Failed,
    ];

    /// The state after an event (law R6). A payment whose money was taken stays paid, and becomes
    /// paid whatever was believed before: money that was taken must bring its credits. Otherwise
    /// the first end counts.
    #[must_use]
    pub fn after(self, event: Event) -> Self {
        match (self, event) {
            (_, Event::Paid) => Self::Paid,
            (Self::Pending | Self::Unknown, Event::Declined) => Self::Declined,
            (Self::Pending | Self::Unknown, Event::Expired) => Self::Expired,
            (Self::Pending | Self::Unknown, Event::Failed) => Self::Failed,
            (Self::Pending | Self::Unknown, Event::Waiting | Event::Absent) => Self::Pending,
            (Self::Pending | Self::Unknown, Event::NoAnswer) => Self::Unknown,
            (
                Self::Paid | Self::Declined | Self::Expired | Self::Failed,
                Event::Waiting
                | Event::Absent
                | Event::NoAnswer
                | Event::Declined
                | Event::Expired
                | Event::Failed,
            ) => self,
        }
    }

    /// Whether the provider still has something to decide.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Unknown => true,
            Self::Paid | Self::Declined | Self::Expired | Self::Failed => false,
        }
    }

    /// Whether money was taken or may yet be, so that it counts toward a limit (law R2).
    #[must_use]
    pub fn may_cost(self) -> bool {
        match self {
            Self::Pending | Self::Unknown | Self::Paid => true,
            Self::Declined | Self::Expired | Self::Failed => false,
        }
    }
}

#[cfg(test)]
mod tests;
