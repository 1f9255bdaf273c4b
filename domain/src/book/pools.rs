//! Allocation: moving credits between the unassigned pool and the lists' own pools.
//!
//! Here: law P2, all or nothing. Not here: what a pool is and how it pays, which is
//! [`crate::pool`].

use jiff::Timestamp;

use super::{
    Allocation, ApplyError, Book, BookName, Entry, EntryKind, Fault, Posting, Refusal, minus,
};
use crate::credits::Credits;

impl Book {
    pub(super) fn allocate(
        &mut self,
        allocations: &[Allocation],
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        let is_negative = |one: &Allocation| one.limit.is_some_and(|limit| limit < Credits::ZERO);
        if allocations.iter().any(is_negative) {
            return Err(Refusal::NotPositive.into());
        }
        let mut pools = self.pools.clone();
        // Each limit fits i64, but the sum of many limits need not.
        let mut unassigned = i128::from(pools.unassigned.units());
        let mut postings = Vec::new();
        for Allocation { list, limit } in allocations {
            // A list without a limit has nothing for itself.
            let had = pools.limited.get(list).copied().unwrap_or(Credits::ZERO);
            let change = minus(limit.unwrap_or(Credits::ZERO), had)?;
            match limit {
                Some(limit) => pools.limited.insert(*list, *limit),
                None => pools.limited.remove(list),
            };
            unassigned -= i128::from(change.units());
            let posting = |list, credits| Posting {
                book: BookName::Available,
                list,
                lot: None,
                credits,
            };
            if !change.is_zero() {
                postings.push(posting(Some(*list), change));
                postings.push(posting(None, minus(Credits::ZERO, change)?));
            }
        }
        if unassigned < 0 {
            let needed = i128::from(self.pools.unassigned.units()) - unassigned;
            return Err(ApplyError::Refused(Refusal::Insufficient {
                // No account has this much: the refusal reports the largest possible amount.
                needed: Credits::from_units(i64::try_from(needed).unwrap_or(i64::MAX)),
                available: self.pools.unassigned,
            }));
        }
        let units =
            i64::try_from(unassigned).map_err(|_| Fault::OutOfRange { units: unassigned })?;
        pools.unassigned = Credits::from_units(units);
        self.pools = pools;
        if postings.is_empty() {
            return Ok(Vec::new());
        }
        let list = match allocations {
            [only] => Some(only.list),
            [] | [_, _, ..] => None,
        };
        Ok(vec![self.entry(
            EntryKind::Allocation,
            at,
            list,
            None,
            postings,
        )?])
    }
}
