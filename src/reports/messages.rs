//! The messages of a report's file, from the database to the thread that writes it.
//!
//! Here: turning the rows that the database sends into the rows that a file shows, without copying
//! any text. They come through a bounded channel, so memory does not grow with the report, and a
//! slow client slows the reading. Not here: how they are written, and how rows leave the database
//! ([`crate::store::sql::bulk`]).

use std::collections::BTreeMap;

use domain::{
    channel::Channel,
    credits::Credits,
    id::{ListId, MessageId},
};
use sea_orm::{DbErr, prelude::Uuid};

use super::{
    actors::Actors,
    file::{MessageRow, MessageSource},
};
use crate::{
    clock::whole_micros,
    store::{
        sql::bulk::{Cell, Cursor, Pinned, integer, text},
        usage::{
            UsageFilter,
            rows::{MessageCells, rows},
        },
    },
};

/// Reads the messages of one report.
#[derive(Debug)]
pub struct MessageReader {
    pinned: Pinned,
    filter: UsageFilter,
    actors: Actors,
}

impl MessageReader {
    /// Reads the messages that fit `filter` from the pinned snapshot, with what may be shown of
    /// their actors.
    #[must_use]
    pub fn new(pinned: Pinned, filter: UsageFilter, actors: Actors) -> Self {
        Self {
            pinned,
            filter,
            actors,
        }
    }

    /// Starts to read. Dropping the rows stops it. `show` turns a message's id into the API's form.
    ///
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn start(
        self,
        names: BTreeMap<ListId, String>,
        show: fn(MessageId) -> String,
    ) -> MessageRows {
        let backend = self.pinned.backend();
        MessageRows {
            cursor: Cursor::new(self.pinned.scan(&rows(backend, &self.filter))),
            names,
            actors: self.actors,
            show,
            shown: (Uuid::nil(), String::new()),
        }
    }
}

/// The rows of a file: one for each destination country of each message, and one for a message
/// without any. Only for blocking threads.
#[derive(Debug)]
pub struct MessageRows {
    cursor: Cursor,
    names: BTreeMap<ListId, String>,
    actors: Actors,
    show: fn(MessageId) -> String,
    /// The last message's id and its text: the rows of one message follow each other.
    shown: (Uuid, String),
}

impl MessageSource for MessageRows {
    type Error = DbErr;

    fn next_row(&mut self) -> Result<Option<MessageRow<'_>>, DbErr> {
        let Some(cells) = self.cursor.next_row()? else {
            return Ok(None);
        };
        let cells = MessageCells::from(cells);
        let id = uuid(cells.id)?.ok_or_else(|| broken("a message has no id"))?;
        if self.shown.0 != id {
            self.shown = (id, (self.show)(MessageId::new(id)));
        }
        let list = uuid(cells.list)?.and_then(|list| self.names.get(&ListId::new(list)));
        let acting = [
            cells.actor_kind,
            cells.actor_key,
            cells.actor_name,
            cells.actor_label,
        ];
        let [kind, name, _, label] = self.actors.shown(acting)?;
        // A message that reached nobody has no destination, and so no segments of a destination.
        let line_segments = integer(cells.line_segments)?;
        let segments = integer(cells.segments)?.unwrap_or_default();
        Ok(Some(MessageRow {
            sent_at: whole_micros(integer(cells.sent_at)?.unwrap_or_default()),
            list_name: list.map(String::as_str),
            text: text(cells.body)?.unwrap_or_default(),
            channel: channel_of(cells.channel)?,
            encoding: encoding_of(cells.encoding)?,
            segment_count: line_segments.unwrap_or(segments),
            recipients: integer(cells.recipients)?.unwrap_or_default(),
            country_code: text(cells.country)?.unwrap_or_default(),
            credits: Credits::from_units(integer(cells.units)?.unwrap_or_default()),
            message_id: &self.shown.1,
            sent_by: text(name.or(kind))?.unwrap_or_default(),
            on_behalf_of: text(label)?.unwrap_or_default(),
        }))
    }
}

fn channel_of(cell: Cell<'_>) -> Result<Channel, DbErr> {
    let channel = text(cell)?.and_then(Channel::from_name);
    channel.ok_or_else(|| broken("a message has an unknown channel"))
}

/// The name of an encoding in files; `None` for a message without one.
fn encoding_of(cell: Cell<'_>) -> Result<Option<&'static str>, DbErr> {
    match cell {
        None => Ok(None),
        Some(b"GSM_7") => Ok(Some("GSM-7")),
        Some(b"UCS_2") => Ok(Some("UCS-2")),
        Some(_) => Err(broken("a message has an unknown encoding")),
    }
}

fn uuid(cell: Cell<'_>) -> Result<Option<Uuid>, DbErr> {
    cell.map(Uuid::from_slice)
        .transpose()
        .map_err(|_| broken("an id does not have sixteen bytes"))
}

fn broken(what: &str) -> DbErr {
    DbErr::Custom(what.to_owned())
}
