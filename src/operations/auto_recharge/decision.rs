//! Deciding about due recharges: a job that claims them, and begins a purchase for each account
//! that is to recharge (law R2).
//!
//! A decision reads, decides and reserves in one transaction that holds the lock on the account's
//! book, so that of any number of processes one begins the purchase, and the month's limit counts
//! it from then on. What the provider permits is asked before, outside of the transaction (law R4);
//! a provider that does not answer delays the recharge and nothing else (law R3).
//!
//! Here: when to decide, and what a decision writes. Not here: the decision itself
//! ([`domain::recharge`]), and the payment ([`super::super::payment`]).

use std::collections::BTreeMap;

use domain::{
    calendar::month_of,
    credits::Credits,
    id::AccountId,
    money::Money,
    recharge::{Decision, WaitReason, decide},
};
use entity::{purchase, sql_enums::PurchaseStatus};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    super::{OperationError, Services, account::time_zone},
    Basis, GRANTED, charges, monthly_limit, package, packages, permission, words,
};
use crate::{
    clock::{later, whole_micros},
    localization::Text,
    payments::{CallError, Mandate, Provider},
    store::{
        self,
        actor::{Actor, Job},
        book::Wanted,
        sql::bounded::Transaction,
    },
};

/// Recharges that one pass decides about; the next pass continues. Few enough that each is decided
/// about before its claim ends, even if every call to the provider takes its whole time.
const MAX_AT_ONCE: u64 = 32;
/// Decisions at a time: each may ask the provider.
const CONCURRENT_DECISIONS: usize = 8;
/// How long a claimed recharge is left to the process that claimed it. Longer than a call to the
/// provider and two transactions.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// How long a recharge with a purchase in flight rests. Its payment has it decided about again as
/// soon as it is decided; this makes up for a crash in between.
const IN_FLIGHT: SignedDuration = SignedDuration::from_mins(10);
/// How long a recharge waits for a provider that does not answer.
const NO_ANSWER: SignedDuration = SignedDuration::from_mins(1);
/// How long a recharge waits for an approval, or the end of a period, that no webhook reported.
const UNREPORTED: SignedDuration = SignedDuration::from_mins(15);
/// How long a recharge waits for an operator or for the shop.
const OTHERS: SignedDuration = SignedDuration::from_hours(1);

/// What became of a due recharge.
enum Outcome {
    /// It is decided: a purchase was begun, or it waits.
    Decided,
    /// It is to recharge if the provider permits it.
    AskProvider,
}

/// When to decide again, and what was held back.
struct Rest {
    /// `None` if the owner must act first.
    at: Option<Timestamp>,
    held_back: Option<String>,
}

/// Nothing until the owner acts. Why is read from what suspends it, which outlasts the due
/// recharge.
const SUSPENDED: Rest = Rest {
    at: None,
    held_back: None,
};

impl Rest {
    fn until(at: Timestamp, held_back: &Text) -> Self {
        Self {
            at: Some(at),
            held_back: Some(held_back.english()),
        }
    }
}

impl Services {
    /// Decides about the recharges that are due. Returns how many were.
    ///
    /// # Errors
    /// The database's error. A recharge that meets an error is logged, and the others go on.
    pub async fn decide_recharges(&self) -> Result<usize, OperationError> {
        let now = self.clock().now();
        let writer = self.store().writer();
        let until = later(now, CLAIM);
        let rows = store::due_recharge::claim_due(writer, now, until, MAX_AT_ONCE).await?;
        let done = rows.len();
        stream::iter(rows)
            .for_each_concurrent(CONCURRENT_DECISIONS, async |row| {
                let account = AccountId::new(row.account_id);
                if let Err(cause) = self.decide_recharge(account).await {
                    let account = row.account_id;
                    tracing::error!(%account, ?cause, "a recharge met an error; it is decided about again");
                }
            })
            .await;
        Ok(done)
    }

