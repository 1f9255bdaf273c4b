//! Row sets: many rows as the parameters of one statement.
//!
//! Here: looking up and deleting many rows in one round trip. The text of a statement depends on
//! the columns, not on the number of rows, so it is prepared once. PostgreSQL takes one array for
//! each column. SQLite takes one parameter for each value, in chunks of a few fixed sizes. Not
//! here: writing ([`super::table_rows`]), and the forms for distributed tables ([`on_shards`]).

mod on_shards;

use std::fmt::Write;

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, FromQueryResult, QueryResult, Statement,
    Value, prelude::Uuid, sea_query::ArrayType,
};

use super::{joined, shards};
use crate::tuning::Tuned;

/// Rows in one statement of SQLite, largest first. Each size is half of the one before, so any
/// number of rows takes few statements, all of which stay prepared. Sixteen columns of the largest
/// size stay far below SQLite's limit of 32,766 parameters.
const CHUNKS: [usize; 11] = [1_024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1];
/// The largest of these sizes that is used.
/// Measured: docs/measured.md, "SQLite".
static LARGEST_CHUNK: Tuned<usize> = Tuned::new("LARGEST_CHUNK", 256);
/// The same on distributed tables: Citus planned 64 rows in 2 ms, and 256 in 20 ms.
/// Measured: docs/operations/distributed.md, "What it costs".
const LARGEST_ON_SHARDS: usize = 64;

/// Rows with the same columns, one value after the other.
#[derive(Debug, Clone)]
pub struct RowSet {
    pub(super) width: usize,
    pub(super) values: Vec<Value>,
    /// Whether each column may be null. If it is empty, no column may.
    pub(super) nullable: Vec<bool>,
}

impl RowSet {
    /// Rows to look up.
    pub fn of<const N: usize>(rows: impl IntoIterator<Item = [Value; N]>) -> Self {
        Self {
            width: N,
            values: rows.into_iter().flatten().collect(),
            nullable: Vec::new(),
        }
    }

    /// Rows of some number of columns, one value after the other.
    pub(super) fn with_width(width: usize, values: Vec<Value>) -> Self {
        Self {
            width,
            values,
            nullable: Vec::new(),
        }
    }

    /// Ids to look up.
    pub fn of_ids(ids: impl IntoIterator<Item = Uuid>) -> Self {
        Self::of(ids.into_iter().map(|id| [Value::from(id)]))
    }

