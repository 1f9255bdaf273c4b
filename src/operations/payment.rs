//! Carrying on with payments: a job that asks providers what became of each open purchase.
//!
//! A purchase is claimed, its provider is called outside of any transaction, and the report is
//! applied (laws R1, R4, R6). Whatever happens in between, the next pass goes on from the row: the
//! provider is asked again with the same key, or read. Here: when and what to ask. Not here: the
//! states ([`domain::payment`]), the calls ([`crate::payments`]), and the credits
//! ([`crate::ledger`]).

use std::time::{Duration, Instant};

use domain::{
    credits::Credits,
    id::{AccountId, PurchaseId},
    payment::{Event, State},
};
use entity::{purchase, sql_enums::PurchaseStatus};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    OperationError, Path, Services,
    purchase::{canceling::is_canceled, price, transfer::is_transfer},
};
use crate::{
    clock::{later, whole_micros},
    ledger::{Refused, Request, RequestKind, SubmitError},
    payments::{Approval, CALL_TIMEOUT, CallError, Merchant, Order, Provider, Providers, Report},
    store::{self, actor::Actor},
    telemetry::{
        metrics::{PROVIDER_CALLS, PROVIDER_SECONDS},
        traces,
    },
};
use tracing::Instrument;

/// Payments that one pass carries on with; the next pass continues. Few enough that each is asked
/// about before its claim ends, even if every call takes its whole time: two processes must never
/// begin one payment.
const MAX_AT_ONCE: u64 = 32;
/// Calls to providers at a time.
const CONCURRENT_CALLS: usize = 8;
/// How long a claimed purchase is left to the process that claimed it. Longer than a call.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// How long a purchase of a provider without settings rests before it is looked at again.
const UNCONFIGURED: SignedDuration = SignedDuration::from_hours(1);
/// When a recharge that ended without money is read once more: before the next one is tried, so
/// that a payment that was taken after all is never taken again.
const SECOND_LOOK: SignedDuration = SignedDuration::from_mins(30);
/// The waits before a payment's state is read again, by the number of times that it was; the last
/// one repeats. A webhook shortens them.
const WAITS: [SignedDuration; 7] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(15),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
];

/// What becomes of a call to a provider, in metrics.
const ANSWERED: &str = "answered";
const NO_ANSWER: &str = "no_answer";
const BUSY: &str = "busy";
const MERCHANT: &str = "merchant";

/// Registers the series of calls to providers, at 0.
pub(super) fn register(providers: &Providers) {
    for name in providers.names() {
        drop(PROVIDER_SECONDS.histogram(&[name]));
        for outcome in [ANSWERED, NO_ANSWER, BUSY, MERCHANT] {
            drop(PROVIDER_CALLS.counter(&[name, outcome]));
        }
    }
}

fn count_call(provider: &dyn Provider, began: Instant, called: &Result<Report, CallError>) {
    let outcome = match called {
        Ok(_) => ANSWERED,
        Err(CallError::NoAnswer(_)) => NO_ANSWER,
        Err(CallError::Busy(_)) => BUSY,
        Err(CallError::Merchant(_)) => MERCHANT,
    };
    let name = provider.name();
    PROVIDER_CALLS.counter(&[name, outcome]).increment(1);
    PROVIDER_SECONDS.histogram(&[name]).record(began.elapsed());
}

/// The state that a row's status stands for.
pub(super) fn state(status: PurchaseStatus) -> State {
    match status {
        PurchaseStatus::Pending => State::Pending,
        PurchaseStatus::Unknown => State::Unknown,
        PurchaseStatus::Paid => State::Paid,
        PurchaseStatus::Declined => State::Declined,
        PurchaseStatus::Expired => State::Expired,
        PurchaseStatus::Failed => State::Failed,
    }
}

fn status(state: State) -> PurchaseStatus {
    match state {
        State::Pending => PurchaseStatus::Pending,
        State::Unknown => PurchaseStatus::Unknown,
        State::Paid => PurchaseStatus::Paid,
        State::Declined => PurchaseStatus::Declined,
        State::Expired => PurchaseStatus::Expired,
        State::Failed => PurchaseStatus::Failed,
    }
}

