//! The inputs of the fields and mutations of messages.

use async_graphql::{ID, InputObject};
use domain::id::ListId;

use super::MessageStatus;
use crate::{
    graphql::{
        actor::ActorFilterInput,
        destination::DestinationInput,
        engine::{
            ids::PublicId,
            request::{id, optional_id},
        },
        quote::{AudienceInput, draft},
        scalars::{Credits, DateTime},
        segmentation::{MediaInput, content},
        sorting::MessageSortKey,
    },
    operations::{
        Path,
        last_change::AskedLastChanges,
        message::{
            self as operations, AskedMessages, AskedScheduled, MessageSort, NewMessageInput,
        },
        phone_number::Accept,
    },
};

/// The conditions that listed messages meet. A condition that is left out doesn't restrict the
/// list.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "MessageFilter")]
pub struct MessageFilterInput {
    /// Returns only messages of this list.
    pub(super) list_id: Option<ID>,
    /// Returns only messages with one of these statuses.
    pub(super) statuses: Option<Vec<MessageStatus>>,
    /// Returns only messages that this actor sent or scheduled.
    pub(super) actor: Option<ActorFilterInput>,
    /// Returns only messages with a sendAt at or after this instant.
    pub(super) from: Option<DateTime>,
    /// Returns only messages with a sendAt before this instant.
    pub(super) to: Option<DateTime>,
    /// Returns only messages that were charged at or after this instant: what reports count.
    pub(super) sent_from: Option<DateTime>,
    /// Returns only messages that were charged before this instant. With `sentFrom` at the start of
    /// a report's bucket and this at the next one's, these are the messages that the bucket counts.
    pub(super) sent_to: Option<DateTime>,
    /// Returns only messages with an updatedAt at or after this instant. To fetch what changed
    /// since the last time, give the latest updatedAt known less one minute: a change gets its
    /// instant before it can be seen, and the clocks of servers may differ.
    pub(super) updated_from: Option<DateTime>,
    /// Returns only messages with an updatedAt before this instant.
    pub(super) updated_to: Option<DateTime>,
    /// Returns only messages whose name or text contains this, ignoring case in every script; at
    /// most 200 characters.
    pub(super) search: Option<String>,
}

impl MessageFilterInput {
    /// Reads the conditions of a list in an order.
    pub(super) fn read(self, sort: MessageSortKey) -> AskedMessages {
        AskedMessages {
            sort: sort.into(),
            ..self.read_at(&Path::argument("filter"))
        }
    }

    /// Reads the conditions at a path.
    pub(in crate::graphql) fn read_at(self, path: &Path) -> AskedMessages {
        AskedMessages {
            list: self.list_id.map(|id| ListId::decode(&id)),
            status: self
                .statuses
                .map(|statuses| statuses.into_iter().map(Into::into).collect()),
            actor: (self.actor).map(|actor| actor.read_at(path.at("actor"))),
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
            sent_from: self.sent_from.map(|at| at.0),
            sent_to: self.sent_to.map(|at| at.0),
            changed: AskedLastChanges {
                from: self.updated_from.map(|at| at.0),
                to: self.updated_to.map(|at| at.0),
            },
            search: self.search,
            sort: MessageSort::default(),
        }
    }
}

/// The conditions that listed scheduled messages meet. A condition that is left out doesn't
/// restrict the list.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "ScheduledMessageFilter")]
pub struct ScheduledMessageFilterInput {
    /// Returns only messages of this list.
    list_id: Option<ID>,
    /// Returns only messages with a sendAt at or after this instant.
    from: Option<DateTime>,
    /// Returns only messages with a sendAt before this instant.
    to: Option<DateTime>,
}

impl ScheduledMessageFilterInput {
    /// Reads the conditions.
    pub(super) fn read(self) -> AskedScheduled {
        AskedScheduled {
            list: self.list_id.map(|id| ListId::decode(&id)),
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
        }
    }
}

/// A message to schedule or to send.
pub(super) trait NewMessageArguments: serde::Serialize {
    /// Reads what is asked for.
    fn read(self) -> NewMessageInput;
}

