//! Lots: listing them, granting credits and revoking them.

use domain::{
    book,
    calendar::{date_of, start_of_day},
    credits::Credits,
    id::{AccountId, LotId},
};
use entity::{account, lot, transaction};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{
    OperationError, Path, RefusalCode, Services, Viewer, ViewerReader,
    account::time_zone,
    balance::BalanceAt,
    idempotency, input,
    last_change::AskedLastChanges,
    reader::{Listing, Window},
    together::Together,
};
pub use crate::store::lot::{LotSort, LotState, Parts as LotParts};
use crate::{
    ledger::{Answer, Key, Refused, Request, RequestKind, SubmitError},
    store::{self, lot::LotFilter},
};

/// A lot at an instant, which decides whether it has expired.
#[derive(Debug, Clone)]
pub struct LotAt {
    /// The lot.
    pub row: lot::Model,
    /// The instant.
    pub at: Timestamp,
}

/// The input of `grantCredits`.
#[derive(Debug)]
pub struct GrantCredits {
    /// The account that receives the credits.
    pub account: Option<AccountId>,
    /// How many credits to grant.
    pub credits: String,
    /// The day on which the credits expire.
    pub expires_on: Option<String>,
    /// The reason, for people to read.
    pub note: String,
    /// The idempotency key, unique in the account.
    pub idempotency_key: String,
}

/// The result of a grant.
#[derive(Debug)]
pub struct Granted {
    /// The lot.
    pub lot: lot::Model,
    /// Whether the grant repeats an earlier one, so that nothing was done now (law B4).
    pub replayed: bool,
    /// The balance right after the grant; that of now, if it is a repetition.
    pub balance: BalanceAt,
}

/// The input of `revokeCredits`.
#[derive(Debug)]
pub struct RevokeCredits {
    /// The account that loses the credits.
    pub account: Option<AccountId>,
    /// The lot to take the credits from.
    pub lot: Option<LotId>,
    /// How many credits to revoke.
    pub credits: String,
    /// The reason, for people to read.
    pub note: String,
    /// The idempotency key, unique in the account.
    pub idempotency_key: String,
}

/// The result of a revocation.
#[derive(Debug)]
pub struct Revoked {
    /// The transaction of the revocation.
    pub transaction: transaction::Model,
    /// Whether it repeats an earlier one, so that nothing was done now (law B4).
    pub replayed: bool,
    /// The balance right after the revocation; that of now, if it is a repetition.
    pub balance: BalanceAt,
}

/// The arguments of a grant as the caller gave them, for the fingerprint of its key.
#[derive(Serialize)]
struct GrantArguments<'a> {
    account: uuid::Uuid,
    credits: &'a str,
    expires_on: Option<&'a str>,
    note: &'a str,
}

/// The arguments of a revocation as the caller gave them, for the fingerprint of its key.
#[derive(Serialize)]
struct RevokeArguments<'a> {
    account: uuid::Uuid,
    lot: Option<uuid::Uuid>,
    credits: &'a str,
    note: &'a str,
}

impl LotAt {
    /// Whether its day has come by the instant.
    #[must_use]
    pub fn is_over(&self) -> bool {
        store::lot::is_over(&self.row, self.at)
    }

    /// The instant of its last change, in microseconds since the epoch.
    #[must_use]
    pub fn updated_at(&self) -> i64 {
        store::lot::updated_at(&self.row)
    }

    /// The state of the lot at the instant, given whether an expiry of its credits is booked.
    #[must_use]
    pub fn state(&self, has_expiry: bool) -> LotState {
        store::lot::state(&self.row, self.at, has_expiry)
    }

    /// The credits that can be spent at the instant.
    #[must_use]
    pub fn remaining(&self) -> Credits {
        Credits::from_units(if self.is_over() {
            0
        } else {
            self.row.remaining_units
        })
    }

