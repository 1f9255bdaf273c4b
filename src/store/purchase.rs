//! Purchases.
//!
//! Here: finding, listing and beginning purchases, and the claims on them. Not here: ends without
//! money ([`endings`]), which ones changed ([`changes`]), and marking one as paid, which only
//! [`crate::ledger`] does, together with its credits.

pub mod changes;
pub mod endings;

use domain::id::{AccountId, PurchaseId};
use entity::{purchase, sql_enums::PurchaseStatus};
use jiff::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, Select, UpdateMany, sea_query::Expr,
};

use super::sql::{
    last_change::LastChanges,
    paging::{Direction, Key, Page, Window, page},
    routes,
    row_set::RowSet,
    shards,
    work_queue::WorkQueue,
};
use changes::{last_change, set_updated, updated};

const WORK: WorkQueue = WorkQueue {
    table: "purchases",
    key: "account_id, id",
    claimed_until: "claimed_until",
};

/// Finds a purchase of an account.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
    id: PurchaseId,
) -> Result<Option<purchase::Model>, DbErr> {
    purchase::Entity::find_by_id((account.uuid(), id.uuid()))
        .one(connection)
        .await
}

/// Reads which of these purchases, by account and id, are not decided.
pub async fn undecided_among(
    connection: &impl ConnectionTrait,
    purchases: RowSet,
) -> Result<Vec<purchase::Model>, DbErr> {
    let undecided = " AND t.decided_at IS NULL";
    let key = ["account_id", "id"];
    purchases
        .find::<purchase::Entity>(connection, &key, undecided)
        .await
}

/// Finds several purchases of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = PurchaseId>,
) -> Result<Vec<purchase::Model>, DbErr> {
    let columns = (purchase::Column::AccountId, purchase::Column::Id);
    let ids = ids.into_iter().map(PurchaseId::uuid).collect();
    routes::find(connection, purchase::Entity::find(), ids, columns).await
}

/// Finds a purchase by the provider's reference.
pub async fn find_by_reference(
    connection: &impl ConnectionTrait,
    provider: &str,
    reference: &str,
) -> Result<Option<purchase::Model>, DbErr> {
    purchase::Entity::find()
        .filter(purchase::Column::ProviderReference.eq(reference))
        .filter(purchase::Column::Provider.eq(provider))
        .one(connection)
        .await
}

fn of_account(account: AccountId) -> Select<purchase::Entity> {
    purchase::Entity::find().filter(purchase::Column::AccountId.eq(account.uuid()))
}

/// The purchases to list. Each condition narrows the list.
#[derive(Debug, Clone)]
pub struct PurchaseFilter {
    /// Purchases of this account.
    pub account: AccountId,
    /// Only purchases that last changed in this period.
    pub changed: LastChanges,
    /// The order.
    pub sort: PurchaseSort,
}

/// The orders of purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PurchaseSort {
    /// The newest first.
    #[default]
    CreatedAt,
    /// The one that changed longest ago first.
    UpdatedAt,
}

impl PurchaseSort {
    /// The key of a row's place.
    #[must_use]
    pub fn key(self, row: &purchase::Model) -> i64 {
        match self {
            Self::CreatedAt => row.created_at,
            Self::UpdatedAt => changes::updated_at(row),
        }
    }
}

fn select(filter: &PurchaseFilter) -> Select<purchase::Entity> {
    let all = of_account(filter.account);
    filter.changed.restrict(all, last_change())
}

/// Reads a page of an account's purchases.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &PurchaseFilter,
    window: Window,
) -> Result<Page<purchase::Model>, DbErr> {
    use purchase::Column::{CreatedAt, Id};
    let (key, direction) = match filter.sort {
        PurchaseSort::CreatedAt => (CreatedAt.into(), Direction::Descending),
        // Purchases that change meanwhile come on a later page, so that none is missed.
        PurchaseSort::UpdatedAt => (Key::number(last_change()), Direction::Ascending),
    };
    page(connection, select(filter), (key, Id), direction, window).await
}

