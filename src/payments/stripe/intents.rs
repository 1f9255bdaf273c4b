//! Payment intents: charging a saved card without its owner, and what became of a charge.
//!
//! Here: the request, the search for an earlier one, and the meaning of every status. Not here: the
//! payment page ([`super::checkout`]).
//!
//! One purchase is one idempotency key and so at most one payment. Stripe stores the first answer
//! of a key, an error of its own (500) included, and repeats it for a day at least: a new key could
//! charge twice, so that there is none. Instead the customer's payments are searched for the
//! purchase's id before a request is repeated, and after one that was answered with an error. If
//! there is none and the stored error is all that will ever come, the purchase has failed.

use domain::payment::Event;

use super::{
    MAX_PAGES, PAGE, PURCHASE, Stripe, amounts,
    api::{Failure, message, no_answer},
    because, deleted, is_settled, is_too_late, key,
    objects::{ApiError, Identified, Intent, IntentStatus, List, Refused},
    unpayable, words,
};
use crate::payments::{CallError, Order, Report};

/// Asks for the charge too, which says what was taken back.
const WITH_CHARGE: &str = "latest_charge";

impl Stripe {
    /// Charges what a customer has saved, or finds the charge for the same purchase.
    pub(super) async fn charge_off_session(
        &self,
        order: &Order,
        customer: &str,
    ) -> Result<Report, CallError> {
        let Some(amount) = amounts::to_stripe(order.price) else {
            return Ok(unpayable(order.price));
        };
        if order.called_at.is_some()
            && let Some(report) = self.charged_before(order, customer).await?
        {
            return Ok(report);
        }
        if is_too_late(order) {
            let found = self.searched(order).await?;
            return Ok(found.unwrap_or_else(|| because(Event::Failed, NOT_IN_TIME)));
        }
        let Some(means) = self.means_of_payment(customer).await? else {
            return Ok(because(Event::Declined, words::NO_MEANS));
        };
        let key = key(order.purchase);
        let (amount, currency) = (amount.to_string(), amounts::code(order.price.currency()));
        let form: [(&str, &str); 8] = [
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("customer", customer),
            ("payment_method", &means),
            ("off_session", "true"),
            ("confirm", "true"),
            ("description", &order.description),
            ("metadata[purchase_id]", &key),
        ];
        match self.api.post(&["payment_intents"], &form, Some(&key)).await {
            Ok(intent) => self.of_intent(order, &intent).await,
            Err(Failure::Declined(error)) => self.declined(order, &error).await,
            Err(Failure::Missing(error)) if error.param.as_deref() == Some("payment_method") => {
                Ok(because(Event::Declined, words::NO_MEANS))
            }
            Err(Failure::Missing(_)) => Err(deleted()),
            Err(Failure::Refused(error)) => Ok(because(Event::Failed, refused(&error))),
            Err(Failure::KeyReused) => self.reused(order).await,
            Err(Failure::Broken(cause)) => self.broken(order, cause).await,
            Err(Failure::Call(error)) => Err(error),
        }
    }