    /// The credits that have expired by the instant, booked or not.
    #[must_use]
    pub fn expired(&self, parts: &LotParts) -> Credits {
        let unbooked = if self.is_over() {
            self.row.remaining_units
        } else {
            0
        };
        Credits::from_units(parts.expired_units.saturating_add(unbooked))
    }

    /// The credits that messages cost, or that paid a debt: what is neither left, nor held,
    /// expired or taken back.
    #[must_use]
    pub fn used(&self, parts: &LotParts) -> Credits {
        let others = [
            self.row.remaining_units,
            parts.held_units,
            parts.expired_units,
            parts.revoked_units,
        ];
        let rest = others.iter().fold(self.row.granted_units, |rest, part| {
            rest.saturating_sub(*part)
        });
        // Its parts are read by other statements, between which credits may move.
        Credits::from_units(rest.max(0))
    }
}

/// The conditions of a list of lots, and its order. `None` doesn't restrict the list.
#[derive(Debug, Default)]
pub struct AskedLots {
    /// Only lots in this state.
    pub state: Option<LotState>,
    /// Only lots that last changed in this period.
    pub changed: AskedLastChanges,
    /// The order.
    pub sort: LotSort,
}

impl ViewerReader {
    /// A page of those lots of an account that meet the conditions, as they are now.
    ///
    /// # Errors
    /// `Invalid` if an instant can't be read.
    pub async fn lots(
        &self,
        account: AccountId,
        asked: AskedLots,
        window: Window,
    ) -> Result<Listing<LotAt>, OperationError> {
        let filter = LotFilter {
            account,
            state: asked.state,
            at: self.services().clock().now(),
            changed: asked.changed.read()?,
            sort: asked.sort,
        };
        self.list(filter, window).await
    }
}

impl Services {
    /// Grants credits without a payment.
    ///
    /// # Errors
    /// An unknown account, an invalid amount, day, note or key, and too many credits, each at its
    /// field.
    pub async fn grant_credits(
        &self,
        viewer: &Viewer,
        new: GrantCredits,
    ) -> Result<Granted, OperationError> {
        let account = self
            .account_for(viewer, new.account, &Path::input("accountId"))
            .await;
        let amount = Path::input("credits");
        let credits = input::positive_credits(&new.credits, &amount);
        let note = input::note(&new.note, &Path::input("note"));
        let known = account.as_ref().ok();
        let arguments = GrantArguments {
            account: known.map(|account| account.id).unwrap_or_default(),
            credits: &new.credits,
            expires_on: new.expires_on.as_deref(),
            note: &new.note,
        };
        let key = idempotency::key(&new.idempotency_key, "grantCredits", &arguments);
        let expires_on = match &new.expires_on {
            Some(on) => match known {
                Some(account) => {
                    let day = self.expiration_day(account, on, key.as_ref().ok());
                    day.await.map(Some)
                }
                None => {
                    let date = input::date(on, &Path::input("expiresOn"));
                    date.map(|_| None).map_err(Into::into)
                }
            },
            None => Ok(None),
        };
        let (account, credits, expires_on, note, key) =
            (account, credits, expires_on, note, key).together()?;
        let id = AccountId::new(account.id);
        let kind = RequestKind::Grant {
            lot: LotId::new(self.clock().new_id_in(account.id)),
            credits,
            expires_on,
            note,
        };
        let answer = self
            .submit_for((id, viewer), kind, key)
            .await
            .map_err(|error| OperationError::from_ledger(error, &amount))?;
        self.granted(id, &answer).await
    }

    /// Parses a future day as the end of a lot: its credits can't be used from the first instant of
    /// that day on (law L2). The ledger determines that instant under its lock.
    async fn expiration_day(
        &self,
        account: &account::Model,
        on: &str,
        key: Option<&Key>,
    ) -> Result<Date, OperationError> {
        let path = Path::input("expiresOn");
        let on = input::date(on, &path)?;
        let zone = time_zone(account)?;
        let today = date_of(self.clock().now(), &zone);
        // A repeated request whose grant was in time is answered.
        let was_used = match key {
            Some(key) if on <= today => self.key_was_used(AccountId::new(account.id), key).await?,
            Some(_) | None => false,
        };
        if on <= today && !was_used {
            return Err(path
                .invalid(text!(
                    "Must be after today, which is {today} in {time_zone}.",
                    today = today,
                    time_zone = account.time_zone
                ))
                .into());
        }
        start_of_day(on, &zone)
            .map_err(|_| path.invalid(text!("Must be a day of the account's calendar.")))?;
        Ok(on)
    }

