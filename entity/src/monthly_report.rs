//! A month's usage report that was made available, without its file.

use sea_orm::entity::prelude::*;

use crate::sql_enums::{Interval, ReportFormat};

/// A month's report.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "monthly_reports")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The first day of the month, ISO 8601.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: String,
    /// The report.
    pub id: Uuid,
    /// The time zone of the month, an IANA name: the account's zone when the report was made.
    pub time_zone: String,
    /// The format of its file.
    pub format: ReportFormat,
    /// The interval of its timeline.
    pub interval: Interval,
    /// When it was made available, in microseconds since the epoch.
    pub generated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
