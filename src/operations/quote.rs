//! What a message would cost now, and what there is to pay for it.
//!
//! Not here: the price itself, which [`super::pricing`] has for quotes and charges alike.

use std::collections::BTreeMap;

use domain::{
    credits::Credits,
    id::{AccountId, ListId},
    money::Money,
};
use entity::credit_package;
use jiff::Timestamp;

use super::{
    OperationError, Path, Services, Viewer,
    pricing::{Draft, PricedMessage},
};
use crate::{
    fair::Urgency,
    store::{self, balance::FreeUnits, book::Wanted},
};

/// What a message would cost, and what there is to pay for it.
#[derive(Debug)]
pub struct Quote {
    /// The message with its price.
    pub message: PricedMessage,
    /// What the list could spend when this was answered.
    pub available: Credits,
    /// The currency that the account buys in.
    pub currency_code: String,
}

impl Quote {
    /// What is missing; nothing where there is enough.
    #[must_use]
    pub fn shortfall(&self) -> Credits {
        let missing = self.message.priced.credits.checked_sub(self.available);
        missing.unwrap_or_default().max(Credits::ZERO)
    }

    /// What the credits are worth, rounded once (law Q5).
    ///
    /// # Errors
    /// A fault, where that is beyond what money can say.
    pub fn cost(&self) -> Result<Money, OperationError> {
        let value = self.message.card.credit_value();
        let cost = value.of(self.message.priced.credits);
        cost.ok_or_else(|| OperationError::broken("a message is worth too much to say"))
    }
}

impl Services {
    /// What a message would cost now, and whether the list may spend it.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub async fn quote(
        &self,
        viewer: &Viewer,
        account: Option<AccountId>,
        draft: Draft,
    ) -> Result<Quote, OperationError> {
        let path = Path::input("accountId");
        let (account, card) = self.charged_account_for(viewer, account, &path).await?;
        let now = self.clock.now();
        let id = AccountId::new(account.id);
        let message = self
            .price_message((id, card), draft, Urgency::Ordinary)
            .await?;
        let available = self.spendable(message.account, message.list, now).await?;
        Ok(Quote {
            message,
            available,
            currency_code: account.currency_code,
        })
    }

    /// What a list, or an account without one, could spend at an instant: its own pool where it has a
    /// limit, else the unassigned one. Credits of lots whose day has come are gone, whether or not their
    /// expiry is booked yet (law L2).
    async fn spendable(
        &self,
        account: AccountId,
        list: Option<ListId>,
        now: Timestamp,
    ) -> Result<Credits, OperationError> {
        let lookups = self.store.lookups();
        match store::balance::free_units(lookups, account, list, now).await? {
            FreeUnits::Of(units) => return Ok(Credits::from_units(units)),
            FreeUnits::NoBook => return Ok(Credits::ZERO),
            FreeUnits::AfterExpiry => {}
        }
        let wanted = Wanted {
            lists: list.into_iter().collect(),
            ..Wanted::default()
        };
        let snapshot = self.store.snapshot().await?;
        let heads = store::book::load(&snapshot, &BTreeMap::from([(account, wanted)]), now).await?;
        snapshot.end().await?;
        let Some(mut head) = heads.into_values().next() else {
            return Ok(Credits::ZERO);
        };
        head.book.expire(now)?;
        let pools = &head.book.pools;
        Ok(pools.free(pools.of(list))?)
    }

    /// The smallest package that covers what is missing, of those that the account may buy; none where
    /// nothing is missing, or where none does.
    ///
    /// # Errors
    /// A fault.
    pub async fn package_for(
        &self,
        quote: &Quote,
    ) -> Result<Option<credit_package::Model>, OperationError> {
        let (missing, currency) = (quote.shortfall(), &quote.currency_code);
        if !missing.is_positive() {
            return Ok(None);
        }
        let reader = self.store.reader();
        Ok(store::credit_package::smallest_with(reader, missing, currency).await?)
    }
}
