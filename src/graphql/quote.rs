//! Quotes: what a message would cost now, and whether there are enough credits.
//!
//! Here: the inputs, the quote and its root field. Not here: its parts ([`parts`]), and how a
//! message is priced ([`crate::operations::pricing`]).

mod parts;

use async_graphql::{Context, ID, InputObject, Object, OneofObject};
use domain::{
    id::ContactId,
    personal::{self, Tallied},
};

use self::parts::recipients;
pub use self::parts::{MergeField, PersonalText, QuoteLine, SegmentShare};
use super::{
    allocation::Allocation,
    credit_package::CreditPackage,
    destination::DestinationInput,
    engine::{
        errors::ApiError,
        guard::may_read,
        loaders,
        request::{id, optional_id, services, viewer, viewer_of},
    },
    money::Money,
    rate_card::RateCard,
    scalars::{Credits, PhoneNumber},
    segmentation::{MediaInput, Segmentation, content},
    text_warning::TextWarning,
};
use crate::operations::{
    self, OperationError, Path, allocation::ListAllocation, audience::Audience,
    phone_number::Accept, pricing::Draft, reader::AllocationOf, segmentation::NewContent,
};

/// The recipients of a message: exactly one of these fields.
#[derive(Debug, Clone, OneofObject, serde::Serialize)]
pub enum AudienceInput {
    /// All recipients of this list.
    ListId(ID),
    /// Telephone numbers, at most 10,000. A repeated number is counted once. A number that can't
    /// receive a message is refused with its position and the reason.
    Recipients(Vec<PhoneNumber>),
    /// The number of recipients by country, in at most 250 rows.
    Destinations(Vec<DestinationInput>),
}

impl AudienceInput {
    pub(super) fn read(self) -> Audience {
        match self {
            Self::ListId(list) => Audience::List(id(&list)),
            Self::Recipients(numbers) => {
                Audience::Numbers(numbers.into_iter().map(|number| number.0).collect())
            }
            Self::Destinations(rows) => {
                Audience::Destinations(rows.into_iter().map(Into::into).collect())
            }
        }
    }
}

/// A message as operations price it.
pub(super) fn draft(
    list: Option<&ID>,
    audience: Option<AudienceInput>,
    accept_landlines: bool,
    content: NewContent,
) -> Draft {
    Draft {
        list: optional_id(list),
        audience: audience.map(AudienceInput::read),
        accept: Accept::landlines(accept_landlines),
        content,
    }
}

/// The message to quote and its recipients.
#[derive(Debug, InputObject)]
pub struct QuoteInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// The list whose credits would pay, if the audience isn't a list itself. Without a list, the
    /// unassigned credits would.
    list_id: Option<ID>,
    /// The recipients of the message.
    audience: AudienceInput,
    /// Whether landlines among `audience.recipients` are accepted. They are refused otherwise,
    /// because most receive no messages. Numbers that never do, such as premium-rate and toll-free
    /// ones, are always refused.
    #[graphql(default)]
    accept_landlines: bool,
    /// The text, of at most 40,000 characters. A merge field is `{{name}}` or `{{name|fallback}}`,
    /// with at most 50 different ones; any other double brace is refused. For a list with stored
    /// contacts each contact's own text is counted; for other audiences a field counts as its
    /// fallback.
    text: String,
    /// The media files, at most 10. Any media makes the message an MMS.
    #[graphql(default)]
    media: Vec<MediaInput>,
    /// Whether to compose letters with their combining accents, turn CRLF into LF, and replace
    /// typographic characters by similar GSM-7 ones, if that saves segments.
    #[graphql(default)]
    smart_encoding: bool,
    /// With smartEncoding, whether to also remove accents from letters that GSM-7 lacks, if that
    /// saves more segments. It changes the spelling of words. Without smartEncoding it has no
    /// effect.
    #[graphql(default)]
    strip_accents: bool,
}

/// What a message would cost.
#[derive(Debug)]
pub struct Quote(pub operations::quote::Quote);

