//! The recharge decision: the gap, the monthly limit, charges in flight, and declines.

use super::*;
use crate::money::Currency;
use proptest::prelude::*;

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::new(code.parse().unwrap(), 2).unwrap())
}

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// An account 400 credits below its threshold of 500, with a package of 100 credits for 10 euros
/// and a monthly limit of 100 euros.
fn short() -> RechargeState {
    RechargeState {
        available: Credits::whole(100),
        debt: Credits::ZERO,
        threshold: Credits::whole(500),
        package_credits: Credits::whole(100),
        package_price: money(1_000, "EUR"),
        monthly_limit: Some(money(10_000, "EUR")),
        spent_this_month: money(0, "EUR"),
        permission: Permission::Granted { room: None },
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
fn the_monthly_limit_is_never_exceeded_and_always_reported() {
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
fn the_providers_limit_is_a_second_one() {
    let cut = Some(Cut::ProviderLimit);
    let room = |minor| {
        move |state: &mut RechargeState| {
            let room = Some(money(minor, "EUR"));
            state.permission = Permission::Granted { room };
        }
    };
    check(room(4_000), buys(4, 4_000, None));
    check(room(3_999), buys(3, 3_000, cut));
    check(room(1_000), buys(1, 1_000, cut));
    for nothing in [999, 0, -1_000] {
        let full = Decision::Wait(WaitReason::ProviderLimitReached);
        check(room(nothing), full);
    }
    // The smaller limit cuts; of two equal ones, the account's own is named.
    let both = |spent, minor| {
        move |state: &mut RechargeState| {
            state.spent_this_month = money(spent, "EUR");
            room(minor)(state);
        }
    };
    check(both(8_000, 3_000), buys(2, 2_000, Some(Cut::MonthlyLimit)));
    check(both(7_000, 2_000), buys(2, 2_000, cut));
    check(both(8_000, 2_000), buys(2, 2_000, Some(Cut::MonthlyLimit)));
    let full = Decision::Wait(WaitReason::LimitReached);
    check(both(10_000, 0), full);
}

#[test]
fn nothing_is_charged_without_the_providers_permission() {
    for (permission, reason) in [
        (Permission::NeedsApproval, WaitReason::NeedsApproval),
        (Permission::NeedsPurchase, WaitReason::NeedsPurchase),
    ] {
        let wait = Decision::Wait(reason);
        check(|state| state.permission = permission, wait);
        let enough = Decision::Wait(WaitReason::AboveThreshold);
        check(
            |state| {
                state.permission = permission;
                state.available = state.threshold;
            },
            enough,
        );
        let full = Decision::Wait(WaitReason::LimitReached);
        check(
            |state| {
                state.permission = permission;
                state.spent_this_month = money(10_000, "EUR");
            },
            full,
        );
    }
}

#[test]
fn a_debt_is_part_of_the_gap() {
    let owes = |debt| move |state: &mut RechargeState| state.debt = Credits::from_units(debt);
    check(owes(0), buys(4, 4_000, None));
    check(owes(1), buys(5, 5_000, None));
    check(owes(1_000_000), buys(5, 5_000, None));
    check(owes(1_000_001), buys(6, 6_000, None));
    // Credits that are available can be spent whatever the account owes.
    let enough = Decision::Wait(WaitReason::AboveThreshold);
    check(
        |state| {
            owes(9_000_000)(state);
            state.available = state.threshold;
        },
        enough,
    );
}

#[test]
fn the_size_of_a_charge_is_limited() {
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
fn unusable_settings_suspend_recharging() {
    let mismatch = Decision::Suspended(SuspendReason::CurrencyMismatch);
    check(|state| state.package_price = money(1_000, "USD"), mismatch);
    check(
        |state| state.monthly_limit = Some(money(10_000, "USD")),
        mismatch,
    );
    check(
        |state| {
            let room = Some(money(10_000, "USD"));
            state.permission = Permission::Granted { room };
        },
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
        (credits(), credits(), credits(), credits()),
        (
            amount(),
            prop::option::of(amount()),
            amount(),
            prop::option::of(amount()),
        ),
        (any::<bool>(), 0_u32..5, prop::option::of(0_i64..200_000)),
    )
        .prop_map(
            |((available, debt, threshold, package), (price, limit, spent, room), rest)| {
                let (in_flight, consecutive_declines, seconds_ago) = rest;
                RechargeState {
                    available: Credits::from_units(available),
                    debt: Credits::from_units(debt),
                    threshold: Credits::from_units(threshold),
                    package_credits: Credits::from_units(package),
                    package_price: money(price, "EUR"),
                    monthly_limit: limit.map(|minor| money(minor, "EUR")),
                    spent_this_month: money(spent, "EUR"),
                    permission: Permission::Granted {
                        room: room.map(|minor| money(minor, "EUR")),
                    },
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
    fn a_charge_is_neither_too_large_nor_too_small(state in any_state()) {
        let decision = decide(&state);
        if let Decision::Buy { times, price, cut_by } = decision {
            prop_assert!(!state.in_flight && state.available < state.threshold);
            prop_assert!(state.consecutive_declines < DECLINES_TO_SUSPEND);
            prop_assert!((1..=MAX_TIMES).contains(&times));
            let exact = i128::from(state.package_price.minor()) * i128::from(times);
            prop_assert_eq!(i128::from(price.minor()), exact);
            // The limit is not exceeded.
            let spent = i128::from(state.spent_this_month.minor()) + exact;
            if let Some(limit) = state.monthly_limit {
                prop_assert!(spent <= i128::from(limit.minor()));
            }
            let room = room(state.permission).map(|room| i128::from(room.minor()));
            prop_assert!(room.is_none_or(|room| exact <= room));
            let after = |times: u32| i128::from(state.available.units())
                - i128::from(state.debt.units())
                + i128::from(state.package_credits.units()) * i128::from(times);
            let threshold = i128::from(state.threshold.units());
            // One package fewer would not close the gap. The charge closes it, or one more would be
            // too much.
            prop_assert!(after(times - 1) < threshold);
            match cut_by {
                None => prop_assert!(after(times) >= threshold),
                Some(Cut::MonthlyLimit) => {
                    prop_assert!(after(times) < threshold);
                    let limit = i128::from(state.monthly_limit.unwrap().minor());
                    prop_assert!(spent + i128::from(state.package_price.minor()) > limit);
                }
                Some(Cut::ProviderLimit) => {
                    prop_assert!(after(times) < threshold);
                    let next = exact + i128::from(state.package_price.minor());
                    prop_assert!(next > room.unwrap());
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
    fn an_account_below_its_threshold_gets_a_charge_or_a_reason(state in any_state()) {
        let fine = !state.in_flight && state.consecutive_declines == 0
            && state.package_credits.is_positive() && state.package_price.minor() > 0 && state.available < state.threshold;
        if fine {
            let one = i128::from(state.spent_this_month.minor()) + i128::from(state.package_price.minor());
            let allowed = state.monthly_limit.is_none_or(|limit| {
                one <= i128::from(limit.minor())
            });
            let permitted = room(state.permission)
                .is_none_or(|room| state.package_price.minor() <= room.minor());
            match decide(&state) {
                Decision::Buy { .. } => prop_assert!(allowed && permitted),
                Decision::Wait(WaitReason::LimitReached) => prop_assert!(!allowed),
                Decision::Wait(WaitReason::ProviderLimitReached) => {
                    prop_assert!(allowed && !permitted);
                }
                decision @ (Decision::Wait(_) | Decision::Suspended(_)) => {
                    prop_assert!(false, "{decision:?}");
                }
            }
        }
    }

    #[test]
    fn repeated_charges_never_exceed_the_limit(mut state in any_state()) {
        // Each charge is paid and spent at once, within the same month.
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
