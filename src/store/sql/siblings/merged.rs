//! The text and values of a statement that runs several which differ in their values alone.
//!
//! Here: PostgreSQL takes the values that differ as arrays, and runs the statement for each of
//! their rows; its text doesn't depend on how many there are. SQLite, which has no such join, takes
//! the statements one after the other. Not here: who asked for which of them (the parent).

use std::fmt::Write;

use sea_orm::{DatabaseBackend, Statement, Value};

use super::super::row_set::RowSet;

/// The column with the number of the statement that a row belongs to.
pub(super) const MEMBER: &str = "member_of_siblings";
/// The column with a row's place in the statement's order, from 1.
pub(super) const PLACE: &str = "place_in_siblings";

/// The most statements in one. SQLite takes at most 500 in a row, and is given sizes of which each
/// is twice the one before, so that few texts are prepared.
const LARGEST_POSTGRES: usize = 1_024;
const LARGEST_SQLITE: usize = 256;

/// How many of several statements to merge next.
pub(super) fn size(backend: DatabaseBackend, count: usize) -> usize {
    match backend {
        DatabaseBackend::Postgres => count.min(LARGEST_POSTGRES),
        _ => (1 << count.max(1).ilog2()).min(LARGEST_SQLITE),
    }
}

/// Whether two statements with the same text can be merged. SQLite is given each with its values.
pub(super) fn may_join(first: &Statement, other: &Statement) -> bool {
    if first.db_backend != DatabaseBackend::Postgres {
        return true;
    }
    let (first, other) = (values(first), values(other));
    let mut pairs = first.iter().zip(other);
    first.len() == other.len() && pairs.all(|(first, other)| first == other || alike(first, other))
}

/// Whether two different values can be elements of one array.
fn alike(first: &Value, other: &Value) -> bool {
    matches!(
        (first, other),
        (Value::Uuid(Some(_)), Value::Uuid(Some(_)))
            | (Value::BigInt(Some(_)), Value::BigInt(Some(_)))
            | (Value::String(Some(_)), Value::String(Some(_)))
            | (Value::Bytes(Some(_)), Value::Bytes(Some(_)))
    )
}

fn values(statement: &Statement) -> &[Value] {
    let values = statement.values.as_ref();
    values.map(|values| values.0.as_slice()).unwrap_or_default()
}

/// Merges statements with the same text, all of which may join the first; `None` for a single one,
/// and for what isn't a plain query.
pub(super) fn merge(backend: DatabaseBackend, statements: &[Statement]) -> Option<Statement> {
    let [first, _, ..] = statements else {
        return None;
    };
    let is_query = ["SELECT ", "WITH "]
        .iter()
        .any(|start| first.sql.starts_with(start));
    // Who locks rows wants them until its transaction ends.
    if !is_query || first.sql.contains(" FOR ") {
        return None;
    }
    match backend {
        DatabaseBackend::Postgres => in_arrays(first, statements),
        _ => in_a_row(first, statements),
    }
}

fn in_arrays(first: &Statement, statements: &[Statement]) -> Option<Statement> {
    let differs = |place: usize| {
        let of_first = values(first).get(place);
        statements
            .iter()
            .any(|other| values(other).get(place) != of_first)
    };
    let (differing, same): (Vec<usize>, Vec<usize>) =
        (0..values(first).len()).partition(|place| differs(*place));
    let set = (0..).zip(statements).flat_map(|(member, statement)| {
        let own = differing
            .iter()
            .filter_map(|place| values(statement).get(*place));
        [Value::from(member)].into_iter().chain(own.cloned())
    });
    let set = RowSet::with_width(differing.len() + 1, set.collect::<Vec<Value>>());
    let (source, mut bound) = set.into_arrays(1);
    let arrays = bound.len();
    bound.extend(
        same.iter()
            .filter_map(|place| values(first).get(*place))
            .cloned(),
    );
    let text = with_parameters(&first.sql, values(first).len(), |text, place| {
        // Writing to a string can't fail.
        let _ = match same.iter().position(|other| *other == place) {
            Some(index) => write!(text, "${}", arrays + index + 1),
            None => write!(text, "siblings.v{place}"),
        };
    })?;
    let columns: String = differing
        .iter()
        .map(|place| format!(", v{place}"))
        .collect();
    let sql = format!(
        "SELECT q.*, siblings.{MEMBER} FROM {source} AS siblings({MEMBER}{columns}) \
         CROSS JOIN LATERAL (SELECT i.*, row_number() OVER () AS {PLACE} FROM ({text}) i) q"
    );
    Some(Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        sql,
        bound,
    ))
}

fn in_a_row(first: &Statement, statements: &[Statement]) -> Option<Statement> {
    let each = values(first).len();
    let mut sql = String::with_capacity((first.sql.len() + 128) * statements.len());
    let mut bound = Vec::with_capacity(each * statements.len());
    for (member, statement) in statements.iter().enumerate() {
        let text = with_parameters(&first.sql, each, |text, place| {
            let _ = write!(text, "?{}", member * each + place + 1);
        })?;
        let union = if member == 0 { "" } else { " UNION ALL " };
        // Writing to a string can't fail.
        let _ = write!(
            sql,
            "{union}SELECT i.*, row_number() OVER () AS {PLACE}, {member} AS {MEMBER} FROM ({text}) i"
        );
        bound.extend_from_slice(values(statement));
    }
    Some(Statement::from_sql_and_values(
        DatabaseBackend::Sqlite,
        sql,
        bound,
    ))
}

