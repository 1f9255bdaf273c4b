//! The price of a message: who receives it, how its text is cut for them, and the rate card in
//! force.
//!
//! Here: the one function that quoting, scheduling and sending all call, so that the preview is
//! what is charged (law Q3). Not here: multiplying segments and rates ([`domain::quote`]).

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    credits::Credits,
    destination::Destinations,
    distribution::{self, SegmentShare},
    id::{AccountId, ListId},
    personal::{PersonalText, Tallied},
    private::Private,
    quote::{self, Line, PriceError, Priced, Share},
    rate::RateCard,
    segmentation::{self, Options, SegmentCount},
};
use entity::rate_card;

use super::{
    OperationError, Path, Refusal, Services, Viewer,
    audience::{self, AsOf, Audience},
    contact::Contact,
    input::{self, names_nothing},
    personal,
    phone_number::Accept,
    segmentation::{Content, NewContent, too_many},
    together::Together,
};
use crate::fair::Urgency;

/// A message as it was given.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The list whose credits pay.
    pub list: Option<ListId>,
    /// The recipients; the contacts of the list if `None`.
    pub audience: Option<Audience>,
    /// Which of the audience's telephone numbers are accepted.
    pub accept: Accept,
    /// The content.
    pub content: NewContent,
}

/// A message with its price.
#[derive(Debug)]
pub struct PricedMessage {
    /// The account.
    pub account: AccountId,
    /// The list whose credits pay.
    pub list: Option<ListId>,
    /// The content.
    pub content: Content,
    /// The options that the text is cut with for the most recipients: those of the largest
    /// destination that the card serves.
    pub options: Options,
    /// The most segments that any recipient gets, and the encoding of that text.
    pub count: SegmentCount,
    /// The version of the rate card that priced the message.
    pub card_row: rate_card::Model,
    /// The rate card, to compute with.
    pub card: Arc<RateCard>,
    /// The price.
    pub priced: Priced,
    /// The argument that gave the recipients.
    pub audience_path: Path,
    /// The positions of telephone numbers that repeat an earlier one.
    pub duplicates: Vec<usize>,
    /// The point of the list's history that its stored contacts were counted at; `None` if the
    /// recipients are not stored contacts.
    pub as_of: Option<AsOf>,
    recipients: Recipients,
}

/// The recipients, counted.
#[derive(Debug)]
enum Recipients {
    /// Head-counts: everybody in a country gets the same text.
    Heads(Destinations),
    /// Stored contacts: each gets its own text.
    Contacts(Tallied),
}

/// The requested recipients, with the list that pays.
#[derive(Debug)]
struct Reach {
    list: Option<ListId>,
    audience: Reached,
    duplicates: Vec<usize>,
}

#[derive(Debug)]
enum Reached {
    Heads(Destinations),
    /// A list. If it has stored contacts, with the point of its history at which they were counted.
    List(ListId, Destinations, Option<AsOf>),
}

/// A message whose content and recipients were read, to be priced by a rate card.
#[derive(Debug)]
pub(super) struct ReadMessage {
    account: AccountId,
    content: Content,
    reach: Reach,
    audience_path: Path,
}

impl Draft {
    /// The list whose credits pay, if the draft is in order.
    pub(super) fn payer(&self) -> Option<ListId> {
        match self.audience {
            Some(Audience::List(list)) => Some(list),
            _ => self.list,
        }
    }
}

impl PricedMessage {
    /// The recipients and credits by number of segments.
    #[must_use]
    pub fn distribution(&self) -> Vec<SegmentShare> {
        distribution::by_segments(&self.priced.lines)
    }

    /// The credits that smart encoding would save; zero if it was requested already.
    ///
    /// # Errors
    /// Those of pricing the message.
    pub fn smart_encoding_saves(&self) -> Result<Credits, Refusal> {
        if self.content.options().smart_encoding {
            return Ok(Credits::ZERO);
        }
        let requested = self.content.smart();
        let shares = shares(&self.content, requested, &self.recipients, &self.card)?;
        let smart = quote::price_shares(self.content.channel(), shares, &self.card)
            .map_err(|error| no_price(error, &self.audience_path))?;
        let saved = self.priced.credits.checked_sub(smart.credits);
        Ok(saved.unwrap_or_default().max(Credits::ZERO))
    }

