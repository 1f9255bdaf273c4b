//! Stored contacts of lists.
//!
//! Here: adding, changing and removing many at once, and the head-count of their list, which
//! changes in the same transaction. Callers lock the list first ([`super::contact_list::lock`]), so
//! that concurrent changes of one list run one after the other. Not here: reading files of contacts
//! ([`crate::imports`]).

mod by_number;
mod export;
mod pages;
mod removal;

use std::collections::BTreeMap;

use domain::{
    id::{AccountId, ContactId, ListId},
    private::Private,
};
use entity::{contact, contact_list, list_destination};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, QueryFilter, Statement,
    Value,
    sea_query::{Expr, OnConflict},
};

use super::sql::{last_change::record, paging::Place, routes, shards};
pub use by_number::{known, with_numbers};
pub use export::{CELLS as EXPORT_CELLS, export, field_names};
pub use pages::{ContactFilter, ContactSort, Search, count, list};
pub use removal::{Gone, Removed, Which, delete, delete_each};

/// A contact to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContact {
    /// Its id.
    pub id: ContactId,
    /// The digits of its E.164 number.
    pub number: Private<i64>,
    /// ISO 3166-1 alpha-2, by the number.
    pub country_code: String,
    /// A JSON object of texts; `None` if it has no fields.
    pub fields: Private<Option<String>>,
}

/// A stored contact.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The account.
    pub account: AccountId,
    /// The list.
    pub list: ListId,
    /// Its id.
    pub id: ContactId,
    /// The digits of its E.164 number.
    pub number: Private<i64>,
    /// ISO 3166-1 alpha-2, by the number.
    pub country_code: String,
    /// A JSON object of texts; `None` if it has no fields.
    pub fields: Private<Option<String>>,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// When its number or its fields last changed, or it was created, in microseconds since the
    /// epoch.
    pub updated_at: i64,
}

impl Contact {
    /// The size of its fields in bytes.
    #[must_use]
    pub fn field_bytes(&self) -> usize {
        self.fields.unguarded().as_ref().map_or(0, String::len)
    }

    /// Its position among the contacts of its list.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            key: *self.number.unguarded(),
            id: self.id.uuid(),
        }
    }
}

impl From<contact::Model> for Contact {
    fn from(row: contact::Model) -> Self {
        Self {
            account: AccountId::new(row.account_id),
            list: ListId::new(row.list_id),
            id: ContactId::new(row.id),
            number: Private::new(row.number),
            country_code: row.country_code,
            fields: Private::new(row.fields),
            created_at: row.created_at,
            updated_at: row.updated_at.unwrap_or(row.created_at),
        }
    }
}

/// The number of contacts added or removed, by country.
pub type Counts = BTreeMap<String, i64>;

/// Finds the lists of an account that have a number, archived ones too.
pub async fn lists_with(
    connection: &impl ConnectionTrait,
    account: AccountId,
    number: i64,
) -> Result<Vec<contact_list::Model>, DbErr> {
    // Each list is looked up in the index of numbers, which begins with the list.
    let (join, end) = match connection.get_database_backend() {
        DatabaseBackend::Postgres => (
            // As in `known`.
            "CROSS JOIN LATERAL (SELECT 1 AS found FROM contacts c \
             WHERE c.account_id = l.account_id AND c.list_id = l.id \
             AND c.number >= $2 AND c.number <= $2 ORDER BY c.number OFFSET 0) q",
            "",
        ),
        _ => (
            "CROSS JOIN contacts c",
            " AND c.account_id = l.account_id AND c.list_id = l.id AND c.number = $2",
        ),
    };
    let columns = super::sql::joined::all::<contact_list::Column>("l");
    let text = format!("SELECT {columns} FROM contact_lists l {join} WHERE l.account_id = $1{end}");
    let values = [account.uuid().into(), number.into()];
    let backend = connection.get_database_backend();
    contact_list::Entity::find()
        .from_raw_sql(Statement::from_sql_and_values(backend, text, values))
        .all(connection)
        .await
}

/// Adds contacts in one statement, at an instant and with a revision of the list. The list must not
/// have their numbers.
///
/// # Errors
/// If the list has one of the numbers.
pub async fn insert(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    contacts: &[NewContact],
    (created_at, revision): (i64, i64),
) -> Result<(), DbErr> {
    // One JSON text instead of a parameter for each value: SQLite takes at most 32,766 parameters,
    // and binding and planning them takes longer than reading a text.
    let rows: Vec<_> = contacts
        .iter()
        .map(|row| {
            (
                row.id.uuid().simple().to_string(),
                row.number.unguarded(),
                &row.country_code,
                row.fields.unguarded(),
            )
        })
        .collect();
    let source = match connection.get_database_backend() {
        DatabaseBackend::Postgres => {
            "(value->>0)::uuid, (value->>1)::bigint, value->>2, value->>3, $4::bigint, $5::bigint
             FROM json_array_elements($3::json)"
        }
        _ => {
            "unhex(value->>0), value->>1, value->>2, value->>3, $4, $5
             FROM json_each($3)"
        }
    };
    let text = format!(
        "INSERT INTO contacts
         (account_id, list_id, id, number, country_code, fields, created_at, revision)
         SELECT $1, $2, {source}"
    );
    let values = [json(&rows)?, created_at.into(), revision.into()];
    let statement = of_list(connection, text, list, values);
    let done = connection.execute_raw(statement).await?;
    if done.rows_affected() == contacts.len() as u64 {
        Ok(())
    } else {
        Err(DbErr::Custom("contacts were not all written".to_owned()))
    }
}

