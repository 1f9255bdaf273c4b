//! Files of everything that a list has: messages, transactions or contacts.
//!
//! Here: the columns of each, how they are made from the database's cells, and writing them as JSON
//! lines, comma-separated values or a workbook, row by row in constant memory. Not here: actors
//! ([`super::actors`]), which rows ([`crate::store`]), and who may see them.

use std::{collections::BTreeMap, io::Write};

use domain::credits::Credits;
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{DbErr, prelude::Uuid, sea_query::SelectStatement};
use serde_json::Value as Json;

use super::{
    actors::Actors,
    csv::{BYTE_ORDER_MARK, END_OF_LINE, push_text},
    file::WriteError,
    number_text::{push_count, push_credits},
    workbook::{self, Row, Table, write_table},
};
use crate::{
    clock::whole_micros,
    store::{
        contact, message,
        sql::bulk::{Cell, Cursor, Pinned, integer, text},
        transaction,
    },
};

/// Bytes that are buffered before they are written, as for the CSV of a report.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a file has a row for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Each message.
    Messages,
    /// Each transaction.
    Transactions,
    /// Each contact; a CSV and a workbook have a column for each of these merge fields.
    Contacts(Vec<String>),
}

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdOf {
    /// An API key.
    ApiKey,
    /// A contact.
    Contact,
    /// A list.
    List,
    /// A message.
    Message,
    /// A transaction.
    Transaction,
}

/// Turns an id into the API's form.
pub type Show = fn(IdOf, Uuid) -> String;

/// A file that is about to be written.
#[derive(Debug)]
pub struct ExportFile {
    /// What it has a row for.
    pub kind: Kind,
    /// The snapshot that it shows.
    pub pinned: Pinned,
    /// The statement that selects its rows.
    pub rows: SelectStatement,
    /// What it may show of actors.
    pub actors: Actors,
    /// The account's time zone, in which a workbook shows moments.
    pub time_zone: TimeZone,
    /// When it was requested.
    pub requested_at: Timestamp,
}

/// The rows of a file. Only for blocking threads.
#[derive(Debug)]
pub struct ExportRows {
    kind: Kind,
    cursor: Cursor,
    actors: Actors,
    time_zone: TimeZone,
    requested_at: Timestamp,
}

