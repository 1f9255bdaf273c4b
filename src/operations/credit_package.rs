//! Credit packages: what is for sale, and how many messages a package buys.

use std::sync::Arc;

use domain::{
    calendar::MAX_VALIDITY_DAYS,
    channel::Channel,
    country::CountryCode,
    credits::Credits,
    id::{AccountId, PackageId},
    money::Money,
    rate::{self, RateCard},
};
use entity::{credit_package, sql_enums::SettingKind};
use serde_json::json;

mod ordering;

use super::{
    OperationError, Path, Refusal, RefusalCode, Services, Viewer, ViewerReader,
    input::{self, known_currency},
    last_change::AskedLastChanges,
    rate_card::is_taken,
    reader::{Listing, Window},
    setting_change::amount,
    together::Together,
};
pub use crate::store::credit_package::{PackageSort, updated_at};
use crate::store::{
    self,
    actor::Actor,
    credit_package::PackageFilter,
    setting_change::{self, Changed, Fields, PLATFORM, Values},
    sql::last_change::later,
};

pub use ordering::MAX_ORDERED;

/// The longest code of a package, in bytes.
const MAX_CODE_BYTES: usize = 64;
/// The longest validity of a package, in days.
pub const MAX_PACKAGE_DAYS: i32 = 36_500;
const _: () = assert!(MAX_PACKAGE_DAYS.unsigned_abs() <= MAX_VALIDITY_DAYS);
/// The most countries in one query of capacities; there are fewer countries.
pub const MAX_COUNTRIES: usize = 300;

/// The input of `createCreditPackage`.
#[derive(Debug)]
pub struct CreateCreditPackage {
    /// The code, unique among all packages.
    pub code: String,
    /// The display name.
    pub name: String,
    /// The credits in the package.
    pub credits: String,
    /// The amount of the price.
    pub price: String,
    /// The currency of the price, as an ISO 4217 code.
    pub currency_code: String,
    /// The days until the credits expire; `None` if they never do.
    pub validity_days: Option<i32>,
}

/// The input of `updateCreditPackage`: what is `None` stays as it is.
#[derive(Debug)]
pub struct UpdateCreditPackage {
    /// The package.
    pub package: PackageId,
    /// The display name.
    pub name: Option<String>,
    /// The amount of the price, and its currency as an ISO 4217 code.
    pub price: Option<(String, String)>,
    /// The days until the credits expire; `Some(None)` if they never do.
    pub validity_days: Option<Option<i32>>,
}

/// Which packages a viewer asks for.
#[derive(Debug, Default)]
pub struct AskedPackages {
    /// Those that this account can buy.
    pub account: Option<AccountId>,
    /// Those with a price in this currency, as an ISO 4217 code.
    pub currency_code: Option<String>,
    /// Archived ones too.
    pub include_archived: bool,
    /// Those that last changed in this period.
    pub changed: AskedLastChanges,
    /// The order.
    pub sort: PackageSort,
}

/// How many messages a package buys in a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// The country of the recipients.
    pub country: CountryCode,
    /// The price of a message of one segment; `None` if the country isn't served.
    pub credits_per_message: Option<Credits>,
    /// How many such messages the credits buy: 0 if the country isn't served, `None` if messages to
    /// it are free.
    pub messages: Option<i64>,
}

impl ViewerReader {
    /// A page of the packages on sale; of archived packages too, if they are asked for. They are
    /// those in the named currency, else in the currency of the named account or of the viewer's
    /// own, else all.
    ///
    /// # Errors
    /// An account that isn't there, a code that is no currency's, and an instant that can't be
    /// read, each at its argument.
    pub async fn credit_packages(
        &self,
        asked: AskedPackages,
        window: Window,
    ) -> Result<Listing<credit_package::Model>, OperationError> {
        let account = asked.account.or(self.viewer().account);
        let currency_code = match (asked.currency_code, account) {
            (Some(code), _) => {
                input::currency(&code, &Path::argument("currencyCode"))?;
                Some(code)
            }
            (None, Some(_)) => {
                let path = Path::argument("accountId");
                let services = self.services();
                let found = services.account_for(self.viewer(), account, &path).await?;
                Some(found.currency_code)
            }
            (None, None) => None,
        };
        let filter = PackageFilter {
            include_archived: asked.include_archived,
            currency_code,
            changed: asked.changed.read()?,
            sort: asked.sort,
        };
        self.list(filter, window).await
    }
}

