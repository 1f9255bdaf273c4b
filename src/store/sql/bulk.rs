//! Bulk reads: a scan that returns whole batches of rows, on either database.
//!
//! Here: reading rows fast, from one consistent snapshot, in constant memory, until the caller
//! stops. Not here: which rows, and their use.
//!
//! A blocking thread reads SQLite over its own connection, because the driver hands over rows one
//! by one. PostgreSQL sends a binary COPY. Both give the same bytes: for each row the number of its
//! cells, and for each cell its length and its content, in network order.

mod cursor;
mod pinned;

use std::{path::Path, time::Instant};

use futures_util::TryStreamExt;
use rusqlite::{Connection, OpenFlags, types};
use sea_orm::{
    DatabaseBackend, DbErr,
    sea_query::{PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder, Value, Values},
    sqlx::{self, PgConnection, PgPool},
};
use tokio::sync::{mpsc, oneshot};

pub(super) use self::pinned::pin_postgres;
pub use self::{
    cursor::Cursor,
    pinned::{Pinned, PinnedReads},
};
use super::{
    super::Store,
    pools::{self, Pool},
    reader::Owner,
};
use crate::tuning::Tuned;

/// Bytes of a batch: some hundreds of rows, so that handing it over costs little compared with
/// reading it.
/// Measured: docs/measured.md, "Files".
static BATCH_BYTES: Tuned<usize> = Tuned::new("SCAN_BATCH_BYTES", 64 * 1024);
/// Batches that are buffered between the database and the reader. With the one that is filled and
/// the one that is read, they are the memory of a scan.
/// Measured: docs/measured.md, "Files".
static BATCHES_WAITING: Tuned<usize> = Tuned::new("SCAN_BATCHES_WAITING", 2);
/// PostgreSQL's timeout for a scan, which a slow reader delays.
const SCAN_TIMEOUT: &str = "10min";
/// The first bytes of a binary COPY.
const COPY_SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The signature, the flags, and the length of an extension, which no version has.
const COPY_HEADER_BYTES: usize = COPY_SIGNATURE.len() + 8;
/// The number of cells that marks the end of a COPY.
const COPY_END: i16 = -1;

/// Rows of a scan, some hundreds of them.
#[derive(Debug, Default)]
pub struct Batch(Vec<u8>);

/// The content of a cell; `None` for null.
pub type Cell<'a> = Option<&'a [u8]>;

/// A running scan.
#[derive(Debug)]
pub struct Scan(mpsc::Receiver<Step>);

type Sender = mpsc::Sender<Step>;

#[derive(Debug)]
enum Step {
    Rows(Batch),
    /// All rows were sent. If the channel closes without it, the scan was cut off.
    End,
    Failed(DbErr),
}

impl Store {
    /// Reads the rows of a query from one snapshot. Dropping the scan stops it.
    ///
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn scan(&self, select: &SelectStatement) -> Scan {
        let (sender, receiver) = mpsc::channel(BATCHES_WAITING.get());
        let (reader, owner) = (self.reader().clone(), Owner::current());
        let postgres = select.to_string(PostgresQueryBuilder);
        let sqlite = select.build(SqliteQueryBuilder);
        tokio::spawn(async move {
            // Like other reads, a scan uses a connection of its owner's share, here until its end.
            let since = Instant::now();
            let turn = owner.reads(reader.turn()).await;
            let (pool, turn) = match turn {
                Ok(turn) => turn,
                Err(cause) => {
                    // Fails only if the scan was dropped.
                    let _ = sender.send(Step::Failed(cause)).await;
                    return;
                }
            };
            let pool = pool.unbounded();
            if pool.get_database_backend() == DatabaseBackend::Postgres {
                let pool = pool.get_postgres_connection_pool();
                let copied = pools::asking(since, copy(pool, &postgres, &sender)).await;
                let last = last_step(copied);
                let _ = sender.send(last).await;
            } else {
                let options = pool.get_sqlite_connection_pool().connect_options();
                tokio::task::spawn_blocking(move || {
                    let _turn = turn;
                    let (query, values) = sqlite;
                    let last = last_step(walk(options.get_filename(), &query, values, &sender));
                    let _ = sender.blocking_send(last);
                });
            }
        });
        Scan(receiver)
    }
}

fn last_step(outcome: Result<(), DbErr>) -> Step {
    outcome.map_or_else(Step::Failed, |()| Step::End)
}

