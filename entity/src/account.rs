//! An account: one customer of the platform.

use sea_orm::entity::prelude::*;

use crate::sql_enums::{ConsumptionOrder, Settlement};

/// One customer of the platform.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The name that people see.
    pub name: String,
    /// The time zone, an IANA name.
    pub time_zone: String,
    /// The currency, an ISO 4217 code.
    pub currency_code: String,
    /// The order in which lots are drawn.
    pub consumption_order: ConsumptionOrder,
    /// Who settles scheduled messages.
    pub settlement: Settlement,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// The instant from which on every day has its sums in `usage_rollups`, in microseconds since
    /// the epoch: 0 if all days have, the largest number if none has.
    pub usage_rolled_from: i64,
    /// The origins that buyers may be sent back to, separated by spaces.
    pub return_origins: String,
    /// The months after which the texts of its messages are erased; null for those of the platform.
    pub retention_months: Option<i32>,
    /// When it last changed, in microseconds since the epoch; null if no program recorded that.
    pub updated_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
