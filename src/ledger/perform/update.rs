//! A scheduled message that is changed before its sendAt (law H4).
//!
//! Here: its row, its audience, and whether its hold has to move. Not here: moving the hold, which
//! the book does.

use domain::{
    book::{Command, Refusal},
    id::{AccountId, ListId},
};
use entity::message;

use super::super::{
    answer::{Answer, BalanceAnswer},
    batch::Batch,
    fault::Fault,
    request::{Given, MessageUpdate, Plan, Priced, Refused, Undone},
    rows::{audience_row, count, encoding, head_count, lines, lines_text},
};
use crate::store;

impl Batch {
    /// Changes a scheduled message. Whether it may still be changed is judged here, after the wait
    /// for the lock, as of the instant that is booked.
    pub(super) fn update(
        &mut self,
        account: AccountId,
        update: &MessageUpdate,
        given: Given<'_>,
    ) -> Result<Answer, Undone> {
        let key = (account.uuid(), update.message.uuid());
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        let at = head.book.instant(given.at);
        let hold = head.book.holds.get(&update.message);
        let held = hold.ok_or(Refused::Book(Refusal::NotHeld))?.credits();
        let row = self.facts.messages.get(&key);
        let row = row.ok_or(Fault::MissingMessage(update.message))?;
        if row.send_at <= at.as_microsecond() {
            return Err(Refused::MessageDue.into());
        }
        if row.list_id != update.list.map(ListId::uuid) {
            return Err(Refused::MessageChanged.into());
        }
        let mut row = row.clone();
        if let Some(name) = &update.name {
            row.name = Some(name.clone());
        }
        if let Some(send_at) = update.send_at {
            row.send_at = send_at.as_microsecond();
        }
        let mut answer = None;
        if let Some(priced) = &update.priced {
            self.refuse_replanned(&row, priced)?;
            self.refuse_removed(account, &priced.new)?;
            let (message, list, credits) = self.paid(account, &priced.new)?;
            // The same credits of the same list stay held.
            if (list, credits) != (update.list, held) {
                let command = Command::MoveHold {
                    message,
                    from: update.list,
                    list,
                    credits,
                };
                answer = Some(self.command(account, &command, given, |_| None)?);
            }
            plan(&mut row, priced)?;
        }
        let answer = match answer {
            Some(answer) => answer,
            None => {
                self.rows.unmoved.insert(key, at.as_microsecond());
                self.unmoved(account, given)?
            }
        };
        row.updated_at = Some(store::message::later(&row, at));
        self.replan_audience(&row, update);
        let before = update.list.map(ListId::uuid);
        if row.list_id != before {
            self.facts.count_scheduled(key.0, before, -1);
            self.facts.count_scheduled(key.0, row.list_id, 1);
        }
        self.facts.messages.insert(key, row.clone());
        self.rows.updated.insert(key, row.clone());
        Ok(Answer {
            message: Some(row.id),
            previous_list: before.filter(|_| before != row.list_id),
            row: Some(Box::new(row)),
            ..answer
        })
    }

    /// Refuses a message that was priced from another content or other recipients than it has by
    /// now.
    fn refuse_replanned(&self, row: &message::Model, priced: &Priced) -> Result<(), Refused> {
        let audience = self.facts.audiences.get(&(row.account_id, row.id));
        let is_as_priced = Plan::of(row) == priced.plan
            && row.text == priced.text
            && audience == priced.audience.as_ref();
        if is_as_priced {
            Ok(())
        } else {
            Err(Refused::MessageChanged)
        }
    }

    /// The answer to a command that moves no credits.
    fn unmoved(&mut self, account: AccountId, given: Given<'_>) -> Result<Answer, Undone> {
        self.expire(account, given)?;
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        let balance = (head.book.instant(given.at), head.book.balance()?);
        Ok(Answer {
            balance: Some(BalanceAnswer::from(balance)),
            ..Answer::default()
        })
    }

    /// The stored contacts that the message is for from now on. Contacts who left before it was
    /// priced anew aren't among those that it was priced for, so that they are not counted off.
    fn replan_audience(&mut self, row: &message::Model, update: &MessageUpdate) {
        let key = (row.account_id, row.id);
        let before = self.facts.audiences.remove(&key);
        let next = match &update.priced {
            None => before.clone(),
            Some(priced) => row
                .list_id
                .zip(priced.new.audience)
                .map(|(list, audience)| {
                    audience_row([row.account_id, list, row.id], audience, row.send_at)
                }),
        };
        if let Some(before) = before {
            self.rows
                .drop_audience([before.account_id, before.list_id, before.message_id]);
        }
        if let Some(mut next) = next {
            next.send_at = row.send_at;
            self.facts.audiences.insert(key, next.clone());
            self.rows.audiences.push(next);
        }
        if update.priced.is_some() {
            self.facts.departures.remove(&key);
            self.rows.departures_gone.push(key);
        }
    }
}

/// What a message becomes that was priced anew.
fn plan(row: &mut message::Model, priced: &Priced) -> Result<(), Fault> {
    let new = &priced.new;
    let lines = lines(row.account_id, row.id, &new.price.lines)?;
    row.list_id = new.list.map(ListId::uuid);
    row.text.clone_from(&new.text);
    row.media.clone_from(&new.media);
    row.channel = new.channel.into();
    row.encoding = new.encoding.map(encoding);
    row.segment_count = count(new.segment_count)?;
    row.recipients = head_count(new.price.recipients)?;
    row.units = new.price.credits.units();
    row.rate_card_id = new.rate_card.uuid();
    row.lines = lines_text(new.id, &lines)?;
    Ok(())
}
