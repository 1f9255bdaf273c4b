//! Changing the settings of an automatic recharge. What an owner changes takes effect at once.
//!
//! Here: what may be set, and what a change does to a recharge that is due. Not here: deciding
//! about it ([`super::decision`]).

use domain::{
    credits::Credits,
    id::{AccountId, PackageId},
    money::Money,
};
use entity::{account, auto_recharge, credit_package, sql_enums::SettingKind};
use jiff::{SignedDuration, Timestamp};
use sea_orm::ConnectionTrait;
use serde_json::json;
use url::Url;

use super::{
    super::{
        OperationError, Path, RefusalCode, Services, Viewer, input,
        purchase::return_url::return_url,
        setting_change::{amount, public},
        together::Together,
    },
    AutoRecharge, decision, monthly_limit, packages, words,
};
use crate::{
    clock::whole_micros,
    localization::Text,
    payments::{CallError, MandateWish},
    store::{
        self,
        actor::Actor,
        setting_change::{self, Changed, Fields, Values},
    },
};

/// The packages that an account without a monthly limit asks its provider to permit in a period.
const PACKAGES_WITHOUT_LIMIT: i64 = 10;

/// The input of `updateAutoRecharge`. What is `None` keeps its value.
#[derive(Debug)]
pub struct UpdateAutoRecharge {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// A recharge is due below this many available credits.
    pub threshold: Option<String>,
    /// The package to buy.
    pub package: Option<PackageId>,
    /// Amount and currency of the most that a month's recharges may cost; `Some(None)` for no
    /// limit.
    pub monthly_limit: Option<Option<(String, String)>>,
    /// The page to which the owner returns after approving automatic charges.
    pub return_url: Option<String>,
}

/// A change that was read, before it is compared with what is stored.
struct Change {
    enabled: Option<bool>,
    threshold: Option<Credits>,
    package: Option<PackageId>,
    monthly_limit: Option<Option<Money>>,
}

/// Settings as they will be, with their package.
struct Settings {
    row: auto_recharge::Model,
    package: Option<credit_package::Model>,
}

impl Services {
    /// Changes an account's automatic recharge. Declines before the change are forgotten, and a
    /// payment that is in flight ends as it would have.
    ///
    /// If the provider has to permit automatic charges, it is asked to before anything is changed.
    ///
    /// # Errors
    /// An unknown account or package; a package or a limit in another currency, or a limit below
    /// the package's price; a threshold or a limit of nothing; turning it on without a threshold, a
    /// package or a provider; a forbidden return URL; each at its field. Nothing was changed.
    pub async fn update_auto_recharge(
        &self,
        viewer: &Viewer,
        change: UpdateAutoRecharge,
    ) -> Result<AutoRecharge, OperationError> {
        let account = self
            .account_for(viewer, change.account, &Path::input("accountId"))
            .await;
        let given = change.return_url.clone();
        let url = || -> Result<_, OperationError> {
            let url = given.as_deref().map(return_url).transpose()?;
            if let (Ok(account), Some(url)) = (&account, &url) {
                self.check_return_to(account, url)?;
            }
            Ok(url)
        };
        let url = url();
        let (account, url, change) = (account, url, read(change)).together()?;
        if change.enabled != Some(false) {
            let reader = self.store().reader();
            let wanted = merged(reader, &account, &change, self.clock().now()).await?;
            if wanted.row.enabled {
                self.ask_permission(&account, &wanted, url).await?;
            }
        }
        self.set_auto_recharge(&viewer.actor(), &account, &change)
            .await?;
        self.auto_recharge(&account).await
    }

