//! Automatic recharges: what an account's owner has set, and how it stands.
//!
//! Here: reading settings and state. Not here: changing the settings ([`settings`]), deciding
//! about due recharges ([`decision`]), what the provider permits ([`permission`]), the words for
//! owners ([`words`]), and the payments ([`super::payment`]).

mod decision;
mod permission;
mod settings;
mod words;

use domain::{
    calendar::month_of,
    credits::Credits,
    id::{AccountId, PackageId, PurchaseId},
    money::Money,
    recharge::{self, Charge, Charges, Permission, RechargeState, SuspendReason},
};
use entity::{account, auto_recharge, credit_package, due_recharge, purchase};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use self::permission::permission;
pub use self::settings::UpdateAutoRecharge;
use super::{
    OperationError, Services,
    account::{currency, time_zone},
    credit_package as packages,
    payment::state,
    purchase::price,
};
use crate::{clock::whole_micros, localization::Text, payments::Mandate, store};

/// The automatic recharge of an account.
#[derive(Debug, Clone)]
pub struct AutoRecharge {
    account: account::Model,
    /// `None` if nobody has set any.
    settings: Option<auto_recharge::Model>,
    /// `None` while there are enough credits.
    due: Option<due_recharge::Model>,
}

impl AutoRecharge {
    /// The account that it recharges.
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId::new(self.account.id)
    }
}

/// The cost of a month's recharges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spending {
    /// What they cost, the one in flight included.
    pub spent: Money,
    /// What is left of the monthly limit; `None` if there is no limit.
    pub remaining: Option<Money>,
}

impl AutoRecharge {
    /// Whether it is on.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.settings.as_ref().is_some_and(|row| row.enabled)
    }

    /// A recharge is due below this many available credits.
    #[must_use]
    pub fn threshold(&self) -> Option<Credits> {
        let row = self.settings.as_ref()?;
        row.threshold_units.map(Credits::from_units)
    }

    /// The package that a recharge buys.
    #[must_use]
    pub fn package(&self) -> Option<PackageId> {
        self.settings.as_ref()?.package_id.map(PackageId::new)
    }

    /// The most that a month's recharges may cost.
    ///
    /// # Errors
    /// A fault if the account has no currency.
    pub fn monthly_limit(&self) -> Result<Option<Money>, OperationError> {
        let row = self.settings.as_ref();
        monthly_limit(&self.account, row.and_then(|row| row.monthly_limit_minor))
    }

    /// What the last decision held back, why, and until when, in words for the owner.
    #[must_use]
    pub fn held_back(&self) -> Option<&str> {
        // Once there are enough credits, nothing is held back.
        self.due.as_ref()?;
        let row = self.settings.as_ref().filter(|row| row.enabled)?;
        row.held_back.as_deref()
    }

    /// When it is decided about next, if a recharge is due and doesn't wait for its owner.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        let due = self.due.as_ref().filter(|_| self.enabled())?;
        due.next_at.map(whole_micros)
    }

    /// When its settings were last set; `None` if nobody has set any.
    #[must_use]
    pub fn updated_at(&self) -> Option<Timestamp> {
        let row = self.settings.as_ref()?;
        Some(whole_micros(row.updated_at))
    }

    fn account_id(&self) -> AccountId {
        AccountId::new(self.account.id)
    }

    fn owner_acted_at(&self) -> Timestamp {
        let row = self.settings.as_ref();
        row.map_or(Timestamp::MIN, |row| whole_micros(row.updated_at))
    }
}

fn monthly_limit(
    account: &account::Model,
    minor: Option<i64>,
) -> Result<Option<Money>, OperationError> {
    let limit = minor.map(|minor| Ok(Money::new(minor, currency(account)?)));
    limit.transpose()
}

/// The charges of an account's recharges, as its month at an instant and its owner's last change
/// have them add up.
async fn charges(
    connection: &impl ConnectionTrait,
    account: &account::Model,
    owner_acted_at: Timestamp,
    now: Timestamp,
) -> Result<Charges, OperationError> {
    let month = month_of(now, &time_zone(account)?)
        .map_err(|cause| OperationError::broken(format!("a month of recharges {cause}")))?;
    let id = AccountId::new(account.id);
    let rows = store::auto_recharge::charges(connection, id, month.0, owner_acted_at).await?;
    let charge = |row: &purchase::Model| -> Result<Charge, OperationError> {
        Ok(Charge {
            id: PurchaseId::new(row.id),
            state: state(row.status),
            price: price(row)?,
            created_at: whole_micros(row.created_at),
            decided_at: row.decided_at.map(whole_micros),
        })
    };
    let rows = rows.iter().map(charge).collect::<Result<Vec<_>, _>>()?;
    Charges::of(&rows, month, owner_acted_at, currency(account)?).ok_or_else(|| {
        OperationError::broken(format!(
            "the recharges of account {} don't add up",
            id.uuid()
        ))
    })
}

/// Why no recharge is made until the owner acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suspension {
    /// The package isn't sold any more.
    NotSold,
    /// The decision's own reason.
    Decided(SuspendReason),
}

/// Charges without a limit of the provider.
const GRANTED: Permission = Permission::Granted { room: None };

/// What a decision depends on besides the account's credits.
struct Basis<'a> {
    account: &'a account::Model,
    settings: &'a auto_recharge::Model,
    package: &'a credit_package::Model,
    charges: Charges,
    permission: Permission,
    now: Timestamp,
}

