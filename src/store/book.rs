//! An account's book, read from its rows, as far as the commands at hand need it.

mod load;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    book::{Book, Command},
    credits::Credits,
    id::{AccountId, ListId, LotId, MessageId},
    lot::{Expiry, Lot},
};
use entity::{hold_draw, lot};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, Statement, prelude::Uuid,
};

pub use self::load::{Loaded, load, load_each};
use super::sql::row_set::RowSet;
use crate::clock::whole_micros;

/// The hash that the first transaction of an account follows.
pub const CHAIN_START: [u8; 32] = [0; 32];

/// What of an account's book is needed beside its open lots.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The lists whose pools are needed.
    pub lists: BTreeSet<ListId>,
    /// The scheduled messages whose holds are needed.
    pub messages: BTreeSet<MessageId>,
    /// Whether every pool is needed, whatever else is.
    pub every_pool: bool,
    /// Whether lots that are used up are needed too, as far as their day has not come.
    pub used_up_lots: bool,
    /// Commands that may take credits from every pool; [`Book::needs_every_pool`] says whether they do.
    pub commands: Vec<Command>,
}

/// An account's book with its place in the chain.
#[derive(Debug, Clone)]
pub struct Head {
    /// Lots, pools and holds.
    pub book: Book,
    /// The last transaction's number.
    pub sequence: i64,
    /// The last transaction's hash.
    pub hash: Vec<u8>,
    /// The rows behind the book's lots.
    pub lot_rows: BTreeMap<LotId, lot::Model>,
    /// The zone of the account's days, an IANA name.
    pub time_zone: String,
    /// From which instant on the account's usage is added up by day.
    pub usage_rolled_from: i64,
    /// What was charged last and is not in the account's rows by day yet, as the book's row has it
    /// ([`super::usage_rollup::Recent`]).
    pub recent_usage: String,
}

/// Locks the accounts' books against other writers until the transaction ends, in id order, so that two
/// batches never wait for each other, and answers which there are. It reads nothing: a statement that waited for a
/// lock may still see what was there before it waited. SQLite locks no rows: whoever writes there is alone.
///
/// # Errors
/// What the database says, in particular that it waited too long.
pub async fn lock(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<BTreeSet<AccountId>, DbErr> {
    lock_rows(connection, accounts, "FOR UPDATE").await
}

/// Like [`lock`], but passes over the books that somebody else has locked.
///
/// # Errors
/// What the database says.
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
    let (_, ids) = RowSet::of_ids(accounts.into_iter().map(AccountId::uuid)).into_arrays(1);
    let sql = format!(
        "SELECT account_id FROM books WHERE account_id = ANY ($1::uuid[]) \
         ORDER BY account_id {lock}"
    );
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, ids);
    let rows = connection.query_all_raw(statement).await?;
    let id = |row: &QueryResult| Ok(AccountId::new(row.try_get_by_index(0)?));
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
    })
}

/// A day from its stored form.
///
/// # Errors
/// Where it is no day.
pub fn day(text: &str) -> Result<jiff::civil::Date, DbErr> {
    text.parse()
        .map_err(|cause| DbErr::Type(format!("{text:?} is no day: {cause}")))
}

/// How many holds of scheduled messages an account has open; counted up to `most`.
///
/// # Errors
/// What the database says.
pub async fn open_holds(
    connection: &impl ConnectionTrait,
    account: AccountId,
    most: u64,
) -> Result<u64, DbErr> {
    hold_draw::Entity::find()
        .filter(hold_draw::Column::AccountId.eq(account.uuid()))
        // Each hold has one.
        .filter(hold_draw::Column::Position.eq(0))
        .limit(most)
        .count(connection)
        .await
}

/// Accounts with lots whose day has come and whose remainder is not booked as expired yet, after an
/// account in id order.
///
/// # Errors
/// What the database says.
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
        .filter(lot::Column::RemainingUnits.gt(0))
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
