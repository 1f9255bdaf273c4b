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
        let mut pools = self.pools.clone();
        let mut postings = Vec::new();
        for Allocation { list, limit } in allocations {
            let had = pools.free(Pool::Limited(*list));
            let change = minus(limit.unwrap_or_default(), had);
            match limit {
                Some(limit) => pools.limited.insert(*list, *limit),
                None => pools.limited.remove(list),
            };
            pools.unassigned = minus(pools.unassigned, change);
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
        if pools.unassigned < Credits::ZERO {
            let needed = minus(self.pools.unassigned, pools.unassigned);
            return Err(Refusal::Insufficient {
                needed,
                available: self.pools.unassigned,
            });
        }
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
