//! Accounts: creating them and their settings. Not here: their balance, which is [`super::balance`].

use domain::{
    book::{Balance, NextExpiry},
    credits::Credits,
    id::{AccountId, RateCardId},
    lot::Expiry,
};
use entity::{
    account,
    sql_enums::{ConsumptionOrder, Settlement},
};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::DatabaseTransaction;

use super::{
    OperationError, Path, Services, Viewer, input,
    policy::{self, Use},
    purchase::return_url::{kept_origins, return_origins},
};
use crate::{
    clock::whole_micros,
    ledger::{Act, BalanceAnswer, Request},
    store::{
        self,
        account::{AccountFilter, AccountSettings},
        sql::paging::{Page, Window},
    },
};

/// Days start here unless an account says otherwise.
const DEFAULT_TIME_ZONE: &str = "Europe/Rome";
/// Prices are in this currency unless an account says otherwise.
const DEFAULT_CURRENCY: &str = "EUR";
/// How often what is due is settled before the settings change: once does, unless more comes due just then.
const MAX_SETTLING: u32 = 5;

/// A new account, as it was asked for.
#[derive(Debug)]
pub struct CreateAccount {
    /// Shown to people.
    pub name: String,
    /// IANA name.
    pub time_zone: Option<String>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// Any version of the card to charge by.
    pub rate_card: Option<RateCardId>,
}

/// Settings to change; what is `None` stays.
#[derive(Debug)]
pub struct UpdateAccount {
    /// Which account.
    pub account: Option<AccountId>,
    /// Shown to people.
    pub name: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// In which order lots are drawn.
    pub consumption_order: Option<ConsumptionOrder>,
    /// Who settles scheduled messages.
    pub settlement: Option<Settlement>,
    /// Any version of the card to charge by.
    pub rate_card: Option<RateCardId>,
    /// Where buyers may be sent back to.
    pub return_origins: Option<Vec<String>>,
}

/// A balance with the instant it is of.
#[derive(Debug, Clone, Copy)]
pub struct BalanceAt {
    /// Whose.
    pub account: AccountId,
    /// As of when.
    pub at: Timestamp,
    /// The balance.
    pub balance: Balance,
}

impl BalanceAt {
    /// The balance that a command answered.
    ///
    /// # Errors
    /// A fault, where the answer holds what it never should.
    pub fn from_answer(account: AccountId, answer: &BalanceAnswer) -> Result<Self, OperationError> {
        let next_expiry = match &answer.next_expiry {
            Some((units, at, on)) => Some(NextExpiry {
                credits: Credits::from_units(*units),
                expiry: Expiry {
                    at: whole_micros(*at),
                    on: store::book::day(on)?,
                },
            }),
            None => None,
        };
        Ok(Self {
            account,
            at: whole_micros(answer.at),
            balance: Balance {
                available: Credits::from_units(answer.available),
                held: Credits::from_units(answer.held),
                unassigned: Credits::from_units(answer.unassigned),
                next_expiry,
            },
        })
    }
}

impl Services {
    /// A page of the accounts that the viewer sees.
    ///
    /// # Errors
    /// A fault.
    pub async fn accounts(
        &self,
        viewer: &Viewer,
        search: Option<String>,
        window: Window,
    ) -> Result<(AccountFilter, Page<account::Model>), OperationError> {
        let search = input::search(search.as_deref(), &Path::argument("search"))?;
        let filter = AccountFilter {
            only: viewer.account,
            search,
        };
        let page = store::account::list(self.store.reader(), &filter, window).await?;
        Ok((filter, page))
    }

