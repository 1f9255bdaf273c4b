//! Finding contacts of a list by their numbers.
//!
//! Here: which of many numbers a list has, and their contacts. Not here: the contacts whose numbers
//! have a prefix ([`super::pages`]).

use domain::id::{AccountId, ListId};
use entity::contact;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Statement};

use super::{Contact, json, of_list};
use crate::store::sql::{joined, shards};

/// Finds which of these numbers a list has.
pub async fn known(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    numbers: &[i64],
) -> Result<Vec<i64>, DbErr> {
    let statement = select(connection, list, numbers, "number")?;
    let rows = connection.query_all_raw(statement);
    rows.await?
        .iter()
        .map(|row| row.try_get("", "number"))
        .collect()
}

/// Finds a list's contacts with these numbers, in no particular order.
pub async fn with_numbers(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    numbers: &[i64],
) -> Result<Vec<Contact>, DbErr> {
    let columns = joined::all::<contact::Column>("");
    let statement = select(connection, list, numbers, &columns)?;
    let rows = contact::Entity::find().from_raw_sql(statement);
    let rows = rows.all(connection).await?;
    Ok(rows.into_iter().map(Contact::from).collect())
}

/// Selects columns of the contacts with these numbers. The numbers come first in the plan: a plan
/// made while the list was small must not go through all of it for each. Before the table has
/// statistics, an index that begins with the account and the list costs the same for the planner as
/// that of numbers, and fewer conditions win. Only that of numbers has their order: so it is asked
/// for, by a range, because an order of equal numbers would be none.
fn select(
    connection: &impl ConnectionTrait,
    list: (AccountId, ListId),
    numbers: &[i64],
    columns: &str,
) -> Result<Statement, DbErr> {
    let text = match connection.get_database_backend() {
        DatabaseBackend::Postgres if shards::are_used() => format!(
            "SELECT {columns} FROM contacts WHERE account_id = $1 AND list_id = $2 AND number = ANY \
             (ARRAY(SELECT value::bigint FROM json_array_elements_text($3::json) AS w(value)))"
        ),
        DatabaseBackend::Postgres => format!(
            "SELECT {columns} FROM json_array_elements_text($3::json) AS w(value) CROSS JOIN LATERAL \
             (SELECT {columns} FROM contacts WHERE account_id = $1 AND list_id = $2 \
             AND number >= w.value::bigint AND number <= w.value::bigint ORDER BY number OFFSET 0) q"
        ),
        _ => format!(
            "SELECT {columns} FROM contacts WHERE account_id = $1 AND list_id = $2 \
             AND number IN (SELECT value FROM json_each($3))"
        ),
    };
    Ok(of_list(connection, text, list, [json(&numbers)?]))
}