    /// The tally of stored contacts, each by its own text; `None` if merge fields count as their
    /// fallbacks, or the text has none.
    #[must_use]
    pub fn tallied(&self) -> Option<&Tallied> {
        match &self.recipients {
            Recipients::Heads(_) => None,
            Recipients::Contacts(tallied) => Some(tallied),
        }
    }

    /// The text that a contact of the quoted list gets, for a viewer who may read contacts' data;
    /// `None` if the text has no merge fields.
    ///
    /// # Errors
    /// `Forbidden`; a text that needs too many segments.
    pub fn text_of(
        &self,
        contact: &Contact,
        viewer: &Viewer,
    ) -> Result<Option<PersonalText>, OperationError> {
        let Some(template) = self.content.template() else {
            return Ok(None);
        };
        let fields = contact.fields.shown_to(viewer)?;
        let country = input::country(&contact.country_code, &self.audience_path)?;
        let text = personal::text_of(template, fields.as_deref())?;
        let options = self.card.options(country, self.content.options());
        let count = segmentation::count(&text, self.content.channel(), &options);
        let count = count.map_err(too_many)?.segment_count;
        Ok(Some(PersonalText {
            segment_count: u32::try_from(count)
                .map_err(|_| OperationError::broken("a text has more segments than fit"))?,
            characters: text.chars().count(),
            text: Private::new(text),
            options,
        }))
    }

    /// Cuts a contact's own text, for a viewer who may read contacts' data.
    ///
    /// # Errors
    /// `Forbidden`; those of pricing the message.
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
    /// Prices a message by a version of a rate card.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub async fn price_message(
        &self,
        (account, card_row): (AccountId, rate_card::Model),
        draft: Draft,
        urgency: Urgency,
    ) -> Result<PricedMessage, OperationError> {
        let message = self.read_message(account, draft).await?;
        self.price(message, card_row, urgency).await
    }

    /// Reads the content and the recipients of a message. It needs no rate card, so a quote reads
    /// both at the same time.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub(super) async fn read_message(
        &self,
        account: AccountId,
        draft: Draft,
    ) -> Result<ReadMessage, OperationError> {
        let content = Content::with_merge_fields(draft.content);
        let audience_path = match draft.audience {
            Some(_) => Path::input("audience"),
            None => Path::input("listId"),
        };
        let reach = self
            .reach(account, draft.list, draft.audience, draft.accept)
            .await;
        let (content, reach) = (content, reach).together()?;
        Ok(ReadMessage {
            account,
            content,
            reach,
            audience_path,
        })
    }

    /// Prices a message that was read.
    ///
    /// # Errors
    /// Refusals that name the field.
    pub(super) async fn price(
        &self,
        message: ReadMessage,
        card_row: rate_card::Model,
        urgency: Urgency,
    ) -> Result<PricedMessage, OperationError> {
        let ReadMessage {
            account,
            content,
            reach,
            audience_path,
        } = message;
        let card = self.domain_rate_card(&card_row).await?;
        let (recipients, as_of) = match (reach.audience, content.template()) {
            (Reached::List(list, _, Some(as_of)), Some(template)) => {
                let tallied = self.tally(account, list, &content, template, &card, urgency);
                let (tallied, revision) = tallied.await?;
                // Removals were counted before the contacts were read, so a removal in between
                // counts as a later one.
                let as_of = AsOf { revision, ..as_of };
                (Recipients::Contacts(tallied), Some(as_of))
            }
            // Everybody gets the same text, so head-counts are enough.
            (Reached::List(_, destinations, as_of), _) => (Recipients::Heads(destinations), as_of),
            (Reached::Heads(destinations), _) => (Recipients::Heads(destinations), None),
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

    /// Resolves the list that pays, and the recipients.
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
                let list = list.ok_or_else(|| {
                    list_path.invalid(text!("Say which list, or give an audience."))
                })?;
                return self.reach_list(account, list, &list_path).await;
            }
            Some(Audience::List(reached)) => {
                let list = match list {
                    Some(list) if names_nothing(list) => Err(list_path.not_found(text!("list"))),
                    Some(list) if list != reached => {
                        Err(list_path
                            .invalid(text!("Must be the audience's list, or be left out.")))
                    }
                    _ => Ok(()),
                };
                let path = path.at("listId");
                let reached = self.reach_list(account, reached, &path).await;
                let ((), reached) = (list, reached).together()?;
                return Ok(reached);
            }
            Some(Audience::Numbers(numbers)) => {
                let counted = audience::numbers(numbers, accept, &path.at("recipients")).await;
                counted.map(|counted| {
                    let heads = Reached::Heads(counted.destinations);
                    reach(heads, counted.duplicates)
                })
            }
            Some(Audience::Destinations(rows)) => {
                let destinations = audience::destinations(&rows, &path.at("destinations"));
                destinations.map(|heads| reach(Reached::Heads(heads), Vec::new()))
            }
        };
        let list = match list {
            Some(list) => self.list_heads(account, list, &list_path).await.map(drop),
            None => Ok(()),
        };
        let ((), reached) = (list, reached).together()?;
        Ok(reached)
    }

    async fn reach_list(
        &self,
        account: AccountId,
        list: ListId,
        path: &Path,
    ) -> Result<Reach, OperationError> {
        let (destinations, as_of) = self.list_destinations(account, list, path).await?;
        Ok(Reach {
            list: Some(list),
            audience: Reached::List(list, destinations, as_of),
            duplicates: Vec::new(),
        })
    }
}

