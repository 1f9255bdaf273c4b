//! Automatic recharge: when an account buys credits, and how many (law R2).
//!
//! Here: the decision, from everything it depends on. Not here: reserving against the monthly
//! limit, charging, and telling the owner. Callers decide and reserve in one transaction.

mod charges;

use jiff::{SignedDuration, Timestamp};

pub use self::charges::{Charge, Charges};

use crate::{credits::Credits, money::Money};

/// The number of consecutive declines that suspends recharging until the owner acts.
pub const DECLINES_TO_SUSPEND: u32 = 3;

/// The most packages in one charge. More would mean that the package is far too small for the
/// threshold, which nobody intended. The decision reports the cut like one by the monthly limit.
pub const MAX_TIMES: u32 = 10_000;

/// The waiting times after a first and after a second decline.
pub const BACKOFF: [SignedDuration; 2] = [
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(24),
];

/// The inputs of a decision, for an account that has recharging enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RechargeState {
    /// The account's available credits.
    pub available: Credits,
    /// The credits that the account owes, which a charge covers first (law R5).
    pub debt: Credits,
    /// The account recharges if its available credits are below this.
    pub threshold: Credits,
    /// Credits of the chosen package.
    pub package_credits: Credits,
    /// The price of the package.
    pub package_price: Money,
    /// The limit for recharges in a calendar month of the account; `None` for no limit.
    pub monthly_limit: Option<Money>,
    /// This month's recharges, including one in flight.
    pub spent_this_month: Money,
    /// What the payment provider permits.
    pub permission: Permission,
    /// Whether a recharge has started and is not decided yet.
    pub in_flight: bool,
    /// Declines since a recharge was last paid or the owner last acted.
    pub consecutive_declines: u32,
    /// When the last decline was received; `None` without declines.
    pub last_declined_at: Option<Timestamp>,
    /// The time of the decision.
    pub now: Timestamp,
}

/// What a payment provider permits to charge without the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Charges up to what is left of the provider's own limit; `None` if it has no limit.
    Granted {
        /// What is left of the limit in the provider's present period.
        room: Option<Money>,
    },
    /// Nothing until the owner approves.
    NeedsApproval,
    /// Nothing until the owner has paid once with the provider's page.
    NeedsPurchase,
}

/// The decision about an account's credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Start one charge now.
    Buy {
        /// The number of packages, at least one.
        times: u32,
        /// The price of all packages.
        price: Money,
        /// Why the charge doesn't close the gap, for a notification of the owner; `None` if it
        /// does.
        cut_by: Option<Cut>,
    },
    /// Buy nothing now.
    Wait(WaitReason),
    /// Buy nothing until the owner acts. The owner is notified.
    Suspended(SuspendReason),
}

/// Why a charge is smaller than the gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The rest of the monthly limit is smaller.
    MonthlyLimit,
    /// The rest of the provider's own limit is smaller.
    ProviderLimit,
    /// The charge would exceed [`MAX_TIMES`], or the range of money.
    Size,
}

/// Why nothing is bought for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The available credits are not below the threshold.
    AboveThreshold,
    /// A recharge has not been decided yet.
    InFlight,
    /// A charge was declined, and the waiting time is not over.
    BackingOff {
        /// When to decide again.
        until: Timestamp,
    },
    /// The rest of the monthly limit doesn't pay for one package. The owner is notified once.
    LimitReached,
    /// The rest of the provider's own limit doesn't pay for one package.
    ProviderLimitReached,
    /// The owner has to approve charges at the provider first.
    NeedsApproval,
    /// The owner has to pay once with the provider's page first.
    NeedsPurchase,
}

/// Why nothing is bought until the owner acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuspendReason {
    /// [`DECLINES_TO_SUSPEND`] consecutive charges were declined.
    #[error("the last {DECLINES_TO_SUSPEND} charges were declined")]
    Declined,
    /// The package's price, the limits and the month's recharges are not in one currency.
    #[error("the package and the limits are in different currencies")]
    CurrencyMismatch,
    /// The package has no credits, or costs nothing and would be bought without end.
    #[error("the package can't be used for recharging")]
    UnusablePackage,
}

