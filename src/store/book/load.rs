//! Reading books: the rows of several accounts in a few statements, and what is wrong with them.
//!
//! Here: which rows the commands at hand need, and books that can't be read. Not here: locks, and
//! what a book is ([`super`]).

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use domain::{
    book::{Book, Command},
    credits::Credits,
    hold::Hold,
    id::{AccountId, ListId, LotId, MessageId},
    lot::{ConsumptionOrder, Draw},
    pool::Pool,
};
use entity::{book, hold_draw, lot, pool, sql_enums};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, prelude::Uuid};

use super::{
    super::sql::{joined, row_set::RowSet},
    Head, Wanted, domain_lot,
};
use crate::clock::whole_micros;

/// Books that were loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// By account. An account that does not exist has none.
    pub heads: BTreeMap<AccountId, Head>,
    /// What is wrong with the stored books that can't be read, by account.
    pub unsound: BTreeMap<AccountId, String>,
}

impl Loaded {
    /// Records the first thing that is wrong with an account's book.
    fn unsound(&mut self, account: AccountId, cause: impl std::fmt::Display) {
        self.unsound
            .entry(account)
            .or_insert_with(|| cause.to_string());
    }
}

/// Reads the books of several accounts. Accounts without a book are left out.
///
/// An account with lots that are due by `now` gets every pool, since what expires is shared by all.
///
/// # Errors
/// A database error, or a row with an impossible value.
pub async fn load(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    now: jiff::Timestamp,
) -> Result<BTreeMap<AccountId, Head>, DbErr> {
    let Loaded { heads, unsound } = load_each(connection, wanted, now).await?;
    match unsound.into_iter().next() {
        None => Ok(heads),
        Some((account, cause)) => {
            let account = account.uuid();
            Err(DbErr::Type(format!(
                "the book of account {account}: {cause}"
            )))
        }
    }
}

/// Reads the books like [`load`], and sets aside those that can't be read.
pub async fn load_each(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    now: jiff::Timestamp,
) -> Result<Loaded, DbErr> {
    let mut loaded = heads_with_lots(connection, wanted).await?;
    load_holds(connection, wanted, &mut loaded).await?;
    load_used_up_lots(connection, wanted, &mut loaded).await?;
    load_lots_of_purchases(connection, wanted, &mut loaded).await?;
    load_pools(connection, wanted, &mut loaded, now).await?;
    let Loaded { heads, unsound } = &mut loaded;
    heads.retain(|account, _| !unsound.contains_key(account));
    Ok(loaded)
}

/// What a book's account says of how it is kept.
#[derive(Debug, FromQueryResult)]
struct OfAccount {
    consumption_order: Option<sql_enums::ConsumptionOrder>,
    time_zone: Option<String>,
    usage_rolled_from: Option<i64>,
}

/// The books with their open lots, in one look.
async fn heads_with_lots(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
) -> Result<Loaded, DbErr> {
    let columns = format!(
        "{}, a.consumption_order, a.time_zone, a.usage_rolled_from, {}",
        joined::all::<book::Column>("b"),
        joined::columns::<lot::Column>("l", "lot_")
    );
    let query = (
        columns.as_str(),
        "books b LEFT JOIN accounts a ON a.id = b.account_id \
         LEFT JOIN lots l ON l.account_id = b.account_id AND l.is_open",
        "b.account_id = w.account_id",
    );
    let read = |row: &QueryResult| {
        let lot = joined::row(row, "lot_")?;
        let account = OfAccount::from_query_result(row, "")?;
        Ok((book::Model::from_query_result(row, "")?, account, lot))
    };
    let rows = RowSet::of_ids(wanted.keys().map(|id| id.uuid()))
        .query(connection, &["account_id"], query, read)
        .await?;
    let mut loaded = Loaded::default();
    for (row, account, lot) in rows {
        let id = AccountId::new(row.account_id);
        match (loaded.heads.entry(id), head(row, account)) {
            (Entry::Vacant(entry), Some(head)) => drop(entry.insert(head)),
            (Entry::Vacant(_), None) => loaded.unsound(id, "the account has no row"),
            (Entry::Occupied(_), _) => {}
        }
        if let Some(lot) = lot {
            insert_lot(&mut loaded, lot);
        }
    }
    Ok(loaded)
}

/// `None` if the account has no row.
fn head(row: book::Model, account: OfAccount) -> Option<Head> {
    let mut book = Book {
        order: order(account.consumption_order?),
        held: Credits::from_units(row.held_units),
        debt: Credits::from_units(row.debt_units),
        last_at: whole_micros(row.last_at),
        ..Book::default()
    };
    book.pools.unassigned = Credits::from_units(row.unassigned_units);
    Some(Head {
        book,
        sequence: row.sequence,
        hash: row.head_hash,
        lot_rows: BTreeMap::new(),
        time_zone: account.time_zone?,
        usage_rolled_from: account.usage_rolled_from?,
        recent_usage: row.recent_usage,
        recharge_below_units: row.recharge_below_units,
    })
}

/// The order of draws, as the domain names it.
#[must_use]
pub fn order(order: sql_enums::ConsumptionOrder) -> ConsumptionOrder {
    match order {
        sql_enums::ConsumptionOrder::SoonestExpiryFirst => ConsumptionOrder::SoonestExpiryFirst,
        sql_enums::ConsumptionOrder::NonExpiringFirst => ConsumptionOrder::NonExpiringFirst,
    }
}

