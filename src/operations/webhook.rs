//! Webhooks of payment providers: each is stored once, and worked off by a job.
//!
//! A webhook only says whose state to read again; what it says of that state is never believed. A
//! payment is looked at again by [`super::payment`], whatever its status, and a merchant's
//! permission is read here. Not here: HTTP ([`crate::http`]) and signatures ([`crate::payments`]).

use std::time::Duration;

use axum::http::HeaderMap;
use domain::id::{AccountId, PurchaseId};
use entity::{purchase, webhook_delivery};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{OperationError, Services};
use crate::{
    clock::later,
    payments::{CALL_TIMEOUT, CallError, Notice, Provider, Providers, Rejected, Subject},
    store,
    telemetry::metrics::WEBHOOKS,
};

/// What may become of a webhook, in metrics.
const OUTCOMES: [&str; 11] = [
    "accepted",
    "duplicate",
    "unknown_provider",
    "unsigned",
    "stale",
    "unreadable",
    "oversized",
    "slow",
    "denied",
    "failed",
    // It was stored, and then nobody knew what it was about.
    "unknown",
];
/// The provider of webhooks that name none of ours: strangers can write any name.
const NO_PROVIDER: &str = "unknown";

/// Registers the series of these providers, at 0.
pub(super) fn register(providers: &Providers) {
    for provider in providers.names().chain([NO_PROVIDER]) {
        for outcome in OUTCOMES {
            drop(WEBHOOKS.counter(&[provider, outcome]));
        }
    }
}

/// Counts a webhook of one of our providers, or of none.
pub fn count(provider: Option<&'static str>, outcome: &'static str) {
    debug_assert!(OUTCOMES.contains(&outcome), "{outcome}");
    let provider = provider.unwrap_or(NO_PROVIDER);
    WEBHOOKS.counter(&[provider, outcome]).increment(1);
}

/// Deliveries that one pass works off; the next pass continues. Few enough that each is worked off
/// before its claim ends, even if every call takes its whole time.
const MAX_AT_ONCE: u64 = 32;
/// Deliveries that are worked off at a time.
const CONCURRENT: usize = 8;
/// How long a claimed delivery is left to the process that claimed it. Longer than a call.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// The waits before a delivery is tried again whose payment isn't known yet, or whose merchant
/// can't be read. A webhook may arrive before the answer to the call that it is about.
const WAITS: [SignedDuration; 3] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(5),
];
/// The wait while a process is asking about the payment already: its question may have come too
/// early to see the change.
const ASKED: SignedDuration = SignedDuration::from_secs(2);
/// How long deliveries are kept, so that a repetition is known. Providers repeat for days.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Old deliveries that one pass deletes.
const FORGOTTEN_AT_ONCE: u64 = 1_000;
/// The longest id, topic or reference, in bytes.
const MAX_TEXT_BYTES: usize = 255;

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It is stored, and will be worked off.
    Stored,
    /// It was stored before.
    Again,
}

/// Why a webhook isn't stored.
#[derive(Debug)]
pub enum WebhookError {
    /// There is no such provider, or it sends no webhooks.
    UnknownProvider,
    /// It isn't the provider's, or can't be read.
    Rejected(Rejected),
    /// The database failed.
    Failed(OperationError),
}

/// What becomes of a delivery that was looked at.
enum Next {
    /// Nothing is left to do.
    Done,
    /// It is tried again after this time, which doesn't count as an attempt.
    After(SignedDuration),
    /// It is tried again for a while.
    Again,
    /// Nobody here knows what it is about.
    Unknown,
}

