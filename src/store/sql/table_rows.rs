//! Writes many rows of several tables in a handful of statements.
//!
//! Here: inserts, upserts and additions. Not here: lookups and deletions ([`super::row_set`]).

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityName,
    EntityTrait, IdenStatic, IntoActiveModel, Iterable, Statement, Value,
};

use super::{
    row_set::{RowSet, numbered, placeholders},
    shards,
};

/// One table's rows to insert, or to merge into rows with the same key.
#[derive(Debug)]
pub struct TableRows {
    table: &'static str,
    columns: Vec<&'static str>,
    conflict: String,
    set: RowSet,
}

impl TableRows {
    /// Rows to insert.
    pub fn insert<M, A>(rows: Vec<M>) -> Self
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
    {
        Self::rows::<M, A>(rows, String::new())
    }

    /// Without some columns, which must be nullable or have a default: inserted rows get that, and
    /// existing ones keep what they have.
    pub fn without<C: IdenStatic>(mut self, left_out: &[C]) -> Self {
        let left_out: Vec<&str> = left_out.iter().map(C::as_str).collect();
        let kept: Vec<bool> = (self.columns.iter())
            .map(|column| !left_out.contains(column))
            .collect();
        let mut of_each = kept.iter().cycle();
        let mut next = || of_each.next().is_some_and(|kept| *kept);
        self.set.values.retain(|_| next());
        self.set.nullable.retain(|_| next());
        self.columns.retain(|_| next());
        self.set.width = self.columns.len();
        self
    }

    /// Rows to insert. If a row with the same `key` exists, its columns `changed` are overwritten.
    pub fn upsert<M, A, C>(rows: Vec<M>, key: &[C], changed: &[C]) -> Self
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
        C: IdenStatic,
    {
        let change = |name: &str| format!("{name} = excluded.{name}");
        Self::rows::<M, A>(rows, conflict(key, changed, change))
    }

    /// Rows to insert. If a row with the same `key` exists, it stays as it is.
    pub fn insert_missing<M, A, C>(rows: Vec<M>, key: &[C]) -> Self
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
        C: IdenStatic,
    {
        let key: Vec<&str> = key.iter().map(C::as_str).collect();
        let conflict = format!(" ON CONFLICT ({}) DO NOTHING", key.join(", "));
        Self::rows::<M, A>(rows, conflict)
    }

    /// Rows to insert. If a row with the same `key` exists, the columns `sums` are added to its
    /// own. No two of the rows may have the same key.
    pub fn add<M, A, C>(rows: Vec<M>, key: &[C], sums: &[C]) -> Self
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
        C: IdenStatic,
    {
        let table = A::Entity::default().table_name();
        let change = |name: &str| format!("{name} = {table}.{name} + excluded.{name}");
        Self::rows::<M, A>(rows, conflict(key, sums, change))
    }

    fn rows<M, A>(rows: Vec<M>, conflict: String) -> Self
    where
        M: IntoActiveModel<A>,
        A: ActiveModelTrait,
    {
        let all: Vec<_> = <<A::Entity as EntityTrait>::Column as Iterable>::iter().collect();
        let mut values = Vec::with_capacity(rows.len() * all.len());
        for row in rows {
            let mut row = row.into_active_model();
            for column in &all {
                // A complete row has a value in every column.
                let value = row.take(*column).into_value();
                values.push(value.unwrap_or(Value::String(None)));
            }
        }
        Self {
            table: A::Entity::default().table_name(),
            columns: all.iter().map(IdenStatic::as_str).collect(),
            conflict,
            set: RowSet {
                width: all.len(),
                values,
                nullable: all.iter().map(|column| column.def().is_null()).collect(),
            },
        }
    }

    fn head(&self, insert: &str) -> String {
        format!("{insert} INTO {} ({})", self.table, self.columns.join(", "))
    }
}

/// The ON CONFLICT clause for a row whose key exists.
fn conflict<C: IdenStatic>(key: &[C], changed: &[C], change: impl Fn(&str) -> String) -> String {
    let key: Vec<&str> = key.iter().map(C::as_str).collect();
    let changes: Vec<String> = changed
        .iter()
        .map(|column| change(column.as_str()))
        .collect();
    format!(
        " ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        changes.join(", ")
    )
}

/// How SQLite inserts. Like INSERT, it refuses a row that breaks a constraint, but does not undo
/// the rows before it, which the rollback of the transaction does. To undo them, SQLite would copy
/// each page that a statement changes: a fifth of the time of a batch of many accounts.
/// Measured: docs/measured.md, "Many accounts on SQLite".
const SQLITE_INSERT: &str = "INSERT OR FAIL";

/// Writes the rows of several tables, on PostgreSQL in one statement. Each table may appear once.
/// Distributed tables are written one after the other: Citus would plan their common statement as
/// one that moves rows between servers, which takes five times as long.
///
/// # Errors
/// A database error. Some of the rows may be written: the caller rolls its transaction back.
pub async fn write(
    connection: &impl ConnectionTrait,
    writes: impl IntoIterator<Item = TableRows>,
) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let writes: Vec<TableRows> = writes
        .into_iter()
        .filter(|write| !write.set.is_empty())
        .collect();
    let is_postgres = backend == DatabaseBackend::Postgres;
    if !is_postgres || shards::are_used() {
        for write in &writes {
            for values in write.set.chunks() {
                let (rows, width) = (values.len() / write.set.width, write.set.width);
                let (insert, rows) = if is_postgres {
                    ("INSERT", numbered(rows, width))
                } else {
                    (SQLITE_INSERT, placeholders(rows, width))
                };
                let sql = format!("{} {rows}{}", write.head(insert), write.conflict);
                let statement = Statement::from_sql_and_values(backend, sql, values.to_vec());
                connection.execute_raw(statement).await?;
            }
        }
        return Ok(());
    }
    let (mut parts, mut values) = (Vec::new(), Vec::new());
    for write in writes {
        let head = write.head("INSERT");
        let (source, arrays) = write.set.into_arrays(values.len() + 1);
        values.extend(arrays);
        let conflict = write.conflict;
        parts.push(format!("{head} SELECT * FROM {source}{conflict}"));
    }
    let Some(last) = parts.pop() else {
        return Ok(());
    };
    let before: Vec<String> = parts
        .into_iter()
        .enumerate()
        .map(|(number, part)| format!("w{number} AS ({part})"))
        .collect();
    let sql = match before.is_empty() {
        true => last,
        false => format!("WITH {} {last}", before.join(", ")),
    };
    connection
        .execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(())
}
