//! Checkout: Stripe's payment page, which also saves the card for recharges.
//!
//! Here: making a page, finding or closing the one that was made, and the meaning of its status.
//! Not here: the payment behind it ([`super::intents`]).

use domain::payment::Event;
use url::Url;

use super::{
    PAGE_CLOSES_AFTER, Stripe, amounts,
    api::{Failure, no_answer},
    because, deleted, intents, is_settled, is_too_late, key,
    objects::{Expandable, Intent, IntentStatus, PaymentStatus, Session, SessionStatus},
    unpayable,
};
use crate::payments::{CallError, Order, Report};

/// The folder of pages.
const SESSIONS: [&str; 2] = ["checkout", "sessions"];
/// Asks for the payment and its charge too.
const WITH_PAYMENT: &str = "payment_intent.latest_charge";
/// The longest name of what is sold, in characters; Stripe's limit is 250.
const MAX_NAME: usize = 250;
/// Stripe replaces it by the page's id when the buyer returns.
const SESSION_ID: &str = "session_id={CHECKOUT_SESSION_ID}";

impl Stripe {
    /// Makes a payment page for a purchase, or finds the one that was made.
    pub(super) async fn begin_checkout(
        &self,
        order: &Order,
        customer: &str,
    ) -> Result<Report, CallError> {
        let Some(amount) = amounts::to_stripe(order.price) else {
            return Ok(unpayable(order.price));
        };
        if is_too_late(order) {
            let found = self.checkout_before(order, customer).await?;
            let found = match found {
                Some(report) => Some(report),
                None => self.searched(order).await?,
            };
            return Ok(found.unwrap_or_else(|| Report::of(Event::Expired)));
        }
        let key = key(order.purchase);
        let (amount, currency) = (amount.to_string(), amounts::code(order.price.currency()));
        let name: String = order.description.chars().take(MAX_NAME).collect();
        let back = order.return_url.as_ref().unwrap_or(&order.home_url);
        let (success, closes) = (with_session(back), closes_at(order)?);
        let form: [(&str, &str); 14] = [
            ("mode", "payment"),
            ("customer", customer),
            ("client_reference_id", &key),
            ("metadata[purchase_id]", &key),
            ("line_items[0][price_data][currency]", &currency),
            ("line_items[0][price_data][unit_amount]", &amount),
            ("line_items[0][price_data][product_data][name]", &name),
            ("line_items[0][quantity]", "1"),
            ("payment_intent_data[setup_future_usage]", "off_session"),
            ("payment_intent_data[description]", &name),
            ("payment_intent_data[metadata][purchase_id]", &key),
            ("success_url", success.as_str()),
            ("cancel_url", back.as_str()),
            ("expires_at", &closes),
        ];
        match self.api.post::<Session>(&SESSIONS, &form, Some(&key)).await {
            Ok(session) => self.of_session(order, &session).await,
            Err(Failure::Missing(_)) => Err(deleted()),
            Err(Failure::Refused(error) | Failure::Declined(error)) => {
                Ok(because(Event::Failed, intents::refused(&error)))
            }
            Err(Failure::KeyReused) => match self.checkout_before(order, customer).await? {
                Some(report) => Ok(report),
                None => self.reused(order).await,
            },
            Err(Failure::Broken(cause)) => match self.checkout_before(order, customer).await? {
                Some(report) => Ok(report),
                None if is_settled(order) => self.broken(order, cause).await,
                None => Err(CallError::NoAnswer(cause)),
            },
            Err(Failure::Call(error)) => Err(error),
        }
    }

