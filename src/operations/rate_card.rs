//! Rate cards: the version that an account is charged by, and publishing a new version.
//!
//! Here: checks of a new version, and the cache of versions. A version never changes once it is
//! published, so a quote by a cached version reads no rates from the database. Not here: which card
//! an account may have ([`assigning`]), and what a message costs by a card ([`super::pricing`]).

mod assigning;
mod rows;

pub use self::rows::{credit_value, domain_rate_card};

use crate::localization::Text;
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    channel::Channel,
    currency::Currency,
    id::{AccountId, RateCardId},
    money::CreditValue,
    rate::{
        Area, AreaRates, CarrierOptions, MAX_RATE, RateCard, RateCardError, RateFault, RateField,
    },
    segmentation::{Languages, Reference},
};
use entity::{account, rate_card, sql_enums::SettingKind};
use jiff::Timestamp;
use lru::LruCache;
use sea_orm::{DbErr, SqlErr};
use serde_json::json;

use self::rows::{areas, rates};
use super::{
    OperationError, Path, Refusal, RefusalCode, Services, input,
    together::{Together, all},
};
use super::{
    ViewerReader,
    reader::{Listing, Window},
};
use crate::store::{
    self,
    account::charged::ChargedBy,
    actor::Actor,
    setting_change::{self, Changed, Fields, PLATFORM, Values},
};

/// The most rows of one version: there are fewer countries.
pub const MAX_RATES: usize = 300;
/// The longest code of a card, in bytes.
const MAX_CODE_BYTES: usize = 64;
/// The most attempts to take the next version number: an attempt fails only if another version was
/// published meanwhile.
const MAX_TRIES: u32 = 64;
/// The versions kept in memory. Each is at most some 30 kB: 300 areas and twice as many rates, of
/// some 30 bytes each in half-full B-tree nodes.
const MAX_CACHED: NonZeroUsize = match NonZeroUsize::new(256) {
    Some(count) => count,
    None => NonZeroUsize::MIN,
};

/// A row of a new version, as it was given.
#[derive(Debug)]
pub struct NewRate {
    /// The country that the row is for; `None` for every country without a row of its own.
    pub country: Option<String>,
    /// Credits for a segment by channel; a channel that is not served has none.
    pub rates: BTreeMap<Channel, String>,
    /// The languages whose tables phones and carriers of the country know.
    pub languages: Languages,
    /// How the segments of one SMS are joined in the country.
    pub reference: Reference,
}

/// A new version of a card, as it was given.
#[derive(Debug)]
pub struct PublishRateCard {
    /// The code that all versions of the card share.
    pub code: String,
    /// A note about this version.
    pub description: Option<String>,
    /// The value of one credit.
    pub credit_value: String,
    /// The currency of the value.
    pub currency_code: String,
    /// The rows of the card.
    pub rates: Vec<NewRate>,
}

/// A cache of the versions used last, as the domain computes with them.
#[derive(Debug)]
pub(super) struct RateCards(Mutex<LruCache<RateCardId, Arc<RateCard>>>);

impl Default for RateCards {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_CACHED)))
    }
}

impl RateCards {
    fn get(&self, id: RateCardId) -> Option<Arc<RateCard>> {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cards.get(&id).cloned()
    }

    fn put(&self, card: &Arc<RateCard>) {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cards.put(card.id(), Arc::clone(card));
    }
}

impl ViewerReader {
    /// A page of the accounts that a version prices now, the oldest first; empty once a newer
    /// version applies.
    ///
    /// # Errors
    /// `Forbidden` for a viewer who doesn't see all accounts; faults.
    pub async fn charged_by(
        &self,
        card: &rate_card::Model,
        window: Window,
    ) -> Result<Listing<account::Model>, OperationError> {
        let now = self.services().clock().now();
        self.list(ChargedBy::version(card, now), window).await
    }
}

