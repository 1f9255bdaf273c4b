//! Forecasts: how long an account's credits last at a pace, and which of them expire unused (law
//! T6).
//!
//! Here: drawing the present lots day by day, as if nothing were bought. Not here: measuring the
//! pace, and credits that are held, which are drawn already and can't expire.

use std::{collections::BTreeMap, num::NonZeroU16};

use jiff::civil::Date;

use crate::{
    credits::Credits,
    lot::{ConsumptionOrder, Lot},
};

/// Credits that an account uses in a number of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The credits, zero or more.
    pub credits: Credits,
    /// The days in which they are used.
    pub days: NonZeroU16,
}

/// What a forecast starts from.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// The lots whose day hasn't come, in any order.
    pub lots: &'a [Lot],
    /// The order in which they are drawn.
    pub order: ConsumptionOrder,
    /// The present day, whose use is still to come.
    pub today: Date,
}

/// What becomes of an account's credits at a pace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The first day for whose use there aren't enough credits; `None` if there are until the
    /// horizon.
    pub runs_out: Option<RunsOut>,
    /// The days until the horizon on which lots expire, in order.
    pub lapses: Vec<Lapse>,
}

/// The end of an account's credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunsOut {
    /// The first day for whose use there aren't enough credits.
    pub on: Date,
    /// The days before it, from today on.
    pub days: u16,
}

/// A day on which lots expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lapse {
    /// The expiration day.
    pub on: Date,
    /// The credits of these lots that can be spent now.
    pub credits: Credits,
    /// What is left of them on that day, and expires.
    pub lost: Credits,
}

impl Pace {
    /// The units that are used in this many days from now, rounded down.
    fn units_in(self, days: u16) -> i128 {
        self.units() * i128::from(days) / self.divisor()
    }

    /// The first number of days in which more than `units` are used.
    fn days_beyond(self, units: i128) -> Option<i128> {
        let pace = self.units();
        (pace > 0).then(|| ((units + 1) * self.divisor() + pace - 1) / pace)
    }

    fn units(self) -> i128 {
        i128::from(self.credits.units().max(0))
    }

    fn divisor(self) -> i128 {
        i128::from(self.days.get())
    }
}

/// Draws the present lots at a pace until a horizon, in days from today. `None` if an amount or a
/// day is beyond its range.
#[must_use]
pub fn forecast(present: Present<'_>, pace: Pace, horizon: u16) -> Option<Forecast> {
    let Present { lots, order, today } = present;
    let mut lots: Vec<Lot> = lots.to_vec();
    lots.sort_by_key(|lot| lot.draw_key(order));
    let day = |days: u16| {
        today
            .checked_add(jiff::Span::new().days(i32::from(days)))
            .ok()
    };
    let end = day(horizon)?;
    // Lots that expire later are drawn like those that never do, but in their place.
    let mut expiring: BTreeMap<Date, i128> = BTreeMap::new();
    for lot in &lots {
        if let Some(on) = lot.expiry.map(|expiry| expiry.on)
            && on <= end
        {
            *expiring.entry(on).or_default() += i128::from(lot.remaining.units());
        }
    }
    let mut left: Vec<(Option<Date>, i128)> = lots
        .iter()
        .map(|lot| {
            let on = lot.expiry.map(|expiry| expiry.on);
            (on, i128::from(lot.remaining.units()))
        })
        .collect();
    let mut lapses = Vec::with_capacity(expiring.len());
    let mut runs_out = None;
    let mut passed: u16 = 0;
    for (on, credits) in expiring {
        let until = u16::try_from(days_between(today, on)).unwrap_or(0);
        runs_out = runs_out.or(draw(&mut left, pace, (passed, until)));
        passed = until;
        let mut lost = 0;
        for (expires, units) in &mut left {
            if *expires == Some(on) {
                lost += std::mem::take(units);
            }
        }
        lapses.push(Lapse {
            on,
            credits: credits_of(credits)?,
            lost: credits_of(lost)?,
        });
    }
    runs_out = runs_out.or(draw(&mut left, pace, (passed, horizon)));
    let runs_out = match runs_out {
        Some(days) => Some(RunsOut {
            on: day(days)?,
            days,
        }),
        None => None,
    };
    Some(Forecast { runs_out, lapses })
}

/// Draws what is used from one day to another. Returns the day whose use is more than there is.
fn draw(left: &mut [(Option<Date>, i128)], pace: Pace, (from, to): (u16, u16)) -> Option<u16> {
    let before = pace.units_in(from);
    let there: i128 = left.iter().map(|(_, units)| units).sum();
    let mut due = pace.units_in(to) - before;
    let is_short = due > there;
    for (_, units) in left {
        let part = due.min(*units);
        *units -= part;
        due -= part;
    }
    // Days count from 1, and the use of the first is today's.
    let days = pace.days_beyond(before + there).filter(|_| is_short)?;
    u16::try_from(days - 1).ok()
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

fn credits_of(units: i128) -> Option<Credits> {
    i64::try_from(units).ok().map(Credits::from_units)
}

#[cfg(test)]
mod tests;
