//! Quotes: what a message would cost now, and whether the list has the credits for it.
//!
//! Here: the available credits, what is missing, and a package that covers it. Not here: the price,
//! which quotes and charges share ([`super::pricing`]).

use std::{collections::BTreeMap, convert::Infallible};

use domain::{
    credits::Credits,
    id::{AccountId, ListId},
    money::Money,
};
use entity::credit_package;
use jiff::Timestamp;

use super::{
    OperationError, Path, Services, Viewer,
    message::check_draft,
    pricing::{Draft, PricedMessage},
    together::Together,
};
use crate::{
    fair::Urgency,
    store::{self, balance::FreeUnits, book::Wanted},
};

/// The price of a message, and the credits available for it.
#[derive(Debug)]
pub struct Quote {
    /// The message with its price.
    pub message: PricedMessage,
    /// The credits that the list could spend at the time of the quote.
    pub available: Credits,
    /// The currency that the account buys in.
    pub currency_code: String,
}

impl Quote {
    /// The credits that are missing; zero if there are enough.
    #[must_use]
    pub fn shortfall(&self) -> Credits {
        let missing = self.message.priced.credits.checked_sub(self.available);
        missing.unwrap_or_default().max(Credits::ZERO)
    }

    /// The value of the credits, rounded once (law Q5).
    ///
    /// # Errors
    /// A fault if the value is out of range.
    pub fn cost(&self) -> Result<Money, OperationError> {
        let value = self.message.card.credit_value();
        let cost = value.of(self.message.priced.credits);
        cost.ok_or_else(|| OperationError::broken("a message is worth too much to say"))
    }
}

impl Services {
    /// Quotes a message: what it would cost now, and whether the list may spend that.
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
        let (account, card) = match self.charged_account_for(viewer, account, &path).await {
            Ok(charged) => charged,
            // What else is wrong is reported too.
            Err(unknown) => {
                let unknown = Err::<Infallible, _>(unknown);
                let (never, ()) = (unknown, check_draft(draft).await).together()?;
                match never {}
            }
        };
        let now = self.clock().now();
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

    /// The credits that a list, or an account without a list, could spend at an instant: those of
    /// its own pool if the list has a limit, of the unassigned pool otherwise. Credits of lots that
    /// have expired don't count, even if their expiry is not booked yet (law L2).
    async fn spendable(
        &self,
        account: AccountId,
        list: Option<ListId>,
        now: Timestamp,
    ) -> Result<Credits, OperationError> {
        let lookups = self.store().lookups();
        match store::balance::free_units(lookups, account, list, now).await? {
            FreeUnits::Of(units) => return Ok(Credits::from_units(units)),
            FreeUnits::NoBook => return Ok(Credits::ZERO),
            FreeUnits::AfterExpiry => {}
        }
        let wanted = Wanted {
            lists: list.into_iter().collect(),
            ..Wanted::default()
        };
        let snapshot = self.store().snapshot().await?;
        let heads = store::book::load(&snapshot, &BTreeMap::from([(account, wanted)]), now).await?;
        snapshot.end().await?;
        let Some(mut head) = heads.into_values().next() else {
            return Ok(Credits::ZERO);
        };
        head.book.expire(now)?;
        let pools = &head.book.pools;
        Ok(pools.free(pools.of(list))?)
    }

    /// The smallest package on sale to the account that covers what is missing; `None` if nothing
    /// is missing, or if no package is large enough.
    ///
    /// # Errors
    /// Faults only.
    pub async fn package_for(
        &self,
        quote: &Quote,
    ) -> Result<Option<credit_package::Model>, OperationError> {
        let (missing, currency) = (quote.shortfall(), &quote.currency_code);
        if !missing.is_positive() {
            return Ok(None);
        }
        let reader = self.store().reader();
        Ok(store::credit_package::smallest_with(reader, missing, currency).await?)
    }
}
