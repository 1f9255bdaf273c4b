//! Quotes: what a message would cost now, and whether it can be paid for.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};
use domain::{
    distribution,
    personal::{self, Tallied},
    quote::Line,
};
use entity::message_line;

use super::{
    credit_package::CreditPackage,
    destination::{DestinationInput, count as int},
    errors::ApiError,
    guard::may_read,
    money::Money,
    rate_card::RateCard,
    request::{id, optional_id, services, viewer, viewer_of},
    scalars::{CountryCode, Credits, PhoneNumber},
    segmentation::{MediaInput, Segmentation, content},
    text_warning::TextWarning,
};
use crate::operations::{
    self, OperationError, Path, audience::Audience, phone_number::Accept, pricing::Draft,
    segmentation::NewContent,
};

/// Who is reached. Exactly one of these.
#[derive(Debug, Clone, OneofObject, serde::Serialize)]
pub enum AudienceInput {
    /// The contacts of a list.
    ListId(ID),
    /// Telephone numbers, at most 10,000; one that comes twice is reached and paid for once. A number that can't
    /// receive a message is refused with its position and the reason.
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
    accept_landlines: bool,
    content: NewContent,
) -> Result<Draft, OperationError> {
    Ok(Draft {
        list: optional_id(list, &Path::input("listId"), "list")?,
        audience: audience.map(AudienceInput::read).transpose()?,
        accept: Accept::landlines(accept_landlines),
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
    /// Whether landlines among `audience.recipients` are accepted. They are refused otherwise, because most receive no
    /// messages. Numbers that never do, such as premium-rate and toll-free ones, are always refused.
    #[graphql(default)]
    accept_landlines: bool,
    /// What it says; at most 40,000 characters. A merge field is `{{name}}` or `{{name|fallback}}`, at most 50
    /// different ones, and any other double brace is refused: for a list with stored contacts each contact's own text is counted, for any other audience a
    /// field counts as its fallback.
    text: String,
    /// Any makes it an MMS; at most 10.
    #[graphql(default)]
    media: Vec<MediaInput>,
    /// Where that saves segments, compose letters with their combining accents, make CRLF line ends LF, and swap
    /// typographic characters for their GSM-7 likes.
    #[graphql(default)]
    smart_encoding: bool,
    /// With smartEncoding, take accents off letters that GSM-7 lacks too, where that saves more segments. It
    /// changes how words are spelt; without smartEncoding it does nothing.
    #[graphql(default)]
    strip_accents: bool,
}

/// What a message would cost.
#[derive(Debug)]
pub struct Quote(pub operations::quote::Quote);

/// What a message would cost now: to the last digit what sending it at the same instant would charge.
#[Object]
impl Quote {
    /// How the text is cut, with merge fields as their fallbacks: in the destination of the most recipients,
    /// the first by code among equals, of those that are served where any is. Destinations may differ, as the rate
    /// card says; lines tell each one's segments.
    async fn segmentation(&self) -> Result<Segmentation, ApiError> {
        let message = &self.0.message;
        Ok(message.content.segments(&message.options)?.into())
    }

    /// Whether the text has merge fields and each stored contact's own text was counted. False where it has none,
    /// and where its fields count as their fallbacks because the contacts are not stored.
    async fn personalised(&self) -> bool {
        self.0.message.tallied().is_some()
    }

    /// How many recipients get how many segments and what they cost, the fewest segments first; of those that can
    /// be reached. One row for a text without merge fields, unless destinations cut it differently.
    async fn distribution(&self) -> Vec<SegmentShare> {
        let shares = self.0.message.distribution();
        shares.into_iter().map(Into::into).collect()
    }

    /// The text of the fewest segments, and of those the fewest characters, that a contact gets. Null unless
    /// personalised, and if no contact can be reached. Not for SENDER keys, which get null and FORBIDDEN.
    async fn shortest(&self, ctx: &Context<'_>) -> Option<Result<PersonalText, ApiError>> {
        self.personal(ctx, "shortest", |tallied| tallied.shortest.as_ref())
    }

    /// The text of the most segments, and of those the most characters, that a contact gets. Null unless
    /// personalised, and if no contact can be reached. Not for SENDER keys, which get null and FORBIDDEN.
    async fn longest(&self, ctx: &Context<'_>) -> Option<Result<PersonalText, ApiError>> {
        self.personal(ctx, "longest", |tallied| tallied.longest.as_ref())
    }

    /// What in the text looks like a tag of another system, such as `*|FNAME|*` or `{firstName}`: it is sent as it
    /// stands. In the text's order, at most 50.
    async fn warnings(&self) -> Vec<TextWarning> {
        let tags = self.0.message.content.foreign_tags();
        tags.map(Into::into).collect()
    }

    /// The merge fields of the text, each pair of name and fallback once, in the order of the text.
    async fn merge_fields(&self) -> Vec<MergeField> {
        let message = &self.0.message;
        let fields = message.content.template().map(|template| template.fields());
        let fields = fields.into_iter().flatten();
        fields
            .map(|field| MergeField {
                name: field.name.to_owned(),
                fallback: field.fallback.map(str::to_owned),
                lacking: message
                    .tallied()
                    .and_then(|tallied| tallied.lacking.get(field.slot))
                    .copied(),
            })
            .collect()
    }

    /// The places, from 0, of telephone numbers in the audience that came before: each is reached and paid for
    /// once. The first 1,000; empty for other audiences.
    async fn duplicate_recipients(&self) -> Vec<i32> {
        let places = self.0.message.duplicates.iter();
        places
            .map(|place| i32::try_from(*place).unwrap_or(i32::MAX))
            .collect()
    }

    /// The version of the rate card that priced it: the newest of the account's card.
    async fn rate_card(&self) -> RateCard {
        RateCard(self.0.message.card_row.clone())
    }

    /// Recipients that can be reached, and that the credits are for.
    async fn recipients(&self) -> i32 {
        recipients(self.0.message.priced.recipients)
    }

    /// Recipients in countries that the rate card does not serve; they cost nothing.
    async fn unsupported_recipients(&self) -> i32 {
        recipients(self.0.message.priced.unsupported_recipients)
    }

    /// The cost by country and segments, those not served too, by country code and then by segments.
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

    /// How many credits the same would save with smart encoding, exactly; 0 where it would save none, or is asked
    /// for already.
    async fn smart_encoding_saves(&self) -> Result<Credits, ApiError> {
        Ok(self.0.message.smart_encoding_saves()?.into())
    }
}

impl Quote {
    /// A contact's own text, for a viewer who may read what is known of contacts.
    fn personal(
        &self,
        ctx: &Context<'_>,
        field: &str,
        which: impl Fn(&Tallied) -> Option<&personal::PersonalText>,
    ) -> Option<Result<PersonalText, ApiError>> {
        let shown = |own: &personal::PersonalText| {
            let viewer = viewer(ctx)?;
            Ok(PersonalText {
                text: own.text.shown_to(&viewer)?.clone(),
                segmentation: self.0.message.segments_of(own, &viewer)?.into(),
            })
        };
        // Refused before anything is looked at: whether there is such a text tells something too.
        if let Err(refused) = may_read(ctx, "Quote", field) {
            return Some(Err(refused));
        }
        which(self.0.message.tallied()?).map(shown)
    }
}

/// A text as one contact gets it.
#[derive(Debug, Clone, SimpleObject)]
pub struct PersonalText {
    /// The text with the contact's values in the place of its merge fields, as typed otherwise.
    text: String,
    /// How it is cut, with smart encoding where it was asked for.
    segmentation: Segmentation,
}

/// A merge field of a text.
#[derive(Debug, Clone)]
pub struct MergeField {
    name: String,
    fallback: Option<String>,
    /// Stored contacts without a value for it.
    lacking: Option<u64>,
}

/// A merge field of a text.
#[Object]
impl MergeField {
    /// What it is called.
    async fn name(&self) -> &str {
        &self.name
    }

    /// What stands in where nothing is known of a contact; null where none was written, and nothing stands in.
    async fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// How many stored contacts have no value for it, or an empty one, and get the fallback; null unless
    /// personalised. Not for SENDER keys, which get null and FORBIDDEN.
    async fn contacts_without_value(&self, ctx: &Context<'_>) -> Option<Result<i32, ApiError>> {
        let may = may_read(ctx, "MergeField", "contactsWithoutValue");
        may.map(|()| self.lacking.map(recipients)).transpose()
    }
}

/// The recipients that get the same number of segments.
#[derive(Debug, Clone, SimpleObject)]
pub struct SegmentShare {
    /// Segments for each of them.
    segment_count: i32,
    /// How many they are.
    recipients: i32,
    /// Credits for all of them.
    credits: Credits,
}

impl From<distribution::SegmentShare> for SegmentShare {
    fn from(share: distribution::SegmentShare) -> Self {
        Self {
            segment_count: i32::try_from(share.segment_count).unwrap_or(i32::MAX),
            recipients: recipients(share.recipients),
            credits: share.credits.into(),
        }
    }
}

/// The cost of a message in one country, for recipients who get the same number of segments.
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
        let content = content(
            input.text,
            input.media,
            input.smart_encoding,
            input.strip_accents,
        );
        let draft = draft(
            input.list_id.as_ref(),
            Some(input.audience),
            input.accept_landlines,
            content,
        )?;
        Ok(Quote(services(ctx)?.quote(&viewer, account, draft).await?))
    }
}