/// The cost of a message now, exactly as sending it at the same instant would charge it.
#[Object]
impl Quote {
    /// The segments of the text with merge fields as their fallbacks, in the served destination
    /// with the most recipients, ties by country code. Destinations may differ, as the rate card
    /// says; `lines` has each one's segments.
    async fn segmentation(&self) -> Result<Segmentation, ApiError> {
        let message = &self.0.message;
        Ok(message.content.segments(&message.options)?.into())
    }

    /// Whether each stored contact's own text was counted. False if the text has no merge fields,
    /// or if its fields count as their fallbacks because the contacts aren't stored.
    async fn personalised(&self) -> bool {
        self.0.message.tallied().is_some()
    }

    /// The served recipients and their cost by number of segments, fewest first. A text without
    /// merge fields has one row, unless destinations differ.
    async fn distribution(&self) -> Vec<SegmentShare> {
        let shares = self.0.message.distribution();
        shares.into_iter().map(Into::into).collect()
    }

    /// The contact's text with the fewest segments, then the fewest characters. Null unless
    /// personalised, and if no contact can be reached. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
    /// OWNER, MEMBER or VIEWER.
    async fn shortest(&self, ctx: &Context<'_>) -> Option<Result<PersonalText, ApiError>> {
        self.personal(ctx, "shortest", |tallied| tallied.shortest.as_ref())
    }

    /// The contact's text with the most segments, then the most characters. Null unless
    /// personalised, and if no contact can be reached. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
    /// OWNER, MEMBER or VIEWER.
    async fn longest(&self, ctx: &Context<'_>) -> Option<Result<PersonalText, ApiError>> {
        self.personal(ctx, "longest", |tallied| tallied.longest.as_ref())
    }

    /// The text that a contact gets. Null unless personalised. A contact that isn't in the quoted
    /// list is NOT_FOUND. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn personal_text(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A stored contact of the quoted list.")] contact_id: ID,
    ) -> Option<Result<PersonalText, ApiError>> {
        self.text_for(ctx, &contact_id).await.transpose()
    }

    /// Parts of the text that look like a tag of another system, such as `*|FNAME|*` or
    /// `{firstName}`, and are sent unchanged. At most 50, in the text's order.
    async fn warnings(&self) -> Vec<TextWarning> {
        let tags = self.0.message.content.foreign_tags();
        tags.map(Into::into).collect()
    }

    /// The merge fields of the text in its order, each pair of name and fallback once.
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

    /// The positions, from 0, of repeated telephone numbers in the audience, which are counted
    /// once. The first 1,000; empty for other audiences.
    async fn duplicate_recipients(&self) -> Vec<i32> {
        let places = self.0.message.duplicates.iter();
        places
            .map(|place| i32::try_from(*place).unwrap_or(i32::MAX))
            .collect()
    }

    /// The version of the rate card that prices the message: the newest of the account's card.
    async fn rate_card(&self) -> RateCard {
        RateCard(self.0.message.card_row.clone())
    }

    /// The number of recipients in served countries, which the credits are for.
    async fn recipient_count(&self) -> i32 {
        recipients(self.0.message.priced.recipients)
    }

    /// The number of recipients in countries that the rate card doesn't serve. They cost nothing.
    async fn unsupported_recipient_count(&self) -> i32 {
        recipients(self.0.message.priced.unsupported_recipients)
    }

    /// The cost by country code and number of segments, including countries that aren't served.
    async fn lines(&self) -> Vec<QuoteLine> {
        self.0.message.priced.lines.iter().map(Into::into).collect()
    }

    /// The cost in credits: the sum of the lines.
    async fn credits(&self) -> Credits {
        self.0.message.priced.credits.into()
    }

    /// The cost in money, rounded once, half to even, to the currency's minor unit.
    async fn cost(&self) -> Result<Money, ApiError> {
        Ok(self.0.cost()?.into())
    }

    /// The credits that the list can spend at this moment.
    async fn available(&self) -> Credits {
        self.0.available.into()
    }

    /// Whether the available credits cover the cost.
    async fn sufficient(&self) -> bool {
        self.0.shortfall().is_zero()
    }

    /// The credits that are missing; 0 if there are enough.
    async fn shortfall(&self) -> Credits {
        self.0.shortfall().into()
    }

    /// The smallest package for sale in the account's currency that covers the shortfall. Null if
    /// nothing is missing, if no package covers it, and if the list has a limit of its own: credits
    /// that are bought are unassigned, and reach such a list only when its limit is raised.
    async fn suggested_package(
        &self,
        ctx: &Context<'_>,
    ) -> Option<Result<CreditPackage, ApiError>> {
        let found = async {
            if !self.0.shortfall().is_positive() {
                return Ok(None);
            }
            let allocation = self.list_allocation(ctx).await?;
            if allocation.is_some_and(|allocation| allocation.assigned.is_some()) {
                return Ok(None);
            }
            Ok(services(ctx)?.package_for(&self.0).await?)
        };
        let found: Result<_, ApiError> = found.await;
        found.transpose().map(|row| row.map(CreditPackage))
    }

    /// The credits of the list that would pay, and whether they are its own; null without a list.
    /// If it is LIMITED and credits are missing, its limit has to be raised: `balance.unassigned`
    /// is what there is for that.
    async fn allocation(&self, ctx: &Context<'_>) -> Result<Option<Allocation>, ApiError> {
        let list = self.0.message.list;
        let found = self.list_allocation(ctx).await?;
        Ok(list
            .zip(found)
            .map(|(list, found)| Allocation::of(list, found)))
    }

    /// The exact number of credits that smart encoding would save; 0 if it saves none or is already
    /// on.
    async fn smart_encoding_saves(&self) -> Result<Credits, ApiError> {
        Ok(self.0.message.smart_encoding_saves()?.into())
    }
}

