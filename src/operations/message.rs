//! Messages: scheduling, sending, settling and cancelling them.
//!
//! Not here: changing one that is scheduled ([`update`]), and lists of them ([`listing`]).
//!
//! Each takes an idempotency key. A repeated request is answered with the message as it is now,
//! even if it would be refused by now: because its sendAt has passed, the rate card has changed, or
//! the list is archived.

mod charge;
mod listing;
mod parts;
mod submission;
mod update;

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use domain::{
    credits::Credits,
    ending::Asker,
    id::{AccountId, ListId, MessageId},
    quote::Priced,
};
use entity::{message, rate_card};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::Serialize;

pub(super) use self::parts::check_draft;
pub use self::{
    listing::{AskedMessages, AskedScheduled},
    update::UpdateMessageInput,
};
use super::{
    OperationError, Path, RefusalCode, Services, Viewer,
    audience::{self, Audience},
    balance::BalanceAt,
    contact_list::DestinationRow,
    idempotency, input,
    policy::{self, Use},
    pricing::{Draft, PricedMessage},
    reader::WholeMessage,
    together::Together,
};
use parts::{Frame, frame};

pub use crate::store::{
    message::{MessageFilter, MessageSort, updated_at},
    scheduled_message::ScheduledFilter,
};
use crate::{
    clock::whole_micros,
    fair::Urgency,
    ledger::{self, End, MessageCharge, NewMessage, RequestKind},
};

/// How often a message to a list's contacts is priced at least while contacts are being removed
/// from it.
const MIN_PRICINGS: u32 = 5;
/// How long it is priced again, however often that is: removals one by one, each in a request of
/// its own, are faster than a pricing and its turn in the ledger.
const PRICING_PATIENCE: Duration = Duration::from_secs(5);
/// How far ahead a message may be scheduled, in years.
const MAX_YEARS_AHEAD: i64 = 2;

/// The input of `sendMessage` and `scheduleMessage`.
#[derive(Debug, Clone)]
pub struct NewMessageInput {
    /// The account; the viewer's own if it is `None`.
    pub account: Option<AccountId>,
    /// The recipients, the list that pays, and the content.
    pub draft: Draft,
    /// The name that people see.
    pub name: Option<String>,
    /// Whether a message without text and media is accepted.
    pub allow_empty: bool,
    /// The instant at which it is to be sent; `None` for now.
    pub send_at: Option<String>,
    /// The most that it may cost; it is refused if it costs more.
    pub max_credits: Option<String>,
    /// The idempotency key, unique in the account.
    pub idempotency_key: String,
}

/// The result of a command: the message and the balance right after it.
#[derive(Debug)]
pub struct Done {
    /// The message after the command, with its text; as it is now, if the command is a repetition.
    pub message: message::Model,
    /// Whether the command repeats an earlier one, so that nothing was done now (law B4).
    pub replayed: bool,
    /// The list whose credits were held before, if the command moved the message to another one.
    pub previous_list: Option<ListId>,
    /// The balance right after the command; that of now, if the command is a repetition.
    pub balance: BalanceAt,
}

impl Services {
    /// Sends a message, which charges it at once; or schedules it, which holds its credits, if it
    /// has a sendAt. The idempotency key stands for `operation` and `arguments`.
    ///
    /// # Errors
    /// `Invalid` and `NotFound` at the field that can't be used, `UnsupportedDestination` if the
    /// rate card serves none of the recipients, `InsufficientCredits`, `IdempotencyKeyReused`,
    /// `LimitReached` for too many scheduled messages. Then nothing was changed.
    pub async fn add_message(
        &self,
        viewer: &Viewer,
        new: NewMessageInput,
        operation: &str,
        arguments: &impl Serialize,
    ) -> Result<Done, OperationError> {
        let path = Path::input("accountId");
        let charged = self.charged_account_for(viewer, new.account, &path).await;
        let (account, card) = match charged {
            Ok(charged) => charged,
            // What else is wrong is reported too.
            Err(unknown) => {
                let key = idempotency::key(&new.idempotency_key, operation, &());
                let frame = self.frame(&new);
                let draft = check_draft(new.draft).await;
                let unknown = Err::<Infallible, _>(unknown);
                let (never, ..) = (unknown, frame, draft, key).together()?;
                match never {}
            }
        };
        let arguments = (account.id, arguments);
        let key = idempotency::key(&new.idempotency_key, operation, &arguments);
        let account = AccountId::new(account.id);
        let key = match key {
            Ok(key) => key,
            // What else is wrong is reported too.
            Err(wrong) => {
                let kind = self.new_message((account, card), new).await;
                let (_, never) = (kind, Err::<Infallible, _>(wrong)).together()?;
                match never {}
            }
        };
        let amount = match new.draft.list {
            Some(_) => Path::input("listId"),
            None => Path::input("audience"),
        };
        // Only a message that is scheduled for a list's contacts may be priced again. Others keep
        // their telephone numbers uncopied.
        let is_of_list = matches!(new.draft.audience, None | Some(Audience::List(_)));
        if new.send_at.is_some() && is_of_list {
            let began = Instant::now();
            let mut pricings = 1;
            while pricings < MIN_PRICINGS || began.elapsed() < PRICING_PATIENCE {
                pricings += 1;
                let kind = self.new_message((account, card.clone()), new.clone()).await;
                let done = self
                    .try_submit(viewer, account, kind, key.clone(), &amount)
                    .await?;
                if let Some(done) = done {
                    return Ok(done);
                }
            }
        }
        let kind = self.new_message((account, card), new).await;
        self.submit(viewer, account, kind, key, &amount).await
    }

