//! A message's row and lines, as it is sent, scheduled, settled or cancelled.
//!
//! Not here: what its credits do, which is the book's.

use domain::{
    book::{Command, Refusal},
    credits::Credits,
    ending::{self, Ending, Settler},
    id::{AccountId, ListId, MessageId},
};
use entity::{message, sql_enums::MessageStatus};
use jiff::Timestamp;

use super::{
    super::{
        batch::Batch,
        request::{Answer, End, MessageAnswer, NewMessage, Refused, Sent},
        rows::{head_count, lines},
    },
    instant,
};

impl Batch {
    /// Ends the hold of a scheduled message, which nothing else does. Whether it may end in the way that is asked for
    /// is judged here, after the wait for the lock, as of the instant that is booked (law H3).
    pub(super) fn end(
        &mut self,
        account: AccountId,
        (message, list): (MessageId, Option<ListId>),
        end: &End,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let head = self.heads.get(&account).ok_or(Refused::UnknownAccount)?;
        let at = head.book.instant(now);
        let hold = head.book.holds.get(&message).ok_or(Refusal::NotHeld)?;
        let held = hold.credits();
        let row = self.facts.messages.get(&(account.uuid(), message.uuid()));
        let row = row.ok_or(Refused::Broken("a hold has no message"))?;
        let settler = if self.facts.automatic.contains(&account.uuid()) {
            Settler::Server
        } else {
            Settler::SendingService
        };
        let has_come = row.send_at <= at.as_microsecond();
        let ending = ending::judge(settler, has_come, end.wish())?;
        let charge = match (ending, end) {
            (Ending::Canceled, _) => None,
            (Ending::InFull, _) => Some((held, None)),
            (Ending::AsReported, End::Reported(sent)) => Some((sent.credits, Some(sent))),
            (Ending::AsReported, End::Due | End::InFull | End::Cancel(_)) => {
                return Err(Refused::Broken("a hold ends as was not reported"));
            }
        };
        let command = match charge {
            None => Command::Cancel { message, list },
            Some((credits, _)) => Command::Settle {
                message,
                list,
                credits,
            },
        };
        let answer = self.command(account, &command, now, None)?;
        self.end_message(account, message, charge, answer)
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
    fn end_message(
        &mut self,
        account: AccountId,
        id: MessageId,
        charge: Option<(Credits, Option<&Sent>)>,
        answer: Answer,
    ) -> Result<Answer, Refused> {
        let key = (account.uuid(), id.uuid());
        let row = self.facts.messages.get_mut(&key);
        let row = row.ok_or(Refused::Broken("a message is gone while it ends"))?;
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
        Ok(Answer {
            message,
            row: Some(Box::new(row)),
            ..answer
        })
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