impl Services {
    /// Creates a package and puts it up for sale.
    ///
    /// # Errors
    /// An invalid name, code, price or validity, and a code in use, each at its field.
    pub async fn create_credit_package(
        &self,
        by: &Actor,
        new: CreateCreditPackage,
    ) -> Result<credit_package::Model, OperationError> {
        let path = Path::input("code");
        let checks = (
            code(&new.code, &path),
            input::name(&new.name, &Path::input("name")),
            input::positive_credits(&new.credits, &Path::input("credits")),
            input::money(&new.price, &new.currency_code, &Path::input("price")),
            validity(new.validity_days),
        );
        let (code, name, credits, price, ()) = checks.together()?;
        let now = self.clock().now();
        let row = credit_package::Model {
            id: self.clock().new_id(),
            code,
            name,
            credits_units: credits.units(),
            price_minor: price.minor(),
            currency_code: price.currency().code().to_string(),
            validity_days: new.validity_days,
            created_at: now.as_microsecond(),
            archived_at: None,
            position: None,
            updated_at: Some(now.as_microsecond()),
        };
        let transaction = self.store().begin().await?;
        let inserted = store::credit_package::insert(&transaction, row.clone()).await;
        inserted.map_err(|cause| {
            if is_taken(&cause) {
                let refused = path.refuse(
                    RefusalCode::Conflict,
                    text!("Another package has this code."),
                );
                OperationError::from(refused)
            } else {
                cause.into()
            }
        })?;
        let fields = Fields::between(Values::new(), settings_of(&row)?);
        setting_change::insert(&transaction, (by, now), [changed(&row, fields)]).await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// Changes the name, the price or the validity of a package for sale. Purchases that were begun
    /// keep what they were begun with.
    ///
    /// # Errors
    /// `NotFound` if no package has this id, `Conflict` if it is archived; a bad name, price or
    /// validity, and a price in another currency, each at its field.
    pub async fn update_credit_package(
        &self,
        by: &Actor,
        change: UpdateCreditPackage,
    ) -> Result<credit_package::Model, OperationError> {
        let path = Path::input("packageId");
        let transaction = self.store().begin().await?;
        let row = store::credit_package::locked(&transaction, change.package).await?;
        let row = match row {
            None => Err(path.not_found(text!("package"))),
            Some(row) if row.archived_at.is_some() => Err(path.refuse(
                RefusalCode::Conflict,
                text!("The package is no longer sold."),
            )),
            Some(row) => Ok(row),
        };
        let name = change.name.as_deref();
        let name = name.map(|name| input::name(name, &Path::input("name")));
        let sold_in = row.as_ref().ok().map(|row| row.currency_code.as_str());
        let price = change.price.as_ref();
        let price = price.map(|(amount, code)| price_in(sold_in, (amount, code)));
        let days = validity(change.validity_days.flatten());
        let checks = (row, name.transpose(), price.transpose(), days);
        let (mut row, name, price, ()) = checks.together()?;
        let before = settings_of(&row)?;
        if let Some(name) = name {
            row.name = name;
        }
        if let Some(price) = price {
            row.price_minor = price.minor();
        }
        if let Some(days) = change.validity_days {
            row.validity_days = days;
        }
        let fields = Fields::between(before, settings_of(&row)?);
        let at = self.clock().now();
        if !fields.is_empty() {
            row.updated_at = Some(later(row.updated_at, at));
            store::credit_package::update(&transaction, row.clone()).await?;
        }
        setting_change::insert(&transaction, (by, at), [changed(&row, fields)]).await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// Takes a package off sale. Credits that were bought stay. Archiving it again changes nothing.
    ///
    /// # Errors
    /// `NotFound` if no package has this id.
    pub async fn archive_credit_package(
        &self,
        by: &Actor,
        id: PackageId,
    ) -> Result<credit_package::Model, OperationError> {
        let now = self.clock().now();
        let transaction = self.store().begin().await?;
        let row = store::credit_package::locked(&transaction, id).await?;
        let row = row.ok_or_else(|| Path::input("packageId").not_found(text!("package")))?;
        if row.archived_at.is_some() {
            transaction.rollback().await?;
            return Ok(row);
        }
        let archived = store::credit_package::archive(&transaction, id, now).await?;
        let row = archived.ok_or_else(|| OperationError::broken("a lost package"))?;
        let fields = Fields::default().set("archived", false, true);
        setting_change::insert(&transaction, (by, now), [changed(&row, fields)]).await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// How many messages of one segment a number of credits buys in each country. It uses the
    /// account's rate card, or the default card if a platform key names no account.
    ///
    /// # Errors
    /// An unknown account, invalid credits and invalid countries, each at its argument.
    pub async fn capacity(
        &self,
        viewer: &Viewer,
        account: Option<AccountId>,
        credits: Credits,
        countries: &[String],
        channel: Channel,
    ) -> Result<Vec<Capacity>, OperationError> {
        let countries = read_countries(countries, &Path::argument("countryCodes"))?;
        let card = self.card_for_capacity(viewer, account).await?;
        let capacity = |country| capacity(credits, country, card.rate(country, channel));
        Ok(countries.into_iter().map(capacity).collect())
    }

    async fn card_for_capacity(
        &self,
        viewer: &Viewer,
        account: Option<AccountId>,
    ) -> Result<Arc<RateCard>, OperationError> {
        let now = self.clock().now();
        if account.is_none() && viewer.is_platform() {
            return self.default_rate_card(now).await;
        }
        let path = Path::argument("accountId");
        let account = self.account_for(viewer, account, &path).await?;
        self.rate_card_for(AccountId::new(account.id), now).await
    }
}

/// A package's settings, as the journal has them.
fn settings_of(row: &credit_package::Model) -> Result<Values, OperationError> {
    Ok(vec![
        ("code", json!(row.code)),
        ("name", json!(row.name)),
        (
            "credits",
            json!(Credits::from_units(row.credits_units).to_string()),
        ),
        ("price", amount(price(row)?)),
        ("validityDays", json!(row.validity_days)),
    ])
}

fn changed(row: &credit_package::Model, fields: Fields) -> Changed {
    Changed {
        account: PLATFORM,
        kind: SettingKind::CreditPackage,
        node: row.id,
        fields,
    }
}

/// The new price of a package that is sold in a currency; `None` if the package isn't known.
fn price_in(sold_in: Option<&str>, (amount, code): (&str, &str)) -> Result<Money, OperationError> {
    let path = Path::input("price");
    let price = input::money(amount, code, &path)?;
    if let Some(sold_in) = sold_in.filter(|sold_in| *sold_in != code) {
        let text = text!(
            "Must be {currency}, in which the package is sold; create another package for another currency.",
            currency = sold_in,
        );
        return Err(path.at("currencyCode").invalid(text).into());
    }
    Ok(price)
}

fn validity(days: Option<i32>) -> Result<(), Refusal> {
    if days.is_none_or(|days| (1..=MAX_PACKAGE_DAYS).contains(&days)) {
        return Ok(());
    }
    Err(Path::input("validityDays").invalid(text!(
        "Must be between 1 and {limit} days, or be left out.",
        limit = MAX_PACKAGE_DAYS
    )))
}

/// Countries by their codes, in the given order.
///
/// # Errors
/// Too many countries, or an unknown one by position below `path`.
pub fn read_countries(codes: &[String], path: &Path) -> Result<Vec<CountryCode>, Refusal> {
    if codes.len() > MAX_COUNTRIES {
        return Err(path.invalid(text!(
            "Must be at most {limit} countries.",
            limit = MAX_COUNTRIES
        )));
    }
    let read = |(index, code): (usize, &String)| input::country(code, &path.at(index));
    codes.iter().enumerate().map(read).collect()
}

/// The price of a package.
///
/// # Errors
/// A fault if the row holds an invalid amount or currency.
pub fn price(row: &credit_package::Model) -> Result<Money, OperationError> {
    let currency = known_currency(&row.currency_code);
    let currency = currency
        .ok_or_else(|| OperationError::broken(format!("package {} has no price", row.id)))?;
    Ok(Money::new(row.price_minor, currency))
}

fn capacity(credits: Credits, country: CountryCode, rate: Option<Credits>) -> Capacity {
    Capacity {
        country,
        credits_per_message: rate,
        messages: match rate {
            Some(rate) => rate::capacity(credits, rate),
            None => Some(0),
        },
    }
}

fn code(text: &str, path: &Path) -> Result<String, Refusal> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || text.len() > MAX_CODE_BYTES || !text.bytes().all(fits) {
        return Err(path.invalid(text!(
            "Must be 1 to {limit} letters of ASCII, digits, \"-\", \"_\" and \".\".",
            limit = MAX_CODE_BYTES
        )));
    }
    Ok(text.to_owned())
}
