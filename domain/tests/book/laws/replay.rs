//! The postings alone rebuild lots, pools and holds (law B2).

use std::collections::BTreeMap;

use domain::{
    book::{Book, BookName, Entry},
    credits::Credits,
    id::{ListId, LotId, MessageId},
};

use super::wide;

/// Sums of postings, computed without a book.
#[derive(Debug, Default)]
pub struct Replay {
    lots: BTreeMap<LotId, i128>,
    pools: BTreeMap<Option<ListId>, i128>,
    holds: BTreeMap<MessageId, i128>,
    held: i128,
    /// Issued, spent, expired, revoked and debt.
    beyond: BTreeMap<BookName, i128>,
}

impl Replay {
    pub fn add(&mut self, entry: &Entry) {
        for posting in &entry.postings {
            let units = wide(posting.credits);
            match posting.book {
                BookName::Available => {
                    if let Some(lot) = posting.lot {
                        *self.lots.entry(lot).or_default() += units;
                    }
                    *self.pools.entry(posting.list).or_default() += units;
                }
                BookName::Held => {
                    *self.holds.entry(entry.message.unwrap()).or_default() += units;
                    self.held += units;
                }
                other => *self.beyond.entry(other).or_default() += units,
            }
        }
    }

    /// Checks that the replayed sums equal the book.
    pub fn gives(&self, book: &Book) {
        for (id, lot) in &book.lots {
            assert_eq!(self.lots.get(id), Some(&wide(lot.remaining)), "{lot:?}");
        }
        assert_eq!(
            self.lots.len(),
            book.lots.len(),
            "a lot is never deleted (L4)"
        );
        let mut pools = self.pools.clone();
        let unassigned = pools.remove(&None).unwrap_or_default();
        assert_eq!(unassigned, wide(book.pools.unassigned));
        for (list, free) in &book.pools.limited {
            let replayed = pools.remove(&Some(*list)).unwrap_or_default();
            assert_eq!(replayed, wide(*free), "{list:?}");
        }
        assert!(
            pools.values().all(|units| *units == 0),
            "a pool that is gone has credits"
        );
        assert_eq!(self.held, wide(book.held));
        for (message, units) in &self.holds {
            let hold = book.holds.get(message).map(|hold| wide(hold.credits()));
            assert_eq!(*units, hold.unwrap_or_default(), "{message:?}");
        }
        let available: i128 = self.pools.values().sum();
        let beyond: i128 = self.beyond.values().sum();
        assert_eq!(
            available + self.held + beyond,
            0,
            "credits come from nowhere"
        );
        let debt = self.beyond.get(&BookName::Debt).copied();
        assert_eq!(-debt.unwrap_or_default(), wide(book.debt));
        for (name, units) in &self.beyond {
            let falls = matches!(name, BookName::Issued | BookName::Debt);
            let sign = units.signum();
            assert!(sign == 0 || falls == (sign < 0), "{name:?} has {units}");
        }
    }
}

/// Changes lots and pools to the state after an entry.
pub fn book_after(book: &mut Book, entry: &Entry) {
    for posting in entry
        .postings
        .iter()
        .filter(|posting| posting.book == BookName::Available)
    {
        if let Some(lot) = posting.lot.and_then(|lot| book.lots.get_mut(&lot)) {
            lot.remaining = plus(lot.remaining, posting.credits);
        }
        let pool = match posting.list {
            None => &mut book.pools.unassigned,
            Some(list) => book.pools.limited.entry(list).or_default(),
        };
        *pool = plus(*pool, posting.credits);
    }
}

fn plus(a: Credits, b: Credits) -> Credits {
    Credits::from_units(a.units() + b.units())
}