impl Scan {
    /// Folds all rows, batch by batch, on a blocking thread. Dropping the future stops the scan at
    /// its next batch.
    ///
    /// # Errors
    /// If the database fails, or the first error of `step`.
    pub async fn fold<T, E>(
        mut self,
        mut state: T,
        mut step: impl FnMut(&mut T, &Batch) -> Result<(), E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbErr> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let folded = loop {
                if answer.is_closed() {
                    return;
                }
                match self.0.blocking_recv() {
                    Some(Step::Rows(batch)) => {
                        if let Err(error) = step(&mut state, &batch) {
                            break Err(error);
                        }
                    }
                    Some(Step::End) => break Ok(state),
                    Some(Step::Failed(cause)) => break Err(cause.into()),
                    None => break Err(broken("the scan was cut off").into()),
                }
            };
            // Fails only if the future was dropped.
            let _ = answer.send(folded);
        });
        answered
            .await
            .unwrap_or_else(|_| Err(broken("the scan's reader was cut off").into()))
    }
}

impl Batch {
    /// The rows, each with `CELLS` cells.
    ///
    /// # Errors
    /// If a row has another number of cells, or is cut short.
    pub fn rows<const CELLS: usize>(
        &self,
    ) -> impl Iterator<Item = Result<[Cell<'_>; CELLS], DbErr>> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let row = next_row(&mut rest);
            if row.is_none() {
                // After an error the rest can't be read.
                rest = &[];
            }
            row.unwrap_or_else(|| Some(Err(broken("a row is cut short"))))
        })
    }

    fn push_cells(&mut self, cells: usize) {
        // No query has more than a few dozen cells.
        let cells = i16::try_from(cells).unwrap_or(i16::MAX);
        self.0.extend_from_slice(&cells.to_be_bytes());
    }

    fn push_cell(&mut self, content: Cell<'_>) {
        // SQLite's longest value has fewer bytes than an `i32` can count.
        let length = content.map_or(-1, |content| i32::try_from(content.len()).unwrap_or(-1));
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(content.unwrap_or_default());
    }
}

/// The next row of a batch: `Some(None)` after the last, `None` if the row is cut short.
fn next_row<'a, const CELLS: usize>(
    rest: &mut &'a [u8],
) -> Option<Option<Result<[Cell<'a>; CELLS], DbErr>>> {
    if rest.is_empty() {
        return Some(None);
    }
    let cells = i16::from_be_bytes(take(rest)?);
    if cells == COPY_END {
        *rest = &[];
        return Some(None);
    }
    if usize::try_from(cells) != Ok(CELLS) {
        return None;
    }
    let mut row = [None; CELLS];
    for cell in &mut row {
        if let Ok(length) = usize::try_from(i32::from_be_bytes(take(rest)?)) {
            let (content, after) = rest.split_at_checked(length)?;
            *cell = Some(content);
            *rest = after;
        }
    }
    Some(Some(Ok(row)))
}

fn take<const BYTES: usize>(rest: &mut &[u8]) -> Option<[u8; BYTES]> {
    let (taken, after) = rest.split_first_chunk::<BYTES>()?;
    *rest = after;
    Some(*taken)
}

/// Reads a cell as text.
///
/// # Errors
/// If it is not UTF-8.
pub fn text(cell: Cell<'_>) -> Result<Option<&str>, DbErr> {
    cell.map(std::str::from_utf8)
        .transpose()
        .map_err(|_| broken("a text is not UTF-8"))
}

/// Reads a cell as an integer.
///
/// # Errors
/// If it is not an integer of four or eight bytes.
pub fn integer(cell: Cell<'_>) -> Result<Option<i64>, DbErr> {
    let Some(content) = cell else {
        return Ok(None);
    };
    let narrow = |bytes| i64::from(i32::from_be_bytes(bytes));
    let wide = content.try_into().map(i64::from_be_bytes);
    wide.or_else(|_| content.try_into().map(narrow))
        .map(Some)
        .map_err(|_| broken("a number is not an integer"))
}

fn broken(what: impl Into<String>) -> DbErr {
    DbErr::Custom(what.into())
}

/// Sends the rows of a query on SQLite, until its end or until the scan is dropped.
fn walk(file: &Path, query: &str, values: Values, sender: &Sender) -> Result<(), DbErr> {
    let connection = open(file)?;
    walk_on(&connection, query, values, sender)
}

/// Opens a file read-only.
fn open(file: &Path) -> Result<Connection, DbErr> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(|cause| broken(cause.to_string()))
}

