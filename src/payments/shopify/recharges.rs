//! Charges without the buyer: usage records under a line that the owner approved.
//!
//! Here: charging, and finding a charge again. Not here: the approval ([`super::mandate`]). The
//! idempotency key is the purchase's id: Shopify answers a repetition as it answered the first
//! call, and charges once.

use domain::payment::Event;
use serde_json::json;

use super::{
    Shopify,
    amount::Amount,
    answers::{Installed, RecentUsage, UsageCreated, UsageRecord},
    client::{Caller, no_answer},
    documents,
    purchases::{check_price, is_older, refusal},
};
use crate::payments::{CallError, Order, Report};

/// Shopify's refusals that the owner can do something about, in lower case, and what that is.
const DECLINES: [(&str, &str); 2] = [
    (
        "total price exceeds balance remaining",
        written!("The spending limit that the store approved at Shopify is used up for the present 30 days. \
         Approve a higher limit, or wait until Shopify's next period begins."),
    ),
    ("subscription is not active", NOT_APPROVED),
];
const NOT_APPROVED: &str = written!("The store has not approved automatic recharges at Shopify, or has ended its approval. \
                            The store owner has to approve them again.");

impl Shopify {
    pub(super) async fn charge_usage(
        &self,
        caller: &Caller<'_>,
        order: &Order,
        line: Option<&str>,
    ) -> Result<Report, CallError> {
        let refused = match line {
            None => declined(NOT_APPROVED),
            Some(line) => {
                let variables = json!({
                    "description": order.description,
                    "price": Amount::from(order.price),
                    "subscriptionLineItemId": line,
                    "idempotencyKey": order.purchase.uuid().to_string(),
                });
                let created: UsageCreated = self
                    .client()
                    .ask(caller, documents::CREATE_USAGE_RECORD, variables)
                    .await?;
                let payload = created.app_usage_record_create;
                match (refusal(&payload.user_errors), payload.app_usage_record) {
                    (None, Some(record)) => return usage_report(order, &record),
                    (None, None) => {
                        let cause = "Shopify charged nothing and gave no reason";
                        return Err(no_answer(cause.to_owned()));
                    }
                    (Some(message), _) => refused(&message),
                }
            }
        };
        // An earlier call may have charged before the approval ended.
        if order.called_at.is_some()
            && let Some(record) = self.find_usage(caller, order).await?
        {
            return usage_report(order, &record);
        }
        Ok(refused)
    }

    /// Searches the shop's charges for the one of an order.
    pub(super) async fn find_usage(
        &self,
        caller: &Caller<'_>,
        order: &Order,
    ) -> Result<Option<UsageRecord>, CallError> {
        let key = order.purchase.uuid().to_string();
        let read: Installed<RecentUsage> = self
            .client()
            .ask(caller, documents::RECENT_USAGE, json!({}))
            .await?;
        let subscriptions = read.current_app_installation.all_subscriptions.edges;
        let lines = subscriptions
            .into_iter()
            .flat_map(|edge| edge.node.line_items);
        let mut is_complete = true;
        for page in lines.map(|line| line.usage_records) {
            let mut reaches_back = !page.page_info.has_next_page;
            for edge in page.edges {
                if edge.node.idempotency_key.as_deref() == Some(key.as_str()) {
                    return Ok(Some(edge.node));
                }
                if let Some(created_at) = &edge.node.created_at {
                    reaches_back |= is_older(order, created_at)?;
                }
            }
            is_complete &= reaches_back;
        }
        if is_complete {
            return Ok(None);
        }
        Err(no_answer(
            "the shop has more newer charges than Shopify lists at once, and this one isn't among them"
                .to_owned(),
        ))
    }
}

/// The report about a charge: what exists was charged.
pub(super) fn usage_report(order: &Order, record: &UsageRecord) -> Result<Report, CallError> {
    check_price(order, &record.id, &record.price)?;
    Ok(Report {
        reference: Some(record.id.clone()),
        ..Report::of(Event::Paid)
    })
}

fn refused(message: &str) -> Report {
    let lower = message.to_lowercase();
    let known = DECLINES.iter().find(|(text, _)| lower.contains(text));
    match known {
        Some((_, words)) => declined(words),
        None => Report {
            reason: Some(text!("Shopify can't take this payment: {reason}", reason = message).english()),
            ..Report::of(Event::Failed)
        },
    }
}

fn declined(words: &str) -> Report {
    Report {
        reason: Some(words.to_owned()),
        ..Report::of(Event::Declined)
    }
}
