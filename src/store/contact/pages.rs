//! Keyset pages of a list's contacts.
//!
//! Here: all contacts and those with values, the newest first or by number; contacts whose number
//! has a prefix, by number. Not here: keyset pages in general ([`crate::store::sql::paging`]).
//!
//! No index finds values or changes: all contacts of the list are read, by an index that begins
//! with it, and none of another list. Measured: docs/measured.md, "Searches for contacts by
//! values".

use domain::id::{AccountId, ListId};
use entity::contact;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, Func, Query},
};

use super::Contact;
use crate::store::sql::{
    last_change::LastChanges,
    paging::{Page, Window},
    search::matches,
};

/// The contacts to list.
#[derive(Debug, Clone)]
pub struct ContactFilter {
    /// The account.
    pub account: AccountId,
    /// Contacts of this list.
    pub list: ListId,
    /// Only contacts that match it.
    pub search: Option<Search>,
    /// The order of a page; `None` for by number if there is a prefix, else the newest first.
    pub sort: Option<ContactSort>,
    /// Only contacts that last changed in this period.
    pub changed: LastChanges,
}

impl ContactFilter {
    /// Whether all contacts of the list match it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.search.is_none() && !self.changed.is_restricted()
    }
}

/// The orders of a list's contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactSort {
    /// The newest first. Contacts with a prefix have no such order.
    CreatedAt,
    /// The smallest number first.
    Number,
}

/// What to search contacts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Contacts whose number begins with these digits.
    Prefix(i64),
    /// Contacts with each of these words in the value of some field, in any case.
    Values(Vec<String>),
}

fn select(backend: DatabaseBackend, filter: &ContactFilter) -> Select<contact::Entity> {
    let all = contact::Entity::find()
        .filter(contact::Column::AccountId.eq(filter.account.uuid()))
        .filter(contact::Column::ListId.eq(filter.list.uuid()));
    let last_change = Expr::cust("COALESCE(contacts.updated_at, contacts.created_at)");
    let select = filter.changed.restrict(all, last_change);
    match &filter.search {
        Some(Search::Values(words)) => {
            let words = words.iter().map(|word| has_value(backend, word));
            select.filter(words.fold(Condition::all(), Condition::add))
        }
        Some(Search::Prefix(_)) | None => select,
    }
}

/// The condition that a word is in the value of some field of a contact.
fn has_value(backend: DatabaseBackend, word: &str) -> Condition {
    // `ExprTrait` is imported only here: its `min` and `max` would hide those of numbers.
    use contact::Column::Fields;
    use sea_orm::ExprTrait;
    let fields = || Expr::col((contact::Entity, Fields));
    let values = match backend {
        DatabaseBackend::Sqlite => Func::cust("json_each").arg(fields()),
        _ => Func::cust("json_each_text").arg(fields().cast_as("json")),
    };
    let value = Expr::col(("field", "value"));
    let values = Query::select()
        .expr(Expr::val(1))
        .from_function(values, "field")
        .cond_where(matches(backend, &value, word))
        .to_owned();
    // Few contacts have the word in their text, which is compared first: only theirs is parsed.
    let written = serde_json::Value::from(word).to_string();
    let written = written.strip_prefix('"').unwrap_or(&written);
    let written = written.strip_suffix('"').unwrap_or(written);
    Condition::all()
        .add(matches(backend, &fields(), written))
        .add(Expr::exists(values))
}

/// Reads a page of a list's contacts.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
    window: Window,
) -> Result<Page<Contact>, DbErr> {
    let rows = match (&filter.search, filter.sort) {
        (Some(Search::Prefix(prefix)), _) => {
            by_number(connection, filter, &ranges(*prefix), window).await?
        }
        (None | Some(Search::Values(_)), Some(ContactSort::Number)) => {
            by_number(connection, filter, &[(0, i64::MAX)], window).await?
        }
        (None | Some(Search::Values(_)), None | Some(ContactSort::CreatedAt)) => {
            newest(connection, filter, window).await?
        }
    };
    Ok(Page::of(
        rows.into_iter().map(Contact::from).collect(),
        window,
    ))
}

/// Reads a page in descending order of ids, which is the order of creation and has an index.
async fn newest(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
    window: Window,
) -> Result<Vec<contact::Model>, DbErr> {
    use contact::Column::Id;
    let mut select = select(connection.get_database_backend(), filter);
    if let Some(place) = window.after {
        select = select.filter(Id.lt(place.id));
    }
    if let Some(place) = window.before {
        select = select.filter(Id.gt(place.id));
    }
    let select = if window.from_end {
        select.order_by_asc(Id)
    } else {
        select.order_by_desc(Id)
    };
    select.limit(window.limit + 1).all(connection).await
}

/// Reads one range of the index after the other, so that only rows of the page are read.
async fn by_number(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
    ranges: &[(i64, i64)],
    window: Window,
) -> Result<Vec<contact::Model>, DbErr> {
    use contact::Column::Number;
    let wanted = window.limit + 1;
    let mut rows: Vec<contact::Model> = Vec::new();
    let mut ranges = ranges.to_vec();
    if window.from_end {
        ranges.reverse();
    }
    for (first, last) in ranges {
        let first = window
            .after
            .map_or(first, |place| first.max(place.key.saturating_add(1)));
        let last = window
            .before
            .map_or(last, |place| last.min(place.key.saturating_sub(1)));
        let missing = wanted.saturating_sub(rows.len() as u64);
        if first > last || missing == 0 {
            continue;
        }
        let backend = connection.get_database_backend();
        let select = select(backend, filter).filter(Number.between(first, last));
        let select = if window.from_end {
            select.order_by_desc(Number)
        } else {
            select.order_by_asc(Number)
        };
        rows.extend(select.limit(missing).all(connection).await?);
    }
    Ok(rows)
}

/// The ranges of numbers that begin with these digits, from the shortest numbers to the longest.
fn ranges(prefix: i64) -> Vec<(i64, i64)> {
    /// The most digits that E.164 allows.
    const MAX_DIGITS: u32 = 15;
    let digits = prefix.checked_ilog10().unwrap_or_default() + 1;
    (0..=MAX_DIGITS.saturating_sub(digits))
        .map(|more| {
            let scale = 10_i64.pow(more);
            (prefix * scale, prefix * scale + (scale - 1))
        })
        .collect()
}

/// Selects the contacts of a list, those with a prefix by ranges of their numbers.
pub(super) fn matching(
    backend: DatabaseBackend,
    filter: &ContactFilter,
) -> Select<contact::Entity> {
    let mut select = select(backend, filter);
    if let Some(Search::Prefix(prefix)) = filter.search {
        let mut any = Condition::any();
        for (first, last) in ranges(prefix) {
            any = any.add(contact::Column::Number.between(first, last));
        }
        select = select.filter(any);
    }
    select
}

/// Counts the contacts of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
) -> Result<u64, DbErr> {
    let select = matching(connection.get_database_backend(), filter);
    select.count(connection).await
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn a_prefix_has_a_range_for_every_length() {
        assert_eq!(ranges(39).len(), 14);
        assert_eq!(ranges(39)[..3], [(39, 39), (390, 399), (3_900, 3_999)]);
        assert_eq!(
            ranges(393_401_234_567_890),
            [(393_401_234_567_890, 393_401_234_567_890)]
        );
    }
}
