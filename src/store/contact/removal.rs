//! Removing contacts.
//!
//! Here: removing them, and returning their fields. Callers lock the list first
//! ([`crate::store::contact_list::lock`]). Not here: the head-count of the list (the parent).

use domain::{
    id::{AccountId, ContactId, ListId},
    private::Private,
};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, QueryResult};

use super::{Counts, json, of_list};
use crate::store::sql::shards;

/// The contacts to remove.
#[derive(Debug, Clone)]
pub enum Which<'a> {
    /// Contacts with these ids.
    Ids(&'a [ContactId]),
    /// Contacts with these numbers.
    Numbers(&'a [i64]),
    /// At most this number of contacts, the oldest first.
    Oldest(u64),
}

/// The contacts that were removed.
#[derive(Debug, Default)]
pub struct Gone {
    /// How many, by country.
    pub counts: Counts,
    /// Their ids.
    pub ids: Vec<ContactId>,
}

impl Gone {
    /// Adds a contact.
    pub fn add(&mut self, id: ContactId, country_code: String) {
        *self.counts.entry(country_code).or_default() += 1;
        self.ids.push(id);
    }
}

/// Removes contacts of a list.
pub async fn delete(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    which: Which<'_>,
) -> Result<Gone, DbErr> {
    let mut gone = Gone::default();
    for row in delete_returning(connection, list, which, "id, country_code").await? {
        let id = ContactId::new(row.try_get("", "id")?);
        gone.add(id, row.try_get("", "country_code")?);
    }
    Ok(gone)
}

/// A contact that was removed.
#[derive(Debug, Clone)]
pub struct Removed {
    /// The contact.
    pub id: ContactId,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// The list's revision with which it was added.
    pub revision: i64,
    /// The list's revision with which its fields changed last; `None` if they never did.
    pub changed_revision: Option<i64>,
    /// A JSON object of texts; `None` if it has no fields, or if fields were not requested.
    pub fields: Private<Option<String>>,
}

/// Removes contacts of a list like [`delete`], and returns each of them, with its fields if they
/// are requested.
pub async fn delete_each(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    which: Which<'_>,
    with_fields: bool,
) -> Result<Vec<Removed>, DbErr> {
    let columns = match with_fields {
        true => "id, country_code, revision, changed_revision, fields",
        false => "id, country_code, revision, changed_revision",
    };
    let rows = delete_returning(connection, list, which, columns).await?;
    rows.iter()
        .map(|row| {
            let fields = match with_fields {
                true => row.try_get("", "fields")?,
                false => None,
            };
            Ok(Removed {
                id: ContactId::new(row.try_get("", "id")?),
                country_code: row.try_get("", "country_code")?,
                revision: row.try_get("", "revision")?,
                changed_revision: row.try_get("", "changed_revision")?,
                fields: Private::new(fields),
            })
        })
        .collect()
}

async fn delete_returning(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    which: Which<'_>,
    columns: &str,
) -> Result<Vec<QueryResult>, DbErr> {
    // On PostgreSQL the values come first in the plan, and the rows are found by their places: a
    // plan made while the list was small must not go through all of it for each value. The order is
    // that of the index that must be used, as in `known`.
    let postgres = connection.get_database_backend() == DatabaseBackend::Postgres;
    let (condition, value) = match which {
        Which::Ids(ids) => {
            let ids: Vec<_> = ids
                .iter()
                .map(|id| id.uuid().simple().to_string())
                .collect();
            let set = if postgres && shards::are_used() {
                "account_id = $1 AND list_id = $2 AND id = ANY (ARRAY(SELECT value::uuid
                 FROM json_array_elements_text($3::json) AS w(value)))"
            } else if postgres {
                "ctid = ANY (ARRAY(SELECT q.place FROM json_array_elements_text($3::json) AS w(value)
                 CROSS JOIN LATERAL (SELECT ctid AS place FROM contacts WHERE account_id = $1
                 AND list_id = $2 AND id >= w.value::uuid AND id <= w.value::uuid
                 ORDER BY id OFFSET 0) q))"
            } else {
                "account_id = $1 AND list_id = $2 AND id IN (SELECT unhex(value) FROM json_each($3))"
            };
            (set, json(&ids)?)
        }
        Which::Numbers(numbers) => {
            let set = if postgres && shards::are_used() {
                "account_id = $1 AND list_id = $2 AND number = ANY (ARRAY(SELECT value::bigint
                 FROM json_array_elements_text($3::json) AS w(value)))"
            } else if postgres {
                "ctid = ANY (ARRAY(SELECT q.place FROM json_array_elements_text($3::json) AS w(value)
                 CROSS JOIN LATERAL (SELECT ctid AS place FROM contacts WHERE account_id = $1
                 AND list_id = $2 AND number >= w.value::bigint AND number <= w.value::bigint
                 ORDER BY number OFFSET 0) q))"
            } else {
                "account_id = $1 AND list_id = $2 AND number IN (SELECT value FROM json_each($3))"
            };
            (set, json(&numbers)?)
        }
        Which::Oldest(most) => {
            let set = "account_id = $1 AND list_id = $2 AND id IN
                (SELECT id FROM contacts WHERE account_id = $1 AND list_id = $2
                ORDER BY id LIMIT $3)";
            (set, i64::try_from(most).unwrap_or(i64::MAX).into())
        }
    };
    let text = format!("DELETE FROM contacts WHERE {condition} RETURNING {columns}");
    connection
        .query_all_raw(of_list(connection, text, list, [value]))
        .await
}
