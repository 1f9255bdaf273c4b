//! When an account recharges by itself, and how much (law R2).
//!
//! Here: the decision, from everything it depends on. Not here: reserving against the month's limit,
//! charging, and telling the owner; whoever does so decides and reserves in one transaction.

use jiff::{SignedDuration, Timestamp};

use crate::{credits::Credits, money::Money};

/// Declines in a row that suspend recharging until the owner acts.
pub const DECLINES_TO_SUSPEND: u32 = 3;

/// The most packages in one charge: more is a package far too small for its threshold, and not
/// what anyone meant to pay. What is left out is said like what the limit holds back.
pub const MAX_TIMES: u32 = 10_000;

/// How long to wait after a first decline, and after a second.
pub const BACKOFF: [SignedDuration; 2] = [
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(24),
];

/// What a decision depends on, for an account that has recharging enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RechargeState {
    /// The account's available credits.
    pub available: Credits,
    /// Recharge when they are below this.
    pub threshold: Credits,
    /// Credits of the chosen package.
    pub package_credits: Credits,
    /// Its price.
    pub package_price: Money,
    /// The most to spend on recharges in a month of the account; `None` for no limit.
    pub monthly_limit: Option<Money>,
    /// This month's recharges, in flight included.
    pub spent_this_month: Money,
    /// Whether a recharge has been started and not decided.
    pub in_flight: bool,
    /// Declines since a recharge was last paid or the owner last acted.
    pub consecutive_declines: u32,
    /// When the last of them came.
    pub last_declined_at: Option<Timestamp>,
    /// The time of the decision.
    pub now: Timestamp,
}

/// What to do about an account's credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Start one charge now.
    Buy {
        /// How many packages it is for; at least one.
        times: u32,
        /// The price of all of them.
        price: Money,
        /// What kept the charge from closing the gap, which the owner is told; `None` where it
        /// does close it.
        cut_by: Option<Cut>,
    },
    /// Nothing now.
    Wait(WaitReason),
    /// Nothing until the owner acts; the owner is told.
    Suspended(SuspendReason),
}

/// What makes a charge smaller than the gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The rest of the month's limit.
    MonthlyLimit,
    /// [`MAX_TIMES`], or the most that money can count.
    Size,
}

/// Why nothing is bought for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// There is enough.
    AboveThreshold,
    /// A recharge has not been decided yet.
    InFlight,
    /// A charge was declined; not to be tried again before this instant.
    BackingOff {
        /// When to look again.
        until: Timestamp,
    },
    /// The month's limit does not leave one package: never silent, the owner is told once.
    LimitReached,
}

/// Why nothing is bought until the owner acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuspendReason {
    /// [`DECLINES_TO_SUSPEND`] in a row.
    #[error("the last {DECLINES_TO_SUSPEND} charges were declined")]
    Declined,
    /// The package's price, the limit and what was spent are not in one currency.
    #[error("the package and the monthly limit are in different currencies")]
    CurrencyMismatch,
    /// The package holds no credits or costs nothing: free ones would come without end.
    #[error("the package can't be used for recharging")]
    UnusablePackage,
}

/// Whether to recharge now: as many packages as bring the available credits back to the threshold, in
/// one charge, cut to what the month's limit leaves.
#[must_use]
pub fn decide(state: &RechargeState) -> Decision {
    if let Some(reason) = suspended(state) {
        return Decision::Suspended(reason);
    }
    if state.available >= state.threshold {
        return Decision::Wait(WaitReason::AboveThreshold);
    }
    if state.in_flight {
        return Decision::Wait(WaitReason::InFlight);
    }
    if let Some(until) = backing_off_until(state) {
        return Decision::Wait(WaitReason::BackingOff { until });
    }
    buy(state)
}

fn suspended(state: &RechargeState) -> Option<SuspendReason> {
    let price = state.package_price;
    let same_currency = |money: Money| money.currency() == price.currency();
    if !same_currency(state.spent_this_month) || !state.monthly_limit.is_none_or(same_currency) {
        return Some(SuspendReason::CurrencyMismatch);
    }
    if !state.package_credits.is_positive() || price.minor() <= 0 {
        return Some(SuspendReason::UnusablePackage);
    }
    (state.consecutive_declines >= DECLINES_TO_SUSPEND).then_some(SuspendReason::Declined)
}

fn backing_off_until(state: &RechargeState) -> Option<Timestamp> {
    let declines = usize::try_from(state.consecutive_declines).ok()?;
    let wait = BACKOFF.get(declines.checked_sub(1)?)?;
    // Where the calendar ends there is no later try.
    let until = state
        .last_declined_at?
        .checked_add(*wait)
        .unwrap_or(Timestamp::MAX);
    (state.now < until).then_some(until)
}

fn buy(state: &RechargeState) -> Decision {
    let wanted = wanted_times(state);
    let price = i128::from(state.package_price.minor());
    // The most packages that an amount pays for; a package without a price was refused before.
    let affordable = |minor: i128| minor.max(0) / price;
    let countable = affordable(i128::from(i64::MAX)).min(i128::from(MAX_TIMES));
    let allowed = state.monthly_limit.map_or(i128::MAX, |limit| {
        affordable(i128::from(limit.minor()) - i128::from(state.spent_this_month.minor()))
    });
    let times = wanted.min(countable).min(allowed);
    let cut_by = match times {
        _ if times == wanted => None,
        _ if times == allowed => Some(Cut::MonthlyLimit),
        _ => Some(Cut::Size),
    };
    // Both fit: times is at most MAX_TIMES, and its price at most i64::MAX by `countable`.
    let (Ok(times), Ok(minor)) = (u32::try_from(times), i64::try_from(times * price)) else {
        return Decision::Wait(WaitReason::LimitReached);
    };
    if times == 0 {
        return Decision::Wait(WaitReason::LimitReached);
    }
    Decision::Buy {
        times,
        price: Money::new(minor, state.package_price.currency()),
        cut_by,
    }
}

/// How many packages bring the available credits back to the threshold.
fn wanted_times(state: &RechargeState) -> i128 {
    let gap = i128::from(state.threshold.units()) - i128::from(state.available.units());
    let package = i128::from(state.package_credits.units());
    // Rounded up; the package has credits, and the gap is positive, or we would not be here.
    (gap + package - 1) / package
}

#[cfg(test)]
mod tests;
