//! Rate cards: what a segment costs, by destination country; and publishing a new version.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::{country::CountryCode as Country, id::RateCardId, rate, segmentation::Language};
use entity::rate_card;
use futures_util::FutureExt;

use super::{
    errors::ApiError,
    ids::PublicId,
    loaders::{LoadError, Loader, Rows},
    money::{Money, MoneyInput},
    paging::{Nodes, connection, window},
    request::{UserError, payload, services, viewer_of},
    scalars::{CountryCode, Credits, DateTime},
    segmentation::{ConcatenationReference, NationalLanguage},
};
use crate::{
    operations::{
        OperationError, Path, Services,
        credit_package::read_countries,
        rate_card::{NewRate, PublishRateCard, credit_value},
    },
    store::{self, paging::Place},
};

/// One version of a rate card.
#[derive(Debug, Clone)]
pub struct RateCard(pub rate_card::Model);

/// One version of a rate card. It never changes once published.
#[Object]
impl RateCard {
    /// Its id: one version's.
    pub(super) async fn id(&self) -> ID {
        RateCardId::new(self.0.id).encode()
    }

    /// What all versions of the card share.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What people should know of this version; null where nothing was said.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// 1 for the first.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// From when on it counts.
    async fn published_at(&self) -> DateTime {
        DateTime::from_micros(self.0.published_at)
    }

    /// What one credit is worth: exact, with up to 9 fraction digits.
    async fn credit_value(&self) -> Result<Money, ApiError> {
        Ok(credit_value(&self.0)?.into())
    }

    /// What a segment costs, by country code, and last the rate of every country not named. Of the
    /// countries that are asked for each has a row, in the order asked, with the rate that counts there.
    async fn rates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 300 countries; the whole card where left out.")]
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
                    let named = card.rates().get(&country).copied();
                    let rate = named.or(card.fallback()).unwrap_or_default();
                    Rate::new(Some(country), rate)
                })
                .collect(),
            None => {
                let named = card.rates().iter();
                let named = named.map(|(country, rate)| Rate::new(Some(*country), *rate));
                let fallback = card.fallback().map(|rate| Rate::new(None, rate));
                named.chain(fallback).collect()
            }
        })
    }
}

connection!(RateCard, RateCardConnection, RateCardEdge, "rate cards");

impl Loader<RateCardId> for Rows {
    type Value = rate_card::Model;

    async fn load(
        &self,
        ids: &[RateCardId],
    ) -> Result<HashMap<RateCardId, rate_card::Model>, LoadError> {
        let reader = self.services.store.reader();
        let rows = store::rate_card::find_all(reader, ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .map(|row| (RateCardId::new(row.id), row))
            .collect())
    }
}

/// Credits for one segment to one recipient; null for a channel that is not served.
#[derive(Debug, Clone, SimpleObject)]
pub struct Rate {
    /// Where; null for the rate of every country not named.
    country_code: Option<CountryCode>,
    /// For a segment of text.
    sms: Option<Credits>,
    /// For a segment with media.
    mms: Option<Credits>,
    /// The languages whose GSM-7 tables phones and carriers there know: an SMS is sent with them where that saves
    /// segments.
    national_languages: Vec<NationalLanguage>,
    /// How the segments of one SMS are joined there.
    concatenation_reference: ConcatenationReference,
}

impl Rate {
    fn new(country: Option<Country>, rate: rate::Rate) -> Self {
        Self {
            country_code: country.map(|country| CountryCode(country.to_string())),
            sms: rate.sms.map(Into::into),
            mms: rate.mms.map(Into::into),
            national_languages: Language::ALL
                .into_iter()
                .filter(|language| rate.languages.contains(*language))
                .map(Into::into)
                .collect(),
            concatenation_reference: rate.reference.into(),
        }
    }
}

/// The root fields that read rate cards.
#[derive(Debug, Default)]
pub struct RateCardQuery;

#[Object]
impl RateCardQuery {
    /// All versions of all rate cards, the newest first.
    async fn rate_cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<RateCardConnection, ApiError> {
        viewer_of(ctx, "rateCards")?;
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        let services = services(ctx)?;
        let page = store::rate_card::list(services.store.reader(), window).await;
        let counting = services.clone();
        Ok(RateCardConnection(Nodes::new(
            page.map_err(OperationError::from)?,
            |row| Place {
                key: row.published_at,
                id: row.id,
            },
            RateCard,
            move || count(counting.clone()).boxed(),
        )))
    }
}

async fn count(services: Services) -> Result<u64, sea_orm::DbErr> {
    store::rate_card::count(services.store.reader()).await
}

/// What a segment to a country costs.
#[derive(Debug, InputObject)]
pub struct RateInput {
    /// Where; left out in the one row that is for every country not named.
    country_code: Option<CountryCode>,
    /// Credits for a segment of text, at most 1,000,000; left out where SMS is not served.
    sms: Option<Credits>,
    /// Credits for a segment with media, at most 1,000,000; left out where MMS is not served.
    mms: Option<Credits>,
    /// The languages whose GSM-7 tables phones and carriers there know. An SMS is then sent with them where that
    /// saves segments; name only what the destination is known to show well.
    #[graphql(default)]
    national_languages: Vec<NationalLanguage>,
    /// How the segments of one SMS are joined there.
    #[graphql(default_with = "ConcatenationReference::EightBit")]
    concatenation_reference: ConcatenationReference,
}

/// A new version of a rate card.
#[derive(Debug, InputObject)]
pub struct PublishRateCardInput {
    /// What all versions of the card share: 1 to 64 lower-case letters, digits, `-` and `_`. A code that
    /// has no version yet begins a card.
    code: String,
    /// What people should know of this version; 1 to 2,000 characters.
    description: Option<String>,
    /// What one credit is worth; up to 9 fraction digits.
    credit_value: MoneyInput,
    /// What a segment costs, by country; 1 to 300 rows. A country that is named never takes the rate of
    /// those not named.
    rates: Vec<RateInput>,
}

/// What publishRateCard answers.
#[derive(Debug, SimpleObject)]
pub struct PublishRateCardPayload {
    /// The new version; null where it was refused.
    rate_card: Option<RateCard>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that publishes rate cards.
#[derive(Debug, Default)]
pub struct RateCardMutation;

#[Object]
impl RateCardMutation {
    /// Publishes a new version of a rate card; quotes and messages keep the version that they were priced
    /// with. It counts from now on for every account that is charged by the card.
    async fn publish_rate_card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new version.")] input: PublishRateCardInput,
    ) -> Result<PublishRateCardPayload, ApiError> {
        viewer_of(ctx, "publishRateCard")?;
        let new = PublishRateCard {
            code: input.code,
            description: input.description,
            credit_value: input.credit_value.amount.0,
            currency_code: input.credit_value.currency_code.0,
            rates: input.rates.into_iter().map(Into::into).collect(),
        };
        let (rate_card, user_errors) = payload(services(ctx)?.publish_rate_card(new).await)?;
        Ok(PublishRateCardPayload {
            rate_card: rate_card.map(RateCard),
            user_errors,
        })
    }
}

impl From<RateInput> for NewRate {
    fn from(input: RateInput) -> Self {
        Self {
            country: input.country_code.map(|code| code.0),
            sms: input.sms.map(|credits| credits.0),
            mms: input.mms.map(|credits| credits.0),
            languages: input
                .national_languages
                .into_iter()
                .map(Language::from)
                .collect(),
            reference: input.concatenation_reference.into(),
        }
    }
}
