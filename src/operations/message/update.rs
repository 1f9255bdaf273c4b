//! Changing a scheduled message (law H4).
//!
//! Here: what it becomes, and whether it is priced anew. Not here: the judgment whether it may
//! still be changed, and moving its hold ([`crate::ledger`]).

use std::convert::Infallible;

use domain::{
    credits::Credits,
    id::{AccountId, ListId, MessageId},
    segmentation::Options,
};
use entity::{message, message_audience, rate_card, sql_enums};
use serde::Serialize;

use super::{
    Done, MIN_PRICINGS,
    parts::{Frame, check_content, check_reach, frame},
    refuse_to_nobody,
};
use crate::{
    fair::Urgency,
    ledger::{MessageUpdate, NewMessage, Plan, Priced, Refused, RequestKind},
    operations::{
        OperationError, Path, Services, Viewer,
        audience::Audience,
        contact_list::DestinationRow,
        idempotency,
        phone_number::Accept,
        pricing::Draft,
        segmentation::{Media, NewContent},
        together::Together,
    },
    store,
};

/// The input of `updateMessage`. What is `None` stays as it is.
#[derive(Debug, Clone)]
pub struct UpdateMessageInput {
    /// The message.
    pub message: MessageId,
    /// The name that people see.
    pub name: Option<String>,
    /// The instant at which it is to be sent.
    pub send_at: Option<String>,
    /// The list whose credits pay, and whose recipients it is for without an audience.
    pub list: Option<ListId>,
    /// The recipients.
    pub audience: Option<Audience>,
    /// The types of line that are accepted among telephone numbers.
    pub accept: Accept,
    /// The text.
    pub text: Option<String>,
    /// The media files.
    pub media: Option<Vec<Media>>,
    /// Whether smart encoding is asked for.
    pub smart_encoding: Option<bool>,
    /// Whether accents may be removed.
    pub strip_accents: Option<bool>,
    /// Whether a message without text and media is accepted.
    pub allow_empty: bool,
    /// The most that the message may cost; it is refused if it costs more.
    pub max_credits: Option<String>,
    /// The idempotency key, unique in the account.
    pub idempotency_key: String,
}

impl UpdateMessageInput {
    /// Whether its content or its recipients change, so that it is priced anew.
    fn reprices(&self) -> bool {
        self.list.is_some()
            || self.audience.is_some()
            || self.text.is_some()
            || self.media.is_some()
            || self.smart_encoding.is_some()
            || self.strip_accents.is_some()
    }

    /// The path of what asks for credits.
    fn amount(&self) -> Path {
        Path::input(if self.list.is_some() {
            "listId"
        } else if self.audience.is_some() {
            "audience"
        } else if self.text.is_some() {
            "text"
        } else if self.media.is_some() {
            "media"
        } else {
            "messageId"
        })
    }
}

impl Services {
    /// Changes a scheduled message. If its content or its recipients change, it is priced anew by
    /// the account's rate card, and its hold moves in the same step.
    ///
    /// # Errors
    /// `NotFound` at the message, those of [`Services::add_message`], and `Conflict` if the message
    /// is no longer scheduled or its sendAt has come. Then nothing was changed.
    pub async fn update_message(
        &self,
        viewer: &Viewer,
        update: UpdateMessageInput,
        arguments: &impl Serialize,
    ) -> Result<Done, OperationError> {
        let seen = match self.seen_message(viewer, update.message).await {
            Ok(seen) => seen,
            Err(unknown) => return Err(self.all_refusals(unknown, update).await),
        };
        let account = AccountId::new(seen.account_id);
        let path = Path::input("messageId");
        let (_, card) = self
            .charged_account_for(viewer, Some(account), &path)
            .await?;
        let arguments = (seen.id, arguments);
        let key = match idempotency::key(&update.idempotency_key, "updateMessage", &arguments) {
            Ok(key) => key,
            Err(wrong) => {
                let kind = self.message_update(seen, card, update).await;
                let (_, never) = (kind, Err::<Infallible, _>(wrong)).together()?;
                match never {}
            }
        };
        let amount = update.amount();
        // It is read and priced again if it, or its list, was changed meanwhile.
        for _ in 0..MIN_PRICINGS {
            let row = self.seen_message(viewer, update.message).await?;
            let kind = self.message_update(row, card.clone(), update.clone()).await;
            if let Some(done) = self
                .try_submit(viewer, account, kind, key.clone(), &amount)
                .await?
            {
                return Ok(done);
            }
        }
        Err(OperationError::RateLimited)
    }

    fn update_frame(&self, update: &UpdateMessageInput) -> Result<Frame, OperationError> {
        frame(
            update.name.as_deref(),
            update.send_at.as_deref(),
            update.max_credits.as_deref(),
            self.clock().now(),
        )
    }

    /// Everything that is wrong with the change of a message that isn't known.
    async fn all_refusals(
        &self,
        unknown: OperationError,
        update: UpdateMessageInput,
    ) -> OperationError {
        let key = idempotency::key(&update.idempotency_key, "updateMessage", &());
        let frame = self.update_frame(&update);
        let content = check_content(NewContent {
            text: update.text.unwrap_or_default(),
            media: update.media.unwrap_or_default(),
            options: Options::default(),
        });
        let reach = check_reach(update.list, update.audience, update.accept).await;
        let unknown = Err::<Infallible, _>(unknown);
        match (unknown, frame, content, reach, key).together() {
            Ok((never, ..)) => match never {},
            Err(all) => all,
        }
    }

