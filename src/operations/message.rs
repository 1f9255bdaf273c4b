//! Messages: scheduling, sending, settling and cancelling them.
//!
//! Here: checks, and the ledger's commands. Each takes an idempotency key, and a repeated key gets
//! the first answer again, even if the command would be refused now: because its time has passed,
//! the card has changed, or the list is archived. Not here: prices ([`super::pricing`]).

mod charge;
mod submission;

use domain::{
    credits::Credits,
    ending::Asker,
    id::{AccountId, ListId, MessageId},
    quote::Priced,
};
use entity::{message, message_line, rate_card};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use sea_orm::prelude::Uuid;
use serde::Serialize;

use super::{
    OperationError, Path, RefusalCode, Services, Viewer,
    account::BalanceAt,
    audience::Audience,
    contact_list::DestinationRow,
    idempotency, input,
    policy::{self, Use},
    pricing::{Draft, PricedMessage},
};
use crate::{
    clock::whole_micros,
    fair::Urgency,
    ledger::{self, Act, End, MessageCharge, NewMessage},
    store::{
        self,
        message::MessageFilter,
        sql::paging::{Page, Window},
    },
};

/// How often a message to a list's contacts is priced if contacts are removed meanwhile.
const MAX_PRICINGS: u32 = 5;
/// How far ahead a message may be scheduled, in years.
const MAX_YEARS_AHEAD: i64 = 2;

/// A message to send or to schedule, as it was given.
#[derive(Debug, Clone)]
pub struct NewMessageInput {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// The recipients, the list that pays, and the content.
    pub draft: Draft,
    /// The name, shown to people.
    pub name: Option<String>,
    /// Whether the message may have neither text nor media.
    pub allow_empty: bool,
    /// The instant to send it; now if `None`.
    pub send_at: Option<String>,
    /// The most that it may cost; it is refused if it would cost more.
    pub max_credits: Option<String>,
    /// The caller's idempotency key.
    pub idempotency_key: String,
}

/// A message as a command left it, with the balance after the command.
#[derive(Debug)]
pub struct Done {
    /// The message.
    pub message: message::Model,
    /// Its lines, if they may have changed since.
    pub lines: Option<Vec<message_line::Model>>,
    /// The balance after the command.
    pub balance: BalanceAt,
}

/// A filter of messages, as it was given; what is `None` does not narrow.
#[derive(Debug, Default)]
pub struct AskedMessages {
    /// Only messages of this list; the inner `None` for an id of no list.
    pub list: Option<Option<ListId>>,
    /// Only messages with one of these statuses.
    pub status: Option<Vec<entity::sql_enums::MessageStatus>>,
    /// Only messages to be sent at this instant or later.
    pub from: Option<String>,
    /// Only messages to be sent before this instant.
    pub to: Option<String>,
    /// Only messages whose name or text contains this.
    pub search: Option<String>,
}

impl Services {
    /// A page of the messages among `all` that pass a filter.
    ///
    /// # Errors
    /// Refusals that name the argument.
    pub async fn messages(
        &self,
        all: MessageFilter,
        asked: AskedMessages,
        window: Window,
    ) -> Result<(MessageFilter, Page<message::Model>), OperationError> {
        let path = Path::argument("filter");
        let instant = |text: Option<String>, name| {
            text.map(|text| input::instant(&text, &path.at(name)))
                .transpose()
        };
        let search = input::search(asked.search.as_deref(), &path.at("search"))?;
        let mut filter = MessageFilter {
            status: asked.status,
            from: instant(asked.from, "from")?,
            to: instant(asked.to, "to")?,
            search,
            ..all
        };
        if let Some(list) = asked.list {
            // An id of no list matches no message.
            let list = list.unwrap_or(ListId::new(Uuid::nil()));
            filter.lists.push(Some(list));
        }
        let page = store::message::list(self.store.reader(), &filter, window).await?;
        Ok((filter, page))
    }

    /// Sends a message and charges it at once; if it has a `send_at`, schedules it and holds its
    /// credits until then. `operation` and `arguments` are the request that its key stands for.
    ///
    /// # Errors
    /// Refusals that name the field; nothing has changed then.
    pub async fn add_message(
        &self,
        viewer: &Viewer,
        new: NewMessageInput,
        operation: &str,
        arguments: &impl Serialize,
    ) -> Result<Done, OperationError> {
        let path = Path::input("accountId");
        let (account, card) = self.charged_account_for(viewer, new.account, &path).await?;
        let arguments = (account.id, arguments);
        let key = idempotency::key(&new.idempotency_key, operation, &arguments)?;
        let account = AccountId::new(account.id);
        let amount = match new.draft.list {
            Some(_) => Path::input("listId"),
            None => Path::input("audience"),
        };
        // Only messages scheduled for a list's contacts are priced again: telephone numbers need no
        // copy.
        let is_of_list = matches!(new.draft.audience, None | Some(Audience::List(_)));
        if new.send_at.is_some() && is_of_list {
            for _ in 1..MAX_PRICINGS {
                let act = self.new_message((account, card.clone()), new.clone()).await;
                let done = self.try_submit(account, act, key.clone(), &amount).await?;
                if let Some(done) = done {
                    return Ok(done);
                }
            }
        }
        let act = self.new_message((account, card), new).await;
        self.submit(account, act, key, &amount).await
    }

