//! What the fields and mutations of messages are asked for.

use async_graphql::{ID, InputObject};
use domain::id::ListId;

use super::MessageStatus;
use crate::{
    graphql::{
        destination::DestinationInput,
        ids::PublicId,
        quote::AudienceInput,
        scalars::{Credits, DateTime},
        segmentation::MediaInput,
    },
    operations::message::AskedMessages,
};

/// Which messages are listed; a condition that is left out holds for all.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "MessageFilter")]
pub struct MessageFilterInput {
    /// Only those of this list.
    pub(super) list_id: Option<ID>,
    /// Only those that stand so.
    pub(super) status: Option<Vec<MessageStatus>>,
    /// Only those to be sent from this instant on.
    pub(super) from: Option<DateTime>,
    /// Only those to be sent before this instant.
    pub(super) to: Option<DateTime>,
    /// Only those whose name or text contains this, whatever the case; at most 200 characters.
    pub(super) search: Option<String>,
}

impl From<MessageFilterInput> for AskedMessages {
    fn from(input: MessageFilterInput) -> Self {
        Self {
            list: input.list_id.map(|id| ListId::decode(&id)),
            status: input
                .status
                .map(|status| status.into_iter().map(Into::into).collect()),
            from: input.from.map(|at| at.0),
            to: input.to.map(|at| at.0),
            search: input.search,
        }
    }
}

/// A message to schedule.
#[derive(Debug, InputObject, serde::Serialize)]
pub struct ScheduleMessageInput {
    /// Whose; the viewer's own account where left out.
    #[serde(skip)]
    pub(super) account_id: Option<ID>,
    /// The list whose credits pay; the unassigned credits where left out.
    pub(super) list_id: Option<ID>,
    /// Who is reached; the list's own contacts where left out.
    pub(super) audience: Option<AudienceInput>,
    /// Whether landlines among `audience.recipients` are accepted. They are refused otherwise, because most receive no
    /// messages. Numbers that never do, such as premium-rate and toll-free ones, are always refused.
    #[graphql(default)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) accept_landlines: bool,
    /// Its name; 1 to 200 characters.
    pub(super) name: Option<String>,
    /// What it says; at most 40,000 characters. A merge field is `{{name}}` or `{{name|fallback}}`, at most 50
    /// different ones, and any other double brace is refused: for a list with stored contacts each contact's own text is charged, for any other audience a
    /// field counts as its fallback.
    pub(super) text: String,
    /// Any makes it an MMS; at most 10.
    #[graphql(default)]
    pub(super) media: Vec<MediaInput>,
    /// Where that saves segments, compose letters with their combining accents, make CRLF line ends LF, and swap
    /// typographic characters for their GSM-7 likes.
    #[graphql(default)]
    pub(super) smart_encoding: bool,
    /// With smartEncoding, take accents off letters that GSM-7 lacks too, where that saves more segments. It
    /// changes how words are spelt; without smartEncoding it does nothing.
    #[graphql(default)]
    // Left out where it is not asked for: keys of requests from before it was there stand for the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) strip_accents: bool,
    /// Send the message although it has neither text nor media. It is refused otherwise.
    #[graphql(default)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) allow_empty: bool,
    /// When it is to be sent: in the future, and at most two years ahead.
    pub(super) send_at: DateTime,
    /// Refuse where it would cost more than this.
    pub(super) max_credits: Option<Credits>,
    /// Unique in the account: the same key with the same arguments gets the first answer again. 1 to 255
    /// bytes.
    #[serde(skip)]
    pub(super) idempotency_key: String,
}

/// A message to send at once.
#[derive(Debug, InputObject, serde::Serialize)]
pub struct SendMessageInput {
    /// Whose; the viewer's own account where left out.
    #[serde(skip)]
    pub(super) account_id: Option<ID>,
    /// The list whose credits pay; the unassigned credits where left out.
    pub(super) list_id: Option<ID>,
    /// Who is reached; the list's own contacts where left out.
    pub(super) audience: Option<AudienceInput>,
    /// Whether landlines among `audience.recipients` are accepted. They are refused otherwise, because most receive no
    /// messages. Numbers that never do, such as premium-rate and toll-free ones, are always refused.
    #[graphql(default)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) accept_landlines: bool,
    /// Its name; 1 to 200 characters.
    pub(super) name: Option<String>,
    /// What it says; at most 40,000 characters. A merge field is `{{name}}` or `{{name|fallback}}`, at most 50
    /// different ones, and any other double brace is refused: for a list with stored contacts each contact's own text is charged, for any other audience a
    /// field counts as its fallback.
    pub(super) text: String,
    /// Any makes it an MMS; at most 10.
    #[graphql(default)]
    pub(super) media: Vec<MediaInput>,
    /// Where that saves segments, compose letters with their combining accents, make CRLF line ends LF, and swap
    /// typographic characters for their GSM-7 likes.
    #[graphql(default)]
    pub(super) smart_encoding: bool,
    /// With smartEncoding, take accents off letters that GSM-7 lacks too, where that saves more segments. It
    /// changes how words are spelt; without smartEncoding it does nothing.
    #[graphql(default)]
    // Left out where it is not asked for: keys of requests from before it was there stand for the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) strip_accents: bool,
    /// Send the message although it has neither text nor media. It is refused otherwise.
    #[graphql(default)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) allow_empty: bool,
    /// Refuse where it would cost more than this.
    pub(super) max_credits: Option<Credits>,
    /// Unique in the account: the same key with the same arguments gets the first answer again. 1 to 255
    /// bytes.
    #[serde(skip)]
    pub(super) idempotency_key: String,
}

/// What was sent of a scheduled message.
#[derive(Debug, InputObject)]
pub struct SettleMessageInput {
    /// Which message.
    pub(super) message_id: ID,
    /// What went out by country, at most 250 rows; for platform roles and SENDER keys only. If left out, everybody whom it
    /// was scheduled for is charged, whoever asks; if the server settles, less those who have left the list. If nothing
    /// went out (no rows, or 0 recipients in each), the message is CANCELED before its sendAt if the server settles, and
    /// SENT for 0 credits if the sending service does. From sendAt on a report of a message that the server settles is
    /// refused with CONFLICT: leave sent out, or wait for the server. If recipients of a country get different numbers of
    /// segments, its head-count is split over them in their proportion, by largest remainder; a country that was not
    /// planned counts the most segments that any recipient gets.
    pub(super) sent: Option<Vec<DestinationInput>>,
    /// Unique in the account: the same key with the same arguments gets the first answer again. 1 to 255
    /// bytes.
    pub(super) idempotency_key: String,
}

/// Which scheduled message to give up.
#[derive(Debug, InputObject)]
pub struct CancelMessageInput {
    /// Which message.
    pub(super) message_id: ID,
    /// Unique in the account: the same key with the same arguments gets the first answer again. 1 to 255
    /// bytes.
    pub(super) idempotency_key: String,
}