/// Decides whether to recharge now: with as many packages as bring the available credits back to
/// the threshold, in one charge, cut to what is left of the monthly limit and of the provider's.
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

/// Why nothing is bought until the owner acts, whatever the account has; `None` if nothing keeps
/// it from recharging for good.
#[must_use]
pub fn suspended(state: &RechargeState) -> Option<SuspendReason> {
    let price = state.package_price;
    let same_currency = |money: Money| money.currency() == price.currency();
    let limits = [state.monthly_limit, room(state.permission)];
    if !same_currency(state.spent_this_month) || !limits.into_iter().flatten().all(same_currency) {
        return Some(SuspendReason::CurrencyMismatch);
    }
    if !state.package_credits.is_positive() || price.minor() <= 0 {
        return Some(SuspendReason::UnusablePackage);
    }
    (state.consecutive_declines >= DECLINES_TO_SUSPEND).then_some(SuspendReason::Declined)
}

/// What is left of the provider's limit, if it has one.
fn room(permission: Permission) -> Option<Money> {
    match permission {
        Permission::Granted { room } => room,
        Permission::NeedsApproval | Permission::NeedsPurchase => None,
    }
}

fn backing_off_until(state: &RechargeState) -> Option<Timestamp> {
    let declines = usize::try_from(state.consecutive_declines).ok()?;
    let wait = BACKOFF.get(declines.checked_sub(1)?)?;
    // Beyond the calendar's end there is no later attempt.
    let until = state
        .last_declined_at?
        .checked_add(*wait)
        .unwrap_or(Timestamp::MAX);
    (state.now < until).then_some(until)
}

fn buy(state: &RechargeState) -> Decision {
    let wanted = wanted_times(state);
    let price = i128::from(state.package_price.minor());
    // The most packages that an amount pays for. The price is not zero: that was checked above.
    let affordable = |minor: i128| minor.max(0) / price;
    let countable = affordable(i128::from(i64::MAX)).min(i128::from(MAX_TIMES));
    let allowed = state.monthly_limit.map_or(i128::MAX, |limit| {
        affordable(i128::from(limit.minor()) - i128::from(state.spent_this_month.minor()))
    });
    let permitted =
        room(state.permission).map_or(i128::MAX, |room| affordable(i128::from(room.minor())));
    // The account's own limit is named first: the provider is never asked for what it forbids.
    if allowed == 0 {
        return Decision::Wait(WaitReason::LimitReached);
    }
    match state.permission {
        Permission::NeedsApproval => return Decision::Wait(WaitReason::NeedsApproval),
        Permission::NeedsPurchase => return Decision::Wait(WaitReason::NeedsPurchase),
        Permission::Granted { .. } if permitted == 0 => {
            return Decision::Wait(WaitReason::ProviderLimitReached);
        }
        Permission::Granted { .. } => {}
    }
    let times = wanted.min(countable).min(allowed).min(permitted);
    let cut_by = match times {
        _ if times == wanted => None,
        _ if times == allowed => Some(Cut::MonthlyLimit),
        _ if times == permitted => Some(Cut::ProviderLimit),
        _ => Some(Cut::Size),
    };
    // Both fit: `times` is at most MAX_TIMES, and its price at most i64::MAX by `countable`. It is
    // at least one: something is wanted, and each limit pays for one package.
    let (Ok(times), Ok(minor)) = (u32::try_from(times), i64::try_from(times * price)) else {
        return Decision::Wait(WaitReason::LimitReached);
    };
    Decision::Buy {
        times,
        price: Money::new(minor, state.package_price.currency()),
        cut_by,
    }
}

/// The number of packages that bring the available credits back to the threshold, after the debt
/// is covered.
fn wanted_times(state: &RechargeState) -> i128 {
    let missing = i128::from(state.threshold.units()) - i128::from(state.available.units());
    let gap = missing + i128::from(state.debt.units().max(0));
    let package = i128::from(state.package_credits.units());
    // Rounded up. The package has credits and the gap is positive: both were checked before.
    (gap + package - 1) / package
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