    /// Adds an account.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub async fn create_account(
        &self,
        new: CreateAccount,
    ) -> Result<account::Model, OperationError> {
        let name = input::name(&new.name, &Path::input("name"))?;
        let time_zone = new.time_zone.as_deref().unwrap_or(DEFAULT_TIME_ZONE);
        let time_zone = input::time_zone(time_zone, &Path::input("timeZone"))?;
        let currency = new.currency_code.as_deref().unwrap_or(DEFAULT_CURRENCY);
        let currency = input::currency(currency, &Path::input("currencyCode"))?;
        let code = match new.rate_card {
            Some(id) => self.rate_card_code(id).await?,
            None => store::rate_card::DEFAULT_CODE.to_owned(),
        };
        let now = self.clock.now();
        let row = account::Model {
            id: self.clock.new_id(),
            name,
            time_zone: zone_name(&time_zone),
            currency_code: currency.code().to_string(),
            consumption_order: ConsumptionOrder::NonExpiringFirst,
            settlement: Settlement::Automatic,
            created_at: now.as_microsecond(),
            // It has no message: every day is added up already.
            usage_rolled_from: 0,
            return_origins: String::new(),
        };
        let transaction = self.store.begin().await?;
        store::account::insert(&transaction, row.clone(), &code).await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// Changes an account's settings. Which card it is charged by and who settles its messages is the platform's to say
    /// (law A3).
    ///
    /// # Errors
    /// Refusals that name the field.
    pub async fn update_account(
        &self,
        viewer: &Viewer,
        change: UpdateAccount,
    ) -> Result<account::Model, OperationError> {
        let row = self
            .account_for(viewer, change.account, &Path::input("accountId"))
            .await?;
        let id = AccountId::new(row.id);
        if change.settlement.is_some() && !policy::may(viewer, Use::SetSettlement) {
            return Err(Path::input("settlement")
                .invalid("Only the platform sets who settles messages; leave it out.")
                .into());
        }
        let zone = change.time_zone.as_deref();
        let zone = zone
            .map(|zone| input::time_zone(zone, &Path::input("timeZone")))
            .transpose()?;
        let name = change.name.as_deref();
        let settings = AccountSettings {
            name: name
                .map(|name| input::name(name, &Path::input("name")))
                .transpose()?,
            consumption_order: change.consumption_order,
            settlement: change.settlement,
            return_origins: (change.return_origins.as_deref())
                .map(|origins| return_origins(origins, &Path::input("returnOrigins")))
                .transpose()?
                .map(|origins| kept_origins(&origins)),
        };
        let code = match change.rate_card {
            Some(_) if !policy::may(viewer, Use::SetRateCard) => {
                return Err(Path::input("rateCardId")
                    .invalid("Only the platform sets the rate card.")
                    .into());
            }
            Some(id) => Some(self.rate_card_code(id).await?),
            None => None,
        };
        // The books' part first, and a part that is done is not undone: the same request again does the rest.
        if let Some(zone) = zone {
            self.change_time_zone(id, zone).await?;
        }
        // Whoever settled until now: that was read before the lock.
        let transaction = if settings.settlement.is_some() {
            self.with_nothing_due(id).await?
        } else {
            self.store.begin().await?
        };
        let row = store::account::update(&transaction, id, settings).await?;
        if let Some(code) = code {
            let at = self.clock.now();
            store::account::set_rate_card(&transaction, id, &code, at).await?;
        }
        transaction.commit().await?;
        Ok(row)
    }

    /// Counts the account's days in a zone, and moves the ends of its lots there (law L2). In the zone that it has
    /// already nothing moves, unless a lot ends elsewhere than its day begins.
    async fn change_time_zone(
        &self,
        account: AccountId,
        time_zone: TimeZone,
    ) -> Result<(), OperationError> {
        let request = Request {
            account,
            act: Act::ChangeTimeZone { time_zone },
            key: None,
            at: None,
        };
        let done = self.ledger.submit(request).await;
        done.map(drop)
            .map_err(|error| OperationError::from_ledger(error, &Path::input("timeZone")))
    }

    /// A transaction that holds the account's book while none of its messages is due: those whose time came
    /// while the server settled them are the server's to settle, though no job has run yet (law H3).
    async fn with_nothing_due(
        &self,
        account: AccountId,
    ) -> Result<DatabaseTransaction, OperationError> {
        for _ in 0..MAX_SETTLING {
            let transaction = self.store.begin().await?;
            store::book::lock(&transaction, [account]).await?;
            // After the wait for the lock: what came due meanwhile counts.
            let now = self.clock.now();
            let due = store::message::due(&transaction, Some(account), now, None, 1).await?;
            if due.is_empty() {
                return Ok(transaction);
            }
            transaction.rollback().await?;
            self.settle_due_of(Some(account)).await?;
        }
        tracing::warn!(account = %account.uuid(), "messages come due faster than they are settled");
        Err(OperationError::Unavailable)
    }

    async fn rate_card_code(&self, id: RateCardId) -> Result<String, OperationError> {
        let card = store::rate_card::find(self.store.reader(), id).await?;
        Ok(card
            .ok_or_else(|| Path::input("rateCardId").not_found("rate card"))?
            .code)
    }
}

/// The zone that an account's days are counted in.
///
/// # Errors
/// A fault, where the row holds what it never should.
pub fn time_zone(account: &account::Model) -> Result<TimeZone, OperationError> {
    domain::calendar::parse_time_zone(&account.time_zone)
        .map_err(|_| OperationError::broken(format!("account {} has no time zone", account.id)))
}

/// The currency of an account's prices.
///
/// # Errors
/// A fault, where the row holds what it never should.
pub fn currency(account: &account::Model) -> Result<domain::currency::Currency, OperationError> {
    input::known_currency(&account.currency_code)
        .ok_or_else(|| OperationError::broken(format!("account {} has no currency", account.id)))
}

fn zone_name(zone: &TimeZone) -> String {
    // Zones are read by name, so they have one.
    zone.iana_name().unwrap_or("UTC").to_owned()
}
