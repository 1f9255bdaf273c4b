//! Reading an import's file on a thread of its own. Rows become contacts with a number and a
//! country, collected into parts. Only a few parts are in memory, whatever the size of the file:
//! the thread waits until they are written.

use std::{borrow::Cow, fs::File, io::Seek, mem, ops::ControlFlow};

use domain::{id::ContactId, private::Private};
use entity::sql_enums::RejectionCode;
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use super::{Numbers, refusal};
use crate::tuning::Tuned;
use crate::{
    clock::Clock,
    imports::{
        self, Entry, FileColumn, Format, MAX_WARNINGS, Mapping, ReadError, RefusedRow, RowCode,
        Taker, Unreadable, Warning, kept_cells, shown,
    },
    operations::{
        OperationError, Path, Services,
        phone_number::{self, NumberFault},
    },
    store::contact::NewContact,
};

/// Rows in a part. Writing so many takes a few hundredths of a second, so the cost of the commit is
/// small beside it.
/// Measured: docs/measured.md, "Imports and removals".
static PART_ROWS: Tuned<i64> = Tuned::new("IMPORT_PART_ROWS", 5_000);
/// The most bytes of fields in a part, so that parts of wide rows have fewer rows.
const PART_BYTES: usize = 2 * 1024 * 1024;
/// The most parts that wait to be written.
/// Measured: docs/measured.md, "Imports and removals".
static WAITING_PARTS: Tuned<usize> = Tuned::new("IMPORT_PARTS_WAITING", 2);
/// The most rows of one file: twice the million that customers import. It bounds how long an import
/// runs.
const MAX_ROWS: i64 = 2_000_000;

/// A row that can't be used.
#[derive(Debug)]
pub(super) struct Rejected {
    /// Its line in the file, from 1; in a workbook its row.
    pub line: u64,
    /// Its value, truncated for display.
    pub value: Private<String>,
    /// The kind of its fault.
    pub code: RejectionCode,
    /// The reason, worded for the file's author.
    pub reason: Cow<'static, str>,
    /// Its cells as a JSON array of texts; `None` if they are too long to be kept.
    pub cells: Private<Option<String>>,
}

impl From<RefusedRow> for Rejected {
    fn from(row: RefusedRow) -> Self {
        Self {
            line: row.line,
            value: row.value,
            code: match row.fault.code {
                RowCode::NumberMissing => RejectionCode::NumberMissing,
                RowCode::TooLong => RejectionCode::TooLong,
                RowCode::MalformedRow => RejectionCode::MalformedRow,
                RowCode::UnreadableText => RejectionCode::UnreadableText,
                RowCode::NotComputed => RejectionCode::NotComputed,
            },
            reason: row.fault.reason,
            cells: row.cells,
        }
    }
}

/// A batch of rows that were read.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The contacts, in the order of the file.
    pub contacts: Vec<NewContact>,
    /// The rows that can't be used.
    pub rejected: Vec<Rejected>,
    /// The warnings that these rows raised.
    pub warnings: Vec<Warning>,
    /// The number of rows read.
    pub rows: i64,
    /// How much of the file was read up to here, in bytes.
    pub bytes_read: i64,
    bytes: usize,
}

enum Told {
    Opened(Vec<FileColumn>),
    Part(Part),
}

/// A file that is being read.
pub(super) struct Reading {
    told: mpsc::Receiver<Told>,
    /// The columns of the file, from when it was opened.
    pub columns: Vec<FileColumn>,
    thread: JoinHandle<Result<(), Ended>>,
}

/// Why reading ended before the end of the file.
#[derive(Debug)]
pub(super) enum Ended {
    /// The file can't be read.
    Error(ReadError),
    /// The file has more than [`MAX_ROWS`] rows.
    TooManyRows,
    /// The reading thread panicked.
    Crashed,
}

impl Ended {
    /// The reason to show to the sender of the file.
    pub fn reason(&self) -> String {
        match self {
            Self::Error(ReadError::Unreadable(why)) => why.to_string(),
            Self::Error(ReadError::Io(cause)) => {
                tracing::error!(%cause, "an upload can't be read back");
                written!("The file could not be read to its end on the server; import it again.").to_owned()
            }
            Self::TooManyRows => text!("The file has more than {limit} rows; those came in, import the others from a file of their own.", limit = MAX_ROWS).english(),
            Self::Crashed => Unreadable::Damaged.to_string(),
        }
    }
}

/// Starts a thread that reads the file.
pub(super) fn start(
    services: &Services,
    (file, format): (File, Format),
    mapping: Mapping,
    numbers: Numbers,
    account: Uuid,
) -> Reading {
    let (sender, told) = mpsc::channel(WAITING_PARTS.get());
    let mut gather = Gather {
        // It shares the position of the file that is read.
        position: file.try_clone().ok(),
        bytes_read: 0,
        sender,
        clock: services.clock().clone(),
        account,
        numbers,
        part: Part::default(),
        rows: 0,
        warnings: 0,
    };
    let thread = tokio::task::spawn_blocking(move || {
        let done = imports::read(file, format, &mapping, &mut gather).map_err(Ended::Error);
        let too_many = gather.rows > MAX_ROWS;
        // Rows read before an error are kept.
        let _ = gather.hand_over();
        if too_many {
            Err(Ended::TooManyRows)
        } else {
            done
        }
    });
    Reading {
        told,
        columns: Vec::new(),
        thread,
    }
}