    /// Pairs of ids to look up.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        Self::of(
            pairs
                .into_iter()
                .map(|(first, second)| [Value::from(first), Value::from(second)]),
        )
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Makes statements of `text`, with the set as the common table expression `w` before it: one,
    /// or one for each chunk on SQLite.
    fn statements(self, backend: DatabaseBackend, columns: &str, text: &str) -> Vec<Statement> {
        let statement = |rows: &str, values: Vec<Value>| {
            let sql = format!("WITH w({columns}) AS ({rows}) {text}");
            Statement::from_sql_and_values(backend, sql, values)
        };
        if self.is_empty() {
            return Vec::new();
        }
        if backend == DatabaseBackend::Postgres {
            let (source, arrays) = self.into_arrays(1);
            return vec![statement(&format!("SELECT * FROM {source}"), arrays)];
        }
        self.chunks()
            .map(|values| {
                let rows = values.len() / self.width;
                statement(&placeholders(rows, self.width), values.to_vec())
            })
            .collect()
    }

    /// Reads the rows of a table whose `columns` equal a row of the set, and which meet
    /// `condition`.
    pub async fn find<E: EntityTrait>(
        self,
        connection: &impl ConnectionTrait,
        columns: &[&str],
        condition: &str,
    ) -> Result<Vec<E::Model>, DbErr> {
        let table = format!("{} t", E::default().table_name());
        let sought = format!("{}{condition}", matching(columns));
        let read = |row: &QueryResult| E::Model::from_query_result(row, "");
        let selected = joined::all::<E::Column>("t");
        self.query(connection, columns, (&selected, &table, &sought), read)
            .await
    }

    /// Runs a query, given as its SELECT, FROM and WHERE, for each row of the set, named `w`. Every
    /// plan starts from the set: a table is never scanned to look for its rows.
    pub async fn query<T>(
        self,
        connection: &impl ConnectionTrait,
        columns: &[&str],
        (select, from, condition): (&str, &str, &str),
        read: impl Fn(&QueryResult) -> Result<T, DbErr>,
    ) -> Result<Vec<T>, DbErr> {
        let backend = connection.get_database_backend();
        if backend == DatabaseBackend::Postgres && shards::are_used() {
            let Some(statement) = self.on_shards(columns, (select, from, condition)) else {
                return Ok(Vec::new());
            };
            let rows = connection.query_all_raw(statement).await?;
            return rows.iter().map(read).collect();
        }
        let text = match backend {
            // OFFSET keeps the planner from swapping the two sides of the join.
            DatabaseBackend::Postgres => format!(
                "SELECT q.* FROM w CROSS JOIN LATERAL \
                 (SELECT {select} FROM {from} WHERE {condition} OFFSET 0) q"
            ),
            // SQLite never reorders a CROSS JOIN.
            _ => format!("SELECT {select} FROM w CROSS JOIN {from} WHERE {condition}"),
        };
        let mut found = Vec::new();
        for statement in self.statements(backend, &columns.join(", "), &text) {
            for row in connection.query_all_raw(statement).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }

    /// Deletes the rows of a table whose `columns` equal a row of the set. The caller holds the
    /// lock on their accounts' books, so nobody else changes them meanwhile.
    pub async fn delete(
        self,
        connection: &impl ConnectionTrait,
        table: &str,
        columns: &[&str],
    ) -> Result<(), DbErr> {
        let (backend, names) = (connection.get_database_backend(), columns.join(", "));
        if backend == DatabaseBackend::Postgres && shards::are_used() {
            return match self.deletion_on_shards(table, columns) {
                Some(statement) => connection.execute_raw(statement).await.map(drop),
                None => Ok(()),
            };
        }
        let text = match backend {
            DatabaseBackend::Postgres => format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT q.ctid FROM w CROSS JOIN LATERAL \
                 (SELECT t.ctid FROM {table} t WHERE {} OFFSET 0) q))",
                matching(columns)
            ),
            _ => format!("DELETE FROM {table} WHERE ({names}) IN (SELECT {names} FROM w)"),
        };
        for statement in self.statements(backend, &names, &text) {
            connection.execute_raw(statement).await?;
        }
        Ok(())
    }

    pub(super) fn chunks(&self) -> impl Iterator<Item = &[Value]> {
        let largest = match shards::are_used() {
            true => LARGEST_ON_SHARDS,
            false => LARGEST_CHUNK.get(),
        };
        let mut rest = &self.values[..];
        std::iter::from_fn(move || {
            let rows = (rest.len() / self.width.max(1)).min(largest);
            let size = CHUNKS.into_iter().find(|size| *size <= rows)?;
            let (chunk, left) = rest.split_at(size * self.width);
            rest = left;
            Some(chunk)
        })
    }

    /// Makes `unnest(…)` over one array for each column, and the arrays as parameters from number
    /// `first` on.
    ///
    /// The driver's arrays can't hold nulls, so a nullable column is sent as text, which PostgreSQL
    /// takes several times as long to read.
    pub(in crate::store) fn into_arrays(self, first: usize) -> (String, Vec<Value>) {
        let rows = self.rows();
        let mut columns: Vec<Vec<Value>> =
            (0..self.width).map(|_| Vec::with_capacity(rows)).collect();
        for (place, value) in self.values.into_iter().enumerate() {
            columns[place % self.width].push(value);
        }
        let mut source = String::from("unnest(");
        let mut arrays = Vec::with_capacity(self.width);
        for (column, values) in columns.into_iter().enumerate() {
            let (kind, array_type) = values.first().map_or(("text", ArrayType::String), kind);
            let nullable = self.nullable.get(column).is_some_and(|nullable| *nullable);
            let separator = if column == 0 { "" } else { ", " };
            let cast = if nullable { "text::" } else { "" };
            // Writing to a string can't fail.
            let _ = write!(source, "{separator}${}::{cast}{kind}[]", first + column);
            arrays.push(match nullable {
                true => Value::from(array_text(&values)),
                false => Value::Array(
                    array_type,
                    Some(Box::new(values.into_iter().map(widened).collect())),
                ),
            });
        }
        source.push(')');
        (source, arrays)
    }
}

/// An array as a PostgreSQL array literal.
fn array_text(values: &[Value]) -> String {
    let mut array = String::with_capacity(values.len() * 24);
    for value in values {
        array.push(if array.is_empty() { '{' } else { ',' });
        write_element(&mut array, value);
    }
    array.push('}');
    array
}

/// The condition that a row of the table `t` is in the set.
fn matching(columns: &[&str]) -> String {
    let equal = |column: &&str| format!("t.{column} = w.{column}");
    columns.iter().map(equal).collect::<Vec<_>>().join(" AND ")
}

/// `VALUES (?,?),(?,?)…`
pub(super) fn placeholders(rows: usize, width: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(","));
    format!("VALUES {}", vec![row; rows].join(","))
}

/// `VALUES ($1,$2),($3,$4)…`
pub(super) fn numbered(rows: usize, width: usize) -> String {
    let mut text = String::from("VALUES ");
    for place in 0..rows * width {
        // Writing to a string can't fail.
        let _ = match (place, place % width) {
            (0, _) => write!(text, "($1"),
            (_, 0) => write!(text, "),(${}", place + 1),
            (_, _) => write!(text, ",${}", place + 1),
        };
    }
    text.push(')');
    text
}