impl Basis<'_> {
    fn state(&self, available: Credits, debt: Credits) -> Result<RechargeState, OperationError> {
        let threshold = self.settings.threshold_units.ok_or_else(|| {
            let account = self.account.id;
            OperationError::broken(format!(
                "the recharge of account {account} has no threshold"
            ))
        })?;
        Ok(RechargeState {
            available,
            debt,
            threshold: Credits::from_units(threshold),
            package_credits: Credits::from_units(self.package.credits_units),
            package_price: packages::price(self.package)?,
            monthly_limit: monthly_limit(self.account, self.settings.monthly_limit_minor)?,
            spent_this_month: self.charges.spent_this_month,
            permission: self.permission,
            in_flight: self.charges.in_flight,
            consecutive_declines: self.charges.consecutive_declines,
            last_declined_at: self.charges.last_declined_at,
            now: self.now,
        })
    }
}

/// The package of an account's recharges, if it is still sold.
///
/// # Errors
/// A suspension if it isn't; a fault if the settings name none.
async fn package(
    connection: &impl ConnectionTrait,
    settings: &auto_recharge::Model,
) -> Result<Result<credit_package::Model, Suspension>, OperationError> {
    let id = settings.package_id.ok_or_else(|| {
        let account = settings.account_id;
        OperationError::broken(format!("the recharge of account {account} has no package"))
    })?;
    let found = store::credit_package::find(connection, PackageId::new(id)).await?;
    let sold = found.filter(|package| package.archived_at.is_none());
    Ok(sold.ok_or(Suspension::NotSold))
}

impl Services {
    /// The automatic recharge of an account.
    pub async fn auto_recharge(
        &self,
        account: &account::Model,
    ) -> Result<AutoRecharge, OperationError> {
        let (reader, id) = (self.store().reader(), AccountId::new(account.id));
        Ok(AutoRecharge {
            account: account.clone(),
            settings: store::auto_recharge::find(reader, id).await?,
            due: store::due_recharge::find(reader, id).await?,
        })
    }

    /// What this month's recharges cost, and what is left of the limit.
    ///
    /// # Errors
    /// A fault if the account's rows don't add up.
    pub async fn recharge_spending(
        &self,
        recharge: &AutoRecharge,
    ) -> Result<Spending, OperationError> {
        let charges = self.charges_of(recharge).await?;
        let spent = charges.spent_this_month;
        let left = |limit: Money| {
            let left = limit.checked_sub(spent)?;
            Some(Money::new(left.minor().max(0), left.currency()))
        };
        Ok(Spending {
            spent,
            remaining: recharge.monthly_limit()?.and_then(left),
        })
    }

    async fn charges_of(&self, recharge: &AutoRecharge) -> Result<Charges, OperationError> {
        let (reader, now) = (self.store().reader(), self.clock().now());
        charges(reader, &recharge.account, recharge.owner_acted_at(), now).await
    }

    /// Why no recharge is made until the owner acts, in words for the owner; `None` while it works.
    ///
    /// # Errors
    /// A fault if the account's rows don't add up.
    pub async fn recharge_suspension(
        &self,
        recharge: &AutoRecharge,
    ) -> Result<Option<Text>, OperationError> {
        let Some(settings) = recharge.settings.as_ref().filter(|row| row.enabled) else {
            return Ok(None);
        };
        let reader = self.store().reader();
        let package = match package(reader, settings).await? {
            Ok(package) => package,
            Err(suspension) => return Ok(Some(words::suspended(suspension, None))),
        };
        let mandate = self.recharge_mandate(recharge).await?;
        let basis = Basis {
            account: &recharge.account,
            settings,
            package: &package,
            charges: self.charges_of(recharge).await?,
            permission: mandate.as_ref().map_or(GRANTED, permission),
            now: self.clock().now(),
        };
        let Some(reason) = recharge::suspended(&basis.state(Credits::ZERO, Credits::ZERO)?) else {
            return Ok(None);
        };
        let last = store::auto_recharge::last_decided(reader, recharge.account_id()).await?;
        let declined = last.and_then(|row| row.reason);
        let suspension = Suspension::Decided(reason);
        Ok(Some(words::suspended(suspension, declined.as_deref())))
    }

    /// The purchase that the recharge began and that isn't decided yet.
    pub async fn recharge_in_flight(
        &self,
        recharge: &AutoRecharge,
    ) -> Result<Option<purchase::Model>, OperationError> {
        let reader = self.store().reader();
        Ok(store::auto_recharge::in_flight(reader, recharge.account_id()).await?)
    }

    /// What the payment provider permits, as it last said.
    pub async fn recharge_mandate(
        &self,
        recharge: &AutoRecharge,
    ) -> Result<Option<Mandate>, OperationError> {
        self.mandate_of(recharge.account_id()).await
    }

    /// Has an account's due recharge decided about at once, because something that it waited for
    /// may have changed: its month, its payment, or what the provider permits.
    ///
    /// # Errors
    /// The database's error.
    pub(super) async fn reconsider_recharge(
        &self,
        account: AccountId,
    ) -> Result<(), OperationError> {
        let now = self.clock().now();
        store::due_recharge::decide_now(self.store().writer(), account, now).await?;
        self.ledger().make_recharge_known();
        Ok(())
    }

    /// Carries on after the payment of a recharge was decided.
    ///
    /// # Errors
    /// The database's error.
    pub(super) async fn recharge_was_decided(
        &self,
        row: &purchase::Model,
    ) -> Result<(), OperationError> {
        self.reconsider_recharge(AccountId::new(row.account_id))
            .await
    }

    /// Waits until this process made a recharge due. It is a hint: [`Self::decide_recharges`] finds
    /// all of them.
    pub async fn recharge_due(&self) {
        self.ledger().recharge_due().await;
    }
}