/// Like [`walk`], over an open connection.
fn walk_on(
    connection: &Connection,
    query: &str,
    values: Values,
    sender: &Sender,
) -> Result<(), DbErr> {
    let failed = |cause: rusqlite::Error| broken(cause.to_string());
    let mut statement = connection.prepare(query).map_err(failed)?;
    let cells = statement.column_count();
    let values = values.into_iter().map(bound);
    let values = values.collect::<Result<Vec<types::Value>, DbErr>>()?;
    let mut rows = statement
        .query(rusqlite::params_from_iter(values))
        .map_err(failed)?;
    let mut batch = Batch::default();
    while let Some(row) = rows.next().map_err(failed)? {
        batch.push_cells(cells);
        for place in 0..cells {
            match row.get_ref(place).map_err(failed)? {
                types::ValueRef::Null => batch.push_cell(None),
                types::ValueRef::Integer(number) => batch.push_cell(Some(&number.to_be_bytes())),
                types::ValueRef::Text(content) | types::ValueRef::Blob(content) => {
                    batch.push_cell(Some(content));
                }
                types::ValueRef::Real(_) => return Err(broken("a number is not an integer")),
            }
        }
        if batch.0.len() >= BATCH_BYTES.get()
            && !hand_over(&mut batch, |step| sender.blocking_send(step))
        {
            return Ok(());
        }
    }
    hand_over(&mut batch, |step| sender.blocking_send(step));
    Ok(())
}

/// Converts a query's value for SQLite.
fn bound(value: Value) -> Result<types::Value, DbErr> {
    Ok(match value {
        Value::Uuid(Some(id)) => types::Value::Blob(id.as_bytes().to_vec()),
        Value::BigInt(Some(number)) => types::Value::Integer(number),
        Value::Int(Some(number)) => types::Value::Integer(number.into()),
        Value::String(Some(text)) => types::Value::Text(text),
        Value::Bool(Some(holds)) => types::Value::Integer(holds.into()),
        other => return Err(broken(format!("a scan can't bind the value {other:?}"))),
    })
}

/// Sends the batch and replaces it by an empty one. Returns false if the scan was dropped.
fn hand_over<E>(batch: &mut Batch, send: impl FnOnce(Step) -> Result<(), E>) -> bool {
    let empty = Batch(Vec::with_capacity(
        BATCH_BYTES.get() + BATCH_BYTES.get() / 8,
    ));
    send(Step::Rows(std::mem::replace(batch, empty))).is_ok()
}

/// Sends the rows of a query on PostgreSQL, until its end or until the scan is dropped.
async fn copy(pool: &PgPool, query: &str, sender: &Sender) -> Result<(), DbErr> {
    let failed = |cause: sqlx::Error| broken(cause.to_string());
    let mut connection = pool.acquire().await.map_err(|cause| match cause {
        sqlx::Error::PoolTimedOut => {
            pools::timed_out(Pool::Reader);
            DbErr::ConnectionAcquire(sea_orm::error::ConnAcquireErr::Timeout)
        }
        cause => failed(cause),
    })?;
    let copied = copy_all(&mut connection, query, sender).await;
    if !matches!(copied, Ok(true)) {
        // The rest of the COPY would have to be read before the connection could be used again.
        connection.close_on_drop();
    }
    copied.map(|_| ()).map_err(failed)
}

/// Copies in a transaction. Returns whether all rows were sent.
async fn copy_all(
    connection: &mut PgConnection,
    query: &str,
    sender: &Sender,
) -> Result<bool, sqlx::Error> {
    // A single statement sees one state of the database; the transaction is only for the timeout.
    let begin = format!("BEGIN READ ONLY; SET LOCAL statement_timeout = '{SCAN_TIMEOUT}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(begin))
        .execute(&mut *connection)
        .await?;
    let sent = copy_out(connection, query, sender).await?;
    if sent {
        sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
    }
    Ok(sent)
}

/// Copies in the connection's current transaction. Returns whether all rows were sent.
async fn copy_out(
    connection: &mut PgConnection,
    query: &str,
    sender: &Sender,
) -> Result<bool, sqlx::Error> {
    let statement = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
    let mut stream = connection.copy_out_raw(&statement).await?;
    let mut batch = Batch::default();
    let mut header = COPY_HEADER_BYTES;
    while let Some(bytes) = stream.try_next().await? {
        // The header comes alone or with the first rows.
        let skipped = header.min(bytes.len());
        header -= skipped;
        batch
            .0
            .extend_from_slice(bytes.get(skipped..).unwrap_or_default());
        if batch.0.len() >= BATCH_BYTES.get() && !hand_over_async(&mut batch, sender).await {
            return Ok(false);
        }
    }
    Ok(hand_over_async(&mut batch, sender).await)
}

async fn hand_over_async(batch: &mut Batch, sender: &Sender) -> bool {
    let empty = Batch(Vec::with_capacity(
        BATCH_BYTES.get() + BATCH_BYTES.get() / 8,
    ));
    let full = std::mem::replace(batch, empty);
    sender.send(Step::Rows(full)).await.is_ok()
}

#[cfg(test)]
mod tests;