    fn frame(&self, new: &NewMessageInput) -> Result<Frame, OperationError> {
        frame(
            new.name.as_deref(),
            new.send_at.as_deref(),
            new.max_credits.as_deref(),
            self.clock().now(),
        )
    }

    /// Checks a new message and prices it by the account's rate card.
    async fn new_message(
        &self,
        charged: (AccountId, rate_card::Model),
        new: NewMessageInput,
    ) -> Result<RequestKind, OperationError> {
        let frame = self.frame(&new);
        let message = self
            .price_message(charged, new.draft, Urgency::Urgent)
            .await;
        let ((name, send_at, max_credits), message) = (frame, message).together()?;
        if !new.allow_empty {
            message.content.refuse_empty()?;
        }
        refuse_to_nobody(&message)?;
        if max_credits.is_some_and(|max| message.priced.credits > max) {
            let cost = message.priced.credits;
            return Err(Path::input("maxCredits")
                .invalid(text!("The message would cost {cost} credits.", cost = cost))
                .into());
        }
        if send_at.is_some() {
            self.refuse_to_schedule_more(message.account).await?;
        }
        let id = MessageId::new(self.clock().new_id_in(message.account.uuid()));
        let audience = message.stored_contacts().filter(|_| send_at.is_some());
        let new = NewMessage {
            name,
            send_at,
            audience,
            ..message.planned(id)?
        };
        Ok(match send_at {
            Some(_) => RequestKind::Schedule(new),
            None => RequestKind::Send(new),
        })
    }

    /// Charges what was sent of a scheduled message and releases the rest; charges all that is held
    /// if `rows` is `None`. If the server settles the account's messages, a message that is due is
    /// charged in full only (law H3). Only the platform and its sending service report what was
    /// sent (law A3).
    ///
    /// # Errors
    /// `NotFound` at the message, `Invalid` at a row, `Conflict` if the message is no longer
    /// scheduled or is due. Then nothing was changed.
    pub async fn settle_message(
        &self,
        viewer: &Viewer,
        id: MessageId,
        rows: Option<Vec<DestinationRow>>,
        idempotency_key: &str,
    ) -> Result<Done, OperationError> {
        let row = self.seen_message(viewer, id).await;
        let known = row.as_ref().ok().map(|row| row.id);
        let arguments = (known.unwrap_or_default(), &rows);
        let key = idempotency::key(idempotency_key, "settleMessage", &arguments);
        let (mut row, key) = match (row, key) {
            (Ok(row), Ok(key)) => (row, key),
            // What else is wrong is reported too.
            (row, key) => {
                let sent = rows.as_deref().unwrap_or_default();
                let sent = audience::destinations(sent, &Path::input("sent"));
                let (row, _, key) = (row, sent, key).together()?;
                (row, key)
            }
        };
        let account = AccountId::new(row.account_id);
        let amount = match rows {
            Some(_) => Path::input("sent"),
            None => Path::input("messageId"),
        };
        // It is read again if it was changed meanwhile.
        for _ in 1..MIN_PRICINGS {
            let kind = self.settlement(viewer, &row, rows.clone()).await;
            if let Some(done) = self
                .try_submit(viewer, account, kind, key.clone(), &amount)
                .await?
            {
                return Ok(done);
            }
            row = self.seen_message(viewer, id).await?;
        }
        let kind = self.settlement(viewer, &row, rows).await;
        self.submit(viewer, account, kind, key, &amount).await
    }

