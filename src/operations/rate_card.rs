//! Rate cards: which one an account is charged by, and what it says.

use domain::{
    country::CountryCode,
    credits::Credits,
    id::{AccountId, RateCardId},
    money::CreditValue,
    rate::{Rate, RateCard},
};
use entity::{rate, rate_card};
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::{OperationError, Services, input::known_currency};
use crate::store;

impl Services {
    /// The version of the card by which an account is charged at an instant.
    ///
    /// # Errors
    /// A fault, where an account has no card: each gets one when it is created.
    pub async fn rate_card_in_force(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<rate_card::Model, OperationError> {
        let reader = self.store.reader();
        let code = store::account::rate_card_code(reader, account, at).await?;
        // Before the account's first day its first card's value is as good as any.
        let code = code.unwrap_or_else(|| store::rate_card::DEFAULT_CODE.to_owned());
        store::rate_card::in_force(reader, &code, at)
            .await?
            .ok_or_else(|| OperationError::broken(format!("no version of the rate card {code:?}")))
    }

    /// A published version as the domain computes with it.
    ///
    /// # Errors
    /// A fault, where the rows hold what they never should.
    pub async fn domain_rate_card(
        &self,
        row: &rate_card::Model,
    ) -> Result<RateCard, OperationError> {
        domain_rate_card(self.store.reader(), row).await
    }
}

/// A published version as the domain computes with it.
///
/// # Errors
/// A fault, where the rows hold what they never should.
pub async fn domain_rate_card(
    connection: &impl ConnectionTrait,
    row: &rate_card::Model,
) -> Result<RateCard, OperationError> {
    let id = RateCardId::new(row.id);
    let rates = store::rate_card::rates(connection, id).await?;
    RateCard::new(id, credit_value(row)?, rates.iter().map(domain_rate))
        .map_err(|error| OperationError::broken(format!("rate card {}: {error}", row.id)))
}

/// What one credit is worth by a version.
///
/// # Errors
/// A fault, where the row holds what it never should.
pub fn credit_value(row: &rate_card::Model) -> Result<CreditValue, OperationError> {
    known_currency(&row.currency_code)
        .and_then(|currency| CreditValue::new(row.credit_value_nano, currency))
        .ok_or_else(|| OperationError::broken(format!("rate card {} has no credit value", row.id)))
}

fn domain_rate(row: &rate::Model) -> (Option<CountryCode>, Rate) {
    let rate = Rate {
        sms: row.sms_units.map(Credits::from_units),
        mms: row.mms_units.map(Credits::from_units),
    };
    // The one row that is no country's is for every country not named.
    (row.country_code.parse().ok(), rate)
}
