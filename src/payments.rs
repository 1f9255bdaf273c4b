//! Payment providers: what starts a payment, whoever takes the money.
//!
//! Here: what is asked of a provider and what it answers; one file for each provider. Not here: what was
//! bought and what becomes of it, which is [`crate::operations`]'. A provider is called outside any
//! database transaction, with an idempotency key that a crash and a restart repeat (law R4).

pub mod sandbox;

use domain::{id::PurchaseId, money::Money};
use url::Url;

use self::sandbox::Sandbox;

/// Who takes the money. A new provider is a variant and a file; nothing else knows their names.
#[derive(Debug, Clone)]
pub enum Provider {
    /// Takes none: a page with Approve and Decline.
    Sandbox(Sandbox),
}

/// A payment to start.
#[derive(Debug, Clone)]
pub struct Charge {
    /// The idempotency key: for one purchase a provider charges once, however often it is asked.
    pub purchase: PurchaseId,
    /// What is bought, as the buyer reads it on the approve page.
    pub description: String,
    /// What it costs.
    pub price: Money,
    /// Where the buyer goes afterwards.
    pub return_url: Option<Url>,
}

/// A payment that waits for its buyer.
#[derive(Debug, Clone)]
pub struct Started {
    /// What the provider calls it; unique, and no permission.
    pub reference: String,
    /// Where the buyer approves it, if that is at the provider.
    pub confirmation_url: Option<Url>,
}

/// Why a payment was not started.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PaymentError {
    /// The provider won't take it; asking again won't help.
    #[error("the provider refused the payment: {0}")]
    Refused(String),
    /// No answer, or not now. It may have been started: ask again with the same purchase.
    #[error("the provider has no answer: {0}")]
    Unreachable(String),
}

impl Provider {
    /// The provider that takes no money.
    #[must_use]
    pub fn sandbox() -> Self {
        Self::Sandbox(Sandbox)
    }

    /// Whether it charges nobody, so that its credits are given for nothing.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        match self {
            Self::Sandbox(_) => true,
        }
    }

    /// What purchases remember it by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sandbox(_) => sandbox::NAME,
        }
    }

    /// Starts a payment, or finds the one that was started for the same purchase.
    ///
    /// # Errors
    /// That the provider refuses, or has no answer.
    pub async fn start(&self, charge: &Charge) -> Result<Started, PaymentError> {
        match self {
            Self::Sandbox(sandbox) => Ok(sandbox.start(charge)),
        }
    }
}

/// Providers whose page asks for itself who approves a charge. The sandbox asks nobody: whoever knows its
/// page's address may approve. So is every other taken, until it is named here.
const PAGES_THAT_ASK: [&str; 0] = [];

/// Whether knowing a purchase's confirmation URL is the permission to approve it, so that only those may
/// be shown it who may approve (law R1).
#[must_use]
pub fn url_is_permission(provider: &str) -> bool {
    !PAGES_THAT_ASK.contains(&provider)
}