    /// Cancels a scheduled message and releases its credits.
    ///
    /// # Errors
    /// `NotFound` at the message, `Conflict` if it is no longer scheduled, or is due and the viewer
    /// may not cancel it then. Then nothing was changed.
    pub async fn cancel_message(
        &self,
        viewer: &Viewer,
        id: MessageId,
        idempotency_key: &str,
    ) -> Result<Done, OperationError> {
        let row = self.seen_message(viewer, id).await;
        let known = row.as_ref().ok().map(|row| row.id);
        let key = idempotency::key(idempotency_key, "cancelMessage", &known.unwrap_or_default());
        let (mut row, key) = (row, key).together()?;
        let account = AccountId::new(row.account_id);
        let asker = if policy::may(viewer, Use::CancelAfterSendAt) {
            Asker::Platform
        } else {
            Asker::Account
        };
        let amount = Path::input("messageId");
        // It is read again if it was changed meanwhile.
        for _ in 0..MIN_PRICINGS {
            let kind = RequestKind::End {
                message: id,
                list: row.list_id.map(ListId::new),
                end: End::Cancel(asker),
            };
            let done = self.try_submit(viewer, account, Ok(kind), key.clone(), &amount);
            if let Some(done) = done.await? {
                return Ok(done);
            }
            row = self.seen_message(viewer, id).await?;
        }
        Err(OperationError::RateLimited)
    }

    async fn seen_message(
        &self,
        viewer: &Viewer,
        id: MessageId,
    ) -> Result<message::Model, OperationError> {
        let row = self.reader(viewer.clone()).by_key(WholeMessage(id)).await?;
        row.ok_or_else(|| Path::input("messageId").not_found(text!("message")).into())
    }
}

/// Parses a sendAt: in the future, at most [`MAX_YEARS_AHEAD`] ahead.
fn send_at_after(text: &str, now: Timestamp) -> Result<Timestamp, OperationError> {
    let path = Path::input("sendAt");
    let at = input::instant(text, &path)?;
    if at <= now {
        return Err(path.invalid(text!("Must be in the future.")).into());
    }
    let last = now
        .to_zoned(TimeZone::UTC)
        .checked_add(MAX_YEARS_AHEAD.years())
        .map_or(whole_micros(i64::MAX), |last| last.timestamp());
    if at > last {
        return Err(path
            .invalid(text!(
                "Must be at most {limit} years ahead.",
                limit = MAX_YEARS_AHEAD
            ))
            .into());
    }
    Ok(at)
}

fn refuse_to_nobody(message: &PricedMessage) -> Result<(), OperationError> {
    let path = &message.audience_path;
    if message.priced.recipients > 0 {
        return Ok(());
    }
    Err(if message.priced.unsupported_recipients > 0 {
        path.refuse(
            RefusalCode::UnsupportedDestination,
            text!("The rate card serves none of these recipients."),
        )
    } else {
        path.invalid(text!("Has no recipients."))
    }
    .into())
}

impl PricedMessage {
    /// The stored contacts that it is priced for, if they are its recipients.
    fn stored_contacts(&self) -> Option<ledger::Audience> {
        self.as_of.map(|as_of| ledger::Audience {
            revision: as_of.revision,
            removals: as_of.removals,
            personal: self.tallied().is_some(),
            smart_encoding: self.content.options().smart_encoding,
            strip_accents: self.content.options().strip_accents,
        })
    }

    /// The message for the ledger, without a name, a sendAt and an audience that may leave.
    fn planned(self, id: MessageId) -> Result<NewMessage, OperationError> {
        Ok(NewMessage {
            id,
            list: self.list,
            name: None,
            text: self.content.kept_text(&self.options)?,
            media: self.content.kept_media()?,
            channel: self.count.channel,
            encoding: self.count.encoding,
            segment_count: u32::try_from(self.count.segment_count).unwrap_or(u32::MAX),
            price: price(self.priced),
            rate_card: self.card.id(),
            send_at: None,
            audience: None,
        })
    }
}

fn price(priced: Priced) -> MessageCharge {
    MessageCharge {
        recipients: priced.recipients,
        credits: priced.credits,
        lines: priced.lines,
    }
}

/// The credits that a message holds or cost.
#[must_use]
pub fn credits(row: &message::Model) -> Credits {
    Credits::from_units(row.units)
}
