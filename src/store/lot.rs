//! Lots.
//!
//! Here: finding and listing lots, and what became of their credits. Not here: writing them, which
//! only [`crate::ledger`] does.

mod last_change;

use std::collections::{HashMap, HashSet};

use domain::id::{AccountId, LotId};
use entity::{
    hold_draw, lot, posting_row, purchase,
    sql_enums::{BookName, TransactionKind},
    transaction,
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, PaginatorTrait,
    QueryFilter, QuerySelect, QueryTrait, RelationDef, Select, prelude::Uuid, sea_query::Expr,
};

use super::sql::{
    last_change::LastChanges,
    paging::{Page, Window, page},
    routes,
};

use last_change::changed_within;
pub use last_change::{LotSort, changed, updated_at};

/// Ids in one statement, well below the limits of both databases.
const IDS_AT_ONCE: usize = 1_000;
/// The condition of the index of entries that concern lots. It stands in each statement in the
/// same words, since SQLite uses the index only then.
const CONCERNS_LOTS: &str = "transactions.kind IN ('PURCHASE', 'RECHARGE', 'GRANT', \
     'REVOCATION', 'EXPIRY', 'CHARGEBACK')";

/// The state of a lot at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotState {
    /// It has credits left to spend, and its day has not come.
    Active,
    /// Nothing is left of it to spend, and nothing of it has expired: it was used up, taken back,
    /// or the rest is held.
    Exhausted,
    /// Its day has come with credits left, whether or not the expiry is booked yet.
    Expired,
}

/// What became of the credits of a lot, in units of 1/10,000 credit, as far as it is booked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// Held for scheduled messages.
    pub held_units: i64,
    /// Expired.
    pub expired_units: i64,
    /// Taken back by the platform, or by the provider with the payment.
    pub revoked_units: i64,
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
    /// Only lots that last changed in this period.
    pub changed: LastChanges,
    /// The order.
    pub sort: LotSort,
}

/// Whether a lot's day has come: at its expiration instant it has (law L2).
#[must_use]
pub fn is_over(row: &lot::Model, at: Timestamp) -> bool {
    let expires = row.expires_at;
    expires.is_some_and(|expires| expires <= at.as_microsecond())
}

/// The state of a lot at an instant, given whether an expiry of its credits is booked.
#[must_use]
pub fn state(row: &lot::Model, at: Timestamp, has_expiry: bool) -> LotState {
    match (is_over(row, at), row.remaining_units > 0) {
        (true, true) => LotState::Expired,
        (true, false) if has_expiry => LotState::Expired,
        (false, true) => LotState::Active,
        (_, false) => LotState::Exhausted,
    }
}

/// The condition that a lot has credits left, by the column that its indexes have. Statements of
/// text name it too.
pub(super) fn is_open() -> Expr {
    Expr::cust("lots.is_open")
}

fn postings() -> RelationDef {
    transaction::Entity::belongs_to(posting_row::Entity)
        .from((
            transaction::Column::AccountId,
            transaction::Column::Sequence,
        ))
        .to((
            posting_row::Column::AccountId,
            posting_row::Column::Sequence,
        ))
        .into()
}

