//! Accounts' books.
//!
//! Here: locking books, and reading as much of each as a batch of commands needs. Not here: writing
//! them, which only [`crate::ledger`] does.

mod load;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    book::{Book, Command},
    credits::Credits,
    id::{AccountId, ListId, LotId, MessageId, PurchaseId},
    lot::{Expiry, Lot},
};
use entity::{hold_draw, lot};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, Statement, prelude::Uuid,
};

pub use self::load::{Loaded, load, load_each, order};
use super::{
    lot as lots,
    sql::{row_set::RowSet, shards},
};
use crate::clock::whole_micros;

/// The hash before the first transaction of an account.
pub const CHAIN_START: [u8; 32] = [0; 32];

/// The parts of an account's book that are needed besides its open lots.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The lists whose pools are needed.
    pub lists: BTreeSet<ListId>,
    /// The scheduled messages whose holds are needed.
    pub messages: BTreeSet<MessageId>,
    /// Whether every pool is needed, regardless of `lists` and `commands`.
    pub every_pool: bool,
    /// The purchases whose lots are needed, used up or not.
    pub purchases: BTreeSet<PurchaseId>,
    /// Whether exhausted lots are needed too, if they have not expired.
    pub used_up_lots: bool,
    /// Commands that may take credits from every pool; [`Book::needs_every_pool`] says whether they
    /// do.
    pub commands: Vec<Command>,
}

/// An account's book and the head of its hash chain.
#[derive(Debug, Clone)]
pub struct Head {
    /// Lots, pools, holds and the debt.
    pub book: Book,
    /// The last transaction's number.
    pub sequence: i64,
    /// The last transaction's hash.
    pub hash: Vec<u8>,
    /// The rows behind the book's lots.
    pub lot_rows: BTreeMap<LotId, lot::Model>,
    /// The account's time zone, an IANA name.
    pub time_zone: String,
    /// The instant, in microseconds, from which on sums by day exist for the account.
    pub usage_rolled_from: i64,
    /// Recent usage that is not in the account's sums by day yet, as text
    /// ([`super::usage_rollup::Recent`]).
    pub recent_usage: String,
    /// A recharge is due below this many available credits, in units of 1/10,000 credit.
    pub recharge_below_units: Option<i64>,
}

/// Locks the accounts' books against other writers until the transaction ends, and returns those
/// that exist. It locks in id order, so two batches never deadlock. It reads nothing else, because
/// a statement that waited for a lock may still see rows as they were before it waited. On SQLite
/// it does nothing: there is only one writer.
///
/// # Errors
/// If it waited longer than the database's lock timeout.
pub async fn lock(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<BTreeSet<AccountId>, DbErr> {
    lock_rows(connection, accounts, "FOR UPDATE").await
}

/// Like [`lock`], but skips books that another transaction has locked.
pub async fn lock_free(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<BTreeSet<AccountId>, DbErr> {
    lock_rows(connection, accounts, "FOR UPDATE SKIP LOCKED").await
}

pub(super) async fn lock_rows(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    lock: &str,
) -> Result<BTreeSet<AccountId>, DbErr> {
    if connection.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(accounts.into_iter().collect());
    }
    let backend = DatabaseBackend::Postgres;
    let id = |row: &QueryResult| Ok(AccountId::new(row.try_get_by_index(0)?));
    if shards::are_used() {
        // Citus locks the rows of one shard at a time.
        let sql = format!("SELECT account_id FROM books WHERE account_id = $1 {lock}");
        let accounts: BTreeSet<AccountId> = accounts.into_iter().collect();
        let mut locked = BTreeSet::new();
        for account in accounts {
            let values = [account.uuid().into()];
            let statement = Statement::from_sql_and_values(backend, sql.as_str(), values);
            let row = connection.query_one_raw(statement).await?;
            locked.extend(row.as_ref().map(id).transpose()?);
        }
        return Ok(locked);
    }
    let (_, ids) = RowSet::of_ids(accounts.into_iter().map(AccountId::uuid)).into_arrays(1);
    let sql = format!(
        "SELECT account_id FROM books WHERE account_id = ANY ($1::uuid[]) \
         ORDER BY account_id {lock}"
    );
    let statement = Statement::from_sql_and_values(backend, sql, ids);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(id).collect()
}

/// A lot as the domain sees it.
///
/// # Errors
/// Its expiration day is no day, or is without an instant.
pub fn domain_lot(row: &lot::Model) -> Result<Lot, DbErr> {
    let expiry = match (&row.expires_on, row.expires_at) {
        (Some(on), Some(at)) => Some(Expiry {
            at: whole_micros(at),
            on: day(on)?,
        }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            let what = "an expiration day and its instant go together";
            return Err(DbErr::Type(format!("lot {}: {what}", row.id)));
        }
    };
    Ok(Lot {
        id: LotId::new(row.id),
        remaining: Credits::from_units(row.remaining_units),
        expiry,
        created_at: whole_micros(row.created_at),
        taken_back: row.taken_back,
    })
}

/// Parses a day from its stored form.
///
/// # Errors
/// If the text is not a day.
pub fn day(text: &str) -> Result<jiff::civil::Date, DbErr> {
    text.parse()
        .map_err(|cause| DbErr::Type(format!("{text:?} is not a day: {cause}")))
}

/// Counts the open holds of an account's scheduled messages, up to `most`.
pub async fn open_holds(
    connection: &impl ConnectionTrait,
    account: AccountId,
    most: u64,
) -> Result<u64, DbErr> {
    hold_draw::Entity::find()
        .filter(hold_draw::Column::AccountId.eq(account.uuid()))
        // Each hold has exactly one row with this position.
        .filter(hold_draw::Column::Position.eq(0))
        .limit(most)
        .count(connection)
        .await
}

/// Finds accounts with expired lots whose expiry is not booked yet, in id order after an account.
pub async fn accounts_with_due_lots(
    connection: &impl ConnectionTrait,
    now: jiff::Timestamp,
    after: Option<AccountId>,
    limit: u64,
) -> Result<Vec<AccountId>, DbErr> {
    let mut select = lot::Entity::find()
        .select_only()
        .column(lot::Column::AccountId)
        .distinct()
        .filter(lots::is_open())
        .filter(lot::Column::ExpiresAt.lte(now.as_microsecond()));
    if let Some(after) = after {
        select = select.filter(lot::Column::AccountId.gt(after.uuid()));
    }
    let ids: Vec<Uuid> = select
        .order_by_asc(lot::Column::AccountId)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(ids.into_iter().map(AccountId::new).collect())
}