/// A column: the path of its value in a JSON line, and the form of its cell.
type Column = (&'static str, Form);

#[derive(Debug, Clone, Copy)]
enum Form {
    Id(IdOf),
    Text,
    Count,
    Credits,
    Moment,
    Phone,
    Fields,
}

const MESSAGES: [Column; message::EXPORT_CELLS] = [
    ("id", Form::Id(IdOf::Message)),
    ("name", Form::Text),
    ("list.id", Form::Id(IdOf::List)),
    ("list.name", Form::Text),
    ("status", Form::Text),
    ("channel", Form::Text),
    ("encoding", Form::Text),
    ("text", Form::Text),
    ("erasedAt", Form::Moment),
    ("segmentCount", Form::Count),
    ("recipientCount", Form::Count),
    ("credits", Form::Credits),
    ("sendAt", Form::Moment),
    ("sentAt", Form::Moment),
    ("createdAt", Form::Moment),
    ("actor.kind", Form::Text),
    ("actor.name", Form::Text),
    ("actor.apiKeyId", Form::Id(IdOf::ApiKey)),
    ("actor.onBehalfOf", Form::Text),
];

const TRANSACTIONS: [Column; transaction::EXPORT_CELLS] = [
    ("id", Form::Id(IdOf::Transaction)),
    ("kind", Form::Text),
    ("credits", Form::Credits),
    ("availableAfter", Form::Credits),
    ("list.id", Form::Id(IdOf::List)),
    ("list.name", Form::Text),
    ("message.id", Form::Id(IdOf::Message)),
    ("note", Form::Text),
    ("createdAt", Form::Moment),
    ("actor.kind", Form::Text),
    ("actor.name", Form::Text),
    ("actor.apiKeyId", Form::Id(IdOf::ApiKey)),
    ("actor.onBehalfOf", Form::Text),
];

const CONTACTS: [Column; contact::EXPORT_CELLS] = [
    ("id", Form::Id(IdOf::Contact)),
    ("phoneNumber", Form::Phone),
    ("countryCode", Form::Text),
    ("list.id", Form::Id(IdOf::List)),
    ("list.name", Form::Text),
    ("fields", Form::Fields),
    ("createdAt", Form::Moment),
];

/// A value of a row.
enum Value<'a> {
    Null,
    Text(&'a str),
    /// A text of ours, in which a spreadsheet finds nothing to run.
    Plain(String),
    Moment(Timestamp),
    Count(i64),
    Credits(Credits),
    Fields(BTreeMap<String, String>),
}

impl Form {
    fn in_workbook(self) -> workbook::Form {
        match self {
            Self::Id(_) | Self::Text | Self::Phone | Self::Fields => workbook::Form::Text,
            Self::Count | Self::Credits => workbook::Form::Number,
            Self::Moment => workbook::Form::Moment,
        }
    }

    fn value(self, cell: Cell<'_>, show: Show) -> Result<Value<'_>, DbErr> {
        if cell.is_none() {
            return Ok(match self {
                Self::Fields => Value::Fields(BTreeMap::new()),
                Self::Id(_)
                | Self::Text
                | Self::Count
                | Self::Credits
                | Self::Moment
                | Self::Phone => Value::Null,
            });
        }
        let number = || Ok::<_, DbErr>(integer(cell)?.unwrap_or_default());
        Ok(match self {
            Self::Id(of) => {
                let id = Uuid::from_slice(cell.unwrap_or_default());
                let id = id.map_err(|_| broken("an id does not have sixteen bytes"))?;
                Value::Plain(show(of, id))
            }
            Self::Text => Value::Text(text(cell)?.unwrap_or_default()),
            Self::Count => Value::Count(number()?),
            Self::Credits => Value::Credits(Credits::from_units(number()?)),
            Self::Moment => Value::Moment(whole_micros(number()?)),
            Self::Phone => Value::Plain(format!("+{}", number()?)),
            Self::Fields => {
                let fields = text(cell)?.unwrap_or_default();
                let fields = serde_json::from_str(fields);
                // The cause would quote the text.
                Value::Fields(fields.map_err(|_| broken("a contact's fields are not texts"))?)
            }
        })
    }
}

fn broken(what: &str) -> DbErr {
    DbErr::Custom(what.to_owned())
}

impl ExportFile {
    /// Starts to read. Dropping the rows stops it.
    ///
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn start(self) -> ExportRows {
        ExportRows {
            kind: self.kind,
            cursor: Cursor::new(self.pinned.scan(&self.rows)),
            actors: self.actors,
            time_zone: self.time_zone,
            requested_at: self.requested_at,
        }
    }
}

impl ExportRows {
    /// The cells of the next row; `None` after the last.
    fn next_row<const CELLS: usize>(&mut self) -> Result<Option<[Cell<'_>; CELLS]>, DbErr> {
        let Some(mut row) = self.cursor.next_row::<CELLS>()? else {
            return Ok(None);
        };
        match &self.kind {
            Kind::Messages | Kind::Transactions => {
                let cells = row
                    .last_chunk_mut()
                    .ok_or_else(|| broken("a row has no actor"))?;
                *cells = self.actors.shown(*cells)?;
            }
            Kind::Contacts(_) => {}
        }
        Ok(Some(row))
    }

    /// Writes one JSON object per line, with the names and the forms that the schema has.
    ///
    /// # Errors
    /// If a row can't be read, or `out` fails.
    pub fn write_jsonl<W: Write>(self, out: W, show: Show) -> Result<(), WriteError<DbErr>> {
        let push = |columns: &[Column], row: &[Cell<'_>], buffer: &mut Vec<u8>| {
            push_line((columns, row), show, buffer)
        };
        let head = Vec::new();
        match &self.kind {
            Kind::Messages => each(&MESSAGES, self, out, head, push),
            Kind::Transactions => each(&TRANSACTIONS, self, out, head, push),
            Kind::Contacts(_) => each(&CONTACTS, self, out, head, push),
        }
    }

    /// Writes an Excel workbook. Rows that don't fit in a sheet go on in another one.
    ///
    /// # Errors
    /// If a row can't be read, or `out` fails; if the workbook would be larger than 4 GB.
    pub fn write_xlsx<W: Write>(self, out: W, show: Show) -> Result<(), WriteError<DbErr>> {
        let sheet = |name, columns: &[Column], names: &[String]| Table {
            name,
            columns: (headings(columns, names).into_iter())
                .map(|(heading, form)| (heading, form.in_workbook()))
                .collect(),
            time_zone: self.time_zone.clone(),
            generated_at: self.requested_at,
        };
        match &self.kind {
            Kind::Messages => {
                let sheet = sheet("Messages", &MESSAGES, &[]);
                write_sheet(&MESSAGES, self, out, (&sheet, &[]), show)
            }
            Kind::Transactions => {
                let sheet = sheet("Transactions", &TRANSACTIONS, &[]);
                write_sheet(&TRANSACTIONS, self, out, (&sheet, &[]), show)
            }
            Kind::Contacts(names) => {
                let (sheet, names) = (sheet("Contacts", &CONTACTS, names), names.clone());
                write_sheet(&CONTACTS, self, out, (&sheet, &names), show)
            }
        }
    }

    /// Writes comma-separated values with a header.
    ///
    /// # Errors
    /// If a row can't be read, or `out` fails.
    pub fn write_csv<W: Write>(self, out: W, show: Show) -> Result<(), WriteError<DbErr>> {
        let names = match &self.kind {
            Kind::Messages | Kind::Transactions => Vec::new(),
            Kind::Contacts(names) => names.clone(),
        };
        let head = |columns| header(columns, &names);
        let push = |columns: &[Column], row: &[Cell<'_>], buffer: &mut Vec<u8>| {
            push_row((columns, row), &names, show, buffer)
        };
        match &self.kind {
            Kind::Messages => each(&MESSAGES, self, out, head(&MESSAGES), push),
            Kind::Transactions => each(&TRANSACTIONS, self, out, head(&TRANSACTIONS), push),
            Kind::Contacts(_) => each(&CONTACTS, self, out, head(&CONTACTS), push),
        }
    }
}

/// Writes a sheet with a column for each value, and with numbers and moments as such.
fn write_sheet<W: Write, const CELLS: usize>(
    columns: &[Column; CELLS],
    mut rows: ExportRows,
    out: W,
    (sheet, names): (&Table, &[String]),
    show: Show,
) -> Result<(), WriteError<DbErr>> {
    write_table(out, sheet, |row| {
        let Some(cells) = rows.next_row::<CELLS>()? else {
            return Ok(false);
        };
        push_cells((columns, &cells), names, show, row)?;
        Ok(true)
    })
}

fn push_cells(
    (columns, cells): (&[Column], &[Cell<'_>]),
    names: &[String],
    show: Show,
    row: &mut Row,
) -> Result<(), DbErr> {
    for ((_, form), cell) in columns.iter().zip(cells) {
        match form.value(*cell, show)? {
            Value::Null => row.skip(),
            Value::Text(text) => row.text(text),
            Value::Plain(text) => row.text(&text),
            Value::Moment(instant) => row.moment(instant),
            Value::Count(count) => row.count(count),
            Value::Credits(credits) => row.credits(credits),
            Value::Fields(fields) => {
                for name in names {
                    row.text(fields.get(name).map_or("", String::as_str));
                }
            }
        }
    }
    Ok(())
}

/// Writes the head, and then each row as `push` appends it.
fn each<W: Write, const CELLS: usize>(
    columns: &[Column; CELLS],
    mut rows: ExportRows,
    mut out: W,
    head: Vec<u8>,
    push: impl Fn(&[Column], &[Cell<'_>], &mut Vec<u8>) -> Result<(), DbErr>,
) -> Result<(), WriteError<DbErr>> {
    let mut buffer = head;
    while let Some(row) = rows.next_row::<CELLS>().map_err(WriteError::Source)? {
        push(columns, &row, &mut buffer).map_err(WriteError::Source)?;
        if buffer.len() >= BUFFER_BYTES {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)?;
    Ok(out.flush()?)
}

fn push_line(
    (columns, row): (&[Column], &[Cell<'_>]),
    show: Show,
    out: &mut Vec<u8>,
) -> Result<(), DbErr> {
    let mut line = serde_json::Map::new();
    for ((path, form), cell) in columns.iter().zip(row) {
        let value = match form.value(*cell, show)? {
            Value::Null => Json::Null,
            Value::Text(text) => Json::from(text),
            Value::Plain(text) => Json::from(text),
            Value::Moment(instant) => Json::from(instant.to_string()),
            Value::Count(count) => Json::from(count),
            Value::Credits(credits) => Json::from(credits.to_string()),
            Value::Fields(fields) => fields
                .into_iter()
                .map(|(name, value)| serde_json::json!({ "name": name, "value": value }))
                .collect(),
        };
        let Some((node, field)) = path.split_once('.') else {
            line.insert((*path).to_owned(), value);
            continue;
        };
        // The id comes first: without it there is no node.
        let node = line.entry(node).or_insert_with(|| match &value {
            Json::Null => Json::Null,
            _ => Json::Object(serde_json::Map::new()),
        });
        if let Json::Object(node) = node {
            node.insert(field.to_owned(), value);
        }
    }
    serde_json::to_writer(&mut *out, &line).map_err(|cause| DbErr::Json(cause.to_string()))?;
    out.push(b'\n');
    Ok(())
}

fn push_row(
    (columns, row): (&[Column], &[Cell<'_>]),
    names: &[String],
    show: Show,
    out: &mut Vec<u8>,
) -> Result<(), DbErr> {
    for (place, ((_, form), cell)) in columns.iter().zip(row).enumerate() {
        if place > 0 && !(matches!(form, Form::Fields) && names.is_empty()) {
            out.push(b',');
        }
        match form.value(*cell, show)? {
            Value::Null => {}
            Value::Text(text) => push_text(out, text, b','),
            Value::Plain(text) => out.extend_from_slice(text.as_bytes()),
            Value::Moment(instant) => out.extend_from_slice(instant.to_string().as_bytes()),
            Value::Count(count) => push_count(out, count),
            Value::Credits(credits) => push_credits(out, credits),
            Value::Fields(fields) => {
                for (place, name) in names.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    push_text(out, fields.get(name).map_or("", String::as_str), b',');
                }
            }
        }
    }
    out.extend_from_slice(END_OF_LINE);
    Ok(())
}

/// The headings of a CSV and of a workbook: `sent_at` for `sentAt`, `list_id` for `list.id`, and
/// `fields.firstName` for a merge field, whose name may be that of another column.
fn headings(columns: &[Column], names: &[String]) -> Vec<(String, Form)> {
    let mut cells: Vec<(String, Form)> = Vec::new();
    for (path, form) in columns {
        if matches!(form, Form::Fields) {
            cells.extend(names.iter().map(|name| (format!("fields.{name}"), *form)));
            continue;
        }
        let mut cell = String::new();
        for character in path.chars() {
            if character == '.' || character.is_ascii_uppercase() {
                cell.push('_');
            }
            if character != '.' {
                cell.push(character.to_ascii_lowercase());
            }
        }
        cells.push((cell, *form));
    }
    cells
}

fn header(columns: &[Column], names: &[String]) -> Vec<u8> {
    let mut out = BYTE_ORDER_MARK.to_vec();
    for (place, (cell, _)) in headings(columns, names).iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_text(&mut out, cell, b',');
    }
    out.extend_from_slice(END_OF_LINE);
    out
}
