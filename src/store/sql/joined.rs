//! A row that a statement joins to another one, where there is one: its columns with a prefix, and back.

use sea_orm::{ColumnTrait, DbErr, FromQueryResult, Iterable, QueryResult, prelude::Uuid};

/// The columns of the table `alias`, each named with the prefix.
pub(in crate::store) fn columns<C: ColumnTrait + Iterable>(alias: &str, prefix: &str) -> String {
    let column = |column: C| format!("{alias}.{0} AS {prefix}{0}", column.as_str());
    C::iter().map(column).collect::<Vec<_>>().join(", ")
}

/// The joined row, which has an id where it is there.
pub(in crate::store) fn row<M: FromQueryResult>(
    row: &QueryResult,
    prefix: &str,
) -> Result<Option<M>, DbErr> {
    let is_there = row.try_get::<Option<Uuid>>(prefix, "id")?.is_some();
    is_there
        .then(|| M::from_query_result(row, prefix))
        .transpose()
}
