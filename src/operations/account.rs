//! Accounts: creating them and changing their settings. Not here: their balance, which is
//! [`super::balance`].

use domain::{
    id::{AccountId, RateCardId},
    money::Money,
};
use entity::{
    account,
    sql_enums::{ConsumptionOrder, SettingKind, Settlement},
};
use jiff::tz::TimeZone;
use sea_orm::ActiveEnum;
use serde_json::json;

use super::{
    OperationError, Path, Services, Viewer, ViewerReader, input,
    last_change::AskedLastChanges,
    policy::{self, Use},
    purchase::return_url::{kept_origins, origins_of, return_origins},
    reader::{Listing, Window},
    retention::own_months,
    setting_change::{amount, texts},
    statement::fee_minor,
    together::Together,
};
pub use crate::store::account::{AccountSort, updated_at};
use crate::{
    ledger::{Request, RequestKind},
    store::{
        self,
        account::{AccountFilter, AccountSettings},
        actor::Actor,
        setting_change::{self, Changed, Fields, Values},
        sql::bounded::Transaction,
    },
};

/// The time zone of a new account that names none.
const DEFAULT_TIME_ZONE: &str = "Europe/Rome";
/// The currency of a new account that names none.
const DEFAULT_CURRENCY: &str = "EUR";
/// How often due messages are settled before the settings change. Once is enough unless more come
/// due meanwhile.
const MAX_SETTLING: u32 = 5;

/// The input of `createAccount`.
#[derive(Debug)]
pub struct CreateAccount {
    /// The display name.
    pub name: String,
    /// IANA name, such as "Europe/Rome".
    pub time_zone: Option<String>,
    /// ISO 4217 code, such as "EUR".
    pub currency_code: Option<String>,
    /// Any version of the account's rate card.
    pub rate_card: Option<RateCardId>,
}

/// The input of `updateAccount`. A field that is `None` keeps its value.
#[derive(Debug)]
pub struct UpdateAccount {
    /// The account to change; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The display name.
    pub name: Option<String>,
    /// IANA name, such as "Europe/Rome".
    pub time_zone: Option<String>,
    /// The order in which lots are drawn.
    pub consumption_order: Option<ConsumptionOrder>,
    /// Who settles scheduled messages.
    pub settlement: Option<Settlement>,
    /// Any version of the account's rate card.
    pub rate_card: Option<RateCardId>,
    /// The origins of pages that buyers may return to.
    pub return_origins: Option<Vec<String>>,
    /// The platform's fee from the present month on: the amount and its currency.
    pub subscription_fee: Option<(String, String)>,
    /// The months after which texts are erased; `Some(None)` for the platform's.
    pub retention_months: Option<Option<i32>>,
}

impl ViewerReader {
    /// A page of the accounts that the viewer may see.
    ///
    /// # Errors
    /// A refusal if the search is too long, or an instant can't be read; faults.
    pub async fn accounts(
        &self,
        search: Option<String>,
        changed: AskedLastChanges,
        sort: AccountSort,
        window: Window,
    ) -> Result<Listing<account::Model>, OperationError> {
        let search = input::search(search.as_deref(), &Path::argument("search"));
        let (search, changed) = (search, changed.read()).together()?;
        let filter = AccountFilter {
            only: self.viewer().account,
            search,
            changed,
            sort,
        };
        self.list(filter, window).await
    }
}

