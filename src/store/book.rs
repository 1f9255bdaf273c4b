//! An account's book, read from its rows, as far as the commands at hand need it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    book::Book,
    credits::Credits,
    hold::Hold,
    id::{AccountId, ListId, LotId, MessageId},
    lot::{ConsumptionOrder, Draw, Expiry, Lot},
    pool::Pool,
};
use entity::{account, book, hold_draw, lot, pool, sql_enums};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
};

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
    /// Whether every pool is needed, because credits are taken from all of them.
    pub every_pool: bool,
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
}

/// Locks the accounts' books against other writers until the transaction ends, in id order, so that two
/// batches never wait for each other. It reads nothing: a statement that waited for a lock may still see
/// what was there before it waited.
///
/// # Errors
/// What the database says.
pub async fn lock(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<(), DbErr> {
    book::Entity::find()
        .select_only()
        .column(book::Column::AccountId)
        .filter(book::Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .order_by_asc(book::Column::AccountId)
        .lock_exclusive()
        .into_tuple::<Uuid>()
        .all(connection)
        .await?;
    Ok(())
}

/// When an account's last transaction was booked; `None` where it has no book.
///
/// # Errors
/// What the database says.
pub async fn last_at(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<jiff::Timestamp>, DbErr> {
    let row = book::Entity::find_by_id(account.uuid())
        .one(connection)
        .await?;
    Ok(row.map(|row| whole_micros(row.last_at)))
}

/// Reads the books of several accounts. Accounts without a book are left out.
///
/// An account with lots that are due by `now` gets every pool, since what expires is shared by all.
///
/// # Errors
/// What the database says, or that a row holds what it never should.
pub async fn load(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    now: jiff::Timestamp,
) -> Result<BTreeMap<AccountId, Head>, DbErr> {
    let ids: Vec<Uuid> = wanted.keys().map(|id| id.uuid()).collect();
    let mut heads = heads(connection, &ids).await?;
    for row in lot::Entity::find()
        .filter(lot::Column::AccountId.is_in(ids.iter().copied()))
        .filter(lot::Column::RemainingUnits.gt(0))
        .all(connection)
        .await?
    {
        insert_lot(&mut heads, row)?;
    }
    load_holds(connection, wanted, &mut heads).await?;
    load_pools(connection, wanted, &mut heads, now).await?;
    Ok(heads)
}

async fn heads(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<BTreeMap<AccountId, Head>, DbErr> {
    let books = book::Entity::find()
        .filter(book::Column::AccountId.is_in(ids.iter().copied()))
        .all(connection)
        .await?;
    let accounts: BTreeMap<Uuid, account::Model> = account::Entity::find()
        .filter(account::Column::Id.is_in(ids.iter().copied()))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    Ok(books
        .into_iter()
        .map(|row| {
            let account = accounts.get(&row.account_id);
            let mut book = Book {
                order: order(account.map(|account| account.consumption_order)),
                held: Credits::from_units(row.held_units),
                last_at: whole_micros(row.last_at),
                ..Book::default()
            };
            book.pools.unassigned = Credits::from_units(row.unassigned_units);
            let head = Head {
                book,
                sequence: row.sequence,
                hash: row.head_hash,
                lot_rows: BTreeMap::new(),
                time_zone: account.map_or_else(String::new, |account| account.time_zone.clone()),
                // A book without an account has no usage to add up.
                usage_rolled_from: account.map_or(i64::MAX, |account| account.usage_rolled_from),
            };
            (AccountId::new(row.account_id), head)
        })
        .collect())
}

fn order(order: Option<sql_enums::ConsumptionOrder>) -> ConsumptionOrder {
    match order {
        Some(sql_enums::ConsumptionOrder::SoonestExpiryFirst) => {
            ConsumptionOrder::SoonestExpiryFirst
        }
        Some(sql_enums::ConsumptionOrder::NonExpiringFirst) | None => {
            ConsumptionOrder::NonExpiringFirst
        }
    }
}

/// A lot as the domain sees it.
///
/// # Errors
/// Where its expiration day is no day.
pub fn domain_lot(row: &lot::Model) -> Result<Lot, DbErr> {
    let expiry = match (&row.expires_on, row.expires_at) {
        (Some(on), Some(at)) => Some(Expiry {
            at: whole_micros(at),
            on: day(on)?,
        }),
        _ => None,
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

fn insert_lot(heads: &mut BTreeMap<AccountId, Head>, row: lot::Model) -> Result<(), DbErr> {
    if let Some(head) = heads.get_mut(&AccountId::new(row.account_id)) {
        head.book.lots.insert(LotId::new(row.id), domain_lot(&row)?);
        head.lot_rows.insert(LotId::new(row.id), row);
    }
    Ok(())
}

async fn load_holds(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    heads: &mut BTreeMap<AccountId, Head>,
) -> Result<(), DbErr> {
    let messages: Vec<Uuid> = wanted
        .values()
        .flat_map(|wanted| &wanted.messages)
        .map(|id| id.uuid())
        .collect();
    if messages.is_empty() {
        return Ok(());
    }
    let draws = hold_draw::Entity::find()
        .filter(hold_draw::Column::AccountId.is_in(wanted.keys().map(|id| id.uuid())))
        .filter(hold_draw::Column::MessageId.is_in(messages))
        .order_by_asc(hold_draw::Column::MessageId)
        .order_by_asc(hold_draw::Column::Position)
        .all(connection)
        .await?;
    // Lots that a hold emptied are not among the open ones, but get back what is released.
    for row in lot::Entity::find()
        .filter(lot::Column::AccountId.is_in(wanted.keys().map(|id| id.uuid())))
        .filter(lot::Column::Id.is_in(draws.iter().filter_map(|draw| draw.lot_id)))
        .all(connection)
        .await?
    {
        insert_lot(heads, row)?;
    }
    for row in draws {
        let Some(head) = heads.get_mut(&AccountId::new(row.account_id)) else {
            continue;
        };
        let pool = row
            .pool_list_id
            .map_or(Pool::Unassigned, |list| Pool::Limited(ListId::new(list)));
        let hold = head
            .book
            .holds
            .entry(MessageId::new(row.message_id))
            .or_insert_with(|| Hold {
                pool,
                draws: Vec::new(),
            });
        if let Some(lot) = row.lot_id {
            hold.draws.push(Draw {
                lot: LotId::new(lot),
                credits: Credits::from_units(row.units),
            });
        }
    }
    Ok(())
}

async fn load_pools(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    heads: &mut BTreeMap<AccountId, Head>,
    now: jiff::Timestamp,
) -> Result<(), DbErr> {
    let (mut whole, mut lists) = (Vec::new(), BTreeSet::new());
    for (id, head) in heads.iter() {
        let wanted = wanted.get(id).cloned().unwrap_or_default();
        if wanted.every_pool || head.book.may_expire(now) {
            whole.push(id.uuid());
        } else {
            lists.extend(wanted.lists.iter().map(|list| list.uuid()));
            // What a hold gives back goes to the pool that it came from.
            lists.extend(
                head.book
                    .holds
                    .values()
                    .filter_map(|hold| hold.pool.list())
                    .map(ListId::uuid),
            );
        }
    }
    let mut rows = Vec::new();
    if !whole.is_empty() {
        rows.extend(
            pool::Entity::find()
                .filter(pool::Column::AccountId.is_in(whole))
                .all(connection)
                .await?,
        );
    }
    if !lists.is_empty() {
        rows.extend(
            pool::Entity::find()
                .filter(pool::Column::AccountId.is_in(wanted.keys().map(|id| id.uuid())))
                .filter(pool::Column::ListId.is_in(lists))
                .all(connection)
                .await?,
        );
    }
    for row in rows {
        if let Some(head) = heads.get_mut(&AccountId::new(row.account_id)) {
            head.book.pools.limited.insert(
                ListId::new(row.list_id),
                Credits::from_units(row.free_units),
            );
        }
    }
    Ok(())
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
