//! Rate cards: the credits for a segment by destination country, and publishing a new version.
//!
//! Here: the API's types and fields. Not here: checks of a new version
//! ([`crate::operations::rate_card`]).

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use domain::{
    channel::Channel,
    country::CountryCode as Country,
    id::RateCardId,
    rate::{self, Area, CarrierOptions},
    segmentation::Language,
};
use entity::rate_card;

use super::{
    account::{Account, AccountConnection},
    engine::{
        errors::ApiError,
        guard::edges,
        ids::PublicId,
        new_edges::edge,
        paging::{Nodes, connection, window},
        request::{UserError, payload, reader, services, viewer_of},
    },
    money::{Money, MoneyInput},
    scalars::{CountryCode, Credits, DateTime},
    segmentation::{ConcatenationReference, NationalLanguage},
};
use crate::operations::{
    Path,
    credit_package::read_countries,
    policy::of,
    rate_card::{NewRate, PublishRateCard, credit_value},
    reader::AllRateCards,
};

/// One version of a rate card.
#[derive(Debug, Clone)]
pub struct RateCard(pub rate_card::Model);

/// One version of a rate card, which never changes once it is published.
#[Object(guard = edges(of::RateCard))]
impl RateCard {
    /// The id of this version.
    pub(super) async fn id(&self) -> ID {
        RateCardId::new(self.0.id).encode()
    }

    /// The card's code, which all its versions share.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// A note about this version; null if there is none.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The number of the version, 1 for the first.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The instant from which the version applies.
    async fn published_at(&self) -> DateTime {
        DateTime::from_micros(self.0.published_at)
    }

    /// The exact value of one credit, with up to 9 fraction digits.
    async fn credit_value(&self) -> Result<Money, ApiError> {
        Ok(credit_value(&self.0)?.into())
    }

    /// The accounts that are charged by this version now, oldest first: those whose prices its
    /// publication changed. Empty once a newer version is published. Requires PLATFORM_ADMIN or
    /// ACCOUNT_MANAGER.
    async fn accounts(&self, ctx: &Context<'_>) -> Result<AccountConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        let accounts = reader(ctx)?.charged_by(&self.0, window).await?;
        Ok(AccountConnection(Nodes::new(accounts, Account)))
    }

    /// The rates by country code, then the rate of all other countries. If `countryCodes` is given,
    /// one row for each in the order given, with the rate that applies there.
    async fn rates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 300 countries. If it is left out, the whole card is returned.")]
        country_codes: Option<Vec<CountryCode>>,
    ) -> Result<Vec<Rate>, ApiError> {
        let asked = country_codes
            .map(|codes| codes.into_iter().map(|code| code.0).collect::<Vec<_>>())
            .map(|codes| read_countries(&codes, &Path::argument("countryCodes")))
            .transpose()?;
        let card = services(ctx)?.domain_rate_card(&self.0).await?;
        Ok(match asked {
            Some(countries) => countries
                .into_iter()
                .map(|country| {
                    let area = card.area_of(country).unwrap_or(Area::Country(country));
                    Rate::new(Some(country), &card, area, card.carriers(country))
                })
                .collect(),
            None => card
                .areas()
                .map(|(area, carriers)| {
                    let country = match area {
                        Area::Country(country) => Some(country),
                        Area::Elsewhere => None,
                    };
                    Rate::new(country, &card, area, carriers)
                })
                .collect(),
        })
    }
}

connection!(RateCard, RateCardConnection, RateCardEdge, "rate cards");

/// The credits for one segment to one recipient in one country; null for a channel that is not
/// served.
#[derive(Debug, Clone, SimpleObject)]
pub struct Rate {
    /// The country; null for the rate of all other countries.
    country_code: Option<CountryCode>,
    /// The credits for an SMS segment; null if SMS is not served.
    sms: Option<Credits>,
    /// The credits for an MMS segment; null if MMS is not served.
    mms: Option<Credits>,
    /// The languages whose GSM-7 tables phones and carriers of the country know. An SMS is sent
    /// with them if that saves segments.
    national_languages: Vec<NationalLanguage>,
    /// The size of the reference number that joins the segments of one SMS in the country.
    concatenation_reference: ConcatenationReference,
}

impl Rate {
    fn new(
        country: Option<Country>,
        card: &rate::RateCard,
        area: Area,
        carriers: CarrierOptions,
    ) -> Self {
        let rate = |channel| card.rate_in(area, channel).map(Into::into);
        Self {
            country_code: country.map(|country| CountryCode(country.to_string())),
            sms: rate(Channel::Sms),
            mms: rate(Channel::Mms),
            national_languages: Language::ALL
                .into_iter()
                .filter(|language| carriers.languages.contains(*language))
                .map(Into::into)
                .collect(),
            concatenation_reference: carriers.reference.into(),
        }
    }
}

