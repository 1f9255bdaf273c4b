//! The charges that an account's recharges began, as far as a decision depends on them.
//!
//! Here: what a month has cost, whether a charge is open, and how many were declined in a row. Not
//! here: the decision ([`super::decide`]), and reading the charges.

use jiff::Timestamp;

use crate::{currency::Currency, id::PurchaseId, money::Money, payment::State};

/// A charge that a recharge began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Its purchase. Of two that were decided at one instant, the greater is the later one.
    pub id: PurchaseId,
    /// Its state.
    pub state: State,
    /// The price of all its packages.
    pub price: Money,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was decided; `None` while it is open.
    pub decided_at: Option<Timestamp>,
}

/// What a decision needs to know of the charges before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charges {
    /// The cost of the charges that were begun or paid in the month, or are open: what they may
    /// still cost is reserved.
    pub spent_this_month: Money,
    /// Whether one is open.
    pub in_flight: bool,
    /// How many ended without money since one was paid or the owner last acted.
    pub consecutive_declines: u32,
    /// When the last of those ended.
    pub last_declined_at: Option<Timestamp>,
}

impl Charges {
    /// Adds up charges: at least the open ones, those that were begun or decided in the month
    /// `from..to`, and those that were decided since the last paid one or since `owner_acted_at`.
    /// Others may be among them.
    ///
    /// Returns `None` if their prices are in another currency, or beyond the range of money.
    #[must_use]
    pub fn of(
        charges: &[Charge],
        (from, to): (Timestamp, Timestamp),
        owner_acted_at: Timestamp,
        currency: Currency,
    ) -> Option<Self> {
        let in_month = |at: Timestamp| from <= at && at < to;
        let mut spent_this_month = Money::zero(currency);
        for charge in charges {
            let counts = charge.state.is_open()
                || in_month(charge.created_at)
                || charge.decided_at.is_some_and(in_month);
            if charge.state.may_cost() && counts {
                spent_this_month = spent_this_month.checked_add(charge.price)?;
            }
        }
        let decided = |charge: &Charge| Some((charge.decided_at?, charge.id));
        let last_paid = charges
            .iter()
            .filter(|charge| charge.state == State::Paid)
            .filter_map(decided)
            .max();
        let declines = charges
            .iter()
            .filter(|charge| !charge.state.may_cost())
            .filter_map(decided)
            .filter(|declined| declined.0 >= owner_acted_at && Some(*declined) > last_paid);
        let (consecutive_declines, last_declined_at) = declines
            .fold((0_u32, None), |(count, last), (at, _)| {
                (count.saturating_add(1), last.max(Some(at)))
            });
        Some(Self {
            spent_this_month,
            in_flight: charges.iter().any(|charge| charge.state.is_open()),
            consecutive_declines,
            last_declined_at,
        })
    }
}
