//! The sandbox: charges nobody, and lets a page of this server ask Approve or Decline.
//!
//! Here: its answers. Not here: the page ([`crate::http::checkout`]), its address and who may see it
//! ([`crate::operations::purchase`]), and the effect of approving.

use axum::http::HeaderMap;
use clap::Args;
use domain::payment::Event;
use jiff::{SignedDuration, Timestamp};

use super::{
    Approval, CallError, Credential, Mandate, MandateState, MandateWish, Merchant, Notice, Order,
    Provider, Rejected, Report, SettingsError,
};

/// The name stored with purchases.
pub const NAME: &str = "sandbox";

/// How long a purchase waits for its buyer, as with real providers.
const PATIENCE: SignedDuration = SignedDuration::from_hours(48);

/// The sandbox has no settings.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {}

/// The provider that charges nobody.
#[derive(Debug, Clone)]
pub struct Sandbox;

/// The sandbox, which needs no settings.
pub(super) fn configured(_: &Settings) -> Result<Option<Sandbox>, SettingsError> {
    Ok(Some(Sandbox))
}

#[async_trait::async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_real(&self) -> bool {
        false
    }

    fn approval(&self) -> Approval {
        Approval::OwnPage
    }

    fn credentials(&self) -> Option<&'static [Credential]> {
        None
    }

    async fn begin(&self, order: &Order, _: &Merchant) -> Result<Report, CallError> {
        Ok(waiting(order))
    }

    async fn charge(&self, order: &Order, _: &Merchant) -> Result<Report, CallError> {
        Ok(Report {
            event: Event::Paid,
            ..waiting(order)
        })
    }

    async fn read(&self, order: &Order, _: &Merchant) -> Result<Report, CallError> {
        Ok(waiting(order))
    }

    async fn mandate(&self, _: &Merchant, _: Option<&MandateWish>) -> Result<Mandate, CallError> {
        Ok(Mandate {
            state: MandateState::Active,
            reference: None,
            cap: None,
            used: None,
            period_end: None,
            confirmation_url: None,
        })
    }

    fn receive(&self, _: &HeaderMap, _: &[u8], _: Timestamp) -> Result<Notice, Rejected> {
        Err(Rejected::NotSupported)
    }
}

/// The purchase identifies the payment, and what its owner decides is stored with it: there is
/// nothing else to remember.
fn waiting(order: &Order) -> Report {
    let is_over = order.now.duration_since(order.created_at) >= PATIENCE;
    let event = if is_over {
        Event::Expired
    } else {
        Event::Waiting
    };
    Report {
        reference: Some(order.purchase.uuid().to_string()),
        ..Report::of(event)
    }
}
