//! What was taken back of a payment: refunds, and chargebacks.
//!
//! Here: how much. Not here: the credits that it costs (law R5).

use super::{
    Stripe, amounts,
    api::{Failure, no_answer},
    objects::{Charge, Dispute, DisputeStatus, Expandable, Intent, List},
};
use crate::payments::{CallError, Order};

impl Stripe {
    /// What was taken back of a payment that succeeded, in the price's minor unit; at most what was
    /// paid.
    pub(super) async fn reversed(&self, order: &Order, intent: &Intent) -> Result<i64, CallError> {
        // It was taken with this very call, or its charge was asked for.
        let Some(charge) = intent.latest_charge.as_ref().and_then(Expandable::object) else {
            return Ok(0);
        };
        let currency = order.price.currency();
        if charge.currency != amounts::code(currency) {
            let found = &charge.currency;
            return Err(no_answer(format!(
                "the payment is in another currency, {found:?}"
            )));
        }
        let disputed = if charge.disputed {
            self.disputed(&intent.id).await?
        } else {
            0
        };
        // A payment that is refunded while it is disputed is taken back twice.
        let Charge {
            amount,
            amount_refunded,
            ..
        } = charge;
        let reversed = amount_refunded
            .checked_add(disputed)
            .map(|sum| sum.min(*amount))
            .and_then(|sum| amounts::from_stripe(sum, currency));
        reversed.ok_or_else(|| no_answer("what was taken back is no amount of the currency"))
    }

    /// What the banks have withdrawn for chargebacks of a payment, in Stripe's unit.
    async fn disputed(&self, intent: &str) -> Result<i64, CallError> {
        let query = [("payment_intent", intent)];
        let disputes = self.api.get(&["disputes"], &query).await;
        let disputes: List<Dispute> = disputes.map_err(Failure::while_reading)?;
        let withdrawn = disputes.data.iter().filter(|one| is_withdrawn(one.status));
        let sum = withdrawn
            .map(|one| one.amount)
            .try_fold(0_i64, i64::checked_add);
        sum.ok_or_else(|| no_answer("its disputes have no sum"))
    }
}

/// Whether the bank has the money. It withdraws it when a chargeback begins and gives it back if it
/// decides for the merchant; a question before a chargeback withdraws nothing.
fn is_withdrawn(status: DisputeStatus) -> bool {
    match status {
        DisputeStatus::NeedsResponse
        | DisputeStatus::UnderReview
        | DisputeStatus::AppealNeedsResponse
        | DisputeStatus::AppealUnderReview
        | DisputeStatus::Lost => true,
        DisputeStatus::WarningNeedsResponse
        | DisputeStatus::WarningUnderReview
        | DisputeStatus::WarningClosed
        | DisputeStatus::Won
        | DisputeStatus::Prevented
        // Every dispute ends as won or lost, so that a status of tomorrow only delays.
        | DisputeStatus::Other => false,
    }
}
