//! The permission to charge a shop without its buyer: a usage line with a cap for 30 days.
//!
//! Here: reading it, and asking the owner for it or for a higher cap. Not here: charging under it
//! ([`super::recharges`]).

use serde_json::json;
use url::Url;

use super::{
    Shopify,
    amount::Amount,
    answers::{
        ActiveSubscriptions, Asked, CapRaised, Installed, Pricing, Subscription,
        SubscriptionCreated,
    },
    client::{Caller, no_answer},
    documents,
    purchases::refusal,
};
use crate::payments::{CallError, Mandate, MandateState, MandateWish, MerchantTrouble};

/// What the owner approves, on Shopify's page and bill.
const NAME: &str = "Automatic recharge of message credits";

const NONE: Mandate = Mandate {
    state: MandateState::NeedsApproval,
    reference: None,
    cap: None,
    used: None,
    period_end: None,
    confirmation_url: None,
};

impl Shopify {
    pub(super) async fn usage_mandate(
        &self,
        caller: &Caller<'_>,
        ask: Option<&MandateWish>,
    ) -> Result<Mandate, CallError> {
        let read: Installed<ActiveSubscriptions> = self
            .client()
            .ask(caller, documents::ACTIVE_SUBSCRIPTIONS, json!({}))
            .await?;
        let subscriptions = read.current_app_installation.active_subscriptions;
        // A test subscription charges nobody: it is no permission once charges are real.
        let is_usable = |subscription: &&Subscription| !subscription.test || self.is_test();
        let usable: Vec<_> = subscriptions.iter().filter(is_usable).collect();
        let held = usable.iter().copied().find_map(mandate).transpose()?;
        let wish = ask.filter(|_| usable.is_empty() || held.is_some());
        if ask.is_some() && wish.is_none() {
            // A new subscription would replace it and end what it charges.
            tracing::warn!(
                "a shop has a subscription without a usage line: add one to the plan, so that its \
                 owner can approve automatic recharges"
            );
        }
        let mut mandate = held.unwrap_or(NONE);
        if let Some(wish) = wish {
            mandate.confirmation_url = self.ask_for(caller, &mandate, wish).await?;
        }
        Ok(mandate)
    }

    /// Asks for what a mandate lacks; `None` if it lacks nothing, or Shopify can't ask.
    async fn ask_for(
        &self,
        caller: &Caller<'_>,
        mandate: &Mandate,
        wish: &MandateWish,
    ) -> Result<Option<Url>, CallError> {
        let asked = match (&mandate.reference, mandate.cap) {
            (Some(_), Some(cap))
                if cap.currency() == wish.cap.currency() && cap.minor() >= wish.cap.minor() =>
            {
                return Ok(None);
            }
            (Some(line), _) => {
                let variables = json!({ "id": line, "cappedAmount": Amount::from(wish.cap) });
                let raised: CapRaised = self
                    .client()
                    .ask(caller, documents::RAISE_CAP, variables)
                    .await?;
                raised.app_subscription_line_item_update
            }
            (None, _) => {
                let usage = json!({
                    "cappedAmount": Amount::from(wish.cap),
                    "terms": wish.terms,
                });
                let variables = json!({
                    "name": NAME,
                    "returnUrl": wish.return_url.as_str(),
                    "test": self.is_test(),
                    "lineItems": [{ "plan": { "appUsagePricingDetails": usage } }],
                });
                let created: SubscriptionCreated = self
                    .client()
                    .ask(caller, documents::CREATE_SUBSCRIPTION, variables)
                    .await?;
                created.app_subscription_create
            }
        };
        self.page(&asked)
    }

    fn page(&self, asked: &Asked) -> Result<Option<Url>, CallError> {
        if let Some(reason) = refusal(&asked.user_errors) {
            tracing::warn!(
                reason,
                "Shopify can't ask a shop to approve automatic recharges"
            );
            return Ok(None);
        }
        let page = asked.confirmation_url.as_deref();
        page.map(|page| self.approval_page(page)).transpose()
    }
}

/// The usage line of a subscription; `None` if it has none.
fn mandate(subscription: &Subscription) -> Option<Result<Mandate, CallError>> {
    subscription.line_items.iter().find_map(|line| {
        let Pricing::Usage {
            balance_used,
            capped_amount,
        } = &line.plan.pricing_details
        else {
            return None;
        };
        Some(usage_line(
            subscription,
            &line.id,
            balance_used,
            capped_amount,
        ))
    })
}

fn usage_line(
    subscription: &Subscription,
    line: &str,
    used: &Amount,
    cap: &Amount,
) -> Result<Mandate, CallError> {
    let unreadable = |what: &str| no_answer(format!("Shopify's {what} can't be read"));
    if subscription.status.eq_ignore_ascii_case("FROZEN") {
        return Err(CallError::Merchant(MerchantTrouble::Frozen));
    }
    let period_end = subscription.current_period_end.as_deref();
    let period_end = period_end.map(str::parse).transpose();
    Ok(Mandate {
        state: MandateState::Active,
        reference: Some(line.to_owned()),
        cap: Some(cap.money().ok_or_else(|| unreadable("capped amount"))?),
        used: Some(used.money().ok_or_else(|| unreadable("balance"))?),
        period_end: period_end.map_err(|_| unreadable("end of the period"))?,
        confirmation_url: None,
    })
}