impl Services {
    /// Carries on with the purchases that are due. Returns how many were.
    ///
    /// # Errors
    /// The database's error. A purchase that meets an error is logged, and the others go on.
    pub async fn carry_on_with_payments(&self) -> Result<usize, OperationError> {
        let now = self.clock().now();
        let until = later(now, CLAIM);
        let writer = self.store().writer();
        let rows = store::purchase::claim_due(writer, now, until, MAX_AT_ONCE).await?;
        let done = rows.len();
        stream::iter(rows)
            .for_each_concurrent(CONCURRENT_CALLS, async |row| {
                let purchase = row.id;
                if let Err(cause) = self.carry_on_claimed(row).await {
                    tracing::error!(%purchase, ?cause, "a payment met an error; it is asked about again");
                }
            })
            .await;
        Ok(done)
    }

    /// Carries on with one purchase, unless another process does, and returns it as it is then.
    ///
    /// # Errors
    /// The database's error.
    pub(super) async fn carry_on(
        &self,
        row: purchase::Model,
    ) -> Result<purchase::Model, OperationError> {
        let now = self.clock().now();
        let writer = self.store().writer();
        let claimed = store::purchase::claim(writer, &row, now, later(now, CLAIM)).await?;
        if let Some(row) = claimed {
            self.carry_on_claimed(row).await?;
        }
        self.purchase_again(&row).await
    }

    async fn carry_on_claimed(&self, row: purchase::Model) -> Result<(), OperationError> {
        if is_transfer(&row) {
            return self.carry_on_with_transfer(&row).await;
        }
        let Some(provider) = self.payments().named(&row.provider).cloned() else {
            let at = later(self.clock().now(), UNCONFIGURED);
            return Ok(
                store::purchase::look_again(self.store().writer(), &row, at, row.attempts).await?,
            );
        };
        let order = self.order(&row).await?;
        let account = AccountId::new(row.account_id);
        let called = match self.merchant(account, provider.as_ref()).await? {
            Ok(merchant) => {
                self.call(provider.as_ref(), &row, &order, &merchant)
                    .await?
            }
            Err(trouble) => Err(CallError::Merchant(trouble)),
        };
        self.note_call(account, provider.name(), called.as_ref().err())
            .await?;
        match called {
            Ok(report) => self.apply(&row, provider.as_ref(), report).await?,
            Err(error) => self.apply_error(&row, provider.as_ref(), error).await?,
        }
        self.tell_of_purchases(account);
        Ok(())
    }

    /// The call that a purchase needs next. That it is made is recorded first, because from then on
    /// the payment may have been taken, whatever becomes of this process.
    async fn call(
        &self,
        provider: &dyn Provider,
        row: &purchase::Model,
        order: &Order,
        merchant: &Merchant,
    ) -> Result<Result<Report, CallError>, OperationError> {
        let call = async {
            if is_canceled(row) {
                provider.cancel(order, merchant).await
            } else if row.provider_reference.is_some() || !state(row.status).is_open() {
                provider.read(order, merchant).await
            } else if row.automatic {
                provider.charge(order, merchant).await
            } else {
                provider.begin(order, merchant).await
            }
        };
        if row.called_at.is_none() {
            store::purchase::set_called(self.store().writer(), row, order.now).await?;
        }
        let began = Instant::now();
        let span = traces::span!("payment", provider = provider.name(), purchase = %row.id);
        let answer = tokio::time::timeout(CALL_TIMEOUT, call.instrument(span)).await;
        let called = answer.unwrap_or_else(|_| {
            let limit = CALL_TIMEOUT.as_secs();
            Err(CallError::NoAnswer(format!("nothing came for {limit} s")))
        });
        count_call(provider, began, &called);
        Ok(called)
    }

    async fn order(&self, row: &purchase::Model) -> Result<Order, OperationError> {
        let account = self.account_of(row).await?;
        let package = self.package_name(row).await?;
        let credits = Credits::from_units(row.credits_units);
        Ok(Order {
            purchase: PurchaseId::new(row.id),
            description: format!("{package}: {credits} credits for {}", account.name),
            price: price(row)?,
            return_url: self.return_url_of(&account, row),
            home_url: self.public_url().clone(),
            now: self.clock().now(),
            created_at: whole_micros(row.created_at),
            called_at: row.called_at.map(whole_micros),
            reference: row.provider_reference.clone(),
            is_automatic: row.automatic,
        })
    }

