//! The schedule by which an account's monthly reports are made.

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
    /// Whether the schedule is on.
    pub enabled: bool,
    /// The format of the reports' files.
    pub format: ReportFormat,
    /// The interval of the reports' timelines.
    pub interval: Interval,
    /// The first day of the month of the next report, ISO 8601.
    pub month: String,
    /// The end of that month, in microseconds since the epoch; 0 if it has to be recalculated, and
    /// the largest number while the schedule is off.
    pub due_at: i64,
    /// When it last changed, in microseconds since the epoch; null if no program recorded that.
    pub updated_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