    /// Checks a new message, and prices it by a card.
    async fn new_message(
        &self,
        charged: (AccountId, rate_card::Model),
        new: NewMessageInput,
    ) -> Result<Act, OperationError> {
        let now = self.clock.now();
        let name = new.name.as_deref();
        let name = name.map(|name| input::name(name, &Path::input("name")));
        let send_at = new.send_at.as_deref();
        let send_at = send_at.map(|text| send_at_after(text, now)).transpose()?;
        let path = Path::input("maxCredits");
        let max_credits = new.max_credits.as_deref();
        let max_credits = max_credits
            .map(|text| input::credits(text, &path))
            .transpose()?;
        let name = name.transpose()?;
        let message = self
            .price_message(charged, new.draft, Urgency::Urgent)
            .await?;
        if !new.allow_empty {
            message.content.refuse_empty()?;
        }
        refuse_to_nobody(&message)?;
        if max_credits.is_some_and(|max| message.priced.credits > max) {
            let cost = message.priced.credits;
            return Err(path
                .invalid(format!("The message would cost {cost} credits."))
                .into());
        }
        if send_at.is_some() {
            self.refuse_to_schedule_more(message.account).await?;
        }
        let audience = message.as_of.filter(|_| send_at.is_some());
        let audience = audience.map(|as_of| ledger::Audience {
            revision: as_of.revision,
            removals: as_of.removals,
            personal: message.tallied().is_some(),
            smart_encoding: message.content.options().smart_encoding,
            strip_accents: message.content.options().strip_accents,
        });
        let new = NewMessage {
            id: MessageId::new(self.clock.new_id()),
            list: message.list,
            name,
            text: message.content.kept_text(&message.options)?,
            channel: message.count.channel,
            encoding: message.count.encoding,
            segment_count: u32::try_from(message.count.segment_count).unwrap_or(u32::MAX),
            price: price(message.priced),
            rate_card: message.card.id(),
            send_at,
            audience,
        };
        Ok(match send_at {
            Some(_) => Act::Schedule(new),
            None => Act::Send(new),
        })
    }

    /// Charges the reported head-counts of a scheduled message and releases the rest; charges in
    /// full if `rows` is `None`. If the server settles for the account, a due message is charged in
    /// full only (law H3). Only the platform and its sending service report head-counts (law A3).
    ///
    /// # Errors
    /// Refusals that name the field; nothing has changed then.
    pub async fn settle_message(
        &self,
        viewer: &Viewer,
        id: MessageId,
        rows: Option<Vec<DestinationRow>>,
        idempotency_key: &str,
    ) -> Result<Done, OperationError> {
        let row = self.seen_message(viewer, id).await?;
        let key = idempotency::key(idempotency_key, "settleMessage", &(row.id, &rows))?;
        let amount = match rows {
            Some(_) => Path::input("sent"),
            None => Path::input("messageId"),
        };
        let act = self.settlement(viewer, &row, rows).await;
        self.submit(AccountId::new(row.account_id), act, key, &amount)
            .await
    }

    /// Cancels a scheduled message and releases its credits.
    ///
    /// # Errors
    /// Refusals that name the field; nothing has changed then.
    pub async fn cancel_message(
        &self,
        viewer: &Viewer,
        id: MessageId,
        idempotency_key: &str,
    ) -> Result<Done, OperationError> {
        let row = self.seen_message(viewer, id).await?;
        let key = idempotency::key(idempotency_key, "cancelMessage", &row.id)?;
        let account = AccountId::new(row.account_id);
        let asker = if policy::may(viewer, Use::CancelAfterSendAt) {
            Asker::Platform
        } else {
            Asker::Account
        };
        let act = Act::End {
            message: id,
            list: row.list_id.map(ListId::new),
            end: End::Cancel(asker),
        };
        self.submit(account, Ok(act), key, &Path::input("messageId"))
            .await
    }

    async fn seen_message(
        &self,
        viewer: &Viewer,
        id: MessageId,
    ) -> Result<message::Model, OperationError> {
        let row = store::message::find(self.store.reader(), id).await?;
        row.filter(|row| viewer.sees(AccountId::new(row.account_id)))
            .ok_or_else(|| Path::input("messageId").not_found("message").into())
    }
}

/// Checks the instant to send a message at: after now, and not too far ahead.
fn send_at_after(text: &str, now: Timestamp) -> Result<Timestamp, OperationError> {
    let path = Path::input("sendAt");
    let at = input::instant(text, &path)?;
    if at <= now {
        return Err(path.invalid("Must be in the future.").into());
    }
    let last = now
        .to_zoned(TimeZone::UTC)
        .checked_add(MAX_YEARS_AHEAD.years())
        .map_or(whole_micros(i64::MAX), |last| last.timestamp());
    if at > last {
        return Err(path
            .invalid(format!("Must be at most {MAX_YEARS_AHEAD} years ahead."))
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
            "The rate card serves none of these recipients.",
        )
    } else {
        path.invalid("Has no recipients.")
    }
    .into())
}

fn price(priced: Priced) -> MessageCharge {
    MessageCharge {
        recipients: priced.recipients,
        credits: priced.credits,
        lines: priced.lines,
    }
}

/// The credits that a message holds or was charged.
#[must_use]
pub fn credits(row: &message::Model) -> Credits {
    Credits::from_units(row.units)
}