/// The recipients by country and segments, for a text that is cut with the requested options.
/// Quotes and charges both call this (law Q3).
fn shares(
    content: &Content,
    requested: Options,
    recipients: &Recipients,
    card: &RateCard,
) -> Result<Vec<Share>, Refusal> {
    match recipients {
        Recipients::Heads(destinations) => {
            let (text, channel) = (content.to_cut(), content.channel());
            distribution::of_one_text(text, channel, requested, destinations, card)
                .map_err(too_many)
        }
        Recipients::Contacts(tallied) if requested == content.options() => {
            Ok(tallied.shares.clone())
        }
        Recipients::Contacts(tallied) => Ok(tallied.smart_shares.clone()),
    }
}

/// The options that a text is cut with in the country of the most recipients, the first by code
/// among equals. Countries that the card serves come before the others.
fn options_of_most(lines: &[Line], requested: Options, card: &RateCard) -> Options {
    let mut by_country: BTreeMap<_, (bool, u64)> = BTreeMap::new();
    for line in lines {
        let (is_served, recipients) = by_country.entry(line.country).or_default();
        *is_served = line.credits_per_segment.is_some();
        *recipients = recipients.saturating_add(line.recipients);
    }
    // Of equal ones `max_by_key` takes the last, so the countries are visited backwards.
    let most = by_country.into_iter().rev().max_by_key(|(_, rank)| *rank);
    most.map_or(requested, |(country, _)| card.options(country, requested))
}

/// The most segments that a recipient in a served country gets, and the encoding of that text. If
/// no country is served, those of the text with its fallbacks.
fn most_segments(
    content: &Content,
    options: &Options,
    recipients: &Recipients,
    lines: &[Line],
    card: &RateCard,
) -> Result<SegmentCount, Refusal> {
    // The API shows the text with its fallbacks, so it must not need too many segments, even if
    // nobody gets it.
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

/// The refusal of a message that has no price.
pub(super) fn no_price(error: PriceError, path: &Path) -> Refusal {
    match error {
        // Checked already when the text was cut.
        PriceError::SegmentCount => Path::input("text").invalid(text!("Needs too many segments.")),
        PriceError::TooLarge => path.invalid(text!(
            "Would cost more than {limit} credits.",
            limit = quote::MAX_CREDITS
        )),
    }
}