impl Services {
    /// The version that an account is charged by at an instant.
    ///
    /// # Errors
    /// A fault if the account has no card: each gets one when it is created.
    pub async fn rate_card_in_force(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<rate_card::Model, OperationError> {
        match store::rate_card::in_force_for(self.store().lookups(), account, at).await? {
            Some(row) => Ok(row),
            // Before the account's first day, any card would do.
            None => self.default_version(at).await,
        }
    }

    async fn default_version(&self, at: Timestamp) -> Result<rate_card::Model, OperationError> {
        let code = store::rate_card::DEFAULT_CODE;
        store::rate_card::in_force(self.store().reader(), code, at)
            .await?
            .ok_or_else(|| OperationError::broken(format!("no version of the rate card {code:?}")))
    }

    /// The card that an account is charged by at an instant, to compute with.
    ///
    /// # Errors
    /// Faults only.
    pub async fn rate_card_for(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<Arc<RateCard>, OperationError> {
        let row = self.rate_card_in_force(account, at).await?;
        self.domain_rate_card(&row).await
    }

    /// The card that accounts are charged by at an instant unless another is set.
    ///
    /// # Errors
    /// Faults only.
    pub async fn default_rate_card(&self, at: Timestamp) -> Result<Arc<RateCard>, OperationError> {
        let row = self.default_version(at).await?;
        self.domain_rate_card(&row).await
    }

    /// A published version as the domain computes with it.
    ///
    /// # Errors
    /// Faults only.
    pub async fn domain_rate_card(
        &self,
        row: &rate_card::Model,
    ) -> Result<Arc<RateCard>, OperationError> {
        if let Some(card) = self.0.rate_cards.get(RateCardId::new(row.id)) {
            return Ok(card);
        }
        let card = Arc::new(domain_rate_card(self.store().reader(), row).await?);
        self.0.rate_cards.put(&card);
        Ok(card)
    }

    /// A version by its id, as the domain computes with it.
    ///
    /// # Errors
    /// A fault if there is no such version.
    pub(super) async fn rate_card_version(
        &self,
        id: RateCardId,
    ) -> Result<Arc<RateCard>, OperationError> {
        if let Some(card) = self.0.rate_cards.get(id) {
            return Ok(card);
        }
        let row = store::rate_card::find(self.store().reader(), id).await?;
        let row =
            row.ok_or_else(|| OperationError::broken(format!("no rate card {}", id.uuid())))?;
        self.domain_rate_card(&row).await
    }

    /// Publishes a new version of a card, or its first. It applies from now on, or from just after
    /// the version before it if that one is later.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub async fn publish_rate_card(
        &self,
        by: &Actor,
        new: PublishRateCard,
    ) -> Result<rate_card::Model, OperationError> {
        let path = Path::input("code");
        let description = new.description.as_deref();
        let description = description.map(|text| input::note(text, &Path::input("description")));
        let checks = (
            code(&new.code, &path),
            description.transpose(),
            input::credit_value(
                &new.credit_value,
                &new.currency_code,
                &Path::input("creditValue"),
            ),
            areas_of(&new.rates, &Path::input("rates")),
        );
        let (code, description, value, areas) = checks.together()?;
        let id = RateCardId::new(self.clock().new_id());
        let card = checked(id, value, areas, &Path::input("rates"))?;
        for _ in 0..MAX_TRIES {
            if let Some(row) = self
                .try_to_publish(by, &card, (&code, &description))
                .await?
            {
                return Ok(row);
            }
        }
        Err(path
            .refuse(
                RefusalCode::Conflict,
                text!("Other versions are being published; try again."),
            )
            .into())
    }

    /// Publishes a version with the next number; `None` if another version took that number
    /// meanwhile.
    async fn try_to_publish(
        &self,
        by: &Actor,
        card: &RateCard,
        (code, description): (&str, &Option<String>),
    ) -> Result<Option<rate_card::Model>, OperationError> {
        let transaction = self.store().begin().await?;
        let last = store::rate_card::newest(&transaction, code).await?;
        if let Some(last) = &last {
            keeps_currency(last, card.credit_value().currency())?;
        }
        let at = self.clock().now();
        let now = at.as_microsecond();
        let row = rate_card::Model {
            id: card.id().uuid(),
            code: code.to_owned(),
            version: last.as_ref().map_or(1, |last| last.version + 1),
            published_at: last.map_or(now, |last| now.max(last.published_at + 1)),
            credit_value_nano: card.credit_value().nano(),
            currency_code: card.credit_value().currency().code().to_string(),
            description: description.clone(),
        };
        let inserted =
            store::rate_card::insert(&transaction, row.clone(), areas(card), rates(card)).await;
        match inserted {
            Ok(()) => {
                let changes = [published(&row, card)];
                setting_change::insert(&transaction, (by, at), changes).await?;
                transaction.commit().await?;
                Ok(Some(row))
            }
            Err(cause) if is_taken(&cause) => {
                transaction.rollback().await?;
                Ok(None)
            }
            Err(cause) => Err(cause.into()),
        }
    }
}

/// A new version, as the journal has it. The version itself shows its rates, and never changes.
fn published(row: &rate_card::Model, card: &RateCard) -> Changed {
    let value = card.credit_value();
    let value = format!("{value} {}", value.currency().code());
    let values = vec![
        ("code", json!(row.code)),
        ("version", json!(row.version)),
        ("creditValue", json!(value)),
        ("description", json!(row.description)),
    ];
    Changed {
        account: PLATFORM,
        kind: SettingKind::RateCard,
        node: row.id,
        fields: Fields::between(Values::new(), values),
    }
}

/// Refuses a version in another currency than the one before it: accounts that are charged by the
/// card pay in its currency (law Q7).
fn keeps_currency(last: &rate_card::Model, currency: Currency) -> Result<(), Refusal> {
    if last.currency_code == currency.code().to_string() {
        return Ok(());
    }
    let path = Path::input("creditValue").at("currencyCode");
    Err(path.invalid(text!(
        "The card \"{code}\" is in {of_card}, and a card stays in its currency. Publish the prices in {currency} with \
         a code of their own.",
        code = last.code,
        of_card = last.currency_code,
        currency = currency.code(),
    )))
}

/// Checks a card's code: 1 to 64 lower-case ASCII letters, digits, `-` and `_`.
fn code(text: &str, path: &Path) -> Result<String, Refusal> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if text.is_empty() || text.len() > MAX_CODE_BYTES || !text.bytes().all(fits) {
        return Err(path.invalid(text!(
            "Must be 1 to {limit} lower-case letters, digits, \"-\" and \"_\".",
            limit = MAX_CODE_BYTES
        )));
    }
    Ok(text.to_owned())
}

