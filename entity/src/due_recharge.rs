//! A recharge that is due: the account fell below its threshold and nobody decided yet.

use sea_orm::entity::prelude::*;

/// A recharge that is due; at most one for an account.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "due_recharges")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// When the account fell below its threshold, in microseconds since the epoch.
    pub due_at: i64,
    /// When to decide about it, in microseconds since the epoch; null if the owner must act first.
    pub next_at: Option<i64>,
    /// Until when a process works on it, in microseconds since the epoch.
    pub claimed_until: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
