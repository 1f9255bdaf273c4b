//! Lots.
//!
//! Here: finding and listing lots. Not here: writing them, which only [`crate::ledger`] does.

use domain::id::{AccountId, LotId};
use entity::lot;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    Select,
};

use super::sql::paging::{Direction, Page, Window, page};

/// The state of a lot at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotState {
    /// It has credits left and has not expired.
    Active,
    /// It has no credits left and has not expired.
    Exhausted,
    /// It has expired, whether or not the expiry is booked yet.
    Expired,
}

/// The lots to list. Each condition narrows the list.
#[derive(Debug, Clone, Copy)]
pub struct LotFilter {
    /// Lots of this account.
    pub account: AccountId,
    /// Only lots in this state.
    pub state: Option<LotState>,
    /// The instant at which states are determined.
    pub at: Timestamp,
}

/// Returns the state of a lot at an instant. At its expiration instant it is expired (law L2).
#[must_use]
pub fn state(row: &lot::Model, at: Timestamp) -> LotState {
    if row
        .expires_at
        .is_some_and(|expires| expires <= at.as_microsecond())
    {
        LotState::Expired
    } else if row.remaining_units > 0 {
        LotState::Active
    } else {
        LotState::Exhausted
    }
}

fn select(filter: &LotFilter) -> Select<lot::Entity> {
    let at = filter.at.as_microsecond();
    let usable = || {
        Condition::any()
            .add(lot::Column::ExpiresAt.is_null())
            .add(lot::Column::ExpiresAt.gt(at))
    };
    let lots = lot::Entity::find().filter(lot::Column::AccountId.eq(filter.account.uuid()));
    match filter.state {
        None => lots,
        Some(LotState::Active) => lots
            .filter(lot::Column::RemainingUnits.gt(0))
            .filter(usable()),
        Some(LotState::Exhausted) => lots
            .filter(lot::Column::RemainingUnits.eq(0))
            .filter(usable()),
        Some(LotState::Expired) => lots.filter(lot::Column::ExpiresAt.lte(at)),
    }
}

/// Reads a page of lots, the newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &LotFilter,
    window: Window,
) -> Result<Page<lot::Model>, DbErr> {
    let order = (lot::Column::CreatedAt, lot::Column::Id);
    page(
        connection,
        select(filter),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// Counts the lots of a list.
pub async fn count(connection: &impl ConnectionTrait, filter: &LotFilter) -> Result<u64, DbErr> {
    select(filter).count(connection).await
}

/// Finds a lot of an account.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: LotId,
) -> Result<Option<lot::Model>, DbErr> {
    lot::Entity::find_by_id((account.uuid(), id.uuid()))
        .one(connection)
        .await
}

/// Finds several lots of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = LotId>,
) -> Result<Vec<lot::Model>, DbErr> {
    lot::Entity::find()
        .filter(lot::Column::Id.is_in(ids.into_iter().map(LotId::uuid)))
        .all(connection)
        .await
}

#[cfg(test)]
mod tests {
    use super::{LotState, state};
    use entity::{lot, sql_enums::LotSource};
    use jiff::Timestamp;
    use sea_orm::prelude::Uuid;

    #[test]
    fn a_lot_is_expired_at_its_expiration_instant() {
        let check = |remaining_units, expires_at: Option<i64>, expected| {
            let row = lot::Model {
                account_id: Uuid::nil(),
                id: Uuid::nil(),
                source: LotSource::Grant,
                granted_units: 10,
                remaining_units,
                expires_on: expires_at.map(|_| "2026-12-01".to_owned()),
                expires_at,
                created_at: 0,
                taken_back: false,
            };
            let at = Timestamp::from_microsecond(100).unwrap();
            assert_eq!(
                state(&row, at),
                expected,
                "{remaining_units} {expires_at:?}"
            );
        };
        check(1, None, LotState::Active);
        check(0, None, LotState::Exhausted);
        check(1, Some(101), LotState::Active);
        check(0, Some(101), LotState::Exhausted);
        // With an expiry that is not booked yet, and with one that is.
        check(1, Some(100), LotState::Expired);
        check(0, Some(100), LotState::Expired);
    }
}
