//! A message's row and lines when it is sent, scheduled, settled or cancelled.
//!
//! Not here: its credits, which the book moves.

use domain::{
    book::{Command, EntryKind, Refusal},
    credits::Credits,
    departures::{self, Departure},
    ending::{self, Ending, Settler},
    id::{AccountId, ListId, MessageId},
    quote::Line,
};
use entity::{message_departure, message_line, sql_enums::MessageStatus};

use super::super::{
    answer::Answer,
    batch::Batch,
    fault::Fault,
    request::{End, Given, MessageCharge, NewMessage, Plan, Refused, Undone},
    rows::{head_count, lines, lines_text},
};
use crate::store::{self, actor::Acting};

impl Batch {
    /// Ends the hold of a scheduled message; nothing else does. Whether it may end in this way is
    /// judged here, after the wait for the lock, as of the instant that is booked (law H3).
    pub(super) fn end(
        &mut self,
        account: AccountId,
        (message, list): (MessageId, Option<ListId>),
        end: &End,
        given: Given<'_>,
    ) -> Result<Answer, Undone> {
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        let at = head.book.instant(given.at);
        let hold = head.book.holds.get(&message);
        let hold = hold.ok_or(Refused::Book(Refusal::NotHeld))?;
        let held = hold.credits();
        let row = self.facts.messages.get(&(account.uuid(), message.uuid()));
        let row = row.ok_or(Fault::MissingMessage(message))?;
        // The caller judged by a message that was changed since.
        let is_as_planned = match end {
            End::Reported(_, Some(plan)) => Plan::of(row) == *plan,
            End::Reported(_, None) | End::Due | End::InFull | End::Cancel(_) => {
                row.list_id == list.map(ListId::uuid)
            }
        };
        if !is_as_planned {
            return Err(Refused::MessageChanged.into());
        }
        let settler = if self.facts.automatic.contains(&account.uuid()) {
            Settler::Server
        } else {
            Settler::SendingService
        };
        let has_come = row.send_at <= at.as_microsecond();
        let ending = ending::judge(settler, has_come, end.wish()).map_err(Refused::from)?;
        let stayed = self.stayed((account, message), ending)?;
        let charge = match (ending, end) {
            (Ending::Canceled, _) => None,
            (Ending::InFull, _) => Some((held, None)),
            (Ending::ForThoseWhoStayed, _) => Some(match &stayed {
                Some((sent, _)) => (sent.credits, Some(sent)),
                None => (held, None),
            }),
            (Ending::AsReported, End::Reported(sent, _)) => Some((sent.credits, Some(sent))),
            (Ending::AsReported, End::Due | End::InFull | End::Cancel(_)) => {
                return Err(Fault::MissingReport(message).into());
            }
        };
        if let (Some((credits, _)), Some(_)) = (charge, &stayed)
            && credits > held
        {
            return Err(Fault::CostsMoreForFewer {
                message,
                credits,
                held,
            }
            .into());
        }
        let command = match charge {
            None => Command::Cancel { message, list },
            Some((credits, _)) => Command::Settle {
                message,
                list,
                credits,
            },
        };
        let reason = stayed
            .as_ref()
            .map(|(_, departed)| left_the_list(*departed));
        let answer = self.command(account, &command, given, |kind| {
            reason.as_deref().filter(|_| kind == EntryKind::Release)
        })?;
        if let Some(list) = list {
            let key = [account.uuid(), list.uuid(), message.uuid()];
            self.rows.drop_audience(key);
        }
        self.end_message(account, message, charge, answer)
    }

    /// The part of a message that remains without the contacts who left its list, and how many
    /// left; `None` if nobody left, or if the message ends in another way.
    fn stayed(
        &self,
        (account, message): (AccountId, MessageId),
        ending: Ending,
    ) -> Result<Option<(MessageCharge, i64)>, Fault> {
        let key = (account.uuid(), message.uuid());
        let rows = match ending {
            Ending::ForThoseWhoStayed => self.facts.departures.get(&key),
            Ending::InFull | Ending::AsReported | Ending::Canceled => None,
        };
        let Some(rows) = rows else {
            return Ok(None);
        };
        let unsound = |cause| Fault::UnsoundLine { message, cause };
        let row = self.facts.messages.get(&key);
        let row = row.ok_or(Fault::MissingMessage(message))?;
        let planned = store::message_line::of(row).map_err(unsound)?;
        let planned: Result<Vec<Line>, String> = planned.iter().map(line).collect();
        let planned = planned.map_err(unsound)?;
        let departures: Result<Vec<Departure>, String> = rows.iter().map(departure).collect();
        let departures = departures.map_err(unsound)?;
        let remaining = departures::remaining(&planned, &departures)
            .map_err(|cause| Fault::Departures { message, cause })?;
        let sent = MessageCharge {
            recipients: remaining.recipients,
            lines: remaining.lines,
            credits: remaining.credits,
        };
        Ok(Some((sent, rows.iter().map(|row| row.recipients).sum())))
    }

