//! The heads of the chains: the number and the hash of each account's last transaction.
//!
//! A hash chain proves that nothing before its head was changed. It doesn't prove that the head is
//! the last one: whoever deletes the end of a history, and everything that follows from it, leaves
//! books that agree with themselves. Heads that are kept apart prove that too (law B8).
//!
//! Here: reading the heads. Not here: their file ([`file`]), and comparing chains with them
//! ([`super::verify`]).

pub mod file;

use domain::id::AccountId;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, Statement, TryGetable, Value, prelude::Uuid};

use super::fault::public_id;
use crate::{
    clock::whole_micros,
    store::{book::CHAIN_START, sql::reader::Reader},
};

/// Accounts that are read at a time.
const PAGE: i64 = 1_000;
/// The bytes of a hash.
const HASH_BYTES: usize = 32;

/// The head of one account's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The account.
    pub account: AccountId,
    /// The number of its last transaction, and so of its transactions: they are numbered from 1
    /// without gaps. 0 if it has none.
    pub transactions: i64,
    /// The hash of that transaction; 32 zero bytes if there is none.
    pub hash: [u8; HASH_BYTES],
    /// When it was booked; `None` if there is none.
    pub at: Option<Timestamp>,
}

/// Why heads can't be exported.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    /// The database failed.
    #[error("the heads can't be read: {0}")]
    Database(#[from] DbErr),
    /// The file can't be written.
    #[error("the heads can't be written: {0}")]
    Io(#[from] std::io::Error),
    /// The head of an account's book isn't its last transaction.
    #[error("the book of {0} doesn't end with its last transaction; run `message-credits verify`")]
    Unsound(String),
}

/// Reads the head of every account, in the order of their ids, in one snapshot. Returns their
/// number.
///
/// # Errors
/// If the head of an account's book isn't its last transaction, and those of `each`.
pub async fn read(
    reader: &Reader,
    mut each: impl FnMut(&Head) -> Result<(), HeadsError>,
) -> Result<u64, HeadsError> {
    let snapshot = reader.snapshot().await?;
    let (mut count, mut after) = (0, None);
    loop {
        let page = page(&snapshot, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.account);
        for head in &page {
            each(head)?;
            count += 1;
        }
    }
    snapshot.end().await?;
    Ok(count)
}

async fn page(
    connection: &impl ConnectionTrait,
    after: Option<AccountId>,
) -> Result<Vec<Head>, HeadsError> {
    // The subquery takes the last entry of the primary key, however long the history is.
    const HEADS: &str = "SELECT accounts.id, books.sequence AS number, books.head_hash, \
        transactions.sequence, transactions.hash, transactions.created_at FROM accounts \
        LEFT JOIN books ON books.account_id = accounts.id \
        LEFT JOIN transactions ON transactions.account_id = accounts.id \
        AND transactions.sequence = (SELECT MAX(last.sequence) FROM transactions AS last \
        WHERE last.account_id = accounts.id)";
    let mut values: Vec<Value> = Vec::new();
    let condition = match after {
        Some(after) => {
            values.push(after.uuid().into());
            "WHERE accounts.id > $1 "
        }
        None => "",
    };
    let text = format!("{HEADS} {condition}ORDER BY accounts.id LIMIT {PAGE}");
    let backend = connection.get_database_backend();
    let rows = connection
        .query_all_raw(Statement::from_sql_and_values(backend, text, values))
        .await?;
    rows.iter().map(head).collect()
}

fn head(row: &sea_orm::QueryResult) -> Result<Head, HeadsError> {
    let account = AccountId::new(row.try_get::<Uuid>("", "id")?);
    let unsound = || HeadsError::Unsound(public_id(account).to_string());
    let hash = |name: &str, none: &[u8]| -> Result<[u8; HASH_BYTES], HeadsError> {
        let hash: Vec<u8> = optional(row, name)?.unwrap_or_else(|| none.to_vec());
        hash.try_into().map_err(|_| unsound())
    };
    let (number, transactions): (Option<i64>, Option<i64>) =
        (optional(row, "number")?, optional(row, "sequence")?);
    let (of_book, hash) = (hash("head_hash", &[])?, hash("hash", &CHAIN_START)?);
    if number != Some(transactions.unwrap_or_default()) || of_book != hash {
        return Err(unsound());
    }
    let at: Option<i64> = optional(row, "created_at")?;
    Ok(Head {
        account,
        transactions: transactions.unwrap_or_default(),
        hash,
        at: at.map(whole_micros),
    })
}

fn optional<T: TryGetable>(row: &sea_orm::QueryResult, name: &str) -> Result<Option<T>, DbErr> {
    row.try_get::<Option<T>>("", name)
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
