//! Forecasts: examples, and law T6 against a walk through every day.

use jiff::{Timestamp, civil::date, tz::TimeZone};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{id::LotId, lot::Expiry};

const TODAY: Date = date(2026, 11, 27);

/// A lot of so many units that expires in so many days.
fn lot(id: u128, units: i64, days: Option<i32>) -> Lot {
    let expiry = days.map(|days| {
        let on = TODAY + jiff::Span::new().days(days);
        let at = on.to_zoned(TimeZone::UTC).unwrap().timestamp();
        Expiry { at, on }
    });
    Lot {
        id: LotId::new(Uuid::from_u128(id)),
        remaining: Credits::from_units(units),
        expiry,
        created_at: Timestamp::UNIX_EPOCH,
        taken_back: false,
    }
}

fn lots(parts: &[(i64, Option<i32>)]) -> Vec<Lot> {
    let each = parts.iter().zip(1..);
    each.map(|(&(units, days), id)| lot(id, units, days))
        .collect()
}

fn run(lots: &[Lot], order: ConsumptionOrder, units: i64) -> Forecast {
    let present = Present {
        lots,
        order,
        today: TODAY,
    };
    let pace = Pace {
        credits: Credits::from_units(units),
        days: NonZeroU16::new(30).unwrap(),
    };
    forecast(present, pace, 400).unwrap()
}

fn ends(forecast: &Forecast) -> Option<(Date, u16)> {
    forecast.runs_out.map(|end| (end.on, end.days))
}

fn lost(forecast: &Forecast) -> Vec<i64> {
    let each = forecast.lapses.iter();
    each.map(|lapse| lapse.lost.units()).collect()
}

#[test]
fn credits_last_as_many_days_as_they_pay() {
    let order = ConsumptionOrder::NonExpiringFirst;
    // Ten units a day.
    let check = |units: i64, expected: Option<(Date, u16)>| {
        assert_eq!(
            ends(&run(&lots(&[(units, None)]), order, 300)),
            expected,
            "{units}"
        );
    };
    check(100, Some((date(2026, 12, 7), 10)));
    check(99, Some((date(2026, 12, 6), 9)));
    check(0, Some((TODAY, 0)));
    check(4_000, None);
    assert_eq!(ends(&run(&lots(&[(100, None)]), order, 0)), None);
}

#[test]
fn what_is_not_used_by_its_day_is_lost() {
    // A hundred expire in five days, ten are used a day.
    let parts = lots(&[(100, Some(5)), (30, None)]);
    let forecast = run(&parts, ConsumptionOrder::SoonestExpiryFirst, 300);
    assert_eq!(lost(&forecast), [50]);
    assert_eq!(
        forecast.lapses.first().map(|l| l.credits.units()),
        Some(100)
    );
    assert_eq!(ends(&forecast), Some((date(2026, 12, 5), 8)));
    // Those that never expire go first.
    let forecast = run(&parts, ConsumptionOrder::NonExpiringFirst, 300);
    assert_eq!(lost(&forecast), [80]);
    assert_eq!(ends(&forecast), Some((date(2026, 12, 2), 5)));
}

#[test]
fn a_day_beyond_the_horizon_is_not_listed() {
    let parts = lots(&[(100, Some(401)), (5, Some(400))]);
    let forecast = run(&parts, ConsumptionOrder::NonExpiringFirst, 0);
    assert_eq!(lost(&forecast), [5]);
    assert_eq!(forecast.runs_out, None);
}

/// The same, one day after the other.
fn walk(lots: &[Lot], order: ConsumptionOrder, pace: i64) -> (Option<u16>, Vec<i64>) {
    let mut lots = lots.to_vec();
    lots.sort_by_key(|lot| lot.draw_key(order));
    let (mut used, mut end, mut lost) = (0, None, Vec::new());
    for day in 0..=400_u16 {
        let on = TODAY + jiff::Span::new().days(i32::from(day));
        let mut lapsed = None;
        for lot in &mut lots {
            if lot.expiry.is_some_and(|expiry| expiry.on == on) {
                *lapsed.get_or_insert(0) += lot.remaining.units();
                lot.remaining = Credits::ZERO;
            }
        }
        lost.extend(lapsed);
        if day == 400 {
            break;
        }
        let until = pace * (i64::from(day) + 1) / 30;
        for lot in &mut lots {
            let part = (until - used).min(lot.remaining.units());
            lot.remaining = Credits::from_units(lot.remaining.units() - part);
            used += part;
        }
        if used < until {
            end = end.or(Some(day));
            used = until;
        }
    }
    (end, lost)
}

proptest! {
    #[test]
    fn a_forecast_is_a_walk_through_its_days(
        parts in prop::collection::vec((0_i64..2_000, prop::option::of(1..420)), 0..8),
        pace in 0_i64..3_000,
        soonest in any::<bool>(),
    ) {
        let order = match soonest {
            true => ConsumptionOrder::SoonestExpiryFirst,
            false => ConsumptionOrder::NonExpiringFirst,
        };
        let lots = lots(&parts);
        let forecast = run(&lots, order, pace);
        let expected = walk(&lots, order, pace);
        prop_assert_eq!((forecast.runs_out.map(|end| end.days), lost(&forecast)), expected);
        for lapse in &forecast.lapses {
            prop_assert!(lapse.lost <= lapse.credits);
        }
    }

    #[test]
    fn a_faster_pace_lasts_no_longer_and_loses_no_more(
        parts in prop::collection::vec((0_i64..2_000, prop::option::of(1..420)), 0..8),
        pace in 0_i64..3_000,
        more in 0_i64..3_000,
    ) {
        let lots = lots(&parts);
        let order = ConsumptionOrder::NonExpiringFirst;
        let (slow, fast) = (run(&lots, order, pace), run(&lots, order, pace + more));
        let days = |forecast: &Forecast| forecast.runs_out.map_or(u16::MAX, |end| end.days);
        prop_assert!(days(&fast) <= days(&slow));
        let sum = |forecast: &Forecast| lost(forecast).iter().sum::<i64>();
        prop_assert!(sum(&fast) <= sum(&slow));
    }
}