impl Services {
    /// Creates an account.
    ///
    /// # Errors
    /// An invalid name, time zone or currency, an unknown rate card, and one in another currency,
    /// each at its field.
    pub async fn create_account(
        &self,
        by: &Actor,
        new: CreateAccount,
    ) -> Result<account::Model, OperationError> {
        let name = input::name(&new.name, &Path::input("name"));
        let time_zone = new.time_zone.as_deref().unwrap_or(DEFAULT_TIME_ZONE);
        let time_zone = input::time_zone(time_zone, &Path::input("timeZone"));
        let currency = new.currency_code.as_deref().unwrap_or(DEFAULT_CURRENCY);
        let currency = input::currency(currency, &Path::input("currencyCode"));
        let code = match (new.rate_card, currency.as_ref().ok()) {
            (Some(id), currency) => self.card_to_assign(id, currency.copied()).await,
            (None, Some(currency)) => self.default_card_in(*currency).await,
            // Not used: the currency is refused.
            (None, None) => Ok(String::new()),
        };
        let (name, time_zone, currency, code) = (name, time_zone, currency, code).together()?;
        let now = self.clock().now();
        let row = account::Model {
            id: self.clock().new_id(),
            name,
            time_zone: zone_name(&time_zone),
            currency_code: currency.code().to_string(),
            consumption_order: ConsumptionOrder::NonExpiringFirst,
            settlement: Settlement::Automatic,
            created_at: now.as_microsecond(),
            // It has no messages, so every day is rolled up.
            usage_rolled_from: 0,
            return_origins: String::new(),
            retention_months: None,
            updated_at: Some(now.as_microsecond()),
        };
        let transaction = self.store().begin().await?;
        store::account::insert(&transaction, row.clone(), &code).await?;
        let fields = Fields::between(Values::new(), settings_of(&row));
        let fields = fields.set("rateCard", (), code);
        setting_change::insert(&transaction, (by, now), [changed(&row, fields)]).await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// Changes an account's settings. Only the platform sets the rate card, its fee, and who
    /// settles the account's messages (law A3), and how long texts are kept.
    ///
    /// # Errors
    /// An unknown account or rate card, a card in another currency, an invalid setting, and a
    /// setting that only the platform may change, each at its field.
    pub async fn update_account(
        &self,
        viewer: &Viewer,
        change: UpdateAccount,
    ) -> Result<account::Model, OperationError> {
        let row = self
            .account_for(viewer, change.account, &Path::input("accountId"))
            .await;
        let own = row.as_ref().ok().map(currency).transpose()?;
        let settlement = match change.settlement {
            Some(_) if !policy::may(viewer, Use::SetSettlement) => Err(Path::input("settlement")
                .invalid(text!(
                    "Only the platform sets who settles messages; leave it out."
                ))),
            settlement => Ok(settlement),
        };
        let path = Path::input("retentionMonths");
        let retention_months = match change.retention_months {
            Some(_) if !policy::may(viewer, Use::SetRetention) => Err(path
                .invalid(text!(
                    "Only the platform sets how long texts are kept; leave it out."
                ))
                .into()),
            months => months.map(|months| own_months(months, &path)).transpose(),
        };
        let zone = change.time_zone.as_deref();
        let zone = zone.map(|zone| input::time_zone(zone, &Path::input("timeZone")));
        let name = change.name.as_deref();
        let name = name.map(|name| input::name(name, &Path::input("name")));
        let origins = (change.return_origins.as_deref())
            .map(|origins| return_origins(origins, &Path::input("returnOrigins")));
        let code = match change.rate_card {
            Some(_) if !policy::may(viewer, Use::SetRateCard) => Err(Path::input("rateCardId")
                .invalid(text!("Only the platform sets the rate card."))
                .into()),
            Some(id) => self.card_to_assign(id, own).await.map(Some),
            None => Ok(None),
        };
        let path = Path::input("subscriptionFee");
        let fee = match &change.subscription_fee {
            Some(_) if !policy::may(viewer, Use::SetSubscriptionFee) => Err(path
                .invalid(text!("Only the platform sets its fee; leave it out."))
                .into()),
            Some((amount, code)) => fee_minor(own, (amount, code), &path).map(Some),
            None => Ok(None),
        };
        let checks = (
            row,
            name.transpose(),
            zone.transpose(),
            settlement,
            code,
            origins.transpose(),
            fee,
            retention_months,
        );
        let (row, name, zone, settlement, code, origins, fee, retention_months) =
            checks.together()?;
        let id = AccountId::new(row.id);
        let settings = AccountSettings {
            name,
            consumption_order: change.consumption_order,
            settlement,
            return_origins: origins.map(|origins| kept_origins(&origins)),
            retention_months,
        };
        // The ledger's part comes first and is never undone. If the rest fails, the same request
        // does it when repeated.
        if let Some(zone) = zone {
            self.change_time_zone((id, viewer.actor()), zone).await?;
        }
        // The settlement setting that applied until now was read before the lock.
        let transaction = if settings.settlement.is_some() {
            self.with_nothing_due(id).await?
        } else {
            self.store().begin().await?
        };
        let before = store::account::locked(&transaction, id).await?;
        let before = before.ok_or_else(|| OperationError::broken("a lost account"))?;
        // Read after waiting for the lock, as changes one after the other have their instants.
        let at = self.clock().now();
        let mut row = store::account::update(&transaction, id, settings).await?;
        let mut fields = Fields::between(settings_of(&before), settings_of(&row));
        if let Some(code) = code {
            let had = store::account::rate_card_code(&transaction, id, at).await?;
            store::account::set_rate_card(&transaction, id, &code, at).await?;
            fields = fields.set("rateCard", had, code);
        }
        if let Some(fee) = fee {
            let month = self.present_month(&row)?;
            let had = store::subscription_fee::in_months(&transaction, [(id, month)]).await?;
            let had = had.get(&(id, month)).copied().unwrap_or_default();
            store::subscription_fee::set(&transaction, id, month, fee).await?;
            let shown = |minor| Ok::<_, OperationError>(Money::new(minor, currency(&row)?));
            let (had, fee) = (shown(had)?, shown(fee)?);
            fields = fields.set("subscriptionFee", amount(had), amount(fee));
        }
        if !fields.is_empty()
            && let Some(touched) = store::account::touch(&transaction, id, at).await?
        {
            row = touched;
        }
        let changes = [changed(&row, fields)];
        setting_change::insert(&transaction, (&viewer.actor(), at), changes).await?;
        transaction.commit().await?;
        if retention_months.is_some() {
            self.hurry_retention().await?;
        }
        Ok(row)
    }

    /// Changes the zone that the account's days are counted in, and moves the ends of its lots to
    /// it (law L2). If the account has this zone already, only lots that don't end where their day
    /// begins are moved.
    async fn change_time_zone(
        &self,
        (account, actor): (AccountId, Actor),
        time_zone: TimeZone,
    ) -> Result<(), OperationError> {
        let request = Request {
            account,
            actor,
            kind: RequestKind::ChangeTimeZone { time_zone },
            key: None,
            at: None,
        };
        let done = self.ledger().submit(request).await;
        done.map_err(|error| OperationError::from_ledger(error, &Path::input("timeZone")))?;
        // A recharge that waits for the next month waits for another instant now.
        self.reconsider_recharge(account).await
    }

    /// A transaction that holds the lock of the account's book while none of its messages is due.
    /// Messages that came due while the server settled them remain the server's to settle, even if
    /// no job has run yet (law H3).
    async fn with_nothing_due(&self, account: AccountId) -> Result<Transaction, OperationError> {
        for _ in 0..MAX_SETTLING {
            let transaction = self.store().begin().await?;
            store::book::lock(&transaction, [account]).await?;
            // Read after waiting for the lock, so that it covers what came due meanwhile.
            let now = self.clock().now();
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
}

/// The time zone in which an account's days are counted.
///
/// # Errors
/// A fault if the row holds an unknown time zone.
pub fn time_zone(account: &account::Model) -> Result<TimeZone, OperationError> {
    domain::calendar::parse_time_zone(&account.time_zone)
        .map_err(|_| OperationError::broken(format!("account {} has no time zone", account.id)))
}

/// The currency of an account's prices.
///
/// # Errors
/// A fault if the row holds an unknown currency.
pub fn currency(account: &account::Model) -> Result<domain::currency::Currency, OperationError> {
    input::known_currency(&account.currency_code)
        .ok_or_else(|| OperationError::broken(format!("account {} has no currency", account.id)))
}

/// An account's settings, as the journal has them.
fn settings_of(row: &account::Model) -> Values {
    vec![
        ("name", json!(row.name)),
        ("timeZone", json!(row.time_zone)),
        ("currencyCode", json!(row.currency_code)),
        ("consumptionOrder", json!(row.consumption_order.to_value())),
        ("settlement", json!(row.settlement.to_value())),
        ("returnOrigins", texts(origins_of(row))),
        ("retentionMonths", json!(row.retention_months)),
    ]
}

fn changed(row: &account::Model, fields: Fields) -> Changed {
    Changed {
        account: AccountId::new(row.id),
        kind: SettingKind::Account,
        node: row.id,
        fields,
    }
}

fn zone_name(zone: &TimeZone) -> String {
    // Zones are read by name, so every zone has one.
    zone.iana_name().unwrap_or("UTC").to_owned()
}
