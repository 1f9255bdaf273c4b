//! When an account recharges by itself, and how much (rule R2).
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
mod tests {
    use super::*;
    use crate::money::Currency;
    use proptest::prelude::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::new(code.parse().unwrap(), 2).unwrap())
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    /// 400 credits short of 500, at 100 credits for 10 euros, with 100 euros a month.
    fn short() -> RechargeState {
        RechargeState {
            available: Credits::whole(100),
            threshold: Credits::whole(500),
            package_credits: Credits::whole(100),
            package_price: money(1_000, "EUR"),
            monthly_limit: Some(money(10_000, "EUR")),
            spent_this_month: money(0, "EUR"),
            in_flight: false,
            consecutive_declines: 0,
            last_declined_at: None,
            now: now(),
        }
    }

    fn buys(times: u32, minor: i64, cut_by: Option<Cut>) -> Decision {
        let price = money(minor, "EUR");
        Decision::Buy {
            times,
            price,
            cut_by,
        }
    }

    fn check(change: impl FnOnce(&mut RechargeState), want: Decision) {
        let mut state = short();
        change(&mut state);
        assert_eq!(decide(&state), want, "{state:?}");
    }

    #[test]
    fn the_gap_is_closed_in_one_charge() {
        check(|_| (), buys(4, 4_000, None));
        check(
            |state| state.available = Credits::from_units(4_999_999),
            buys(1, 1_000, None),
        );
        check(
            |state| state.available = Credits::from_units(999_999),
            buys(5, 5_000, None),
        );
        check(
            |state| state.available = Credits::whole(-100),
            buys(6, 6_000, None),
        );
        let enough = Decision::Wait(WaitReason::AboveThreshold);
        check(|state| state.available = Credits::whole(500), enough);
        check(|state| state.available = Credits::whole(900), enough);
    }

    #[test]
    fn the_months_limit_is_hard_and_never_silent() {
        let cut = Some(Cut::MonthlyLimit);
        let full = Decision::Wait(WaitReason::LimitReached);
        check(
            |state| state.spent_this_month = money(6_000, "EUR"),
            buys(4, 4_000, None),
        );
        check(
            |state| state.spent_this_month = money(6_001, "EUR"),
            buys(3, 3_000, cut),
        );
        check(
            |state| state.spent_this_month = money(9_000, "EUR"),
            buys(1, 1_000, cut),
        );
        check(|state| state.spent_this_month = money(9_001, "EUR"), full);
        check(|state| state.spent_this_month = money(20_000, "EUR"), full);
        check(|state| state.monthly_limit = Some(money(0, "EUR")), full);
        check(
            |state| {
                state.monthly_limit = None;
                state.spent_this_month = money(i64::MAX, "EUR");
            },
            buys(4, 4_000, None),
        );
    }

    #[test]
    fn a_charge_has_a_greatest_size() {
        let cut = Some(Cut::Size);
        let tiny = |state: &mut RechargeState, minor| {
            state.package_credits = Credits::from_units(1);
            state.package_price = money(minor, "EUR");
            state.monthly_limit = None;
        };
        check(|state| tiny(state, 1), buys(MAX_TIMES, 10_000, cut));
        check(
            |state| tiny(state, i64::MAX / 2),
            buys(2, i64::MAX - 1, cut),
        );
    }

    #[test]
    fn declines_back_off_and_the_third_suspends() {
        let declined = |declines, minutes_ago: i64| {
            move |state: &mut RechargeState| {
                state.consecutive_declines = declines;
                state.last_declined_at = Some(now() - SignedDuration::from_mins(minutes_ago));
            }
        };
        let waits = |minutes| {
            let until = now() + SignedDuration::from_mins(minutes);
            Decision::Wait(WaitReason::BackingOff { until })
        };
        check(declined(1, 0), waits(60));
        check(declined(1, 59), waits(1));
        check(declined(1, 60), buys(4, 4_000, None));
        check(declined(2, 60), waits(23 * 60));
        check(declined(2, 24 * 60), buys(4, 4_000, None));
        let suspended = Decision::Suspended(SuspendReason::Declined);
        check(declined(3, 1_000_000), suspended);
        check(declined(u32::MAX, 0), suspended);
    }

    #[test]
    fn what_can_not_be_decided_waits_for_the_owner() {
        let mismatch = Decision::Suspended(SuspendReason::CurrencyMismatch);
        check(|state| state.package_price = money(1_000, "USD"), mismatch);
        check(
            |state| state.monthly_limit = Some(money(10_000, "USD")),
            mismatch,
        );
        let unusable = Decision::Suspended(SuspendReason::UnusablePackage);
        check(|state| state.package_credits = Credits::ZERO, unusable);
        check(|state| state.package_price = money(0, "EUR"), unusable);
        check(
            |state| state.in_flight = true,
            Decision::Wait(WaitReason::InFlight),
        );
    }

    fn any_state() -> impl Strategy<Value = RechargeState> {
        let amount = || prop_oneof![0..=200_000_i64, 0..=i64::MAX, Just(0)];
        let credits = || prop_oneof![0..=10_000_000_i64, 0..=Credits::MAX_INPUT.units()];
        (
            (credits(), credits(), credits()),
            (amount(), prop::option::of(amount()), amount()),
            (any::<bool>(), 0_u32..5, prop::option::of(0_i64..200_000)),
        )
            .prop_map(
                |((available, threshold, package), (price, limit, spent), rest)| {
                    let (in_flight, consecutive_declines, seconds_ago) = rest;
                    RechargeState {
                        available: Credits::from_units(available),
                        threshold: Credits::from_units(threshold),
                        package_credits: Credits::from_units(package),
                        package_price: money(price, "EUR"),
                        monthly_limit: limit.map(|minor| money(minor, "EUR")),
                        spent_this_month: money(spent, "EUR"),
                        in_flight,
                        consecutive_declines,
                        last_declined_at: seconds_ago
                            .map(|seconds| now() - SignedDuration::from_secs(seconds)),
                        now: now(),
                    }
                },
            )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_charge_is_never_too_much_and_never_too_little(state in any_state()) {
            let decision = decide(&state);
            if let Decision::Buy { times, price, cut_by } = decision {
                prop_assert!(!state.in_flight && state.available < state.threshold);
                prop_assert!(state.consecutive_declines < DECLINES_TO_SUSPEND);
                prop_assert!((1..=MAX_TIMES).contains(&times));
                let exact = i128::from(state.package_price.minor()) * i128::from(times);
                prop_assert_eq!(i128::from(price.minor()), exact);
                // Never passes the limit.
                let spent = i128::from(state.spent_this_month.minor()) + exact;
                if let Some(limit) = state.monthly_limit {
                    prop_assert!(spent <= i128::from(limit.minor()));
                }
                let after = |times: u32| i128::from(state.available.units())
                    + i128::from(state.package_credits.units()) * i128::from(times);
                let threshold = i128::from(state.threshold.units());
                // Not one package more than closes the gap; the gap is closed, or one more would be too much.
                prop_assert!(after(times - 1) < threshold);
                match cut_by {
                    None => prop_assert!(after(times) >= threshold),
                    Some(Cut::MonthlyLimit) => {
                        prop_assert!(after(times) < threshold);
                        let limit = i128::from(state.monthly_limit.unwrap().minor());
                        prop_assert!(spent + i128::from(state.package_price.minor()) > limit);
                    }
                    Some(Cut::Size) => {
                        prop_assert!(after(times) < threshold);
                        let next = exact + i128::from(state.package_price.minor());
                        prop_assert!(times == MAX_TIMES || next > i128::from(i64::MAX));
                    }
                }
            }
        }

        #[test]
        fn an_account_that_is_short_is_served_or_told_why(state in any_state()) {
            let fine = !state.in_flight && state.consecutive_declines == 0
                && state.package_credits.is_positive() && state.package_price.minor() > 0 && state.available < state.threshold;
            if fine {
                let one = i128::from(state.spent_this_month.minor()) + i128::from(state.package_price.minor());
                let room = state.monthly_limit.is_none_or(|limit| {
                    one <= i128::from(limit.minor())
                });
                match decide(&state) {
                    Decision::Buy { .. } => prop_assert!(room),
                    decision => {
                        prop_assert!(!room);
                        prop_assert_eq!(decision, Decision::Wait(WaitReason::LimitReached));
                    }
                }
            }
        }

        #[test]
        fn charging_until_it_waits_never_passes_the_limit(mut state in any_state()) {
            // Each charge is paid at once and spent at once; the month goes on.
            for _ in 0..20 {
                let Decision::Buy { price, .. } = decide(&state) else { break };
                let spent = state.spent_this_month.minor().checked_add(price.minor());
                let Some(spent) = spent else { break };
                state.spent_this_month = money(spent, "EUR");
                if let Some(limit) = state.monthly_limit {
                    prop_assert!(spent <= limit.minor());
                }
            }
        }
    }
}
