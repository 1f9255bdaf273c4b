//! A message's row and lines, as it is sent, scheduled, settled or cancelled.
//!
//! Not here: what its credits do, which is the book's.

use domain::{
    book::Command,
    credits::Credits,
    id::{AccountId, ListId, MessageId},
};
use entity::{message, sql_enums::MessageStatus};
use jiff::Timestamp;

use super::{
    super::{
        batch::Batch,
        request::{Answer, MessageAnswer, NewMessage, Refused, Sent},
        rows::{head_count, lines},
    },
    instant,
};

impl Batch {
    /// Charges a scheduled message for what was sent, or for everything that it holds.
    pub(super) fn settle(
        &mut self,
        account: AccountId,
        (message, list): (MessageId, Option<ListId>),
        sent: Option<&Sent>,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let held = self
            .heads
            .get(&account)
            .and_then(|head| head.book.holds.get(&message));
        let held = held.map(|hold| hold.credits()).unwrap_or_default();
        let credits = sent.map_or(held, |sent| sent.credits);
        let command = Command::Settle {
            message,
            list,
            credits,
        };
        let answer = self.command(account, &command, now, None)?;
        Ok(self.end_message(account, message, Some((credits, sent)), answer))
    }

    /// Whether the server sends a message by itself and its time has come, whether or not any job has run
    /// (law H3). It is judged here, after the wait for the lock, as of the instant that is booked.
    pub(super) fn is_being_sent(
        &self,
        account: AccountId,
        message: MessageId,
        now: Timestamp,
    ) -> bool {
        let at = self
            .heads
            .get(&account)
            .map_or(now, |head| head.book.instant(now));
        let row = self.facts.messages.get(&(account.uuid(), message.uuid()));
        self.facts.automatic.contains(&account.uuid())
            && row.is_some_and(|row| {
                row.status == MessageStatus::Scheduled && row.send_at <= at.as_microsecond()
            })
    }

    /// Who pays for a new message and how much, where its list may still be used.
    pub(super) fn paid(
        &self,
        account: AccountId,
        new: &NewMessage,
    ) -> Result<(MessageId, Option<ListId>, Credits), Refused> {
        if let Some(list) = new.list {
            self.open_list(account, list)?;
        }
        Ok((new.id, new.list, new.price.credits))
    }

    pub(super) fn add_message(
        &mut self,
        account: AccountId,
        new: &NewMessage,
        status: MessageStatus,
        answer: Answer,
    ) -> Answer {
        let at = instant(&answer);
        self.rows.add_message(account, new, status, at);
        let lines = (status == MessageStatus::Scheduled).then(|| self.rows.line_answers(new.id));
        let row = self.rows.messages.last();
        Answer {
            message: row.map(|row| MessageAnswer {
                lines,
                ..changed(row)
            }),
            row: row.cloned().map(Box::new),
            ..answer
        }
    }

    /// Writes the end of a scheduled message: settled at a charge, or cancelled where there is none.
    pub(super) fn end_message(
        &mut self,
        account: AccountId,
        id: MessageId,
        charge: Option<(Credits, Option<&Sent>)>,
        answer: Answer,
    ) -> Answer {
        let key = (account.uuid(), id.uuid());
        // A hold without its message can't be: both are written by one command.
        let Some(row) = self.facts.messages.get_mut(&key) else {
            return answer;
        };
        match charge {
            None => {
                row.status = MessageStatus::Canceled;
                row.units = 0;
            }
            Some((credits, sent)) => {
                row.status = MessageStatus::Sent;
                row.units = credits.units();
                row.sent_at = Some(instant(&answer).as_microsecond());
                if let Some(sent) = sent {
                    row.recipients = head_count(sent.recipients);
                    self.rows.lines_gone.push(key);
                    self.rows.lines.extend(lines(key.0, key.1, &sent.lines));
                }
            }
        }
        let row = row.clone();
        self.facts.count_scheduled(row.account_id, row.list_id, -1);
        let message = Some(changed(&row));
        self.rows.ended.push(row.clone());
        Answer {
            message,
            row: Some(Box::new(row)),
            ..answer
        }
    }
}

fn changed(row: &message::Model) -> MessageAnswer {
    MessageAnswer {
        id: row.id,
        status: row.status,
        units: row.units,
        recipients: row.recipients,
        sent_at: row.sent_at,
        lines: None,
    }
}
