//! Tables that Citus distributes by account over the shards of several servers.
//!
//! Here: whether the tables are distributed, and the forms that statements take then. Citus plans a
//! statement fast if it names one account by a parameter, and refuses some forms that PostgreSQL
//! runs best. Not here: distributing the tables ([`super::distributing`]), and which account an id
//! belongs to ([`super::routes`]).

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a database of this process has distributed tables. A process serves one installation.
/// The forms for distributed tables are right on others too, only slower.
static DISTRIBUTED: AtomicBool = AtomicBool::new(false);

/// Whether the tables are distributed.
#[must_use]
pub fn are_used() -> bool {
    DISTRIBUTED.load(Ordering::Relaxed)
}

/// Records that a database has distributed tables.
pub(super) fn note() {
    DISTRIBUTED.store(true, Ordering::Relaxed);
}

/// Puts parameters in place of the columns of `w` in a condition: the first column is `$1`.
pub(super) fn with_parameters(condition: &str, columns: &[&str]) -> String {
    let mut text = String::with_capacity(condition.len());
    let mut rest = condition;
    while let Some(at) = rest.find("w.") {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let ends_a_name = before.ends_with(is_of_name);
        let name = from.get(2..).unwrap_or_default();
        let length = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
        let (name, after) = name.split_at(length);
        match columns.iter().position(|column| *column == name) {
            Some(place) if !ends_a_name => text.push_str(&format!("${}", place + 1)),
            Some(_) | None => {
                text.push_str("w.");
                text.push_str(name);
            }
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The column that a condition compares first, which is the account's, or an id's.
pub(super) fn first_column(condition: &str) -> &str {
    condition.split(" = ").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{first_column, with_parameters};

    #[test]
    fn columns_of_the_set_become_parameters() {
        let condition = "t.account_id = w.account_id AND t.at <= w.at AND row.at = new.at";
        assert_eq!(
            with_parameters(condition, &["account_id", "at"]),
            "t.account_id = $1 AND t.at <= $2 AND row.at = new.at"
        );
        assert_eq!(first_column(condition), "t.account_id");
    }
}