    /// The state of the page that an earlier call made for the purchase.
    pub(super) async fn checkout_before(
        &self,
        order: &Order,
        customer: &str,
    ) -> Result<Option<Report>, CallError> {
        let purchase = key(order.purchase);
        let is_ours = |session: &Session| session.is_for(&purchase);
        match self.find(&SESSIONS, customer, is_ours).await? {
            Some(found) => self.read_checkout(order, &found.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// The state of a payment page.
    pub(super) async fn read_checkout(&self, order: &Order, id: &str) -> Result<Report, CallError> {
        let query = [("expand[]", WITH_PAYMENT)];
        let [checkout, sessions] = SESSIONS;
        let found = self.api.get(&[checkout, sessions, id], &query).await;
        let session: Session = found.map_err(Failure::while_reading)?;
        self.of_session(order, &session).await
    }

    /// Closes an open payment page, so that nobody pays on it any more. If it can't be closed, its
    /// buyer was faster.
    pub(super) async fn close_checkout(
        &self,
        order: &Order,
        id: &str,
    ) -> Result<Report, CallError> {
        let [checkout, sessions] = SESSIONS;
        let path = [checkout, sessions, id, "expire"];
        match self.api.post::<Session>(&path, &[], None).await {
            Ok(_) | Err(Failure::Refused(_)) => self.read_checkout(order, id).await,
            Err(failure) => Err(failure.while_reading()),
        }
    }

    async fn of_session(&self, order: &Order, session: &Session) -> Result<Report, CallError> {
        let reference = Some(session.id.clone());
        match session.status {
            SessionStatus::Open => Ok(Report {
                reference,
                confirmation_url: session.url.as_deref().and_then(|url| url.parse().ok()),
                ..Report::of(Event::Waiting)
            }),
            SessionStatus::Expired => Ok(Report {
                reference,
                ..Report::of(Event::Expired)
            }),
            SessionStatus::Complete => {
                let intent = session.payment_intent.as_ref().and_then(Expandable::object);
                self.of_complete(order, session, intent).await
            }
            SessionStatus::Other => Err(no_answer("the payment page has an unknown status")),
        }
    }

    /// The buyer is done. Some means of payment, such as a direct debit, are decided days later.
    async fn of_complete(
        &self,
        order: &Order,
        session: &Session,
        intent: Option<&Intent>,
    ) -> Result<Report, CallError> {
        let report = |event| Report {
            reference: Some(session.id.clone()),
            ..Report::of(event)
        };
        // Its own id is the reference from now on: refunds and chargebacks name nothing else.
        if let Some(intent) = intent
            && let Some(report) = self.end(order, intent).await?
        {
            return Ok(report);
        }
        match session.payment_status {
            PaymentStatus::Paid | PaymentStatus::NoPaymentRequired => Ok(report(Event::Paid)),
            PaymentStatus::Unpaid => Ok(match intent {
                Some(intent)
                    if intent.status == IntentStatus::RequiresPaymentMethod
                        && intent.last_payment_error.is_some() =>
                {
                    intents::declined(session.id.clone(), intent.last_payment_error.as_ref())
                }
                Some(_) | None => report(Event::Waiting),
            }),
            PaymentStatus::Other => Err(no_answer("the payment has an unknown status")),
        }
    }
}

/// The page that the buyer returns to after paying, with the id of the payment page.
fn with_session(back: &Url) -> Url {
    let mut url = back.clone();
    let query = match back.query() {
        Some(query) if !query.is_empty() => format!("{query}&{SESSION_ID}"),
        Some(_) | None => SESSION_ID.to_owned(),
    };
    url.set_query(Some(&query));
    url
}

/// When the payment page closes, in seconds since the epoch: the same for every repetition.
fn closes_at(order: &Order) -> Result<String, CallError> {
    let at = order.created_at.checked_add(PAGE_CLOSES_AFTER);
    let at = at.map_err(|_| no_answer("the payment page would never close"))?;
    Ok(at.as_second().to_string())
}

#[cfg(test)]
mod tests {
    use super::with_session;

    #[test]
    fn the_return_url_keeps_its_query() {
        let check = |url: &str, expected: &str| {
            assert_eq!(with_session(&url.parse().unwrap()).as_str(), expected);
        };
        check(
            "https://shop.example/credits?tab=2#top",
            "https://shop.example/credits?tab=2&session_id={CHECKOUT_SESSION_ID}#top",
        );
        check(
            "https://shop.example?",
            "https://shop.example/?session_id={CHECKOUT_SESSION_ID}",
        );
    }
}
