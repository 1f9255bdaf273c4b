//! Lots: *which* credits are left, and in what order they are drawn.
//!
//! Here: one lot's remainder and the draw order (law L1). Not here: *who* may spend, which is
//! [`crate::pool`], and what a draw means for the books, which is [`crate::book`].

use jiff::{Timestamp, civil::Date};

use crate::{credits::Credits, id::LotId};

/// Credits that came in together, with what is left of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// Which lot.
    pub id: LotId,
    /// What has been neither drawn nor expired nor revoked.
    pub remaining: Credits,
    /// When its credits stop being usable; `None` where they never do.
    pub expiry: Option<Expiry>,
    /// When it came in; older lots are drawn first among equals.
    pub created_at: Timestamp,
}

/// The end of a lot, as a day in the account's time zone and as that day's first instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    /// The first instant at which the credits can't be used any more (law L2).
    pub at: Timestamp,
    /// The expiration day.
    pub on: Date,
}

/// In which order an account's lots are drawn (law L1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConsumptionOrder {
    /// Lots that never expire first, then the soonest to expire.
    #[default]
    NonExpiringFirst,
    /// The soonest to expire first, then the lots that never expire.
    SoonestExpiryFirst,
}

/// Sorts lots in draw order. The order is total: ties fall to the older lot, then to the id.
pub type DrawKey = (bool, Option<Timestamp>, Timestamp, LotId);

impl Lot {
    /// Where this lot stands in the draw order.
    #[must_use]
    pub fn draw_key(&self, order: ConsumptionOrder) -> DrawKey {
        let expires = self.expiry.is_some();
        let later = match order {
            ConsumptionOrder::NonExpiringFirst => expires,
            ConsumptionOrder::SoonestExpiryFirst => !expires,
        };
        (
            later,
            self.expiry.map(|expiry| expiry.at),
            self.created_at,
            self.id,
        )
    }

    /// Whether its credits can no longer be used at `now`: the bound is half-open, so they can't be
    /// from the expiry instant itself on.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expiry.is_some_and(|expiry| expiry.at <= now)
    }
}

/// Credits taken from one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The lot that they came from.
    pub lot: LotId,
    /// How much of it.
    pub credits: Credits,
}
