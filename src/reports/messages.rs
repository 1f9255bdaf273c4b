//! The messages of a report's file, from the database to the thread that writes it.
//!
//! Here: reading them in pages inside one snapshot, and handing the pages over through a bounded
//! channel, so that memory does not grow with the report and a slow client slows the reading. Not here:
//! what is written.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use domain::{
    credits::Credits,
    id::{ListId, MessageId},
};
use entity::{
    message, message_line,
    sql_enums::{Channel, Encoding},
};
use sea_orm::{DatabaseTransaction, DbErr, prelude::Uuid};
use tokio::sync::mpsc;

use super::file::MessageRow;
use crate::{
    clock::whole_micros,
    store::{
        self,
        paging::Place,
        usage::{UsageFilter, lines},
    },
};

/// Messages read at once: enough that the database's answers take longer than asking for them, and few
/// enough that pages of the longest texts stay within some ten megabytes.
const PAGE: u64 = 256;
/// Pages that wait between reading and writing; another one is being read and one being written.
const PAGES_WAITING: usize = 1;

/// A message with what of it was paid for.
type Message = (message::Model, Vec<message_line::Model>);

/// Why rows end before the report does.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The database failed.
    #[error("the report's messages could not be read: {0}")]
    Database(#[from] DbErr),
    /// Whoever read them stopped.
    #[error("nobody reads the report's messages any more")]
    Stopped,
}

/// The messages of one report, to read.
#[derive(Debug)]
pub struct MessageReader {
    snapshot: DatabaseTransaction,
    filter: UsageFilter,
    after: Option<Place>,
}

impl MessageReader {
    /// The messages that fit a filter, as a snapshot has them.
    #[must_use]
    pub fn new(snapshot: DatabaseTransaction, filter: UsageFilter) -> Self {
        Self {
            snapshot,
            filter,
            after: None,
        }
    }

    async fn page(&mut self) -> Result<Vec<Message>, DbErr> {
        let messages =
            store::usage::messages(&self.snapshot, &self.filter, self.after, PAGE).await?;
        let Some(last) = messages.last() else {
            return Ok(Vec::new());
        };
        self.after = Some(Place {
            // Only messages with an instant are found.
            key: last.sent_at.unwrap_or_default(),
            id: last.id,
        });
        let ids = messages.iter().map(|message| message.id);
        let mut by_message: HashMap<Uuid, Vec<message_line::Model>> = HashMap::new();
        for line in lines(&self.snapshot, &self.filter, ids).await? {
            by_message.entry(line.message_id).or_default().push(line);
        }
        Ok(messages
            .into_iter()
            .map(|message| {
                let lines = by_message.remove(&message.id).unwrap_or_default();
                (message, lines)
            })
            .collect())
    }

    /// Reads to the end, or until nobody wants more.
    async fn run(mut self, pages: mpsc::Sender<Result<Vec<Message>, DbErr>>) {
        loop {
            let page = self.page().await;
            let is_last = !matches!(&page, Ok(page) if !page.is_empty());
            if pages.send(page).await.is_err() || is_last {
                break;
            }
        }
        // It wrote nothing: a failed end loses nothing.
        let _ = self.snapshot.rollback().await;
    }

    /// The work of reading, and the rows that it gives to a blocking thread. Names that repeat are
    /// shared; `show` writes a message's id.
    pub fn start(
        self,
        names: BTreeMap<ListId, String>,
        show: fn(MessageId) -> String,
    ) -> (impl Future<Output = ()> + Send, MessageRows) {
        let (sender, pages) = mpsc::channel(PAGES_WAITING);
        let rows = MessageRows {
            pages,
            page: Vec::new().into_iter(),
            message: None,
            is_over: false,
            names: names
                .into_iter()
                .map(|(list, name)| (list, name.into()))
                .collect(),
            countries: HashMap::new(),
            show,
        };
        (self.run(sender), rows)
    }
}

/// The rows of a file: one for each destination country of each message, and one for a message that
/// reached none. Only for blocking threads.
#[derive(Debug)]
pub struct MessageRows {
    pages: mpsc::Receiver<Result<Vec<Message>, DbErr>>,
    page: std::vec::IntoIter<Message>,
    message: Option<(message::Model, std::vec::IntoIter<message_line::Model>)>,
    is_over: bool,
    names: BTreeMap<ListId, Arc<str>>,
    countries: HashMap<String, Arc<str>>,
    show: fn(MessageId) -> String,
}

impl Iterator for MessageRows {
    type Item = Result<MessageRow, RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.next_line() {
                return Some(Ok(row));
            }
            if let Some((message, lines)) = self.page.next() {
                if lines.is_empty() {
                    return Some(Ok(self.row(&message, None)));
                }
                self.message = Some((message, lines.into_iter()));
                continue;
            }
            if self.is_over {
                return None;
            }
            match self.pages.blocking_recv() {
                Some(Ok(page)) => {
                    // Only an empty page says that all was read.
                    self.is_over = page.is_empty();
                    self.page = page.into_iter();
                }
                Some(Err(cause)) => {
                    self.is_over = true;
                    return Some(Err(cause.into()));
                }
                None => {
                    self.is_over = true;
                    return Some(Err(RowsError::Stopped));
                }
            }
        }
    }
}

impl MessageRows {
    fn next_line(&mut self) -> Option<MessageRow> {
        let (message, mut lines) = self.message.take()?;
        let line = lines.next()?;
        let row = self.row(&message, Some(&line));
        self.message = Some((message, lines));
        Some(row)
    }

    fn row(&mut self, message: &message::Model, line: Option<&message_line::Model>) -> MessageRow {
        let list_name = message
            .list_id
            .and_then(|list| self.names.get(&ListId::new(list)).cloned());
        let country = line.map_or("", |line| line.country_code.as_str());
        let country_code = match self.countries.get(country) {
            Some(known) => known.clone(),
            None => {
                let new: Arc<str> = country.into();
                self.countries.insert(country.to_owned(), new.clone());
                new
            }
        };
        MessageRow {
            sent_at: whole_micros(message.sent_at.unwrap_or_default()),
            list_name,
            text: message.text.clone(),
            channel: match message.channel {
                Channel::Sms => "SMS",
                Channel::Mms => "MMS",
            },
            encoding: message.encoding.map(|encoding| match encoding {
                Encoding::Gsm7 => "GSM-7",
                Encoding::Ucs2 => "UCS-2",
            }),
            segment_count: line
                .map_or(message.segment_count, |line| line.segment_count)
                .into(),
            recipients: line.map_or(0, |line| line.recipients),
            country_code,
            credits: Credits::from_units(line.map_or(0, |line| line.units)),
            message_id: (self.show)(MessageId::new(message.id)),
        }
    }
}
