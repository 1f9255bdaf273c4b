//! Messages: the node and its connection.
//!
//! Not here: the mutations that schedule, send, settle and cancel them ([`mutation`]), and what
//! these answer ([`payload`]).

mod edges;
mod input;
mod mutation;
mod payload;

pub use self::input::{
    CancelMessageInput, MessageFilterInput, ScheduleMessageInput, ScheduledMessageFilterInput,
    SendMessageInput, SettleMessageInput, UpdateMessageInput,
};
pub use self::mutation::MessageMutation;
pub use self::payload::{
    CancelMessagePayload, ScheduleMessagePayload, SendMessagePayload, SettleMessagePayload,
    UpdateMessagePayload,
};

use std::borrow::Cow;

use async_graphql::{Context, Enum, ID, Object};
use domain::{
    credits::Credits as DomainCredits,
    id::{AccountId, ListId, MessageId, RateCardId},
};
use entity::{message, sql_enums};

use super::{
    account::{self, Account},
    actor::{self, Actor},
    contact_list::ContactList,
    destination::count as int,
    engine::{
        errors::ApiError,
        guard::may_read,
        ids::PublicId,
        loaders,
        paging::{Nodes, connection, window},
        request::reader,
    },
    money::Money,
    quote::QuoteLine,
    rate_card::RateCard,
    scalars::{Credits, DateTime},
    segmentation::{Channel, Encoding, MessageMedia},
    sorting::MessageSortKey,
    transaction::{self, TransactionConnection},
};
use crate::operations::{
    Fault,
    message::{MessageFilter, updated_at},
    rate_card::credit_value,
    reader::{DepartedOf, LinesOf, MediaOf, TextOf, Window},
    segmentation::Media,
};

/// A message that was scheduled or sent.
#[derive(Debug, Clone)]
pub struct Message {
    row: message::Model,
    /// Whether it answers a command of the viewer's, who therefore knows it: then the row has its
    /// text and its media, which are read otherwise when they are asked for.
    answers: bool,
}

impl Message {
    /// As it is, of a row without its text and its media.
    pub(super) fn new(row: message::Model) -> Self {
        Self {
            row,
            answers: false,
        }
    }

    /// After a command of the viewer's.
    fn answering(row: message::Model) -> Self {
        Self { row, answers: true }
    }

    fn key(&self) -> MessageId {
        MessageId::new(self.row.id)
    }

    fn account_key(&self) -> AccountId {
        AccountId::new(self.row.account_id)
    }
}

