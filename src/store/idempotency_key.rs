//! Idempotency keys that were used, with the answers that retries get.
//!
//! Here: finding and adding them, and reading and deleting old ones. Not here: comparing a retry
//! with the first request ([`crate::ledger`]), and which old ones must stay
//! ([`crate::operations`]).

use domain::id::AccountId;
use entity::idempotency_key;
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, IntoActiveModel, Statement, prelude::Uuid,
};

use super::sql::{row_set::RowSet, shards};

/// Finds a key that was used in an account.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
    key: &str,
) -> Result<Option<idempotency_key::Model>, DbErr> {
    idempotency_key::Entity::find_by_id((account.uuid(), key.to_owned()))
        .one(connection)
        .await
}

/// Records a key. The caller holds the lock on the account's book, and the key must be unused.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: idempotency_key::Model,
) -> Result<(), DbErr> {
    idempotency_key::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Blocks of PostgreSQL's table, of 8 KiB each, that one part of a sweep reads: some 800 keys.
const BLOCKS: i64 = 32;
/// Rows of SQLite's table that one part of a sweep reads.
const ROWS: i64 = 800;

/// A key that was used before some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldKey {
    /// Its account.
    pub account: AccountId,
    /// The caller's key.
    pub key: String,
    /// The first answer, as it is stored.
    pub answer: String,
}

/// A part of a sweep over all keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The keys of this part that were used before the instant.
    pub old: Vec<OldKey>,
    /// Where the next part begins; `None` if no key after this part can be old.
    pub next: Option<i64>,
}

/// Reads the keys of one part of a sweep that were used before an instant, in microseconds since
/// the epoch, and locks them until the transaction ends, except on Citus. The first part begins at
/// 0.
///
/// A sweep reads the table in the order in which its rows are stored, so that it needs no index,
/// which every send would have to write. On PostgreSQL it reads the whole table, block by block; on
/// SQLite, where rows are stored in the order in which they were added, it ends at the first part
/// that has a younger key.
pub async fn old(
    transaction: &impl ConnectionTrait,
    from: i64,
    before: i64,
) -> Result<Part, DbErr> {
    match transaction.get_database_backend() {
        DatabaseBackend::Postgres => old_in_blocks(transaction, from, before).await,
        _ => old_in_rows(transaction, from, before).await,
    }
}

async fn old_in_blocks(
    transaction: &impl ConnectionTrait,
    from: i64,
    before: i64,
) -> Result<Part, DbErr> {
    let backend = DatabaseBackend::Postgres;
    // On Citus each shard is a table of its own, and a range of blocks is read in all of them. A
    // statement for several shards can't lock rows; one process runs the jobs there.
    let (size, lock) = match shards::are_used() {
        true => (
            "(SELECT COALESCE(MAX(shard_size), 0) FROM citus_shards \
              WHERE table_name = 'idempotency_keys'::regclass)",
            "",
        ),
        false => (
            "pg_relation_size('idempotency_keys')",
            "FOR UPDATE SKIP LOCKED",
        ),
    };
    let size = format!("SELECT {size} / current_setting('block_size')::bigint AS blocks");
    let row = transaction.query_one_raw(Statement::from_string(backend, size));
    let blocks: i64 = match row.await? {
        Some(row) => row.try_get("", "blocks")?,
        None => return Err(DbErr::Custom("the keys' table has no size".to_owned())),
    };
    let to = from.saturating_add(BLOCKS);
    let place = |block: i64| format!("({block},0)");
    let read = Statement::from_sql_and_values(
        backend,
        format!(
            "SELECT account_id, key, answer FROM idempotency_keys \
             WHERE ctid >= $1::text::tid AND ctid < $2::text::tid AND created_at < $3 {lock}"
        ),
        [place(from).into(), place(to).into(), before.into()],
    );
    let mut old = Vec::new();
    for row in transaction.query_all_raw(read).await? {
        old.push(OldKey {
            account: AccountId::new(row.try_get::<Uuid>("", "account_id")?),
            key: row.try_get("", "key")?,
            answer: row.try_get("", "answer")?,
        });
    }
    Ok(Part {
        old,
        next: (to < blocks).then_some(to),
    })
}

async fn old_in_rows(
    transaction: &impl ConnectionTrait,
    from: i64,
    before: i64,
) -> Result<Part, DbErr> {
    let read = Statement::from_sql_and_values(
        DatabaseBackend::Sqlite,
        "SELECT rowid AS place, account_id, key, answer, created_at FROM idempotency_keys \
         WHERE rowid > $1 ORDER BY rowid LIMIT $2",
        [from.into(), ROWS.into()],
    );
    let (mut old, mut next, mut read_rows) = (Vec::new(), None, 0);
    let mut all_old = true;
    for row in transaction.query_all_raw(read).await? {
        read_rows += 1;
        next = Some(row.try_get("", "place")?);
        if row.try_get::<i64>("", "created_at")? >= before {
            all_old = false;
            continue;
        }
        old.push(OldKey {
            account: AccountId::new(row.try_get::<Uuid>("", "account_id")?),
            key: row.try_get("", "key")?,
            answer: row.try_get("", "answer")?,
        });
    }
    Ok(Part {
        old,
        next: next.filter(|_| all_old && read_rows == ROWS),
    })
}

/// Deletes keys that were read by [`old`].
pub async fn delete<'a>(
    transaction: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = &'a OldKey>,
) -> Result<(), DbErr> {
    let keys = keys.into_iter();
    RowSet::of(keys.map(|key| [key.account.uuid().into(), key.key.as_str().into()]))
        .delete(transaction, "idempotency_keys", &["account_id", "key"])
        .await
}
