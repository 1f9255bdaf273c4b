//! Whether an account's monthly reports are made available by themselves.

use sea_orm::entity::prelude::*;

use crate::sql_enums::{Interval, ReportFormat};

/// An account's schedule of monthly reports.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "monthly_report_schedules")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Whether it is on.
    pub enabled: bool,
    /// How files are written.
    pub format: ReportFormat,
    /// How timelines are cut.
    pub interval: Interval,
    /// The first day of the month that is reported next, ISO 8601.
    pub month: String,
    /// When that month is over, in microseconds since the epoch; 0 where that is to be worked out anew, the
    /// largest number while the schedule is off.
    pub due_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
