//! Contact lists and their head-counts.
//!
//! Here: finding, listing, locking and writing lists. Not here: their stored contacts
//! ([`super::contact`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::id::{AccountId, ListId};
use entity::{contact_list, list_destination, pool};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait, Select,
    Statement,
    sea_query::{Alias, Expr, IntoColumnRef, SelectStatement},
};

use super::sql::{
    last_change::{LastChanges, record},
    paging::{Direction, Key, Page, Window, page},
    routes,
    row_set::RowSet,
    search::contains,
    shards,
};

/// Finds a list of any account, also if it is archived.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: ListId,
) -> Result<Option<contact_list::Model>, DbErr> {
    let columns = (contact_list::Column::AccountId, contact_list::Column::Id);
    let select = contact_list::Entity::find();
    let found = routes::find(connection, select, vec![id.uuid()], columns).await?;
    Ok(found.into_iter().next())
}

/// Finds several lists of any accounts, archived ones too, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ListId>,
) -> Result<Vec<contact_list::Model>, DbErr> {
    let ids: Vec<_> = ids.into_iter().map(ListId::uuid).collect();
    if shards::are_used() {
        let columns = (contact_list::Column::AccountId, contact_list::Column::Id);
        return routes::find(connection, contact_list::Entity::find(), ids, columns).await;
    }
    RowSet::of_ids(ids)
        .find::<contact_list::Entity>(connection, &["id"], "")
        .await
}

/// The orders of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListSort {
    /// The oldest first.
    #[default]
    CreatedAt,
    /// By name, ignoring the case of ASCII letters.
    Name,
    /// The one that changed longest ago first.
    UpdatedAt,
}

impl ListSort {
    /// The key of a row's place.
    #[must_use]
    pub fn key(self, row: &contact_list::Model) -> i64 {
        match self {
            Self::CreatedAt => row.created_at,
            Self::Name => 0,
            Self::UpdatedAt => updated_at(row),
        }
    }
}

/// The lists to list.
#[derive(Debug, Clone)]
pub struct ListFilter {
    /// Lists of this account.
    pub account: AccountId,
    /// Archived lists; otherwise those in use.
    pub archived: bool,
    /// Only lists whose name contains this text, in any case.
    pub search: Option<String>,
    /// Only lists that last changed in this period.
    pub changed: LastChanges,
    /// The order.
    pub sort: ListSort,
}

/// The instant of a list's last change, in microseconds since the epoch.
#[must_use]
pub fn updated_at(row: &contact_list::Model) -> i64 {
    let recorded = row.updated_at.or(row.archived_at);
    recorded.unwrap_or(row.created_at)
}

/// The same of a row in the database. The index of last changes has the same expression.
fn last_change() -> Expr {
    Expr::cust("COALESCE(updated_at, archived_at, created_at)")
}

fn select(backend: DatabaseBackend, filter: &ListFilter) -> Select<contact_list::Entity> {
    let select = contact_list::Entity::find()
        .filter(contact_list::Column::AccountId.eq(filter.account.uuid()))
        .filter(match filter.archived {
            true => contact_list::Column::ArchivedAt.is_not_null(),
            false => contact_list::Column::ArchivedAt.is_null(),
        });
    let select = filter.changed.restrict(select, last_change());
    match &filter.search {
        Some(search) => select.filter(contains(backend, contact_list::Column::Name, search)),
        None => select,
    }
}

/// Reads a page of an account's lists.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &ListFilter,
    window: Window,
) -> Result<Page<contact_list::Model>, DbErr> {
    use contact_list::Column::{AccountId, CreatedAt, Id, Name};
    let backend = connection.get_database_backend();
    let key = match filter.sort {
        ListSort::CreatedAt => CreatedAt.into(),
        ListSort::Name => {
            // A list may have been archived or renamed since its cursor was made.
            let lists = contact_list::Entity::find().filter(AccountId.eq(filter.account.uuid()));
            Key::name(backend, (Name, Id), lists)
        }
        ListSort::UpdatedAt => Key::number(last_change()),
    };
    page(
        connection,
        select(backend, filter),
        (key, Id),
        Direction::Ascending,
        window,
    )
    .await
}

/// Counts the lists that match a filter.
pub async fn count(connection: &impl ConnectionTrait, filter: &ListFilter) -> Result<u64, DbErr> {
    select(connection.get_database_backend(), filter)
        .count(connection)
        .await
}

/// The lists of an account that share its unassigned credits.
#[derive(Debug, Clone, Copy)]
pub struct SharedLists(pub AccountId);

/// A list without a pool of its own shares the unassigned credits.
fn select_shared(account: AccountId) -> Select<contact_list::Entity> {
    let limited = pool::Entity::find()
        .select_only()
        .column(pool::Column::ListId)
        .filter(pool::Column::AccountId.eq(account.uuid()));
    contact_list::Entity::find()
        .filter(contact_list::Column::AccountId.eq(account.uuid()))
        .filter(contact_list::Column::ArchivedAt.is_null())
        .filter(contact_list::Column::Id.not_in_subquery(limited.into_query()))
}

