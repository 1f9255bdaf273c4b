//! Monthly reports, and the schedules by which they are made.
//!
//! Not here: when a report is due ([`crate::operations`]), and its contents ([`crate::reports`]).

use domain::id::{AccountId, ReportId};
use entity::{monthly_report, monthly_report_schedule};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
    sea_query::{Expr, OnConflict},
};

use super::sql::{
    paging::{Direction, Page, Window, page},
    routes,
};

/// The due instant of a schedule that is off.
pub const NEVER: i64 = i64::MAX;
/// The due instant of a schedule that has to be recalculated. It is always due.
pub const UNKNOWN: i64 = 0;

/// Finds an account's schedule; `None` if it never had one.
pub async fn schedule(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<monthly_report_schedule::Model>, DbErr> {
    monthly_report_schedule::Entity::find_by_id(account.uuid())
        .one(connection)
        .await
}

/// The same, locked until the end of the transaction.
pub async fn locked_schedule(
    transaction: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<monthly_report_schedule::Model>, DbErr> {
    monthly_report_schedule::Entity::find_by_id(account.uuid())
        .lock_exclusive()
        .one(transaction)
        .await
}

/// Which settings of a schedule a change sets.
#[derive(Debug, Clone, Copy)]
pub struct Changed {
    /// Whether reports are made, from which month on, and when the next is due.
    pub switched: bool,
    /// The format of the files.
    pub format: bool,
    /// The interval of the timelines.
    pub interval: bool,
}

/// Writes the changed settings of an account's schedule, or all of them if it never had one, and
/// returns the schedule as it is now. Two changes of different settings at once both count.
pub async fn set_schedule(
    connection: &impl ConnectionTrait,
    row: monthly_report_schedule::Model,
    changed: Changed,
) -> Result<monthly_report_schedule::Model, DbErr> {
    use monthly_report_schedule::Column;
    let mut columns: Vec<Column> = [
        (changed.switched, Column::Enabled),
        (changed.switched, Column::Month),
        (changed.switched, Column::DueAt),
        (changed.format, Column::Format),
        (changed.interval, Column::Interval),
    ]
    .into_iter()
    .filter_map(|(is_changed, column)| is_changed.then_some(column))
    .collect();
    if columns.is_empty() {
        return Ok(row);
    }
    columns.push(Column::UpdatedAt);
    let account = AccountId::new(row.account_id);
    let replaced = OnConflict::column(Column::AccountId)
        .update_columns(columns)
        .to_owned();
    monthly_report_schedule::Entity::insert(row.into_active_model())
        .on_conflict(replaced)
        .exec_without_returning(connection)
        .await?;
    let written = schedule(connection, account).await?;
    written.ok_or_else(|| DbErr::RecordNotFound("a schedule that was just written".to_owned()))
}

/// Makes the due instant of an account's next report be recalculated, because its months have
/// changed.
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

/// Advances a schedule if nobody has changed it since it was read. Returns whether it did.
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

/// Finds due schedules, the longest due first.
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

/// Adds a month's report, unless it exists.
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

/// Reads a page of an account's reports, the newest first.
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

/// Counts an account's reports.
pub async fn count(connection: &impl ConnectionTrait, account: AccountId) -> Result<u64, DbErr> {
    of_account(account).count(connection).await
}

/// Finds several reports of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = ReportId>,
) -> Result<Vec<monthly_report::Model>, DbErr> {
    let columns = (
        monthly_report::Column::AccountId,
        monthly_report::Column::Id,
    );
    let ids = ids.into_iter().map(ReportId::uuid).collect();
    routes::find(connection, monthly_report::Entity::find(), ids, columns).await
}