/// The text with each of its parameters (`$1`, `?1` or `?`) written anew, by its place from 0;
/// `None` if it names another number of them than there are values.
fn with_parameters(
    sql: &str,
    count: usize,
    write_parameter: impl Fn(&mut String, usize),
) -> Option<String> {
    let mut text = String::with_capacity(sql.len() + 64);
    let (mut rest, mut unnumbered, mut most) = (sql, 0, 0);
    while let Some(at) = rest.find(['$', '?']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let (mark, after) = from.split_at(1);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = after.split_at(digits);
        let place = match (mark, number) {
            ("?", "") => {
                unnumbered += 1;
                unnumbered
            }
            (_, number) => number.parse().ok()?,
        };
        most = place.max(most);
        write_parameter(&mut text, usize::checked_sub(place, 1)?);
        rest = after;
    }
    text.push_str(rest);
    (most == count).then_some(text)
}

#[cfg(test)]
mod tests {
    use sea_orm::{DatabaseBackend, Statement};

    use super::{merge, size, with_parameters};

    fn read(backend: DatabaseBackend, account: &str, most: i64) -> Statement {
        let sql = match backend {
            DatabaseBackend::Postgres => "SELECT id FROM t WHERE owner = $1 LIMIT $2",
            _ => "SELECT id FROM t WHERE owner = ? LIMIT ?",
        };
        Statement::from_sql_and_values(backend, sql, [account.into(), most.into()])
    }

    #[test]
    fn postgres_takes_what_differs_as_arrays() {
        let backend = DatabaseBackend::Postgres;
        let merged = merge(backend, &["a", "b"].map(|owner| read(backend, owner, 3))).unwrap();
        assert_eq!(
            merged.sql,
            "SELECT q.*, siblings.member_of_siblings FROM unnest($1::int8[], $2::text[]) \
             AS siblings(member_of_siblings, v0) CROSS JOIN LATERAL (SELECT i.*, row_number() OVER () \
             AS place_in_siblings FROM (SELECT id FROM t WHERE owner = siblings.v0 LIMIT $3) i) q"
        );
        assert_eq!(merged.values.unwrap().0.len(), 3);
    }

    #[test]
    fn sqlite_takes_one_after_the_other() {
        let backend = DatabaseBackend::Sqlite;
        let merged = merge(backend, &["a", "b"].map(|owner| read(backend, owner, 3))).unwrap();
        assert_eq!(
            merged.sql,
            "SELECT i.*, row_number() OVER () AS place_in_siblings, 0 AS member_of_siblings \
             FROM (SELECT id FROM t WHERE owner = ?1 LIMIT ?2) i UNION ALL \
             SELECT i.*, row_number() OVER () AS place_in_siblings, 1 AS member_of_siblings \
             FROM (SELECT id FROM t WHERE owner = ?3 LIMIT ?4) i"
        );
        assert_eq!(merged.values.unwrap().0.len(), 4);
    }

    #[test]
    fn what_is_no_plain_query_runs_alone() {
        let backend = DatabaseBackend::Sqlite;
        assert!(merge(backend, &[read(backend, "a", 1)]).is_none());
        for sql in [
            "DELETE FROM t WHERE id = ?",
            "SELECT id FROM t WHERE id = ? FOR SHARE",
        ] {
            let one = Statement::from_sql_and_values(backend, sql, ["a".into()]);
            assert!(merge(backend, &[one.clone(), one]).is_none(), "{sql}");
        }
    }

    #[test]
    fn parameters_of_every_form_are_written_anew() {
        let anew = |sql, count| {
            with_parameters(sql, count, |text, place| {
                text.push_str(&format!("<{place}>"))
            })
        };
        assert_eq!(anew("a = $2 OR b = $1", 2).unwrap(), "a = <1> OR b = <0>");
        assert_eq!(anew("a = ?2 OR b = ?1", 2).unwrap(), "a = <1> OR b = <0>");
        assert_eq!(anew("a = ? OR b = ?", 2).unwrap(), "a = <0> OR b = <1>");
        // A mark in a text that is no parameter.
        assert_eq!(anew("a = '?' OR b = ?", 1), None);
        assert_eq!(anew("a = '$' OR b = ?", 1), None);
        assert_eq!(anew("a = ?0", 1), None);
    }

    #[test]
    fn sizes_are_bounded_and_on_sqlite_few() {
        let sizes =
            |count| [DatabaseBackend::Postgres, DatabaseBackend::Sqlite].map(|on| size(on, count));
        assert_eq!(sizes(1), [1, 1]);
        assert_eq!(sizes(70), [70, 64]);
        assert_eq!(sizes(5_000), [1_024, 256]);
    }
}
