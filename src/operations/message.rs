//! Messages: scheduling, sending, settling and cancelling them.
//!
//! Every one of these takes an idempotency key. A repetition gets the first answer again, even where it
//! would be refused by now: because its time has passed, the card has changed, or the list has gone.

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

/// How often a message to a list's contacts is priced while some are removed from the list.
const MAX_PRICINGS: u32 = 5;
/// How far ahead a message may be scheduled, in years.
const MAX_YEARS_AHEAD: i64 = 2;

/// A message to send or to schedule, as it was asked for.
#[derive(Debug, Clone)]
pub struct NewMessageInput {
    /// Whose.
    pub account: Option<AccountId>,
    /// Who is reached, who pays, and what it says.
    pub draft: Draft,
    /// Shown to people.
    pub name: Option<String>,
    /// Whether it may say and show nothing.
    pub allow_empty: bool,
    /// When it is to be sent; at once where `None`.
    pub send_at: Option<String>,
    /// Refuse where it would cost more.
    pub max_credits: Option<String>,
    /// The caller's key.
    pub idempotency_key: String,
}

/// A message as a command left it, with the balance after the command.
#[derive(Debug)]
pub struct Done {
    /// The message.
    pub message: message::Model,
    /// Its lines, where they may have changed since.
    pub lines: Option<Vec<message_line::Model>>,
    /// The balance after the command.
    pub balance: BalanceAt,
}

/// Which messages are listed, as it was asked for; what is `None` does not narrow.
#[derive(Debug, Default)]
pub struct AskedMessages {
    /// Only those of this list; `None` in the place of an id that is none.
    pub list: Option<Option<ListId>>,
    /// Only those that stand so.
    pub status: Option<Vec<entity::sql_enums::MessageStatus>>,
    /// Only those to be sent from here on.
    pub from: Option<String>,
    /// Only those to be sent before.
    pub to: Option<String>,
    /// Only those whose name or text contains this.
    pub search: Option<String>,
}

impl Services {
    /// A page of those messages among `all` that are asked for.
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
            // What is no id names no list, and so no message.
            let list = list.unwrap_or(ListId::new(Uuid::nil()));
            filter.lists.push(Some(list));
        }
        let page = store::message::list(self.store.reader(), &filter, window).await?;
        Ok((filter, page))
    }

    /// Sends a message: charges it at once. Where a time is given, schedules it: holds its credits until
    /// then. `operation` and `arguments` are what its key stands for.
    ///
    /// # Errors
    /// Refusals that name the field; nothing changed then.
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
        // Only what is scheduled for a list's contacts is ever priced again; numbers are not copied for nothing.
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

    /// Charges what was really sent of a scheduled message and releases the rest; everything that is held
    /// where `rows` is `None`. What is due in an account that the server settles for is charged in full only (law H3),
    /// and what was sent is reported by the platform and its sending service only (law A3).
    ///
    /// # Errors
    /// Refusals that name the field; nothing changed then.
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

    /// Gives a scheduled message up: its credits go back.
    ///
    /// # Errors
    /// Refusals that name the field; nothing changed then.
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

/// When a message is to be sent: after now, and not too far ahead.
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

/// What a message holds or cost.
#[must_use]
pub fn credits(row: &message::Model) -> Credits {
    Credits::from_units(row.units)
}