    async fn apply(
        &self,
        row: &purchase::Model,
        provider: &dyn Provider,
        report: Report,
    ) -> Result<(), OperationError> {
        let writer = self.store().writer();
        if let Some(reference) = report.reference.as_deref() {
            let url = report.confirmation_url.as_ref().map(Url::as_str);
            let now = self.clock().now();
            store::purchase::set_reference(writer, row, (reference, url), now).await?;
        }
        let (before, event) = (state(row.status), report.event);
        let after = before.after(event);
        let now = self.clock().now();
        match after {
            State::Paid => {
                if before != State::Paid {
                    self.credit_purchase(row, true).await?;
                }
                self.take_back(row, report.reversed_minor).await?;
                store::purchase::rest(writer, row).await?;
            }
            State::Declined | State::Expired | State::Failed => {
                let reason = report.reason.as_deref();
                // Nobody could decide it on a page of this server after its time.
                let is_ours = after == State::Expired && self.is_approved_here(row);
                let at = now.min(if is_ours {
                    super::purchase::deadline(row)
                } else {
                    now
                });
                self.close_purchase(row, status(after), reason, at).await?;
                // One that ended before, and was read again, rests again.
                if row.automatic && before != after {
                    let again = later(now, SECOND_LOOK);
                    store::purchase::look_again(writer, row, again, 0).await?;
                } else if self.may_yet_be_paid(row, event, now) {
                    let again = self.next_look(row, provider, now);
                    let attempts = row.attempts.saturating_add(1);
                    store::purchase::look_again(writer, row, again, attempts).await?;
                } else {
                    store::purchase::rest(writer, row).await?;
                }
            }
            State::Pending | State::Unknown => {
                let at = self.next_look(row, provider, now);
                let attempts = row.attempts.saturating_add(1);
                let to = status(after);
                store::purchase::keep_open(writer, row, (to, now), at, attempts).await?;
            }
        }
        if row.automatic && before != after {
            self.recharge_was_decided(row).await?;
        }
        Ok(())
    }

    async fn apply_error(
        &self,
        row: &purchase::Model,
        provider: &dyn Provider,
        error: CallError,
    ) -> Result<(), OperationError> {
        let purchase = row.id;
        match error {
            CallError::NoAnswer(cause) => {
                tracing::warn!(%purchase, cause, "the payment provider did not answer");
                self.apply(row, provider, Report::of(Event::NoAnswer)).await
            }
            CallError::Busy(wait) => {
                let wait = wait.clamp(Duration::from_secs(1), Duration::from_secs(3_600));
                let wait = SignedDuration::try_from(wait).unwrap_or(UNCONFIGURED);
                let at = later(self.clock().now(), wait);
                let writer = self.store().writer();
                Ok(store::purchase::look_again(writer, row, at, row.attempts).await?)
            }
            CallError::Merchant(trouble) if row.called_at.is_none() => {
                // Nothing was asked before, so nothing was taken.
                let report = Report {
                    reason: Some(trouble.to_string()),
                    ..Report::of(Event::Failed)
                };
                self.apply(row, provider, report).await
            }
            CallError::Merchant(trouble) => {
                tracing::warn!(%purchase, %trouble, "a payment can't be read; it stays open");
                self.apply(row, provider, Report::of(Event::NoAnswer)).await
            }
        }
    }

    /// When to ask again about an open payment. What is decided on a page of this server is asked
    /// about once, after its time.
    fn next_look(
        &self,
        row: &purchase::Model,
        provider: &dyn Provider,
        now: Timestamp,
    ) -> Timestamp {
        if provider.approval() == Approval::OwnPage && !row.automatic {
            return super::purchase::deadline(row);
        }
        let attempt = usize::try_from(row.attempts).unwrap_or_default();
        let wait = WAITS.get(attempt).or(WAITS.last());
        later(now, wait.copied().unwrap_or(UNCONFIGURED))
    }

    /// Takes back the credits of what the provider has taken back of the price so far (law R5).
    async fn take_back(&self, row: &purchase::Model, minor: i64) -> Result<(), OperationError> {
        if minor <= row.reversed_minor {
            return Ok(());
        }
        self.record_reversal(row, minor).await?;
        let purchase = row.id;
        let request = Request {
            account: AccountId::new(row.account_id),
            actor: Actor::Provider(row.provider.clone()),
            kind: RequestKind::Reverse {
                purchase: PurchaseId::new(purchase),
                minor,
            },
            key: None,
            at: None,
        };
        match self.ledger().submit(request).await {
            Ok(_) => {
                tracing::warn!(%purchase, minor, "the payment provider took a payment back");
                Ok(())
            }
            Err(SubmitError::Refused(Refused::AlreadyReversed)) => Ok(()),
            Err(SubmitError::Refused(cause @ Refused::UnknownLot)) => {
                tracing::error!(
                    %purchase, minor, %cause,
                    "the payment provider took a payment back; revoke its credits by hand"
                );
                Ok(())
            }
            Err(error) => Err(OperationError::from_ledger(
                error,
                &Path::input("purchaseId"),
            )),
        }
    }
}
