//! One-time purchases, which their buyer approves at Shopify.
//!
//! Here: beginning one, and what its state means. Not here: charges without the buyer
//! ([`super::recharges`]).
//!
//! Shopify's mutation has no idempotency key. Each purchase has the end of our own id in its name
//! instead, and after an uncertain call the shop's purchases are searched for it before another one
//! is begun. What the search finds nobody can approve: its confirmation URL was in the answer that
//! was lost, and no query returns it. So it has failed, and its buyer buys again. If Shopify begins
//! one only after the search, the buyer has the page of the second alone, and pays once (law R4).

use domain::{id::PurchaseId, payment::Event};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use url::Url;

use super::{
    Shopify,
    amount::Amount,
    answers::{Installed, OneTime, PurchaseCreated, RecentPurchases, UserError},
    client::{Caller, no_answer, quoted},
    documents,
};
use crate::payments::{CallError, Order, Report};

/// Pages of 50 purchases that are searched. A shop with more of them since the purchase was begun
/// is beyond any use.
const MAX_PAGES: usize = 10;
/// How far Shopify's clock may be from this server's.
pub(super) const CLOCKS: SignedDuration = SignedDuration::from_hours(1);
/// The longest description in a purchase's name, which the owner reads on Shopify's page and bill.
const MAX_DESCRIPTION: usize = 100;

const LOST: &str = written!("Shopify did not answer in time, and its approval page for this purchase was lost. Nothing was \
                    charged. Please buy again.");
const DECLINED: &str = written!("The charge was declined at Shopify.");
const TEST: &str = written!("This was a test charge: nobody was charged.");

impl Shopify {
    pub(super) async fn begin_purchase(
        &self,
        caller: &Caller<'_>,
        order: &Order,
    ) -> Result<Report, CallError> {
        if order.called_at.is_some()
            && let Some(found) = self.find_purchase(caller, order).await?
        {
            return self.found(order, found);
        }
        let return_url = order.return_url.as_ref().unwrap_or(&order.home_url);
        let variables = json!({
            "name": name(order),
            "price": Amount::from(order.price),
            "returnUrl": return_url.as_str(),
            "test": self.is_test(),
        });
        let created: PurchaseCreated = self
            .client()
            .ask(caller, documents::CREATE_PURCHASE, variables)
            .await?;
        let payload = created.app_purchase_one_time_create;
        if let Some(reason) = refusal(&payload.user_errors) {
            return Ok(Report {
                reason: Some(text!("Shopify can't take this payment: {reason}", reason = reason).english()),
                ..Report::of(Event::Failed)
            });
        }
        let (Some(purchase), Some(page)) =
            (payload.app_purchase_one_time, payload.confirmation_url)
        else {
            return Err(no_answer(
                "Shopify began no purchase and gave no reason".to_owned(),
            ));
        };
        Ok(Report {
            confirmation_url: Some(self.approval_page(&page)?),
            ..self.purchase_report(order, &purchase)?
        })
    }

    /// The report about a purchase that Shopify knows.
    pub(super) fn purchase_report(
        &self,
        order: &Order,
        purchase: &OneTime,
    ) -> Result<Report, CallError> {
        check_price(order, &purchase.id, &purchase.price)?;
        let (event, reason) = match purchase.status.as_str() {
            // Begun while charges were tests: no credits may come of it once they are real.
            "ACTIVE" if purchase.test && !self.is_test() => (Event::Failed, Some(TEST)),
            "ACTIVE" => (Event::Paid, None),
            "PENDING" | "ACCEPTED" => (Event::Waiting, None),
            "DECLINED" => (Event::Declined, Some(DECLINED)),
            "EXPIRED" => (Event::Expired, None),
            status => {
                let status = quoted(status);
                return Err(no_answer(format!(
                    "Shopify reports the unknown status {status:?}"
                )));
            }
        };
        Ok(Report {
            reference: Some(purchase.id.clone()),
            reason: reason.map(str::to_owned),
            ..Report::of(event)
        })
    }

    /// The report about a purchase whose answer was lost.
    pub(super) fn found(&self, order: &Order, purchase: OneTime) -> Result<Report, CallError> {
        let report = self.purchase_report(order, &purchase)?;
        Ok(match report.event {
            Event::Waiting => Report {
                event: Event::Failed,
                reason: Some(LOST.to_owned()),
                ..report
            },
            Event::Absent
            | Event::NoAnswer
            | Event::Paid
            | Event::Declined
            | Event::Expired
            | Event::Failed => report,
        })
    }

    /// Searches the shop's purchases for the one that was begun for an order.
    pub(super) async fn find_purchase(
        &self,
        caller: &Caller<'_>,
        order: &Order,
    ) -> Result<Option<OneTime>, CallError> {
        let marker = marker(order.purchase);
        let mut after = None;
        for _ in 0..MAX_PAGES {
            let variables = json!({ "after": after });
            let read: Installed<RecentPurchases> = self
                .client()
                .ask(caller, documents::RECENT_PURCHASES, variables)
                .await?;
            let page = read.current_app_installation.one_time_purchases;
            for edge in page.edges {
                if edge.node.name.contains(&marker) {
                    return Ok(Some(edge.node));
                }
                if is_older(order, &edge.node.created_at)? {
                    return Ok(None);
                }
            }
            after = page.page_info.end_cursor;
            if !page.page_info.has_next_page || after.is_none() {
                return Ok(None);
            }
        }
        Err(no_answer(format!(
            "the shop has more than {} newer purchases, and this one isn't among them",
            MAX_PAGES * 50
        )))
    }

    /// An address of Shopify's that an owner is sent to.
    pub(super) fn approval_page(&self, text: &str) -> Result<Url, CallError> {
        let url: Option<Url> = text.parse().ok();
        url.filter(|url| url.scheme() == "https" || self.is_rehearsal())
            .ok_or_else(|| no_answer("Shopify's approval page has no https address".to_owned()))
    }
}

/// The name of a purchase at Shopify.
fn name(order: &Order) -> String {
    let description: String = order.description.chars().take(MAX_DESCRIPTION).collect();
    format!("{description} {}", marker(order.purchase))
}

/// What a purchase is recognised by: the last 48 bits of its id, which are random.
fn marker(purchase: PurchaseId) -> String {
    let id = purchase.uuid().simple().to_string();
    let (_, tail) = id.split_at(id.len() - 12);
    format!("(#{tail})")
}

/// Whether something at Shopify is from before an order, whatever the clocks say.
pub(super) fn is_older(order: &Order, created_at: &str) -> Result<bool, CallError> {
    let created_at: Timestamp = created_at
        .parse()
        .map_err(|_| no_answer("Shopify's time of a payment can't be read".to_owned()))?;
    Ok(order.created_at.duration_since(created_at) > CLOCKS)
}

/// What is charged must be what is bought.
pub(super) fn check_price(order: &Order, id: &str, price: &Amount) -> Result<(), CallError> {
    if price.in_currency(order.price.currency()) == Some(order.price) {
        return Ok(());
    }
    let (amount, currency) = (quoted(&price.amount), quoted(&price.currency_code));
    let (asked, asked_currency) = (order.price, order.price.currency().code());
    Err(no_answer(format!(
        "{} is about {amount} {currency}, not about {asked} {asked_currency}",
        quoted(id)
    )))
}

/// Why a mutation did nothing; `None` if it did.
pub(super) fn refusal(errors: &[UserError]) -> Option<String> {
    let messages: Vec<_> = errors.iter().map(|error| quoted(&error.message)).collect();
    (!messages.is_empty()).then(|| messages.join(" "))
}