    /// Refuses a message if contacts were removed from its list since it was priced: they would be
    /// charged for, and can't leave any more.
    pub(super) fn refuse_removed(
        &self,
        account: AccountId,
        new: &NewMessage,
    ) -> Result<(), Refused> {
        let Some((list, audience)) = new.list.zip(new.audience) else {
            return Ok(());
        };
        let row = self.facts.lists.get(&(account.uuid(), list.uuid()));
        let row = row.ok_or(Refused::UnknownList(list))?;
        if row.removals == audience.removals {
            Ok(())
        } else {
            Err(Refused::ContactsRemoved)
        }
    }

    /// The id of a new message, the list that pays, and how much, if the list may still be used.
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
        (by, status): (&Acting, MessageStatus),
        answer: Answer,
    ) -> Result<Answer, Undone> {
        let at = answer.instant()?;
        let row = self.rows.add_message(account, new, by, (status, at))?;
        Ok(Answer {
            message: Some(row.id),
            row: Some(Box::new(row)),
            ..answer
        })
    }

    /// Records the end of a scheduled message: settled at a charge, or cancelled if there is none.
    fn end_message(
        &mut self,
        account: AccountId,
        id: MessageId,
        charge: Option<(Credits, Option<&MessageCharge>)>,
        answer: Answer,
    ) -> Result<Answer, Undone> {
        let key = (account.uuid(), id.uuid());
        let row = self.facts.messages.get_mut(&key);
        let row = row.ok_or(Fault::MissingMessage(id))?;
        let at = answer.instant()?;
        match charge {
            None => {
                row.status = MessageStatus::Canceled;
                row.units = 0;
            }
            Some((credits, sent)) => {
                row.status = MessageStatus::Sent;
                row.units = credits.units();
                row.sent_at = Some(at.as_microsecond());
                if let Some(sent) = sent {
                    row.recipients = head_count(sent.recipients)?;
                    let lines = lines(key.0, key.1, &sent.lines)?;
                    row.lines = lines_text(id, &lines)?;
                    self.rows.lines.extend(lines);
                }
            }
        }
        row.updated_at = Some(store::message::later(row, at));
        let row = row.clone();
        self.facts.count_scheduled(row.account_id, row.list_id, -1);
        self.rows.ended.push(row.clone());
        Ok(Answer {
            message: Some(row.id),
            row: Some(Box::new(row)),
            ..answer
        })
    }
}

/// The note of a transaction that returns a hold's credits for departures.
fn left_the_list(departed: i64) -> String {
    let who = match departed {
        1 => "1 recipient".to_owned(),
        many => format!("{many} recipients"),
    };
    format!("{who} left the list before the message was sent.")
}

fn line(row: &message_line::Model) -> Result<Line, String> {
    Ok(Line {
        country: read(row.country_code.parse(), "country", &row.country_code)?,
        recipients: read(row.recipients.try_into(), "recipients", &row.recipients)?,
        segment_count: read(row.segment_count.try_into(), "segments", &row.segment_count)?,
        credits_per_segment: row.units_per_segment.map(Credits::from_units),
        credits: Credits::from_units(row.units),
    })
}

fn departure(row: &message_departure::Model) -> Result<Departure, String> {
    let segments = read(row.segment_count.try_into(), "segments", &row.segment_count)?;
    Ok(Departure {
        country: read(row.country_code.parse(), "country", &row.country_code)?,
        // 0 means unknown.
        segment_count: (segments > 0).then_some(segments),
        recipients: read(row.recipients.try_into(), "recipients", &row.recipients)?,
    })
}

fn read<T, E>(
    value: Result<T, E>,
    what: &str,
    stored: &dyn std::fmt::Display,
) -> Result<T, String> {
    value.map_err(|_| format!("{what}: {stored}"))
}