    /// Asks the provider to permit the charges of these settings, if it has to.
    async fn ask_permission(
        &self,
        account: &account::Model,
        settings: &Settings,
        return_url: Option<Url>,
    ) -> Result<(), OperationError> {
        let refuse = |message: Text| {
            let path = Path::input("enabled");
            OperationError::from(path.refuse(RefusalCode::PaymentFailed, message))
        };
        let provider = self.payments().selling();
        let provider = provider
            .ok_or_else(|| refuse(words::no_provider()))?
            .clone();
        let Some(package) = &settings.package else {
            return Ok(());
        };
        let price = packages::price(package)?;
        let credits = Credits::from_units(package.credits_units);
        let cap = match monthly_limit(account, settings.row.monthly_limit_minor)? {
            Some(limit) => limit,
            None => price.checked_mul(PACKAGES_WITHOUT_LIMIT).unwrap_or(price),
        };
        let wish = MandateWish {
            cap,
            terms: format!(
                "{price} {} for each {credits} message credits that are bought automatically",
                price.currency().code()
            ),
            return_url: return_url.unwrap_or_else(|| self.public_url().clone()),
        };
        let id = AccountId::new(account.id);
        match self
            .ask_for_mandate(id, provider.as_ref(), Some(&wish))
            .await?
        {
            Ok(_) => Ok(()),
            Err(CallError::NoAnswer(_) | CallError::Busy(_)) => Err(refuse(text!(
                "The payment provider can't be reached; nothing was changed. Try again later."
            ))),
            Err(CallError::Merchant(trouble)) => Err(refuse(words::merchant(trouble))),
        }
    }

    /// Writes the settings under the lock of the account's book.
    async fn set_auto_recharge(
        &self,
        by: &Actor,
        account: &account::Model,
        change: &Change,
    ) -> Result<(), OperationError> {
        let id = AccountId::new(account.id);
        let transaction = self.store().begin().await?;
        store::book::lock(&transaction, [id]).await?;
        let now = self.clock().now();
        let before = store::auto_recharge::find(&transaction, id).await?;
        let before = match &before {
            Some(row) => settings_of(account, row)?,
            None => vec![("enabled", json!(false))],
        };
        let Settings { row, .. } = merged(&transaction, account, change, now).await?;
        let change = Changed {
            account: id,
            kind: SettingKind::AutoRecharge,
            node: account.id,
            fields: Fields::between(before, settings_of(account, &row)?),
        };
        let threshold = row.threshold_units.filter(|_| row.enabled);
        store::auto_recharge::set(&transaction, row).await?;
        let (available, _) = decision::credits(&transaction, id, now).await?;
        let is_due = threshold.is_some_and(|threshold| available.units() < threshold);
        if is_due {
            store::due_recharge::set_due(&transaction, id, now).await?;
        } else {
            store::due_recharge::remove(&transaction, id).await?;
        }
        setting_change::insert(&transaction, (by, now), [change]).await?;
        transaction.commit().await?;
        if is_due {
            self.ledger().make_recharge_known();
        }
        Ok(())
    }
}

/// The settings of a recharge, as the journal has them.
fn settings_of(
    account: &account::Model,
    row: &auto_recharge::Model,
) -> Result<Values, OperationError> {
    let threshold = row.threshold_units.map(Credits::from_units);
    let package = row.package_id.map(|id| public(PackageId::PREFIX, id));
    Ok(vec![
        ("enabled", json!(row.enabled)),
        (
            "threshold",
            json!(threshold.map(|credits| credits.to_string())),
        ),
        ("package", json!(package)),
        (
            "monthlyLimit",
            monthly_limit(account, row.monthly_limit_minor)?
                .map(amount)
                .unwrap_or_default(),
        ),
    ])
}

/// Reads what doesn't depend on anything stored.
fn read(change: UpdateAutoRecharge) -> Result<Change, OperationError> {
    let threshold = change.threshold.as_deref();
    let threshold = threshold.map(|text| input::positive_credits(text, &Path::input("threshold")));
    let limit = |(amount, currency_code): (String, String)| -> Result<Money, OperationError> {
        let path = Path::input("monthlyLimit");
        let limit = input::money(&amount, &currency_code, &path)?;
        if limit.minor() > 0 {
            Ok(limit)
        } else {
            let path = path.at("amount");
            Err(path.invalid(text!("Must be more than zero.")).into())
        }
    };
    let monthly_limit = match change.monthly_limit {
        None => Ok(None),
        Some(given) => given.map(limit).transpose().map(Some),
    };
    let package = match change.package {
        Some(package) if input::names_nothing(package) => {
            Err(Path::input("packageId").not_found(text!("package")))
        }
        package => Ok(package),
    };
    let (threshold, package, monthly_limit) =
        (threshold.transpose(), package, monthly_limit).together()?;
    Ok(Change {
        enabled: change.enabled,
        threshold,
        package,
        monthly_limit,
    })
}