impl Quote {
    async fn list_allocation(&self, ctx: &Context<'_>) -> Result<Option<ListAllocation>, ApiError> {
        let message = &self.0.message;
        let Some(list) = message.list else {
            return Ok(None);
        };
        let account = message.account;
        loaders::load(ctx, AllocationOf { account, list }).await
    }

    async fn text_for(
        &self,
        ctx: &Context<'_>,
        contact: &ID,
    ) -> Result<Option<PersonalText>, ApiError> {
        may_read(ctx, "Quote", "personalText")?;
        let message = &self.0.message;
        if message.tallied().is_none() {
            return Ok(None);
        }
        let (path, what) = (Path::argument("contactId"), text!("contact"));
        let contact: ContactId = id(contact);
        let contact = loaders::load(ctx, contact).await?;
        let contact = contact.filter(|contact| Some(contact.list) == message.list);
        let contact = contact.ok_or_else(|| OperationError::from(path.not_found(what)))?;
        let viewer = viewer(ctx)?;
        let Some(own) = message.text_of(&contact, &viewer)? else {
            return Ok(None);
        };
        Ok(Some(PersonalText {
            segmentation: message.segments_of(&own, &viewer)?.into(),
            text: own.text.shown_to(&viewer)?.clone(),
        }))
    }

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
        // Refused first: whether there is such a text is contacts' data, too.
        if let Err(refused) = may_read(ctx, "Quote", field) {
            return Some(Err(refused));
        }
        which(self.0.message.tallied()?).map(shown)
    }
}

/// The root field that quotes.
#[derive(Debug, Default)]
pub struct QuoteQuery;

#[Object]
impl QuoteQuery {
    /// The cost of a message now, and whether the credits suffice.
    async fn quote(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message and its recipients.")] input: QuoteInput,
    ) -> Result<Quote, ApiError> {
        let viewer = viewer_of(ctx, "quote")?;
        let account = optional_id(input.account_id.as_ref());
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
        );
        Ok(Quote(services(ctx)?.quote(&viewer, account, draft).await?))
    }
}