    async fn decide_recharge(&self, account: AccountId) -> Result<(), OperationError> {
        let Some(provider) = self.payments().selling().cloned() else {
            return self
                .rest_recharge(account, OTHERS, words::no_provider().english())
                .await;
        };
        match self.decide_with(account, provider.as_ref(), None).await? {
            Outcome::Decided => return Ok(()),
            Outcome::AskProvider => {}
        }
        let asked = self
            .ask_for_mandate(account, provider.as_ref(), None)
            .await?;
        match asked {
            Ok(mandate) => {
                let mandate = Some(&mandate);
                self.decide_with(account, provider.as_ref(), mandate)
                    .await?;
                Ok(())
            }
            Err(error) => {
                let wait = match &error {
                    CallError::NoAnswer(_) => NO_ANSWER,
                    CallError::Busy(wait) => {
                        let wait = SignedDuration::try_from(*wait).unwrap_or(OTHERS);
                        wait.clamp(SignedDuration::from_secs(1), OTHERS)
                    }
                    CallError::Merchant(_) => OTHERS,
                };
                let account_id = account.uuid();
                tracing::warn!(account = %account_id, %error, "a recharge waits for its provider");
                self.rest_recharge(account, wait, words::call_failed(&error).english())
                    .await
            }
        }
    }

    /// Has a recharge rest, without a decision.
    async fn rest_recharge(
        &self,
        account: AccountId,
        wait: SignedDuration,
        held_back: String,
    ) -> Result<(), OperationError> {
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [account]).await?;
        let at = later(self.clock().now(), wait);
        write_rest(
            &transaction,
            account,
            Rest {
                at: Some(at),
                held_back: Some(held_back),
            },
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Decides under the lock of the account's book. Without a mandate it is assumed that the
    /// provider permits everything, and nothing is bought.
    async fn decide_with(
        &self,
        account: AccountId,
        provider: &dyn Provider,
        mandate: Option<&Mandate>,
    ) -> Result<Outcome, OperationError> {
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [account]).await?;
        // Read after waiting for the lock.
        let now = self.clock().now();
        let settings = store::auto_recharge::find(&transaction, account).await?;
        let Some(settings) = settings.filter(|row| row.enabled) else {
            store::due_recharge::remove(&transaction, account).await?;
            transaction.commit().await?;
            return Ok(Outcome::Decided);
        };
        let package = match package(&transaction, &settings).await? {
            Ok(package) => package,
            Err(_) => {
                write_rest(&transaction, account, SUSPENDED).await?;
                transaction.commit().await?;
                return Ok(Outcome::Decided);
            }
        };
        let row = store::account::find(&transaction, account).await?;
        let row = row.ok_or_else(|| OperationError::broken("a recharge has no account"))?;
        let acted_at = whole_micros(settings.updated_at);
        let basis = Basis {
            account: &row,
            settings: &settings,
            package: &package,
            charges: charges(&transaction, &row, acted_at, now).await?,
            permission: mandate.map_or(GRANTED, permission),
            now,
        };
        let (available, debt) = credits(&transaction, account, now).await?;
        let state = basis.state(available, debt)?;
        let zone = time_zone(&row)?;
        let rest = match decide(&state) {
            Decision::Buy { .. } if mandate.is_none() => {
                transaction.rollback().await?;
                return Ok(Outcome::AskProvider);
            }
            Decision::Buy {
                times,
                price,
                cut_by,
            } => {
                let bought = self.new_recharge(&basis, provider, (times, price))?;
                tracing::info!(account = %row.id, purchase = %bought.id, times, "a recharge begins");
                let actor = Actor::Job(Job::Recharge).of(account).row;
                let bought = purchase::Model {
                    actor_id: Some(actor.id),
                    ..bought
                };
                store::actor::insert_missing(&transaction, vec![actor]).await?;
                store::purchase::insert(&transaction, bought).await?;
                Rest {
                    at: Some(later(now, IN_FLIGHT)),
                    held_back: cut_by.map(|cut| words::cut(cut, times).english()),
                }
            }
            Decision::Suspended(_) => SUSPENDED,
            Decision::Wait(WaitReason::AboveThreshold) => {
                store::due_recharge::remove(&transaction, account).await?;
                store::auto_recharge::set_held_back(&transaction, account, None).await?;
                transaction.commit().await?;
                return Ok(Outcome::Decided);
            }
            Decision::Wait(WaitReason::InFlight) => Rest {
                at: Some(later(now, IN_FLIGHT)),
                // What cut the purchase in flight is still so.
                held_back: settings.held_back.clone(),
            },
            Decision::Wait(WaitReason::BackingOff { until }) => {
                let last = store::auto_recharge::last_decided(&transaction, account).await?;
                let reason = last.and_then(|row| row.reason);
                Rest::until(
                    until,
                    &words::backing_off(reason.as_deref(), (until, &zone)),
                )
            }
            Decision::Wait(WaitReason::LimitReached) => limit_reached(&basis, &zone)?,
            Decision::Wait(WaitReason::ProviderLimitReached) => {
                provider_limit_reached(mandate, state.package_price, &zone, now)?
            }
            Decision::Wait(WaitReason::NeedsApproval) => {
                Rest::until(later(now, UNREPORTED), &words::needs_approval())
            }
            Decision::Wait(WaitReason::NeedsPurchase) => {
                Rest::until(later(now, UNREPORTED), &words::needs_purchase())
            }
        };
        write_rest(&transaction, account, rest).await?;
        transaction.commit().await?;
        self.tell_of_purchases(account);
        Ok(Outcome::Decided)
    }

