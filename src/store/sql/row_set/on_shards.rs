//! Row sets on distributed tables.
//!
//! Here: the queries and deletions that Citus plans fast, and runs at all: it refuses the forms
//! that PostgreSQL runs best. Not here: when they are used (the parent).

use sea_orm::{DatabaseBackend, Statement};

use super::{super::shards, RowSet, matching};

impl RowSet {
    /// The query for distributed tables; `None` if the set is empty. Its condition begins with the
    /// column that the set's first column equals: the account's, or an id's.
    ///
    /// One row becomes plain parameters, which Citus plans fastest. Several rows name their first
    /// column once more, so that only its shards are asked.
    pub(super) fn on_shards(
        self,
        columns: &[&str],
        (select, from, condition): (&str, &str, &str),
    ) -> Option<Statement> {
        if self.is_empty() {
            return None;
        }
        let backend = DatabaseBackend::Postgres;
        if self.rows() == 1 {
            let condition = shards::with_parameters(condition, columns);
            let from = shards::with_parameters(from, columns);
            let select = shards::with_parameters(select, columns);
            let sql = format!("SELECT {select} FROM {from} WHERE {condition}");
            return Some(Statement::from_sql_and_values(backend, sql, self.values));
        }
        let (source, arrays) = self.into_arrays(1);
        let (names, first) = (columns.join(", "), shards::first_column(condition));
        let sql = format!(
            "SELECT {select} FROM {source} AS w({names}), {from} \
             WHERE {condition} AND {first} = ANY ($1)"
        );
        Some(Statement::from_sql_and_values(backend, sql, arrays))
    }

    /// The deletion from a distributed table; `None` if the set is empty.
    pub(super) fn deletion_on_shards(self, table: &str, columns: &[&str]) -> Option<Statement> {
        if self.is_empty() {
            return None;
        }
        let condition = matching(columns);
        let backend = DatabaseBackend::Postgres;
        if self.rows() == 1 {
            let condition = shards::with_parameters(&condition, columns);
            let sql = format!("DELETE FROM {table} t WHERE {condition}");
            return Some(Statement::from_sql_and_values(backend, sql, self.values));
        }
        let (source, arrays) = self.into_arrays(1);
        let (names, first) = (columns.join(", "), shards::first_column(&condition));
        let sql = format!(
            "DELETE FROM {table} t USING {source} AS w({names}) \
             WHERE {condition} AND {first} = ANY ($1)"
        );
        Some(Statement::from_sql_and_values(backend, sql, arrays))
    }
}
