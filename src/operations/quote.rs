//! Quotes: what a message would cost now, and whether the list has the credits for it.
//!
//! Here: the available credits, what is missing, and a package that covers it. Not here: the price,
//! which quotes and charges share ([`super::pricing`]).

use std::{collections::BTreeMap, convert::Infallible};

use domain::{credits::Credits, id::AccountId, money::Money};
use entity::credit_package;

use super::{
    OperationError, Path, Services, Viewer,
    message::check_draft,
    pricing::{Draft, PricedMessage},
    sought_account,
    together::Together,
};
use crate::{
    fair::Urgency,
    store::{
        self,
        balance::{FreeUnits, PoolOf},
        book::Wanted,
    },
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
    /// Quotes a message: what it would cost now, and whether the list may spend that. Everything
    /// that it needs is read at the same time, in one round trip.
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
        let id = match sought_account(viewer, account, &path) {
            Ok(id) => id,
            // What else is wrong is reported too.
            Err(unknown) => {
                let unknown = Err::<Infallible, _>(unknown);
                let (never, ()) = (unknown, check_draft(draft).await).together()?;
                match never {}
            }
        };
        let pool = (id, draft.payer());
        let (charged, message, units) = tokio::join!(
            self.charged_account_for(viewer, account, &path),
            self.read_message(id, draft),
            self.0.reads.free_units.load(pool),
        );
        let ((account, card), message) = (charged, message).together()?;
        let message = self.price(message, card, Urgency::Ordinary).await?;
        let available = match units? {
            Some(FreeUnits::Of(units)) => Credits::from_units(units),
            Some(FreeUnits::AfterExpiry) => self.spendable_after_expiry(pool).await?,
            // The account has no book.
            None => Credits::ZERO,
        };
        Ok(Quote {
            message,
            available,
            currency_code: account.currency_code,
        })
    }

    /// The credits that a list, or an account without a list, could spend now. Credits of lots that
    /// have expired don't count, even if their expiry is not booked yet (law L2).
    async fn spendable_after_expiry(
        &self,
        (account, list): PoolOf,
    ) -> Result<Credits, OperationError> {
        let now = self.clock().now();
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
