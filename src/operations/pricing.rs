//! The one way from what was asked to a price: who is reached, how the text is cut for them, and the card in
//! force. Quoting, scheduling and sending all take it, so that the preview is what is charged (law Q3).

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    credits::Credits,
    destination::Destinations,
    distribution::{self, SegmentShare},
    id::{AccountId, ListId},
    personal::{PersonalText, Tallied},
    quote::{self, Line, PriceError, Priced, Share},
    rate::RateCard,
    segmentation::{self, Options, SegmentCount},
};
use entity::rate_card;

use super::{
    OperationError, Path, Refusal, Services, Viewer,
    audience::{self, AsOf, Audience},
    phone_number::Accept,
    segmentation::{Content, NewContent, too_many},
};
use crate::fair::Urgency;

/// A message as it was asked for.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The list whose credits pay.
    pub list: Option<ListId>,
    /// Who is reached; the list's own contacts where `None`.
    pub audience: Option<Audience>,
    /// Which of the audience's telephone numbers are taken.
    pub accept: Accept,
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
    /// How the text is cut for most: in the destination of the most recipients that can be reached.
    pub options: Options,
    /// What it is billed by: the most segments that any recipient gets, and the encoding of that text.
    pub count: SegmentCount,
    /// The version that priced it.
    pub card_row: rate_card::Model,
    /// The same, to compute with.
    pub card: Arc<RateCard>,
    /// What it costs.
    pub priced: Priced,
    /// The argument that says who is reached.
    pub audience_path: Path,
    /// The places of numbers that came before in the audience.
    pub duplicates: Vec<usize>,
    /// The point of the list's history that its stored contacts were counted at; `None` if it is for others.
    pub as_of: Option<AsOf>,
    recipients: Recipients,
}

/// Who is reached, counted.
#[derive(Debug)]
enum Recipients {
    /// Head-counts: everybody in a country gets the same.
    Heads(Destinations),
    /// Stored contacts: each gets a text of its own.
    Contacts(Tallied),
}

/// Who is to be reached.
#[derive(Debug)]
struct Reach {
    list: Option<ListId>,
    audience: Reached,
    duplicates: Vec<usize>,
}

#[derive(Debug)]
enum Reached {
    Heads(Destinations, Option<AsOf>),
    /// The stored contacts of a list, which were removed so often before.
    Contacts(ListId, i64),
}

impl PricedMessage {
    /// What each number of segments reaches and costs.
    #[must_use]
    pub fn distribution(&self) -> Vec<SegmentShare> {
        distribution::by_segments(&self.priced.lines)
    }

    /// How much less it would cost with smart encoding; nothing where that was asked for already.
    ///
    /// # Errors
    /// None that pricing did not have.
    pub fn smart_encoding_saves(&self) -> Result<Credits, Refusal> {
        if self.content.options().smart_encoding {
            return Ok(Credits::ZERO);
        }
        let asked = self.content.smart();
        let shares = shares(&self.content, asked, &self.recipients, &self.card)?;
        let smart = quote::price_shares(self.content.channel(), shares, &self.card)
            .map_err(|error| no_price(error, &self.audience_path))?;
        let saved = self.priced.credits.checked_sub(smart.credits);
        Ok(saved.unwrap_or_default().max(Credits::ZERO))
    }

    /// What was counted of stored contacts, each by its own text; `None` where fields count as their
    /// fallbacks, or there are none.
    #[must_use]
    pub fn tallied(&self) -> Option<&Tallied> {
        match &self.recipients {
            Recipients::Heads(_) => None,
            Recipients::Contacts(tallied) => Some(tallied),
        }
    }

    /// How a contact's own text is cut, for a viewer who may read what is known of contacts.
    ///
    /// # Errors
    /// Forbidden, and none that pricing did not have.
    pub fn segments_of<'a>(
        &self,
        own: &'a PersonalText,
        viewer: &Viewer,
    ) -> Result<segmentation::Segmentation<'a>, OperationError> {
        let text = own.text.shown_to(viewer)?;
        Ok(self.content.segments_of(text, &own.options)?)
    }
}

