//! The displayed parts of a cost, which add up to the displayed total (law Q5).
//!
//! Here: rounding parts by the largest remainder. Not here: rounding a total ([`Cost::round`]), and
//! splitting whole numbers by weights ([`crate::proportion`]).

use std::cmp::Reverse;

use super::{Cost, Currency, Money};

/// Why parts can't be rounded to a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartsError {
    /// The parts or their sum are beyond the range of [`Money`].
    #[error("a part of a cost is beyond the range of money")]
    Overflow,
    /// The exact parts add up to something else than their total.
    #[error("the parts of a cost add up to another total")]
    Disagreement,
}

/// Rounds the exact parts of a total so that they add up to it as displayed.
///
/// Each part is rounded down to the minor unit. The units that are then missing go to the largest
/// remainders, one each, and to the earlier one of equal remainders. So no part is a minor unit or
/// more away from its exact cost, and one without a remainder stays as it is.
///
/// `total` is the exact sum of the parts, rounded up or down: a total that is itself one of several
/// parts may have been rounded either way.
///
/// # Errors
/// [`PartsError::Disagreement`] if `total` isn't the rounded sum of the parts.
pub fn round_parts(parts: &[Cost], total: Money) -> Result<Vec<Money>, PartsError> {
    let currency = total.currency();
    let floors: Vec<(i128, i128)> = parts.iter().map(|part| part.floor(currency)).collect();
    let missing = missing_units(&floors, total)?;
    let mut places: Vec<usize> = (0..floors.len()).collect();
    places.sort_unstable_by_key(|&place| (Reverse(remainder(&floors, place)), place));
    let mut rounded = floors
        .into_iter()
        .map(|(minor, _)| i64::try_from(minor).map_err(|_| PartsError::Overflow))
        .collect::<Result<Vec<i64>, _>>()?;
    for place in places.into_iter().take(missing) {
        if let Some(minor) = rounded.get_mut(place) {
            *minor = minor.checked_add(1).ok_or(PartsError::Overflow)?;
        }
    }
    Ok(rounded
        .into_iter()
        .map(|minor| Money::new(minor, currency))
        .collect())
}

/// The minor units by which the parts, rounded down, miss their total. They are at most as many as
/// there are parts with a remainder, because the total is less than a minor unit from the exact
/// sum.
fn missing_units(floors: &[(i128, i128)], total: Money) -> Result<usize, PartsError> {
    let (whole, rest) = floors
        .iter()
        .try_fold((0_i128, 0_i128), |(whole, rest), (minor, own)| {
            Some((whole.checked_add(*minor)?, rest.checked_add(*own)?))
        })
        .ok_or(PartsError::Overflow)?;
    let missing = i128::from(total.minor())
        .checked_sub(whole)
        .ok_or(PartsError::Overflow)?;
    let per_minor = Cost::per_minor(total.currency());
    let off = missing
        .checked_mul(per_minor)
        .and_then(|missing| missing.checked_sub(rest))
        .ok_or(PartsError::Overflow)?;
    if off.checked_abs().is_none_or(|off| off >= per_minor) {
        return Err(PartsError::Disagreement);
    }
    usize::try_from(missing).map_err(|_| PartsError::Disagreement)
}

fn remainder(floors: &[(i128, i128)], place: usize) -> i128 {
    floors.get(place).map_or(0, |(_, rest)| *rest)
}

impl Cost {
    /// The cost in whole minor units, rounded down, and the rest in 10^-13 of the major unit.
    fn floor(self, currency: Currency) -> (i128, i128) {
        let per_minor = Self::per_minor(currency);
        (self.0.div_euclid(per_minor), self.0.rem_euclid(per_minor))
    }
}

#[cfg(test)]
mod tests;
