//! How credits come in, come back, and are taken back with their payment, and what pays the debt.

use domain::{
    book::{Refusal, Source},
    id::LotId,
    lot::Expiry,
};
use jiff::Timestamp;

use super::{Hold, Lot, MOST, Model, refuse_unless};

impl Model {
    pub(super) fn issue(
        &mut self,
        id: LotId,
        source: Source,
        (credits, expiry): (i128, Option<Expiry>),
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let ends = expiry.map(|expiry| expiry.at);
        refuse_unless(credits > 0, Refusal::NotPositive)?;
        let total = self.available() + self.held() + credits;
        refuse_unless(total <= MOST, Refusal::TooMany)?;
        self.issued += credits;
        let paid = if source == Source::Grant {
            0
        } else {
            self.pay(credits)
        };
        let is_late = ends.is_some_and(|ends| ends <= now);
        let left = if is_late { 0 } else { credits - paid };
        self.lots.push(Lot {
            id,
            left,
            ends,
            day: expiry.map(|expiry| expiry.on),
            since: now,
            taken_back: false,
        });
        self.pool(None).free += left;
        self.expired += credits - paid - left;
        Ok(())
    }

    /// What the lot lacks of the credits is owed, as far as it was used.
    pub(super) fn take_back(
        &mut self,
        id: LotId,
        credits: i128,
        used: i128,
    ) -> Result<(), Refusal> {
        refuse_unless(credits >= 0 && used >= 0, Refusal::NotPositive)?;
        let lot = self.lots.iter_mut().find(|lot| lot.id == id);
        let lot = lot.ok_or(Refusal::UnknownLot)?;
        let gone = lot.left.min(credits);
        let owed = used.min(credits - gone);
        lot.left -= gone;
        lot.taken_back |= gone > 0 || owed > 0;
        refuse_unless(self.debt + owed <= MOST, Refusal::TooMany)?;
        self.take_from_all(gone);
        self.debt += owed;
        self.revoked += gone + owed;
        Ok(())
    }

    /// Takes this much off the top of a hold. What comes back to a lot that was taken back pays the
    /// debt, the first draws before the later ones; what has expired meanwhile is lost on the way
    /// back.
    pub(super) fn give_back(&mut self, mut hold: Hold, mut credits: i128, now: Timestamp) {
        let is_limited = self.pools.iter().any(|pool| pool.owner == hold.payer);
        let payer = hold.payer.filter(|_| is_limited);
        let mut parts = Vec::new();
        while credits > 0 {
            let (id, drawn) = hold.stack.pop().unwrap();
            let part = drawn.min(credits);
            credits -= part;
            parts.push((id, part));
        }
        while let Some((id, part)) = parts.pop() {
            let at = self.lots.iter().position(|lot| lot.id == id).unwrap();
            let paid = if self.lots[at].taken_back {
                self.pay(part)
            } else {
                0
            };
            let part = part - paid;
            if self.lots[at].ends.is_some_and(|ends| ends <= now) {
                self.expired += part;
            } else {
                self.lots[at].left += part;
                self.pool(payer).free += part;
            }
        }
    }

    /// Pays the debt with at most this much, and returns how much it took.
    fn pay(&mut self, credits: i128) -> i128 {
        let paid = credits.min(self.debt);
        self.debt -= paid;
        paid
    }
}
