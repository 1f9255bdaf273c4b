//! A row from an outer join.
//!
//! Here: selecting its columns with a prefix, and reading them back. Not here: the join itself.

use sea_orm::{ColumnTrait, DbErr, FromQueryResult, Iterable, QueryResult, prelude::Uuid};

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