fn insert_lot(loaded: &mut Loaded, row: lot::Model) {
    let (account, id) = (AccountId::new(row.account_id), LotId::new(row.id));
    match (loaded.heads.get_mut(&account), domain_lot(&row)) {
        (Some(head), Ok(lot)) => {
            head.book.lots.insert(id, lot);
            head.lot_rows.insert(id, row);
        }
        (_, Err(cause)) => loaded.unsound(account, cause),
        (None, Ok(_)) => loaded.unsound(account, format!("lot {} has no book", row.id)),
    }
}

async fn load_holds(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    loaded: &mut Loaded,
) -> Result<(), DbErr> {
    let messages = RowSet::of_pairs(wanted.iter().flat_map(|(id, wanted)| {
        let ids = wanted.messages.iter().map(|message| message.uuid());
        ids.map(|message| (id.uuid(), message))
    }));
    let mut draws = messages
        .find::<hold_draw::Entity>(connection, &["account_id", "message_id"], "")
        .await?;
    draws.sort_by_key(|draw| (draw.message_id, draw.position));
    // Lots that a hold emptied are not among the open ones, but get back what is released.
    let lots: BTreeSet<(Uuid, Uuid)> = draws
        .iter()
        .filter_map(|draw| Some((draw.account_id, draw.lot_id?)))
        .collect();
    for row in RowSet::of_pairs(lots)
        .find::<lot::Entity>(connection, &["account_id", "id"], "")
        .await?
    {
        insert_lot(loaded, row);
    }
    for row in draws {
        let account = AccountId::new(row.account_id);
        let message = row.message_id;
        let Some(head) = loaded.heads.get_mut(&account) else {
            loaded.unsound(
                account,
                format!("the hold of message {message} has no book"),
            );
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
        match row.lot_id {
            Some(lot) if hold.pool == pool => hold.draws.push(Draw {
                lot: LotId::new(lot),
                credits: Credits::from_units(row.units),
            }),
            // A hold of nothing has one row, without a lot.
            None if row.units == 0 && hold.pool == pool => {}
            Some(_) | None => {
                loaded.unsound(
                    account,
                    format!("the hold of message {message} is mixed up"),
                );
            }
        }
    }
    Ok(())
}

/// The lots that are used up and whose day has not come by the book's last transaction: holds may
/// give credits back to them.
async fn load_used_up_lots(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    loaded: &mut Loaded,
) -> Result<(), DbErr> {
    let accounts = wanted.iter().filter(|(_, wanted)| wanted.used_up_lots);
    let columns = joined::all::<lot::Column>("l");
    let query = (
        columns.as_str(),
        "books b JOIN lots l ON l.account_id = b.account_id AND l.expires_at > b.last_at",
        "b.account_id = w.account_id AND l.remaining_units = 0",
    );
    let read = |row: &QueryResult| lot::Model::from_query_result(row, "");
    let rows = RowSet::of_ids(accounts.map(|(id, _)| id.uuid()))
        .query(connection, &["account_id"], query, read)
        .await?;
    rows.into_iter().for_each(|row| insert_lot(loaded, row));
    Ok(())
}

/// The lots that the purchases bought, used up or not.
async fn load_lots_of_purchases(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    loaded: &mut Loaded,
) -> Result<(), DbErr> {
    let purchases = wanted.iter().flat_map(|(id, wanted)| {
        let ids = wanted.purchases.iter();
        ids.map(|purchase| (id.uuid(), purchase.uuid()))
    });
    let columns = joined::all::<lot::Column>("l");
    let query = (
        columns.as_str(),
        "purchases p JOIN lots l ON l.account_id = p.account_id AND l.id = p.lot_id",
        "p.account_id = w.account_id AND p.id = w.id",
    );
    let read = |row: &QueryResult| lot::Model::from_query_result(row, "");
    let rows = RowSet::of_pairs(purchases)
        .query(connection, &["account_id", "id"], query, read)
        .await?;
    rows.into_iter().for_each(|row| insert_lot(loaded, row));
    Ok(())
}

async fn load_pools(
    connection: &impl ConnectionTrait,
    wanted: &BTreeMap<AccountId, Wanted>,
    loaded: &mut Loaded,
    now: jiff::Timestamp,
) -> Result<(), DbErr> {
    let (mut whole, mut lists) = (Vec::new(), BTreeSet::new());
    for (id, wanted) in wanted {
        // An account that does not exist has no book.
        let Some(head) = loaded.heads.get(id) else {
            continue;
        };
        let book = &head.book;
        let needs_every_pool = |command: &Command| book.needs_every_pool(command, now);
        if wanted.every_pool || book.may_expire(now) || wanted.commands.iter().any(needs_every_pool)
        {
            whole.push(id.uuid());
            continue;
        }
        // What a hold gives back goes to the pool that it came from.
        let held = book.holds.values().filter_map(|hold| hold.pool.list());
        let wanted = wanted.lists.iter().copied().chain(held);
        lists.extend(wanted.map(|list| (id.uuid(), list.uuid())));
    }
    let mut rows = RowSet::of_ids(whole)
        .find::<pool::Entity>(connection, &["account_id"], "")
        .await?;
    rows.extend(
        RowSet::of_pairs(lists)
            .find::<pool::Entity>(connection, &["account_id", "list_id"], "")
            .await?,
    );
    for row in rows {
        let account = AccountId::new(row.account_id);
        match loaded.heads.get_mut(&account) {
            Some(head) => {
                let limited = &mut head.book.pools.limited;
                let free = Credits::from_units(row.free_units);
                limited.insert(ListId::new(row.list_id), free);
            }
            None => loaded.unsound(
                account,
                format!("the pool of list {} has no book", row.list_id),
            ),
        }
    }
    Ok(())
}