    async fn message_update(
        &self,
        row: message::Model,
        card: rate_card::Model,
        update: UpdateMessageInput,
    ) -> Result<RequestKind, OperationError> {
        if row.status != sql_enums::MessageStatus::Scheduled {
            let gone = domain::book::Refusal::NotHeld;
            let gone = Refused::Book(gone).into();
            return Err(OperationError::from_ledger(gone, &update.amount()));
        }
        let frame = self.update_frame(&update);
        let list = row.list_id.map(ListId::new);
        let priced = match update.reprices() {
            true => self.priced_anew(&row, card, update).await.map(Some),
            false => Ok(None),
        };
        let ((name, send_at, max_credits), priced) = (frame, priced).together()?;
        let cost = match &priced {
            Some(priced) => priced.new.price.credits,
            None => Credits::from_units(row.units),
        };
        if max_credits.is_some_and(|max| cost > max) {
            let message = text!("The message would cost {cost} credits.", cost = cost);
            return Err(Path::input("maxCredits").invalid(message).into());
        }
        Ok(RequestKind::Update(Box::new(MessageUpdate {
            message: MessageId::new(row.id),
            list,
            name,
            send_at,
            priced,
        })))
    }

    /// The message with its new content and recipients, priced by the rate card.
    async fn priced_anew(
        &self,
        row: &message::Model,
        card: rate_card::Model,
        update: UpdateMessageInput,
    ) -> Result<Priced, OperationError> {
        let account = AccountId::new(row.account_id);
        let (id, list) = (MessageId::new(row.id), row.list_id.map(ListId::new));
        let contacts = match list {
            Some(list) => {
                let reader = self.store().reader();
                store::message_audience::find(reader, (account, list), id).await?
            }
            None => None,
        };
        let keeps_text = update.text.is_none();
        let keeps_media = update.media.is_none();
        let allow_empty = update.allow_empty || (keeps_text && update.media.is_none());
        let draft = draft(row, contacts.as_ref(), update)?;
        let message = self
            .price_message((account, card), draft, Urgency::Urgent)
            .await?;
        if !allow_empty {
            message.content.refuse_empty()?;
        }
        refuse_to_nobody(&message)?;
        let mut new = NewMessage {
            audience: message.stored_contacts(),
            ..message.planned(id)?
        };
        if keeps_media {
            new.media.clone_from(&row.media);
        }
        Ok(Priced {
            new,
            plan: Plan::of(row),
            text: row.text.clone(),
            audience: contacts,
        })
    }
}

/// The message as it is to be priced: what the update leaves out is as it was.
fn draft(
    row: &message::Model,
    contacts: Option<&message_audience::Model>,
    update: UpdateMessageInput,
) -> Result<Draft, OperationError> {
    let own = row.list_id.map(ListId::new);
    let (list, audience) = match (update.list, update.audience) {
        (list, Some(audience @ Audience::List(_))) => (list, Some(audience)),
        (list, Some(audience)) => (list.or(own), Some(audience)),
        (Some(list), None) => (Some(list), None),
        // The stored contacts of its list, as of now.
        (None, None) if contacts.is_some() => (own, None),
        (None, None) => (own, Some(Audience::Destinations(planned(row)?))),
    };
    let was = |asked: fn(&message_audience::Model) -> bool| contacts.is_some_and(asked);
    let options = Options {
        smart_encoding: (update.smart_encoding).unwrap_or_else(|| was(|row| row.smart_encoding)),
        strip_accents: (update.strip_accents).unwrap_or_else(|| was(|row| row.strip_accents)),
        ..Options::default()
    };
    Ok(Draft {
        list,
        audience,
        accept: update.accept,
        content: NewContent {
            text: update.text.unwrap_or_else(|| row.text.clone()),
            media: update.media.unwrap_or_else(|| kept_media(row)),
            options,
        },
    })
}

/// What stands for the media of a message that keeps them while it is priced: that there are some
/// makes it an MMS, and nothing else of them is charged.
fn kept_media(row: &message::Model) -> Vec<Media> {
    match row.channel {
        sql_enums::Channel::Sms => Vec::new(),
        sql_enums::Channel::Mms => vec![Media {
            content_type: "application/octet-stream".to_owned(),
            url: None,
            size_bytes: None,
        }],
    }
}

/// The recipients that a message was priced for, by country.
fn planned(row: &message::Model) -> Result<Vec<DestinationRow>, OperationError> {
    let broken = || OperationError::broken(format!("message {} has an unsound line", row.id));
    let lines = store::message_line::of(row).map_err(|_| broken())?;
    let mut rows: Vec<DestinationRow> = Vec::new();
    for line in lines {
        let recipients = i32::try_from(line.recipients).map_err(|_| broken())?;
        match rows.last_mut() {
            // Lines are in the order of countries.
            Some((country, sum)) if *country == line.country_code => {
                *sum = sum.checked_add(recipients).ok_or_else(broken)?;
            }
            Some(_) | None => rows.push((line.country_code, recipients)),
        }
    }
    Ok(rows)
}
