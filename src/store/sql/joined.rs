//! The columns of a table in a statement, by name.
//!
//! Here: selecting them, with a prefix if the row comes from an outer join, and reading them back.
//! A statement names its columns instead of writing `*`: PostgreSQL refuses a prepared statement
//! whose result has changed, and a later migration may add columns while servers run. Not here: the
//! join itself.

use sea_orm::{ColumnTrait, DbErr, FromQueryResult, Iterable, QueryResult, prelude::Uuid};

/// The columns of the table `alias`.
pub(in crate::store) fn all<C: ColumnTrait + Iterable>(alias: &str) -> String {
    let mut list = String::with_capacity(512);
    for column in C::iter() {
        if !list.is_empty() {
            list.push_str(", ");
        }
        if !alias.is_empty() {
            list.push_str(alias);
            list.push('.');
        }
        list.push_str(column.as_str());
    }
    list
}

/// The columns of the table `alias`, each named with `prefix`.
pub(in crate::store) fn columns<C: ColumnTrait + Iterable>(alias: &str, prefix: &str) -> String {
    let column = |column: C| format!("{alias}.{0} AS {prefix}{0}", column.as_str());
    C::iter().map(column).collect::<Vec<_>>().join(", ")
}

/// Reads the joined row; `None` if its id is null, which means that the join found none.
pub(in crate::store) fn row<M: FromQueryResult>(
    row: &QueryResult,
    prefix: &str,
) -> Result<Option<M>, DbErr> {
    let is_there = row.try_get::<Option<Uuid>>(prefix, "id")?.is_some();
    is_there
        .then(|| M::from_query_result(row, prefix))
        .transpose()
}