impl Services {
    /// The configured provider with this name.
    #[must_use]
    pub fn webhook_provider(&self, name: &str) -> Option<&'static str> {
        self.payments().named(name).map(|provider| provider.name())
    }

    /// Checks a webhook and stores it.
    ///
    /// # Errors
    /// An unknown provider, a webhook that isn't the provider's or can't be read, or the database's
    /// error, after which the provider sends it again.
    pub async fn receive_webhook(
        &self,
        provider: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Received, WebhookError> {
        let provider = self.payments().named(provider);
        let provider = provider.ok_or(WebhookError::UnknownProvider)?;
        let now = self.clock().now();
        let notice = match provider.receive(headers, body, now) {
            Ok(notice) => notice,
            Err(Rejected::NotSupported) => return Err(WebhookError::UnknownProvider),
            Err(rejected @ (Rejected::Signature | Rejected::Stale | Rejected::Unreadable)) => {
                return Err(WebhookError::Rejected(rejected));
            }
        };
        let row = delivery(provider.name(), notice, now)
            .ok_or(WebhookError::Rejected(Rejected::Unreadable))?;
        let new = store::webhook_delivery::insert(self.store().writer(), row).await;
        match new.map_err(|cause| WebhookError::Failed(cause.into()))? {
            true => Ok(Received::Stored),
            false => Ok(Received::Again),
        }
    }

    /// Works off the deliveries that are due, and forgets old ones. Returns how many were due.
    ///
    /// # Errors
    /// The database's error. A delivery that meets an error is logged, and the others go on.
    pub async fn work_off_webhooks(&self) -> Result<usize, OperationError> {
        let now = self.clock().now();
        let writer = self.store().writer();
        let until = later(now, CLAIM);
        let rows = store::webhook_delivery::claim_due(writer, now, until, MAX_AT_ONCE).await?;
        let done = rows.len();
        stream::iter(rows)
            .for_each_concurrent(CONCURRENT, async |row| {
                let (provider, topic) = (&row.provider, &row.topic);
                if let Err(cause) = self.work_off(&row).await {
                    tracing::error!(
                        provider,
                        topic,
                        ?cause,
                        "a webhook met an error; it is tried again"
                    );
                }
            })
            .await;
        self.forget_webhooks(now).await?;
        Ok(done)
    }

    async fn work_off(&self, row: &webhook_delivery::Model) -> Result<(), OperationError> {
        let next = if let Some(merchant) = &row.merchant {
            self.read_merchants(&row.provider, merchant).await?
        } else {
            match self.purchase_of(row).await? {
                Some(purchase) => self.poke(&purchase).await?,
                None => Next::Again,
            }
        };
        let (writer, now) = (self.store().writer(), self.clock().now());
        let (at, attempts) = match next {
            Next::Done => (None, row.attempts),
            Next::After(wait) => (Some(later(now, wait)), row.attempts),
            Next::Again => {
                let attempt = usize::try_from(row.attempts).unwrap_or(usize::MAX);
                let at = WAITS.get(attempt).map(|wait| later(now, *wait));
                (at, row.attempts.saturating_add(1))
            }
            Next::Unknown => (None, row.attempts),
        };
        let is_given_up = match next {
            Next::Again => at.is_none(),
            Next::Unknown => true,
            Next::Done | Next::After(_) => false,
        };
        store::webhook_delivery::set_next(writer, row, at, attempts).await?;
        if is_given_up {
            count(self.webhook_provider(&row.provider), "unknown");
            let (provider, delivery, topic) = (&row.provider, &row.delivery, &row.topic);
            tracing::warn!(
                provider,
                delivery,
                topic,
                "a webhook is dropped: what it is about isn't known here, or couldn't be read"
            );
        }
        Ok(())
    }

    /// The purchase that a delivery is about.
    async fn purchase_of(
        &self,
        row: &webhook_delivery::Model,
    ) -> Result<Option<purchase::Model>, OperationError> {
        let reader = self.store().reader();
        if let Some(reference) = &row.reference {
            return Ok(store::purchase::find_by_reference(reader, &row.provider, reference).await?);
        }
        let Some(id) = row.purchase_id else {
            return Ok(None);
        };
        let found = store::purchase::find_all(reader, [PurchaseId::new(id)]).await?;
        let mut found = found.into_iter();
        // A provider speaks of its own payments alone.
        Ok(found.find(|purchase| purchase.provider == row.provider))
    }

    /// Has a payment read again, whatever is known of it.
    async fn poke(&self, purchase: &purchase::Model) -> Result<Next, OperationError> {
        let (writer, now) = (self.store().writer(), self.clock().now());
        let is_free = store::purchase::poke(writer, purchase, now).await?;
        Ok(if is_free {
            Next::Done
        } else {
            Next::After(ASKED)
        })
    }

    /// Reads the permission of every account that is connected to a merchant.
    async fn read_merchants(&self, provider: &str, merchant: &str) -> Result<Next, OperationError> {
        let Some(provider) = self.payments().named(provider).cloned() else {
            return Ok(Next::Unknown);
        };
        let reader = self.store().reader();
        let rows =
            store::payment_connection::find_by_merchant(reader, provider.name(), merchant).await?;
        let mut next = if rows.is_empty() {
            Next::Unknown
        } else {
            Next::Done
        };
        for row in rows {
            let account = AccountId::new(row.account_id);
            match self.read_merchant(account, provider.as_ref()).await? {
                Next::Done | Next::Unknown => {}
                unread @ (Next::After(_) | Next::Again) => next = unread,
            }
        }
        Ok(next)
    }

    async fn read_merchant(
        &self,
        account: AccountId,
        provider: &dyn Provider,
    ) -> Result<Next, OperationError> {
        let called = match self.merchant(account, provider).await? {
            Ok(merchant) => {
                let call = provider.mandate(&merchant, None);
                let answer = tokio::time::timeout(CALL_TIMEOUT, call).await;
                answer.unwrap_or_else(|_| Err(CallError::NoAnswer("nothing came".to_owned())))
            }
            Err(trouble) => Err(CallError::Merchant(trouble)),
        };
        self.note_call(account, provider.name(), called.as_ref().err())
            .await?;
        match called {
            Ok(mandate) => {
                self.keep_mandate_at(account, provider.name(), &mandate)
                    .await?;
                // A recharge may have waited for it.
                self.reconsider_recharge(account).await?;
                Ok(Next::Done)
            }
            Err(CallError::Merchant(_)) => Ok(Next::Done),
            Err(CallError::Busy(wait)) => {
                let wait = wait.clamp(Duration::from_secs(1), Duration::from_secs(3_600));
                Ok(Next::After(SignedDuration::try_from(wait).unwrap_or(ASKED)))
            }
            Err(CallError::NoAnswer(_)) => Ok(Next::Again),
        }
    }

    async fn forget_webhooks(&self, now: Timestamp) -> Result<(), OperationError> {
        let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        if store::webhook_delivery::has_older(self.store().reader(), before).await? {
            let writer = self.store().writer();
            store::webhook_delivery::forget_older(writer, before, FORGOTTEN_AT_ONCE).await?;
        }
        Ok(())
    }
}

/// The row of a notice; `None` if its texts can't be a provider's.
fn delivery(provider: &str, notice: Notice, now: Timestamp) -> Option<webhook_delivery::Model> {
    let has_form = |text: &str| {
        (1..=MAX_TEXT_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
    };
    let (reference, purchase_id, merchant) = match notice.subject {
        Subject::Payment(reference) => (Some(reference), None, None),
        Subject::Purchase(purchase) => (None, Some(purchase.uuid()), None),
        Subject::Merchant(merchant) => (None, None, Some(merchant)),
        Subject::Nothing => (None, None, None),
    };
    let is_about_something = reference.is_some() || purchase_id.is_some() || merchant.is_some();
    let texts = [
        Some(&notice.delivery),
        Some(&notice.topic),
        reference.as_ref(),
        merchant.as_ref(),
    ];
    if !texts.into_iter().flatten().all(|text| has_form(text)) {
        return None;
    }
    Some(webhook_delivery::Model {
        provider: provider.to_owned(),
        delivery: notice.delivery,
        topic: notice.topic,
        merchant,
        reference,
        purchase_id,
        received_at: now.as_microsecond(),
        next_at: is_about_something.then(|| now.as_microsecond()),
        attempts: 0,
    })
}