impl Services {
    /// The one way from what was asked to a price: who is reached, how the text is cut, and the card by which
    /// the account is charged now.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub async fn price_message(
        &self,
        (account, card_row): (AccountId, rate_card::Model),
        draft: Draft,
        urgency: Urgency,
    ) -> Result<PricedMessage, OperationError> {
        let content = Content::with_merge_fields(draft.content)?;
        let audience_path = match draft.audience {
            Some(_) => Path::input("audience"),
            None => Path::input("listId"),
        };
        let reach = self
            .reach(account, draft.list, draft.audience, draft.accept)
            .await?;
        let card = self.domain_rate_card(&card_row).await?;
        let (recipients, as_of) = match (reach.audience, content.template()) {
            (Reached::Contacts(list, removals), Some(template)) => {
                let tallied = self.tally(account, list, &content, template, &card, urgency);
                let (tallied, revision) = tallied.await?;
                // Removals were counted before the contacts were read: one in between counts as one that came after.
                let as_of = AsOf { revision, removals };
                (Recipients::Contacts(tallied), Some(as_of))
            }
            // The same for everybody: head-counts say it, however many contacts there are.
            (Reached::Contacts(list, _), None) => {
                let (destinations, as_of) = self.list_destinations(account, list).await?;
                (Recipients::Heads(destinations), as_of)
            }
            (Reached::Heads(destinations, as_of), _) => (Recipients::Heads(destinations), as_of),
        };
        let shares = shares(&content, content.options(), &recipients, &card)?;
        let priced = quote::price_shares(content.channel(), shares, &card)
            .map_err(|error| no_price(error, &audience_path))?;
        let options = options_of_most(&priced.lines, content.options(), &card);
        let count = most_segments(&content, &options, &recipients, &priced.lines, &card)?;
        Ok(PricedMessage {
            account,
            list: reach.list,
            content,
            options,
            count,
            card_row,
            card,
            priced,
            audience_path,
            duplicates: reach.duplicates,
            as_of,
            recipients,
        })
    }

    /// Which list pays and who is reached.
    async fn reach(
        &self,
        account: AccountId,
        list: Option<ListId>,
        audience: Option<Audience>,
        accept: Accept,
    ) -> Result<Reach, OperationError> {
        let (list_path, path) = (Path::input("listId"), Path::input("audience"));
        let reach = |audience, duplicates| Reach {
            list,
            audience,
            duplicates,
        };
        let reached = match audience {
            None => {
                let list =
                    list.ok_or_else(|| list_path.invalid("Say which list, or give an audience."))?;
                return self.reach_list(account, list, &list_path).await;
            }
            Some(Audience::List(reached)) => {
                if list.is_some_and(|list| list != reached) {
                    return Err(list_path
                        .invalid("Must be the audience's list, or be left out.")
                        .into());
                }
                let path = path.at("listId");
                return self.reach_list(account, reached, &path).await;
            }
            Some(Audience::Numbers(numbers)) => {
                let counted = audience::numbers(numbers, accept, &path.at("recipients")).await?;
                reach(
                    Reached::Heads(counted.destinations, None),
                    counted.duplicates,
                )
            }
            Some(Audience::Destinations(rows)) => {
                let destinations = audience::destinations(&rows, &path.at("destinations"))?;
                reach(Reached::Heads(destinations, None), Vec::new())
            }
        };
        if let Some(list) = list {
            self.list_in_use(account, list, &list_path).await?;
        }
        Ok(reached)
    }

    async fn reach_list(
        &self,
        account: AccountId,
        list: ListId,
        path: &Path,
    ) -> Result<Reach, OperationError> {
        let row = self.list_in_use(account, list, path).await?;
        let audience = if row.contacts > 0 {
            Reached::Contacts(list, row.removals)
        } else {
            let (destinations, as_of) = self.list_destinations(account, list).await?;
            Reached::Heads(destinations, as_of)
        };
        Ok(Reach {
            list: Some(list),
            audience,
            duplicates: Vec::new(),
        })
    }
}

/// How many recipients get how many segments, by country, where `asked` is what may be done to the text.
/// Quotes and charges both come through here (law Q3).
fn shares(
    content: &Content,
    asked: Options,
    recipients: &Recipients,
    card: &RateCard,
) -> Result<Vec<Share>, Refusal> {
    match recipients {
        Recipients::Heads(destinations) => {
            let (text, channel) = (content.to_cut(), content.channel());
            distribution::of_one_text(text, channel, asked, destinations, card).map_err(too_many)
        }
        Recipients::Contacts(tallied) if asked == content.options() => Ok(tallied.shares.clone()),
        Recipients::Contacts(tallied) => Ok(tallied.smart_shares.clone()),
    }
}

/// How a text is cut in the country of the most recipients, the first by code among equals; of those that
/// can be reached, where any can.
fn options_of_most(lines: &[Line], asked: Options, card: &RateCard) -> Options {
    let mut by_country: BTreeMap<_, (bool, u64)> = BTreeMap::new();
    for line in lines {
        let (is_served, recipients) = by_country.entry(line.country).or_default();
        *is_served = line.credits_per_segment.is_some();
        *recipients = recipients.saturating_add(line.recipients);
    }
    // The last of equal ones is taken, and so the countries are gone through backwards.
    let most = by_country.into_iter().rev().max_by_key(|(_, rank)| *rank);
    most.map_or(asked, |(country, _)| card.options(country, asked))
}

/// The most segments that a recipient who can be reached gets, and how that text is encoded. Where nobody
/// can be reached it is the text with its fallbacks.
fn most_segments(
    content: &Content,
    options: &Options,
    recipients: &Recipients,
    lines: &[Line],
    card: &RateCard,
) -> Result<SegmentCount, Refusal> {
    // The text with its fallbacks is shown, whoever gets it, and so it must be one that can be sent.
    let fallback = content.count(options)?;
    match recipients {
        Recipients::Heads(_) => {
            let served = lines
                .iter()
                .filter(|line| line.credits_per_segment.is_some());
            let most = served.max_by_key(|line| {
                (
                    line.segment_count,
                    line.recipients,
                    std::cmp::Reverse(line.country),
                )
            });
            most.map_or(Ok(fallback), |line| {
                content.count(&card.options(line.country, content.options()))
            })
        }
        Recipients::Contacts(tallied) => tallied.longest.as_ref().map_or(Ok(fallback), |longest| {
            let text = longest.text.unguarded();
            segmentation::count(text, content.channel(), &longest.options).map_err(too_many)
        }),
    }
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
