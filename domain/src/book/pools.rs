//! Allocation: moving credits between the unassigned pool and the lists' own.
//!
//! Here: law P2, all or nothing. Not here: what a pool is and how it pays, which is [`crate::pool`].

use jiff::Timestamp;

use super::{Allocation, Book, BookName, Entry, EntryKind, Posting, Refusal, minus};
use crate::{credits::Credits, pool::Pool};

impl Book {
    pub(super) fn allocate(
        &mut self,
        allocations: &[Allocation],
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        let is_negative = |one: &Allocation| one.limit.is_some_and(|limit| limit < Credits::ZERO);
        if allocations.iter().any(is_negative) {
            return Err(Refusal::NotPositive);
        }
        let mut pools = self.pools.clone();
        // Each limit fits i64; the sum of as many as a caller likes need not.
        let mut unassigned = i128::from(pools.unassigned.units());
        let mut postings = Vec::new();
        for Allocation { list, limit } in allocations {
            let had = pools.free(Pool::Limited(*list));
            let change = minus(limit.unwrap_or_default(), had);
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
                postings.push(posting(None, minus(Credits::ZERO, change)));
            }
        }
        if unassigned < 0 {
            let needed = i128::from(self.pools.unassigned.units()) - unassigned;
            return Err(Refusal::Insufficient {
                needed: Credits::from_units(i64::try_from(needed).unwrap_or(i64::MAX)),
                available: self.pools.unassigned,
            });
        }
        // What is left is a part of what the account has.
        pools.unassigned = Credits::from_units(i64::try_from(unassigned).unwrap_or(i64::MAX));
        self.pools = pools;
        if postings.is_empty() {
            return Ok(Vec::new());
        }
        let list = match allocations {
            [only] => Some(only.list),
            _ => None,
        };
        Ok(vec![self.entry(
            EntryKind::Allocation,
            at,
            list,
            None,
            postings,
        )])
    }
}
