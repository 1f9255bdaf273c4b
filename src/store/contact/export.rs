//! The statements that read all contacts of a list for a file.
//!
//! Here: their cells and their order, which is that of the list's pages. Not here: how rows leave
//! the database ([`crate::store::sql::bulk`]), and their form in the file.

use entity::contact::{Column, Entity};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DbErr, ExprTrait, Order, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, Func, SelectStatement},
};

use super::pages::{ContactFilter, Search, matching};
use crate::store::contact_list::with_name;

/// The number of cells in a row of [`export`].
pub const CELLS: usize = 7;

/// Selects the contacts that match a filter: the newest first, or by number if there is a prefix.
/// The cells are the id, the digits of the number, the country, the list's id and name, the fields
/// as JSON and the instant of creation.
#[must_use]
pub fn export(backend: DatabaseBackend, filter: &ContactFilter) -> SelectStatement {
    let mut statement = matching(backend, filter).select_only().into_query();
    statement
        .expr(Expr::col((Entity, Column::Id)))
        .expr(Expr::col((Entity, Column::Number)))
        .expr(Expr::col((Entity, Column::CountryCode)));
    with_name(
        &mut statement,
        (Entity, Column::AccountId),
        (Entity, Column::ListId),
    );
    statement
        .expr(Expr::col((Entity, Column::Fields)))
        .expr(Expr::col((Entity, Column::CreatedAt)));
    match filter.search {
        Some(Search::Prefix(_)) => statement.order_by((Entity, Column::Number), Order::Asc),
        Some(Search::Values(_)) | None => statement.order_by((Entity, Column::Id), Order::Desc),
    };
    statement
}

/// The names of the fields that the contacts of a filter have, at most `limit`, in order.
pub async fn field_names(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
    limit: u64,
) -> Result<Vec<String>, DbErr> {
    let backend = connection.get_database_backend();
    let fields = Expr::col((Entity, Column::Fields));
    let (each, name) = match backend {
        DatabaseBackend::Sqlite => (Func::cust("json_each").arg(fields), "key"),
        _ => (
            Func::cust("json_each_text").arg(fields.cast_as("json")),
            "key",
        ),
    };
    let mut statement = matching(backend, filter).select_only().into_query();
    statement
        .distinct()
        .expr_as(Expr::col(("named", name)), Alias::new("name"))
        .from_function(each, "named")
        .limit(limit);
    let rows = connection.query_all_raw(backend.build(&statement)).await?;
    let names = rows.into_iter().map(|row| row.try_get("", "name"));
    let mut names = names.collect::<Result<Vec<String>, DbErr>>()?;
    names.sort();
    Ok(names)
}