/// The types of a column's values in PostgreSQL and in the driver.
fn kind(value: &Value) -> (&'static str, ArrayType) {
    match value {
        Value::Uuid(_) => ("uuid", ArrayType::Uuid),
        Value::BigInt(_) | Value::Int(_) | Value::SmallInt(_) => ("int8", ArrayType::BigInt),
        Value::Bytes(_) => ("bytea", ArrayType::Bytes),
        Value::Bool(_) => ("bool", ArrayType::Bool),
        _ => ("text", ArrayType::String),
    }
}

/// Integers of every width are sent as the widest.
fn widened(value: Value) -> Value {
    match value {
        Value::Int(Some(number)) => Value::from(i64::from(number)),
        Value::SmallInt(Some(number)) => Value::from(i64::from(number)),
        other => other,
    }
}

/// Appends an element of a PostgreSQL array literal.
fn write_element(array: &mut String, value: &Value) {
    // Writing to a string can't fail.
    let written = match value {
        Value::Uuid(Some(id)) => write!(array, "{}", id.simple()),
        Value::BigInt(Some(number)) => write!(array, "{number}"),
        Value::Int(Some(number)) => write!(array, "{number}"),
        Value::SmallInt(Some(number)) => write!(array, "{number}"),
        Value::Bool(Some(truth)) => write!(array, "{truth}"),
        Value::Bytes(Some(bytes)) => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            array.push_str("\"\\\\x");
            for byte in bytes {
                for digit in [byte >> 4, byte & 15] {
                    // Half a byte is below sixteen.
                    array.push(char::from(DIGITS[usize::from(digit)]));
                }
            }
            array.push('"');
            Ok(())
        }
        Value::String(Some(text)) => {
            array.push('"');
            for part in text.split_inclusive(['"', '\\']) {
                match part.as_bytes().last() {
                    Some(last @ (b'"' | b'\\')) => {
                        array.push_str(&part[..part.len() - 1]);
                        array.push('\\');
                        array.push(char::from(*last));
                    }
                    _ => array.push_str(part),
                }
            }
            array.push('"');
            Ok(())
        }
        _ => write!(array, "NULL"),
    };
    debug_assert!(written.is_ok(), "writing to a string can't fail");
}

#[cfg(test)]
mod tests {
    use sea_orm::{DatabaseBackend, Value, prelude::Uuid};

    use super::{RowSet, numbered};

    #[test]
    fn a_nullable_column_is_sent_as_an_array_literal() {
        let check = |value: Value, kind: &str, text: &str| {
            let set = RowSet {
                nullable: vec![true],
                ..RowSet::of([[value]])
            };
            let (source, arrays) = set.into_arrays(3);
            assert_eq!(source, format!("unnest($3::text::{kind}[])"));
            assert_eq!(arrays, [Value::from(text.to_owned())]);
        };
        check(7_i64.into(), "int8", "{7}");
        check((-7_i32).into(), "int8", "{-7}");
        check(Value::BigInt(None), "int8", "{NULL}");
        check(true.into(), "bool", "{true}");
        check(
            Uuid::from_u128(255).into(),
            "uuid",
            "{000000000000000000000000000000ff}",
        );
        check(vec![0_u8, 171].into(), "bytea", r#"{"\\x00ab"}"#);
        check("".into(), "text", r#"{""}"#);
        check("NULL".into(), "text", r#"{"NULL"}"#);
        check("a,b}è€😀".into(), "text", r#"{"a,b}è€😀"}"#);
        check(r#"\ and ""#.into(), "text", r#"{"\\ and \""}"#);
    }

    #[test]
    fn parameters_of_several_rows_are_numbered() {
        assert_eq!(numbered(1, 2), "VALUES ($1,$2)");
        assert_eq!(numbered(2, 2), "VALUES ($1,$2),($3,$4)");
    }

    #[test]
    fn other_columns_are_sent_as_arrays() {
        let (source, arrays) = RowSet::of([
            [Value::from(7_i32), Value::from("a")],
            [Value::from(8_i32), Value::from("b")],
        ])
        .into_arrays(1);
        assert_eq!(source, "unnest($1::int8[], $2::text[])");
        let texts = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(arrays, [Value::from(vec![7_i64, 8]), Value::from(texts)]);
    }

    #[test]
    fn rows_are_split_into_few_statement_sizes() {
        let texts = |backend, rows: u128| -> Vec<usize> {
            let set = RowSet::of_ids((0..rows).map(Uuid::from_u128));
            let statements = set.statements(backend, "id", "SELECT * FROM w");
            statements
                .into_iter()
                .map(|statement| statement.values.unwrap().0.len())
                .collect()
        };
        assert_eq!(texts(DatabaseBackend::Postgres, 1_000), [1]);
        assert_eq!(texts(DatabaseBackend::Postgres, 0), [0; 0]);
        assert_eq!(texts(DatabaseBackend::Sqlite, 0), [0; 0]);
        assert_eq!(texts(DatabaseBackend::Sqlite, 551), [256, 256, 32, 4, 2, 1]);
    }
}
