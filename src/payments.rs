//! Payment providers: starting a payment with any of them.
//!
//! Here: the interface to a provider; one file for each provider. Not here: what was bought and how
//! a payment ends, see [`crate::operations`]. A provider is called outside any database
//! transaction, with an idempotency key that a crash and a restart repeat (law R4).

pub mod sandbox;

use domain::{id::PurchaseId, money::Money};
use url::Url;

use self::sandbox::Sandbox;

/// A payment provider. A new provider is a variant and a file; nothing else knows their names.
#[derive(Debug, Clone)]
pub enum Provider {
    /// Charges nobody: a page with Approve and Decline.
    Sandbox(Sandbox),
}

/// A payment to start.
#[derive(Debug, Clone)]
pub struct Charge {
    /// The idempotency key: a provider charges once for one purchase, however often it is called.
    pub purchase: PurchaseId,
    /// What is bought, in the buyer's words, for the approval page.
    pub description: String,
    /// The price.
    pub price: Money,
    /// Where the buyer returns afterwards.
    pub return_url: Option<Url>,
}

/// A payment that waits for its buyer.
#[derive(Debug, Clone)]
pub struct Started {
    /// The provider's reference; unique, and grants no access.
    pub reference: String,
    /// Where the buyer approves it, if the provider has a page for that.
    pub confirmation_url: Option<Url>,
}

/// Why a payment was not started.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PaymentError {
    /// The provider refuses the payment; retrying won't help.
    #[error("the provider refused the payment: {0}")]
    Refused(String),
    /// The provider did not respond, or is unavailable. The payment may have been started: retry
    /// with the same purchase.
    #[error("the provider did not respond: {0}")]
    Unreachable(String),
}

impl Provider {
    /// The provider that charges nobody.
    #[must_use]
    pub fn sandbox() -> Self {
        Self::Sandbox(Sandbox)
    }

    /// Whether it charges nobody, so that its credits are free.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        match self {
            Self::Sandbox(_) => true,
        }
    }

    /// The name stored with purchases.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => sandbox::NAME,
        }
    }

    /// Starts a payment, or finds the one that was started for the same purchase.
    ///
    /// # Errors
    /// The provider refuses, or does not respond.
    pub async fn start(&self, charge: &Charge) -> Result<Started, PaymentError> {
        match self {
            Self::Sandbox(sandbox) => Ok(sandbox.start(charge)),
        }
    }
}

/// Providers whose page authenticates the buyer. The sandbox doesn't: anybody who knows its page's
/// address may approve. Every provider is assumed to be like it, until it is listed here.
const AUTHENTICATING_PAGES: [&str; 0] = [];

/// Whether knowing a purchase's confirmation URL suffices to approve it, so that it is shown only
/// to those who may approve (law R1).
#[must_use]
pub fn url_is_permission(provider: &str) -> bool {
    !AUTHENTICATING_PAGES.contains(&provider)
}
