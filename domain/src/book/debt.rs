//! Payments that are taken back, and the debt that they leave (law R5).
//!
//! Here: the credits of such a payment, and what pays the debt. Not here: how many credits a part
//! of a price stands for, which the server computes.

use jiff::Timestamp;

use super::{
    ApplyError, Book, BookName, Entry, EntryKind, Fault, Posting, Refusal,
    entry::{Sign, moved, settled},
    minus, sum,
};
use crate::{
    credits::Credits,
    id::{ListId, LotId, MessageId},
    lot::Draw,
    pool::Pool,
};

impl Book {
    /// Takes `credits` of a lot back with its payment: what is left of the lot is revoked, off the
    /// pools by law L3, and of the rest as much as was `used` becomes debt. The entry has no
    /// postings if there is neither.
    pub(super) fn take_back(
        &mut self,
        lot: LotId,
        credits: Credits,
        used: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        if credits < Credits::ZERO || used < Credits::ZERO {
            return Err(Refusal::NotPositive.into());
        }
        let remaining = self.lots.get(&lot).ok_or(Refusal::UnknownLot)?.remaining;
        let taken = remaining.min(credits).max(Credits::ZERO);
        let owed = minus(credits, taken)?.min(used);
        let debt = self.debt.checked_add(owed).ok_or(Refusal::TooMany)?;
        if debt > Self::MAX_TOTAL {
            return Err(Refusal::TooMany.into());
        }
        let mut postings = Vec::new();
        if taken.is_positive() {
            let draw = Draw {
                lot,
                credits: taken,
            };
            self.take_from_lots(&[draw])?;
            postings.extend(self.take_by_shares(&[draw], BookName::Revoked)?);
        }
        if owed.is_positive() {
            self.debt = debt;
            postings.push(Posting {
                book: BookName::Debt,
                list: None,
                lot: Some(lot),
                credits: minus(Credits::ZERO, owed)?,
            });
            postings.push(Posting {
                book: BookName::Revoked,
                list: None,
                lot: None,
                credits: owed,
            });
        }
        if !postings.is_empty() {
            self.lot_mut(lot)?.taken_back = true;
        }
        Ok(vec![self.entry(
            EntryKind::Chargeback,
            at,
            None,
            None,
            postings,
        )?])
    }

    /// Pays the debt with these draws, which are in their lots and in the pool, as far as they go.
    /// Returns the entry, unless nothing is owed, and what is left of the draws. The entry is for
    /// this list and message.
    pub(super) fn pay_debt(
        &mut self,
        pool: Pool,
        draws: &[Draw],
        (list, message): (Option<ListId>, Option<MessageId>),
        at: Timestamp,
    ) -> Result<(Option<Entry>, Vec<Draw>), Fault> {
        let mut owed = self.debt;
        let (mut paid, mut unneeded) = (Vec::new(), Vec::new());
        for draw in draws {
            let part = draw.credits.min(owed);
            let rest = minus(draw.credits, part)?;
            owed = minus(owed, part)?;
            let of = |credits| Draw {
                lot: draw.lot,
                credits,
            };
            paid.extend(part.is_positive().then(|| of(part)));
            unneeded.extend(rest.is_positive().then(|| of(rest)));
        }
        if paid.is_empty() {
            return Ok((None, unneeded));
        }
        self.take_from_lots(&paid)?;
        self.take_from_pool(pool, sum(&paid)?)?;
        self.debt = owed;
        let mut postings = moved(BookName::Available, pool, &paid, Sign::Out)?;
        postings.extend(settled(BookName::Debt, pool.list(), &paid)?);
        let entry = self.entry(EntryKind::DebtPayment, at, list, message, postings)?;
        Ok((Some(entry), unneeded))
    }
}
