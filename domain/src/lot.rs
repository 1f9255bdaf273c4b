//! Lots: *which* credits are left, and in what order they are drawn.
//!
//! Here: a lot's remainder and the draw order (law L1). Not here: *who* may spend the credits
//! ([`crate::pool`]), and the effect of a draw on the books ([`crate::book`]).

use jiff::{Timestamp, civil::Date};

use crate::{credits::Credits, id::LotId};

/// Credits that were acquired together, and the part of them that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// The lot's id.
    pub id: LotId,
    /// Credits that have not been drawn, expired or revoked.
    pub remaining: Credits,
    /// When its credits expire; `None` if they never do.
    pub expiry: Option<Expiry>,
    /// When its credits were acquired. Of lots with equal expiry, the older is drawn first.
    pub created_at: Timestamp,
    /// Whether its payment was taken back, at least in part: then credits that return to it from a
    /// hold pay the account's debt (law R5).
    pub taken_back: bool,
}

/// The end of a lot, as a day in the account's time zone and as that day's first instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    /// The first instant at which the credits can't be used (law L2).
    pub at: Timestamp,
    /// The expiration day.
    pub on: Date,
}

/// The order in which an account's lots are drawn (law L1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConsumptionOrder {
    /// Lots that never expire first, then the soonest to expire.
    #[default]
    NonExpiringFirst,
    /// The soonest to expire first, then the lots that never expire.
    SoonestExpiryFirst,
}

/// The sort key of the draw order. The order is total: ties are broken by age, then by id.
pub type DrawKey = (bool, Option<Timestamp>, Timestamp, LotId);

impl Lot {
    /// The lot's position in the draw order.
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

    /// Whether its credits have expired at `now`. At the expiry instant itself they have.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expiry.is_some_and(|expiry| expiry.at <= now)
    }
}

/// Credits taken from one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The lot.
    pub lot: LotId,
    /// The amount.
    pub credits: Credits,
}