    /// The lot and the balance after a grant.
    async fn granted(
        &self,
        account: AccountId,
        answer: &Answer,
    ) -> Result<Granted, OperationError> {
        let missing = || OperationError::broken("a grant's answer has no lot");
        let id = LotId::new(answer.lot.ok_or_else(missing)?);
        let row = store::lot::find(self.store().reader(), account, id)
            .await?
            .ok_or_else(missing)?;
        Ok(Granted {
            lot: row,
            replayed: answer.replayed,
            balance: self.balance_after_command(account, answer).await?,
        })
    }

    /// Revokes credits of one lot.
    ///
    /// # Errors
    /// An unknown account or lot, an invalid amount, note or key, and more credits than the lot has
    /// left, each at its field.
    pub async fn revoke_credits(
        &self,
        viewer: &Viewer,
        asked: RevokeCredits,
    ) -> Result<Revoked, OperationError> {
        let account = self
            .account_for(viewer, asked.account, &Path::input("accountId"))
            .await;
        let amount = Path::input("credits");
        let credits = input::positive_credits(&asked.credits, &amount);
        let note = input::note(&asked.note, &Path::input("note"));
        let known = account.as_ref().ok().map(|account| account.id);
        let arguments = RevokeArguments {
            account: known.unwrap_or_default(),
            lot: asked.lot.map(LotId::uuid),
            credits: &asked.credits,
            note: &asked.note,
        };
        let key = idempotency::key(&asked.idempotency_key, "revokeCredits", &arguments);
        let is_there = match (asked.lot, known) {
            (Some(lot), Some(id)) => {
                let reader = self.store().reader();
                let found = store::lot::find(reader, AccountId::new(id), lot).await?;
                found.is_some()
            }
            (Some(lot), None) => !input::names_nothing(lot),
            (None, _) => true,
        };
        let is_there = is_there.then_some(());
        let is_there = is_there.ok_or_else(|| Path::input("lotId").not_found(text!("lot")));
        let (account, (), credits, note, key) =
            (account, is_there, credits, note, key).together()?;
        let id = AccountId::new(account.id);
        let kind = RequestKind::Revoke {
            lot: asked.lot,
            credits,
            note,
        };
        let answer = match self.submit_for((id, viewer), kind, key).await {
            // The books load only lots with credits left, and this lot exists: so it is used up.
            Err(SubmitError::Refused(Refused::Book(book::Refusal::UnknownLot))) => {
                return Err(amount
                    .refuse(
                        RefusalCode::InsufficientCredits,
                        text!(
                            "{needed} credits are needed and the lot has none left.",
                            needed = credits
                        ),
                    )
                    .into());
            }
            other => other.map_err(|error| OperationError::from_ledger(error, &amount))?,
        };
        let missing = || OperationError::broken("a revocation's answer has no transaction");
        let transaction = self
            .transaction(answer.transaction_id().ok_or_else(missing)?)
            .await?;
        Ok(Revoked {
            transaction: transaction.ok_or_else(missing)?,
            replayed: answer.replayed,
            balance: self.balance_after_command(id, &answer).await?,
        })
    }

    async fn submit_for(
        &self,
        (account, viewer): (AccountId, &Viewer),
        kind: RequestKind,
        key: Key,
    ) -> Result<Answer, SubmitError> {
        let request = Request {
            account,
            actor: viewer.actor(),
            kind,
            key: Some(key),
            at: None,
        };
        self.ledger().submit(request).await
    }
}
