//! What a message would cost now. One way leads from what was asked to a price, and quoting, scheduling
//! and sending all take it, so that the preview is what is charged (rule Q3).

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    credits::Credits,
    destination::Destinations,
    id::{AccountId, ListId},
    money::Money,
    quote::{self, PriceError, Priced},
    rate::RateCard,
    segmentation::SegmentCount,
};
use entity::{account, credit_package};
use jiff::Timestamp;

use super::{
    OperationError, Path, Refusal, Services, Viewer,
    audience::{self, Audience},
    segmentation::{Content, NewContent},
};
use crate::store::{self, book::Wanted};

/// A message as it was asked for.
#[derive(Debug)]
pub struct Draft {
    /// The list whose credits pay.
    pub list: Option<ListId>,
    /// Who is reached; the list's own contacts where `None`.
    pub audience: Option<Audience>,
    /// What it says.
    pub content: NewContent,
}

/// A message with its price.
#[derive(Debug)]
pub struct PricedMessage {
    /// Whose it is.
    pub account: AccountId,
    /// The list whose credits pay.
    pub list: Option<ListId>,
    /// What it says.
    pub content: Content,
    /// What it is billed by.
    pub count: SegmentCount,
    /// Who is reached.
    pub destinations: Destinations,
    /// The card that priced it.
    pub card: Arc<RateCard>,
    /// What it costs.
    pub priced: Priced,
    /// The argument that says who is reached.
    pub audience_path: Path,
}

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

    /// What the credits are worth, rounded once (rule Q5).
    ///
    /// # Errors
    /// A fault, where that is beyond what money can say.
    pub fn cost(&self) -> Result<Money, OperationError> {
        let value = self.message.card.credit_value();
        let cost = value.of(self.message.priced.credits);
        cost.ok_or_else(|| OperationError::broken("a message is worth too much to say"))
    }

    /// What smart encoding would save; nothing where it was asked for already.
    ///
    /// # Errors
    /// None that the message itself did not have.
    pub fn smart_encoding_saves(&self) -> Result<Credits, OperationError> {
        let message = &self.message;
        if message.content.is_smart() {
            return Ok(Credits::ZERO);
        }
        let path = &message.audience_path;
        let (_, smart) = price(
            &message.content.smart(),
            &message.destinations,
            &message.card,
            path,
        )?;
        let saved = message.priced.credits.checked_sub(smart.credits);
        Ok(saved.unwrap_or_default().max(Credits::ZERO))
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
        let account = self
            .account_for(viewer, account, &Path::input("accountId"))
            .await?;
        let now = self.clock.now();
        let message = self.price_message(&account, draft, now).await?;
        let available = self.spendable(message.account, message.list, now).await?;
        Ok(Quote {
            message,
            available,
            currency_code: account.currency_code,
        })
    }

    /// The one way from what was asked to a price: who is reached, how the text is cut, and the card in
    /// force.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub async fn price_message(
        &self,
        account: &account::Model,
        draft: Draft,
        now: Timestamp,
    ) -> Result<PricedMessage, OperationError> {
        let account = AccountId::new(account.id);
        let content = Content::with_merge_fields(draft.content)?;
        content.count()?;
        let audience_path = match draft.audience {
            Some(_) => Path::input("audience"),
            None => Path::input("listId"),
        };
        let (list, destinations) = self.reach(account, draft.list, draft.audience).await?;
        let card = self.rate_card_for(account, now).await?;
        let (count, priced) = price(&content, &destinations, &card, &audience_path)?;
        Ok(PricedMessage {
            account,
            list,
            content,
            count,
            destinations,
            card,
            priced,
            audience_path,
        })
    }

    /// Which list pays and who is reached.
    async fn reach(
        &self,
        account: AccountId,
        list: Option<ListId>,
        audience: Option<Audience>,
    ) -> Result<(Option<ListId>, Destinations), OperationError> {
        let (list_path, path) = (Path::input("listId"), Path::input("audience"));
        match audience {
            None => {
                let list =
                    list.ok_or_else(|| list_path.invalid("Say which list, or give an audience."))?;
                let destinations = self.list_destinations(account, list, &list_path).await?;
                Ok((Some(list), destinations))
            }
            Some(Audience::List(reached)) => {
                if list.is_some_and(|list| list != reached) {
                    return Err(list_path
                        .invalid("Must be the audience's list, or be left out.")
                        .into());
                }
                let path = path.at("listId");
                let destinations = self.list_destinations(account, reached, &path).await?;
                Ok((Some(reached), destinations))
            }
            Some(given) => {
                let destinations = match given {
                    Audience::Numbers(numbers) => {
                        audience::numbers(numbers, &path.at("recipients")).await?
                    }
                    Audience::Destinations(rows) => {
                        audience::destinations(&rows, &path.at("destinations"))?
                    }
                    Audience::List(_) => Destinations::default(),
                };
                if let Some(list) = list {
                    self.list_in_use(account, list, &list_path).await?;
                }
                Ok((list, destinations))
            }
        }
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
        let wanted = Wanted {
            lists: list.into_iter().collect(),
            ..Wanted::default()
        };
        let snapshot = self.store.snapshot().await?;
        let heads = store::book::load(&snapshot, &BTreeMap::from([(account, wanted)]), now).await?;
        snapshot.commit().await?;
        let Some(mut head) = heads.into_values().next() else {
            return Ok(Credits::ZERO);
        };
        head.book.expire(now);
        let pools = &head.book.pools;
        Ok(pools.free(pools.of(list)))
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

/// How a content is billed, and what that costs.
fn price(
    content: &Content,
    destinations: &Destinations,
    card: &RateCard,
    path: &Path,
) -> Result<(SegmentCount, Priced), OperationError> {
    let count = content.count()?;
    let segments = u32::try_from(count.segment_count).unwrap_or(u32::MAX);
    let priced = quote::price(segments, count.channel, destinations, card)
        .map_err(|error| no_price(error, path))?;
    Ok((count, priced))
}

/// Why a message has no price, for the caller.
pub(super) fn no_price(error: PriceError, path: &Path) -> Refusal {
    match error {
        // Checked where the text is cut.
        PriceError::SegmentCount => Path::input("text").invalid("Needs too many segments."),
        PriceError::TooLarge => path.invalid(format!(
            "Would cost more than {} credits.",
            quote::MAX_CREDITS
        )),
    }
}
