//! Departures: recipients who leave a list after a message was scheduled for its contacts (law H3).
//!
//! Here: what is charged of a message's lines without them. Not here: who has left, and when.

use std::collections::BTreeMap;

use crate::{country::CountryCode, credits::Credits, quote::Line};

/// Recipients in one country who have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Departure {
    /// Where they are.
    pub country: CountryCode,
    /// Segments that each of them was to get. `None` if it is not known: they count as those of their country
    /// who were to get the fewest, so that nobody pays less by it than by what was scheduled.
    pub segment_count: Option<u32>,
    /// How many they are.
    pub recipients: u64,
}

/// What stays of a message's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// The recipients who stayed, by country and number of segments. Lines without recipients are left out.
    pub lines: Vec<Line>,
    /// Those of them who are served: the credits are for them.
    pub recipients: u64,
    /// The sum of the lines: never more than the lines before.
    pub credits: Credits,
}

/// Why nothing can be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DepartureError {
    /// More have left than the message was for.
    #[error("more recipients have left than a message was scheduled for")]
    TooMany,
    /// The lines cost more than can be counted.
    #[error("a message's lines cost more than can be counted")]
    TooLarge,
}

/// Takes the departed out of a message's lines.
///
/// Whose segments are known leave the line that they were counted in. The others, and those that their line has no room
/// for, leave the lines of their country with the fewest segments.
///
/// # Errors
/// [`DepartureError`]: the lines and the departures are not of one message.
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
        // They are sorted: the fewest segments come first.
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

/// Takes as many as it has, and answers how many it lacks.
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