/// Reads a page of the lists that share an account's unassigned credits, the oldest first.
pub async fn list_shared(
    connection: &impl ConnectionTrait,
    account: AccountId,
    window: Window,
) -> Result<Page<contact_list::Model>, DbErr> {
    let order = (contact_list::Column::CreatedAt, contact_list::Column::Id);
    let lists = select_shared(account);
    page(connection, lists, order, Direction::Ascending, window).await
}

/// Counts the lists that share an account's unassigned credits.
pub async fn count_shared(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<u64, DbErr> {
    select_shared(account).count(connection).await
}

/// Counts an account's lists that are not archived.
pub async fn in_use(connection: &impl ConnectionTrait, account: AccountId) -> Result<u64, DbErr> {
    let filter = ListFilter {
        account,
        archived: false,
        search: None,
        changed: LastChanges::default(),
        sort: ListSort::default(),
    };
    count(connection, &filter).await
}

/// Adds a list without a head-count, which is written separately.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: contact_list::Model,
) -> Result<(), DbErr> {
    contact_list::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Renames a list. Returns false if it is archived. It locks the list's row until the transaction
/// ends, so that two changes of one head-count run one after the other. It writes only the name, so
/// that a list that is archived concurrently stays archived.
pub async fn rename(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: ListId,
    name: &str,
) -> Result<bool, DbErr> {
    let done = contact_list::Entity::update_many()
        .col_expr(contact_list::Column::Name, Expr::value(name))
        .filter(contact_list::Column::AccountId.eq(account.uuid()))
        .filter(contact_list::Column::Id.eq(id.uuid()))
        .filter(contact_list::Column::ArchivedAt.is_null())
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Puts an archived list in use again. Returns false if it is in use, or if contacts of it are
/// still stored.
pub async fn restore(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ListId),
    now: Timestamp,
) -> Result<bool, DbErr> {
    let update = contact_list::Entity::update_many()
        .col_expr(contact_list::Column::ArchivedAt, Expr::value(None::<i64>))
        .filter(contact_list::Column::AccountId.eq(account.uuid()))
        .filter(contact_list::Column::Id.eq(id.uuid()))
        .filter(contact_list::Column::ArchivedAt.is_not_null())
        .filter(contact_list::Column::Contacts.eq(0));
    let done = record(update, contact_list::Column::UpdatedAt, now)
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Records that a list changes now, and returns it.
pub async fn touch(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ListId),
    now: Timestamp,
) -> Result<Option<contact_list::Model>, DbErr> {
    let touched = contact_list::Entity::update_many()
        .filter(contact_list::Column::AccountId.eq(account.uuid()))
        .filter(contact_list::Column::Id.eq(id.uuid()));
    let touched = record(touched, contact_list::Column::UpdatedAt, now);
    let rows = touched.exec_with_returning(connection).await?;
    Ok(rows.into_iter().next())
}

/// Locks a list's row until the transaction ends, so that adding contacts, removing them and
/// counting them run one after the other. It reads nothing, because a statement that waited for a
/// lock may still see rows as they were before it waited.
pub async fn lock(
    connection: &impl ConnectionTrait,
    (account, id): (AccountId, ListId),
) -> Result<(), DbErr> {
    contact_list::Entity::find()
        .select_only()
        .column(contact_list::Column::Id)
        .filter(contact_list::Column::AccountId.eq(account.uuid()))
        .filter(contact_list::Column::Id.eq(id.uuid()))
        .lock_exclusive()
        .into_tuple::<sea_orm::prelude::Uuid>()
        .all(connection)
        .await?;
    Ok(())
}

/// Locks lists' rows until the transaction ends, in id order, against adding and removing contacts,
/// and returns those that exist. Readers are not blocked. Like [`lock`], it reads nothing else. On
/// SQLite it does nothing: there is only one writer.
pub async fn lock_shared(
    connection: &impl ConnectionTrait,
    lists: &BTreeMap<ListId, AccountId>,
    skip_locked: bool,
) -> Result<BTreeSet<ListId>, DbErr> {
    if connection.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(lists.keys().copied().collect());
    }
    let backend = DatabaseBackend::Postgres;
    let skip = if skip_locked { " SKIP LOCKED" } else { "" };
    let id = |row: &QueryResult| Ok(ListId::new(row.try_get_by_index(0)?));
    if shards::are_used() {
        // Citus locks the rows of one shard at a time.
        let sql = format!(
            "SELECT id FROM contact_lists WHERE account_id = $1 AND id = $2 FOR SHARE{skip}"
        );
        let mut locked = BTreeSet::new();
        for (list, account) in lists {
            let values = [account.uuid().into(), list.uuid().into()];
            let statement = Statement::from_sql_and_values(backend, sql.as_str(), values);
            let row = connection.query_one_raw(statement).await?;
            locked.extend(row.as_ref().map(id).transpose()?);
        }
        return Ok(locked);
    }
    let (_, ids) = RowSet::of_ids(lists.keys().map(|list| list.uuid())).into_arrays(1);
    let sql = format!(
        "SELECT id FROM contact_lists WHERE id = ANY ($1::uuid[]) ORDER BY id FOR SHARE{skip}"
    );
    let statement = Statement::from_sql_and_values(backend, sql, ids);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(id).collect()
}