/// The inputs that add a message, which differ in `sendAt` alone.
macro_rules! new_message_inputs {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident { $($(#[doc = $at_doc:literal])* $send_at:ident)? }
    )*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, InputObject, serde::Serialize)]
        pub struct $name {
            /// The account. If it is left out, the viewer's own account is used; platform roles
            /// must name one.
            #[serde(skip)]
            pub(super) account_id: Option<ID>,
            /// The list whose credits pay. If it is left out, the unassigned credits pay.
            pub(super) list_id: Option<ID>,
            /// The recipients. If it is left out, the recipients of the list.
            pub(super) audience: Option<AudienceInput>,
            /// Whether landlines among `audience.recipients` are accepted. They are refused
            /// otherwise, because most receive no messages. Numbers that never do, such as
            /// premium-rate and toll-free ones, are always refused.
            #[graphql(default)]
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            pub(super) accept_landlines: bool,
            /// The name that people see, of 1 to 200 characters.
            pub(super) name: Option<String>,
            /// The text, of at most 40,000 characters. A merge field is `{{name}}` or
            /// `{{name|fallback}}`, with at most 50 different ones; any other double brace is
            /// refused. For a list with stored contacts each contact's own text is charged; for
            /// other audiences a field counts as its fallback.
            pub(super) text: String,
            /// The media files, at most 10. Any media makes the message an MMS.
            #[graphql(default)]
            pub(super) media: Vec<MediaInput>,
            /// Whether to compose letters with their combining accents, turn CRLF into LF, and
            /// replace typographic characters by similar GSM-7 ones, if that saves segments.
            #[graphql(default)]
            pub(super) smart_encoding: bool,
            /// With smartEncoding, whether to also remove accents from letters that GSM-7 lacks, if
            /// that saves more segments. It changes the spelling of words. Without smartEncoding it
            /// has no effect.
            #[graphql(default)]
            // Left out if it is false, so that keys of requests from before the field existed stand
            // for the same.
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            pub(super) strip_accents: bool,
            /// Whether to accept a message without text and media. It is refused otherwise.
            #[graphql(default)]
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            pub(super) allow_empty: bool,
            $(
                $(#[doc = $at_doc])*
                pub(super) $send_at: DateTime,
            )?
            /// The most that the message may cost. It is refused if it costs more.
            pub(super) max_credits: Option<Credits>,
            /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments
            /// does nothing again: the answer has `replayed`, and the message and the balance as
            /// they are now. With other arguments it is refused with IDEMPOTENCY_KEY_REUSED. It
            /// ends after 90 days, unless the platform keeps keys for another time, but not while
            /// its message is scheduled: then it is a new one.
            #[serde(skip)]
            pub(super) idempotency_key: String,
        }

        impl NewMessageArguments for $name {
            fn read(self) -> NewMessageInput {
                let content = content(
                    self.text,
                    self.media,
                    self.smart_encoding,
                    self.strip_accents,
                );
                NewMessageInput {
                    account: optional_id(self.account_id.as_ref()),
                    draft: draft(
                        self.list_id.as_ref(),
                        self.audience,
                        self.accept_landlines,
                        content,
                    ),
                    name: self.name,
                    allow_empty: self.allow_empty,
                    send_at: [$(self.$send_at.0)?].into_iter().next(),
                    max_credits: self.max_credits.map(|credits| credits.0),
                    idempotency_key: self.idempotency_key,
                }
            }
        }
    )*};
}

new_message_inputs! {
    /// The message to schedule, and its recipients.
    ScheduleMessageInput {
        /// The instant at which the message is to be sent: in the future, at most two years ahead.
        send_at
    }

    /// The message to send now, and its recipients.
    SendMessageInput {}
}

