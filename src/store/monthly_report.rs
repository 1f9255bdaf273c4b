//! Monthly reports that were made available, and who has them made.

use domain::id::{AccountId, ReportId};
use entity::{monthly_report, monthly_report_schedule};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
    sea_query::{Expr, OnConflict},
};

use super::sql::paging::{Direction, Page, Window, page};

/// While a schedule is off it is never due.
pub const NEVER: i64 = i64::MAX;
/// When it is due is to be worked out anew.
pub const UNKNOWN: i64 = 0;

/// An account's schedule; `None` where it never had one.
///
/// # Errors
/// What the database says.
pub async fn schedule(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<monthly_report_schedule::Model>, DbErr> {
    monthly_report_schedule::Entity::find_by_id(account.uuid())
        .one(connection)
        .await
}

/// Writes an account's schedule.
///
/// # Errors
/// What the database says.
pub async fn set_schedule(
    connection: &impl ConnectionTrait,
    row: monthly_report_schedule::Model,
) -> Result<(), DbErr> {
    use monthly_report_schedule::Column;
    let replaced = OnConflict::column(Column::AccountId)
        .update_columns([
            Column::Enabled,
            Column::Format,
            Column::Interval,
            Column::Month,
            Column::DueAt,
        ])
        .to_owned();
    monthly_report_schedule::Entity::insert(row.into_active_model())
        .on_conflict(replaced)
        .exec_without_returning(connection)
        .await
        .map(drop)
}

/// Has it worked out anew when an account's next report is due: its months have changed.
///
/// # Errors
/// What the database says.
pub async fn reconsider(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<(), DbErr> {
    use monthly_report_schedule::Column;
    monthly_report_schedule::Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(UNKNOWN))
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Enabled.eq(true))
        .exec(connection)
        .await
        .map(drop)
}

/// Moves a schedule on, where it still is as it was read: somebody else may have done it, or changed it.
/// Answers whether it was.
///
/// # Errors
/// What the database says.
pub async fn move_on(
    connection: &impl ConnectionTrait,
    was: &monthly_report_schedule::Model,
    (month, due_at): (&str, i64),
) -> Result<bool, DbErr> {
    use monthly_report_schedule::Column;
    let moved = monthly_report_schedule::Entity::update_many()
        .col_expr(Column::Month, Expr::value(month))
        .col_expr(Column::DueAt, Expr::value(due_at))
        .filter(Column::AccountId.eq(was.account_id))
        .filter(Column::Month.eq(was.month.as_str()))
        .filter(Column::DueAt.eq(was.due_at))
        .exec(connection)
        .await?;
    Ok(moved.rows_affected > 0)
}

/// Schedules that are due, the longest due first.
///
/// # Errors
/// What the database says.
pub async fn due(
    connection: &impl ConnectionTrait,
    now: jiff::Timestamp,
    limit: u64,
) -> Result<Vec<monthly_report_schedule::Model>, DbErr> {
    use monthly_report_schedule::Column;
    monthly_report_schedule::Entity::find()
        .filter(Column::DueAt.lte(now.as_microsecond()))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::AccountId)
        .limit(limit)
        .all(connection)
        .await
}

/// Makes a month's report available, unless it is already.
///
/// # Errors
/// What the database says.
pub async fn insert(
    connection: &impl ConnectionTrait,
    row: monthly_report::Model,
) -> Result<(), DbErr> {
    use monthly_report::Column;
    let once = OnConflict::columns([Column::AccountId, Column::Month])
        .do_nothing()
        .to_owned();
    monthly_report::Entity::insert(row.into_active_model())
        .on_conflict(once)
        .exec_without_returning(connection)
        .await
        .map(drop)
}

fn of_account(account: AccountId) -> Select<monthly_report::Entity> {
    monthly_report::Entity::find().filter(monthly_report::Column::AccountId.eq(account.uuid()))
}

/// A page of an account's reports, the newest first.
///
/// # Errors
/// What the database says.
pub async fn list(
    connection: &impl ConnectionTrait,
    account: AccountId,
    window: Window,
) -> Result<Page<monthly_report::Model>, DbErr> {
    use monthly_report::Column;
    let order = (Column::GeneratedAt, Column::Id);
    page(
        connection,
        of_account(account),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// How many reports an account has in all.
///
/// # Errors
/// What the database says.
pub async fn count(connection: &impl ConnectionTrait, account: AccountId) -> Result<u64, DbErr> {
    of_account(account).count(connection).await
}

/// Several reports of any accounts, in no order.
///
/// # Errors
/// What the database says.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ReportId>,
) -> Result<Vec<monthly_report::Model>, DbErr> {
    monthly_report::Entity::find()
        .filter(monthly_report::Column::Id.is_in(ids.into_iter().map(ReportId::uuid)))
        .all(connection)
        .await
}
