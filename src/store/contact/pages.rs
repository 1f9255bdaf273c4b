//! Keyset pages of a list's contacts.
//!
//! Here: all contacts, the newest first, and contacts whose number has a prefix, by number. Not
//! here: keyset pages in general ([`crate::store::sql::paging`]).

use domain::id::{AccountId, ListId};
use entity::contact;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

use super::Contact;
use crate::store::sql::paging::{Page, Window};

/// The contacts to list.
#[derive(Debug, Clone)]
pub struct ContactFilter {
    /// The account.
    pub account: AccountId,
    /// Contacts of this list.
    pub list: ListId,
    /// Only contacts whose number begins with these digits.
    pub prefix: Option<i64>,
}

fn select(filter: &ContactFilter) -> Select<contact::Entity> {
    contact::Entity::find()
        .filter(contact::Column::AccountId.eq(filter.account.uuid()))
        .filter(contact::Column::ListId.eq(filter.list.uuid()))
}

/// Reads a page of a list's contacts: the newest first, or by number if there is a prefix.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
    window: Window,
) -> Result<Page<Contact>, DbErr> {
    let rows = match filter.prefix {
        None => newest(connection, filter, window).await?,
        Some(prefix) => by_number(connection, filter, &ranges(prefix), window).await?,
    };
    Ok(Page::of(
        rows.into_iter().map(Contact::from).collect(),
        window,
    ))
}

/// Reads a page in descending order of ids, which is the order of creation: no other order has an
/// index.
async fn newest(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
    window: Window,
) -> Result<Vec<contact::Model>, DbErr> {
    use contact::Column::Id;
    let mut select = select(filter);
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
        let select = select(filter).filter(Number.between(first, last));
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

/// Counts the contacts of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &ContactFilter,
) -> Result<u64, DbErr> {
    let mut any = Condition::any();
    for (first, last) in filter.prefix.map(ranges).unwrap_or_default() {
        any = any.add(contact::Column::Number.between(first, last));
    }
    select(filter).filter(any).count(connection).await
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
