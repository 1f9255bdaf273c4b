//! The credits of a month: what there was, what came in, what went out, and what was left.
//!
//! Here: the sums, which add up to the last digit (law T5). Not here: reading them from the books,
//! and the month's money.

use crate::credits::Credits;

/// Why the credits of an account became more or fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Movement {
    /// A one-time payment bought them.
    Purchased,
    /// The automatic recharge bought them.
    Recharged,
    /// The platform granted them.
    Granted,
    /// Messages cost them.
    Spent,
    /// Their lot expired.
    Expired,
    /// The platform revoked them.
    Revoked,
    /// Their payment was taken back.
    ChargedBack,
    /// They paid what the account owed.
    DebtPaid,
}

/// The credits of an account at a bound of a month, available and held together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bound {
    /// By the entries that are booked.
    pub booked: Credits,
    /// Less what has expired by then, whether or not the expiry is booked yet.
    pub total: Credits,
}

/// The credits of a month. opening + purchased + recharged + granted - spent - expired - revoked -
/// charged back - debt paid = closing (law T5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MonthCredits {
    /// Before the month's first instant.
    pub opening: Credits,
    /// From one-time payments.
    pub purchased: Credits,
    /// From automatic recharges.
    pub recharged: Credits,
    /// From the platform, without payment.
    pub granted: Credits,
    /// Charged for messages. Credits that a message holds aren't spent yet.
    pub spent: Credits,
    /// Expired.
    pub expired: Credits,
    /// Taken back by the platform.
    pub revoked: Credits,
    /// Taken back because their payment was.
    pub charged_back: Credits,
    /// Taken to pay what the account owed.
    pub debt_paid: Credits,
    /// At the month's end, or now if it has not ended.
    pub closing: Credits,
}

/// Why the credits of a month can't be stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// The entries between the bounds don't lead from one to the other.
    #[error("the entries of the month miss its closing balance by {off} units")]
    Drift {
        /// By how much, in units of 1/10,000 credit.
        off: i128,
    },
    /// A sum is beyond the range of credits.
    #[error("a sum of the month is beyond the range of credits")]
    TooMany,
}

impl MonthCredits {
    /// The month between two bounds, with the changes that are booked between them: positive if the
    /// account had more credits afterwards.
    ///
    /// An expiry that isn't booked yet counts in the month in which it was due.
    ///
    /// # Errors
    /// The changes don't add up to the difference between the bounds, or a sum is beyond the range.
    pub fn of(
        opening: Bound,
        closing: Bound,
        changes: impl IntoIterator<Item = (Movement, Credits)>,
    ) -> Result<Self, StatementFault> {
        let mut month = Self {
            opening: opening.total,
            closing: closing.total,
            ..Self::default()
        };
        let mut off = i128::from(opening.booked.units()) - i128::from(closing.booked.units());
        for (movement, change) in changes {
            off += i128::from(change.units());
            month.count(movement, change)?;
        }
        if off != 0 {
            return Err(StatementFault::Drift { off });
        }
        month.count(Movement::Expired, unbooked(opening)?)?;
        let expired = minus(Credits::ZERO, unbooked(closing)?)?;
        month.count(Movement::Expired, expired)?;
        Ok(month)
    }

    fn count(&mut self, movement: Movement, change: Credits) -> Result<(), StatementFault> {
        let (sum, is_income) = match movement {
            Movement::Purchased => (&mut self.purchased, true),
            Movement::Recharged => (&mut self.recharged, true),
            Movement::Granted => (&mut self.granted, true),
            Movement::Spent => (&mut self.spent, false),
            Movement::Expired => (&mut self.expired, false),
            Movement::Revoked => (&mut self.revoked, false),
            Movement::ChargedBack => (&mut self.charged_back, false),
            Movement::DebtPaid => (&mut self.debt_paid, false),
        };
        *sum = if is_income {
            sum.checked_add(change).ok_or(StatementFault::TooMany)?
        } else {
            minus(*sum, change)?
        };
        Ok(())
    }
}

/// What has expired by a bound without being booked.
fn unbooked(bound: Bound) -> Result<Credits, StatementFault> {
    minus(bound.booked, bound.total)
}

fn minus(one: Credits, other: Credits) -> Result<Credits, StatementFault> {
    one.checked_sub(other).ok_or(StatementFault::TooMany)
}

#[cfg(test)]
mod tests;