/// A scheduled, sent or canceled message, with the credits that it holds or cost.
#[Object]
impl Message {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        self.key().encode()
    }

    /// The name that people see; null if it has none, or once it was erased.
    async fn name(&self) -> Option<&str> {
        self.row.name.as_deref()
    }

    /// The list whose credits pay for the message; null if it has no list.
    async fn list(&self, ctx: &Context<'_>) -> Option<Result<ContactList, ApiError>> {
        let list = ListId::new(self.row.list_id?);
        let found = loaders::load(ctx, list).await.transpose()?;
        Some(found.map(ContactList))
    }

    /// The account to which it belongs.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        account::of(ctx, self.account_key()).await
    }

    /// The current state.
    async fn status(&self) -> MessageStatus {
        self.row.status.into()
    }

    /// The channel: MMS if there is media, SMS otherwise.
    async fn channel(&self) -> Channel {
        self.row.channel.into()
    }

    /// The encoding of the text; that of the longest text if recipients get different ones. Null
    /// for an MMS.
    async fn encoding(&self) -> Option<Encoding> {
        self.row.encoding.map(Into::into)
    }

    /// The text as it is sent to the destination with the most recipients, with merge fields not
    /// filled in. Null once it was erased. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER
    /// or VIEWER. SENDER keys see it while the message is scheduled, and in the answer to their own
    /// mutation.
    async fn text(&self, ctx: &Context<'_>) -> Result<Option<Cow<'_, str>>, ApiError> {
        let is_erased = self.row.erased_at.is_some();
        if self.answers {
            return Ok((!is_erased).then_some(Cow::Borrowed(&self.row.text)));
        }
        if self.row.status != sql_enums::MessageStatus::Scheduled {
            may_read(ctx, "Message", "text")?;
        }
        if is_erased {
            return Ok(None);
        }
        let of = TextOf {
            account: self.account_key(),
            message: self.key(),
        };
        let text = loaders::load(ctx, of).await?;
        match text {
            Some(text) => Ok(Some(Cow::Owned(text))),
            None => Err(ApiError::NotFound),
        }
    }

    /// The media files, in the order in which they were given; empty for an SMS. Null once they
    /// were erased with the text, and for an MMS from before the server kept them. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER. SENDER keys see them while the
    /// message is scheduled, and in the answer to their own mutation.
    async fn media(&self, ctx: &Context<'_>) -> Result<Option<Vec<MessageMedia>>, ApiError> {
        if !self.answers && self.row.status != sql_enums::MessageStatus::Scheduled {
            may_read(ctx, "Message", "media")?;
        }
        if self.row.erased_at.is_some() {
            return Ok(None);
        }
        if self.row.channel == sql_enums::Channel::Sms {
            return Ok(Some(Vec::new()));
        }
        let media = if self.answers {
            let broken = |cause| ApiError::internal(Fault::Broken(format!("media: {cause}")));
            let text = self.row.media.as_deref();
            text.map(Media::read_all).transpose().map_err(broken)?
        } else {
            let of = MediaOf {
                account: self.account_key(),
                message: self.key(),
            };
            loaders::load(ctx, of).await?
        };
        Ok(media.map(|media| media.into_iter().map(Into::into).collect()))
    }

    /// The instant at which the name, the text and the media were erased, because the account keeps
    /// them for Account.retentionMonths only, or by erasePerson; null if they were not.
    async fn erased_at(&self) -> Option<DateTime> {
        self.row.erased_at.map(DateTime::from_micros)
    }

    /// The largest number of segments that any recipient gets. `lines` has the number by country.
    async fn segment_count(&self) -> i32 {
        self.row.segment_count
    }

    /// The version of the rate card that priced the message. It also applies to the settlement,
    /// whatever is published later.
    async fn rate_card(&self, ctx: &Context<'_>) -> Result<RateCard, ApiError> {
        let row = loaders::load(ctx, RateCardId::new(self.row.rate_card_id)).await?;
        row.map(RateCard).ok_or(ApiError::NotFound)
    }

    /// The number of recipients that the credits are for: as scheduled, and once settled as sent,
    /// without departedRecipientCount if the server settled it.
    async fn recipient_count(&self) -> i32 {
        int(self.row.recipients)
    }

    /// The number of recipients who left the list after the message was scheduled for its stored
    /// contacts and before its sendAt, including those who aren't served. If the server settles,
    /// they are not charged, and what was held for them is released. 0 for other audiences.
    async fn departed_recipient_count(&self, ctx: &Context<'_>) -> Result<i32, ApiError> {
        let of = DepartedOf {
            account: self.account_key(),
            message: self.key(),
        };
        let departed = loaders::load(ctx, of).await?;
        Ok(int(departed.unwrap_or_default()))
    }

    /// The credits held while the message is scheduled, charged once it is sent, 0 once it is
    /// canceled. The message's last HOLD transaction keeps what was held.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.row.units)
    }

    /// The credits in money, at the rate card's value of a credit, rounded half to even to the
    /// currency's minor unit.
    async fn cost(&self, ctx: &Context<'_>) -> Result<Money, ApiError> {
        let card = loaders::load(ctx, RateCardId::new(self.row.rate_card_id)).await?;
        let card = card.ok_or(ApiError::NotFound)?;
        let cost = credit_value(&card)?.of(DomainCredits::from_units(self.row.units));
        let beyond = || ApiError::internal(Fault::Broken("a message costs too much to say".into()));
        Ok(cost.ok_or_else(beyond)?.into())
    }

    /// The cost by country code and number of segments, including countries that aren't served: as
    /// scheduled, and once settled as sent.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<QuoteLine>, ApiError> {
        let of = LinesOf {
            account: self.account_key(),
            message: self.key(),
        };
        let rows = loaders::load(ctx, of).await?.unwrap_or_default();
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The instant at which the message is to be sent.
    async fn send_at(&self) -> DateTime {
        DateTime::from_micros(self.row.send_at)
    }

    /// The instant at which the message was charged; null if it wasn't charged.
    async fn sent_at(&self) -> Option<DateTime> {
        self.row.sent_at.map(DateTime::from_micros)
    }

    /// Who sent or scheduled it; null for messages from before actors were recorded. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Actor, ApiError>> {
        match may_read(ctx, "Message", "actor") {
            Ok(()) => actor::of(ctx, self.row.account_id, self.row.actor_id)
                .await
                .transpose(),
            Err(error) => Some(Err(error)),
        }
    }

    /// The ledger entries of the message, newest first: what was held, charged and released for it,
    /// and what expired as it came back. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or
    /// VIEWER.
    async fn transactions(&self, ctx: &Context<'_>) -> Result<TransactionConnection, ApiError> {
        may_read(ctx, "Message", "transactions")?;
        let window = window(ctx, Some(self.row.id))?;
        transaction::of_message(ctx, &self.row, window).await
    }

    /// The instant at which the message was scheduled or sent.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.row.created_at)
    }

    /// The instant of its last change: as it was sent, scheduled, updated, settled or canceled, or
    /// as its text was erased. Contacts who leave its list change departedRecipientCount alone, and
    /// not this.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(updated_at(&self.row))
    }
}

connection!(Message, MessageConnection, MessageEdge, "messages");

/// A page of those messages among `all` that are asked for.
pub(super) async fn connection(
    ctx: &Context<'_>,
    all: MessageFilter,
    filter: Option<MessageFilterInput>,
    (sort, window): (MessageSortKey, Window),
) -> Result<MessageConnection, ApiError> {
    let asked = filter.unwrap_or_default().read(sort);
    let messages = reader(ctx)?.messages(all, asked, window).await?;
    Ok(MessageConnection(Nodes::new(messages, Message::new)))
}

/// A page of an account's scheduled messages.
pub(super) async fn scheduled(
    ctx: &Context<'_>,
    account: AccountId,
    filter: Option<ScheduledMessageFilterInput>,
    window: Window,
) -> Result<MessageConnection, ApiError> {
    let asked = filter.unwrap_or_default().read();
    let messages = reader(ctx)?
        .scheduled_messages(account, asked, window)
        .await?;
    Ok(MessageConnection(Nodes::new(messages, Message::new)))
}

/// The status of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::MessageStatus")]
pub enum MessageStatus {
    /// The message holds its credits until it is settled or canceled.
    Scheduled,
    /// The message was charged.
    Sent,
    /// The message was canceled, and its credits were released.
    Canceled,
}
