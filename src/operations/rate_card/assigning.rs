//! The card that an account is charged by: it is in the account's currency (law Q7).
//!
//! Here: the check of a card that is assigned, and the card of an account that names none. Not
//! here: publishing a version, which keeps its card's currency ([`super`]).

use domain::{currency::Currency, id::RateCardId};
use entity::rate_card;

use super::super::{OperationError, Path, Services};
use crate::store::{self, rate_card::DEFAULT_CODE};

impl Services {
    /// The code of the card that a version belongs to, if its newest version is in a currency. The
    /// currency of an account that isn't known is `None`.
    ///
    /// # Errors
    /// An unknown version, and a card in another currency, at `rateCardId`.
    pub(in crate::operations) async fn card_to_assign(
        &self,
        id: RateCardId,
        currency: Option<Currency>,
    ) -> Result<String, OperationError> {
        let path = Path::input("rateCardId");
        let reader = self.store().reader();
        let named = store::rate_card::find(reader, id).await?;
        let named = named.ok_or_else(|| path.not_found(text!("rate card")))?;
        // Versions from before cards had one currency may be in others.
        let newest = store::rate_card::newest(reader, &named.code).await?;
        let newest = newest.unwrap_or(named);
        let Some(currency) = currency.filter(|currency| !is_in(&newest, *currency)) else {
            return Ok(newest.code);
        };
        Err(path
            .invalid(text!(
                "The card \"{code}\" is in {of_card}, but the account pays in {currency}. Publish a card in {currency} \
                 with a code of its own, and name it here.",
                code = newest.code,
                of_card = newest.currency_code,
                currency = currency.code(),
            ))
            .into())
    }

    /// The code of the card of a new account that names none: `default` if it is in the account's
    /// currency, else `default-` and the currency, such as `default-usd`.
    ///
    /// # Errors
    /// Neither of them is in the currency, at `currencyCode`.
    pub(in crate::operations) async fn default_card_in(
        &self,
        currency: Currency,
    ) -> Result<String, OperationError> {
        let own = format!("{DEFAULT_CODE}-{}", currency.code()).to_ascii_lowercase();
        for code in [DEFAULT_CODE, &own] {
            let newest = store::rate_card::newest(self.store().reader(), code).await?;
            if newest.is_some_and(|card| is_in(&card, currency)) {
                return Ok(code.to_owned());
            }
        }
        Err(Path::input("currencyCode")
            .invalid(text!(
                "There is no default rate card in {currency}. Publish one with the code \"{code}\", or name another \
                 card in {currency} as rateCardId.",
                currency = currency.code(),
                code = own,
            ))
            .into())
    }
}

fn is_in(card: &rate_card::Model, currency: Currency) -> bool {
    card.currency_code == currency.code().to_string()
}
