//! Quotes: what a message would cost now, and whether it can be paid for.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};
use domain::quote::Line;
use entity::message_line;

use super::{
    credit_package::CreditPackage,
    destination::{DestinationInput, count as int},
    errors::ApiError,
    money::Money,
    request::{id, optional_id, services, viewer_of},
    scalars::{CountryCode, Credits, PhoneNumber},
    segmentation::{MediaInput, Segmentation, content},
};
use crate::operations::{
    self, OperationError, Path, audience::Audience, quote::Draft, segmentation::NewContent,
};

/// Who is reached. Exactly one of these.
#[derive(Debug, Clone, OneofObject, serde::Serialize)]
pub enum AudienceInput {
    /// The contacts of a list.
    ListId(ID),
    /// Telephone numbers, at most 10,000; one that comes twice is reached and paid for once.
    Recipients(Vec<PhoneNumber>),
    /// Head-counts by country, at most 250 rows.
    Destinations(Vec<DestinationInput>),
}

impl AudienceInput {
    fn read(self) -> Result<Audience, OperationError> {
        Ok(match self {
            Self::ListId(list) => {
                let path = Path::input("audience").at("listId");
                Audience::List(id(&list, &path, "list")?)
            }
            Self::Recipients(numbers) => {
                Audience::Numbers(numbers.into_iter().map(|number| number.0).collect())
            }
            Self::Destinations(rows) => {
                Audience::Destinations(rows.into_iter().map(Into::into).collect())
            }
        })
    }
}

/// A message as operations price it.
pub(super) fn draft(
    list: Option<&ID>,
    audience: Option<AudienceInput>,
    content: NewContent,
) -> Result<Draft, OperationError> {
    Ok(Draft {
        list: optional_id(list, &Path::input("listId"), "list")?,
        audience: audience.map(AudienceInput::read).transpose()?,
        content,
    })
}

/// A message to quote.
#[derive(Debug, InputObject)]
pub struct QuoteInput {
    /// Whose; the viewer's own account where left out.
    account_id: Option<ID>,
    /// The list whose credits would be spent, where the audience is not itself a list. Without a list the
    /// unassigned credits would be.
    list_id: Option<ID>,
    /// Who would be reached.
    audience: AudienceInput,
    /// What it says; at most 40,000 characters. A merge field, `{{name}}` or `{{name|fallback}}`, counts as
    /// its fallback.
    text: String,
    /// Any makes it an MMS; at most 10.
    #[graphql(default)]
    media: Vec<MediaInput>,
    /// Swap typographic characters for their GSM-7 likes where that saves segments.
    #[graphql(default)]
    smart_encoding: bool,
}

/// What a message would cost.
#[derive(Debug)]
pub struct Quote(pub operations::quote::Quote);

/// What a message would cost now: to the last digit what sending it at the same instant would charge.
#[Object]
impl Quote {
    /// How the text is cut, with merge fields as their fallbacks.
    async fn segmentation(&self) -> Result<Segmentation, ApiError> {
        Ok(self.0.message.content.segments()?.into())
    }

    /// Recipients that can be reached, and that the credits are for.
    async fn recipients(&self) -> i32 {
        recipients(self.0.message.priced.recipients)
    }

    /// Recipients in countries that the rate card does not serve; they cost nothing.
    async fn unsupported_recipients(&self) -> i32 {
        recipients(self.0.message.priced.unsupported_recipients)
    }

    /// The cost by country, those not served too, by country code.
    async fn lines(&self) -> Vec<QuoteLine> {
        self.0.message.priced.lines.iter().map(Into::into).collect()
    }

    /// What it would cost: the sum of the lines.
    async fn credits(&self) -> Credits {
        self.0.message.priced.credits.into()
    }

    /// What the credits are worth, rounded once, half-even, to the currency's minor unit.
    async fn cost(&self) -> Result<Money, ApiError> {
        Ok(self.0.cost()?.into())
    }

    /// What the list could spend when this was answered.
    async fn available(&self) -> Credits {
        self.0.available.into()
    }

    /// Whether that is enough.
    async fn sufficient(&self) -> bool {
        self.0.shortfall().is_zero()
    }

    /// What is missing; 0 where there is enough.
    async fn shortfall(&self) -> Credits {
        self.0.shortfall().into()
    }

    /// The smallest package for sale in the account's currency that covers the shortfall; null where nothing
    /// is missing, or where none does.
    async fn suggested_package(
        &self,
        ctx: &Context<'_>,
    ) -> Option<Result<CreditPackage, ApiError>> {
        let found = async { Ok(services(ctx)?.package_for(&self.0).await?) };
        let found: Result<_, ApiError> = found.await;
        found.transpose().map(|row| row.map(CreditPackage))
    }

    /// How many credits the same would save with smart encoding; 0 where it would save none, or is asked
    /// for already.
    async fn smart_encoding_saves(&self) -> Result<Credits, ApiError> {
        Ok(self.0.smart_encoding_saves()?.into())
    }
}

/// The cost of a message in one country.
#[derive(Debug, Clone, SimpleObject)]
pub struct QuoteLine {
    /// Where its recipients are.
    country_code: CountryCode,
    /// How many they are.
    recipients: i32,
    /// Segments for each of them.
    segment_count: i32,
    /// Credits for a segment to a recipient; null where the destination is not served.
    credits_per_segment: Option<Credits>,
    /// recipients × segmentCount × creditsPerSegment; 0 where the destination is not served.
    credits: Credits,
}

impl From<&Line> for QuoteLine {
    fn from(line: &Line) -> Self {
        Self {
            country_code: CountryCode(line.country.to_string()),
            recipients: recipients(line.recipients),
            segment_count: i32::try_from(line.segment_count).unwrap_or(i32::MAX),
            credits_per_segment: line.credits_per_segment.map(Into::into),
            credits: line.credits.into(),
        }
    }
}

impl From<message_line::Model> for QuoteLine {
    fn from(row: message_line::Model) -> Self {
        Self {
            country_code: CountryCode(row.country_code),
            recipients: int(row.recipients),
            segment_count: row.segment_count,
            credits_per_segment: row.units_per_segment.map(Credits::from_units),
            credits: Credits::from_units(row.units),
        }
    }
}

/// A head-count as GraphQL's `Int`, which is where head-counts end.
fn recipients(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The root field that quotes.
#[derive(Debug, Default)]
pub struct QuoteQuery;

#[Object]
impl QuoteQuery {
    /// What a message would cost now, and whether the list may spend it.
    async fn quote(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message.")] input: QuoteInput,
    ) -> Result<Quote, ApiError> {
        let viewer = viewer_of(ctx, "quote")?;
        let path = Path::input("accountId");
        let account = optional_id(input.account_id.as_ref(), &path, "account")?;
        let content = content(input.text, input.media, input.smart_encoding);
        let draft = draft(input.list_id.as_ref(), Some(input.audience), content)?;
        Ok(Quote(services(ctx)?.quote(&viewer, account, draft).await?))
    }
}