/// Replaces the fields of a list's contacts in one statement, and sets the instant and the list's
/// revision on those whose fields changed.
pub async fn update(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    contacts: &[NewContact],
    (now, revision): (i64, i64),
) -> Result<(), DbErr> {
    let rows: Vec<_> = contacts
        .iter()
        .map(|row| (row.number.unguarded(), row.fields.unguarded()))
        .collect();
    // As in `known`: the rows that change are found by their numbers first, and then by their
    // places in the table.
    let (source, matched, revised, at) = match connection.get_database_backend() {
        DatabaseBackend::Postgres if shards::are_used() => (
            "(SELECT (value->>0)::bigint AS number, value->>1 AS fields \
             FROM json_array_elements($3::json)) AS changed",
            "contacts.account_id = $1 AND contacts.list_id = $2 AND contacts.number = changed.number",
            "$4::bigint",
            "$5::bigint",
        ),
        DatabaseBackend::Postgres => (
            "(SELECT q.place, w.value->>1 AS fields FROM json_array_elements($3::json) AS w(value)
             CROSS JOIN LATERAL (SELECT ctid AS place FROM contacts WHERE account_id = $1
             AND list_id = $2 AND number >= (w.value->>0)::bigint
             AND number <= (w.value->>0)::bigint ORDER BY number OFFSET 0) q) AS changed",
            "contacts.ctid = changed.place",
            "$4::bigint",
            "$5::bigint",
        ),
        _ => (
            "(SELECT value->>0 AS number, value->>1 AS fields FROM json_each($3)) AS changed",
            "contacts.account_id = $1 AND contacts.list_id = $2 AND contacts.number = changed.number",
            "$4",
            "$5",
        ),
    };
    let text = format!(
        "UPDATE contacts SET fields = changed.fields,
         changed_revision = CASE WHEN contacts.fields IS NOT DISTINCT FROM changed.fields
             THEN contacts.changed_revision ELSE {revised} END,
         updated_at = CASE WHEN contacts.fields IS NOT DISTINCT FROM changed.fields
             THEN contacts.updated_at ELSE {at} END
         FROM {source} WHERE {matched}"
    );
    let values = [json(&rows)?, revision.into(), now.into()];
    let statement = of_list(connection, text, list, values);
    connection.execute_raw(statement).await?;
    Ok(())
}

/// Adds the counts, which are negative for removed contacts, to the list's head-count and to its
/// number of stored contacts. Raises its revision if contacts were added, and its number of
/// removals if contacts were removed.
pub async fn count_towards(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    counts: &Counts,
    now: Timestamp,
) -> Result<(), DbErr> {
    // `ExprTrait` is imported only here: its `min` and `max` would hide those of numbers.
    use list_destination::Column;
    use sea_orm::ExprTrait;
    let total: i64 = counts.values().sum();
    if total == 0 {
        return Ok(());
    }
    let rows = counts
        .iter()
        .map(|(country, count)| list_destination::ActiveModel {
            account_id: sea_orm::Set(account.uuid()),
            list_id: sea_orm::Set(list.uuid()),
            country_code: sea_orm::Set(country.clone()),
            recipients: sea_orm::Set(*count),
        });
    let sum = Expr::col((list_destination::Entity, Column::Recipients))
        .add(Expr::col(("excluded", Column::Recipients)));
    let conflict = OnConflict::columns([Column::AccountId, Column::ListId, Column::CountryCode])
        .value(Column::Recipients, sum)
        .to_owned();
    list_destination::Entity::insert_many(rows)
        .on_conflict(conflict)
        .exec_without_returning(connection)
        .await?;
    if total < 0 {
        list_destination::Entity::delete_many()
            .filter(Column::AccountId.eq(account.uuid()))
            .filter(Column::ListId.eq(list.uuid()))
            .filter(Column::Recipients.lte(0))
            .exec(connection)
            .await?;
    }
    let raised = match total < 0 {
        true => contact_list::Column::Removals,
        false => contact_list::Column::Revision,
    };
    let update = contact_list::Entity::update_many()
        .col_expr(
            contact_list::Column::Contacts,
            Expr::col(contact_list::Column::Contacts).add(total),
        )
        .col_expr(raised, Expr::col(raised).add(1))
        .filter(contact_list::Column::AccountId.eq(account.uuid()))
        .filter(contact_list::Column::Id.eq(list.uuid()));
    record(update, contact_list::Column::UpdatedAt, now)
        .exec(connection)
        .await?;
    Ok(())
}

/// Records that a contact of a list has another number since an instant.
pub async fn set_updated(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    id: ContactId,
    at: i64,
) -> Result<(), DbErr> {
    contact::Entity::update_many()
        .col_expr(contact::Column::UpdatedAt, Expr::value(at))
        .filter(contact::Column::AccountId.eq(account.uuid()))
        .filter(contact::Column::ListId.eq(list.uuid()))
        .filter(contact::Column::Id.eq(id.uuid()))
        .exec(connection)
        .await
        .map(drop)
}

/// Finds several contacts of any accounts in lists that are not archived, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ContactId>,
) -> Result<Vec<Contact>, DbErr> {
    let columns = (contact::Column::AccountId, contact::Column::Id);
    let ids = ids.into_iter().map(ContactId::uuid).collect();
    let rows = routes::find(connection, contact::Entity::find(), ids, columns).await?;
    Ok(rows.into_iter().map(Contact::from).collect())
}

fn json(value: &impl serde::Serialize) -> Result<Value, DbErr> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(|cause| DbErr::Json(cause.to_string()))
}

/// Makes a statement about a list. `$1` is its account, `$2` the list.
fn of_list(
    connection: &impl ConnectionTrait,
    text: String,
    (account, list): (AccountId, ListId),
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    let of = [account.uuid().into(), list.uuid().into()];
    let backend = connection.get_database_backend();
    Statement::from_sql_and_values(backend, text, of.into_iter().chain(values))
}