/// Whether an insert failed because another row has the unique value.
pub(super) fn is_taken(cause: &DbErr) -> bool {
    matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// The rows of a version, each read for itself.
fn areas_of(rates: &[NewRate], path: &Path) -> Result<Vec<(Area, AreaRates)>, OperationError> {
    if rates.len() > MAX_RATES {
        let text = text!("Must be at most {limit} rates.", limit = MAX_RATES);
        return Err(path.invalid(text).into());
    }
    let rates = rates.iter().enumerate();
    all(rates.map(|(index, rate)| area_of(rate, &path.at(index))))
}

fn area_of(rate: &NewRate, path: &Path) -> Result<(Area, AreaRates), OperationError> {
    let area = match rate.country.as_deref() {
        Some(text) => input::country(text, &path.at("countryCode")).map(Area::Country),
        None => Ok(Area::Elsewhere),
    };
    let amount = |(channel, text): (&Channel, &String)| {
        let credits = input::credits(text, &path.at(rate_field(*channel)))?;
        Ok::<_, Refusal>((*channel, credits))
    };
    let (area, rates) = (area, all(rate.rates.iter().map(amount))).together()?;
    let row = AreaRates {
        rates: rates.into_iter().collect(),
        carriers: CarrierOptions {
            languages: rate.languages,
            reference: rate.reference,
        },
    };
    Ok((area, row))
}

/// A version with these rows.
fn checked(
    id: RateCardId,
    value: CreditValue,
    rows: Vec<(Area, AreaRates)>,
    path: &Path,
) -> Result<RateCard, Refusal> {
    RateCard::new(id, value, rows).map_err(|error| match error {
        RateCardError::Empty => path.invalid(text!("Must have at least one rate.")),
        RateCardError::Row {
            index,
            field,
            fault,
        } => path.at(index).at(field_name(field)).invalid(reason(fault)),
    })
}

fn field_name(field: RateField) -> &'static str {
    match field {
        RateField::CountryCode => "countryCode",
        RateField::Rate(channel) => rate_field(channel),
    }
}

/// The API's name of a channel's rate, in rates that are read and in rates that are published.
#[must_use]
pub const fn rate_field(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "sms",
        Channel::Mms => "mms",
    }
}

fn reason(fault: RateFault) -> Text {
    match fault {
        RateFault::RepeatedCountry => text!("This country has a rate already."),
        RateFault::RepeatedFallback => text!("Only one rate can be without a country."),
        RateFault::Negative => text!("Must not be negative."),
        RateFault::TooLarge => text!("Must be at most {limit}.", limit = MAX_RATE),
    }
}