/// The settings after a change.
async fn merged(
    connection: &impl ConnectionTrait,
    account: &account::Model,
    change: &Change,
    now: Timestamp,
) -> Result<Settings, OperationError> {
    let id = AccountId::new(account.id);
    let before = store::auto_recharge::find(connection, id).await?;
    let before = before.unwrap_or(auto_recharge::Model {
        account_id: account.id,
        enabled: false,
        threshold_units: None,
        package_id: None,
        monthly_limit_minor: None,
        held_back: None,
        updated_at: 0,
    });
    let limit = match change.monthly_limit {
        Some(limit) => limit,
        None => monthly_limit(account, before.monthly_limit_minor)?,
    };
    let row = auto_recharge::Model {
        enabled: change.enabled.unwrap_or(before.enabled),
        threshold_units: (change.threshold.map(Credits::units)).or(before.threshold_units),
        package_id: change.package.map(PackageId::uuid).or(before.package_id),
        monthly_limit_minor: limit.map(Money::minor),
        held_back: None,
        updated_at: acted_at(connection, id, now).await?.as_microsecond(),
        ..before
    };
    if row.enabled && row.threshold_units.is_none() {
        let path = Path::input("threshold");
        return Err(path
            .invalid(text!("Say below how many credits to recharge."))
            .into());
    }
    // What was set before may be off sale by now, which matters if it is to be bought.
    let chosen = if row.enabled || change.package.is_some() {
        row.package_id.map(PackageId::new)
    } else {
        None
    };
    let package = match chosen {
        None => None,
        Some(package) => Some(buyable(connection, account, package).await?),
    };
    if row.enabled && package.is_none() {
        let path = Path::input("packageId");
        return Err(path
            .invalid(text!("Say which package a recharge buys."))
            .into());
    }
    check_limit(account, limit, package.as_ref(), change)?;
    Ok(Settings { row, package })
}

/// The instant of the owner's change: later than every decline before it, even if the clock stands.
async fn acted_at(
    connection: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<Timestamp, OperationError> {
    let last = store::auto_recharge::last_decided(connection, account).await?;
    let decided_at = last.and_then(|row| row.decided_at).map(whole_micros);
    let after = decided_at.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok());
    Ok(after.map_or(now, |after| after.max(now)))
}

/// A package that recharges may buy.
async fn buyable(
    connection: &impl ConnectionTrait,
    account: &account::Model,
    package: PackageId,
) -> Result<credit_package::Model, OperationError> {
    let path = Path::input("packageId");
    let package = store::credit_package::find(connection, package)
        .await?
        .filter(|package| package.archived_at.is_none())
        .ok_or_else(|| path.not_found(text!("package")))?;
    if package.currency_code != account.currency_code {
        return Err(path
            .invalid(text!(
                "The package is sold in {sold} and the account pays in {paid}.",
                sold = package.currency_code,
                paid = account.currency_code
            ))
            .into());
    }
    if package.price_minor <= 0 {
        return Err(path
            .invalid(text!(
                "A package that costs nothing can't be bought automatically."
            ))
            .into());
    }
    Ok(package)
}

/// That a limit is in the account's currency and pays for a package.
fn check_limit(
    account: &account::Model,
    limit: Option<Money>,
    package: Option<&credit_package::Model>,
    change: &Change,
) -> Result<(), OperationError> {
    let Some(limit) = limit else { return Ok(()) };
    let path = Path::input("monthlyLimit");
    let code = limit.currency().code().to_string();
    if code != account.currency_code {
        return Err(path
            .at("currencyCode")
            .invalid(text!(
                "The account pays in {currency}; got {got}.",
                currency = account.currency_code,
                got = code
            ))
            .into());
    }
    let Some(package) = package else {
        return Ok(());
    };
    let price = packages::price(package)?;
    if price.minor() <= limit.minor() {
        return Ok(());
    }
    let message = text!(
        "The monthly limit must pay for one package: the package costs {price} {code} and the limit is {limit} {code}.",
        price = price,
        code = code,
        limit = limit,
    );
    // At the limit if one was given, because the package is what the owner wants.
    let path = match change.monthly_limit {
        Some(Some(_)) => path.at("amount"),
        Some(None) | None => Path::input("packageId"),
    };
    Err(path.invalid(message).into())
}