    /// The charge that an earlier call made for the purchase.
    pub(super) async fn charged_before(
        &self,
        order: &Order,
        customer: &str,
    ) -> Result<Option<Report>, CallError> {
        let purchase = key(order.purchase);
        let is_ours = |intent: &Intent| intent.is_for(&purchase);
        match self.find(&["payment_intents"], customer, is_ours).await? {
            Some(found) => self.read_intent(order, &found.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The newest of a customer's objects that fits, among the newest 300.
    pub(super) async fn find<T>(
        &self,
        path: &[&str],
        customer: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, CallError>
    where
        T: Identified + serde::de::DeserializeOwned,
    {
        let mut last: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("customer", customer), ("limit", PAGE)];
            if let Some(last) = last.as_deref() {
                query.push(("starting_after", last));
            }
            let page = self.api.get(path, &query).await;
            let page: List<T> = page.map_err(Failure::while_reading)?;
            last = page.data.last().map(|one| one.id().to_owned());
            if let Some(found) = page.data.into_iter().find(&fits) {
                return Ok(Some(found));
            }
            if !page.has_more || last.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// The payment of a purchase, of whichever customer. Stripe's search lags behind by up to a
    /// minute, so that it is the last resort: for an account that was connected to another customer
    /// meanwhile.
    pub(super) async fn searched(&self, order: &Order) -> Result<Option<Report>, CallError> {
        let purchase = key(order.purchase);
        let wanted = format!("metadata['{PURCHASE}']:'{purchase}'");
        let query = [("query", wanted.as_str())];
        let found = self.api.get(&["payment_intents", "search"], &query).await;
        let found: List<Intent> = match found {
            Ok(found) => found,
            // Not every country's accounts can search.
            Err(Failure::Refused(_)) => return Ok(None),
            Err(failure) => return Err(failure.while_reading()),
        };
        // A buyer may fail several times on one payment page before paying.
        let intent = found.data.into_iter().find(|intent| {
            let is_charge = matches!(
                intent.status,
                IntentStatus::Succeeded | IntentStatus::Processing
            );
            intent.is_for(&purchase) && (order.is_automatic || is_charge)
        });
        match intent {
            Some(intent) => self.read_intent(order, &intent.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The state of a payment.
    pub(super) async fn read_intent(&self, order: &Order, id: &str) -> Result<Report, CallError> {
        let intent = self.intent(id).await?;
        self.of_intent(order, &intent).await
    }

    async fn intent(&self, id: &str) -> Result<Intent, CallError> {
        let query = [("expand[]", WITH_CHARGE)];
        let found = self.api.get(&["payment_intents", id], &query).await;
        found.map_err(Failure::while_reading)
    }

    /// What a payment's status means. A charge that waits for anybody has been declined, because
    /// nobody is there, and is cancelled so that it can't be taken later.
    async fn of_intent(&self, order: &Order, intent: &Intent) -> Result<Report, CallError> {
        if let Some(report) = self.end(order, intent).await? {
            return Ok(report);
        }
        let waits = Report {
            reference: Some(intent.id.clone()),
            ..Report::of(Event::Waiting)
        };
        // On a payment page the buyer may try again.
        if !order.is_automatic {
            return Ok(waits);
        }
        match intent.status {
            IntentStatus::RequiresPaymentMethod => Ok(declined(
                intent.id.clone(),
                intent.last_payment_error.as_ref(),
            )),
            IntentStatus::RequiresAction => {
                self.cancel(order, &intent.id, Event::Declined, words::APPROVE)
                    .await
            }
            // The call that confirms it may still be under way.
            IntentStatus::RequiresConfirmation if !is_settled(order) => Ok(waits),
            IntentStatus::RequiresConfirmation | IntentStatus::RequiresCapture => {
                self.cancel(order, &intent.id, Event::Failed, NOT_FINISHED)
                    .await
            }
            IntentStatus::Processing | IntentStatus::Canceled | IntentStatus::Succeeded => {
                Err(no_answer("a payment changed while it was read"))
            }
            IntentStatus::Other => Err(no_answer("the payment has an unknown status")),
        }
    }

    /// What a payment's status means if it is the bank's to decide, or was decided.
    pub(super) async fn end(
        &self,
        order: &Order,
        intent: &Intent,
    ) -> Result<Option<Report>, CallError> {
        let reference = intent.id.clone();
        Ok(match intent.status {
            IntentStatus::Succeeded => Some(Report {
                reference: Some(reference),
                reversed_minor: self.reversed(order, intent).await?,
                ..Report::of(Event::Paid)
            }),
            IntentStatus::Processing => Some(Report {
                reference: Some(reference),
                ..Report::of(Event::Waiting)
            }),
            IntentStatus::Canceled => Some(declined(reference, intent.last_payment_error.as_ref())),
            IntentStatus::RequiresPaymentMethod
            | IntentStatus::RequiresConfirmation
            | IntentStatus::RequiresAction
            | IntentStatus::RequiresCapture
            | IntentStatus::Other => None,
        })
    }

    /// The bank declined a charge.
    async fn declined(&self, order: &Order, error: &ApiError) -> Result<Report, CallError> {
        let reason = words::reason(Some(error));
        match &error.payment_intent {
            Some(Refused {
                id,
                status: IntentStatus::RequiresAction,
            }) => self.cancel(order, id, Event::Declined, &reason).await,
            Some(Refused { id, .. }) => Ok(declined(id.clone(), Some(error))),
            None => Ok(because(Event::Declined, reason)),
        }
    }

    /// Cancels a payment that nobody will finish. If it can't be cancelled, it was decided
    /// meanwhile.
    async fn cancel(
        &self,
        order: &Order,
        id: &str,
        event: Event,
        reason: &str,
    ) -> Result<Report, CallError> {
        let path = ["payment_intents", id, "cancel"];
        match self.api.post::<Intent>(&path, &[], None).await {
            Ok(_) => Ok(Report {
                reference: Some(id.to_owned()),
                ..because(event, reason)
            }),
            Err(Failure::Refused(_)) => {
                let intent = self.intent(id).await?;
                let report = self.end(order, &intent).await?;
                report.ok_or_else(|| no_answer("a payment can't be cancelled"))
            }
            Err(failure) => Err(failure.while_reading()),
        }
    }

    /// The key of the purchase was used with other parameters: the account's customer or card
    /// changed between two calls. Whatever the first one did is the result.
    pub(super) async fn reused(&self, order: &Order) -> Result<Report, CallError> {
        let purchase = order.purchase.uuid();
        tracing::warn!(%purchase, "Stripe has this purchase's idempotency key with other parameters");
        let found = self.searched(order).await?;
        found.ok_or_else(|| no_answer("the idempotency key was used with other parameters"))
    }

    /// The stored answer of the key is an error, and the customer has no payment for the purchase.
    pub(super) async fn broken(&self, order: &Order, cause: String) -> Result<Report, CallError> {
        if let Some(report) = self.searched(order).await? {
            return Ok(report);
        }
        if is_settled(order) {
            return Ok(because(Event::Failed, NOT_FINISHED));
        }
        Err(CallError::NoAnswer(cause))
    }
}

/// The words if a charge never began.
const NOT_IN_TIME: &str = written!("Stripe couldn't be reached in time; nothing was charged");
/// The words if Stripe left a charge unfinished.
const NOT_FINISHED: &str = written!("Stripe couldn't finish the payment; nothing was charged");

/// The words if Stripe refuses a request.
pub(super) fn refused(error: &ApiError) -> String {
    text!("Stripe refuses the payment: {reason}", reason = message(error)).english()
}

/// A payment that the bank declined.
pub(super) fn declined(reference: String, error: Option<&ApiError>) -> Report {
    Report {
        reference: Some(reference),
        ..because(Event::Declined, words::reason(error))
    }
}