/// Counts the purchases of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &PurchaseFilter,
) -> Result<u64, DbErr> {
    select(filter).count(connection).await
}

/// Counts an account's purchases since an instant that still wait for their payment. Those of one
/// provider count since another instant.
pub async fn unpaid(
    connection: &impl ConnectionTrait,
    account: AccountId,
    since: Timestamp,
    (other, other_since): (&str, Timestamp),
) -> Result<u64, DbErr> {
    use purchase::Column::{CreatedAt, Provider, Status};
    let of_other = Condition::all()
        .add(Provider.eq(other))
        .add(CreatedAt.gt(other_since.as_microsecond()));
    let recent = Condition::any()
        .add(CreatedAt.gt(since.as_microsecond()))
        .add(of_other);
    of_account(account)
        .filter(Status.eq(PurchaseStatus::Pending))
        .filter(recent)
        .count(connection)
        .await
}

/// Finds the purchases that an account paid in `from..to`, the oldest first.
pub async fn paid_between(
    connection: &impl ConnectionTrait,
    account: AccountId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<purchase::Model>, DbErr> {
    of_account(account)
        .filter(purchase::Column::Status.eq(PurchaseStatus::Paid))
        .filter(purchase::Column::DecidedAt.gte(from.as_microsecond()))
        .filter(purchase::Column::DecidedAt.lt(to.as_microsecond()))
        .order_by_asc(purchase::Column::DecidedAt)
        .order_by_asc(purchase::Column::Id)
        .all(connection)
        .await
}

/// Adds a purchase.
pub async fn insert(connection: &impl ConnectionTrait, row: purchase::Model) -> Result<(), DbErr> {
    purchase::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Records the provider's reference for the payment, and the address for its approval if the
/// provider has one. It replaces the row's own reference only: of two callers with the same row the
/// first wins.
pub async fn set_reference(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    (reference, confirmation_url): (&str, Option<&str>),
    now: Timestamp,
) -> Result<(), DbErr> {
    let recorded = purchase::Column::ProviderReference;
    let is_as_read = match row.provider_reference.as_deref() {
        None => recorded.is_null(),
        Some(old) if old == reference => return Ok(()),
        Some(old) => recorded.eq(old),
    };
    if shards::are_used() {
        // The index of distributed tables keeps references unique within an account alone.
        let known = find_by_reference(connection, &row.provider, reference).await?;
        if known.is_some_and(|other| other.id != row.id) {
            let text = format!("the reference of purchase {} is another one's", row.id);
            return Err(DbErr::Custom(text));
        }
    }
    purchase::Entity::update_many()
        .col_expr(purchase::Column::ProviderReference, Expr::value(reference))
        .col_expr(
            purchase::Column::ConfirmationUrl,
            Expr::value(confirmation_url),
        )
        .col_expr(purchase::Column::UpdatedAt, updated(now))
        .filter(purchase::Column::AccountId.eq(row.account_id))
        .filter(purchase::Column::Id.eq(row.id))
        .filter(is_as_read)
        .exec(connection)
        .await?;
    Ok(())
}

/// Claims the purchases that are due for the caller until an instant, the longest due first, at
/// most `limit`. Two callers never claim the same one.
pub async fn claim_due(
    connection: &impl ConnectionTrait,
    now: Timestamp,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<purchase::Model>, DbErr> {
    WORK.claim_due::<purchase::Entity>(connection, (now, until), limit)
        .await
}

/// Claims one purchase for the caller until an instant, and returns it as it is; `None` if another
/// caller has claimed it.
pub async fn claim(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<purchase::Model>, DbErr> {
    let rows = this(row)
        .col_expr(
            purchase::Column::ClaimedUntil,
            Expr::value(until.as_microsecond()),
        )
        .filter(
            Condition::any()
                .add(purchase::Column::ClaimedUntil.is_null())
                .add(purchase::Column::ClaimedUntil.lte(now.as_microsecond())),
        )
        .exec_with_returning(connection)
        .await?;
    Ok(rows.into_iter().next())
}

/// Records that the provider is asked to take the payment, unless that is recorded already.
pub async fn set_called(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    at: Timestamp,
) -> Result<(), DbErr> {
    this(row)
        .col_expr(purchase::Column::CalledAt, Expr::value(at.as_microsecond()))
        .filter(purchase::Column::CalledAt.is_null())
        .exec(connection)
        .await?;
    Ok(())
}

/// Gives up the claim on a purchase that is still open, with its status and when to look at it
/// again. One that was decided meanwhile is left as it is.
pub async fn keep_open(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    (status, now): (PurchaseStatus, Timestamp),
    at: Timestamp,
    attempts: i32,
) -> Result<(), DbErr> {
    let kept = if status == row.status {
        released(row)
    } else {
        set_updated(released(row), now)
    };
    kept.col_expr(purchase::Column::Status, Expr::value(status.to_value()))
        .col_expr(purchase::Column::NextAt, Expr::value(at.as_microsecond()))
        .col_expr(purchase::Column::Attempts, Expr::value(attempts))
        .filter(purchase::Column::Status.is_in(OPEN))
        .exec(connection)
        .await?;
    Ok(())
}

/// Gives up the claim on a purchase, and sets when to look at it again.
pub async fn look_again(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    at: Timestamp,
    attempts: i32,
) -> Result<(), DbErr> {
    released(row)
        .col_expr(purchase::Column::NextAt, Expr::value(at.as_microsecond()))
        .col_expr(purchase::Column::Attempts, Expr::value(attempts))
        .exec(connection)
        .await?;
    Ok(())
}

/// Has the provider asked about a purchase at once, whatever its status. Returns false and does
/// nothing while a caller has claimed it: that one may have asked too early to see the change.
pub async fn poke(
    connection: &impl ConnectionTrait,
    row: &purchase::Model,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let is_free = Condition::any()
        .add(purchase::Column::ClaimedUntil.is_null())
        .add(purchase::Column::ClaimedUntil.lte(now.as_microsecond()));
    let done = this(row)
        .col_expr(purchase::Column::NextAt, Expr::value(now.as_microsecond()))
        .filter(is_free)
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Gives up the claim on a decided purchase: nothing is left to do unless its provider has news.
pub async fn rest(connection: &impl ConnectionTrait, row: &purchase::Model) -> Result<(), DbErr> {
    released(row)
        .col_expr(purchase::Column::NextAt, Expr::value(Option::<i64>::None))
        .exec(connection)
        .await?;
    Ok(())
}

/// The statuses of purchases that aren't decided.
const OPEN: [PurchaseStatus; 2] = [PurchaseStatus::Pending, PurchaseStatus::Unknown];

fn this(row: &purchase::Model) -> UpdateMany<purchase::Entity> {
    purchase::Entity::update_many()
        .filter(purchase::Column::AccountId.eq(row.account_id))
        .filter(purchase::Column::Id.eq(row.id))
}

fn released(row: &purchase::Model) -> UpdateMany<purchase::Entity> {
    this(row).col_expr(
        purchase::Column::ClaimedUntil,
        Expr::value(Option::<i64>::None),
    )
}

/// Removes a provider's references from its purchases.
pub async fn forget_references(
    connection: &impl ConnectionTrait,
    provider: &str,
) -> Result<(), DbErr> {
    purchase::Entity::update_many()
        .col_expr(
            purchase::Column::ProviderReference,
            Expr::value(Option::<String>::None),
        )
        .filter(purchase::Column::Provider.eq(provider))
        .filter(purchase::Column::ProviderReference.is_not_null())
        .exec(connection)
        .await?;
    Ok(())
}
