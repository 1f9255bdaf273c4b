//! Bank transfers: purchases that wait for a person, who has seen the money on the platform's bank
//! account and confirms them (law R7).
//!
//! Here: confirming one, and what the job does with them. Not here: beginning one ([`super`]), and
//! payments that a provider decides ([`crate::operations::payment`]).

use domain::{
    id::{AccountId, PurchaseId},
    payment::State,
};
use entity::purchase;
use jiff::SignedDuration;

use super::{
    super::{
        OperationError, Path, RefusalCode, Services, Viewer, input, payment::state,
        together::Together,
    },
    Method, deadline,
};
use crate::store;

/// What purchases by bank transfer have in place of a provider's name. No provider may be called
/// so.
pub const NAME: &str = "bank_transfer";
/// How long a purchase waits for its transfer. Money that comes later can still be confirmed.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest reference, in bytes. Those of SEPA have 140 characters.
const MAX_REFERENCE_BYTES: usize = 255;

/// How a purchase is paid.
#[must_use]
pub fn method(row: &purchase::Model) -> Method {
    if row.provider == NAME {
        Method::BankTransfer
    } else {
        Method::Provider
    }
}

/// Whether a purchase is paid by bank transfer.
pub(in crate::operations) fn is_transfer(row: &purchase::Model) -> bool {
    method(row) == Method::BankTransfer
}

impl Services {
    /// Confirms that the money of a bank transfer has come, and credits the purchase once, however
    /// often and by however many it is confirmed. A purchase that has expired is credited too.
    ///
    /// # Errors
    /// An unknown purchase, one that is not by bank transfer, an invalid reference, and `Conflict`
    /// if the purchase was confirmed with another reference. A refusal if the account can't hold so
    /// many credits, which leaves the purchase unconfirmed.
    pub async fn confirm_purchase(
        &self,
        viewer: &Viewer,
        purchase: PurchaseId,
        reference: &str,
    ) -> Result<purchase::Model, OperationError> {
        let reference = checked(reference);
        let path = Path::input("purchaseId");
        let found = store::purchase::find_all(self.store().reader(), [purchase]).await?;
        let row = found.into_iter().next();
        let row = row.ok_or_else(|| path.not_found(text!("purchase")));
        let (row, reference) = (row, reference).together()?;
        if !is_transfer(&row) {
            return Err(path
                .invalid(text!(
                    "Must be a purchase by bank transfer; this one is decided at its payment \
                     provider."
                ))
                .into());
        }
        let row = self.confirmed(&row, &reference).await?;
        if row.confirmed_with.as_deref() != Some(&reference) {
            return Err(Path::input("reference")
                .refuse(
                    RefusalCode::Conflict,
                    text!("The purchase was confirmed with another reference already."),
                )
                .into());
        }
        let credited = self
            .credit_or_refuse(&row, viewer.actor(), true, &path)
            .await;
        if let Err(OperationError::Refused(_)) = &credited {
            let (writer, now) = (self.store().writer(), self.clock().now());
            store::purchase::endings::take_confirmation_back(writer, &row, now).await?;
        }
        credited?;
        self.purchase_again(&row).await
    }

    /// Records a confirmation unless there is one, and returns the purchase with the one that
    /// counts. From then on the job credits it, should this process end before it does.
    async fn confirmed(
        &self,
        row: &purchase::Model,
        reference: &str,
    ) -> Result<purchase::Model, OperationError> {
        let (account, id) = (AccountId::new(row.account_id), PurchaseId::new(row.id));
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [account]).await?;
        let now = self.clock().now();
        store::purchase::endings::confirm(&transaction, row, reference, now).await?;
        let row = store::purchase::find(&transaction, account, id).await?;
        transaction.commit().await?;
        self.tell_of_purchases(account);
        row.ok_or_else(|| OperationError::broken("a purchase is gone"))
    }

    /// Carries on with a purchase by bank transfer: credits one that is confirmed, and ends one
    /// that waited too long.
    pub(in crate::operations) async fn carry_on_with_transfer(
        &self,
        row: &purchase::Model,
    ) -> Result<(), OperationError> {
        let writer = self.store().writer();
        let state = state(row.status);
        if state != State::Paid && row.confirmed_with.is_some() {
            return self.credit_purchase(row, true).await;
        }
        if !state.is_open() {
            return Ok(store::purchase::rest(writer, row).await?);
        }
        let (deadline, now) = (deadline(row), self.clock().now());
        if now < deadline {
            return Ok(store::purchase::look_again(writer, row, deadline, row.attempts).await?);
        }
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [AccountId::new(row.account_id)]).await?;
        store::purchase::endings::expire_unconfirmed(&transaction, row, (deadline, now)).await?;
        Ok(transaction.commit().await?)
    }
}

/// A reference as a bank shows it.
fn checked(reference: &str) -> Result<String, OperationError> {
    let path = Path::input("reference");
    if reference.trim().len() > MAX_REFERENCE_BYTES {
        return Err(path
            .invalid(text!(
                "Must have 1 to {limit} bytes.",
                limit = MAX_REFERENCE_BYTES
            ))
            .into());
    }
    Ok(input::note(reference, &path)?)
}

#[cfg(test)]
mod tests {
    use super::{NAME, checked};
    use crate::payments;

    #[test]
    fn no_provider_has_the_name() {
        assert!(!payments::NAMES.contains(&NAME));
    }

    #[test]
    fn a_reference_is_a_line_of_255_bytes() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(checked(text).ok().as_deref(), expected, "{text:?}");
        };
        check(" RF18 5390 0754 7034 ", Some("RF18 5390 0754 7034"));
        check(&"é".repeat(127), Some(&"é".repeat(127)));
        check(&"é".repeat(128), None);
        check(&"x".repeat(255), Some(&"x".repeat(255)));
        check("  ", None);
        check("", None);
        check("a\nb", None);
        check("a\0b", None);
        check("a\u{202e}b", None);
    }
}
