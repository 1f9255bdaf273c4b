//! A payment that its provider takes back: how many credits go with it (law R5).
//!
//! Here: the part of the credits that a part of the price stands for, and what of it was used. Not
//! here: taking them, which the book does.

use domain::{
    book::Command,
    credits::Credits,
    id::{AccountId, LotId, PurchaseId},
};
use entity::{
    purchase,
    sql_enums::{BookName, PurchaseStatus},
};

use super::super::{
    answer::Answer,
    batch::Batch,
    fault::Fault,
    losses,
    request::{Given, Refused, Undone},
};
use crate::store::purchase::changes;

impl Batch {
    /// Takes back the credits of what the provider has taken back of a purchase's price, each part
    /// once, however often it is reported.
    pub(super) fn reverse(
        &mut self,
        account: AccountId,
        purchase: PurchaseId,
        minor: i64,
        given: Given<'_>,
    ) -> Result<Answer, Undone> {
        let key = (account.uuid(), purchase.uuid());
        let row = self.facts.purchases.get(&key).cloned();
        let mut row = row.ok_or(Refused::UnknownPurchase)?;
        match row.status {
            PurchaseStatus::Paid => {}
            PurchaseStatus::Pending
            | PurchaseStatus::Unknown
            | PurchaseStatus::Declined
            | PurchaseStatus::Expired
            | PurchaseStatus::Failed => return Err(Refused::NotPaid.into()),
        }
        // No more than its price was paid.
        let minor = minor.min(row.price_minor);
        if minor <= row.reversed_minor {
            return Err(Refused::AlreadyReversed.into());
        }
        let lot = row.lot_id.map(LotId::new).ok_or(Refused::UnknownLot)?;
        let unsound = |cause| Fault::Reversal { purchase, cause };
        let there = self.there(account, purchase, lot)?;
        let left = self.left(account, lot)?;
        let command = Command::TakeBack {
            lot,
            credits: due(&row, minor).map_err(unsound)?.min(there),
            // None if credits that were owed have come back since, and others paid for them.
            used: there
                .checked_sub(left)
                .unwrap_or_default()
                .max(Credits::ZERO),
        };
        let answer = self.command(account, &command, given, |_| None)?;
        row.reversed_minor = minor;
        row.reversed_units += self.revoked_last(account)?;
        row.updated_at = Some(changes::later(&row, given.at));
        self.facts.purchases.insert(key, row.clone());
        self.rows.purchases.push(row);
        Ok(Answer {
            purchase: Some(purchase.uuid()),
            ..answer
        })
    }

    /// The credits of a lot that did not expire, were not revoked and are not owed yet: what is
    /// left, and what was spent, is held, or paid another debt.
    fn there(
        &self,
        account: AccountId,
        purchase: PurchaseId,
        lot: LotId,
    ) -> Result<Credits, Fault> {
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        let row = head.lot_rows.get(&lot).ok_or(Fault::MissingLotRow(lot))?;
        let stored = self.facts.lost.get(&(account.uuid(), lot.uuid()));
        let lost = i128::from(stored.copied().unwrap_or_default())
            + losses::of_batch(&self.rows, account, lot);
        let granted = row.granted_units;
        match i64::try_from(i128::from(granted) - lost) {
            Ok(units) if units >= 0 => Ok(Credits::from_units(units)),
            Ok(_) | Err(_) => Err(Fault::Reversal {
                purchase,
                cause: format!("its lot of {granted} units lost {lost}"),
            }),
        }
    }

    fn left(&self, account: AccountId, lot: LotId) -> Result<Credits, Fault> {
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        let left = head.book.lots.get(&lot);
        Ok(left.ok_or(domain::fault::Fault::MissingLot(lot))?.remaining)
    }

    /// What the account's last entry revoked, in units of 1/10,000 credit: what it took, and what
    /// became debt.
    fn revoked_last(&self, account: AccountId) -> Result<i64, Fault> {
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        let own = self.rows.postings.iter().rev().take_while(|posting| {
            posting.account_id == account.uuid() && posting.sequence == head.sequence
        });
        let revoked = own.filter(|posting| posting.book == BookName::Revoked);
        Ok(revoked.map(|posting| posting.units).sum())
    }
}

/// The credits that go with the part of the price that was taken back, less those that went before.
/// A part of the price stands for its part of the credits, rounded down; all of it for all.
fn due(row: &purchase::Model, minor: i64) -> Result<Credits, String> {
    // The price is more than zero, because more than nothing was taken back of it.
    let part = i128::from(row.credits_units) * i128::from(minor) / i128::from(row.price_minor);
    let due = part - i128::from(row.reversed_units);
    match i64::try_from(due) {
        Ok(units) if units >= 0 => Ok(Credits::from_units(units)),
        Ok(_) | Err(_) => Err(format!(
            "{} units went before, and {part} go with {minor} of its price",
            row.reversed_units
        )),
    }
}