    /// The purchase of a recharge. A job carries on with it at once.
    fn new_recharge(
        &self,
        basis: &Basis<'_>,
        provider: &dyn Provider,
        (times, price): (u32, Money),
    ) -> Result<purchase::Model, OperationError> {
        let package = basis.package;
        let too_many = || OperationError::broken("a recharge has too many credits");
        let credits = Credits::from_units(package.credits_units)
            .checked_mul(times.into())
            .ok_or_else(too_many)?;
        let now = basis.now.as_microsecond();
        Ok(purchase::Model {
            account_id: basis.account.id,
            id: self.clock().new_id_in(basis.account.id),
            status: PurchaseStatus::Pending,
            package_id: package.id,
            credits_units: credits.units(),
            price_minor: price.minor(),
            currency_code: package.currency_code.clone(),
            validity_days: package.validity_days,
            automatic: true,
            provider: provider.name().to_owned(),
            provider_reference: None,
            confirmation_url: None,
            return_url: None,
            package_count: i32::try_from(times).map_err(|_| too_many())?,
            reason: None,
            called_at: None,
            next_at: Some(now),
            claimed_until: None,
            attempts: 0,
            lot_id: None,
            reversed_minor: 0,
            reversed_units: 0,
            confirmed_with: None,
            created_at: now,
            decided_at: None,
            actor_id: None,
            updated_at: Some(now),
            canceled_at: None,
        })
    }
}

fn limit_reached(basis: &Basis<'_>, zone: &TimeZone) -> Result<Rest, OperationError> {
    let broken = |what: &str| OperationError::broken(format!("a monthly limit {what}"));
    let (_, next_month) = month_of(basis.now, zone).map_err(|cause| broken(&cause.to_string()))?;
    let limit = monthly_limit(basis.account, basis.settings.monthly_limit_minor)?;
    let limit = limit.ok_or_else(|| broken("was reached without being set"))?;
    let price = packages::price(basis.package)?;
    let spent = basis.charges.spent_this_month;
    let words = words::limit_reached(limit, spent, price, (next_month, zone));
    Ok(Rest::until(next_month, &words))
}

fn provider_limit_reached(
    mandate: Option<&Mandate>,
    package_price: Money,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Rest, OperationError> {
    let mandate = mandate.ok_or_else(|| {
        OperationError::broken("a provider's limit was reached without being asked for")
    })?;
    // A period that is over has a new end that isn't known yet.
    let end = mandate.period_end.filter(|end| *end > now);
    let at = end.unwrap_or(later(now, UNREPORTED));
    let words = words::provider_limit_reached(mandate, package_price, zone);
    Ok(Rest::until(at, &words))
}

async fn write_rest(
    transaction: &Transaction,
    account: AccountId,
    rest: Rest,
) -> Result<(), OperationError> {
    store::due_recharge::decide_at(transaction, account, rest.at).await?;
    let held_back = rest.held_back.as_deref();
    Ok(store::auto_recharge::set_held_back(transaction, account, held_back).await?)
}

/// The available credits of an account whose book is locked, and its debt.
pub(super) async fn credits(
    transaction: &Transaction,
    account: AccountId,
    now: Timestamp,
) -> Result<(Credits, Credits), OperationError> {
    let wanted = BTreeMap::from([(account, Wanted::default())]);
    let mut heads = store::book::load(transaction, &wanted, now).await?;
    let head = heads.remove(&account);
    let mut head = head.ok_or_else(|| OperationError::broken("an account has no book"))?;
    // Credits whose day has begun can't be spent, booked or not (law L2).
    head.book.expire(now)?;
    let debt = head.book.debt;
    Ok((head.book.balance()?.available, debt))
}
