//! Lots when they come in, expire and are taken back.
//!
//! Here: issuing, expiry as of the instant that a lot's day begins (law L2) and revocation (law
//! L4). Not here: one lot and its place in the draw order, which is [`crate::lot`], and lots whose
//! payment is taken back ([`super::debt`]).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    ApplyError, Book, BookName, Entry, EntryKind, Fault, Posting, Refusal, Source, minus, plus,
};
use crate::{
    credits::Credits,
    id::LotId,
    lot::{Draw, Lot},
    pool::Pool,
};

impl Book {
    /// Books the expiry of every lot whose day has come, one entry for each instant, as of that
    /// instant (law L2). The credits come off the pools by law L3.
    ///
    /// # Errors
    /// A broken invariant; then the book must not be used any more.
    pub fn expire(&mut self, now: Timestamp) -> Result<Vec<Entry>, Fault> {
        let now = self.instant(now);
        let mut due: BTreeMap<Timestamp, Vec<Draw>> = BTreeMap::new();
        for lot in self.lots.values().filter(|lot| lot.remaining.is_positive()) {
            if let Some(expiry) = lot.expiry.filter(|expiry| expiry.at <= now) {
                let draw = Draw {
                    lot: lot.id,
                    credits: lot.remaining,
                };
                due.entry(expiry.at).or_default().push(draw);
            }
        }
        due.into_iter()
            .map(|(at, draws)| self.expire_at(at, &draws))
            .collect()
    }

    fn expire_at(&mut self, at: Timestamp, draws: &[Draw]) -> Result<Entry, Fault> {
        self.take_from_lots(draws)?;
        let postings = self.take_by_shares(draws, BookName::Expired)?;
        self.entry(EntryKind::Expiry, at, None, None, postings)
    }

    pub(super) fn issue(
        &mut self,
        lot: Lot,
        source: Source,
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        if !lot.remaining.is_positive() {
            return Err(Refusal::NotPositive.into());
        }
        let total = lot
            .remaining
            .checked_add(plus(self.available()?, self.held)?)
            .ok_or(Refusal::TooMany)?;
        if total > Self::MAX_TOTAL {
            return Err(Refusal::TooMany.into());
        }
        // What is given doesn't pay for what was bought.
        let (kind, pays_debt) = match source {
            Source::Purchase => (EntryKind::Purchase, true),
            Source::AutoRecharge => (EntryKind::Recharge, true),
            Source::Grant => (EntryKind::Grant, false),
        };
        self.lots.insert(lot.id, lot);
        self.pools.unassigned = plus(self.pools.unassigned, lot.remaining)?;
        let posting = |book, credits| Posting {
            book,
            list: None,
            lot: Some(lot.id),
            credits,
        };
        let postings = vec![
            posting(BookName::Issued, minus(Credits::ZERO, lot.remaining)?),
            posting(BookName::Available, lot.remaining),
        ];
        let mut entries = vec![self.entry(kind, at, None, None, postings)?];
        if pays_debt {
            let all = Draw {
                lot: lot.id,
                credits: lot.remaining,
            };
            let (payment, _) = self.pay_debt(Pool::Unassigned, &[all], (None, None), at)?;
            entries.extend(payment);
        }
        // A lot that comes in on or after its own day (a date in the past) expires at once.
        entries.extend(self.expire_late(&[lot.id], at)?);
        Ok(entries)
    }

    /// Books the remainder of lots whose day passed before credits came (back) in, as of `at`.
    pub(super) fn expire_late(
        &mut self,
        lots: &[LotId],
        at: Timestamp,
    ) -> Result<Option<Entry>, Fault> {
        let mut draws: Vec<Draw> = Vec::new();
        for lot in lots {
            let lot = self.lot(*lot)?;
            if lot.remaining.is_positive() && lot.has_expired(at) {
                draws.push(Draw {
                    lot: lot.id,
                    credits: lot.remaining,
                });
            }
        }
        if draws.is_empty() {
            return Ok(None);
        }
        self.expire_at(at, &draws).map(Some)
    }

    pub(super) fn revoke(
        &mut self,
        lot: Option<LotId>,
        credits: Credits,
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        if !credits.is_positive() {
            return Err(Refusal::NotPositive.into());
        }
        let draws = match lot {
            None => self.choose(self.available()?, credits)?,
            Some(lot) => {
                let available = self.lots.get(&lot).ok_or(Refusal::UnknownLot)?.remaining;
                if available < credits {
                    return Err(ApplyError::Refused(Refusal::Insufficient {
                        needed: credits,
                        available,
                    }));
                }
                vec![Draw { lot, credits }]
            }
        };
        self.take_from_lots(&draws)?;
        let postings = self.take_by_shares(&draws, BookName::Revoked)?;
        Ok(vec![self.entry(
            EntryKind::Revocation,
            at,
            None,
            None,
            postings,
        )?])
    }
}
