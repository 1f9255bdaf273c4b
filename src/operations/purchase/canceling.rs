//! Canceling a purchase that waits for its approval.
//!
//! A canceled purchase is over for its buyer, and its place among the unpaid ones is free. What its
//! provider does afterwards still counts: money that was taken brings its credits (law R6). So the
//! provider is asked to end the payment, and about what became of it until it is over.
//!
//! Here: the cancellation, and how long its provider is asked. Not here: the calls
//! ([`crate::operations::payment`]).

use domain::{
    id::{AccountId, PurchaseId},
    payment::Event,
};
use entity::{purchase, sql_enums::PurchaseStatus};
use jiff::{SignedDuration, Timestamp};

use super::{
    super::{OperationError, Path, RefusalCode, Services, Viewer},
    transfer::is_transfer,
};
use crate::{
    clock::{later, whole_micros},
    localization::Text,
    store,
};

/// How long the provider is asked about a canceled purchase. A direct debit is decided within two
/// weeks.
const ASKED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a purchase was canceled, and not paid all the same.
#[must_use]
pub fn is_canceled(row: &purchase::Model) -> bool {
    row.canceled_at.is_some() && row.status == PurchaseStatus::Declined
}

impl Services {
    /// Cancels a purchase that waits for its approval. Canceled again, it is returned as it is.
    ///
    /// # Errors
    /// `NotFound` if the viewer doesn't see the purchase. `Conflict` if it is decided, confirmed,
    /// an automatic recharge, or turns out to be paid, and while its provider doesn't say whether
    /// it is.
    pub async fn cancel_purchase(
        &self,
        viewer: &Viewer,
        id: PurchaseId,
    ) -> Result<purchase::Model, OperationError> {
        let path = Path::input("purchaseId");
        let conflict = |why: Text| OperationError::from(path.refuse(RefusalCode::Conflict, why));
        let row = self.reader(viewer.clone()).by_key(id).await?;
        let row = row.ok_or_else(|| path.not_found(text!("purchase")))?;
        if is_canceled(&row) {
            return Ok(row);
        }
        let now = self.clock().now();
        let row = self.purchase_as_of(row, now);
        if let Some(why) = obstacle(&row) {
            return Err(conflict(why));
        }
        // Nobody can pay it any more on a page of this server, or without its confirmation.
        let is_over = self.is_approved_here(&row) || is_transfer(&row);
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [AccountId::new(row.account_id)]).await?;
        let next_at = (!is_over).then_some(now);
        let canceled = store::purchase::endings::cancel(&transaction, &row, next_at, now).await?;
        transaction.commit().await?;
        self.tell_of_purchases(AccountId::new(row.account_id));
        if canceled && !is_over {
            self.carry_on(row.clone()).await?;
        }
        let row = self.purchase_again(&row).await?;
        match obstacle(&row) {
            _ if is_canceled(&row) => Ok(row),
            Some(why) => Err(conflict(why)),
            None => Err(OperationError::broken("a pending purchase isn't canceled")),
        }
    }

    /// Whether the provider is asked again about a purchase that has ended: one that was canceled
    /// here and still waits there.
    pub(in crate::operations) fn may_yet_be_paid(
        &self,
        row: &purchase::Model,
        event: Event,
        now: Timestamp,
    ) -> bool {
        let waits = match event {
            Event::Waiting | Event::NoAnswer => true,
            Event::Absent | Event::Paid | Event::Declined | Event::Expired | Event::Failed => false,
        };
        waits && is_canceled(row) && now < later(whole_micros(row.created_at), ASKED)
    }
}

/// Why a purchase can't be canceled; `None` if it can be.
fn obstacle(row: &purchase::Model) -> Option<Text> {
    if row.automatic {
        return Some(text!(
            "An automatic recharge is charged without an approval and can't be canceled."
        ));
    }
    match row.status {
        PurchaseStatus::Pending if row.confirmed_with.is_some() => {
            Some(text!("The bank transfer was confirmed already."))
        }
        PurchaseStatus::Pending => None,
        PurchaseStatus::Unknown => Some(text!(
            "The payment provider has not said yet whether the purchase is paid; try again later."
        )),
        PurchaseStatus::Paid => Some(text!("The purchase is paid, and its credits are there.")),
        PurchaseStatus::Declined => Some(text!("The purchase was declined already.")),
        PurchaseStatus::Expired => Some(text!("The purchase has expired already.")),
        PurchaseStatus::Failed => Some(text!("The purchase has failed already.")),
    }
}
