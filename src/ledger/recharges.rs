//! Automatic recharges that a batch makes due: an account whose available credits fall below its
//! threshold gets a row of `due_recharges`, and one that rises to it loses the row (law R2).
//!
//! Both are written in the batch's own transaction, so that no timer is needed and no crash loses a
//! recharge. Here: the crossings. Not here: what becomes of a due recharge
//! ([`crate::operations::auto_recharge`]).

use domain::{book::Book, credits::Credits, id::AccountId};
use entity::due_recharge;
use jiff::Timestamp;

use super::{fault::Fault, rows::Changes};
use crate::store::book::Head;

impl Changes {
    /// Adds the crossing of an account's threshold, if the batch made one. An account that is below
    /// before and after has its row already.
    ///
    /// # Errors
    /// One of the books has no balance.
    pub(super) fn add_recharge(
        &mut self,
        account: AccountId,
        before: &Book,
        after: &Head,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Some(threshold) = after.recharge_below_units.map(Credits::from_units) else {
            return Ok(());
        };
        let was_below = before.balance()?.available < threshold;
        let is_below = after.book.balance()?.available < threshold;
        match (was_below, is_below) {
            (false, true) => self.due_recharges.push(due_recharge::Model {
                account_id: account.uuid(),
                due_at: now.as_microsecond(),
                next_at: Some(now.as_microsecond()),
                claimed_until: None,
            }),
            (true, false) => self.recharges_gone.push(account.uuid()),
            (true, true) | (false, false) => {}
        }
        Ok(())
    }
}
