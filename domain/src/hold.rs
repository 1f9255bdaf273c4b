//! Holds: credits set aside for a scheduled message.
//!
//! Here: the contents of a hold, and its division when it ends (law H2). Not here: the books that
//! its credits move between ([`crate::book`]).

use crate::{credits::Credits, lot::Draw, pool::Pool};

/// Credits set aside, with the pool and the lots that they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The pool that paid.
    pub pool: Pool,
    /// The lots that paid, in the order in which they were drawn.
    pub draws: Vec<Draw>,
}

impl Hold {
    /// The sum of the draws.
    #[must_use]
    pub fn credits(&self) -> Credits {
        // The draws of a hold were free credits of one account, so their sum is within the range.
        Credits::from_units(self.draws.iter().map(|draw| draw.credits.units()).sum())
    }

    /// Divides the hold at `charge`: the credits drawn first are charged, and those drawn last are
    /// released. If `charge` is more than the hold, all of it is charged and nothing is released.
    #[must_use]
    pub fn divide(&self, charge: Credits) -> (Vec<Draw>, Vec<Draw>) {
        let mut left = charge.units().max(0);
        let (mut charged, mut returned) = (Vec::new(), Vec::new());
        for draw in &self.draws {
            let taken = left.min(draw.credits.units());
            left -= taken;
            let back = draw.credits.units() - taken;
            if taken > 0 {
                charged.push(Draw {
                    lot: draw.lot,
                    credits: Credits::from_units(taken),
                });
            }
            if back > 0 {
                returned.push(Draw {
                    lot: draw.lot,
                    credits: Credits::from_units(back),
                });
            }
        }
        (charged, returned)
    }
}

#[cfg(test)]
mod tests {
    use super::Hold;
    use crate::{credits::Credits, id::LotId, lot::Draw, pool::Pool};
    use uuid::Uuid;

    fn draws(units: &[i64]) -> Vec<Draw> {
        (1_u128..)
            .zip(units)
            .filter(|(_, units)| **units > 0)
            .map(|(id, units)| Draw {
                lot: LotId::new(Uuid::from_u128(id)),
                credits: Credits::from_units(*units),
            })
            .collect()
    }

    #[test]
    fn credits_drawn_last_are_released() {
        let check = |charge, charged: &[i64], returned: &[i64]| {
            let hold = Hold {
                pool: Pool::Unassigned,
                draws: draws(&[20, 30, 10]),
            };
            assert_eq!(hold.credits(), Credits::from_units(60));
            assert_eq!(
                hold.divide(Credits::from_units(charge)),
                (draws(charged), draws(returned)),
                "{charge}"
            );
        };
        check(0, &[], &[20, 30, 10]);
        check(20, &[20], &[0, 30, 10]);
        check(45, &[20, 25], &[0, 5, 10]);
        check(60, &[20, 30, 10], &[]);
        check(99, &[20, 30, 10], &[]);
    }
}