/// Raises a list's revision by one, because fields of its contacts changed. The caller holds the
/// lock on the list.
pub async fn raise_revision(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    now: Timestamp,
) -> Result<(), DbErr> {
    use contact_list::Column;
    use sea_orm::ExprTrait;
    let update = contact_list::Entity::update_many()
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Id.eq(list.uuid()));
    record(update, Column::UpdatedAt, now)
        .exec(connection)
        .await
        .map(drop)
}

/// A list's head-count, and the revision of the list at which it was counted.
#[derive(Debug, Clone, Default)]
pub struct Heads {
    /// Recipients by country code.
    pub rows: Vec<(String, i64)>,
    /// Stored contacts; 0 if the head-count was set without contacts.
    pub contacts: i64,
    /// The list's revision.
    pub revision: i64,
    /// The number of removals of contacts so far.
    pub removals: i64,
    /// Whether the list is archived.
    pub is_archived: bool,
}

/// Reads the head-counts of several lists, each from one snapshot. Lists that don't exist are left
/// out.
pub async fn heads(
    connection: &impl ConnectionTrait,
    lists: impl IntoIterator<Item = (AccountId, ListId)>,
) -> Result<HashMap<(AccountId, ListId), Heads>, DbErr> {
    let query = (
        "l.account_id, l.id, l.contacts, l.revision, l.removals, l.archived_at, d.country_code, \
         d.recipients",
        "contact_lists l LEFT JOIN list_destinations d \
         ON d.account_id = l.account_id AND d.list_id = l.id",
        "l.account_id = w.account_id AND l.id = w.list_id",
    );
    let read = |row: &QueryResult| {
        let key = (
            AccountId::new(row.try_get("", "account_id")?),
            ListId::new(row.try_get("", "id")?),
        );
        let heads = Heads {
            rows: Vec::new(),
            contacts: row.try_get("", "contacts")?,
            revision: row.try_get("", "revision")?,
            removals: row.try_get("", "removals")?,
            is_archived: row.try_get::<Option<i64>>("", "archived_at")?.is_some(),
        };
        let country: Option<String> = row.try_get("", "country_code")?;
        let recipients: Option<i64> = row.try_get("", "recipients")?;
        Ok((key, heads, country.zip(recipients)))
    };
    let lists = lists.into_iter();
    let set = RowSet::of_pairs(lists.map(|(account, list)| (account.uuid(), list.uuid())));
    let mut found: HashMap<_, Heads> = HashMap::new();
    for (key, heads, row) in set
        .query(connection, &["account_id", "list_id"], query, read)
        .await?
    {
        found.entry(key).or_insert(heads).rows.extend(row);
    }
    Ok(found)
}

/// Finds archived lists whose contacts are still stored, at most `most`.
pub async fn archived_with_contacts(
    connection: &impl ConnectionTrait,
    most: u64,
) -> Result<Vec<contact_list::Model>, DbErr> {
    // The same text as the partial index's condition.
    contact_list::Entity::find()
        .filter(contact_list::Column::ArchivedAt.is_not_null())
        .filter(Expr::cust("contacts > 0"))
        .order_by_asc(contact_list::Column::ArchivedAt)
        .limit(most)
        .all(connection)
        .await
}

/// Reads the head-counts of several lists, each given with its account, in no particular order.
pub async fn destinations(
    connection: &impl ConnectionTrait,
    lists: impl IntoIterator<Item = (AccountId, ListId)>,
) -> Result<Vec<list_destination::Model>, DbErr> {
    let lists = lists.into_iter();
    RowSet::of_pairs(lists.map(|(account, list)| (account.uuid(), list.uuid())))
        .find::<list_destination::Entity>(connection, &["account_id", "list_id"], "")
        .await
}

/// Replaces a list's head-count.
pub async fn replace_destinations(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: ListId,
    rows: Vec<list_destination::Model>,
) -> Result<(), DbErr> {
    use list_destination::Column;
    list_destination::Entity::delete_many()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ListId.eq(id.uuid()))
        .exec(connection)
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    list_destination::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Adds the id and the name of a row's list to a statement, both null for a row without a list.
pub(super) fn with_name<T: IntoColumnRef>(statement: &mut SelectStatement, account: T, list: T) {
    use sea_orm::ExprTrait;
    let of = |column| Expr::col(("named_list", column));
    let same = of(contact_list::Column::AccountId)
        .eq(Expr::col(account))
        .and(of(contact_list::Column::Id).eq(Expr::col(list)));
    statement
        .expr(of(contact_list::Column::Id))
        .expr(of(contact_list::Column::Name))
        .join_as(
            JoinType::LeftJoin,
            contact_list::Entity,
            Alias::new("named_list"),
            same,
        );
}