/// The root fields that read rate cards.
#[derive(Debug, Default)]
pub struct RateCardQuery;

#[Object]
impl RateCardQuery {
    /// All versions of all rate cards, newest first.
    async fn rate_cards(&self, ctx: &Context<'_>) -> Result<RateCardConnection, ApiError> {
        viewer_of(ctx, "rateCards")?;
        let window = window(ctx, None)?;
        let cards = reader(ctx)?.list(AllRateCards, window).await?;
        Ok(RateCardConnection(Nodes::new(cards, RateCard)))
    }
}

/// The credits for a segment to one country.
#[derive(Debug, InputObject)]
pub struct RateInput {
    /// The country. It is left out in the one row for all other countries.
    country_code: Option<CountryCode>,
    /// The credits for an SMS segment, at most 1,000,000. Left out if SMS is not served.
    sms: Option<Credits>,
    /// The credits for an MMS segment, at most 1,000,000. Left out if MMS is not served.
    mms: Option<Credits>,
    /// The languages whose GSM-7 tables phones and carriers of the country know. An SMS is sent
    /// with them if that saves segments, so name only languages that are displayed well there.
    #[graphql(default)]
    national_languages: Vec<NationalLanguage>,
    /// The size of the reference number that joins the segments of one SMS in the country.
    #[graphql(default_with = "ConcatenationReference::EightBit")]
    concatenation_reference: ConcatenationReference,
}

/// A new version of a rate card.
#[derive(Debug, InputObject)]
pub struct PublishRateCardInput {
    /// The card's code, which all its versions share: 1 to 64 lower-case letters, digits, `-` or
    /// `_`. A new code begins a new card.
    code: String,
    /// A note about this version, of 1 to 2,000 characters.
    description: Option<String>,
    /// The value of one credit, with up to 9 fraction digits. All versions of a card are in one
    /// currency: prices in another one get a code of their own.
    credit_value: MoneyInput,
    /// The credits for a segment by country, in 1 to 300 rows. A country that is named never uses
    /// the rate for all other countries.
    rates: Vec<RateInput>,
}

/// The result of publishRateCard.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct PublishRateCardPayload {
    /// The new version; null if the mutation was refused.
    rate_card: Option<RateCard>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl PublishRateCardPayload {
    /// The new version as an edge of `Query.rateCards`, with a cursor of the default order; null if
    /// the mutation was refused.
    async fn rate_card_edge(&self) -> Option<RateCardEdge<'_>> {
        let card = self.rate_card.as_ref()?;
        Some(edge("rateCards", None, card, &card.0))
    }
}

/// The mutation that publishes rate cards.
#[derive(Debug, Default)]
pub struct RateCardMutation;

#[Object]
impl RateCardMutation {
    /// Publishes a new version of a rate card. It applies from now on to every account that is
    /// charged by the card; existing messages keep the version that priced them. Requires
    /// PLATFORM_ADMIN.
    async fn publish_rate_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new version of the rate card.")] input: PublishRateCardInput,
    ) -> Result<PublishRateCardPayload, ApiError> {
        let by = viewer_of(ctx, "publishRateCard")?.actor();
        let new = PublishRateCard {
            code: input.code,
            description: input.description,
            credit_value: input.credit_value.amount.0,
            currency_code: input.credit_value.currency_code.0,
            rates: input.rates.into_iter().map(Into::into).collect(),
        };
        let (rate_card, user_errors) = payload(services(ctx)?.publish_rate_card(&by, new).await)?;
        Ok(PublishRateCardPayload {
            rate_card: rate_card.map(RateCard),
            user_errors,
        })
    }
}

impl From<RateInput> for NewRate {
    fn from(input: RateInput) -> Self {
        let rate = |channel| match channel {
            Channel::Sms => input.sms.as_ref(),
            Channel::Mms => input.mms.as_ref(),
        };
        let rates = Channel::ALL
            .into_iter()
            .filter_map(|channel| Some((channel, rate(channel)?.0.clone())));
        Self {
            country: input.country_code.map(|code| code.0),
            rates: rates.collect(),
            languages: input
                .national_languages
                .into_iter()
                .map(Language::from)
                .collect(),
            reference: input.concatenation_reference.into(),
        }
    }
}
