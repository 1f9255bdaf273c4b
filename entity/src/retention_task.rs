//! A sweep that erases what is old, of which one process does a part at a time.

use sea_orm::entity::prelude::*;

/// A sweep.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retention_tasks")]
pub struct Model {
    /// What it erases: `texts` or `keys`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// When the sweep began or begins to be due, in microseconds since the epoch.
    pub next_at: i64,
    /// Until when a process works on it, in microseconds since the epoch.
    pub claimed_until: Option<i64>,
    /// How far the present sweep is; empty before its first part.
    pub position: String,
}

impl ActiveModelBehavior for ActiveModel {}