impl Reading {
    /// Waits until the file has turned out to be readable.
    pub async fn opened(mut self) -> Result<Self, OperationError> {
        if let Some(Told::Opened(columns)) = self.told.recv().await {
            self.columns = columns;
            return Ok(self);
        }
        let error = match self.end().await {
            Err(Ended::Error(error)) => error,
            Err(Ended::TooManyRows | Ended::Crashed) => Unreadable::Damaged.into(),
            Ok(()) => Unreadable::Empty.into(),
        };
        Err(refusal(error, &Path::input("file")))
    }

    /// The next part; `None` after the last.
    pub async fn next(&mut self) -> Option<Part> {
        loop {
            match self.told.recv().await? {
                Told::Part(part) => return Some(part),
                Told::Opened(_) => {}
            }
        }
    }

    /// Stops reading if the file isn't at its end, and returns how it ended.
    pub async fn end(self) -> Result<(), Ended> {
        // A reader that waits to send a part sees that the channel is closed.
        drop(self.told);
        self.thread.await.unwrap_or_else(|cause| {
            tracing::error!(%cause, "reading a file of contacts panicked");
            Err(Ended::Crashed)
        })
    }
}

struct Gather {
    position: Option<File>,
    bytes_read: i64,
    sender: mpsc::Sender<Told>,
    clock: Clock,
    account: Uuid,
    numbers: Numbers,
    part: Part,
    rows: i64,
    warnings: usize,
}

impl Gather {
    fn hand_over(&mut self) -> ControlFlow<()> {
        let mut part = mem::take(&mut self.part);
        // A workbook's parts are read in any order, so that the position may step back.
        let position = self.position.as_mut();
        let position = position.and_then(|file| file.stream_position().ok());
        let position = position.map_or(0, |at| i64::try_from(at).unwrap_or(i64::MAX));
        self.bytes_read = self.bytes_read.max(position);
        part.bytes_read = self.bytes_read;
        if part.rows == 0 && part.warnings.is_empty() {
            return ControlFlow::Continue(());
        }
        self.tell(Told::Part(part))
    }

    fn tell(&self, told: Told) -> ControlFlow<()> {
        match self.sender.blocking_send(told) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn add(&mut self, entry: Entry<'_>) {
        let (line, contact, cells) = match entry {
            Entry::Refused(row) => return self.reject(row.into()),
            Entry::Contact {
                line,
                contact,
                cells,
            } => (line, contact, cells),
        };
        let Numbers { country, accept } = self.numbers;
        match phone_number::read(contact.number, country, accept) {
            Ok(number) => {
                self.part.bytes += contact.fields.as_ref().map_or(0, String::len);
                self.part.contacts.push(NewContact {
                    id: ContactId::new(self.clock.new_id_in(self.account)),
                    number: Private::new(number.digits),
                    country_code: number.country.to_string(),
                    fields: Private::new(contact.fields),
                });
            }
            Err(fault) => self.reject(Rejected {
                line,
                value: shown(contact.number),
                code: code(fault),
                reason: fault.to_string().into(),
                cells: kept_cells(cells),
            }),
        }
    }

    fn reject(&mut self, row: Rejected) {
        self.part.bytes += row.cells.unguarded().as_ref().map_or(0, String::len);
        self.part.rejected.push(row);
    }
}

/// The kind of a number's fault.
fn code(fault: NumberFault) -> RejectionCode {
    match fault {
        NumberFault::Malformed
        | NumberFault::Scientific
        | NumberFault::Decimals
        | NumberFault::Several
        | NumberFault::Extension
        | NumberFault::Invalid
        | NumberFault::OfNoCountry
        | NumberFault::OldForm(_) => RejectionCode::InvalidNumber,
        NumberFault::WithoutPrefix | NumberFault::NoMobile(_) | NumberFault::Elsewhere { .. } => {
            RejectionCode::UnknownCountry
        }
        NumberFault::Landline(_) => RejectionCode::Landline,
        NumberFault::Service(..) => RejectionCode::UnreachableNumber,
    }
}

impl Taker for Gather {
    fn opened(&mut self, columns: Vec<FileColumn>) -> ControlFlow<()> {
        self.tell(Told::Opened(columns))
    }

    fn take(&mut self, entry: Entry<'_>) -> ControlFlow<()> {
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return ControlFlow::Break(());
        }
        self.add(entry);
        self.part.rows += 1;
        if self.part.rows >= PART_ROWS.get() || self.part.bytes >= PART_BYTES {
            return self.hand_over();
        }
        ControlFlow::Continue(())
    }

    fn warn(&mut self, warning: Warning) {
        // The last one counts the others.
        if self.warnings <= MAX_WARNINGS {
            self.warnings += 1;
            self.part.warnings.push(warning);
        }
    }
}