/// A scheduled message, and what was sent of it.
#[derive(Debug, InputObject)]
pub struct SettleMessageInput {
    /// The scheduled message.
    pub(super) message_id: ID,
    /// What went out by country, at most 250 rows; for platform roles and SENDER keys only. If left
    /// out, everybody whom it was scheduled for is charged, whoever asks; if the server settles,
    /// less those who have left the list. If nothing went out (no rows, or 0 recipients in each),
    /// the message is CANCELED before its sendAt if the server settles, and SENT for 0 credits if
    /// the sending service does. From sendAt on a report of a message that the server settles is
    /// refused with CONFLICT: leave sent out, or wait for the server. If recipients of a country
    /// get different numbers of segments, its head-count is split over them in their proportion, by
    /// largest remainder; a country that was not planned counts the most segments that any
    /// recipient gets.
    pub(super) sent: Option<Vec<DestinationInput>>,
    /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments does
    /// nothing again: the answer has `replayed`, and the message and the balance as they are now.
    /// With other arguments it is refused with IDEMPOTENCY_KEY_REUSED.
    pub(super) idempotency_key: String,
}

/// The scheduled message to cancel.
#[derive(Debug, InputObject)]
pub struct CancelMessageInput {
    /// The scheduled message.
    pub(super) message_id: ID,
    /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments does
    /// nothing again: the answer has `replayed`, and the message and the balance as they are now.
    /// With other arguments it is refused with IDEMPOTENCY_KEY_REUSED.
    pub(super) idempotency_key: String,
}

/// The changes of a scheduled message. What is left out stays as it is. The message is priced anew,
/// by the rate card in force, if its text, media, encoding, list or audience is given; otherwise
/// its price stays.
#[derive(Debug, InputObject, serde::Serialize)]
pub struct UpdateMessageInput {
    /// The scheduled message.
    #[serde(skip)]
    pub(super) message_id: ID,
    /// The list whose credits pay. Without `audience`, the message is for its recipients.
    pub(super) list_id: Option<ID>,
    /// The recipients. If it is a list, its credits pay. If neither this nor `listId` is given and
    /// the message is priced anew, a message to a list's stored contacts is for its contacts of
    /// now, and any other keeps its number of recipients by country.
    pub(super) audience: Option<AudienceInput>,
    /// Whether landlines among `audience.recipients` are accepted. They are refused otherwise.
    pub(super) accept_landlines: Option<bool>,
    /// The name that people see, of 1 to 200 characters.
    pub(super) name: Option<String>,
    /// The text, of at most 40,000 characters, with merge fields as in scheduleMessage.
    pub(super) text: Option<String>,
    /// The media files, at most 10. Any media makes the message an MMS, and [] makes it an SMS.
    pub(super) media: Option<Vec<MediaInput>>,
    /// Whether to use smart encoding, as in scheduleMessage. The stored text has it applied
    /// already, unless it has merge fields.
    pub(super) smart_encoding: Option<bool>,
    /// With smartEncoding, whether to also remove accents from letters that GSM-7 lacks, if that
    /// saves more segments.
    pub(super) strip_accents: Option<bool>,
    /// Whether to accept a message without text and media. One is refused otherwise.
    pub(super) allow_empty: Option<bool>,
    /// The instant at which the message is to be sent: in the future, at most two years ahead.
    pub(super) send_at: Option<DateTime>,
    /// The most that the message may cost after the change. The change is refused if it costs more.
    pub(super) max_credits: Option<Credits>,
    /// A key of 1 to 255 bytes, unique in the account. The same key with the same arguments does
    /// nothing again: the answer has `replayed`, and the message and the balance as they are now.
    /// With other arguments it is refused with IDEMPOTENCY_KEY_REUSED.
    #[serde(skip)]
    pub(super) idempotency_key: String,
}

impl UpdateMessageInput {
    /// Reads what is asked for.
    pub(super) fn read(self) -> operations::UpdateMessageInput {
        let audience = self.audience.map(AudienceInput::read);
        let media = self
            .media
            .map(|media| media.into_iter().map(Into::into).collect());
        operations::UpdateMessageInput {
            message: id(&self.message_id),
            name: self.name,
            send_at: self.send_at.map(|at| at.0),
            list: optional_id(self.list_id.as_ref()),
            audience,
            accept: Accept::landlines(self.accept_landlines.unwrap_or_default()),
            text: self.text,
            media,
            smart_encoding: self.smart_encoding,
            strip_accents: self.strip_accents,
            allow_empty: self.allow_empty.unwrap_or_default(),
            max_credits: self.max_credits.map(|credits| credits.0),
            idempotency_key: self.idempotency_key,
        }
    }
}
