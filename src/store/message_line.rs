//! The cost of a message by destination country, which its row contains.
//!
//! Here: the column's text, and its elements in SQL. Not here: pages of messages
//! ([`super::message`]). The view `message_lines` has the same for an auditor.

use entity::{message, message_line};
use sea_orm::{
    DatabaseBackend,
    sea_query::{Func, FunctionCall},
};
use serde::{Deserialize, Serialize};

/// One destination in the column `lines`: the country, the segments for each recipient, the
/// recipients, the rate and the units.
#[derive(Serialize, Deserialize)]
struct Element<'a>(
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    i32,
    i64,
    Option<i64>,
    i64,
);

/// The text of the column for some lines, in the order of country and segments.
///
/// # Errors
/// The lines can't be written as JSON.
pub fn text(lines: &[message_line::Model]) -> Result<String, String> {
    let mut lines: Vec<&message_line::Model> = lines.iter().collect();
    lines.sort_by(|a, b| {
        (&a.country_code, a.segment_count).cmp(&(&b.country_code, b.segment_count))
    });
    let elements: Vec<Element<'_>> = lines
        .into_iter()
        .map(|line| {
            Element(
                line.country_code.as_str().into(),
                line.segment_count,
                line.recipients,
                line.units_per_segment,
                line.units,
            )
        })
        .collect();
    serde_json::to_string(&elements).map_err(|cause| cause.to_string())
}

/// The lines of a message, by country and segments.
///
/// # Errors
/// Why its column can't be read.
pub fn of(row: &message::Model) -> Result<Vec<message_line::Model>, String> {
    let elements: Vec<Element<'_>> =
        serde_json::from_str(&row.lines).map_err(|cause| cause.to_string())?;
    let line = |element: Element<'_>| message_line::Model {
        account_id: row.account_id,
        message_id: row.id,
        country_code: element.0.into_owned(),
        segment_count: element.1,
        recipients: element.2,
        units_per_segment: element.3,
        units: element.4,
    };
    Ok(elements.into_iter().map(line).collect())
}

/// The country of an element `l`, in SQL of both databases.
pub const COUNTRY: &str = "(l.value ->> 0)";
/// Its segments for each recipient.
pub const SEGMENTS: &str = "CAST(l.value ->> 1 AS BIGINT)";
/// Its recipients.
pub const RECIPIENTS: &str = "CAST(l.value ->> 2 AS BIGINT)";
/// Its units of 1/10,000 credit.
pub const UNITS: &str = "CAST(l.value ->> 4 AS BIGINT)";
/// The condition that its country is served.
pub const IS_SERVED: &str = "(l.value ->> 3) IS NOT NULL";

/// The elements of a column `lines`, as a table of one column `value`.
#[must_use]
pub fn elements(backend: DatabaseBackend, column: &str) -> String {
    match backend {
        DatabaseBackend::Postgres => format!("json_array_elements(CAST({column} AS JSON))"),
        _ => format!("json_each({column})"),
    }
}

/// The same as a function of the query builder.
#[must_use]
pub fn elements_of(backend: DatabaseBackend, column: &'static str) -> FunctionCall {
    use sea_orm::sea_query::Expr;
    match backend {
        DatabaseBackend::Postgres => {
            Func::cust("json_array_elements").arg(Expr::cust(format!("CAST({column} AS JSON)")))
        }
        _ => Func::cust("json_each").arg(Expr::cust(column)),
    }
}
