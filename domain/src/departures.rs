//! Departures: recipients who leave a list after a message was scheduled for its contacts (law H3).
//!
//! Here: the charge for a message's lines without the departed recipients. Not here: finding who
//! has left, and when.

use std::collections::BTreeMap;

use crate::{country::CountryCode, credits::Credits, quote::Line};

/// Recipients in one country who have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Departure {
    /// Their country.
    pub country: CountryCode,
    /// Segments priced for each of them. `None` if it is not known: they then count as recipients
    /// of their country with the fewest segments, so that the charge is never too low.
    pub segment_count: Option<u32>,
    /// The number of recipients who left.
    pub recipients: u64,
}

/// A message's lines without the departed recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// The remaining recipients, by country and number of segments. Lines without recipients are
    /// left out.
    pub lines: Vec<Line>,
    /// The remaining recipients in countries that are served, for whom the credits are.
    pub recipients: u64,
    /// The sum of the lines, never more than that of the planned lines.
    pub credits: Credits,
}

/// Why the charge can't be calculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DepartureError {
    /// More recipients have left than the message was scheduled for.
    #[error("more recipients have left than a message was scheduled for")]
    TooMany,
    /// The cost of the lines exceeds the range of credits.
    #[error("a message's lines cost more than can be counted")]
    TooLarge,
}

/// Removes departed recipients from a message's lines.
///
/// Recipients with known segments leave the line that they were counted in. All others, and those
/// for whom that line has too few recipients, leave the lines of their country with the fewest
/// segments.
///
/// # Errors
/// If the lines and the departures don't belong to the same message.
pub fn remaining(planned: &[Line], departures: &[Departure]) -> Result<Remaining, DepartureError> {
    let mut lines = planned.to_vec();
    lines.sort_by_key(|line| (line.country, line.segment_count));
    let mut unplaced: BTreeMap<CountryCode, u64> = BTreeMap::new();
    for departure in departures {
        let own = lines.iter_mut().find(|line| {
            line.country == departure.country && Some(line.segment_count) == departure.segment_count
        });
        let left = own.map_or(departure.recipients, |line| {
            leave(line, departure.recipients)
        });
        let sum = unplaced.entry(departure.country).or_default();
        *sum = sum.checked_add(left).ok_or(DepartureError::TooMany)?;
    }
    for (country, mut left) in unplaced {
        // The lines are sorted, those with the fewest segments first.
        for line in lines.iter_mut().filter(|line| line.country == country) {
            left = leave(line, left);
        }
        if left > 0 {
            return Err(DepartureError::TooMany);
        }
    }
    lines.retain(|line| line.recipients > 0);
    let (mut recipients, mut credits) = (0_u64, Credits::ZERO);
    for line in &mut lines {
        line.credits = cost(line).ok_or(DepartureError::TooLarge)?;
        if line.credits_per_segment.is_some() {
            let sum = recipients.checked_add(line.recipients);
            recipients = sum.ok_or(DepartureError::TooLarge)?;
        }
        let sum = credits.checked_add(line.credits);
        credits = sum.ok_or(DepartureError::TooLarge)?;
    }
    Ok(Remaining {
        lines,
        recipients,
        credits,
    })
}

/// Removes as many recipients from the line as it has. Returns how many are left to remove.
fn leave(line: &mut Line, recipients: u64) -> u64 {
    let gone = recipients.min(line.recipients);
    line.recipients -= gone;
    recipients - gone
}

fn cost(line: &Line) -> Option<Credits> {
    let Some(rate) = line.credits_per_segment else {
        return Some(Credits::ZERO);
    };
    let segments = line.recipients.checked_mul(u64::from(line.segment_count))?;
    rate.checked_mul(i64::try_from(segments).ok()?)
}

#[cfg(test)]
mod tests;