/// The entries of these kinds that changed what is left of lots of these accounts, with a row for
/// each such posting.
fn entries_of_lots(
    accounts: impl IntoIterator<Item = AccountId>,
    kinds: impl IntoIterator<Item = TransactionKind>,
) -> Select<transaction::Entity> {
    transaction::Entity::find()
        .select_only()
        .column(posting_row::Column::LotId)
        .join(JoinType::InnerJoin, postings())
        .filter(transaction::Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .filter(Expr::cust(CONCERNS_LOTS))
        .filter(transaction::Column::Kind.is_in(kinds))
        .filter(posting_row::Column::Book.eq(BookName::Available))
        .filter(posting_row::Column::LotId.is_not_null())
}

/// Reads what became of the credits of several lots. A lot of which nothing was held, expired or
/// taken back is left out.
pub async fn parts(
    connection: &impl ConnectionTrait,
    lots: &[(AccountId, LotId)],
) -> Result<HashMap<LotId, Parts>, DbErr> {
    let accounts = || lots.iter().map(|(account, _)| *account);
    let ids = || lots.iter().map(|(_, lot)| lot.uuid());
    let mut found: HashMap<LotId, Parts> = HashMap::new();
    let held: Vec<(Uuid, i64)> = hold_draw::Entity::find()
        .select_only()
        .column(hold_draw::Column::LotId)
        .expr(Expr::cust("CAST(SUM(hold_draws.units) AS BIGINT)"))
        .filter(hold_draw::Column::AccountId.is_in(accounts().map(AccountId::uuid)))
        .filter(hold_draw::Column::LotId.is_in(ids()))
        .group_by(hold_draw::Column::LotId)
        .into_tuple()
        .all(connection)
        .await?;
    for (lot, units) in held {
        found.entry(LotId::new(lot)).or_default().held_units = units;
    }
    let kinds = [
        TransactionKind::Expiry,
        TransactionKind::Revocation,
        TransactionKind::Chargeback,
    ];
    let gone: Vec<(Uuid, TransactionKind, i64)> = entries_of_lots(accounts(), kinds)
        .column(transaction::Column::Kind)
        .expr(Expr::cust("CAST(-SUM(posting_rows.units) AS BIGINT)"))
        .filter(posting_row::Column::LotId.is_in(ids()))
        .group_by(posting_row::Column::LotId)
        .group_by(transaction::Column::Kind)
        .into_tuple()
        .all(connection)
        .await?;
    for (lot, kind, units) in gone {
        let parts = found.entry(LotId::new(lot)).or_default();
        let part = if kind == TransactionKind::Expiry {
            &mut parts.expired_units
        } else {
            &mut parts.revoked_units
        };
        *part = part.saturating_add(units);
    }
    Ok(found)
}

/// Reads the notes with which the platform granted several lots. A lot without one is left out.
pub async fn notes(
    connection: &impl ConnectionTrait,
    lots: &[(AccountId, LotId)],
) -> Result<HashMap<LotId, String>, DbErr> {
    let accounts = lots.iter().map(|(account, _)| *account);
    let ids = lots.iter().map(|(_, lot)| lot.uuid());
    let rows: Vec<(Uuid, Option<String>)> = entries_of_lots(accounts, [TransactionKind::Grant])
        .column(transaction::Column::Note)
        .filter(posting_row::Column::LotId.is_in(ids))
        .into_tuple()
        .all(connection)
        .await?;
    let noted = rows.into_iter();
    Ok(noted
        .filter_map(|(lot, note)| Some((LotId::new(lot), note?)))
        .collect())
}

/// Reads the purchases that bought several lots. A lot that was granted is left out.
pub async fn purchases(
    connection: &impl ConnectionTrait,
    lots: &[(AccountId, LotId)],
) -> Result<HashMap<LotId, purchase::Model>, DbErr> {
    let accounts = lots.iter().map(|(account, _)| account.uuid());
    let ids = lots.iter().map(|(_, lot)| lot.uuid());
    let rows = purchase::Entity::find()
        .filter(purchase::Column::AccountId.is_in(accounts))
        .filter(purchase::Column::LotId.is_in(ids))
        .all(connection)
        .await?;
    let bought = rows.into_iter();
    Ok(bought
        .filter_map(|row| Some((LotId::new(row.lot_id?), row)))
        .collect())
}

fn select(filter: &LotFilter) -> Select<lot::Entity> {
    let lots = changed_within(filter);
    let at = filter.at.as_microsecond();
    let usable = Condition::any()
        .add(lot::Column::ExpiresAt.is_null())
        .add(lot::Column::ExpiresAt.gt(at));
    let lapsed = Condition::all().add(lot::Column::ExpiresAt.lte(at)).add(
        Condition::any()
            .add(lot::Column::RemainingUnits.gt(0))
            .add(lot::Column::Id.in_subquery(
                entries_of_lots([filter.account], [TransactionKind::Expiry]).into_query(),
            )),
    );
    match filter.state {
        None => lots,
        Some(LotState::Active) => lots.filter(is_open()).filter(usable),
        Some(LotState::Exhausted) => lots
            .filter(lot::Column::RemainingUnits.eq(0))
            .filter(Condition::any().add(usable).add(lapsed.not())),
        Some(LotState::Expired) => lots.filter(lapsed),
    }
}

/// Reads a page of lots.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &LotFilter,
    window: Window,
) -> Result<Page<lot::Model>, DbErr> {
    let (key, direction) = filter.sort.order();
    let order = (key, lot::Column::Id);
    page(connection, select(filter), order, direction, window).await
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

/// Finds the lots of an account that have credits left, booked or not expired, and those of which
/// credits are held, each with the units that are held. In no particular order.
pub async fn unspent(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<(lot::Model, i64)>, DbErr> {
    let held: Vec<(Uuid, i64)> = hold_draw::Entity::find()
        .select_only()
        .column(hold_draw::Column::LotId)
        .expr(Expr::cust("CAST(SUM(hold_draws.units) AS BIGINT)"))
        .filter(hold_draw::Column::AccountId.eq(account.uuid()))
        .group_by(hold_draw::Column::LotId)
        .into_tuple()
        .all(connection)
        .await?;
    let mut held: HashMap<Uuid, i64> = held.into_iter().collect();
    let of_account = || lot::Entity::find().filter(lot::Column::AccountId.eq(account.uuid()));
    let mut rows = of_account().filter(is_open()).all(connection).await?;
    let left: HashSet<Uuid> = rows.iter().map(|row| row.id).collect();
    let used_up: Vec<Uuid> = held
        .keys()
        .filter(|id| !left.contains(id))
        .copied()
        .collect();
    for ids in used_up.chunks(IDS_AT_ONCE) {
        let of_these = of_account().filter(lot::Column::Id.is_in(ids.iter().copied()));
        rows.extend(of_these.all(connection).await?);
    }
    let with_held = rows.into_iter().map(|row| {
        let units = held.remove(&row.id).unwrap_or_default();
        (row, units)
    });
    Ok(with_held.collect())
}

/// Finds several lots of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = LotId>,
) -> Result<Vec<lot::Model>, DbErr> {
    let columns = (lot::Column::AccountId, lot::Column::Id);
    let ids = ids.into_iter().map(LotId::uuid).collect();
    routes::find(connection, lot::Entity::find(), ids, columns).await
}

#[cfg(test)]
mod tests {
    use super::{LotState, state};
    use entity::{lot, sql_enums::LotSource};
    use jiff::Timestamp;
    use sea_orm::prelude::Uuid;

    #[test]
    fn a_lot_is_expired_from_its_instant_on_if_credits_were_left() {
        let check = |remaining_units, expires_at: Option<i64>, has_expiry, expected| {
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
                updated_at: None,
                is_open: remaining_units > 0,
            };
            let at = Timestamp::from_microsecond(100).unwrap();
            assert_eq!(
                state(&row, at, has_expiry),
                expected,
                "{remaining_units} {expires_at:?} {has_expiry}"
            );
        };
        check(1, None, false, LotState::Active);
        check(0, None, false, LotState::Exhausted);
        check(1, Some(101), false, LotState::Active);
        check(0, Some(101), false, LotState::Exhausted);
        // With an expiry that is not booked yet, with one that is, and used up before its day.
        check(1, Some(100), false, LotState::Expired);
        check(0, Some(100), true, LotState::Expired);
        check(0, Some(100), false, LotState::Exhausted);
    }
}
